// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package azure

import (
	"context"
	"slices"
	"strings"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/arm"
	"github.com/avs-operator/avs-operator/controllers/azure/decide"
	"github.com/avs-operator/avs-operator/controllers/metrics"
	"github.com/avs-operator/avs-operator/controllers/outcome"
)

// retain ends the life of an object whose resource stays in Azure. Nothing outside is needed for that, so a lost identity does not hold it. A write
// in flight is followed to its end first, and a companion that was taken away comes back.
func (r *Reconciler[T]) retain(ctx context.Context, s *scope[T]) *outcome.Outcome {
	if s.stat().Operation != nil || !s.stays() || r.owesCompanion(s) {
		return nil
	}
	if o := r.waitForDependents(ctx, s); o != nil {
		if s.stat().ID == "" { // a status that was lost: what stands below cannot go without the id
			_ = r.identify(ctx, s)
		}
		return o
	}
	if o := r.releaseSecret(ctx, s); o != nil {
		return o
	}
	return r.removeFinalizer(ctx, s)
}

// credentialsForDeletion finds out who acts, if it must be known: an operation in flight is followed to its end. Where nobody is left who could,
// what stays in Azure is let go all the same.
func (r *Reconciler[T]) credentialsForDeletion(ctx context.Context, s *scope[T]) *outcome.Outcome {
	return r.unlessRetained(s, r.identify(ctx, s), v1alpha1.ReasonReferenceNotFound)
}

// resumeForDeletion follows an operation in flight. Where Azure does not let anybody see how it is, it is not waited for before what stays is let go:
// the access might never come back.
func (r *Reconciler[T]) resumeForDeletion(ctx context.Context, s *scope[T]) *outcome.Outcome {
	return r.unlessRetained(s, r.follow(ctx, s), v1alpha1.ReasonCredentialsInvalid, v1alpha1.ReasonForbidden, v1alpha1.ReasonSubscriptionNotFound)
}

// unlessRetained drops what keeps an object from finding out how its resource is, for some reasons, if that stays in Azure anyway: retain comes next.
func (r *Reconciler[T]) unlessRetained(s *scope[T], o *outcome.Outcome, reasons ...string) *outcome.Outcome {
	if o == nil || !s.stays() || !slices.Contains(reasons, o.Reason) {
		return o
	}
	r.dropOperation(s, metrics.Abandoned)
	s.stat().CompanionLifted = ""
	return nil
}

// confirmed holds a deletion in Azure back until it may be.
func (r *Reconciler[T]) confirmed(_ context.Context, s *scope[T]) *outcome.Outcome {
	switch {
	case s.spec().Suspend:
		return outcome.Wait(v1alpha1.ReasonSuspended, "suspended: the deletion waits until spec.suspend is taken away")
	case r.unconfirmed(s):
		return outcome.Wait(v1alpha1.ReasonConfirmationNeeded,
			"deleting it in Azure cannot be undone: confirm with the annotation %s=%s, or set deletionPolicy: Retain to leave Azure alone",
			v1alpha1.AnnotationConfirmDelete, s.obj.GetName())
	}
	return nil
}

// dependents makes a parent wait for the objects that refer to it: without it they could not be let go in order.
func (r *Reconciler[T]) dependents(ctx context.Context, s *scope[T]) *outcome.Outcome {
	return r.waitForDependents(ctx, s)
}

func (r *Reconciler[T]) waitForDependents(ctx context.Context, s *scope[T]) *outcome.Outcome {
	if controllerutil.ContainsFinalizer(s.obj, v1alpha1.FinalizerInUseByMoves) {
		return outcome.Wait(v1alpha1.ReasonDependentsExist,
			"machines are on their way into its vCenter or out of it: it is deleted when they have come to their end").In(time.Minute)
	}
	may, err := r.consentOf(ctx, s)
	if err != nil {
		return outcome.Retry(v1alpha1.ReasonTransient, err)
	}
	names, err := r.seats.below(ctx, r.holder(client.ObjectKeyFromObject(s.obj)), may)
	if err != nil {
		return outcome.Retry(v1alpha1.ReasonTransient, err)
	}
	if len(names) > 0 {
		return outcome.Wait(v1alpha1.ReasonDependentsExist, "%d objects still refer to it and go first. Delete those that are not being deleted yet; "+
			"the others say what they wait for: %s", len(names), strings.Join(names, ", ")).In(time.Minute)
	}
	return nil
}

// consentOf says who may have objects in the object's private cloud: those that its owner lets, and where that is not there any more those of the
// object's own namespace.
func (r *Reconciler[T]) consentOf(ctx context.Context, s *scope[T]) (consent, error) {
	if cloud, root := any(s.obj).(*v1alpha1.PrivateCloud); root {
		return cloud.Allows, nil
	}
	own := func(namespace, _ string) bool { return namespace == s.obj.GetNamespace() }
	if !r.standsAbove() {
		return own, nil
	}
	above := &scope[T]{obj: s.obj}
	switch o := r.parents(ctx, above); {
	case o == nil:
		return above.cloud.Allows, nil
	case o.Err != nil:
		return nil, o.Err
	}
	return own, nil
}

// readForDeletion reads the resource itself: before a finalizer goes, nothing less will do.
func (r *Reconciler[T]) readForDeletion(ctx context.Context, s *scope[T]) *outcome.Outcome {
	return r.see(ctx, s)
}

