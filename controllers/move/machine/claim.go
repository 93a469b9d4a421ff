// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package machine

import (
	"cmp"
	"context"
	"strings"

	"sigs.k8s.io/controller-runtime/pkg/client"

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

// before orders claims: the older object first, the UID where two came in the same second.
func before(a, b *v1alpha1.VirtualMachineMove) bool {
	return cmp.Or(a.CreationTimestamp.Compare(b.CreationTimestamp.Time), strings.Compare(string(a.UID), string(b.UID))) < 0
}

// claim waits while an older unfinished move has the machine. It goes on by itself when that one ends.
func (p *pass) claim(ctx context.Context) *outcome.Outcome {
	list := &v1alpha1.VirtualMachineMoveList{}
	if err := p.Client.List(ctx, list, client.MatchingFields{indexIdentity: identityOf(p.move)}); err != nil {
		return outcome.Retry(v1alpha1.ReasonTransient, err)
	}
	if holder := p.holder(list.Items); holder != nil {
		return p.claimed(holder)
	}
	return nil
}

// holder is the move that has the machine instead of this one, nil if this one has it.
func (p *pass) holder(all []v1alpha1.VirtualMachineMove) *v1alpha1.VirtualMachineMove {
	var holder *v1alpha1.VirtualMachineMove
	for i := range all {
		other := &all[i]
		if other.UID == p.move.UID || other.Status.Step.Over() || identityOf(other) != identityOf(p.move) || !before(other, p.move) {
			continue
		}
		if holder == nil || before(other, holder) {
			holder = other
		}
	}
	return holder
}

func (p *pass) claimed(holder *v1alpha1.VirtualMachineMove) *outcome.Outcome {
	o := outcome.Wait(v1alpha1.ReasonClaimedByAnother, "the machine belongs to the unfinished VirtualMachineMove %s/%s: this one goes on when that one has ended, "+
		"or exclude the machine from one of the two", holder.Namespace, holder.Name).In(ledger.Settling.Bound)
	p.move.Status.Step = v1alpha1.MoveStepBlocked
	p.move.Status.Concerns = []v1alpha1.MachineConcern{{Name: o.Reason, Severity: v1alpha1.SeverityBlocking, Message: text.Cut(o.Message, 1024)}}
	return o
}

// lastLook is taken between the record of a call and the call, at the API server itself: the programme may have been cancelled, or another
// move of the same machine may have appeared, since the cache was read. Of two moves that put a call on record at the same moment, at
// least one sees the other's record, because both look after they have written; it withdraws, and the older one tries again. A machine that
// was powered off before (resumes) goes on although the programme is paused: a pause leaves no machine in between.
func (p *pass) lastLook(ctx context.Context, resumes bool) *outcome.Outcome {
	wish, err := wishOf(ctx, p.Live, p.move)
	if err != nil {
		return p.withdraw(outcome.Retry(v1alpha1.ReasonTransient, err))
	}
	if wish == wishCancel || wish == wishHold && !resumes {
		return p.withdraw(p.again("the WorkloadMove is not in state Run any more"))
	}
	list := &v1alpha1.VirtualMachineMoveList{}
	if err := p.Live.List(ctx, list, client.MatchingFields{"spec.machine.instanceUUID": p.move.Spec.Machine.InstanceUUID}); err != nil {
		return p.withdraw(outcome.Retry(v1alpha1.ReasonTransient, err))
	}
	if holder := p.holder(list.Items); holder != nil {
		return p.withdraw(p.claimed(holder))
	}
	for i := range list.Items {
		other := &list.Items[i]
		if other.UID != p.move.UID && identityOf(other) == identityOf(p.move) && !other.Status.Step.Over() && other.Status.Begun() {
			return p.withdraw(outcome.Wait(v1alpha1.ReasonClaimedByAnother,
				"VirtualMachineMove %s/%s is about to let go of the machine", other.Namespace, other.Name).In(p.Pace.Elapsed(callRecheck)))
		}
	}
	return nil
}

// withdraw takes back the record of a call that was not made, with the turn that it had.
func (p *pass) withdraw(o *outcome.Outcome) *outcome.Outcome {
	s := &p.move.Status
	if s.Task.Kind == v1alpha1.MoveTaskRelocate {
		s.Attempts = max(s.Attempts-1, 0)
	} else {
		p.leftOn()
	}
	s.Task = nil
	if s.Begun() {
		return o
	}
	if s.Attempts == 0 {
		s.StartedAt = nil
	}
	p.ungrant()
	p.Turns.Forget(p.move.UID)
	return o
}
