// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package machine

import (
	"context"
	"fmt"
	"time"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/ledger"
	"github.com/avs-operator/avs-operator/controllers/move/movers"
	"github.com/avs-operator/avs-operator/controllers/outcome"
	"github.com/avs-operator/avs-operator/controllers/vcenter"
)

// follow takes the call on record to its end, whatever else is wanted: a task does not stop because nobody looks.
func (p *pass) follow(ctx context.Context) *outcome.Outcome {
	task := p.move.Status.Task
	switch {
	case task == nil:
		return nil
	case task.Format != v1alpha1.MoveTaskFormat:
		return p.foreign(ctx)
	case task.Kind == v1alpha1.MoveTaskShutdownGuest:
		return p.followShutdown(ctx)
	case task.Ref == "":
		if o := p.recover(ctx); o != nil || p.move.Status.Task == nil {
			return o
		}
		task = p.move.Status.Task
	}
	progress, err := movers.TaskState(ctx, p.request, *task)
	if err != nil {
		return outcome.Retry(v1alpha1.ReasonUnreachable, err)
	}
	p.forgotten(task, &progress)
	switch {
	case task.Kind != v1alpha1.MoveTaskRelocate && progress.Over():
		return p.powered(ctx, progress)
	case task.Kind != v1alpha1.MoveTaskRelocate:
		return p.going(p.move.Status.Step, outcome.Wait(v1alpha1.ReasonMoving, "vCenter is changing the machine's power").In(glance))
	case progress.Over():
		return p.relocated(ctx, progress)
	}
	return p.relocating(ctx, progress)
}

// forgotten counts from the first look that found the task forgotten: when it began says nothing about when it ended.
func (p *pass) forgotten(task *v1alpha1.MoveTask, progress *movers.Progress) {
	switch {
	case progress.State != movers.Forgotten:
		task.ForgottenAt = nil
	case task.ForgottenAt == nil:
		task.ForgottenAt = p.now()
		p.log.Info("Task forgotten by vCenter", "machine", p.move.Spec.Machine.Name, "kind", task.Kind, "task", task.Ref)
	default:
		progress.Ended = max(p.Clock.Since(task.ForgottenAt.Time), 0)
	}
}

// worked waits while either vCenter shows work on the machine: nothing is started beside it, whatever is known of who began it.
func (p *pass) worked(ctx context.Context, step v1alpha1.MoveStep) *outcome.Outcome {
	work, err := movers.Work(ctx, p.request, p.at)
	if err != nil {
		return outcome.Retry(v1alpha1.ReasonUnreachable, err)
	}
	if work == "" {
		return nil
	}
	return p.going(step, outcome.Wait(v1alpha1.ReasonMachineBusy, "the machine is being worked on, and nothing else is started meanwhile: %s", work).In(ledger.Settling.Bound/12))
}

// relocating follows a relocation that runs, and cancels one that is not wanted any more.
func (p *pass) relocating(ctx context.Context, progress movers.Progress) *outcome.Outcome {
	s := &p.move.Status
	if p.wish == wishCancel {
		if !progress.Cancelled {
			if err := p.mover.Cancel(ctx, p.request, *s.Task); err != nil {
				return outcome.Retry(v1alpha1.ReasonUnreachable, err)
			}
			p.log.Info("Cancelled relocation", "machine", p.move.Spec.Machine.Name, "task", s.Task.Ref)
		}
		return p.going(v1alpha1.MoveStepRelocating, outcome.Wait(v1alpha1.ReasonCancelled, "vCenter was asked to cancel the relocation (%s)", s.Task.Ref).In(glance/2))
	}
	const step = 10 // percent: progress reaches status in steps, not streams
	if reached := min(progress.Percent, 99) / step * step; reached > s.Progress {
		s.Progress = reached
		s.BytesMoved = s.BytesTotal / 100 * int64(reached)
	}
	if o := p.standing(progress); o != nil {
		return o
	}
	said := fmt.Sprintf("vCenter is relocating the machine (%s)", s.Task.Ref)
	if progress.State == movers.Queued {
		said = fmt.Sprintf("vCenter has queued the relocation (%s): other operations use the same hosts or datastores", s.Task.Ref)
	}
	return p.going(v1alpha1.MoveStepRelocating, outcome.Wait(v1alpha1.ReasonMoving, "%s", said).In(glance/2))
}

