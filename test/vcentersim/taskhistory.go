// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package vcentersim

import (
	"slices"
	"sync"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

// rememberedTasks is how far back the history goes.
const rememberedTasks = 5000

// taskHistory keeps tasks after the manager's recent list has dropped them, oldest first. govmomi's own history reads
// tasks without their locks and knows no filter by user.
type taskHistory struct {
	mu         sync.Mutex
	tasks      []*simulator.Task
	collectors map[reference]bool
}

func (h *taskHistory) add(t *simulator.Task) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.tasks) >= rememberedTasks {
		h.tasks = slices.Delete(h.tasks, 0, len(h.tasks)-rememberedTasks+1)
	}
	h.tasks = append(h.tasks, t)
}

func (h *taskHistory) watched() []reference {
	h.mu.Lock()
	defer h.mu.Unlock()
	refs := make([]reference, 0, len(h.collectors))
	for ref := range h.collectors {
		refs = append(refs, ref)
	}
	return refs
}

func (h *taskHistory) follow(ref reference, on bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if !on {
		delete(h.collectors, ref)
		return
	}
	if h.collectors == nil {
		h.collectors = map[reference]bool{}
	}
	h.collectors[ref] = true
}

// taskCollector is one TaskHistoryCollector of a session.
type taskCollector struct {
	self   reference
	v      *VCenter
	filter types.TaskFilterSpec

	mu     sync.Mutex
	size   int // of the latest page
	at     int // position of the scrollable view
	placed bool
}

// Reference and Get make the collector readable by the property collector.
func (c *taskCollector) Reference() reference { return c.self }

// Get returns the managed object with its latest page, the newest task first.
func (c *taskCollector) Get() mo.Reference {
	all := c.matches()
	c.mu.Lock()
	defer c.mu.Unlock()
	page := slices.Clone(all[max(len(all)-c.size, 0):])
	slices.Reverse(page)
	return &mo.TaskHistoryCollector{HistoryCollector: mo.HistoryCollector{Self: c.self, Filter: c.filter}, LatestPage: page}
}

// matches reads every task that the filter takes, oldest first.
func (c *taskCollector) matches() []types.TaskInfo {
	h := &c.v.history
	h.mu.Lock()
	tasks := slices.Clone(h.tasks)
	h.mu.Unlock()
	ctx := c.v.newContext("")
	var found []types.TaskInfo
	for _, t := range tasks {
		var info types.TaskInfo
		ctx.WithLock(t, func() { info = t.Info })
		if c.takes(info) {
			found = append(found, info)
		}
	}
	return found
}

func (c *taskCollector) takes(i types.TaskInfo) bool {
	f := c.filter
	if len(f.State) > 0 && !slices.Contains(f.State, i.State) {
		return false
	}
	if len(f.ActivationId) > 0 && !slices.Contains(f.ActivationId, i.ActivationId) {
		return false
	}
	if f.UserName != nil && len(f.UserName.UserList) > 0 {
		user, ok := i.Reason.(*types.TaskReasonUser)
		if !ok || !slices.ContainsFunc(f.UserName.UserList, func(name string) bool { return accountKey(name) == accountKey(user.UserName) }) {
			return false
		}
	}
	return inTime(f.Time, i) && c.onEntity(i)
}

func inTime(f *types.TaskFilterSpecByTime, i types.TaskInfo) bool {
	if f == nil {
		return true
	}
	at := &i.QueueTime
	switch f.TimeType {
	case types.TaskFilterSpecTimeOptionStartedTime:
		at = i.StartTime
	case types.TaskFilterSpecTimeOptionCompletedTime:
		at = i.CompleteTime
	}
	return at != nil && (f.BeginTime == nil || !at.Before(*f.BeginTime)) && (f.EndTime == nil || !at.After(*f.EndTime))
}

func (c *taskCollector) onEntity(i types.TaskInfo) bool {
	f := c.filter.Entity
	if f == nil {
		return true
	}
	if i.Entity == nil {
		return false
	}
	self := *i.Entity == f.Entity
	switch f.Recursion {
	case types.TaskFilterSpecRecursionOptionSelf:
		return self
	case types.TaskFilterSpecRecursionOptionAll:
		return self || c.v.hub.under(*i.Entity, f.Entity, true)
	}
	return c.v.hub.under(*i.Entity, f.Entity, true)
}

// scroll reads count tasks from the position, forward or backward.
func (c *taskCollector) scroll(count int, forward bool) []types.TaskInfo {
	all := c.matches()
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.placed {
		c.at, c.placed = pick(forward, 0, len(all)), true
	}
	c.at = min(c.at, len(all))
	if forward {
		page := all[c.at:min(c.at+count, len(all))]
		c.at += len(page)
		return page
	}
	page := slices.Clone(all[max(c.at-count, 0):c.at])
	c.at -= len(page)
	slices.Reverse(page)
	return page
}

