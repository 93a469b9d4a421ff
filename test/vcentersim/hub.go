// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package vcentersim

import (
	"slices"
	"sync"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"
)

// hub hears of every change in the registry and tells the filters that follow the changed object, and only those.
// govmomi's own collector walks all filters' objects again on each change, which costs seconds among 10,000 machines.
//
// Its callbacks run while the simulator holds locks of objects, so it takes none of those itself.
type hub struct {
	v *VCenter

	mu      sync.Mutex
	filters map[*filter]bool
	views   map[*view]bool
}

func newHub(v *VCenter) *hub {
	return &hub{v: v, filters: map[*filter]bool{}, views: map[*view]bool{}}
}

// Reference makes the hub a registry handler.
func (h *hub) Reference() reference { return reference{Type: "VCenterSim", Value: "hub"} }

// PutObject is called when an object is registered.
func (h *hub) PutObject(_ *simulator.Context, obj mo.Reference) {
	ref := obj.Reference()
	h.mu.Lock()
	for w := range h.views {
		h.consider(w, ref)
	}
	h.wake(ref)
	h.mu.Unlock()
	if t, ok := obj.(*simulator.Task); ok {
		h.v.history.add(t)
		h.touch(h.v.history.watched()...)
	}
	h.touchNeighbours(obj)
}

// UpdateObject is called when properties of an object change.
func (h *hub) UpdateObject(_ *simulator.Context, obj mo.Reference, changes []types.PropertyChange) {
	ref := obj.Reference()
	moved := slices.ContainsFunc(changes, func(c types.PropertyChange) bool {
		return c.Name == "parent" || c.Name == "runtime.host" || c.Name == "resourcePool"
	})
	h.mu.Lock()
	if moved {
		for w := range h.views {
			h.consider(w, ref)
		}
	}
	h.wake(ref)
	h.mu.Unlock()
	switch ref.Type {
	case "VirtualMachine":
		h.v.noteMachine(obj, changes)
	case "Task":
		h.touch(h.v.history.watched()...)
	}
}

// RemoveObject is called when an object goes.
func (h *hub) RemoveObject(_ *simulator.Context, ref types.ManagedObjectReference) {
	h.mu.Lock()
	for w := range h.views {
		if w.take(ref) {
			h.viewChanged(w, ref)
		}
	}
	for f := range h.filters {
		f.left(ref)
	}
	h.mu.Unlock()
	if ref.Type == "VirtualMachine" {
		h.touchNeighbours(h.v.service.Context.Map.Get(ref))
		h.v.machines.remove(ref)
	}
}

// touch tells followers of objects whose lists changed without a notice from govmomi.
func (h *hub) touch(refs ...reference) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, ref := range refs {
		h.wake(ref)
	}
}

// touchNeighbours wakes followers of the lists that a new or removed machine stands in; govmomi changes them silently.
func (h *hub) touchNeighbours(obj mo.Reference) {
	vm, ok := obj.(*simulator.VirtualMachine)
	if !ok {
		return
	}
	refs := append(slices.Clone(vm.Datastore), vm.Network...)
	for _, ref := range []*reference{vm.Parent, vm.ResourcePool, vm.Runtime.Host} {
		if ref != nil {
			refs = append(refs, *ref)
		}
	}
	h.touch(refs...)
}

func (h *hub) wake(ref reference) {
	for f := range h.filters {
		f.changed(ref)
	}
}

// consider puts an object into a view, or takes it out, by where it stands now.
func (h *hub) consider(w *view, ref reference) {
	if w.container == nil {
		return // a list view changes by its owner only
	}
	if w.includes(ref) && h.under(ref, *w.container, w.recursive) {
		if w.add(ref) {
			h.viewChanged(w, ref)
		}
	} else if w.take(ref) {
		h.viewChanged(w, ref)
	}
}

func (h *hub) viewChanged(w *view, ref reference) {
	for f := range h.filters {
		f.viewChanged(w, ref)
	}
	h.wake(w.self)
}

// under says whether an object stands below a container, by climbing its parents: the depth of the tree, not its size.
func (h *hub) under(ref, container reference, recursive bool) bool {
	for _, parent := range h.parents(ref) {
		if parent == container || (recursive && h.under(parent, container, true)) {
			return true
		}
	}
	return false
}

// parents of an object: a machine has its folder, its pool and its host.
func (h *hub) parents(ref reference) []reference {
	e, ok := h.v.service.Context.Map.Get(ref).(mo.Entity)
	if !ok {
		return nil
	}
	var refs []reference
	if p := e.Entity().Parent; p != nil {
		refs = append(refs, *p)
	}
	if vm, ok := e.(*simulator.VirtualMachine); ok {
		if vm.ResourcePool != nil {
			refs = append(refs, *vm.ResourcePool)
		}
		if vm.Runtime.Host != nil {
			refs = append(refs, *vm.Runtime.Host)
		}
	}
	return refs
}

// noteMachine keeps the book of machines right when govmomi's own methods change one.
func (v *VCenter) noteMachine(obj mo.Reference, changes []types.PropertyChange) {
	vm, ok := v.service.Context.Map.Get(obj.Reference()).(*simulator.VirtualMachine)
	if !ok {
		return
	}
	for _, c := range changes {
		switch {
		case c.Name == "runtime.powerState" && vm.Runtime.PowerState == types.VirtualMachinePowerStatePoweredOff:
			v.machines.change(vm.Self, func(e *entry) { e.powerOffs++ })
		case c.Name == "name" || c.Name == "parent":
			if vm.Parent != nil {
				v.machines.rename(vm.Self, *vm.Parent, vm.Name)
			}
		}
	}
}
