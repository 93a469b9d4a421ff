// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package vcentersim

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/vmware/govmomi/property"
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"
)

// subject is what the checks need to know of the machine.
type subject struct {
	ref       reference
	name      string
	live      bool
	hardware  int // virtual hardware version
	cpus      int32
	evc       string
	snapshots bool
	devices   []types.BaseVirtualDevice
	bytes     map[int32]int64
	from      placement
}

// plan is a resolved specification: nothing in it is left to a default.
type plan struct {
	placement
	spec types.VirtualMachineRelocateSpec
}

func (p plan) movesStorage(from placement) bool {
	for key, ds := range p.disks {
		if from.disks[key] != ds {
			return true
		}
	}
	return p.home != nil && from.home != nil && *p.home != *from.home
}

// findings of the checks, the gravest first.
type findings struct {
	errors, warnings []types.BaseMethodFault
}

func (f *findings) fail(fault types.BaseMethodFault) { f.errors = append(f.errors, fault) }

func (v *VCenter) subjectOf(ctx *simulator.Context, vm *simulator.VirtualMachine) subject {
	c := v.cargoOf(ctx, vm)
	s := subject{ref: vm.Self, name: c.name, live: c.live, bytes: c.diskBytes, from: c.from}
	ctx.WithLock(vm, func() {
		_, _ = fmt.Sscanf(vm.Config.Version, "vmx-%d", &s.hardware)
		s.evc, s.snapshots = vm.Runtime.MinRequiredEVCModeKey, vm.Snapshot != nil && len(vm.Snapshot.RootSnapshotList) > 0
		s.cpus, s.devices = vm.Config.Hardware.NumCPU, cloneDevices(vm.Config.Hardware.Device)
	})
	return s
}

// survey is the destination's side of one check.
type survey struct {
	d     *destination
	ctx   context.Context
	s     subject
	spec  types.VirtualMachineRelocateSpec
	plan  plan
	out   findings
	host  mo.HostSystem
	owner reference
	nets  map[int32]reference
}

// check resolves the specification at the destination and looks for everything that would stop the move.
func (d *destination) check(ctx context.Context, s subject, spec types.VirtualMachineRelocateSpec) (plan, findings) {
	y := &survey{d: d, ctx: ctx, s: s, spec: spec, nets: map[int32]reference{}}
	y.plan.spec = spec
	y.plan.disks, y.plan.nics = map[int32]reference{}, map[int32]types.BaseVirtualDeviceBackingInfo{}
	for _, step := range []func(){y.pool, y.chooseHost, y.folder, y.storage} {
		if step(); len(y.out.errors) > 0 {
			return y.plan, y.out // later steps would stand on what is missing
		}
	}
	y.network()
	if missing := y.privileges(); missing != nil {
		y.out.errors = append([]types.BaseMethodFault{missing}, y.out.errors...)
	}
	for _, step := range []func(){y.freeName, y.hostState, y.space, y.processor, y.abilities, y.snapshot, y.attached} {
		step()
	}
	return y.plan, y.out
}

// get reads properties there; it records a fault when the object is not.
func (y *survey) get(ref reference, into any, properties ...string) bool {
	err := property.DefaultCollector(y.d.client).RetrieveOne(y.ctx, ref, properties, into)
	if err == nil {
		return true
	}
	y.out.fail(&types.ManagedObjectNotFound{Obj: ref})
	return false
}

func (y *survey) pool() {
	switch {
	case y.spec.Pool != nil:
		y.plan.pool = y.spec.Pool
	case !y.d.remote && y.spec.Host == nil:
		y.plan.pool = y.s.from.pool
	case y.spec.Host != nil:
		var host mo.HostSystem
		var compute mo.ComputeResource
		if !y.get(*y.spec.Host, &host, "parent") || !y.get(*host.Parent, &compute, "resourcePool") {
			return
		}
		y.plan.pool = compute.ResourcePool
	default:
		y.out.fail(&types.InvalidArgument{InvalidProperty: "spec.pool"})
		return
	}
	var pool mo.ResourcePool
	if y.get(*y.plan.pool, &pool, "owner") {
		y.owner = pool.Owner
	}
}

func (y *survey) chooseHost() {
	switch {
	case y.spec.Host != nil:
		y.plan.host = y.spec.Host
	case !y.d.remote && y.spec.Pool == nil:
		y.plan.host = y.s.from.host
	default:
		y.plan.host = y.recommend()
	}
	if y.plan.host == nil {
		y.out.fail(&types.NoCompatibleHost{})
		return
	}
	if !y.get(*y.plan.host, &y.host, "name", "parent", "runtime.connectionState", "runtime.inMaintenanceMode",
		"summary.maxEVCModeKey", "network", "datastore") {
		return
	}
	if y.host.Parent == nil || *y.host.Parent != y.owner {
		y.out.fail(&types.InvalidArgument{InvalidProperty: "spec.host"})
	}
}

// recommend is what DRS would: the connected host with the fewest machines.
func (y *survey) recommend() *reference {
	var best *reference
	fewest := 0
	for _, h := range y.candidates() {
		if best == nil || len(h.Vm) < fewest {
			ref := h.Self
			best, fewest = &ref, len(h.Vm)
		}
	}
	return best
}

func (y *survey) candidates() []mo.HostSystem {
	var compute mo.ComputeResource
	var hosts, able []mo.HostSystem
	if !y.get(y.owner, &compute, "host") || len(compute.Host) == 0 {
		return nil
	}
	err := property.DefaultCollector(y.d.client).Retrieve(y.ctx, compute.Host, []string{"vm", "runtime.connectionState", "runtime.inMaintenanceMode"}, &hosts)
	if err != nil {
		return nil
	}
	for _, h := range hosts {
		if h.Runtime.ConnectionState == types.HostSystemConnectionStateConnected && !h.Runtime.InMaintenanceMode {
			able = append(able, h)
		}
	}
	return able
}

