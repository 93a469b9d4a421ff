// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package vcentersim

import (
	"fmt"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

// newTask registers a queued task in the name of the caller. govmomi's own tasks begin in the state running, belong to
// "vcsim" and cannot be cancelled.
func (v *VCenter) newTask(ctx *simulator.Context, entity reference, name, descriptionID string, cancelable bool) *simulator.Task {
	t := &simulator.Task{}
	t.Self = reference{Type: "Task", Value: fmt.Sprintf("task-%d", v.nextTask.Add(1))}
	t.Info = types.TaskInfo{
		Key: t.Self.Value, Task: t.Self, Name: name, DescriptionId: descriptionID, Entity: &entity, EntityName: v.nameOf(entity),
		State: types.TaskInfoStateQueued, Cancelable: cancelable, QueueTime: v.now(),
		Reason: &types.TaskReasonUser{UserName: userOf(ctx)}, ActivationId: ctx.Header.ID,
	}
	t.Info.EventChainId = int32(v.nextTask.Load()) //nolint:gosec // small.
	ctx.WithLock(entity, func() { ctx.Map.Put(t) })
	return t
}

func (v *VCenter) updateTask(ctx *simulator.Context, t *simulator.Task, changes ...types.PropertyChange) {
	ctx.Map.AtomicUpdate(ctx, t, changes)
}

func (v *VCenter) taskRunning(ctx *simulator.Context, t *simulator.Task) {
	v.updateTask(ctx, t,
		types.PropertyChange{Name: "info.startTime", Val: v.now()},
		types.PropertyChange{Name: "info.state", Val: types.TaskInfoStateRunning})
}

func (v *VCenter) taskSucceeded(ctx *simulator.Context, t *simulator.Task, result types.AnyType) {
	v.updateTask(ctx, t,
		types.PropertyChange{Name: "info.completeTime", Val: v.now()},
		types.PropertyChange{Name: "info.result", Val: result},
		types.PropertyChange{Name: "info.progress", Val: int32(100)},
		types.PropertyChange{Name: "info.cancelable", Val: false},
		types.PropertyChange{Name: "info.state", Val: types.TaskInfoStateSuccess})
}

func (v *VCenter) taskFailed(ctx *simulator.Context, t *simulator.Task, fault types.BaseMethodFault) {
	v.updateTask(ctx, t,
		types.PropertyChange{Name: "info.completeTime", Val: v.now()},
		types.PropertyChange{Name: "info.error", Val: &types.LocalizedMethodFault{Fault: fault, LocalizedMessage: faultMessage(fault)}},
		types.PropertyChange{Name: "info.cancelable", Val: false},
		types.PropertyChange{Name: "info.state", Val: types.TaskInfoStateError})
}

// runTask does short work as a task on a machine, in the name of the caller.
func (v *VCenter) runTask(ctx *simulator.Context, entity reference, name, id string, work func(*simulator.Context) types.BaseMethodFault) reference {
	t := v.newTask(ctx, entity, name, id, false)
	own := v.newContext(userOf(ctx))
	v.work.Add(1)
	go func() {
		defer v.work.Done()
		v.taskRunning(own, t)
		fault := v.faults.task(name, v.nameOf(entity))
		if fault == nil {
			fault = work(own)
		}
		if fault != nil {
			v.taskFailed(own, t, fault)
			return
		}
		v.taskSucceeded(own, t, nil)
	}()
	return t.Self
}

// CancelTask answers Task.CancelTask: it asks the work to stop, and the task ends when the work has.
func (e *extension) CancelTask(ctx *simulator.Context, req *types.CancelTask) soap.HasFault {
	body := &methods.CancelTaskBody{}
	t, ok := ctx.Map.Get(req.This).(*simulator.Task)
	if !ok {
		body.Fault_ = simulator.Fault("", &types.ManagedObjectNotFound{Obj: req.This})
		return body
	}
	var info types.TaskInfo
	ctx.WithLock(t, func() { info = t.Info })
	if info.State == types.TaskInfoStateSuccess || info.State == types.TaskInfoStateError {
		body.Fault_ = simulator.Fault("", &types.InvalidState{})
		return body
	}
	m := e.v.moveOf(req.This)
	check, checking := e.v.transit.checks.Load(req.This)
	switch {
	case checking:
		check.(func())()
	case m == nil || !m.requestCancel():
		body.Fault_ = simulator.Fault("The task cannot be cancelled", &types.NotSupported{})
		return body
	}
	e.v.updateTask(ctx, t, types.PropertyChange{Name: "info.cancelled", Val: true})
	body.Res = &types.CancelTaskResponse{}
	return body
}
