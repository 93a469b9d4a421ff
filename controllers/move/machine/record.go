// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package machine

import (
	"context"
	"errors"
	"fmt"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/ledger"
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
	starts  bool // the machine leaves the state it was in: asked of the programme and of other moves once more
	note    func(*v1alpha1.VirtualMachineMoveStatus, *v1alpha1.MoveTask)
	make    func(context.Context) (vcenter.TaskHandle, error)
}

// make puts a call on record and then makes it. The record goes in with the resourceVersion that this pass started from: of two processes
// that both believe to lead, one stores it, and only that one calls. A call whose record could not be stored is not made; one whose answer
// is lost is found again by its record.
func (p *pass) make(ctx context.Context, c call) *outcome.Outcome {
	resumes := p.move.Status.Begun()
	if c.starts && !resumes {
		if o := p.Publisher.Freeze.Hold("the start of the move"); o != nil {
			return p.going(v1alpha1.MoveStepWaiting, o)
		}
		if o := p.held(ctx); o != nil {
			return o
		}
	}
	if o := p.record(ctx, c); o != nil {
		return o
	}
	if c.starts {
		if o := p.lastLook(ctx, resumes); o != nil {
			return o
		}
	}
	s := &p.move.Status
	cctx, cancel := context.WithDeadline(ctx, p.Clock.Here(s.Task.Deadline.Time))
	defer cancel()
	handle, err := c.make(cctx)
	if err != nil {
		return p.unanswered(ctx, c, err)
	}
	p.log.Info("Called vCenter", "machine", p.move.Spec.Machine.Name, "kind", c.kind, "task", handle.Ref)
	s.Task.State, s.Task.Ref = v1alpha1.OperationAccepted, handle.Ref
	if o := p.save(ctx); o != nil {
		return o
	}
	return p.going(c.step, outcome.Wait(v1alpha1.ReasonMoving, "%s", c.says).In(glance/2))
}

// record stores what is about to be called. Its moment is taken from the clock of the vCenter that is called, because that one's task is
// found by it.
func (p *pass) record(ctx context.Context, c call) *outcome.Outcome {
	side := p.request.Side(c.at)
	clock, err := side.Client.ServerTime(ctx)
	if err != nil {
		return outcome.Retry(v1alpha1.ReasonUnreachable, err)
	}
	if err := p.keep(ctx); err != nil {
		return p.notStored(err)
	}
	s, now := &p.move.Status, p.Clock.Now()
	task := &v1alpha1.MoveTask{
		Format: v1alpha1.MoveTaskFormat, Kind: c.kind, At: c.at, State: v1alpha1.OperationIntended, Entity: c.machine.Ref, User: side.Client.User(),
		RecordedAt: metav1.NewMicroTime(clock.Truncate(time.Microsecond)), Deadline: metav1.NewMicroTime(ledger.Deadline(p.Pace, ledger.Calling, now)),
	}
	if s.StartedAt == nil {
		at := metav1.NewTime(now)
		s.StartedAt = &at
	}
	s.Task = task
	if c.note != nil {
		c.note(s, task)
	}
	o := p.going(c.step, outcome.Wait(v1alpha1.ReasonMoving, "%s", c.says))
	if err := p.Publisher.Record(ctx, p.subject(), p.report(o)); err != nil {
		return p.notStored(err)
	}
	p.before, p.fine = p.move.DeepCopy(), false // what is said from here on is another matter
	return nil
}

// notStored gives up a call that could not be put on record: what it was decided from is not the present any more.
func (p *pass) notStored(err error) *outcome.Outcome {
	p.Turns.Forget(p.move.UID)
	p.move = p.before.DeepCopy()
	if apierrors.IsConflict(err) {
		return p.again("the object changed meanwhile")
	}
	return outcome.Retry(v1alpha1.ReasonTransient, fmt.Errorf("putting the call on record: %w", err))
}

