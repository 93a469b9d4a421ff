// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package azure

import (
	"context"
	"fmt"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/arm"
	"github.com/avs-operator/avs-operator/controllers/azure/decide"
	"github.com/avs-operator/avs-operator/controllers/azure/kind"
	"github.com/avs-operator/avs-operator/controllers/azure/lane"
	"github.com/avs-operator/avs-operator/controllers/azure/recall"
	"github.com/avs-operator/avs-operator/controllers/azure/tree"
	"github.com/avs-operator/avs-operator/controllers/connect/rulings"
	"github.com/avs-operator/avs-operator/controllers/ledger"
	"github.com/avs-operator/avs-operator/controllers/metrics"
	"github.com/avs-operator/avs-operator/controllers/outcome"
)

// decide copies what was observed into status, and works out what follows from it. What was decided upon already is not again.
func (r *Reconciler[T]) decide(ctx context.Context, s *scope[T]) *outcome.Outcome {
	if s.decided {
		return nil
	}
	if o := r.missing(ctx, s); o != nil {
		return o
	}
	r.show(s)
	var o *outcome.Outcome
	if s.asked, o = r.ask(ctx, s, s.actual); o != nil {
		return o
	}
	s.decision = decide.Decide(r.situation(s))
	s.decided = true
	s.stat().Drift, s.stat().WriteOnly = s.decision.Drift, s.decision.WriteOnly
	return nil
}

// situation is what is known, for a decision.
func (r *Reconciler[T]) situation(s *scope[T]) decide.Situation[T] {
	done, lately := r.lastDone(s)
	return decide.Situation[T]{
		Kind: r.kind, Object: s.obj, ID: s.id, Cloud: s.cloud, Actual: s.actual, Asked: s.asked, Secrets: s.secrets,
		Owner: r.ownerOf(s.obj), Features: r.Features, DeletedLately: lately && done.Verb == string(arm.DELETE),
	}
}

// ask works out the body that the spec asks for while Azure has actual, with what the kind looks up.
func (r *Reconciler[T]) ask(ctx context.Context, s *scope[T], actual *arm.Resource) (map[string]any, *outcome.Outcome) {
	if o := r.readSecrets(ctx, s); o != nil {
		return nil, o
	}
	asked := r.kind.Desired(s.obj)
	if r.kind.Resolve != nil {
		world := r.world(s)
		world.Actual = actual
		if o := r.kind.Resolve(ctx, world, asked); o != nil {
			return nil, o
		}
	}
	return asked, nil
}

// complete has the kind read what a GET does not show. What hinders that is said last: how the resource is matters more.
func (r *Reconciler[T]) complete(ctx context.Context, s *scope[T]) *outcome.Outcome {
	if r.kind.Complete != nil && s.actual != nil && arm.IsTerminal(s.actual.ProvisioningState()) {
		s.unread = r.kind.Complete(ctx, r.world(s))
	}
	return nil
}

// incomplete ends with what complete could not read.
func (r *Reconciler[T]) incomplete(_ context.Context, s *scope[T]) *outcome.Outcome { return s.unread }

// report adds what the kind has to say in conditions of its own.
func (r *Reconciler[T]) report(ctx context.Context, s *scope[T]) *outcome.Outcome {
	if r.kind.Report != nil && s.actual != nil {
		facts, again := r.kind.Report(ctx, r.world(s), time.Now())
		s.facts, s.again = append(s.facts, facts...), again
	}
	return nil
}

// admit stops what must not be written, and says why.
func (r *Reconciler[T]) admit(ctx context.Context, s *scope[T]) *outcome.Outcome {
	d := &s.decision
	s.facts = append(s.facts, d.Facts...)
	if s.actual != nil && arm.IsTerminal(s.actual.ProvisioningState()) {
		if o := r.noteRun(ctx, s, ""); o != nil {
			return o
		}
		r.memory.Do(client.ObjectKeyFromObject(s.obj), func(m *recall.Object) { m.Foreign = time.Time{} })
	}
	if d.AppliedHosts != nil {
		r.kind.Hosts.SetApplied(s.obj, *d.AppliedHosts)
	}
	switch {
	case d.Busy != "":
		return r.foreign(s, d.Busy).In(ledger.Recheck.Bound) // a look in case that the list, which normally wakes, may not be read
	case d.Gone:
		return r.locateAgain(ctx, s)
	}
	return d.Stop
}

