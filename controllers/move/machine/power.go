// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package machine

import (
	"cmp"
	"context"
	"fmt"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/ledger"
	"github.com/avs-operator/avs-operator/controllers/metrics"
	"github.com/avs-operator/avs-operator/controllers/move/explain"
	"github.com/avs-operator/avs-operator/controllers/move/movers"
	"github.com/avs-operator/avs-operator/controllers/outcome"
	"github.com/avs-operator/avs-operator/controllers/vcenter"
)

// defaultShutdown is how long a guest has to shut down, in vCenter's time.
var defaultShutdown = ledger.Guest.Bound

// powerPolicy is how a machine may be powered off and on, with what the spec leaves out decided.
func powerPolicy(spec *v1alpha1.VirtualMachineMoveSpec) (off v1alpha1.PowerOff, timeout time.Duration, on v1alpha1.PowerOn) {
	power := v1alpha1.MovePower{}
	if spec.Power != nil {
		power = *spec.Power
	}
	off, on = cmp.Or(power.PowerOff, v1alpha1.PowerOffMustBeOff), cmp.Or(power.PowerOn, v1alpha1.PowerOnRestore)
	return off, cmp.Or(time.Duration(power.TimeoutSeconds)*time.Second, defaultShutdown), on
}

// needsPowerOff says whether the machine must be off for its move and is not.
func (s *scope) needsPowerOff(machine *vcenter.Machine) bool {
	return s.method.NeedsOff && machine.PowerState == vcenter.PoweredOn
}