// relocated decides what a relocation that is over has done. What vCenter says of the task is heard; where the machine is, is read.
func (p *pass) relocated(ctx context.Context, progress movers.Progress) *outcome.Outcome {
	if o := p.read(ctx); o != nil {
		return o
	}
	s := &p.move.Status
	settled := progress.Ended >= ledger.Settling.Real(p.Pace)
	switch {
	case p.at.Where == movers.AtTarget:
		s.Task, s.TargetRef = nil, p.at.Target.Ref
		return nil
	case p.at.Where == movers.AtSource && progress.State == movers.Failed:
		return p.fail(ctx, *progress.Fault)
	case !settled:
		return p.going(v1alpha1.MoveStepVerifying, outcome.Wait(v1alpha1.ReasonMoving,
			"the relocation (%s) is over, and the machine does not show at the target alone yet: waiting for both vCenters to settle", s.Task.Ref).In(ledger.Settling.Bound/12))
	case p.at.Where == movers.AtSource:
		if o := p.worked(ctx, v1alpha1.MoveStepVerifying); o != nil {
			return o
		}
		return p.fail(ctx, vcenter.Fault{Type: "NothingMoved", Class: vcenter.FaultOther,
			Message: fmt.Sprintf("the relocation (%s) ended as %s, yet the machine is still at the source", s.Task.Ref, progress.State)})
	}
	return p.riddle()
}

// recover finds out what became of a call whose answer was lost. It looks only when the call cannot be made any more, so that what it finds
// stays true.
func (p *pass) recover(ctx context.Context) *outcome.Outcome {
	s := &p.move.Status
	if wait := p.Clock.Until(p.lostAt(s.Task)); wait > 0 {
		return p.going(s.Step, outcome.Wait(v1alpha1.ReasonMoving,
			"the answer to the call %s is not on record: vCenter is looked at when that call cannot arrive any more", s.Task.Kind).In(p.Pace.Elapsed(wait)))
	}
	ref, err := movers.Find(ctx, p.request, *s.Task)
	if err != nil {
		return outcome.Retry(v1alpha1.ReasonUnreachable, err)
	}
	if ref != "" {
		p.log.Info("Found task again", "machine", p.move.Spec.Machine.Name, "kind", s.Task.Kind, "task", ref)
		s.Task.Ref, s.Task.State = ref, v1alpha1.OperationAccepted
		return p.save(ctx)
	}
	if s.Task.Kind == v1alpha1.MoveTaskPowerOff { // whether it comes after all is not known: it is called again if the machine runs
		s.PoweredOffByMove = v1alpha1.PoweredOffByMoveUnknown
		p.ungrant()
		p.Turns.Done(p.move.UID)
	}
	if s.Task.Kind != v1alpha1.MoveTaskRelocate {
		s.Task = nil // the power state tells the rest
		return nil
	}
	return p.unfound(ctx)
}

// unfound decides about a relocation of which vCenter knows no task: the machine itself tells whether there was one.
func (p *pass) unfound(ctx context.Context) *outcome.Outcome {
	if o := p.read(ctx); o != nil {
		return o
	}
	s := &p.move.Status
	switch {
	case p.at.Where == movers.AtSource:
		if o := p.worked(ctx, v1alpha1.MoveStepVerifying); o != nil {
			return o // of a task that nothing tells to be ours
		}
		p.log.Info("Call never arrived", "machine", p.move.Spec.Machine.Name, "kind", s.Task.Kind)
		s.Task, s.Attempts = nil, max(s.Attempts-1, 0)
		return nil
	case p.at.Where == movers.AtTarget:
		s.Task, s.TargetRef = nil, p.at.Target.Ref
		return nil
	case p.Clock.Since(p.lostAt(s.Task)) < ledger.Settling.Real(p.Pace):
		return p.going(v1alpha1.MoveStepVerifying, outcome.Wait(v1alpha1.ReasonMoving,
			"a relocation may just have ended: waiting for both vCenters to settle").In(ledger.Settling.Bound/12))
	}
	return p.riddle()
}

// lostAt is when a call without an answer counts as lost.
func (p *pass) lostAt(task *v1alpha1.MoveTask) time.Time {
	return ledger.LostAt(p.Pace, task.Deadline.Time)
}

// foreign meets a record that another version wrote: what it means is not guessed. The machine is left alone while vCenter works on it.
func (p *pass) foreign(ctx context.Context) *outcome.Outcome {
	if o := p.read(ctx); o != nil {
		return o
	}
	if p.at.Where != movers.AtTarget && p.at.Where != movers.AtSource {
		return p.riddle()
	}
	if o := p.worked(ctx, v1alpha1.MoveStepRelocating); o != nil {
		return o
	}
	if wait := p.Clock.Until(p.lostAt(p.move.Status.Task)); wait > 0 {
		return p.going(v1alpha1.MoveStepRelocating, outcome.Wait(v1alpha1.ReasonMoving, "a call of another version may still arrive").In(p.Pace.Elapsed(wait)))
	}
	p.move.Status.Task = nil
	return nil
}
