// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package machine

import (
	"context"
	"fmt"
	"time"

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
	s.Metrics.Sending(s.log, s.told(st.Task))
	handle, fate, err := ledger.Exchange(ctx, s.Clock, st.Task.Deadline.Time, ledger.FateOfCall, c.send)
	if fate != ledger.Accepted {
		return s.notAccepted(ctx, c, fate, err)
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
	st := &s.move.Status
	task := &v1alpha1.MoveTask{
		Format: v1alpha1.MoveTaskFormat, Kind: c.kind, At: c.at, State: v1alpha1.OperationIntended, Entity: c.machine.Ref, User: side.Client.User(),
		RecordedAt: metav1.NewMicroTime(clock.Truncate(time.Microsecond)), Deadline: metav1.NewMicroTime(s.book().Deadline(ledger.Calling)),
	}
	if st.StartedAt == nil {
		at := metav1.NewTime(s.Clock.Now())
		st.StartedAt = &at
	}
	st.Task = task
	if c.note != nil {
		c.note(st, task)
	}
	o := s.inProgress(c.step, outcome.Wait(v1alpha1.ReasonMoving, "%s", c.says))
	storing, cancel := ledger.Storing(ctx)
	defer cancel()
	s.recorded = true
	if err := s.Publisher.Record(storing, s.subject(), s.report(o)); err != nil {
		return s.discard(err)
	}
	s.before, s.keepReady = s.move.DeepCopy(), false // what is said from here on is another matter
	return nil
}

// notAccepted deals with a call that was refused, not made, or lost. Only of a lost one the record stays: its fate is in vCenter.
func (s *scope) notAccepted(ctx context.Context, c call, fate ledger.Fate, err error) *outcome.Outcome {
	st := &s.move.Status
	switch fate {
	case ledger.Lost:
		s.log.Info("Answer lost", "machine", s.move.Spec.Machine.Name, "kind", c.kind, "error", err.Error())
		return s.inProgress(c.step, s.book().Lost(entry(st.Task)))
	case ledger.Unsent:
		s.dropTask(metrics.Unsent)
		if c.kind == v1alpha1.MoveTaskRelocate {
			st.Attempts = max(st.Attempts-1, 0)
		}
		if ctx.Err() != nil { // this process is told to stop: whoever comes next makes the call, and nothing new is to be said
			return s.inProgress(c.step, outcome.Wait(v1alpha1.ReasonMoving, "%s", c.says))
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

// saveAnswer stores what vCenter answered, in the middle of a reconcile. Losing a task's reference costs two minutes of looking for it.
func (s *scope) saveAnswer(ctx context.Context) *outcome.Outcome {
	task := s.move.Status.Task.DeepCopy()
	answer := ledger.Answer{
		Store: func(ctx context.Context) error {
			if _, err := s.Publisher.Patch(ctx, s.before, s.move); err != nil {
				return err
			}
			s.before = s.move.DeepCopy()
			return nil
		},
		Renew: func(ctx context.Context) (bool, error) {
			fresh := &v1alpha1.VirtualMachineMove{}
			if err := s.Live.Get(ctx, client.ObjectKeyFromObject(s.move), fresh); err != nil {
				return false, err
			}
			s.before, s.move = fresh, fresh.DeepCopy()
			if t := fresh.Status.Task; t == nil || !t.RecordedAt.Time.Equal(task.RecordedAt.Time) || t.Kind != task.Kind {
				return false, nil
			}
			s.move.Status.Task = task
			return true, nil
		},
	}
	stored, err := answer.Save(ctx)
	switch {
	case err != nil:
		return outcome.Retry(v1alpha1.ReasonTransient, fmt.Errorf("storing what vCenter answered: %w", err))
	case !stored:
		return s.requeue("the record changed meanwhile")
	}
	return nil
}

// lookUp finds the task of a call whose answer was lost. Before the call can no longer arrive, a look would
// find nothing of a call that comes later; after that, not found means that there is no such task.
func (s *scope) lookUp(ctx context.Context) (found bool, o *outcome.Outcome) {
	st := &s.move.Status
	if o := s.book().OnItsWay(entry(st.Task)); o != nil {
		return false, s.inProgress(st.Step, o)
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

// book is the ledger of calls to vCenter.
func (s *scope) book() ledger.Book { return ledger.Book{Pace: s.Pace, Clock: s.Clock} }

// entry is a call on record as the ledger's sentences name it.
func entry(task *v1alpha1.MoveTask) ledger.Entry {
	return ledger.Entry{Name: "the call " + string(task.Kind), Where: "vCenter", Reason: v1alpha1.ReasonMoving, Attempt: 1, Deadline: task.Deadline.Time}
}