func (y *survey) folder() {
	if y.spec.Folder != nil {
		y.plan.folder = y.spec.Folder
		var folder mo.Folder
		y.get(*y.spec.Folder, &folder, "name")
		return
	}
	if !y.d.remote {
		y.plan.folder = y.s.from.folder
		return
	}
	for at := y.owner; ; {
		if at.Type == "Datacenter" {
			var dc mo.Datacenter
			if y.get(at, &dc, "vmFolder") {
				y.plan.folder = &dc.VmFolder
			}
			return
		}
		var entity mo.ManagedEntity
		if !y.get(at, &entity, "parent") || entity.Parent == nil {
			y.out.fail(&types.InvalidArgument{InvalidProperty: "spec.folder"})
			return
		}
		at = *entity.Parent
	}
}

// storage resolves a datastore for the machine's home and for each disk.
func (y *survey) storage() {
	y.plan.home = y.spec.Datastore
	if y.plan.home == nil {
		if y.d.remote {
			y.out.fail(&types.InvalidArgument{InvalidProperty: "spec.datastore"})
			return
		}
		y.plan.home = y.s.from.home
	}
	for _, disk := range disksOf(y.s.devices) {
		y.plan.disks[disk.Key] = *y.plan.home
		if y.spec.Datastore == nil {
			y.plan.disks[disk.Key] = y.s.from.disks[disk.Key]
		}
	}
	for _, l := range y.spec.Disk {
		if _, ok := y.plan.disks[l.DiskId]; !ok {
			y.out.fail(&types.InvalidArgument{InvalidProperty: "spec.disk.diskId"})
			return
		}
		y.plan.disks[l.DiskId] = l.Datastore
	}
	for _, ds := range y.plan.datastores() {
		if !slices.Contains(y.host.Datastore, ds) {
			var found mo.Datastore
			if y.get(ds, &found, "name") {
				y.out.fail(&types.InvalidDatastore{Datastore: &ds, Name: found.Name})
			}
			return
		}
	}
}

// privileges of the account there, on each thing that the move uses.
func (y *survey) privileges() types.BaseMethodFault {
	if y.d.user == "" {
		return nil
	}
	needs := []struct {
		on         []reference
		privileges []string
	}{
		{[]reference{*y.plan.pool}, []string{"Resource.AssignVMToPool", pick(y.s.live, "Resource.HotMigrate", "Resource.ColdMigrate")}},
		{[]reference{*y.plan.folder}, []string{"VirtualMachine.Inventory.Create"}},
		{y.plan.datastores(), []string{"Datastore.AllocateSpace"}},
		{slices.Collect(mapValues(y.nets)), []string{"Network.Assign"}},
	}
	for _, n := range needs {
		if len(n.on) == 0 {
			continue
		}
		res, err := methods.HasUserPrivilegeOnEntities(y.ctx, y.d.client, &types.HasUserPrivilegeOnEntities{
			This: *y.d.client.ServiceContent.AuthorizationManager, Entities: n.on, UserName: y.d.user, PrivId: n.privileges,
		})
		if err != nil {
			return &types.NotAuthenticated{}
		}
		for _, e := range res.Returnval {
			for _, p := range e.PrivAvailability {
				if !p.IsGranted {
					return noPermission(e.Entity, p.PrivId)
				}
			}
		}
	}
	return nil
}

func (y *survey) freeName() {
	if !y.d.remote && *y.plan.folder == *y.s.from.folder {
		return
	}
	res, err := methods.FindChild(y.ctx, y.d.client, &types.FindChild{
		This: *y.d.client.ServiceContent.SearchIndex, Entity: *y.plan.folder, Name: y.s.name,
	})
	if err == nil && res.Returnval != nil {
		y.out.fail(&types.DuplicateName{Name: y.s.name, Object: *res.Returnval})
	}
}

func (y *survey) hostState() {
	switch {
	case y.host.Runtime.ConnectionState != types.HostSystemConnectionStateConnected:
		y.out.fail(&types.HostNotConnected{})
	case y.host.Runtime.InMaintenanceMode:
		y.out.fail(&types.InvalidHostState{Host: y.plan.host})
	}
}

func (y *survey) space() {
	need := map[reference]int64{}
	for key, ds := range y.plan.disks {
		if y.d.remote || y.s.from.disks[key] != ds {
			need[ds] += y.s.bytes[key]
		}
	}
	for ds, n := range need {
		var found mo.Datastore
		if !y.get(ds, &found, "summary") {
			return
		}
		if n > found.Summary.FreeSpace {
			y.out.fail(&types.NoDiskSpace{Datastore: found.Summary.Name})
		}
	}
}

func (y *survey) snapshot() {
	if !y.s.snapshots {
		return
	}
	if len(y.plan.datastores()) > 1 {
		y.out.fail(&types.SnapshotCopyNotSupported{})
		return
	}
	moveTypes := []string{y.spec.DiskMoveType}
	for _, l := range y.spec.Disk {
		moveTypes = append(moveTypes, l.DiskMoveType)
	}
	for _, t := range moveTypes {
		if y.d.remote && (strings.HasPrefix(t, "moveChildMost") || strings.HasPrefix(t, "createNewChild")) {
			y.out.fail(&types.SnapshotCopyNotSupported{}) // the parent disks would stay behind, out of reach
			return
		}
	}
}
