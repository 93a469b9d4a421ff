// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package machine

import (
	"context"
	"fmt"
	"time"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/ledger"
	"github.com/avs-operator/avs-operator/controllers/metrics"
	"github.com/avs-operator/avs-operator/controllers/move/movers"
	"github.com/avs-operator/avs-operator/controllers/outcome"
	"github.com/avs-operator/avs-operator/controllers/vcenter"
)

// follow takes the call on record to its end, whatever else is wanted: a task does not stop because nobody looks.
func (s *scope) follow(ctx context.Context) *outcome.Outcome {
	task := s.move.Status.Task
	switch {
	case task == nil:
		return nil
	case task.Format != v1alpha1.MoveTaskFormat:
		return s.unknownFormat(ctx)
	case task.Kind == v1alpha1.MoveTaskShutdownGuest:
		return s.followShutdown(ctx)
	case task.Ref == "":
		if o := s.findLost(ctx); o != nil || s.move.Status.Task == nil {
			return o
		}
		task = s.move.Status.Task
	}
	progress, err := s.taskState(ctx, *task)
	if err != nil {
		return outcome.Retry(v1alpha1.ReasonUnreachable, err)
	}
	s.noteForgotten(task, &progress)
	switch {
	case task.Kind != v1alpha1.MoveTaskRelocate && progress.Over():
		return s.powered(ctx, progress)
	case task.Kind != v1alpha1.MoveTaskRelocate:
		return s.inProgress(s.move.Status.Step, outcome.Wait(v1alpha1.ReasonMoving, "vCenter is changing the machine's power").In(resync))
	case progress.Over():
		return s.relocated(ctx, progress)
	}
	return s.relocating(ctx, progress)
}

// noteForgotten counts from the first look that found the task forgotten: when it began says nothing about when it ended.
func (s *scope) noteForgotten(task *v1alpha1.MoveTask, progress *movers.Progress) {
	switch {
	case progress.State != movers.Forgotten:
		task.ForgottenAt = nil
	case task.ForgottenAt == nil:
		task.ForgottenAt = s.now()
		s.log.Info("Task forgotten by vCenter", "machine", s.move.Spec.Machine.Name, "kind", task.Kind, "task", task.Ref)
	default:
		progress.Ended = max(s.Clock.Since(task.ForgottenAt.Time), 0)
	}
}

// relocating follows a relocation that runs, and cancels one that is not wanted any more.
func (s *scope) relocating(ctx context.Context, progress movers.Progress) *outcome.Outcome {
	st := &s.move.Status
	if s.intent == intentCancel {
		if !progress.Cancelled {
			if err := s.mover.Cancel(ctx, s.request, *st.Task); err != nil {
				return outcome.Retry(v1alpha1.ReasonUnreachable, err)
			}
			s.log.Info("Cancelled relocation", "machine", s.move.Spec.Machine.Name, "task", st.Task.Ref)
		}
		return s.inProgress(v1alpha1.MoveStepRelocating, outcome.Wait(v1alpha1.ReasonCancelled, "vCenter was asked to cancel the relocation (%s)",
			st.Task.Ref).In(resync/2))
	}
	const step = 10 // percent: progress reaches status in steps, not streams
	if reached := min(progress.Percent, 99) / step * step; reached > st.Progress {
		st.Progress = reached
		st.BytesMoved = st.BytesTotal / 100 * int64(reached)
	}
	if o := s.noProgress(progress); o != nil {
		return o
	}
	said := fmt.Sprintf("vCenter is relocating the machine (%s)", st.Task.Ref)
	if progress.State == movers.Queued {
		said = fmt.Sprintf("vCenter has queued the relocation (%s): other operations use the same hosts or datastores", st.Task.Ref)
	}
	return s.inProgress(v1alpha1.MoveStepRelocating, outcome.Wait(v1alpha1.ReasonMoving, "%s", said).In(resync/2))
}

// relocated decides what a relocation that is over has done. The task's own word is not enough: where the machine is, is read at both vCenters.
func (s *scope) relocated(ctx context.Context, progress movers.Progress) *outcome.Outcome {
	if o := s.readPlacement(ctx); o != nil {
		return o
	}
	st := &s.move.Status
	settled := progress.Ended >= ledger.Settling.Real(s.Pace)
	switch {
	case s.at.Where == movers.AtTarget:
		s.dropTask(metrics.Succeeded)
		st.TargetRef = s.at.Target.Ref
		return nil
	case s.at.Where == movers.AtSource && progress.State == movers.Failed:
		return s.failAttempt(ctx, *progress.Fault)
	case !settled:
		return s.inProgress(v1alpha1.MoveStepVerifying, outcome.Wait(v1alpha1.ReasonMoving,
			"the relocation (%s) is over, and the machine does not show at the target alone yet: waiting for both vCenters to settle", st.Task.Ref).
			In(ledger.Settling.Bound/12))
	case s.at.Where == movers.AtSource:
		if o := s.waitForWork(ctx, v1alpha1.MoveStepVerifying); o != nil {
			return o
		}
		return s.failAttempt(ctx, vcenter.Fault{Type: "NothingMoved", Class: vcenter.FaultOther,
			Message: fmt.Sprintf("the relocation (%s) ended as %s, yet the machine is still at the source", st.Task.Ref, progress.State)})
	}
	return s.misplaced()
}

