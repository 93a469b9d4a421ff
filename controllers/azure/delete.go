// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package azure

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/arm"
	"github.com/avs-operator/avs-operator/controllers/azure/tree"
	"github.com/avs-operator/avs-operator/controllers/metrics"
	"github.com/avs-operator/avs-operator/controllers/outcome"
)

// letGo ends the life of an object whose resource stays in Azure. Nothing outside is needed for that, so a lost identity does not hold it.
func (r *Reconciler[T]) letGo(ctx context.Context, s *scope[T]) *outcome.Outcome {
	if s.stat().Operation != nil || !r.stays(s) || r.owesBeside(s) {
		return nil
	}
	if o := r.dependents(ctx, s); o != nil {
		if s.stat().ID == "" { // a status that was lost: what stands below cannot go without the id
			_ = r.credentials(ctx, s)
		}
		return o
	}
	if o := r.releaseSecret(ctx, s); o != nil {
		return o
	}
	return r.release(ctx, s)
}

// credentialsToTheEnd finds out who acts, if it must be known: an operation in flight is followed to its end. Where nobody is left who could,
// what stays in Azure is let go all the same.
func (r *Reconciler[T]) credentialsToTheEnd(ctx context.Context, s *scope[T]) *outcome.Outcome {
	o := r.credentials(ctx, s)
	if o != nil && r.stays(s) && o.Reason == v1alpha1.ReasonReferenceNotFound {
		r.dropOperation(s, metrics.Abandoned)
		s.stat().CompanionLifted = ""
		return r.letGo(ctx, s)
	}
	return o
}

// resumeToTheEnd follows an operation in flight. Where Azure does not let anybody see how it is, it is not waited for before what stays is let go:
// the access might never come back.
func (r *Reconciler[T]) resumeToTheEnd(ctx context.Context, s *scope[T]) *outcome.Outcome {
	o := r.resume(ctx, s)
	if o != nil && r.stays(s) && slices.Contains(shutOut, o.Reason) {
		r.dropOperation(s, metrics.Abandoned)
		s.stat().CompanionLifted = ""
		return r.letGo(ctx, s)
	}
	return o
}

// shutOut are the reasons for which Azure does not answer an identity.
var shutOut = []string{v1alpha1.ReasonCredentialsInvalid, v1alpha1.ReasonForbidden, v1alpha1.ReasonSubscriptionNotFound}

// stays says that the resource stays in Azure.
func (r *Reconciler[T]) stays(s *scope[T]) bool {
	return s.stat().Effective.DeletionPolicy == v1alpha1.DeletionPolicyRetain
}

// confirm holds a deletion in Azure back until it may be.
func (r *Reconciler[T]) confirm(ctx context.Context, s *scope[T]) *outcome.Outcome {
	if r.stays(s) { // Retain was set, or the operation has ended, while the object waited
		if o := r.settleBeside(ctx, s); o != nil {
			return o
		}
		r.dropOperation(s, metrics.Unanswered) // resume has looked: nothing is under way, and nothing must be written
		return r.letGo(ctx, s)
	}
	if s.spec().Suspend {
		return outcome.Wait(v1alpha1.ReasonSuspended, "suspended: the deletion waits until spec.suspend is taken away")
	}
	if r.traits.Expensive && s.obj.GetAnnotations()[v1alpha1.AnnotationConfirmDelete] != s.obj.GetName() {
		if o := r.settleBeside(ctx, s); o != nil {
			return o
		}
		return outcome.Wait(v1alpha1.ReasonConfirmationNeeded,
			"deleting it in Azure cannot be undone: confirm with the annotation %s=%s, or set deletionPolicy: Retain to leave Azure alone", v1alpha1.AnnotationConfirmDelete, s.obj.GetName())
	}
	return nil
}

