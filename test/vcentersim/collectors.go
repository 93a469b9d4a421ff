// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package vcentersim

import (
	"slices"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

var vimServiceInstance = vim25.ServiceInstance

// CreatePropertyCollector answers PropertyCollector.CreatePropertyCollector.
func (e *extension) CreatePropertyCollector(ctx *simulator.Context, req *types.CreatePropertyCollector) soap.HasFault {
	body := &methods.CreatePropertyCollectorBody{}
	all, _, fault := e.collectorOf(ctx, req.This)
	if fault != nil {
		body.Fault_ = fault
		return body
	}
	ref := e.v.sessionRef(ctx, "PropertyCollector")
	all.mu.Lock()
	all.add(ref)
	all.mu.Unlock()
	made := &simulator.PropertyCollector{} // for RetrieveProperties, which govmomi goes on answering
	made.Self = ref
	ctx.Session.Registry.Put(made)
	body.Res = &types.CreatePropertyCollectorResponse{Returnval: ref}
	return body
}

// DestroyPropertyCollector ends its waits and filters.
func (e *extension) DestroyPropertyCollector(ctx *simulator.Context, req *types.DestroyPropertyCollector) soap.HasFault {
	body := &methods.DestroyPropertyCollectorBody{}
	all, c, fault := e.collectorOf(ctx, req.This)
	if fault != nil {
		body.Fault_ = fault
		return body
	}
	all.mu.Lock()
	delete(all.byRef, req.This)
	all.mu.Unlock()
	close(c.gone)
	c.drop()
	ctx.Session.Remove(ctx, req.This)
	body.Res = &types.DestroyPropertyCollectorResponse{}
	return body
}

// CreateFilter answers PropertyCollector.CreateFilter.
func (e *extension) CreateFilter(ctx *simulator.Context, req *types.CreateFilter) soap.HasFault {
	body := &methods.CreateFilterBody{}
	_, c, fault := e.collectorOf(ctx, req.This)
	if fault != nil {
		body.Fault_ = fault
		return body
	}
	for _, o := range req.Spec.ObjectSet {
		missing := ctx.Session.Get(o.Obj) == nil
		if report := req.Spec.ReportMissingObjectsInResults; missing && (report == nil || !*report) {
			body.Fault_ = simulator.Fault("The object has already been deleted or has not been completely created",
				&types.ManagedObjectNotFound{Obj: o.Obj})
			return body
		}
	}
	f := newFilter(ctx, e.v.sessionRef(ctx, "PropertyFilter"), req.Spec, c.wake)
	f.collector = c
	c.cancelMu.Lock()
	c.filters = append(c.filters, f)
	c.cancelMu.Unlock()
	e.v.hub.mu.Lock()
	e.v.hub.filters[f] = true
	e.v.hub.mu.Unlock()
	c.wake()
	body.Res = &types.CreateFilterResponse{Returnval: f.self}
	return body
}

// DestroyPropertyFilter answers PropertyFilter.DestroyPropertyFilter.
func (e *extension) DestroyPropertyFilter(ctx *simulator.Context, req *types.DestroyPropertyFilter) soap.HasFault {
	body := &methods.DestroyPropertyFilterBody{}
	s, ok := e.v.sessions.touch(ctx)
	if !ok {
		body.Fault_ = simulator.Fault("", &types.NotAuthenticated{})
		return body
	}
	if !s.collector.destroyFilter(req.This) {
		body.Fault_ = simulator.Fault("", &types.ManagedObjectNotFound{Obj: req.This})
		return body
	}
	body.Res = &types.DestroyPropertyFilterResponse{}
	return body
}

func (c *collectors) destroyFilter(ref reference) bool {
	c.h.mu.Lock()
	var found *filter
	for f := range c.h.filters {
		if f.self == ref {
			found = f
		}
	}
	delete(c.h.filters, found)
	c.h.mu.Unlock()
	if found == nil {
		return false
	}
	owner := found.collector
	owner.cancelMu.Lock()
	defer owner.cancelMu.Unlock()
	owner.filters = slices.DeleteFunc(owner.filters, func(f *filter) bool { return f == found })
	return true
}

func (c *collector) list() []*filter {
	c.cancelMu.Lock()
	defer c.cancelMu.Unlock()
	return slices.Clone(c.filters)
}

func (f *filter) owner(c *collector) bool { return f.collector == c }

// fresh is true once: a filter that joins a running stream tells all its objects first.
func (f *filter) fresh() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	fresh := !f.told
	f.told = true
	return fresh
}

// reset makes the filter tell everything again, because the client started over.
func (f *filter) reset() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.tracked, f.told = map[reference]map[string]uint64{}, false
}
