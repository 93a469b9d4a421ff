// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package vcenter

import (
	"time"

	"github.com/vmware/govmomi/vim25/types"
)

// taskFields is what the stream tells of tasks: enough to wake whoever follows one, and to count the load of others.
var taskFields = field[Task]{
	"info.descriptionId": func(t *Task, v any) { t.Kind = str(v) },
	"info.entityName":    func(t *Task, v any) { t.EntityName = entityName(v) },
	"info.state":         func(t *Task, v any) { t.State = TaskState(str(v)) },
	"info.progress":      func(t *Task, v any) { t.Progress = int32(number(v)) },
	"info.cancelled":     func(t *Task, v any) { t.Cancelled = boolean(v) },
	"info.queueTime":     func(t *Task, v any) { t.QueuedAt = moment(v) },
	"info.startTime":     func(t *Task, v any) { t.StartedAt = moment(v) },
	"info.completeTime":  func(t *Task, v any) { t.CompletedAt = moment(v) },
	"info.entity": func(t *Task, v any) {
		r, _ := v.(types.ManagedObjectReference)
		t.Entity, t.EntityType = r.Value, r.Type
	},
	"info.reason": func(t *Task, v any) {
		switch r := v.(type) {
		case types.TaskReasonUser:
			t.User = r.UserName
		case *types.TaskReasonUser:
			t.User = r.UserName
		}
	},
}

func moment(v any) time.Time {
	switch t := v.(type) {
	case time.Time:
		return t
	case *time.Time:
		if t != nil {
			return *t
		}
	}
	return time.Time{}
}

// takeTask keeps what changed until publishTasks; nil stands for a task that is recent no more.
func (s *stream) takeTask(u types.ObjectUpdate) {
	ref := u.Obj.Value
	if u.Kind == types.ObjectUpdateKindLeave {
		s.tasks[ref] = nil
		return
	}
	t := Task{Ref: ref}
	if was, ok := s.tasks[ref]; ok && was != nil {
		t = *was
	} else if was := s.w.Task(ref); was != nil {
		t = *was
	}
	for _, c := range u.ChangeSet {
		if set := taskFields[c.Name]; set != nil {
			set(&t, c.Val)
		}
	}
	s.tasks[ref] = &t
}

// publishTasks moves the changed tasks to the watcher. The first picture of a stream replaces all.
func (s *stream) publishTasks() []Change {
	w := s.w
	w.mu.Lock()
	defer w.mu.Unlock()
	var out []Change
	if !s.complete {
		for ref, t := range w.tasks {
			if s.tasks[ref] == nil {
				out = append(out, Change{Kind: ChangeTask, Ref: ref, Entity: t.Entity, Gone: true})
				delete(w.tasks, ref)
			}
		}
	}
	for ref, t := range s.tasks {
		was := w.tasks[ref]
		switch {
		case t == nil && was == nil, t != nil && was != nil && *t == *was:
			continue
		case t == nil:
			out = append(out, Change{Kind: ChangeTask, Ref: ref, Entity: was.Entity, Gone: true})
			delete(w.tasks, ref)
		default:
			out = append(out, Change{Kind: ChangeTask, Ref: ref, Entity: t.Entity})
			w.tasks[ref] = t
		}
	}
	clear(s.tasks)
	return out
}