func (c *taskCollector) place(oldest bool) {
	n := len(c.matches())
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at, c.placed = pick(oldest, 0, max(n-c.size, 0)), true
}

// CreateCollectorForTasks answers TaskManager.CreateCollectorForTasks.
func (e *extension) CreateCollectorForTasks(ctx *simulator.Context, req *types.CreateCollectorForTasks) soap.HasFault {
	c := &taskCollector{self: e.v.sessionRef(ctx, "TaskHistoryCollector"), v: e.v, filter: req.Filter, size: 10}
	ctx.Session.Registry.Put(c)
	e.v.history.follow(c.self, true)
	if s, ok := e.v.sessions.touch(ctx); ok {
		s.collector.onClose(func() { e.v.history.follow(c.self, false) })
	}
	return &methods.CreateCollectorForTasksBody{Res: &types.CreateCollectorForTasksResponse{Returnval: c.self}}
}

func taskCollectorOf(ctx *simulator.Context, ref reference) (*taskCollector, *soap.Fault) {
	if c, ok := ctx.Session.Registry.Get(ref).(*taskCollector); ok {
		return c, nil
	}
	return nil, simulator.Fault("", &types.ManagedObjectNotFound{Obj: ref})
}

// ReadNextTasks answers TaskHistoryCollector.ReadNextTasks: from the position toward the newest.
func (e *extension) ReadNextTasks(ctx *simulator.Context, req *types.ReadNextTasks) soap.HasFault {
	body := &methods.ReadNextTasksBody{}
	c, fault := taskCollectorOf(ctx, req.This)
	if body.Fault_ = fault; fault == nil {
		body.Res = &types.ReadNextTasksResponse{Returnval: c.scroll(int(req.MaxCount), true)}
	}
	return body
}

// ReadPreviousTasks answers TaskHistoryCollector.ReadPreviousTasks: from the position toward the oldest.
func (e *extension) ReadPreviousTasks(ctx *simulator.Context, req *types.ReadPreviousTasks) soap.HasFault {
	body := &methods.ReadPreviousTasksBody{}
	c, fault := taskCollectorOf(ctx, req.This)
	if body.Fault_ = fault; fault == nil {
		body.Res = &types.ReadPreviousTasksResponse{Returnval: c.scroll(int(req.MaxCount), false)}
	}
	return body
}

// SetCollectorPageSize answers HistoryCollector.SetCollectorPageSize, 1 to 1000.
func (e *extension) SetCollectorPageSize(ctx *simulator.Context, req *types.SetCollectorPageSize) soap.HasFault {
	body := &methods.SetCollectorPageSizeBody{}
	c, fault := taskCollectorOf(ctx, req.This)
	if fault == nil && (req.MaxCount < 1 || req.MaxCount > 1000) {
		fault = simulator.Fault("", &types.InvalidArgument{InvalidProperty: "maxCount"})
	}
	if body.Fault_ = fault; fault == nil {
		c.mu.Lock()
		c.size = int(req.MaxCount)
		c.mu.Unlock()
		body.Res = &types.SetCollectorPageSizeResponse{}
	}
	return body
}

// RewindCollector answers HistoryCollector.RewindCollector: to the oldest.
func (e *extension) RewindCollector(ctx *simulator.Context, req *types.RewindCollector) soap.HasFault {
	body := &methods.RewindCollectorBody{}
	c, fault := taskCollectorOf(ctx, req.This)
	if body.Fault_ = fault; fault == nil {
		c.place(true)
		body.Res = &types.RewindCollectorResponse{}
	}
	return body
}

// ResetCollector answers HistoryCollector.ResetCollector: before the latest page.
func (e *extension) ResetCollector(ctx *simulator.Context, req *types.ResetCollector) soap.HasFault {
	body := &methods.ResetCollectorBody{}
	c, fault := taskCollectorOf(ctx, req.This)
	if body.Fault_ = fault; fault == nil {
		c.place(false)
		body.Res = &types.ResetCollectorResponse{}
	}
	return body
}

// DestroyCollector answers HistoryCollector.DestroyCollector.
func (e *extension) DestroyCollector(ctx *simulator.Context, req *types.DestroyCollector) soap.HasFault {
	body := &methods.DestroyCollectorBody{}
	_, fault := taskCollectorOf(ctx, req.This)
	if body.Fault_ = fault; fault == nil {
		e.v.history.follow(req.This, false)
		ctx.Session.Remove(ctx, req.This)
		body.Res = &types.DestroyCollectorResponse{}
	}
	return body
}
