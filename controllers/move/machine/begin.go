// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package machine

import (
	"context"
	"time"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/move/movers"
	"github.com/avs-operator/avs-operator/controllers/outcome"
	"github.com/avs-operator/avs-operator/controllers/vcenter"
)

// pause lets the time between two attempts pass.
func (p *pass) pause(context.Context) *outcome.Outcome {
	s := &p.move.Status
	if s.RetryAfter == nil {
		return nil
	}
	wait := p.Clock.Until(s.RetryAfter.Time)
	if wait <= 0 {
		return nil
	}
	return p.going(v1alpha1.MoveStepWaiting, outcome.Wait(s.Failure.Reason, "attempt %d of %d failed: %s. It is tried again at %s",
		s.Attempts, attempts, s.Failure.Message, s.RetryAfter.UTC().Format(time.RFC3339)).In(p.Pace.Elapsed(wait)))
}

// permit stops a cold move of a machine that runs and may not be powered off.
func (p *pass) permit(context.Context) *outcome.Outcome {
	if !p.toPowerOff(p.at.Source) {
		return nil
	}
	switch off, _, _ := powerOf(&p.move.Spec); {
	case off == v1alpha1.PowerOffMustBeOff:
		return p.blocked(v1alpha1.ReasonPowerOffNotAllowed,
			"the machine is running, and power.powerOff is MustBeOff: power it off yourself, or plan the move again with power.powerOff Guest, or with method Live")
	case off == v1alpha1.PowerOffGuest && !p.at.Source.GuestToolsRunning:
		return p.blocked(v1alpha1.ReasonToolsNotRunning,
			"the machine is running without VMware Tools, so its guest cannot be asked to shut down: start Tools, power it off yourself, or plan the move again with power.powerOff GuestThenHard")
	}
	return nil
}

// present stops here unless the machine is at the source, and nowhere else: no step beyond is about any other.
func (p *pass) present(context.Context) *outcome.Outcome {
	if p.at.Where == movers.AtSource {
		return nil
	}
	if o := p.riddle(); o != nil {
		return o
	}
	return p.again("the machine moved meanwhile")
}

// turn waits until vCenter has room for the machine on both sides. A grant is stored with the record that it leads to.
func (p *pass) turn(ctx context.Context) *outcome.Outcome {
	s := &p.move.Status
	if s.GrantedAt != nil {
		return nil
	}
	grant, o := p.Turns.Ask(ctx, p.move)
	if o != nil {
		return o
	}
	if !grant.OK {
		waits := grant.Waits
		if waits == "" {
			waits = "other machines go first"
		}
		return p.going(v1alpha1.MoveStepWaiting, outcome.Wait(v1alpha1.ReasonWaitingForTurn, "%s", waits).In(glance))
	}
	s.GrantedAt = p.now()
	s.Host, s.SourceHost = reference(grant.Host), reference(grant.SourceHost)
	p.request.Host = grant.Host.Ref
	return nil
}

func reference(r v1alpha1.InventoryReference) *v1alpha1.InventoryReference {
	if r.Ref == "" {
		return nil
	}
	return &r
}

// begin starts what is next for a machine that may start: it is read at both vCenters, checked, powered off if it is to move cold, and
// relocated. A grant that leads to no record is given back, so that another machine can use it; while vCenter checks it is kept, because
// another grant would be for another host, and another check.
func (p *pass) begin(ctx context.Context) *outcome.Outcome {
	o := p.advance(ctx)
	if o == nil {
		o = p.giveUp(ctx) // an attempt failed before or at its start
	}
	if s := &p.move.Status; s.Task == nil && p.before.Status.GrantedAt == nil && s.GrantedAt != nil && !p.checking {
		p.ungrant()
		p.Turns.Forget(p.move.UID)
	}
	return o
}

// ungrant takes the machine's turn out of the status.
func (p *pass) ungrant() {
	s := &p.move.Status
	s.GrantedAt, s.Host, s.SourceHost = nil, nil, nil
}

func (p *pass) advance(ctx context.Context) *outcome.Outcome {
	if o := p.read(ctx); o != nil {
		return o
	}
	if o := p.present(ctx); o != nil {
		return o
	}
	if p.at.Source.RelocateDisabled {
		return p.going(v1alpha1.MoveStepWaiting, outcome.Wait(v1alpha1.ReasonMachineBusy,
			"vCenter does not let the machine be moved now: another operation works on it, or a backup holds it").In(glance))
	}
	if p.move.Status.StartedAt != nil { // not the first call: what an earlier one began must have ended on both sides
		if o := p.worked(ctx, v1alpha1.MoveStepWaiting); o != nil {
			return o
		}
	}
	if o := p.recheck(ctx); o != nil {
		return o
	}
	var o *outcome.Outcome
	if p.request.Locator, o = p.VCenters.Locator(ctx, p.move.Namespace, p.move.Spec.Target.VCenterRef.Name); o != nil {
		return outcome.Wait(v1alpha1.ReasonReferenceNotReady, "VCenter %s cannot receive machines now (%s): %s",
			p.move.Spec.Target.VCenterRef.Name, o.Reason, o.Message).In(max(o.After, glance))
	}
	if o := p.check(ctx); o != nil || p.move.Status.Failure != nil {
		return o
	}
	if p.toPowerOff(p.at.Source) {
		return p.powerOff(ctx)
	}
	return p.relocate(ctx)
}

// check asks vCenter whether the relocation would work. A machine that is to move cold is asked about twice: before it is powered off, because
// one that was powered off for a move that cannot work has been down for nothing, and once it is off, because only then vCenter answers for
// a machine that is off. One that cannot go then is powered on again, here.
func (p *pass) check(ctx context.Context) *outcome.Outcome {
	s := &p.move.Status
	s.Failure, s.RetryAfter = nil, nil
	faults, err := p.mover.Check(ctx, p.request, p.at)
	if vcenter.ClassOf(err) == vcenter.Pending {
		p.checking = true
		return p.going(v1alpha1.MoveStepWaiting, outcome.Wait(v1alpha1.ReasonMoving, "vCenter is checking whether the machine can be moved").In(checkPause))
	}
	if err != nil && faultIn(err) == nil {
		return outcome.Retry(v1alpha1.ReasonUnreachable, err)
	}
	if err != nil {
		faults = []vcenter.Fault{faultOf(err)}
	}
	faults, o := p.unchecked(p.waive(faults))
	if o != nil {
		return o
	}
	if len(faults) == 0 {
		return nil
	}
	s.Attempts++
	return p.fail(ctx, faults[0])
}

// relocate starts the relocation.
func (p *pass) relocate(ctx context.Context) *outcome.Outcome {
	at := p.at
	return p.make(ctx, call{
		kind: v1alpha1.MoveTaskRelocate, at: v1alpha1.MoveSideSource, machine: at.Source, step: v1alpha1.MoveStepRelocating,
		says: "vCenter is relocating the machine", starts: true,
		note: func(s *v1alpha1.VirtualMachineMoveStatus, _ *v1alpha1.MoveTask) {
			s.Attempts++
			s.Progress, s.BytesMoved = 0, 0
		},
		make: func(ctx context.Context) (vcenter.TaskHandle, error) { return p.mover.Start(ctx, p.request, at) },
	})
}
