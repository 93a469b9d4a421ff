// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package machine

import (
	"context"
	"fmt"
	"time"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/metrics"
	"github.com/avs-operator/avs-operator/controllers/move/explain"
	"github.com/avs-operator/avs-operator/controllers/outcome"
	"github.com/avs-operator/avs-operator/controllers/text"
	"github.com/avs-operator/avs-operator/controllers/vcenter"
)

// Nothing that ran is left off without a word: what the move powered off is powered on again, at the target after the move, or at the source
// when there is none. A refusal is tried again a few times, whatever it says, because a machine that stays off costs more than a call; after
// that the move ends as failed, and says where the machine is and that it is off.

// powerOnAttempts with pauses of half a minute, two and eight minutes between them: a host that was full, or a right that was missing, for a
// moment does not need a person.
const powerOnAttempts = 4

// powerOn powers on again what the move powered off, or waits until that may be tried again, or says that it cannot be done.
func (s *scope) powerOn(ctx context.Context, side v1alpha1.MoveSide, machine *vcenter.Machine) *outcome.Outcome {
	if tried := s.move.Status.PowerOn; tried != nil {
		if tried.RetryAfter == nil {
			return s.leftOff(side, tried)
		}
		if wait := s.Clock.Until(tried.RetryAfter.Time); wait > 0 {
			s.move.Status.Step = v1alpha1.MoveStepPoweringOn
			return outcome.Wait(v1alpha1.ReasonPowerOnFailed, "the machine is %s and powered off by this move; powering it on again failed %d times: %s. It "+
				"is tried again at %s",
				explain.Side(side), tried.Attempts, tried.Message, tried.RetryAfter.UTC().Format(time.RFC3339)).In(s.Pace.Elapsed(wait))
		}
	}
	return s.send(ctx, call{
		kind: v1alpha1.MoveTaskPowerOn, at: side, machine: machine, step: v1alpha1.MoveStepPoweringOn,
		says: "vCenter is powering the machine on again",
		send: func(ctx context.Context) (vcenter.TaskHandle, error) {
			return s.request.Side(side).Client.PowerOn(ctx, machine.Ref)
		},
		refused: func(_ context.Context, fault vcenter.Fault) *outcome.Outcome { return s.powerOnRefused(fault) },
	})
}

// powerOnRefused takes note of an attempt that vCenter refused, at once or by its task. The reconcile ends: whether the machine runs by now is read
// by the next one.
func (s *scope) powerOnRefused(fault vcenter.Fault) *outcome.Outcome {
	st := &s.move.Status
	s.dropTask(metrics.Failed)
	st.GrantedAt = nil // what it took of both vCenters is free for others
	s.Turns.Done(s.move.UID)
	tried := v1alpha1.MovePowerOn{}
	if st.PowerOn != nil {
		tried = *st.PowerOn
	}
	tried.Attempts++
	tried.Message, tried.RetryAfter = text.Cut(fault.String(), 2000), nil
	if tried.Attempts < powerOnAttempts {
		tried.RetryAfter = s.retryAt(tried.Attempts)
	}
	st.PowerOn = &tried
	s.log.Info("Machine not powered on", "machine", s.move.Spec.Machine.Name, "attempt", tried.Attempts, "fault", fault.Type, "class", fault.Class)
	o := s.requeue("powering the machine on again failed (%s)", tried.Message)
	s.keepReady = false
	return o
}

// leftOff ends the move of a machine that could not be powered on again.
func (s *scope) leftOff(side v1alpha1.MoveSide, tried *v1alpha1.MovePowerOn) *outcome.Outcome {
	st := &s.move.Status
	message := fmt.Sprintf("the machine is whole %s and powered off: this move powered it off, and it could not be powered on again in %d attempts "+
		"(%s). Power it on yourself, "+
		"or ask for another try with the annotation %s", explain.Side(side), tried.Attempts, tried.Message, v1alpha1.AnnotationRetryRequestedAt)
	if st.Failure != nil && st.Failure.Reason != v1alpha1.ReasonPowerOnFailed {
		message = st.Failure.Message + ". Also, " + message
	}
	s.noteFailure(v1alpha1.ReasonPowerOnFailed, message)
	return s.finish(v1alpha1.MoveStepFailed)
}
