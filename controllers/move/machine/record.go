// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package machine

import (
	"context"
	"fmt"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/ledger"
	"github.com/avs-operator/avs-operator/controllers/metrics"
	"github.com/avs-operator/avs-operator/controllers/move/explain"
	"github.com/avs-operator/avs-operator/controllers/outcome"
	"github.com/avs-operator/avs-operator/controllers/vcenter"
)

// call is one call that changes a vCenter.
type call struct {
	kind    v1alpha1.MoveTaskKind
	at      v1alpha1.MoveSide
	machine *vcenter.Machine // as it was just read there
	step    v1alpha1.MoveStep
	says    string
	starts  bool // the machine leaves the state it was in: the WorkloadMove and other moves of the machine are asked once more
	// note writes into the status, together with the record, what is so from the call on; nil: nothing.
	note func(*v1alpha1.VirtualMachineMoveStatus, *v1alpha1.MoveTask)
	send func(context.Context) (vcenter.TaskHandle, error)
	// refused takes note of a refusal at once, without a task. The reconcile ends there: what the machine is like now is read by the next one, before
	// anything else is done with it.
	refused func(context.Context, vcenter.Fault) *outcome.Outcome
}

// send puts a call on record and then makes it. The record goes in with the resourceVersion that this reconcile started from: of two processes
// that both believe to lead, one stores it, and only that one calls. A call whose record could not be stored is not made; one whose answer
// is lost is found again by its record.
func (s *scope) send(ctx context.Context, c call) *outcome.Outcome {
	resumes := s.move.Status.Begun()
	if c.starts && !resumes {
		if o := s.Publisher.Freeze.Hold("the start of the move"); o != nil {
			return s.inProgress(v1alpha1.MoveStepWaiting, o)
		}
		if o := s.holdReferences(ctx); o != nil {
			return o
		}
	}
	if o := s.record(ctx, c); o != nil {
		return o
	}
	if c.starts {
		if o := s.confirm(ctx, resumes); o != nil {
			return o
		}
	}
	st := &s.move.Status
	cctx, cancel := context.WithDeadline(ctx, s.Clock.Here(st.Task.Deadline.Time))
	defer cancel()
	s.Metrics.Sending(s.log, s.told(st.Task))
	handle, err := c.send(cctx)
	if err != nil {
		return s.sendFailed(ctx, c, err)
	}
	s.log.V(1).Info("Called vCenter", "machine", s.move.Spec.Machine.Name, "kind", c.kind, "task", handle.Ref)
	st.Task.State, st.Task.Ref = v1alpha1.OperationAccepted, handle.Ref
	if o := s.saveAnswer(ctx); o != nil {
		return o
	}
	return s.inProgress(c.step, outcome.Wait(v1alpha1.ReasonMoving, "%s", c.says).In(resync/2))
}

// record stores what is about to be called. Its moment is taken from the clock of the vCenter that is called, because that one's task is
// found by it.
func (s *scope) record(ctx context.Context, c call) *outcome.Outcome {
	side := s.request.Side(c.at)
	clock, err := side.Client.ServerTime(ctx)
	if err != nil {
		return outcome.Retry(v1alpha1.ReasonUnreachable, err)
	}
	if err := s.addFinalizer(ctx); err != nil {
		return s.discard(err)
	}
	st, now := &s.move.Status, s.Clock.Now()
	task := &v1alpha1.MoveTask{
		Format: v1alpha1.MoveTaskFormat, Kind: c.kind, At: c.at, State: v1alpha1.OperationIntended, Entity: c.machine.Ref, User: side.Client.User(),
		RecordedAt: metav1.NewMicroTime(clock.Truncate(time.Microsecond)), Deadline: metav1.NewMicroTime(ledger.Deadline(s.Pace, ledger.Calling, now)),
	}
	if st.StartedAt == nil {
		at := metav1.NewTime(now)
		st.StartedAt = &at
	}
	st.Task = task
	if c.note != nil {
		c.note(st, task)
	}
	o := s.inProgress(c.step, outcome.Wait(v1alpha1.ReasonMoving, "%s", c.says))
	if err := s.Publisher.Record(ctx, s.subject(), s.report(o)); err != nil {
		return s.discard(err)
	}
	s.before, s.keepReady = s.move.DeepCopy(), false // what is said from here on is another matter
	return nil
}

