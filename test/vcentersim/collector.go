// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package vcentersim

import (
	"strconv"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

// maxObjectUpdates in one answer, whatever the client asks for: vCenter's own policy.
const maxObjectUpdates = 100

// gather is how long an answer waits for more changes after the first: a burst then costs one answer.
const gather = time.Millisecond

// collectors are the property collectors of one session: the default one and those that the client made.
type collectors struct {
	h       *hub
	session *client

	mu      sync.Mutex
	byRef   map[reference]*collector
	closers []func()
}

func newCollectors(h *hub, s *client) *collectors {
	return &collectors{h: h, session: s, byRef: map[reference]*collector{}}
}

// collector is one property collector: filters, a version that counts answers, and what is left of a long answer.
type collector struct {
	h     *hub
	ended <-chan struct{}
	wakeC chan struct{}

	mu      sync.Mutex // one answer at a time
	version int
	last    *types.UpdateSet // told again when the client repeats the version before: its answer was lost
	pending []types.PropertyFilterUpdate

	cancelMu sync.Mutex // of what other calls change while an answer waits
	filters  []*filter
	cancel   chan struct{} // closed to end the wait under way
	gone     chan struct{}
}

func (c *collectors) get(ref reference) *collector {
	c.mu.Lock()
	defer c.mu.Unlock()
	found := c.byRef[ref]
	if found == nil && ref == c.h.v.service.Context.Map.Get(vimServiceInstance).(*simulator.ServiceInstance).Content.PropertyCollector {
		found = c.add(ref)
	}
	return found
}

func (c *collectors) add(ref reference) *collector {
	made := &collector{h: c.h, ended: c.session.done, wakeC: make(chan struct{}, 1), gone: make(chan struct{})}
	c.byRef[ref] = made
	return made
}

func (c *collectors) onClose(f func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closers = append(c.closers, f)
}

// close lets the session's filters and views go.
func (c *collectors) close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, each := range c.byRef {
		each.drop()
	}
	for _, f := range c.closers {
		f()
	}
	c.closers = nil
}

func (c *collector) drop() {
	c.h.mu.Lock()
	defer c.h.mu.Unlock()
	for f := range c.h.filters {
		if f.owner(c) {
			delete(c.h.filters, f)
		}
	}
}

func (c *collector) wake() {
	select {
	case c.wakeC <- struct{}{}:
	default:
	}
}

// wait answers one WaitForUpdatesEx; nil and no fault when the time ran out.
func (c *collector) wait(ctx *simulator.Context, version string, options *types.WaitOptions) (*types.UpdateSet, types.BaseMethodFault) {
	stop := c.begin()
	c.mu.Lock()
	defer c.mu.Unlock()
	limit, expires, once := waitLimits(options)
	switch version {
	case "":
		c.version, c.pending, c.last = 0, nil, nil
		for _, f := range c.list() {
			f.reset()
		}
	case strconv.Itoa(c.version - 1):
		if c.last != nil {
			return c.last, nil
		}
		fallthrough
	default:
		if version != strconv.Itoa(c.version) {
			return nil, &types.InvalidCollectorVersion{}
		}
	}
	first := version == ""
	for {
		if len(c.pending) == 0 {
			if fault := c.read(ctx, first); fault != nil {
				return nil, fault
			}
		}
		if len(c.pending) > 0 || first {
			return c.answer(limit), nil
		}
		if once {
			return nil, nil
		}
		select {
		case <-c.wakeC:
			time.Sleep(gather)
		case <-expires:
			return nil, nil
		case <-stop:
			return nil, &types.RequestCanceled{}
		case <-c.gone:
			return nil, &types.RequestCanceled{}
		case <-c.ended:
			return nil, &types.NotAuthenticated{NoPermission: types.NoPermission{PrivilegeId: "System.View"}}
		case <-c.h.v.ctx.Done():
			return nil, &types.RequestCanceled{}
		}
	}
}

// begin ends a wait that another call left behind, whose client is gone, and returns the new wait's stop signal.
func (c *collector) begin() <-chan struct{} {
	c.cancelMu.Lock()
	defer c.cancelMu.Unlock()
	if c.cancel != nil {
		close(c.cancel)
	}
	c.cancel = make(chan struct{})
	return c.cancel
}

func (c *collector) stop() {
	c.cancelMu.Lock()
	defer c.cancelMu.Unlock()
	if c.cancel != nil {
		close(c.cancel)
		c.cancel = nil
	}
}

func (c *collector) read(ctx *simulator.Context, first bool) types.BaseMethodFault {
	for _, f := range c.list() {
		updates, fault := f.collect(ctx, f.fresh() || first)
		if fault != nil {
			return fault
		}
		if len(updates) > 0 {
			c.pending = append(c.pending, types.PropertyFilterUpdate{Filter: f.self, ObjectSet: updates})
		}
	}
	return nil
}