// next takes up the one write that is needed next, if any: create, the smallest update, or a one-shot action.
func (r *Reconciler[T]) next(_ context.Context, s *scope[T]) *outcome.Outcome {
	if s.converged {
		return nil
	}
	s.write = s.decision.Write
	switch {
	case s.write == nil:
		return r.inPlace(s)
	case s.observes():
		return outcome.Done(v1alpha1.ReasonObserved, "with managementPolicy Observe nothing is written; Azure differs from the spec: %s",
			r.situation(s).Differences(s.decision.Drift))
	case s.spec().Suspend:
		return outcome.Wait(v1alpha1.ReasonSuspended, "suspended: %s waits until spec.suspend is taken away", s.write.What())
	}
	return nil
}

// inPlace ends the way to the declared state.
func (r *Reconciler[T]) inPlace(s *scope[T]) *outcome.Outcome {
	s.converged = true
	r.dropOperation(s, metrics.Unanswered) // of a write that is not needed any more
	r.releaseLane(s)
	if s.observes() {
		return outcome.Done(v1alpha1.ReasonObserved, "Azure equals the spec; with managementPolicy Observe nothing would be written either way")
	}
	s.stat().Managed = s.decision.Managed
	r.noteWriteOnly(s, nil)
	s.stat().Failure = nil
	s.readyReason, s.readyMessage = v1alpha1.ReasonReady, "Azure has what the spec asks for"
	if s.spec().Suspend {
		s.readyReason, s.readyMessage = v1alpha1.ReasonSuspended, "Azure has what the spec asks for; suspended: nothing is written until spec.suspend is taken away"
	}
	return nil
}

// prerequisites wait, before a resource is made, for what must be there first: a request that Azure refuses for that is not worth sending.
func (r *Reconciler[T]) prerequisites(ctx context.Context, s *scope[T]) *outcome.Outcome {
	if r.kind.Requires == nil || s.write == nil || s.actual != nil {
		return nil
	}
	for _, need := range r.kind.Requires(r.world(s)) {
		found, err := r.lookAt(ctx, s, need.ID)
		if err != nil {
			return rulings.OfAzure(err)
		}
		words := "%s must be there first, and ready (%s): declare it, unless something makes it already; this goes on by itself when it is"
		switch state := found.ProvisioningState(); {
		case found != nil && state == "Succeeded":
			continue
		case found != nil && state == "Failed":
			words = "%s needs somebody first: it is in state Failed (%s); this goes on by itself after that"
		}
		return outcome.Wait(v1alpha1.ReasonReferenceNotReady, words, need.Words, need.ID).About(v1alpha1.ConditionReferencesReady).In(ledger.Recheck.Bound)
	}
	return nil
}

// heldBack repeats what Azure said to the same write not long ago, or that the operator is frozen: a write need not wait for its turn in a lane to
// hear that.
func (r *Reconciler[T]) heldBack(_ context.Context, s *scope[T]) *outcome.Outcome {
	if s.write == nil {
		return nil
	}
	hash, _, o := r.hash(s)
	if o == nil {
		o = r.Publisher.Freeze.Hold(s.write.What())
	}
	if o == nil {
		o = r.refused(s, s.request(hash))
	}
	if o != nil {
		r.releaseLane(s)
	}
	return o
}

// acquireLane waits for the lane of the private cloud.
func (r *Reconciler[T]) acquireLane(_ context.Context, s *scope[T]) *outcome.Outcome {
	if s.write == nil {
		return nil
	}
	priority := lane.Other
	switch {
	case s.write.Verb == arm.DELETE:
		priority = lane.Delete
	case s.write.Verb == arm.PUT && s.actual == nil || r.grows(s):
		priority = lane.Grow
	}
	holder := r.holder(client.ObjectKeyFromObject(s.obj))
	ticket := r.Lanes.Acquire(tree.CloudKey(s.id), r.kind.Lane, holder, priority)
	if ticket.Granted {
		s.inLane = true
		return nil
	}
	return LaneHeld(ticket, s.write.What())
}

