// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package vcenter

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/types"
)

// stream opens one collector, one filter and one container view, and takes updates until something fails. The session that
// they belong to takes them along when it ends, so a renewed session always means a new stream.
func (w *Watcher) stream(ctx context.Context) error {
	s := &stream{w: w, c: w.c, draft: newDraft(&Inventory{}), tasks: map[string]*Task{}}
	defer s.close()
	if err := s.open(ctx); err != nil {
		return err
	}
	ctx, stop := context.WithCancel(ctx)
	listed := make(chan struct{})
	go func() {
		defer close(listed)
		s.keepList(ctx)
	}()
	defer func() { stop(); <-listed }()
	version := ""
	for {
		if !s.calm(ctx) {
			return ctx.Err()
		}
		set, err := s.next(ctx, version)
		if err != nil {
			return err
		}
		w.heard()
		if set == nil {
			continue // silence for MaxWait
		}
		version = set.Version
		for _, f := range set.FilterSet {
			for _, u := range f.ObjectSet {
				s.take(u)
			}
		}
		if s.objects > s.w.o.Most {
			return &Error{Class: TooLarge, Doing: "read the inventory", Server: s.c.host,
				Err: fmt.Errorf("it has more than the %d objects that are held of one vCenter", s.w.o.Most)}
		}
		if set.Truncated != nil && *set.Truncated {
			s.half = true
			continue // half a picture is none
		}
		s.half = false
		if err := s.publish(ctx); err != nil {
			return err
		}
	}
}

// stream is one life of the connection.
type stream struct {
	w         *Watcher
	c         *Client
	collector *types.ManagedObjectReference
	view      *types.ManagedObjectReference
	list      *types.ManagedObjectReference // of the tasks that are followed
	draft     *draft
	complete  bool // the first picture is whole
	half      bool // the rest of a picture waits at vCenter
	asked     restraint
	tasks     map[string]*Task
	objects   int // that have come and not gone
}

func (s *stream) open(ctx context.Context) error {
	return s.c.read(ctx, "watch the inventory", func(ctx context.Context) error {
		content := s.c.vim.ServiceContent
		pc, err := methods.CreatePropertyCollector(ctx, s.c.vim, &types.CreatePropertyCollector{This: content.PropertyCollector})
		if err != nil {
			return err
		}
		s.collector = &pc.Returnval
		view, err := methods.CreateContainerView(ctx, s.c.vim, &types.CreateContainerView{
			This: *content.ViewManager, Container: content.RootFolder, Type: keys(keepers), Recursive: true,
		})
		if err != nil {
			return err
		}
		s.view = &view.Returnval
		list, err := methods.CreateListView(ctx, s.c.vim, &types.CreateListView{This: *content.ViewManager})
		if err != nil {
			return err
		}
		s.list = &list.Returnval
		for _, spec := range s.specs() {
			if _, err := methods.CreateFilter(ctx, s.c.vim, &types.CreateFilter{This: *s.collector, Spec: spec}); err != nil {
				return err
			}
		}
		return nil
	})
}

// calm waits, while nothing of ours runs, for as long as keeps a vCenter in which much changes by itself from being asked more often than
// every few seconds; what changed meanwhile comes with one answer. It reports false when ctx ended.
func (s *stream) calm(ctx context.Context) bool {
	if !s.complete || s.half || s.w.following() {
		return true
	}
	wait := s.asked.wait(time.Now(), scaled(calmPace, s.c.e.Speed))
	if wait <= 0 {
		return true
	}
	select {
	case <-time.After(wait):
	case <-s.w.busyC:
	case <-ctx.Done():
		return false
	}
	return true
}

// specs select all that the view holds, and the tasks of the list. They are two filters of one stream: tasks come and go all the
// time, and a change of what a filter begins at has vCenter walk that filter again.
func (s *stream) specs() []types.PropertyFilterSpec {
	inventory := types.PropertyFilterSpec{
		ObjectSet: []types.ObjectSpec{{
			Obj: *s.view, Skip: types.NewBool(true),
			SelectSet: []types.BaseSelectionSpec{&types.TraversalSpec{Type: "ContainerView", Path: "view"}},
		}},
		ReportMissingObjectsInResults: types.NewBool(true), // an object may go between the view and the read
	}
	for _, kind := range slices.Sorted(maps.Keys(keepers)) {
		inventory.PropSet = append(inventory.PropSet, types.PropertySpec{Type: kind, PathSet: keepers[kind].paths()})
	}
	tasks := types.PropertyFilterSpec{
		ObjectSet: []types.ObjectSpec{{
			Obj: *s.list, Skip: types.NewBool(true),
			SelectSet: []types.BaseSelectionSpec{&types.TraversalSpec{Type: "ListView", Path: "view"}},
		}},
		PropSet:                       []types.PropertySpec{{Type: "Task", PathSet: taskFields.paths()}},
		ReportMissingObjectsInResults: types.NewBool(true),
	}
	return []types.PropertyFilterSpec{inventory, tasks}
}

