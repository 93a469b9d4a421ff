// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package vcentersim

import (
	"time"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/types"
)

// addSnapshots builds a chain, each the child of the one before, and registers its objects.
func (v *VCenter) addSnapshots(ctx *simulator.Context, vm *simulator.VirtualMachine, names []string) {
	if len(names) == 0 {
		return
	}
	var tree []types.VirtualMachineSnapshotTree
	var current reference
	for i := len(names) - 1; i >= 0; i-- {
		snapshot := &simulator.VirtualMachineSnapshot{}
		snapshot.Vm = vm.Self
		snapshot.Config = *vm.Config
		ref := ctx.Map.Put(snapshot).Reference()
		if i == len(names)-1 {
			current = ref
		}
		tree = []types.VirtualMachineSnapshotTree{{
			Snapshot: ref, Vm: vm.Self, Name: names[i], Id: int32(i + 1), CreateTime: time.Now(), State: vm.Runtime.PowerState, //nolint:gosec // a handful.
			ReplaySupported: types.NewBool(false), ChildSnapshotList: tree,
		}}
		vm.RootSnapshot = []reference{ref}
	}
	vm.Snapshot = &types.VirtualMachineSnapshotInfo{CurrentSnapshot: &current, RootSnapshotList: tree}
}

func removeSnapshots(ctx *simulator.Context, tree []types.VirtualMachineSnapshotTree) {
	for _, t := range tree {
		removeSnapshots(ctx, t.ChildSnapshotList)
		ctx.Map.Remove(ctx, t.Snapshot)
	}
}

// snapshotNames lists a chain from its root; a tree with branches comes out in depth-first order.
func snapshotNames(tree []types.VirtualMachineSnapshotTree) []string {
	var names []string
	for _, t := range tree {
		names = append(names, t.Name)
		names = append(names, snapshotNames(t.ChildSnapshotList)...)
	}
	return names
}

// cloneDevices copies a device list, because watchers may be encoding the old one.
func cloneDevices(devices []types.BaseVirtualDevice) []types.BaseVirtualDevice {
	src := types.ArrayOfVirtualDevice{VirtualDevice: devices}
	var dst types.ArrayOfVirtualDevice
	_ = types.MustDeepCopyInto(&dst, src) // it panics or returns nil
	return dst.VirtualDevice
}