// grows says whether the changes add hosts.
func (r *Reconciler[T]) grows(s *scope[T]) bool {
	if r.kind.Hosts == nil || s.actual == nil {
		return false
	}
	asked, _ := r.kind.Hosts.Size(s.obj)
	return asked != nil && s.actual.Int(r.kind.Hosts.Path) < int64(*asked)
}

// mayWrite asks the kind before a write, when it is the object's turn and the resource has been read.
func (r *Reconciler[T]) mayWrite(ctx context.Context, s *scope[T]) *outcome.Outcome {
	w := s.write
	switch {
	case w == nil:
		return nil
	case w.Verb == arm.DELETE: // to be made anew
		if o := r.deletableNow(ctx, s); o != nil {
			return o
		}
		return r.inUse(ctx, s)
	case r.kind.MayReplace != nil && w.Verb == arm.PUT && s.actual != nil:
		if o := r.kind.MayReplace(s.obj, w.Body); o != nil {
			return o
		}
	}
	if r.kind.MayWrite != nil && w.Word == "" {
		return r.kind.MayWrite(ctx, r.world(s), kind.Intent{Verb: w.Verb, Changes: w.Changes, Desired: s.decision.Desired})
	}
	return nil
}

// inUse is what stands in the way of a deletion, as the kind knows.
func (r *Reconciler[T]) inUse(ctx context.Context, s *scope[T]) *outcome.Outcome {
	if r.kind.MayDelete == nil || s.actual == nil {
		return nil
	}
	return r.kind.MayDelete(ctx, r.world(s))
}

// atWork waits while Azure works on the resource, or on its private cloud.
func (r *Reconciler[T]) atWork(s *scope[T]) *outcome.Outcome {
	if state := s.actual.ProvisioningState(); !arm.IsTerminal(state) && !r.kind.Once {
		return r.foreign(s, fmt.Sprintf("Azure works on it (%s), and it is not deleted before that ends", state)).In(time.Minute)
	}
	if r.kind.Parent == nil || r.locked(s) {
		return nil
	}
	switch cloud := s.cloud.AzureStatus(); {
	case tree.TakesTooLong(cloud) != "":
		return outcome.Wait(v1alpha1.ReasonTakesTooLong, "Azure works on its private cloud, and it is not deleted before that ends: %s",
			tree.TakesTooLong(cloud)).In(time.Minute)
	case !arm.IsTerminal(cloud.ProvisioningState) && cloud.ProvisioningState != "Updating":
		return outcome.Wait(v1alpha1.ReasonAzureBusy, "Azure works on its private cloud (%s), and it is not deleted before that ends",
			cloud.ProvisioningState).In(time.Minute)
	}
	return nil
}

// locked says that the private cloud has a delete lock of ours, which in Azure holds for everything in it.
func (r *Reconciler[T]) locked(s *scope[T]) bool {
	return r.kind.Parent != nil && s.cloud.Status.Companion != "" && r.kind.ChangedBy == ""
}

// wouldAdopt says that the resource would be taken over by the spec as it is: so it was, if a status that is lost could still say so.
func (r *Reconciler[T]) wouldAdopt(ctx context.Context, s *scope[T]) bool {
	situation := r.situation(s)
	if !r.kind.Tagged {
		situation.Asked, _ = r.ask(ctx, s, s.actual) // nil if what the spec refers to cannot be looked up
		situation.Secrets = s.secrets
	}
	return decide.WouldAdopt(situation)
}

// notAsWritten ends a reconcile that has nothing more to do with what Azure has accepted and shows otherwise. It also forgets what is not so any more.
func (r *Reconciler[T]) notAsWritten(_ context.Context, s *scope[T]) *outcome.Outcome {
	var o *outcome.Outcome
	s.stat().Unkept, o = r.situation(s).NotAsWritten(&s.decision)
	return o
}

// hash tells what the write does, and which write-only values it carries.
func (r *Reconciler[T]) hash(s *scope[T]) (string, []v1alpha1.WriteOnlyValue, *outcome.Outcome) {
	hash, carried, err := r.situation(s).Hash(s.write)
	return hash, carried, unwritable(err)
}

func unwritable(err error) *outcome.Outcome {
	if err == nil {
		return nil
	}
	return outcome.Stall(v1alpha1.ReasonInvalidSpec, "the request cannot be written: %s", err)
}