// next waits for updates. The exchange has a bound above MaxWait: a connection that a firewall dropped silently would else
// hold the stream for ever.
func (s *stream) next(ctx context.Context, version string) (*types.UpdateSet, error) {
	const doing = "wait for updates of the inventory"
	wait := int32(s.w.o.MaxWait / time.Second)
	tctx, cancel := context.WithTimeout(ctx, s.w.o.MaxWait+30*time.Second)
	defer cancel()
	res, err := methods.WaitForUpdatesEx(tctx, s.c.vim, &types.WaitForUpdatesEx{
		This: *s.collector, Version: version,
		Options: &types.WaitOptions{MaxWaitSeconds: &wait, MaxObjectUpdates: s.w.o.MaxObjects},
	})
	if err != nil {
		return nil, classify(ctx, doing, s.c.host, err, false)
	}
	return res.Returnval, nil
}

func (s *stream) take(u types.ObjectUpdate) {
	if u.Obj.Type == "Task" {
		s.takeTask(u)
		return
	}
	switch u.Kind {
	case types.ObjectUpdateKindEnter:
		s.objects++
	case types.ObjectUpdateKindLeave:
		s.objects--
	}
	if k := keepers[u.Obj.Type]; k != nil {
		k.update(s.draft, u)
	}
}

// publish makes the draft the inventory and tells what changed.
func (s *stream) publish(ctx context.Context) error {
	if err := s.readAgain(ctx); err != nil {
		return err
	}
	s.draft.derive()
	before := s.w.inv.Load()
	if !s.complete && before != nil {
		s.draft.restarted(before)
	}
	changes := s.draft.changes
	if len(changes) > 0 || !s.complete {
		s.w.inv.Store(s.draft.inventory(time.Now()))
	}
	changes = append(changes, s.publishTasks()...)
	if !s.complete {
		s.complete = true
		s.w.mu.Lock()
		s.w.synced, s.w.err = true, nil
		s.w.mu.Unlock()
		changes = append(changes, Change{Kind: ChangeConnection})
	}
	s.draft = newDraft(s.w.inv.Load())
	s.w.tell(changes)
	return nil
}

// readAgain reads directly what the stream told in part or cannot tell.
func (s *stream) readAgain(ctx context.Context) error {
	objs := slices.SortedFunc(maps.Keys(s.draft.reread), func(a, b mor) int { return slices.Compare([]string{a.Type, a.Value}, []string{b.Type, b.Value}) })
	for len(objs) > 0 {
		kind, paths := objs[0].Type, map[string]bool{}
		n := 0
		for n < len(objs) && objs[n].Type == kind {
			maps.Copy(paths, s.draft.reread[objs[n]])
			n++
		}
		objects, err := s.c.retrieveRefs(ctx, "read what changed in part", objs[:n], keys(paths)...)
		if err != nil {
			return err
		}
		for _, o := range objects {
			u := types.ObjectUpdate{Kind: types.ObjectUpdateKindModify, Obj: o.Obj}
			for path := range paths { // one that is not in the answer is unset
				u.ChangeSet = append(u.ChangeSet, types.PropertyChange{Name: path, Op: types.PropertyChangeOpAssign, Val: prop(o, path)})
			}
			s.take(u)
		}
		objs = objs[n:]
	}
	clear(s.draft.reread)
	return nil
}

// close lets vCenter forget the collector and the view, as far as their session still lives.
func (s *stream) close() {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if s.c.session.now.Load() == nil {
		return
	}
	if s.collector != nil {
		// A wait that we gave up goes on at vCenter until it is told, or until MaxWait.
		_, _ = methods.CancelWaitForUpdates(ctx, sessionless{s.c.session}, &types.CancelWaitForUpdates{This: *s.collector})
		_, _ = methods.DestroyPropertyCollector(ctx, sessionless{s.c.session}, &types.DestroyPropertyCollector{This: *s.collector})
	}
	for _, view := range []*types.ManagedObjectReference{s.view, s.list} {
		if view != nil {
			_, _ = methods.DestroyView(ctx, sessionless{s.c.session}, &types.DestroyView{This: *view})
		}
	}
}
