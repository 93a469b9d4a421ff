// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package vcenter

import (
	"context"
	"time"

	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/types"
)

// keptTasks is how many tasks that have ended are remembered.
const keptTasks = 256

// Follow has the stream tell of a task from now on, until it has ended. The tasks that vCenter calls recent are not watched: that list need
// not tell its changes, the reference says, and names a ListView of one's own tasks instead. One that vCenter does not know is told as gone.
func (w *Watcher) Follow(ref string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.follows[ref] {
		return
	}
	w.follows[ref] = true
	signal(w.busyC)
	if len(w.tasks) > keptTasks {
		for old, t := range w.tasks {
			if t.Done() && !w.follows[old] {
				delete(w.tasks, old)
			}
		}
	}
	signal(w.followC)
}

func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// Task is what the stream last told of a task that is followed, nil if it told nothing: state, progress and what it works on. Fault and result
// are not in it; Client.Task reads them.
func (w *Watcher) Task(ref string) *Task {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.tasks[ref]
}

// following says whether any task is followed.
func (w *Watcher) following() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.follows) > 0
}

// keepList keeps the stream's list of tasks as the watcher wants it, until ctx ends. What fails is tried again: if the session is lost, the
// stream ends and a new one begins with a new list.
func (s *stream) keepList(ctx context.Context) {
	shown := map[string]bool{}
	s.w.mu.Lock()
	for ref := range s.w.follows { // until this stream tells of them, what the last one told is old, and whoever asks reads
		delete(s.w.tasks, ref)
	}
	s.w.mu.Unlock()
	for {
		retry := s.updateList(ctx, shown) != nil
		var again <-chan time.Time
		if retry {
			again = time.After(scaled(s.w.o.MinBackoff, s.c.e.Speed))
		}
		select {
		case <-s.w.followC:
		case <-again:
		case <-ctx.Done():
			return
		}
	}
}

// updateList makes the list what is followed. shown is what it holds.
func (s *stream) updateList(ctx context.Context, shown map[string]bool) error {
	var add, remove []types.ManagedObjectReference
	s.w.mu.Lock()
	for ref := range s.w.follows {
		if !shown[ref] {
			add = append(add, typedRef("Task", ref))
		}
	}
	for ref := range shown {
		if !s.w.follows[ref] {
			remove = append(remove, typedRef("Task", ref))
		}
	}
	s.w.mu.Unlock()
	if len(add)+len(remove) == 0 {
		return nil
	}
	var missing []types.ManagedObjectReference
	err := s.c.read(ctx, "follow tasks", func(ctx context.Context) error {
		res, err := methods.ModifyListView(ctx, s.c.vim, &types.ModifyListView{This: *s.list, Add: add, Remove: remove})
		if err == nil {
			missing = res.Returnval
		}
		return err
	})
	if err != nil {
		return err
	}
	for _, r := range add {
		shown[r.Value] = true
	}
	for _, r := range remove {
		delete(shown, r.Value)
	}
	var gone []Change
	s.w.mu.Lock()
	for _, r := range missing {
		delete(shown, r.Value)
		if s.w.follows[r.Value] {
			delete(s.w.follows, r.Value)
			delete(s.w.tasks, r.Value)
			gone = append(gone, Change{Kind: ChangeTask, Ref: r.Value, Gone: true})
		}
	}
	s.w.mu.Unlock()
	s.w.tell(gone)
	return nil
}

// taskFields is what the stream tells of tasks: enough to wake whoever follows one.
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

// takeTask keeps what changed until publishTasks; nil stands for a task that left the list.
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

// publishTasks moves the changed tasks to the watcher. One that has ended is followed no more; one that left before is gone.
func (s *stream) publishTasks() []Change {
	w := s.w
	w.mu.Lock()
	defer w.mu.Unlock()
	var out []Change
	for ref, t := range s.tasks {
		was := w.tasks[ref]
		switch {
		case t == nil && !w.follows[ref], t != nil && was != nil && *t == *was:
			continue
		case t == nil:
			change := Change{Kind: ChangeTask, Ref: ref, Gone: true}
			if was != nil {
				change.Entity = was.Entity
			}
			out = append(out, change)
			delete(w.tasks, ref)
		default:
			out = append(out, Change{Kind: ChangeTask, Ref: ref, Entity: t.Entity})
			w.tasks[ref] = t
		}
		if t == nil || t.Done() {
			delete(w.follows, ref)
			signal(w.followC)
		}
	}
	clear(s.tasks)
	return out
}
