// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package vcentersim

import (
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/types"
)

// post writes events to the vCenter's event log.
func (v *VCenter) post(ctx *simulator.Context, events ...types.BaseEvent) {
	m := ctx.Map.EventManager()
	ctx.WithLock(m, func() {
		for _, event := range events {
			m.PostEvent(ctx, &types.PostEvent{EventToPost: event})
		}
	})
}

// vmEvent fills what all events of machines say.
func (v *VCenter) vmEvent(ctx *simulator.Context, vm *simulator.VirtualMachine) types.VmEvent {
	var event types.VmEvent
	event.Datacenter = &types.DatacenterEventArgument{
		EntityEventArgument: types.EntityEventArgument{Name: v.layout.name}, Datacenter: v.layout.datacenter.Reference(),
	}
	ctx.WithLock(vm, func() {
		event.Vm = &types.VmEventArgument{EntityEventArgument: types.EntityEventArgument{Name: vm.Name}, Vm: vm.Self}
		if vm.Runtime.Host != nil {
			event.Host = v.hostArgument(*vm.Runtime.Host)
			if h, ok := ctx.Map.Get(*vm.Runtime.Host).(*simulator.HostSystem); ok && h.Parent != nil {
				event.ComputeResource = &types.ComputeResourceEventArgument{
					EntityEventArgument: types.EntityEventArgument{Name: v.nameOf(*h.Parent)}, ComputeResource: *h.Parent,
				}
			}
		}
		if len(vm.Datastore) > 0 {
			event.Ds = v.storeArgument(vm.Datastore[0])
		}
	})
	return event
}

func (v *VCenter) hostArgument(ref reference) *types.HostEventArgument {
	return &types.HostEventArgument{EntityEventArgument: types.EntityEventArgument{Name: v.nameOf(ref)}, Host: ref}
}

func (v *VCenter) storeArgument(ref reference) *types.DatastoreEventArgument {
	return &types.DatastoreEventArgument{EntityEventArgument: types.EntityEventArgument{Name: v.nameOf(ref)}, Datastore: ref}
}
