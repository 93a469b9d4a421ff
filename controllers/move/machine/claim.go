// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package machine

import (
	"cmp"
	"context"
	"strings"

	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/ledger"
	"github.com/avs-operator/avs-operator/controllers/outcome"
	"github.com/avs-operator/avs-operator/controllers/text"
)

// A machine belongs to one unfinished move in the whole cluster: the oldest. Two moves of one machine would each find the other's doing.

// identityOf is the identity of a move's machine: which vCenter, which machine. A name is none.
func identityOf(m *v1alpha1.VirtualMachineMove) string {
	return strings.ToLower(m.Spec.Source.VCenterInstanceUUID + "/" + m.Spec.Machine.InstanceUUID)
}

// older orders claims: the older object first, the UID where two came in the same second.
func older(a, b *v1alpha1.VirtualMachineMove) bool {
	return cmp.Or(a.CreationTimestamp.Compare(b.CreationTimestamp.Time), strings.Compare(string(a.UID), string(b.UID))) < 0
}

// claim waits while an older unfinished move has the machine, and is woken when that move ends.
func (s *scope) claim(ctx context.Context) *outcome.Outcome {
	list := &v1alpha1.VirtualMachineMoveList{}
	if err := s.Client.List(ctx, list, client.MatchingFields{indexIdentity: identityOf(s.move)}); err != nil {
		return outcome.Retry(v1alpha1.ReasonTransient, err)
	}
	if holder := s.holder(list.Items); holder != nil {
		return s.claimed(holder)
	}
	return nil
}

// holder is the move that has the machine instead of this one, nil if this one has it.
func (s *scope) holder(all []v1alpha1.VirtualMachineMove) *v1alpha1.VirtualMachineMove {
	var holder *v1alpha1.VirtualMachineMove
	for i := range all {
		other := &all[i]
		if other.UID == s.move.UID || other.Status.Step.Over() || identityOf(other) != identityOf(s.move) || !older(other, s.move) {
			continue
		}
		if holder == nil || older(other, holder) {
			holder = other
		}
	}
	return holder
}

func (s *scope) claimed(holder *v1alpha1.VirtualMachineMove) *outcome.Outcome {
	o := outcome.Wait(v1alpha1.ReasonClaimedByAnother, "the machine belongs to the unfinished VirtualMachineMove %s/%s: this one goes on when that one "+
		"has ended, "+
		"or exclude the machine from one of the two", holder.Namespace, holder.Name).In(ledger.Settling.Bound)
	s.move.Status.Step = v1alpha1.MoveStepBlocked
	s.move.Status.Concerns = []v1alpha1.MachineConcern{{Name: o.Reason, Severity: v1alpha1.SeverityBlocking, Message: text.Cut(o.Message, 1024)}}
	return o
}

// confirm is taken between the record of a call and the call, at the API server itself: the WorkloadMove may have been cancelled, or another
// move of the same machine may have appeared, since the cache was read. Of two moves that put a call on record at the same moment, at
// least one sees the other's record, because both look after they have written; it withdraws, and the older one tries again. A machine that
// was powered off before (resumes) goes on although the WorkloadMove is paused: a pause leaves no machine in between.
func (s *scope) confirm(ctx context.Context, resumes bool) *outcome.Outcome {
	wish, err := intentOf(ctx, s.Live, s.move)
	if err != nil {
		return s.withdraw(outcome.Retry(v1alpha1.ReasonTransient, err))
	}
	if wish == intentCancel || wish == intentPause && !resumes {
		return s.withdraw(s.requeue("the WorkloadMove is not in state Run any more"))
	}
	list := &v1alpha1.VirtualMachineMoveList{}
	if err := s.Live.List(ctx, list, client.MatchingFields{"spec.machine.instanceUUID": s.move.Spec.Machine.InstanceUUID}); err != nil {
		return s.withdraw(outcome.Retry(v1alpha1.ReasonTransient, err))
	}
	if holder := s.holder(list.Items); holder != nil {
		return s.withdraw(s.claimed(holder))
	}
	for i := range list.Items {
		other := &list.Items[i]
		if other.UID != s.move.UID && identityOf(other) == identityOf(s.move) && !other.Status.Step.Over() && other.Status.Begun() {
			return s.withdraw(outcome.Wait(v1alpha1.ReasonClaimedByAnother,
				"VirtualMachineMove %s/%s is about to let go of the machine", other.Namespace, other.Name).In(s.Pace.Elapsed(callRecheck)))
		}
	}
	return nil
}

// withdraw takes back the record of a call that was not made, with the turn that it had.
func (s *scope) withdraw(o *outcome.Outcome) *outcome.Outcome {
	st := &s.move.Status
	if st.Task.Kind == v1alpha1.MoveTaskRelocate {
		st.Attempts = max(st.Attempts-1, 0)
	} else {
		s.noteLeftOn()
	}
	st.Task = nil
	if st.Begun() {
		return o
	}
	if st.Attempts == 0 {
		st.StartedAt = nil
	}
	s.dropTurn()
	s.Turns.Forget(s.move.UID)
	return o
}

// holdReferences says that all that the machine will need until its end is held: this object, and both VCenters with what they refer to. Where some of it is
// gone or on its way out, nothing is held for a machine that has not begun: else what is deleted would wait for one that waits for it.
func (s *scope) holdReferences(ctx context.Context) *outcome.Outcome {
	if !controllerutil.ContainsFinalizer(s.move, v1alpha1.Finalizer) {
		if o := s.referencesHeld(ctx); leaving(o) {
			return o
		}
	}
	if err := s.addFinalizer(ctx); err != nil {
		return s.discard(err)
	}
	o := s.referencesHeld(ctx)
	if leaving(o) {
		if lost := s.removeFinalizer(ctx); lost != nil {
			return lost
		}
	}
	return o
}

func leaving(o *outcome.Outcome) bool {
	return o != nil && (o.Reason == v1alpha1.ReasonReferenceNotReady || o.Reason == v1alpha1.ReasonReferenceNotFound)
}

// referencesHeld asks both VCenters whether they and what they refer to are held.
func (s *scope) referencesHeld(ctx context.Context) *outcome.Outcome {
	for _, name := range []string{s.move.Spec.Source.VCenterRef.Name, s.move.Spec.Target.VCenterRef.Name} {
		if o := s.VCenters.HeldForMoves(ctx, s.move.Namespace, name); o != nil {
			s.keepReady = o.Reason == v1alpha1.ReasonReconciling
			return o
		}
	}
	return nil
}