// gone lets an object go whose resource is not in Azure.
func (r *Reconciler[T]) gone(ctx context.Context, s *scope[T]) *outcome.Outcome {
	if s.actual != nil && !decide.Pristine(r.kind.Traits, s.actual) {
		return nil
	}
	if o := r.doubtful(s); o != nil {
		return o
	}
	r.dropOperation(s, metrics.Unanswered)
	r.releaseLane(s)
	return r.removeFinalizer(ctx, s)
}

// doubtful reads again when the resource is not there although it was a moment ago: another of ARM's replicas may answer with what was before, or it
// was moved with its private cloud.
func (r *Reconciler[T]) doubtful(s *scope[T]) *outcome.Outcome {
	if o := r.beingFound(s); o != nil {
		return o
	}
	done, lately := r.lastDone(s)
	deletion := decide.Deletion(r.kind.Traits)
	if !lately || done.Verb == string(deletion.Verb) && done.Action == deletion.Action {
		return nil
	}
	return outcome.Wait(v1alpha1.ReasonDeleting,
		"Azure does not show what was written a moment ago: it is looked at again before this is let go").In(5 * time.Second)
}

// notOurs lets an object go whose resource is another's: what was never adopted is not ours to delete.
func (r *Reconciler[T]) notOurs(ctx context.Context, s *scope[T]) *outcome.Outcome {
	if s.adopted() || s.stat().Operation != nil {
		return nil
	}
	if s.stat().ManagedBy == "" { // if not, another object had it to the end, and may have left it in Azure on purpose
		switch o := r.soleManager(ctx, s); {
		case o != nil && o.Kind != outcome.KindStall:
			return o
		case o == nil && r.wouldAdopt(ctx, s):
			return nil
		}
	}
	return r.removeFinalizer(ctx, s)
}

// deletable holds a request back that Azure would refuse.
func (r *Reconciler[T]) deletable(ctx context.Context, s *scope[T]) *outcome.Outcome {
	return r.deletableNow(ctx, s)
}

// nextDeletion takes up the write that ends what the object has made.
func (r *Reconciler[T]) nextDeletion(_ context.Context, s *scope[T]) *outcome.Outcome {
	if s.stays() { // retain has let it go; were it ever not to, nothing is deleted
		return outcome.Wait(v1alpha1.ReasonReconciling, "it stays in Azure, and is let go as soon as nothing is under way").In(time.Minute)
	}
	s.write = decide.Deletion(r.kind.Traits)
	return nil
}

// mayDelete asks the kind what still stands in the way, when it is the object's turn.
func (r *Reconciler[T]) mayDelete(ctx context.Context, s *scope[T]) *outcome.Outcome {
	o := r.inUse(ctx, s)
	s.lingers = o != nil
	return o
}

// clear takes up a change to another resource instead, as long as one must come before the deletion.
func (r *Reconciler[T]) clear(ctx context.Context, s *scope[T]) *outcome.Outcome {
	if r.kind.Clear == nil {
		return nil
	}
	clearing, o := r.kind.Clear(ctx, r.world(s))
	if o == nil && clearing != nil {
		s.write = &decide.Write{
			Verb: arm.PATCH, Target: clearing.ID, Body: clearing.Body, Reason: v1alpha1.ReasonDeleting, Message: "before it is deleted, Azure " + clearing.Words,
		}
	}
	return o
}

// deletableInLock deals with what cannot be deleted because its private cloud has a delete lock. When the private cloud itself is on its way out and
// stays in Azure with its lock, what was deleted together with it stays too: else it would wait for the lock, and the private cloud for it, for ever.
func (r *Reconciler[T]) deletableInLock(ctx context.Context, s *scope[T]) *outcome.Outcome {
	cloud := s.cloud
	stays := cloud.Spec.ManagementPolicy == v1alpha1.ManagementPolicyObserve || cloud.Spec.DeletionPolicy != v1alpha1.DeletionPolicyDelete
	if cloud.DeletionTimestamp.IsZero() || !stays || !s.deleting() {
		return outcome.Wait(v1alpha1.ReasonScopeLocked,
			"PrivateCloud %s has a delete lock, which in Azure holds for everything in it. To have this deleted in Azure, set deleteLock: Disabled on PrivateCloud %s; "+
				"to let go of this object alone, set its deletionPolicy: Retain. "+
				"Once the deletion of the private cloud itself is confirmed and nothing else holds it back, the lock goes by itself",
			cloud.Name, cloud.Name)
	}
	if o := r.waitForDependents(ctx, s); o != nil {
		return o
	}
	r.dropOperation(s, metrics.Unanswered)
	s.stat().Effective.DeletionPolicy = v1alpha1.DeletionPolicyRetain // retain comes next
	return r.record(ctx, s, outcome.Wait(v1alpha1.ReasonRetained,
		"PrivateCloud %s is being deleted with deletionPolicy Retain and stays in Azure with its delete lock. So this stays in Azure too, "+
			"as with a deletionPolicy Retain of its own", cloud.Name))
}

func (r *Reconciler[T]) deletableNow(ctx context.Context, s *scope[T]) *outcome.Outcome {
	if o := r.atWork(s); o != nil {
		return o
	}
	if r.locked(s) {
		return r.deletableInLock(ctx, s)
	}
	return nil
}
