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
	"github.com/avs-operator/avs-operator/controllers/move/movers"
	"github.com/avs-operator/avs-operator/controllers/move/movers/cold"
	"github.com/avs-operator/avs-operator/controllers/outcome"
	"github.com/avs-operator/avs-operator/controllers/vcenter"
)

// Power states, as vSphere writes them.
const (
	powerStateOn  = "poweredOn"
	powerStateOff = cold.PoweredOff
)

// defaultShutdown is how long a guest has to shut down, in vCenter's time.
var defaultShutdown = ledger.Guest.Bound

// powerOf is how a machine may be powered off and on, with what the spec leaves out decided.
func powerOf(spec *v1alpha1.VirtualMachineMoveSpec) (off v1alpha1.PowerOff, timeout time.Duration, on v1alpha1.PowerOn) {
	power := v1alpha1.MovePower{}
	if spec.Power != nil {
		power = *spec.Power
	}
	off, on = cmp.Or(power.PowerOff, v1alpha1.PowerOffMustBeOff), cmp.Or(power.PowerOn, v1alpha1.PowerOnRestore)
	return off, cmp.Or(time.Duration(power.TimeoutSeconds)*time.Second, defaultShutdown), on
}

// toPowerOff says whether the machine must be off for its move and is not. A Live move never powers a machine off.
func (p *pass) toPowerOff(machine *vcenter.Machine) bool {
	return p.move.Spec.Method == v1alpha1.MoveMethodCold && machine.PowerState == powerStateOn
}

// powerOff takes the next step toward a powered-off machine: the guest is asked first, unless there are no Tools to ask.
func (p *pass) powerOff(ctx context.Context) *outcome.Outcome {
	if o := p.permit(ctx); o != nil { // as just read, not as the inventory had it
		return o
	}
	if !p.at.Source.GuestToolsRunning {
		return p.hardOff(ctx)
	}
	_, timeout, _ := powerOf(&p.move.Spec)
	machine := p.at.Source
	return p.make(ctx, call{
		kind: v1alpha1.MoveTaskShutdownGuest, at: v1alpha1.MoveSideSource, machine: machine, step: v1alpha1.MoveStepShuttingDown,
		says: "the guest was asked to shut down", starts: true,
		note: func(s *v1alpha1.VirtualMachineMoveStatus, task *v1alpha1.MoveTask) {
			goesOff(s)
			until := metav1.NewMicroTime(later(p.Clock.Now().Add(p.Pace.Real(timeout)), p.lostAt(task)))
			task.GuestDeadline = &until
		},
		make: func(ctx context.Context) (vcenter.TaskHandle, error) {
			return vcenter.TaskHandle{}, p.request.Source.Client.ShutdownGuest(ctx, machine.Ref)
		},
	})
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// hardOff takes the power away.
func (p *pass) hardOff(ctx context.Context) *outcome.Outcome {
	machine := p.at.Source
	return p.make(ctx, call{
		kind: v1alpha1.MoveTaskPowerOff, at: v1alpha1.MoveSideSource, machine: machine, step: v1alpha1.MoveStepShuttingDown,
		says: "vCenter is powering the machine off", starts: true,
		note: func(s *v1alpha1.VirtualMachineMoveStatus, _ *v1alpha1.MoveTask) { goesOff(s) },
		make: func(ctx context.Context) (vcenter.TaskHandle, error) {
			return p.request.Source.Client.PowerOff(ctx, machine.Ref)
		},
	})
}

// followShutdown waits for a guest that was asked to shut down. A cancelled move waits too: the guest cannot be stopped on its way, only be
// powered on again.
func (p *pass) followShutdown(ctx context.Context) *outcome.Outcome {
	if o := p.read(ctx); o != nil {
		return o
	}
	s := &p.move.Status
	if p.at.Where != movers.AtSource || p.at.Source.PowerState != powerStateOn {
		s.Task = nil
		return nil // it is off, or somebody else moved it: the next steps see
	}
	if wait := p.Clock.Until(s.Task.GuestDeadline.Time); wait > 0 {
		return p.going(v1alpha1.MoveStepShuttingDown, outcome.Wait(v1alpha1.ReasonMoving,
			"the guest was asked to shut down and has until %s", s.Task.GuestDeadline.UTC().Format(time.RFC3339)).In(min(p.Pace.Elapsed(wait), glance)))
	}
	off, timeout, _ := powerOf(&p.move.Spec)
	asked := s.Task.State == v1alpha1.OperationAccepted
	s.Task = nil
	if asked {
		p.leftOn()
	} else {
		s.PoweredOffByMove = v1alpha1.PoweredOffByMoveUnknown
	}
	switch {
	case p.wish == wishCancel:
		return nil
	case !asked: // whether the guest was asked is not known: it is asked again
		p.ungrant()
		p.Turns.Done(p.move.UID)
		return nil
	case off == v1alpha1.PowerOffGuestThenHard:
		return p.hardOff(ctx)
	}
	p.failed(v1alpha1.ReasonShutdownTimedOut, fmt.Sprintf("the guest was asked to shut down and did not within %s: it was left running, as power.powerOff Guest says; should it shut down later after all, it stays off. "+
		"Shut it down yourself, allow more with power.timeoutSeconds, or use power.powerOff GuestThenHard; then ask for another try with the annotation %s",
		timeout, v1alpha1.AnnotationRetryRequestedAt))
	return nil
}

// powered decides what a power task that is over has done, by the machine's power and not by the task's word.
func (p *pass) powered(ctx context.Context, progress movers.Progress) *outcome.Outcome {
	if o := p.read(ctx); o != nil {
		return o
	}
	s := &p.move.Status
	machine := p.at.Source
	if s.Task.At == v1alpha1.MoveSideTarget {
		machine = p.at.Target
	}
	wantOn := s.Task.Kind == v1alpha1.MoveTaskPowerOn
	if machine != nil && (machine.PowerState == powerStateOn) != wantOn {
		fault := vcenter.Fault{Type: "PowerStateUnchanged", Class: vcenter.FaultOther, Message: "the task ended, and the machine is still " + powerWords(machine.PowerState)}
		if progress.Fault != nil {
			fault = *progress.Fault
		}
		if wantOn {
			return p.notPoweredOn(fault)
		}
		p.leftOn()
		s.Attempts++
		return p.fail(ctx, fault)
	}
	s.Task = nil
	return nil
}
