// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package vcenter

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/types"
)

// Task reads a task now. The class is NotFound when vCenter has forgotten it, some ten minutes after its end, or when it
// restarted; FindTask may still know it.
func (c *Client) Task(ctx context.Context, ref string) (*Task, error) {
	doing := "read the task " + ref
	objects, err := c.retrieve(ctx, doing, []types.ObjectSpec{{Obj: typedRef("Task", ref)}},
		types.PropertySpec{Type: "Task", PathSet: []string{"info"}})
	if err != nil {
		return nil, err
	}
	for _, o := range objects {
		if info, ok := prop(o, "info").(types.TaskInfo); ok {
			t := taskOf(info)
			return &t, nil
		}
	}
	return nil, &Error{Class: NotFound, Doing: doing, Server: c.host, Err: errors.New("vCenter does not know the task")}
}

func taskOf(i types.TaskInfo) Task {
	t := Task{
		Ref: i.Task.Value, Kind: i.DescriptionId, EntityName: UnescapeName(i.EntityName), State: TaskState(i.State), Progress: i.Progress,
		Cancelled: i.Cancelled, Cancelable: i.Cancelable, QueuedAt: i.QueueTime, ActivationID: i.ActivationId,
		User: userOf(i.Reason),
	}
	if t.Ref == "" {
		t.Ref = i.Key
	}
	if i.Entity != nil {
		t.Entity, t.EntityType = i.Entity.Value, i.Entity.Type
	}
	if i.StartTime != nil {
		t.StartedAt = *i.StartTime
	}
	if i.CompleteTime != nil {
		t.CompletedAt = *i.CompleteTime
	}
	if r, ok := i.Result.(types.ManagedObjectReference); ok {
		t.Result = r.Value
	}
	if t.State == TaskError {
		t.Fault = newFault(i.Error)
		if t.Fault == nil {
			t.Fault = &Fault{Type: "Unknown", Message: "vCenter gave no reason", Class: FaultOther}
		}
	}
	return t
}

// userOf is who asked for a task, "" where no user did.
func userOf(reason types.BaseTaskReason) string {
	if r, ok := reason.(*types.TaskReasonUser); ok {
		return r.UserName
	}
	return ""
}

// RunningTasks reads the tasks that wait or run now, whoever started them: their load is to be subtracted from what hosts
// and datastores still bear.
func (c *Client) RunningTasks(ctx context.Context) ([]Task, error) {
	const doing = "list the running tasks"
	active := []types.TaskInfoState{types.TaskInfoStateQueued, types.TaskInfoStateRunning}
	all, err := c.gather(ctx, doing, types.TaskFilterSpec{State: active})
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(all, func(t Task) bool { return t.Done() }), nil
}

// FindTask finds tasks of the recent past, oldest first: how a start is found again whose answer was lost. It asks both the
// recent tasks, which know what has just begun, and the history, which knows what ended long ago.
func (c *Client) FindTask(ctx context.Context, q TaskQuery) ([]Task, error) {
	doing := "find the task " + q.Kind + " of " + q.Entity
	spec := types.TaskFilterSpec{}
	if !q.QueuedAfter.IsZero() {
		// Times are kept to the millisecond, or the second, by different parts of vCenter; the exact bound is ours.
		begin := q.QueuedAfter.Add(-2 * time.Second)
		spec.Time = &types.TaskFilterSpecByTime{TimeType: types.TaskFilterSpecTimeOptionQueuedTime, BeginTime: &begin}
	}
	if q.Entity != "" {
		spec.Entity = &types.TaskFilterSpecByEntity{
			Entity: typedRef("VirtualMachine", q.Entity), Recursion: types.TaskFilterSpecRecursionOptionSelf,
		}
	}
	all, err := c.gather(ctx, doing, spec)
	if spec.Entity != nil && (isGone(err) || ClassOf(err) == NotFound) {
		spec.Entity = nil // the machine has moved away; its tasks have not
		all, err = c.gather(ctx, doing, spec)
	}
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(all, func(t Task) bool { return !q.matches(t) }), nil
}

func (q TaskQuery) matches(t Task) bool {
	return (q.Entity == "" || q.Entity == t.Entity) &&
		(q.Kind == "" || strings.EqualFold(q.Kind, t.Kind)) &&
		(q.User == "" || sameUser(q.User, t.User)) &&
		(q.QueuedAfter.IsZero() || !t.QueuedAt.Before(q.bound(t)))
}

// bound is QueuedAfter as coarse as the task's own time is kept; else a task of the same moment would seem to be from before,
// and its start would be repeated.
func (q TaskQuery) bound(t Task) time.Time {
	if t.QueuedAt.Nanosecond() == 0 {
		return q.QueuedAfter.Truncate(time.Second)
	}
	return q.QueuedAfter.Truncate(time.Millisecond)
}