// sendFailed sorts out a call that did not succeed. Only what was certainly not received, or was answered with a refusal, ends the record.
func (s *scope) sendFailed(ctx context.Context, c call, err error) *outcome.Outcome {
	st := &s.move.Status
	switch ledger.FateOfCall(err) {
	case ledger.Lost:
		s.log.Info("Answer lost", "machine", s.move.Spec.Machine.Name, "kind", c.kind, "error", err.Error())
		return s.inProgress(c.step, outcome.Wait(v1alpha1.ReasonMoving,
			"the answer to the call %s was lost: vCenter is looked at when that call cannot arrive any more", c.kind).
			In(ledger.UntilLook(s.Pace, st.Task.Deadline.Time, s.Clock.Now())))
	case ledger.Unsent:
		s.dropTask(metrics.Unsent)
		if c.kind == v1alpha1.MoveTaskRelocate {
			st.Attempts = max(st.Attempts-1, 0)
		}
		return outcome.Retry(v1alpha1.ReasonUnreachable, err)
	case ledger.Accepted, ledger.Refused: // it has failed, so it was refused
	}
	s.dropTask(metrics.Refused)
	if o := c.refused(ctx, explain.FaultOf(err)); o != nil {
		return o
	}
	return s.requeue("vCenter refused the call %s", c.kind)
}

// saveAnswer stores the status in hand in the middle of a reconcile. On conflict the object is read again, and what vCenter answered goes in if the
// record is still ours: losing a task's reference costs two minutes of looking for it.
func (s *scope) saveAnswer(ctx context.Context) *outcome.Outcome {
	task := s.move.Status.Task.DeepCopy()
	for range 5 {
		_, err := s.Publisher.Patch(ctx, s.before, s.move)
		if err == nil {
			s.before = s.move.DeepCopy()
			return nil
		}
		if !apierrors.IsConflict(err) {
			return outcome.Retry(v1alpha1.ReasonTransient, fmt.Errorf("storing what vCenter answered: %w", err))
		}
		fresh := &v1alpha1.VirtualMachineMove{}
		if err := s.Live.Get(ctx, client.ObjectKeyFromObject(s.move), fresh); err != nil {
			return outcome.Retry(v1alpha1.ReasonTransient, err)
		}
		s.before, s.move = fresh, fresh.DeepCopy()
		if t := fresh.Status.Task; t == nil || !t.RecordedAt.Time.Equal(task.RecordedAt.Time) || t.Kind != task.Kind {
			return s.requeue("the record changed meanwhile")
		}
		s.move.Status.Task = task
	}
	return s.requeue("the object changes too often")
}

// lookUp finds the task of a call whose answer was lost. Before the call can no longer arrive, a look would
// find nothing of a call that comes later; after that, not found means that there is no such task.
func (s *scope) lookUp(ctx context.Context) (found bool, o *outcome.Outcome) {
	st := &s.move.Status
	if wait := s.Clock.Until(s.lostAt(st.Task)); wait > 0 {
		return false, s.inProgress(st.Step, outcome.Wait(v1alpha1.ReasonMoving,
			"the answer to the call %s is not on record: vCenter is looked at when that call cannot arrive any more", st.Task.Kind).In(s.Pace.Elapsed(wait)))
	}
	ref, err := s.findTask(ctx, *st.Task)
	if err != nil {
		return false, outcome.Retry(v1alpha1.ReasonUnreachable, err)
	}
	if ref == "" {
		return false, nil
	}
	s.log.Info("Found task again", "machine", s.move.Spec.Machine.Name, "kind", st.Task.Kind, "task", ref)
	st.Task.Ref, st.Task.State = ref, v1alpha1.OperationAccepted
	return true, s.saveAnswer(ctx)
}

// lostAt is when a call without an answer counts as lost.
func (s *scope) lostAt(task *v1alpha1.MoveTask) time.Time {
	return ledger.LostAt(s.Pace, task.Deadline.Time)
}