// dependents makes a parent wait for the objects that refer to it: without it they could not be let go in order.
func (r *Reconciler[T]) dependents(ctx context.Context, s *scope[T]) *outcome.Outcome {
	if controllerutil.ContainsFinalizer(s.obj, v1alpha1.FinalizerInUseByMoves) {
		return outcome.Wait(v1alpha1.ReasonDependentsExist, "machines are on their way into its vCenter or out of it: it is deleted when they have come to their end").In(time.Minute)
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
		return outcome.Wait(v1alpha1.ReasonDependentsExist, "these still refer to it and go first: %s. Delete those that are not being deleted yet; the others say what they wait for", strings.Join(names, ", ")).In(time.Minute)
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

// remove deletes the resource in Azure, if it is there, and then lets the object go.
func (r *Reconciler[T]) remove(ctx context.Context, s *scope[T]) *outcome.Outcome {
	if s.actual == nil || r.pristine(s) {
		if o := r.doubted(s); o != nil {
			return o
		}
		r.dropOperation(s, metrics.Unanswered)
		r.released(s)
		return r.release(ctx, s)
	}
	if !s.adopted() && s.stat().Operation == nil {
		if s.stat().ManagedBy != "" {
			return r.release(ctx, s) // another object had it to the end, and may have left it in Azure on purpose
		}
		if o := r.sole(ctx, s); o != nil && o.Kind != outcome.KindStall {
			return o
		} else if o != nil || !r.wouldAdopt(ctx, s) {
			return r.release(ctx, s) // it was never adopted, or is another object's: it is not ours to delete
		}
	}
	if o := r.deletableNow(ctx, s); o != nil {
		return o
	}
	w := r.farewell()
	if o := r.withheld(ctx, s, w); o != nil {
		return o
	}
	if o := r.turn(s, w); o != nil {
		return o
	}
	if r.kind.MayDelete != nil {
		o := r.kind.MayDelete(ctx, r.world(s))
		if o != nil {
			r.released(s)
			s.lingers = true
			return o
		}
	}
	if r.kind.Clear != nil {
		clearing, o := r.kind.Clear(ctx, r.world(s))
		if o != nil {
			r.released(s)
			return o
		}
		if clearing != nil {
			w = &write{verb: arm.PATCH, target: clearing.ID, body: clearing.Body, reason: v1alpha1.ReasonDeleting, message: "before it is deleted, Azure " + clearing.Words}
		}
	}
	return r.send(ctx, s, *w)
}

// doubted reads again when the resource is not there although it was a moment ago: another of ARM's replicas may answer with what was before, or it
// was moved with its private cloud.
func (r *Reconciler[T]) doubted(s *scope[T]) *outcome.Outcome {
	if o := r.beingFound(s); o != nil {
		return o
	}
	done, lately := r.lastDone(s)
	farewell := r.farewell()
	if !lately || done.Verb == string(farewell.verb) && done.Action == farewell.action {
		return nil
	}
	return outcome.Wait(v1alpha1.ReasonDeleting, "Azure does not show what was written a moment ago: it is looked at again before this is let go").In(5 * time.Second)
}

// wouldAdopt says that the resource would be taken over by the spec as it is: so it was, if a status that is lost could still say so.
func (r *Reconciler[T]) wouldAdopt(ctx context.Context, s *scope[T]) bool {
	if s.takesOver() {
		return false // it was to change nothing before it was taken over
	}
	if r.traits.Tagged {
		return tagOwner(s.actual) == r.ownerOf(s.obj)
	}
	return s.now(arm.ID(s.obj.GetAnnotations()[v1alpha1.AnnotationAzureID])).Key() == s.id.Key() && s.stat().Effective.AdoptionPolicy != v1alpha1.AdoptionPolicyNever &&
		r.desire(ctx, s) == nil && len(r.compare(s)) == 0
}

// deletableNow holds a request back that Azure would refuse.
func (r *Reconciler[T]) deletableNow(ctx context.Context, s *scope[T]) *outcome.Outcome {
	if state := s.actual.ProvisioningState(); !arm.IsTerminal(state) && !r.traits.Once {
		return r.foreign(s, fmt.Sprintf("Azure works on it (%s), and it is not deleted before that ends", state)).In(time.Minute)
	}
	if r.kind.Parent == nil {
		return nil
	}
	switch cloud := s.cloud.AzureStatus(); {
	case cloud.Companion != "" && r.traits.ChangedBy == "":
		return r.locked(ctx, s)
	case tree.TakesTooLong(cloud) != "":
		return outcome.Wait(v1alpha1.ReasonTakesTooLong, "Azure works on its private cloud, and it is not deleted before that ends: %s", tree.TakesTooLong(cloud)).In(time.Minute)
	case !arm.IsTerminal(cloud.ProvisioningState) && cloud.ProvisioningState != "Updating":
		return outcome.Wait(v1alpha1.ReasonAzureBusy, "Azure works on its private cloud (%s), and it is not deleted before that ends", cloud.ProvisioningState).In(time.Minute)
	}
	return nil
}

// locked deals with what cannot be deleted because its private cloud has a delete lock. When the private cloud itself is on its way out and stays
// in Azure with its lock, what was deleted together with it stays too: else it would wait for the lock, and the private cloud for it, for ever.
func (r *Reconciler[T]) locked(ctx context.Context, s *scope[T]) *outcome.Outcome {
	cloud := s.cloud
	stays := cloud.Spec.ManagementPolicy == v1alpha1.ManagementPolicyObserve || cloud.Spec.DeletionPolicy != v1alpha1.DeletionPolicyDelete
	if cloud.DeletionTimestamp.IsZero() || !stays {
		return outcome.Wait(v1alpha1.ReasonScopeLocked,
			"PrivateCloud %s has a delete lock, which in Azure holds for everything in it. To have this deleted in Azure, set deleteLock: Disabled on PrivateCloud %s; "+
				"to let go of this object alone, set its deletionPolicy: Retain. Once the deletion of the private cloud itself is confirmed and nothing else holds it back, the lock goes by itself",
			cloud.Name, cloud.Name)
	}
	if o := r.dependents(ctx, s); o != nil {
		return o
	}
	r.dropOperation(s, metrics.Unanswered)
	s.stat().Effective.DeletionPolicy = v1alpha1.DeletionPolicyRetain
	if o := r.record(ctx, s, outcome.Wait(v1alpha1.ReasonRetained,
		"PrivateCloud %s is being deleted with deletionPolicy Retain and stays in Azure with its delete lock. So this stays in Azure too, as with a deletionPolicy Retain of its own", cloud.Name)); o != nil {
		return o
	}
	return r.letGo(ctx, s)
}

// release takes the finalizer off: from here on the object is gone.
func (r *Reconciler[T]) release(ctx context.Context, s *scope[T]) *outcome.Outcome {
	base := s.obj.DeepCopyObject().(T)
	controllerutil.RemoveFinalizer(s.obj, v1alpha1.Finalizer)
	err := r.Client.Patch(ctx, s.obj, client.MergeFromWithOptions(base, client.MergeFromWithOptimisticLock{}))
	switch {
	case err == nil || apierrors.IsNotFound(err):
		controllerutil.RemoveFinalizer(s.obj, v1alpha1.Finalizer)
		return outcome.Done(v1alpha1.ReasonDeleting, "let go")
	case apierrors.IsConflict(err):
		s.obj = base
		return outcome.Retry(v1alpha1.ReasonTransient, err).In(conflictPause)
	}
	s.obj = base
	return outcome.Retry(v1alpha1.ReasonTransient, fmt.Errorf("taking the finalizer off: %w", err))
}
