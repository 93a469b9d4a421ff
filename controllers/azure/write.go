// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package azure

import (
	"context"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/arm"
	"github.com/avs-operator/avs-operator/controllers/azure/kind"
	"github.com/avs-operator/avs-operator/controllers/azure/lane"
	"github.com/avs-operator/avs-operator/controllers/azure/tree"
	"github.com/avs-operator/avs-operator/controllers/connect"
	"github.com/avs-operator/avs-operator/controllers/ledger"
	"github.com/avs-operator/avs-operator/controllers/metrics"
	"github.com/avs-operator/avs-operator/controllers/outcome"
)

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
			return connect.OutcomeOf(err)
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

// notAsWritten ends a reconcile that has nothing more to do with what Azure has accepted and shows otherwise. It also forgets what is not so any more.
func (r *Reconciler[T]) notAsWritten(_ context.Context, s *scope[T]) *outcome.Outcome {
	var o *outcome.Outcome
	s.stat().Unkept, o = r.situation(s).NotAsWritten(&s.decision)
	return o
}
