// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package machine

import (
	"context"
	"strings"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/connect/vcenters"
	"github.com/avs-operator/avs-operator/controllers/ledger"
	"github.com/avs-operator/avs-operator/controllers/move/method"
	"github.com/avs-operator/avs-operator/controllers/move/movers"
	"github.com/avs-operator/avs-operator/controllers/move/movers/all"
	"github.com/avs-operator/avs-operator/controllers/outcome"
)

// connect finds both vCenters. A machine that nothing was done with needs neither to be cancelled.
func (s *scope) connect(ctx context.Context) *outcome.Outcome {
	st := &s.move.Status
	if s.intent == intentCancel && st.StartedAt == nil && !st.Begun() {
		return s.cancelled("nothing had been started: the machine stays where it is")
	}
	var o *outcome.Outcome
	if o = s.chooseMover(); o != nil {
		return o
	}
	if s.request.Source, o = s.vcenter(ctx, s.move.Spec.Source.VCenterRef.Name, s.move.Spec.Source.VCenterInstanceUUID); o != nil {
		return o
	}
	if s.request.Target, o = s.vcenter(ctx, s.move.Spec.Target.VCenterRef.Name, s.move.Spec.Target.VCenterInstanceUUID); o != nil {
		return o
	}
	s.request.Spec = &s.move.Spec
	if st.Host != nil {
		s.request.Host = st.Host.Ref
	}
	return nil
}

// chooseMover finds what the machine's method needs, and its mover. A machine that a newer version of the operator was to move, or is moving, is
// left alone: another mover would do with it what nobody asked for.
func (s *scope) chooseMover() *outcome.Outcome {
	var known, moves bool
	s.method, known = method.Named(s.move.Spec.Method)
	s.mover, moves = all.Movers[s.move.Spec.Method]
	switch {
	case known && moves:
		return nil
	case s.move.Status.StartedAt != nil:
		return s.blocked(v1alpha1.ReasonInvalidSpec, "this version of the operator does not know the method %s, by which another version began to move "+
			"the machine (it knows %s): "+
			"nothing is done with the machine. Install that version of the operator again, which takes the move to its end", s.move.Spec.Method, method.Names())
	}
	return s.blocked(v1alpha1.ReasonInvalidSpec, "this version of the operator does not know the method %s (it knows %s): nothing is done with the machine. "+
		"Install the version that made this object, or set another method in the WorkloadMove and delete this object, so that it is made anew",
		s.move.Spec.Method, method.Names())
}

// taskState reads how far the call on record is. A relocation is its mover's; power tasks are the same with every mover.
func (s *scope) taskState(ctx context.Context, task v1alpha1.MoveTask) (movers.Progress, error) {
	if task.Kind == v1alpha1.MoveTaskRelocate {
		return s.mover.State(ctx, s.request, task)
	}
	return movers.TaskState(ctx, s.request, task)
}

// findTask looks for the task of the call on record, whose answer was lost.
func (s *scope) findTask(ctx context.Context, task v1alpha1.MoveTask) (string, error) {
	if task.Kind == v1alpha1.MoveTaskRelocate {
		return s.mover.Find(ctx, s.request, task)
	}
	return movers.Find(ctx, s.request, task)
}

// vcenter is one vCenter, with the identity that the plan was made for: references of another would mean other machines.
func (s *scope) vcenter(ctx context.Context, name, instanceUUID string) (*vcenters.Connected, *outcome.Outcome) {
	c, o := s.VCenters.Get(ctx, s.move.Namespace, name)
	if o != nil {
		wait := outcome.Wait(v1alpha1.ReasonReferenceNotReady, "VCenter %s cannot be used now (%s): %s", name, o.Reason, o.Message).In(max(o.After, resync))
		wait.Quiet = o.Quiet
		return nil, wait
	}
	if is := c.Client.About().InstanceUUID; !strings.EqualFold(is, instanceUUID) {
		return nil, outcome.Stall(v1alpha1.ReasonIdentityChanged,
			"VCenter %s leads to vCenter %s now, while this move was planned with %s: nothing is done. "+
				"Correct the VCenter, or delete this object to have it planned again", name, is, instanceUUID)
	}
	return c, nil
}

// locate finds where the machine is: by the inventories, and directly where they say anything but the ordinary.
func (s *scope) locate(ctx context.Context) *outcome.Outcome {
	if s.direct {
		return nil
	}
	if s.at = movers.Cached(s.request); s.at.Where == movers.AtSource {
		s.noteFoundOff()
		return nil
	}
	if o := s.readPlacement(ctx); o != nil || s.intent == intentCancel {
		return o
	}
	return s.misplaced()
}

// readPlacement reads at both vCenters where the machine is.
func (s *scope) readPlacement(ctx context.Context) *outcome.Outcome {
	at, err := s.mover.Locate(ctx, s.request)
	if err != nil {
		return outcome.Retry(v1alpha1.ReasonUnreachable, err)
	}
	s.at, s.direct = at, true
	s.noteFoundOff()
	return nil
}

// misplaced says what stops a machine that is not at exactly one of the two vCenters.
func (s *scope) misplaced() *outcome.Outcome {
	switch s.at.Where {
	case movers.Neither:
		return s.blocked(v1alpha1.ReasonMachineLostFromView,
			"neither vCenter shows the machine with instance UUID %s: it was deleted, or the account may not see it. "+
				"Nothing is done until it shows again", s.move.Spec.Machine.InstanceUUID)
	case movers.Both:
		return s.blocked(v1alpha1.ReasonMachineAtBoth,
			"both vCenters show a machine with instance UUID %s: %s at the source and %s at the target. Remove the one that is not wanted",
			s.move.Spec.Machine.InstanceUUID, s.at.Source.Ref, s.at.Target.Ref)
	case movers.Unknown:
		return s.blocked(v1alpha1.ReasonAmbiguousMachine,
			"a vCenter shows more than one machine with instance UUID %s: remove the copies, or give them another instance UUID", s.move.Spec.Machine.InstanceUUID)
	default:
		return nil
	}
}

// atSource stops here unless the machine is at the source, and nowhere else: no step beyond is about any other.
func (s *scope) atSource(context.Context) *outcome.Outcome {
	if s.at.Where == movers.AtSource {
		return nil
	}
	if o := s.misplaced(); o != nil {
		return o
	}
	return s.requeue("the machine moved meanwhile")
}

// waitForWork waits while either vCenter shows work on the machine: nothing is started beside it, whatever is known of who began it.
func (s *scope) waitForWork(ctx context.Context, step v1alpha1.MoveStep) *outcome.Outcome {
	work, err := movers.Work(ctx, s.request, s.at)
	if err != nil {
		return outcome.Retry(v1alpha1.ReasonUnreachable, err)
	}
	if work == "" {
		return nil
	}
	return s.inProgress(step, outcome.Wait(v1alpha1.ReasonMachineBusy, "the machine is being worked on, and nothing else is started meanwhile: %s",
		work).In(ledger.Settling.Bound/12))
}
