// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package vcentersim

import (
	"sync"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

// view is a container view or a list view. Its members are a set with an order, so that one machine more or less
// costs the same in a view of ten and of ten thousand.
type view struct {
	self      reference
	container *reference // nil for a list view
	recursive bool
	types     map[string]bool // empty: all
	asked     []string

	mu    sync.Mutex
	order []reference
	index map[reference]int
}

// Subtypes by the base type that a view may name.
var subtypes = map[string][]string{
	"ManagedEntity":            nil, // everything
	"Network":                  {"DistributedVirtualPortgroup", "OpaqueNetwork"},
	"ComputeResource":          {"ClusterComputeResource"},
	"Folder":                   {"StoragePod"},
	"ResourcePool":             {"VirtualApp"},
	"DistributedVirtualSwitch": {"VmwareDistributedVirtualSwitch"},
}

// What a view may name that has no subtypes.
var viewable = set("StoragePod", "Datacenter", "ClusterComputeResource", "HostSystem", "VirtualApp", "VirtualMachine", "Datastore",
	"OpaqueNetwork", "DistributedVirtualPortgroup", "VmwareDistributedVirtualSwitch")

// Reference and Get make the view readable by the property collector.
func (w *view) Reference() reference { return w.self }

// Get returns the managed object with its members of this moment.
func (w *view) Get() mo.Reference {
	w.mu.Lock()
	defer w.mu.Unlock()
	members := mo.ManagedObjectView{Self: w.self, View: append([]reference(nil), w.order...)}
	if w.container == nil {
		return &mo.ListView{ManagedObjectView: members}
	}
	return &mo.ContainerView{ManagedObjectView: members, Container: *w.container, Recursive: w.recursive, Type: w.asked}
}

func (w *view) includes(ref reference) bool { return len(w.types) == 0 || w.types[ref.Type] }

func (w *view) add(ref reference) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if _, ok := w.index[ref]; ok {
		return false
	}
	w.index[ref] = len(w.order)
	w.order = append(w.order, ref)
	return true
}

func (w *view) take(ref reference) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	i, ok := w.index[ref]
	if !ok {
		return false
	}
	last := len(w.order) - 1
	w.order[i] = w.order[last]
	w.index[w.order[i]] = i
	w.order = w.order[:last]
	delete(w.index, ref)
	return true
}

// CreateContainerView answers ViewManager.CreateContainerView.
func (e *extension) CreateContainerView(ctx *simulator.Context, req *types.CreateContainerView) soap.HasFault {
	body := &methods.CreateContainerViewBody{}
	if ctx.Map.Get(req.Container) == nil {
		body.Fault_ = simulator.Fault("", &types.ManagedObjectNotFound{Obj: req.Container})
		return body
	}
	w := e.v.newView(ctx, "ContainerView")
	container := req.Container
	w.container, w.recursive, w.asked = &container, req.Recursive, req.Type
	for _, kind := range req.Type {
		below, known := subtypes[kind]
		if !known && !viewable[kind] {
			body.Fault_ = simulator.Fault("", &types.InvalidArgument{InvalidProperty: "type"})
			return body
		}
		if kind == "ManagedEntity" {
			w.types = nil
			break
		}
		w.types[kind] = true
		for _, b := range below {
			w.types[b] = true
		}
	}
	h := e.v.hub
	h.mu.Lock()
	for _, entity := range ctx.Map.All("") {
		if ref := entity.Reference(); w.includes(ref) && h.under(ref, container, w.recursive) {
			w.add(ref)
		}
	}
	h.views[w] = true
	h.mu.Unlock()
	e.v.keepView(ctx, w)
	body.Res = &types.CreateContainerViewResponse{Returnval: w.self}
	return body
}

// CreateListView answers ViewManager.CreateListView.
func (e *extension) CreateListView(ctx *simulator.Context, req *types.CreateListView) soap.HasFault {
	body := &methods.CreateListViewBody{}
	w := e.v.newView(ctx, "ListView")
	for _, ref := range req.Obj {
		if ctx.Map.Get(ref) == nil {
			body.Fault_ = simulator.Fault("", &types.ManagedObjectNotFound{Obj: ref})
			return body
		}
		w.add(ref)
	}
	h := e.v.hub
	h.mu.Lock()
	h.views[w] = true
	h.mu.Unlock()
	e.v.keepView(ctx, w)
	body.Res = &types.CreateListViewResponse{Returnval: w.self}
	return body
}

// ModifyListView answers ListView.ModifyListView: it returns what could not be found.
func (e *extension) ModifyListView(ctx *simulator.Context, req *types.ModifyListView) soap.HasFault {
	body := &methods.ModifyListViewBody{}
	w := viewOf(ctx, req.This)
	if w == nil {
		body.Fault_ = simulator.Fault("", &types.ManagedObjectNotFound{Obj: req.This})
		return body
	}
	body.Res = &types.ModifyListViewResponse{Returnval: e.v.hub.alterList(w, req.Add, req.Remove)}
	return body
}

// ResetListView answers ListView.ResetListView.
func (e *extension) ResetListView(ctx *simulator.Context, req *types.ResetListView) soap.HasFault {
	body := &methods.ResetListViewBody{}
	w := viewOf(ctx, req.This)
	if w == nil {
		body.Fault_ = simulator.Fault("", &types.ManagedObjectNotFound{Obj: req.This})
		return body
	}
	w.mu.Lock()
	old := append([]reference(nil), w.order...)
	w.mu.Unlock()
	body.Res = &types.ResetListViewResponse{Returnval: e.v.hub.alterList(w, req.Obj, old)}
	return body
}

// alterList removes first, so that a reset may keep a member.
func (h *hub) alterList(w *view, add, remove []reference) (missing []reference) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, ref := range remove {
		if w.take(ref) {
			h.viewChanged(w, ref)
		}
	}
	for _, ref := range add {
		if h.v.service.Context.Map.Get(ref) == nil {
			missing = append(missing, ref)
			continue
		}
		if w.add(ref) {
			h.viewChanged(w, ref)
		}
	}
	return missing
}

// DestroyView answers View.DestroyView.
func (e *extension) DestroyView(ctx *simulator.Context, req *types.DestroyView) soap.HasFault {
	body := &methods.DestroyViewBody{}
	w := viewOf(ctx, req.This)
	if w == nil {
		body.Fault_ = simulator.Fault("", &types.ManagedObjectNotFound{Obj: req.This})
		return body
	}
	e.v.hub.dropView(w)
	ctx.Session.Remove(ctx, w.self)
	body.Res = &types.DestroyViewResponse{}
	return body
}

func (h *hub) dropView(w *view) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.views, w)
}

func (v *VCenter) newView(ctx *simulator.Context, kind string) *view {
	return &view{self: v.sessionRef(ctx, kind), types: map[string]bool{}, index: map[reference]int{}}
}

// keepView makes the view readable in its session, and lets it go with the session.
func (v *VCenter) keepView(ctx *simulator.Context, w *view) {
	ctx.Session.Registry.Put(w)
	if s, ok := v.sessions.touch(ctx); ok {
		s.collector.onClose(func() { v.hub.dropView(w) })
	}
}

func viewOf(ctx *simulator.Context, ref reference) *view {
	w, _ := ctx.Session.Registry.Get(ref).(*view)
	return w
}
