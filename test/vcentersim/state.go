// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package vcentersim

import (
	"sort"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/mo"
)

// MachineState is the truth about one machine, for checks. Names are as a person reads them, the folder as vCenter keeps it.
type MachineState struct {
	Ref, Name              string
	Folder                 string // inventory path, "/Oslo/vm/Finance"
	InstanceUUID, BIOSUUID string
	MACs                   []string
	Disks                  []int64 // capacity in bytes
	PowerState             string  // poweredOn, poweredOff, suspended
	PowerOffCount          int     // how often it was ever powered off, at any vCenter
	Host, Pool             string
	Datastores, Networks   []string
	Annotation             string
	Snapshots              int
}

// Machines lists every machine, by name.
func (v *VCenter) Machines() []MachineState {
	ctx := v.newContext("")
	var states []MachineState
	for _, e := range ctx.Map.All("VirtualMachine") {
		if vm, ok := e.(*simulator.VirtualMachine); ok {
			states = append(states, v.stateOf(ctx, vm))
		}
	}
	sort.Slice(states, func(i, j int) bool {
		a, b := states[i], states[j]
		return a.Name < b.Name || (a.Name == b.Name && a.Folder < b.Folder)
	})
	return states
}

func (v *VCenter) stateOf(ctx *simulator.Context, vm *simulator.VirtualMachine) MachineState {
	s := MachineState{Ref: vm.Self.Value, PowerOffCount: v.machines.read(vm.Self).powerOffs}
	var host, pool, folder *reference
	var datastores, networks []reference
	ctx.WithLock(vm, func() {
		s.Name, s.InstanceUUID, s.BIOSUUID, s.Annotation = shownName(vm.Name), vm.Config.InstanceUuid, vm.Config.Uuid, vm.Config.Annotation
		s.PowerState = string(vm.Runtime.PowerState)
		for _, card := range networkCards(vm.Config.Hardware.Device) {
			s.MACs = append(s.MACs, card.MacAddress)
		}
		for _, disk := range disksOf(vm.Config.Hardware.Device) {
			s.Disks = append(s.Disks, disk.CapacityInBytes)
		}
		if vm.Snapshot != nil {
			s.Snapshots = len(snapshotNames(vm.Snapshot.RootSnapshotList))
		}
		host, pool, folder = vm.Runtime.Host, vm.ResourcePool, vm.Parent
		datastores, networks = append(datastores, vm.Datastore...), append(networks, vm.Network...)
	})
	if host != nil {
		s.Host = shownName(v.nameOf(*host))
	}
	if pool != nil {
		s.Pool = shownName(v.nameOf(*pool))
	}
	for _, ref := range datastores {
		s.Datastores = append(s.Datastores, shownName(v.nameOf(ref)))
	}
	for _, ref := range networks {
		s.Networks = append(s.Networks, shownName(v.nameOf(ref)))
	}
	if folder != nil {
		s.Folder = v.pathOf(*folder)
	}
	return s
}

// pathOf an inventory object, without the root folder, which has no name in paths.
func (v *VCenter) pathOf(ref reference) string {
	path := ""
	for {
		e, ok := v.service.Context.Map.Get(ref).(interface{ Entity() *mo.ManagedEntity })
		if !ok || e.Entity().Parent == nil {
			return path
		}
		path = "/" + v.nameOf(ref) + path
		ref = *e.Entity().Parent
	}
}