// sameUser compares account names in either form, DOMAIN\user and user@domain; vCenter uses both for one account. A name
// without a domain matches any.
func sameUser(a, b string) bool {
	ua, da := splitUser(a)
	ub, db := splitUser(b)
	return ua == ub && (da == "" || db == "" || da == db)
}

func splitUser(s string) (user, domain string) {
	s = strings.ToLower(s)
	if d, u, ok := strings.Cut(s, `\`); ok {
		return u, d
	}
	u, d, _ := strings.Cut(s, "@")
	return u, d
}

// gather unites the history that spec selects with the recent tasks.
func (c *Client) gather(ctx context.Context, doing string, spec types.TaskFilterSpec) ([]Task, error) {
	found := map[string]Task{}
	old, err := c.history(ctx, doing, spec)
	if err != nil {
		return nil, err
	}
	recent, err := c.recent(ctx, doing)
	if err != nil {
		return nil, err
	}
	for _, t := range append(old, recent...) { // recent last: it is the fresher picture
		found[t.Ref] = t
	}
	return slices.SortedFunc(maps.Values(found), func(a, b Task) int {
		return cmp.Or(a.QueuedAt.Compare(b.QueuedAt), cmp.Compare(a.Ref, b.Ref))
	}), nil
}

func (c *Client) recent(ctx context.Context, doing string) ([]Task, error) {
	objects, err := c.retrieve(ctx, doing, []types.ObjectSpec{c.recentTasks()}, types.PropertySpec{Type: "Task", PathSet: []string{"info"}})
	if err != nil {
		return nil, err
	}
	var out []Task
	for _, o := range objects {
		if info, ok := prop(o, "info").(types.TaskInfo); ok {
			out = append(out, taskOf(info))
		}
	}
	return out, nil
}

// recentTasks selects the tasks that the task manager calls recent.
func (c *Client) recentTasks() types.ObjectSpec {
	return types.ObjectSpec{
		Obj: *c.vim.ServiceContent.TaskManager, Skip: types.NewBool(true),
		SelectSet: []types.BaseSelectionSpec{&types.TraversalSpec{Type: "TaskManager", Path: "recentTask"}},
	}
}

// history reads what a task history collector finds. Collectors are few (32 a session), so this one goes at once.
func (c *Client) history(ctx context.Context, doing string, spec types.TaskFilterSpec) ([]Task, error) {
	var out []Task
	err := c.read(ctx, doing, func(ctx context.Context) error {
		res, err := methods.CreateCollectorForTasks(ctx, c.vim, &types.CreateCollectorForTasks{
			This: *c.vim.ServiceContent.TaskManager, Filter: spec,
		})
		if err != nil {
			return fmt.Errorf("opening the task history: %w", err)
		}
		collector := res.Returnval
		defer func() { _, _ = methods.DestroyCollector(ctx, c.vim, &types.DestroyCollector{This: collector}) }()
		for {
			page, err := methods.ReadNextTasks(ctx, c.vim, &types.ReadNextTasks{This: collector, MaxCount: 100})
			if err != nil {
				return fmt.Errorf("reading the task history: %w", err)
			}
			for _, i := range page.Returnval {
				out = append(out, taskOf(i))
			}
			if len(page.Returnval) == 0 {
				return nil
			}
		}
	})
	return out, err
}

// CancelTask asks vCenter to stop a task. Whether it did is read from the task: a relocation past its point of no return
// succeeds nevertheless. A task that has ended already is no error.
func (c *Client) CancelTask(ctx context.Context, ref string) error {
	err := c.write(ctx, "cancel the task "+ref, func(ctx context.Context) error {
		_, err := methods.CancelTask(ctx, c.vim, &types.CancelTask{This: typedRef("Task", ref)})
		return err
	})
	if ClassOf(err) == InvalidState {
		if t, rerr := c.Task(ctx, ref); rerr == nil && t.Done() {
			return nil
		}
	}
	return err
}

// handle makes the handle of a task that was just started. Reading it is a courtesy: the task runs, and its reference
// alone suffices, so a failure here must not look like a failure to start.
func (c *Client) handle(ctx context.Context, task types.ManagedObjectReference, entity string) TaskHandle {
	h := TaskHandle{Ref: task.Value, Entity: entity, User: c.User()}
	if t, err := c.Task(ctx, task.Value); err == nil {
		h.QueuedAt, h.ActivationID = t.QueuedAt, t.ActivationID
		if t.User != "" {
			h.User = t.User
		}
	}
	return h
}
