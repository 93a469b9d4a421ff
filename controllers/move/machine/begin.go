// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package machine

import (
	"context"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/outcome"
	"github.com/avs-operator/avs-operator/controllers/vcenter"
)

// turn waits until vCenter has room for the machine on both sides. A grant is stored with the record that it leads to.
func (s *scope) turn(ctx context.Context) *outcome.Outcome {
	st := &s.move.Status
	if st.GrantedAt != nil {
		return nil
	}
	grant, o := s.Turns.Ask(ctx, s.move)
	if o != nil {
		return o
	}
	if !grant.OK {
		waits := grant.Waits
		if waits == "" {
			waits = "other machines go first"
		}
		return s.inProgress(v1alpha1.MoveStepWaiting, outcome.Wait(v1alpha1.ReasonWaitingForTurn, "%s", waits).In(resync))
	}
	st.GrantedAt = s.now()
	st.Host, st.SourceHost = reference(grant.Host), reference(grant.SourceHost)
	s.request.Host = grant.Host.Ref
	return nil
}

func reference(r v1alpha1.InventoryReference) *v1alpha1.InventoryReference {
	if r.Ref == "" {
		return nil
	}
	return &r
}

// start starts what is next for a machine that may start: it is read at both vCenters, checked, powered off if it is to move cold, and
// relocated. A grant that leads to no record is given back, so that another machine can use it; while vCenter checks it is kept, because
// another grant would be for another host, and another check.
func (s *scope) start(ctx context.Context) *outcome.Outcome {
	o := s.advance(ctx)
	if o == nil {
		o = s.revert(ctx) // an attempt failed before or at its start
	}
	if st := &s.move.Status; st.Task == nil && s.before.Status.GrantedAt == nil && st.GrantedAt != nil && !s.checking {
		s.dropTurn()
		s.Turns.Forget(s.move.UID)
	}
	return o
}

func (s *scope) advance(ctx context.Context) *outcome.Outcome {
	if o := s.readPlacement(ctx); o != nil {
		return o
	}
	if o := s.atSource(ctx); o != nil {
		return o
	}
	if s.at.Source.RelocateDisabled {
		return s.inProgress(v1alpha1.MoveStepWaiting, outcome.Wait(v1alpha1.ReasonMachineBusy,
			"vCenter does not let the machine be moved now: another operation works on it, or a backup holds it").In(resync))
	}
	if s.move.Status.StartedAt != nil { // not the first call: what an earlier one began must have ended on both sides
		if o := s.waitForWork(ctx, v1alpha1.MoveStepWaiting); o != nil {
			return o
		}
	}
	if o := s.recheck(ctx); o != nil {
		return o
	}
	var o *outcome.Outcome
	if s.request.Locator, o = s.VCenters.Locator(ctx, s.move.Namespace, s.move.Spec.Target.VCenterRef.Name); o != nil {
		return outcome.Wait(v1alpha1.ReasonReferenceNotReady, "VCenter %s cannot receive machines now (%s): %s",
			s.move.Spec.Target.VCenterRef.Name, o.Reason, o.Message).In(max(o.After, resync))
	}
	if o := s.check(ctx); o != nil || s.move.Status.Failure != nil {
		return o
	}
	if s.needsPowerOff(s.at.Source) {
		return s.powerOff(ctx)
	}
	return s.relocate(ctx)
}

// relocate starts the relocation.
func (s *scope) relocate(ctx context.Context) *outcome.Outcome {
	at := s.at
	return s.send(ctx, call{
		kind: v1alpha1.MoveTaskRelocate, at: v1alpha1.MoveSideSource, machine: at.Source, step: v1alpha1.MoveStepRelocating,
		says: "vCenter is relocating the machine", starts: true,
		note: func(st *v1alpha1.VirtualMachineMoveStatus, _ *v1alpha1.MoveTask) {
			st.Attempts++
			st.Progress, st.BytesMoved = 0, 0
		},
		send:    func(ctx context.Context) (vcenter.TaskHandle, error) { return s.mover.Start(ctx, s.request, at) },
		refused: s.failAttempt,
	})
}