// unanswered sorts out a call that did not succeed. Only what was certainly not received, or was answered with a refusal, ends the record.
func (p *pass) unanswered(ctx context.Context, c call, err error) *outcome.Outcome {
	s := &p.move.Status
	switch ledger.FateOfCall(err) {
	case ledger.Lost:
		p.log.Info("Answer lost", "machine", p.move.Spec.Machine.Name, "kind", c.kind, "error", err.Error())
		return p.going(c.step, outcome.Wait(v1alpha1.ReasonMoving,
			"the answer to the call %s was lost: vCenter is looked at when that call cannot arrive any more", c.kind).In(ledger.UntilLook(p.Pace, s.Task.Deadline.Time, p.Clock.Now())))
	case ledger.Unsent:
		s.Task = nil
		if c.kind == v1alpha1.MoveTaskRelocate {
			s.Attempts = max(s.Attempts-1, 0)
		}
		return outcome.Retry(v1alpha1.ReasonUnreachable, err)
	}
	return p.refused(ctx, c, faultOf(err))
}

// refused takes note of a call that vCenter refused at once, without a task. The pass ends here: what the machine is like now is read by the
// next one, before anything else is done with it.
func (p *pass) refused(ctx context.Context, c call, fault vcenter.Fault) *outcome.Outcome {
	s := &p.move.Status
	switch c.kind {
	case v1alpha1.MoveTaskPowerOn:
		return p.notPoweredOn(fault)
	case v1alpha1.MoveTaskShutdownGuest, v1alpha1.MoveTaskPowerOff:
		p.leftOn()
		s.Attempts++
	}
	if o := p.fail(ctx, fault); o != nil {
		return o
	}
	return p.again("vCenter refused the call %s", c.kind)
}

// faultIn is what vCenter answered a call with, nil if it did not answer.
func faultIn(err error) *vcenter.Fault {
	var e *vcenter.Error
	if errors.As(err, &e) {
		return e.Fault
	}
	return nil
}

// faultOf is the refusal in err as a fault.
func faultOf(err error) vcenter.Fault {
	if f := faultIn(err); f != nil {
		return *f
	}
	f := vcenter.Fault{Type: string(vcenter.ClassOf(err)), Message: err.Error(), Class: vcenter.FaultOther}
	switch vcenter.ClassOf(err) {
	case vcenter.InvalidRequest, vcenter.NotSupported:
		f.Class = vcenter.FaultInvalid
	case vcenter.NotFound:
		f.Class = vcenter.FaultNotFound
	case vcenter.InvalidState:
		f.Class = vcenter.FaultState
	case vcenter.NoPermission:
		f.Class = vcenter.FaultPrivilege
	case vcenter.Busy:
		f.Class = vcenter.FaultBusy
	}
	return f
}

// save stores the status in hand in the middle of a pass. On conflict the object is read again, and what vCenter answered goes in if the
// record is still ours: losing a task's reference costs two minutes of looking for it.
func (p *pass) save(ctx context.Context) *outcome.Outcome {
	task := p.move.Status.Task.DeepCopy()
	for range 5 {
		_, err := p.Publisher.Patch(ctx, p.before, p.move)
		if err == nil {
			p.before = p.move.DeepCopy()
			return nil
		}
		if !apierrors.IsConflict(err) {
			return outcome.Retry(v1alpha1.ReasonTransient, fmt.Errorf("storing what vCenter answered: %w", err))
		}
		fresh := &v1alpha1.VirtualMachineMove{}
		if err := p.Live.Get(ctx, client.ObjectKeyFromObject(p.move), fresh); err != nil {
			return outcome.Retry(v1alpha1.ReasonTransient, err)
		}
		p.before, p.move = fresh, fresh.DeepCopy()
		if t := fresh.Status.Task; t == nil || !t.RecordedAt.Time.Equal(task.RecordedAt.Time) || t.Kind != task.Kind {
			return p.again("the record changed meanwhile")
		}
		p.move.Status.Task = task
	}
	return p.again("the object changes too often")
}