// answer takes up to limit object updates from what is pending.
func (c *collector) answer(limit int) *types.UpdateSet {
	c.version++
	set := &types.UpdateSet{Version: strconv.Itoa(c.version)}
	for len(c.pending) > 0 && limit > 0 {
		next := c.pending[0]
		n := min(limit, len(next.ObjectSet))
		set.FilterSet = append(set.FilterSet, types.PropertyFilterUpdate{Filter: next.Filter, ObjectSet: next.ObjectSet[:n]})
		limit -= n
		if n == len(next.ObjectSet) {
			c.pending = c.pending[1:]
		} else {
			c.pending[0].ObjectSet = next.ObjectSet[n:]
		}
	}
	if len(c.pending) > 0 {
		set.Truncated = types.NewBool(true)
	}
	c.last = set
	return set
}

func waitLimits(o *types.WaitOptions) (limit int, expires <-chan time.Time, once bool) {
	limit = maxObjectUpdates
	if o == nil {
		return limit, nil, false
	}
	if o.MaxObjectUpdates > 0 {
		limit = min(limit, int(o.MaxObjectUpdates))
	}
	if o.MaxWaitSeconds != nil {
		if *o.MaxWaitSeconds <= 0 {
			return limit, nil, true
		}
		expires = time.After(time.Duration(*o.MaxWaitSeconds) * time.Second)
	}
	return limit, expires, false
}

// sessionRef makes a reference for an object that lives in one session.
func (v *VCenter) sessionRef(ctx *simulator.Context, kind string) reference {
	return reference{Type: kind, Value: "session[" + ctx.Session.Key + "]" + uuid.NewString()}
}

func (e *extension) collectorOf(ctx *simulator.Context, ref reference) (*collectors, *collector, *soap.Fault) {
	s, ok := e.v.sessions.touch(ctx)
	if !ok {
		return nil, nil, simulator.Fault("", &types.NotAuthenticated{})
	}
	c := s.collector.get(ref)
	if c == nil {
		return nil, nil, simulator.Fault("", &types.ManagedObjectNotFound{Obj: ref})
	}
	return s.collector, c, nil
}

// WaitForUpdatesEx answers PropertyCollector.WaitForUpdatesEx.
func (e *extension) WaitForUpdatesEx(ctx *simulator.Context, req *types.WaitForUpdatesEx) soap.HasFault {
	body := &methods.WaitForUpdatesExBody{}
	all, c, fault := e.collectorOf(ctx, req.This)
	if fault != nil {
		body.Fault_ = fault
		return body
	}
	done := e.v.sessions.wait(all.session)
	set, failed := c.wait(ctx, req.Version, req.Options)
	done()
	if failed != nil {
		body.Fault_ = simulator.Fault("", failed)
		return body
	}
	body.Res = &types.WaitForUpdatesExResponse{Returnval: set}
	return body
}

// WaitForUpdates answers the older form, which has no limits.
func (e *extension) WaitForUpdates(ctx *simulator.Context, req *types.WaitForUpdates) soap.HasFault {
	body := &methods.WaitForUpdatesBody{}
	res := e.WaitForUpdatesEx(ctx, &types.WaitForUpdatesEx{This: req.This, Version: req.Version})
	if body.Fault_ = res.Fault(); body.Fault_ == nil {
		body.Res = &types.WaitForUpdatesResponse{Returnval: *res.(*methods.WaitForUpdatesExBody).Res.Returnval}
	}
	return body
}

// CheckForUpdates answers the older form that does not wait.
func (e *extension) CheckForUpdates(ctx *simulator.Context, req *types.CheckForUpdates) soap.HasFault {
	body := &methods.CheckForUpdatesBody{}
	res := e.WaitForUpdatesEx(ctx, &types.WaitForUpdatesEx{
		This: req.This, Version: req.Version, Options: &types.WaitOptions{MaxWaitSeconds: types.NewInt32(0)},
	})
	if body.Fault_ = res.Fault(); body.Fault_ == nil {
		body.Res = &types.CheckForUpdatesResponse{Returnval: res.(*methods.WaitForUpdatesExBody).Res.Returnval}
	}
	return body
}

// CancelWaitForUpdates ends the wait under way with RequestCanceled.
func (e *extension) CancelWaitForUpdates(ctx *simulator.Context, req *types.CancelWaitForUpdates) soap.HasFault {
	body := &methods.CancelWaitForUpdatesBody{}
	_, c, fault := e.collectorOf(ctx, req.This)
	if fault != nil {
		body.Fault_ = fault
		return body
	}
	c.stop()
	body.Res = &types.CancelWaitForUpdatesResponse{}
	return body
}