// powerOff takes the next step toward a powered-off machine: the guest is asked first, unless there are no Tools to ask.
func (s *scope) powerOff(ctx context.Context) *outcome.Outcome {
	if o := s.mayPowerOff(ctx); o != nil { // as just read, not as the inventory had it
		return o
	}
	if !s.at.Source.GuestToolsRunning {
		return s.hardOff(ctx)
	}
	_, timeout, _ := powerPolicy(&s.move.Spec)
	machine := s.at.Source
	return s.send(ctx, call{
		kind: v1alpha1.MoveTaskShutdownGuest, at: v1alpha1.MoveSideSource, machine: machine, step: v1alpha1.MoveStepShuttingDown,
		says: "the guest was asked to shut down", starts: true,
		note: func(st *v1alpha1.VirtualMachineMoveStatus, task *v1alpha1.MoveTask) {
			notePoweringOff(st)
			until := metav1.NewMicroTime(later(s.Clock.Now().Add(s.Pace.Real(timeout)), s.book().LostAt(entry(task))))
			task.GuestDeadline = &until
		},
		send: func(ctx context.Context) (vcenter.TaskHandle, error) {
			return vcenter.TaskHandle{}, s.request.Source.Client.ShutdownGuest(ctx, machine.Ref)
		},
		refused: s.powerOffRefused,
	})
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// hardOff takes the power away.
func (s *scope) hardOff(ctx context.Context) *outcome.Outcome {
	machine := s.at.Source
	return s.send(ctx, call{
		kind: v1alpha1.MoveTaskPowerOff, at: v1alpha1.MoveSideSource, machine: machine, step: v1alpha1.MoveStepShuttingDown,
		says: "vCenter is powering the machine off", starts: true,
		note: func(st *v1alpha1.VirtualMachineMoveStatus, _ *v1alpha1.MoveTask) { notePoweringOff(st) },
		send: func(ctx context.Context) (vcenter.TaskHandle, error) {
			return s.request.Source.Client.PowerOff(ctx, machine.Ref)
		},
		refused: s.powerOffRefused,
	})
}

// powerOffRefused takes note of a machine that stays on.
func (s *scope) powerOffRefused(ctx context.Context, fault vcenter.Fault) *outcome.Outcome {
	s.noteLeftOn()
	s.move.Status.Attempts++
	return s.failAttempt(ctx, fault)
}

// followShutdown waits for a guest that was asked to shut down. A cancelled move waits too: the guest cannot be stopped on its way, only be
// powered on again.
func (s *scope) followShutdown(ctx context.Context) *outcome.Outcome {
	if o := s.readPlacement(ctx); o != nil {
		return o
	}
	st := &s.move.Status
	if s.at.Where != movers.AtSource || s.at.Source.PowerState != vcenter.PoweredOn {
		s.dropTask(metrics.Succeeded)
		return nil // it is off, or somebody else moved it: the next steps see
	}
	if wait := s.Clock.Until(st.Task.GuestDeadline.Time); wait > 0 {
		return s.inProgress(v1alpha1.MoveStepShuttingDown, outcome.Wait(v1alpha1.ReasonMoving,
			"the guest was asked to shut down and has until %s", st.Task.GuestDeadline.UTC().Format(time.RFC3339)).In(min(s.Pace.Elapsed(wait), resync)))
	}
	off, timeout, _ := powerPolicy(&s.move.Spec)
	asked := st.Task.State == v1alpha1.OperationAccepted
	if asked {
		s.dropTask(metrics.Failed)
		s.noteLeftOn()
	} else {
		s.dropTask(metrics.Unanswered)
		st.PoweredOffByMove = v1alpha1.PoweredOffByMoveUnknown
	}
	switch {
	case s.intent == intentCancel:
		return nil
	case !asked: // whether the guest was asked is not known: it is asked again
		s.dropTurn()
		s.Turns.Done(s.move.UID)
		return nil
	case off == v1alpha1.PowerOffGuestThenHard:
		return s.hardOff(ctx)
	}
	s.noteFailure(v1alpha1.ReasonShutdownTimedOut, fmt.Sprintf("the guest was asked to shut down and did not within %s: it was left running, as "+
		"power.powerOff Guest says; should it shut down later after all, it stays off. "+
		"Shut it down yourself, allow more with power.timeoutSeconds, or use power.powerOff GuestThenHard; then ask for another try with the annotation %s",
		timeout, v1alpha1.AnnotationRetryRequestedAt))
	return nil
}

// powered decides what a power task that is over has done, by the machine's power and not by the task's word.
func (s *scope) powered(ctx context.Context, progress movers.Progress) *outcome.Outcome {
	if o := s.readPlacement(ctx); o != nil {
		return o
	}
	st := &s.move.Status
	machine := s.at.Source
	if st.Task.At == v1alpha1.MoveSideTarget {
		machine = s.at.Target
	}
	wantOn := st.Task.Kind == v1alpha1.MoveTaskPowerOn
	if machine != nil && (machine.PowerState == vcenter.PoweredOn) != wantOn {
		fault := vcenter.Fault{Type: "PowerStateUnchanged", Class: vcenter.FaultOther,
			Message: "the task ended, and the machine is still " + explain.Power(machine.PowerState)}
		if progress.Fault != nil {
			fault = *progress.Fault
		}
		if wantOn {
			return s.powerOnRefused(fault)
		}
		return s.powerOffRefused(ctx, fault)
	}
	s.dropTask(metrics.Succeeded)
	return nil
}

// mayPowerOff stops a cold move of a machine that runs and may not be powered off.
func (s *scope) mayPowerOff(context.Context) *outcome.Outcome {
	if !s.needsPowerOff(s.at.Source) {
		return nil
	}
	switch off, _, _ := powerPolicy(&s.move.Spec); {
	case off == v1alpha1.PowerOffMustBeOff:
		return s.blocked(v1alpha1.ReasonPowerOffNotAllowed,
			"the machine is running, and power.powerOff is MustBeOff: power it off yourself, or plan the move again with power.powerOff Guest, or with method Live")
	case off == v1alpha1.PowerOffGuest && !s.at.Source.GuestToolsRunning:
		return s.blocked(v1alpha1.ReasonToolsNotRunning,
			"the machine is running without VMware Tools, so its guest cannot be asked to shut down: start Tools, power it off yourself, "+
				"or plan the move again with power.powerOff GuestThenHard")
	}
	return nil
}
