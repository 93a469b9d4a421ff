// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package machine

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/move/explain"
	"github.com/avs-operator/avs-operator/controllers/move/plan"
	"github.com/avs-operator/avs-operator/controllers/outcome"
	"github.com/avs-operator/avs-operator/controllers/vcenter"
)

// recheck reads the machine with its devices before it starts, and holds it to what was planned: a snapshot, a mounted installer or a disk
// that came since would go wrong without a word. One that this move has powered off was looked at before, and goes on.
func (s *scope) recheck(ctx context.Context) *outcome.Outcome {
	if s.move.Status.PoweredOffByMove == v1alpha1.PoweredOffByMoveYes {
		return nil
	}
	details, err := s.request.Source.Client.Details(ctx, []string{s.at.Source.Ref})
	if err != nil {
		return outcome.Retry(v1alpha1.ReasonUnreachable, err)
	}
	if len(details) == 0 {
		return s.requeue("the machine went away while it was read")
	}
	concerns := plan.Recheck(&s.move.Spec, &details[0], time.Now())
	stop := plan.Blocking(concerns)
	if len(stop) == 0 {
		s.move.Status.Concerns = concerns
		return nil
	}
	words := make([]string, len(stop))
	for i, c := range stop {
		words[i] = c.Message
	}
	o := s.blocked(stop[0].Name, "%s", strings.Join(words, ". ")).In(recheckBlocked)
	s.move.Status.Concerns = concerns
	return o
}

// waive takes the faults of vCenter's check away that a waiver of the WorkloadMove stands for, and shows them. The relocation itself has the
// last word.
func (s *scope) waive(faults []vcenter.Fault) []vcenter.Fault {
	waivers := plan.WaiversAt(s.move.Spec.Waivers, time.Now())
	var rest []vcenter.Fault
	for _, f := range faults {
		words, ok := waivers.Accept(f.Type)
		if !ok {
			rest = append(rest, f)
			continue
		}
		s.warn(f.Type, fmt.Sprintf("vCenter's check says: %s (%s)", f.String(), words))
	}
	return rest
}

// unchecked decides about a relocation that vCenter could not check: that is no pass. A machine that runs on, or is off, may be tried: a
// relocation that does not work leaves it as it is. One that would be powered off for it might be down for nothing.
func (s *scope) unchecked(faults []vcenter.Fault) ([]vcenter.Fault, *outcome.Outcome) {
	var rest []vcenter.Fault
	for _, f := range faults {
		if f.Type != vcenter.NotChecked {
			rest = append(rest, f)
			continue
		}
		words, waived := plan.WaiversAt(s.move.Spec.Waivers, time.Now()).Accept(v1alpha1.ReasonRelocationNotChecked)
		if s.needsPowerOff(s.at.Source) && !waived {
			return nil, s.blocked(v1alpha1.ReasonRelocationNotChecked, "the machine would be powered off for a relocation that could not be checked before "+
				"(%s): power it off yourself, "+
				"move it Live, or accept this with a waiver of %s", f.Message, v1alpha1.ReasonRelocationNotChecked).In(recheckBlocked)
		}
		message := "the relocation could not be checked before it began: " + f.Message
		if waived {
			message += " (" + words + ")"
		}
		s.warn(v1alpha1.ReasonRelocationNotChecked, message)
	}
	return rest, nil
}

// check asks vCenter whether the relocation would work. A machine that is to move cold is asked about twice: before it is powered off, because
// one that was powered off for a move that cannot work has been down for nothing, and once it is off, because only then vCenter answers for
// a machine that is off. One that cannot go then is powered on again, here.
func (s *scope) check(ctx context.Context) *outcome.Outcome {
	st := &s.move.Status
	st.Failure, st.RetryAfter = nil, nil
	faults, err := s.mover.Check(ctx, s.request, s.at)
	if vcenter.ClassOf(err) == vcenter.Pending {
		s.checking = true
		return s.inProgress(v1alpha1.MoveStepWaiting, outcome.Wait(v1alpha1.ReasonMoving, "vCenter is checking whether the machine can be moved").In(checkInterval))
	}
	if err != nil && explain.Answer(err) == nil {
		return outcome.Retry(v1alpha1.ReasonUnreachable, err)
	}
	if err != nil {
		faults = []vcenter.Fault{explain.FaultOf(err)}
	}
	faults, o := s.unchecked(s.waive(faults))
	if o != nil {
		return o
	}
	if len(faults) == 0 {
		return nil
	}
	st.Attempts++
	return s.failAttempt(ctx, faults[0])
}
