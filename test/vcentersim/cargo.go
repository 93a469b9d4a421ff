// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package vcentersim

import (
	"maps"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/types"
)

// cargo is what a move carries, read once at its start.
type cargo struct {
	name      string
	live      bool
	diskBytes map[int32]int64
	memory    int64
	from      placement
}

func (c cargo) total() int64 {
	var n int64
	for _, b := range c.diskBytes {
		n += b
	}
	if c.live {
		n += c.memory + c.memory/4 // pages change while they are copied
	}
	return n
}

func (v *VCenter) cargoOf(ctx *simulator.Context, vm *simulator.VirtualMachine) cargo {
	known := v.known(ctx, vm)
	c := cargo{diskBytes: map[int32]int64{}}
	ctx.WithLock(vm, func() {
		c.name, c.live = vm.Name, vm.Runtime.PowerState == poweredOn
		c.memory = int64(vm.Config.Hardware.MemoryMB) << 20
		c.from = placement{folder: vm.Parent, pool: vm.ResourcePool, host: vm.Runtime.Host, disks: map[int32]reference{}}
		if len(vm.Datastore) > 0 {
			c.from.home = &vm.Datastore[0]
		}
	})
	for key, d := range known.disks {
		c.diskBytes[key] = d.used
		c.from.disks[key] = d.datastore
	}
	return c
}

// known is the machine's entry in the book. What was made over the API, a machine or a disk, enters it here: as
// written in full, or by half when thin.
func (v *VCenter) known(ctx *simulator.Context, vm *simulator.VirtualMachine) entry {
	e := v.machines.read(vm.Self)
	disks := maps.Clone(e.disks)
	if disks == nil {
		disks = map[int32]diskUse{}
	}
	ctx.WithLock(vm, func() {
		e.name, e.folder = vm.Name, *vm.Parent
		for _, d := range disksOf(vm.Config.Hardware.Device) {
			if _, ok := disks[d.Key]; ok || len(vm.Datastore) == 0 {
				continue
			}
			capacity := max(d.CapacityInBytes, d.CapacityInKB<<10)
			use := diskUse{datastore: vm.Datastore[0], used: capacity, capacity: capacity}
			if flat, ok := d.Backing.(*types.VirtualDiskFlatVer2BackingInfo); ok {
				if flat.ThinProvisioned != nil && *flat.ThinProvisioned {
					use.used /= 2
				}
				if flat.Datastore != nil {
					use.datastore = *flat.Datastore
				}
			}
			disks[d.Key] = use
		}
	})
	if len(disks) != len(e.disks) {
		e.disks = disks
		v.machines.put(vm.Self, &e)
	}
	return e
}

// recordOf reads the machine for its journey.
func (v *VCenter) recordOf(ctx *simulator.Context, vm *simulator.VirtualMachine) *record {
	known := v.known(ctx, vm)
	r := &record{
		Used: map[int32]int64{}, PowerOffs: known.powerOffs, IgnoresShutdown: known.ignoresShutdown, ShutdownTime: known.shutdownTime,
	}
	for key, d := range known.disks {
		r.Used[key] = d.used
	}
	ctx.WithLock(vm, func() {
		r.Name, r.PowerState, r.BootTime, r.EVCMode = vm.Name, vm.Runtime.PowerState, vm.Runtime.BootTime, vm.Runtime.MinRequiredEVCModeKey
		r.Config, r.Guest = *vm.Config, *vm.Guest
		r.Config.Hardware.Device = cloneDevices(vm.Config.Hardware.Device)
		if vm.Snapshot != nil {
			r.Snapshots = snapshotNames(vm.Snapshot.RootSnapshotList)
		}
	})
	return r
}
