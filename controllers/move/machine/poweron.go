// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package machine

import (
	"context"
	"fmt"
	"time"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
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

// restored notes a machine that runs: there is nothing left to power on again.
func (p *pass) restored(powerState string) {
	if powerState == powerStateOn && p.move.Status.PoweredOffByMove != "" {
		p.move.Status.PoweredOffByMove, p.move.Status.PowerOn = v1alpha1.PoweredOffByMoveNo, nil
	}
}

// toRestore says whether the machine is off only because the move powered it off.
func (p *pass) toRestore(powerState string) bool {
	by := p.move.Status.PoweredOffByMove
	return (by == v1alpha1.PoweredOffByMoveYes || by == v1alpha1.PoweredOffByMoveUnknown) && powerState == powerStateOff
}

// foundOff takes a machine that is off, after a call to power it off whose fate nobody knew, for one that this move powered off: it ran, and such a
// call may be carried out long after it was given up.
func (p *pass) foundOff() {
	if s := &p.move.Status; s.PoweredOffByMove == v1alpha1.PoweredOffByMoveUnknown && p.at.Source != nil && p.at.Source.PowerState == powerStateOff {
		s.PoweredOffByMove = v1alpha1.PoweredOffByMoveYes
	}
}

// leftOn notes that a call to power the machine off came to nothing. One before it, whose fate nobody knows, may still be carried out.
func (p *pass) leftOn() {
	if s := &p.move.Status; s.PoweredOffByMove != v1alpha1.PoweredOffByMoveUnknown {
		s.PoweredOffByMove = v1alpha1.PoweredOffByMoveNo
	}
}

// goesOff notes that the move is about to power the machine off.
func goesOff(s *v1alpha1.VirtualMachineMoveStatus) {
	if s.PoweredOffByMove != v1alpha1.PoweredOffByMoveUnknown { // which it stays until the machine is off
		s.PoweredOffByMove = v1alpha1.PoweredOffByMoveYes
	}
}

// powerOn powers on again what the move powered off, or waits until that may be tried again, or says that it cannot be done.
func (p *pass) powerOn(ctx context.Context, side v1alpha1.MoveSide, machine *vcenter.Machine) *outcome.Outcome {
	if tried := p.move.Status.PowerOn; tried != nil {
		if tried.RetryAfter == nil {
			return p.staysOff(side, tried)
		}
		if wait := p.Clock.Until(tried.RetryAfter.Time); wait > 0 {
			p.move.Status.Step = v1alpha1.MoveStepPoweringOn
			return outcome.Wait(v1alpha1.ReasonPowerOnFailed, "the machine is %s and powered off by this move; powering it on again failed %d times: %s. It is tried again at %s",
				sideWords(side), tried.Attempts, tried.Message, tried.RetryAfter.UTC().Format(time.RFC3339)).In(p.Pace.Elapsed(wait))
		}
	}
	return p.make(ctx, call{
		kind: v1alpha1.MoveTaskPowerOn, at: side, machine: machine, step: v1alpha1.MoveStepPoweringOn,
		says: "vCenter is powering the machine on again",
		make: func(ctx context.Context) (vcenter.TaskHandle, error) {
			return p.request.Side(side).Client.PowerOn(ctx, machine.Ref)
		},
	})
}

// notPoweredOn takes note of an attempt that vCenter refused, at once or by its task. The pass ends: whether the machine runs by now is read
// by the next one.
func (p *pass) notPoweredOn(fault vcenter.Fault) *outcome.Outcome {
	s := &p.move.Status
	s.Task, s.GrantedAt = nil, nil // what it took of both vCenters is free for others
	p.Turns.Done(p.move.UID)
	tried := v1alpha1.MovePowerOn{}
	if s.PowerOn != nil {
		tried = *s.PowerOn
	}
	tried.Attempts++
	tried.Message, tried.RetryAfter = text.Cut(fault.String(), 2000), nil
	if tried.Attempts < powerOnAttempts {
		tried.RetryAfter = p.after(tried.Attempts)
	}
	s.PowerOn = &tried
	p.log.Info("Machine not powered on", "machine", p.move.Spec.Machine.Name, "attempt", tried.Attempts, "fault", fault.Type, "class", fault.Class)
	o := p.again("powering the machine on again failed (%s)", tried.Message)
	p.fine = false
	return o
}

// staysOff ends the move of a machine that could not be powered on again.
func (p *pass) staysOff(side v1alpha1.MoveSide, tried *v1alpha1.MovePowerOn) *outcome.Outcome {
	s := &p.move.Status
	message := fmt.Sprintf("the machine is whole %s and powered off: this move powered it off, and it could not be powered on again in %d attempts (%s). Power it on yourself, "+
		"or ask for another try with the annotation %s", sideWords(side), tried.Attempts, tried.Message, v1alpha1.AnnotationRetryRequestedAt)
	if s.Failure != nil && s.Failure.Reason != v1alpha1.ReasonPowerOnFailed {
		message = s.Failure.Message + ". Also, " + message
	}
	p.failed(v1alpha1.ReasonPowerOnFailed, message)
	return p.finish(v1alpha1.MoveStepFailed)
}

func sideWords(side v1alpha1.MoveSide) string {
	if side == v1alpha1.MoveSideTarget {
		return "at the target"
	}
	return "at the source"
}
