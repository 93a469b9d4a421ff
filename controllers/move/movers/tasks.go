// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package movers

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/connect/vcenters"
	"github.com/avs-operator/avs-operator/controllers/vcenter"
)

// TaskState reads the task of a record: from the stream while it runs, and directly at its end.
func TaskState(ctx context.Context, r Request, task v1alpha1.MoveTask) (Progress, error) {
	side := r.Side(task.At)
	if seen := side.Watcher.Task(task.Ref); seen != nil && !seen.Done() && side.Watcher.Synced() {
		return progressOf(seen, time.Time{}), nil
	}
	is, err := TaskNow(ctx, r, task)
	if err == nil && !is.Over() {
		side.Watcher.Follow(task.Ref)
	}
	return is, err
}

// TaskNow reads the task of a record directly.
func TaskNow(ctx context.Context, r Request, task v1alpha1.MoveTask) (Progress, error) {
	side := r.Side(task.At)
	got, err := side.Client.Task(ctx, task.Ref)
	if vcenter.ClassOf(err) == vcenter.NotFound {
		return forgotten(ctx, r, task)
	}
	if err != nil || !got.Done() {
		if err != nil {
			return Progress{}, err
		}
		return progressOf(got, time.Time{}), nil
	}
	now, err := side.Client.ServerTime(ctx)
	return progressOf(got, now), err
}

// forgotten asks the task history for a task that vCenter itself does not know any more, after a restart for example. An entry of the
// history counts as the task does: one that runs there runs. Without an entry nothing is known, its end least of all.
func forgotten(ctx context.Context, r Request, task v1alpha1.MoveTask) (Progress, error) {
	side := r.Side(task.At)
	found, err := side.Client.FindTask(ctx, query(task))
	if err != nil {
		return Progress{}, err
	}
	now, err := side.Client.ServerTime(ctx)
	if err != nil {
		return Progress{}, err
	}
	for i := range found {
		if found[i].Ref == task.Ref {
			return progressOf(&found[i], now), nil
		}
	}
	return Progress{State: Forgotten}, nil
}

func progressOf(t *vcenter.Task, now time.Time) Progress {
	p := Progress{Percent: t.Progress, Fault: t.Fault, Cancelled: t.Cancelled}
	switch t.State {
	case vcenter.TaskQueued:
		p.State = Queued
	case vcenter.TaskSuccess:
		p.State = Succeeded
	case vcenter.TaskError:
		p.State = Failed
	default:
		p.State = Running
	}
	if p.Over() {
		p.Ended = now.Sub(latest(t.QueuedAt, t.StartedAt, t.CompletedAt))
	}
	return p
}

// latest of the moments that vCenter tells of a task: not every version tells when one ended.
func latest(moments ...time.Time) time.Time {
	var out time.Time
	for _, m := range moments {
		if m.After(out) {
			out = m
		}
	}
	return out
}

// Work looks for work on the machine at both vCenters, past every cache, and names what it finds; "": nobody works on it. The operator's own
// calls count as well: a task whose handle was lost, or forgotten by its vCenter, still has the machine.
func Work(ctx context.Context, r Request, at Placement) (string, error) {
	for _, side := range []struct {
		name    string
		is      *vcenters.Connected
		machine *vcenter.Machine
	}{{"source", r.Source, at.Source}, {"target", r.Target, at.Target}} {
		if side.machine != nil && side.machine.RelocateDisabled {
			return fmt.Sprintf("the %s vCenter does not let the machine be moved", side.name), nil
		}
		tasks, err := side.is.Client.RunningTasks(ctx)
		if err != nil {
			return "", fmt.Errorf("looking for work on %s at the %s: %w", r.Spec.Machine.Name, side.name, err)
		}
		for i := range tasks {
			if concerns(&tasks[i], side.machine, r.Spec.Machine.Name) {
				return fmt.Sprintf("%s (%s) runs at the %s", tasks[i].Kind, tasks[i].Ref, side.name), nil
			}
		}
	}
	return "", nil
}

// concerns says whether a task works on the machine. Where the machine does not show yet, its arrival is recognised by its name.
func concerns(task *vcenter.Task, machine *vcenter.Machine, name string) bool {
	if strings.Contains(strings.ToLower(task.Kind), "checkrelocate") {
		return false // our own question, which changes nothing
	}
	if machine != nil {
		return task.Entity == machine.Ref
	}
	return strings.EqualFold(task.EntityName, name) && task.EntityType == "VirtualMachine" && strings.EqualFold(task.Kind, vcenter.TaskRelocate)
}

// Find looks for the task of a record whose answer was lost, by machine, kind, user and queue time. Not found means that the call never
// reached vCenter, provided that its deadline is well over.
func Find(ctx context.Context, r Request, task v1alpha1.MoveTask) (ref string, err error) {
	found, err := r.Side(task.At).Client.FindTask(ctx, query(task))
	if err != nil || len(found) == 0 {
		return "", err
	}
	return found[0].Ref, nil
}

// query selects the task of a record. A status may have lost its microseconds on the way; the queue time is never before the record.
func query(task v1alpha1.MoveTask) vcenter.TaskQuery {
	return vcenter.TaskQuery{
		Entity: task.Entity, Kind: kinds[task.Kind], User: task.User, QueuedAfter: task.RecordedAt.Time,
	}
}

var kinds = map[v1alpha1.MoveTaskKind]string{
	v1alpha1.MoveTaskRelocate: vcenter.TaskRelocate,
	v1alpha1.MoveTaskPowerOff: vcenter.TaskPowerOff,
	v1alpha1.MoveTaskPowerOn:  vcenter.TaskPowerOn,
}