// findLost finds out what became of a call whose answer was lost.
func (s *scope) findLost(ctx context.Context) *outcome.Outcome {
	if found, o := s.lookUp(ctx); found || o != nil {
		return o
	}
	st := &s.move.Status
	if st.Task.Kind == v1alpha1.MoveTaskPowerOff { // whether it comes after all is not known: it is called again if the machine runs
		st.PoweredOffByMove = v1alpha1.PoweredOffByMoveUnknown
		s.dropTurn()
		s.Turns.Done(s.move.UID)
	}
	if st.Task.Kind != v1alpha1.MoveTaskRelocate {
		s.dropTask(metrics.Unanswered) // the power state tells the rest
		return nil
	}
	return s.taskNotFound(ctx)
}

// taskNotFound decides about a relocation of which vCenter knows no task: the machine itself tells whether there was one.
func (s *scope) taskNotFound(ctx context.Context) *outcome.Outcome {
	if o := s.readPlacement(ctx); o != nil {
		return o
	}
	st := &s.move.Status
	switch {
	case s.at.Where == movers.AtSource:
		if o := s.waitForWork(ctx, v1alpha1.MoveStepVerifying); o != nil {
			return o // of a task that nothing tells to be ours
		}
		s.log.Info("Call never arrived", "machine", s.move.Spec.Machine.Name, "kind", st.Task.Kind)
		s.dropTask(metrics.Unsent)
		st.Attempts = max(st.Attempts-1, 0)
		return nil
	case s.at.Where == movers.AtTarget:
		s.dropTask(metrics.Succeeded)
		st.TargetRef = s.at.Target.Ref
		return nil
	case s.Clock.Since(s.book().LostAt(entry(st.Task))) < ledger.Settling.Real(s.Pace):
		return s.inProgress(v1alpha1.MoveStepVerifying, outcome.Wait(v1alpha1.ReasonMoving,
			"a relocation may just have ended: waiting for both vCenters to settle").In(ledger.Settling.Bound/12))
	}
	return s.misplaced()
}

// unknownFormat meets a record that another version wrote: what it means is not guessed. The machine is left alone while vCenter works on it.
func (s *scope) unknownFormat(ctx context.Context) *outcome.Outcome {
	if o := s.readPlacement(ctx); o != nil {
		return o
	}
	if s.at.Where != movers.AtTarget && s.at.Where != movers.AtSource {
		return s.misplaced()
	}
	if o := s.waitForWork(ctx, v1alpha1.MoveStepRelocating); o != nil {
		return o
	}
	if wait := s.Clock.Until(s.book().LostAt(entry(s.move.Status.Task))); wait > 0 {
		return s.inProgress(v1alpha1.MoveStepRelocating, outcome.Wait(v1alpha1.ReasonMoving, "a call of another version may still arrive").In(s.Pace.Elapsed(wait)))
	}
	s.dropTask(metrics.Unanswered)
	return nil
}

// noProgress says that a relocation stands still: vCenter itself says nothing, for days. The operator does not cancel one, because its
// bytes would have to be copied again.
func (s *scope) noProgress(progress movers.Progress) *outcome.Outcome {
	st := &s.move.Status
	started := time.Time{}
	if st.StartedAt != nil {
		started = st.StartedAt.Time
	}
	since := movers.NoteProgress(st.Task, progress, started, s.Clock.Now(), movers.ProgressBound(progress.State, st.BytesTotal, s.Pace))
	if since.IsZero() {
		return nil
	}
	st.Step, s.keepReady = v1alpha1.MoveStepRelocating, false
	const look = "What holds it up shows in the task and its events in the source vCenter, " +
		"in the network between the hosts of both sides (TCP 8000 and 902), or in the datastores"
	o := outcome.Wait(v1alpha1.ReasonNoProgress, "the relocation (%s) has shown %d %% since %s and goes no further. %s. It is followed on; to end it, "+
		"cancel the task in vCenter, or delete this object",
		st.Task.Ref, progress.Percent, since.UTC().Format(time.RFC3339), look).In(ledger.Glance.Bound / 2)
	if progress.State == movers.Queued {
		o = outcome.Wait(v1alpha1.ReasonNoProgress, "vCenter has not begun with the relocation (%s) that it took at %s: it is queued behind other "+
			"operations, which the tasks of its hosts and datastores show in both vCenters",
			st.Task.Ref, since.UTC().Format(time.RFC3339)).In(ledger.Glance.Bound / 2)
	}
	s.warn(o.Reason, o.Message)
	return o
}
