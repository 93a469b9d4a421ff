// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package vcentersim

import (
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"time"

	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"
)

type reference = types.ManagedObjectReference

// placement is where a machine stands, or shall stand. Nil and missing parts stay as they are.
type placement struct {
	folder, pool, host, home *reference
	spread                   []reference         // datastores by disk ordinal, when a spec names several
	disks                    map[int32]reference // datastore by disk key
	nics                     map[int32]types.BaseVirtualDeviceBackingInfo
}

func (p placement) datastores() []reference {
	var refs []reference
	if p.home != nil {
		refs = append(refs, *p.home)
	}
	for _, ds := range p.disks {
		if !slices.Contains(refs, ds) {
			refs = append(refs, ds)
		}
	}
	return refs
}

// admit registers a machine at a placement, complete before anyone can see it: half a machine in the inventory, or
// one that is off for a moment, would look like a broken move.
func (v *VCenter) admit(ctx *simulator.Context, r *record, p placement, as *reference) reference {
	vm := &simulator.VirtualMachine{DataSets: map[string]*simulator.DataSet{}}
	vm.Self = v.nextMachine()
	if as != nil {
		vm.Self = *as
	}
	vm.Name, vm.Parent = r.Name, p.folder
	config := r.Config
	vm.Config = &config
	if r.Cut {
		for _, card := range networkCards(vm.Config.Hardware.Device) {
			card.Backing = &types.VirtualEthernetCardDistributedVirtualPortBackingInfo{}
		}
	}
	v.setBackings(vm, r.Name, p)
	home := v.nameOf(*p.home)
	dir := object.DatastorePath{Datastore: home, Path: r.Name}
	file := object.DatastorePath{Datastore: home, Path: r.Name + "/" + r.Name + ".vmx"}
	vm.Config.Files = types.VirtualMachineFileInfo{
		VmPathName: file.String(), SnapshotDirectory: dir.String(), SuspendDirectory: dir.String(), LogDirectory: dir.String(),
	}
	guest := r.Guest
	vm.Guest = &guest
	for i, nic := range guest.Net {
		if network := v.networkOf(p.nics[nic.DeviceConfigId]); network != nil {
			guest.Net[i].Network = entityName(network)
		}
	}
	vm.ResourcePool, vm.Datastore, vm.Network = p.pool, p.datastores(), v.networksOf(vm)
	vm.Runtime = types.VirtualMachineRuntimeInfo{
		Host: p.host, PowerState: r.PowerState, ConnectionState: types.VirtualMachineConnectionStateConnected, BootTime: r.BootTime,
		MinRequiredEVCModeKey: r.EVCMode, FaultToleranceState: types.VirtualMachineFaultToleranceStateNotConfigured,
		ConsolidationNeeded: false,
	}
	if cluster, ok := ctx.Map.Get(*p.host).(*simulator.HostSystem); ok {
		if c, ok := ctx.Map.Get(*cluster.Parent).(*simulator.ClusterComputeResource); ok && c.EnvironmentBrowser != nil {
			vm.EnvironmentBrowser = *c.EnvironmentBrowser
		}
	}
	vm.AvailableField = simulator.GetCustomFieldsAvailable(ctx, &vm.Self)
	e := v.entryFor(r, p, vm)
	summarise(vm, e)
	v.makeFiles(vm)
	v.addSnapshots(ctx, vm, r.Snapshots)
	v.machines.put(vm.Self, e)
	v.register(ctx, vm)
	return vm.Self
}

// nextMachine draws a managed object id. Ids start anew in each vCenter, so two of them use the same ones for
// different machines, as real ones do.
func (v *VCenter) nextMachine() reference {
	return reference{Type: "VirtualMachine", Value: fmt.Sprintf("vm-%d", v.nextRef.Add(1))}
}

func (v *VCenter) entryFor(r *record, p placement, vm *simulator.VirtualMachine) *entry {
	e := &entry{
		folder: *p.folder, name: r.Name, disks: map[int32]diskUse{},
		powerOffs: r.PowerOffs, ignoresShutdown: r.IgnoresShutdown, shutdownTime: r.ShutdownTime,
	}
	for _, d := range disksOf(vm.Config.Hardware.Device) {
		ds, ok := p.disks[d.Key]
		if !ok {
			ds = *p.home
		}
		e.disks[d.Key] = diskUse{datastore: ds, used: r.Used[d.Key], capacity: d.CapacityInBytes}
	}
	return e
}

// setBackings points disks at files of the placement's datastores, and network cards at its networks.
func (v *VCenter) setBackings(vm *simulator.VirtualMachine, name string, p placement) {
	i := 0
	for _, d := range vm.Config.Hardware.Device {
		switch d := d.(type) {
		case *types.VirtualDisk:
			if b, ok := d.Backing.(types.BaseVirtualDeviceFileBackingInfo); ok {
				ds, ok := p.disks[d.Key]
				if !ok {
					ds = *p.home
				}
				info := b.GetVirtualDeviceFileBackingInfo()
				info.Datastore, info.FileName = &ds, v.diskFile(name, i, ds)
			}
			i++
		case types.BaseVirtualEthernetCard:
			card := d.GetVirtualEthernetCard()
			if backing := p.nics[card.Key]; backing != nil {
				card.Backing = backing
				if network := v.networkOf(backing); network != nil {
					card.DeviceInfo = &types.Description{Label: card.DeviceInfo.GetDescription().Label, Summary: entityName(network)}
				}
			}
		}
	}
}

func (v *VCenter) networksOf(vm *simulator.VirtualMachine) []reference {
	var refs []reference
	for _, card := range networkCards(vm.Config.Hardware.Device) {
		if network := v.networkOf(card.Backing); network != nil && !slices.Contains(refs, network.Reference()) {
			refs = append(refs, network.Reference())
		}
	}
	return refs
}

// summarise fills the parts of a machine that repeat others.
func summarise(vm *simulator.VirtualMachine, e *entry) {
	c := vm.Config
	vm.Summary.Vm = &vm.Self
	vm.Summary.Runtime = vm.Runtime
	vm.Summary.OverallStatus = types.ManagedEntityStatusGreen
	vm.Summary.Config = types.VirtualMachineConfigSummary{
		Name: vm.Name, Template: c.Template, VmPathName: c.Files.VmPathName, MemorySizeMB: c.Hardware.MemoryMB, NumCpu: c.Hardware.NumCPU,
		NumEthernetCards: int32(len(networkCards(c.Hardware.Device))), NumVirtualDisks: int32(len(disksOf(c.Hardware.Device))), //nolint:gosec // a handful.
		Uuid: c.Uuid, InstanceUuid: c.InstanceUuid, GuestId: c.GuestId, GuestFullName: c.GuestFullName, Annotation: c.Annotation,
		HwVersion: c.Version,
	}
	vm.Summary.Guest = &types.VirtualMachineGuestSummary{
		GuestId: c.GuestId, ToolsStatus: vm.Guest.ToolsStatus, ToolsRunningStatus: vm.Guest.ToolsRunningStatus,
		HostName: vm.Guest.HostName, IpAddress: vm.Guest.IpAddress,
	}
	now := time.Now()
	storage := types.VirtualMachineStorageSummary{Timestamp: now}
	per := map[reference]*types.VirtualMachineUsageOnDatastore{}
	for _, d := range e.disks {
		storage.Committed += d.used
		storage.Uncommitted += d.capacity - d.used
		storage.Unshared += d.used
		if per[d.datastore] == nil {
			per[d.datastore] = &types.VirtualMachineUsageOnDatastore{Datastore: d.datastore}
		}
		per[d.datastore].Committed += d.used
		per[d.datastore].Uncommitted += d.capacity - d.used
		per[d.datastore].Unshared += d.used
	}
	vm.Summary.Storage = &storage
	vm.Storage = &types.VirtualMachineStorageInfo{Timestamp: now}
	for _, ds := range vm.Datastore {
		if per[ds] != nil {
			vm.Storage.PerDatastoreUsage = append(vm.Storage.PerDatastoreUsage, *per[ds])
		}
	}
	vm.Layout = &types.VirtualMachineFileLayout{ConfigFile: []string{path.Base(c.Files.VmPathName)}}
	vm.LayoutEx = &types.VirtualMachineFileLayoutEx{Timestamp: now}
}

// makeFiles creates the machine's directory: govmomi's own operations (adding a disk, say) look for it.
func (v *VCenter) makeFiles(vm *simulator.VirtualMachine) {
	if v.config.Layout == AVS {
		return // govmomi names vSAN directories itself.
	}
	var p object.DatastorePath
	if p.FromString(vm.Config.Files.VmPathName) {
		_ = os.MkdirAll(filepath.Join(v.home, p.Datastore, path.Dir(p.Path)), 0o700)
	}
}

// register makes the machine visible: folder first, then the lists that point back at it.
func (v *VCenter) register(ctx *simulator.Context, vm *simulator.VirtualMachine) {
	folder := ctx.Map.Get(*vm.Parent).(*simulator.Folder)
	ctx.WithLock(folder, func() {
		ctx.WithLock(vm, func() {
			folder.ChildEntity = append(folder.ChildEntity, vm.Self)
			ctx.Map.PutEntity(folder, vm)
		})
	})
	v.relink(ctx, vm, vm.Runtime.Host, vm.ResourcePool, vm.Datastore, vm.Network, true)
}

// relink adds the machine to, or takes it from, the lists of host, pool, datastores and networks.
func (v *VCenter) relink(ctx *simulator.Context, vm *simulator.VirtualMachine, host, pool *reference, datastores, networks []reference, add bool) {
	var touched []reference
	change := func(ref reference, obj mo.Reference, field *[]reference) {
		if add {
			ctx.Map.AddReference(ctx, obj, field, vm.Self)
		} else {
			ctx.Map.RemoveReference(ctx, obj, field, vm.Self)
		}
		touched = append(touched, ref)
	}
	refs := append(slices.Clone(datastores), networks...)
	for _, ref := range []*reference{host, pool} {
		if ref != nil {
			refs = append(refs, *ref)
		}
	}
	for _, ref := range refs {
		switch x := ctx.Map.Get(ref).(type) {
		case *simulator.HostSystem:
			change(ref, x, &x.Vm)
		case *simulator.ResourcePool:
			change(ref, x, &x.Vm)
		case *simulator.VirtualApp:
			change(ref, x, &x.Vm)
		case *simulator.Datastore:
			change(ref, x, &x.Vm)
		case *simulator.DistributedVirtualPortgroup:
			change(ref, x, &x.Vm)
		case *mo.Network:
			change(ref, x, &x.Vm)
		}
	}
	v.hub.touch(touched...)
}

// dismiss takes a machine out of the inventory, running or not: its successor stands elsewhere.
func (v *VCenter) dismiss(ctx *simulator.Context, vm *simulator.VirtualMachine) {
	ctx.WithLock(vm, func() {
		v.relink(ctx, vm, vm.Runtime.Host, vm.ResourcePool, vm.Datastore, vm.Network, false)
		if vm.Snapshot != nil {
			removeSnapshots(ctx, vm.Snapshot.RootSnapshotList)
		}
		if folder, ok := ctx.Map.Get(*vm.Parent).(*simulator.Folder); ok {
			ctx.Map.RemoveReference(ctx, folder, &folder.ChildEntity, vm.Self)
			v.hub.touch(folder.Self)
		}
	})
	ctx.Map.Remove(ctx, vm.Self)
	v.refreshSpaceOf(ctx, vm.Datastore...)
}

// place moves a machine inside this vCenter.
func (v *VCenter) place(ctx *simulator.Context, vm *simulator.VirtualMachine, p placement) error {
	if ctx.Map.Get(vm.Self) == nil {
		return errors.New("the machine is gone")
	}
	ctx.WithLock(vm, func() {
		old := *vm.Runtime.Host
		v.relink(ctx, vm, vm.Runtime.Host, vm.ResourcePool, vm.Datastore, vm.Network, false)
		v.replace(ctx, vm, p)
		v.relink(ctx, vm, vm.Runtime.Host, vm.ResourcePool, vm.Datastore, vm.Network, true)
		v.hub.touch(vm.Self, old)
	})
	return nil
}

func (v *VCenter) replace(ctx *simulator.Context, vm *simulator.VirtualMachine, p placement) {
	var changes []types.PropertyChange
	if p.host != nil {
		changes = append(changes, types.PropertyChange{Name: "runtime.host", Val: p.host}, types.PropertyChange{Name: "summary.runtime.host", Val: p.host})
	}
	if p.pool != nil {
		changes = append(changes, types.PropertyChange{Name: "resourcePool", Val: p.pool})
	}
	if p.home != nil || len(p.nics) > 0 {
		freed := vm.Datastore
		e := v.machines.read(vm.Self)
		if p.home == nil {
			p.home = &vm.Datastore[0]
		}
		if p.disks == nil {
			p.disks = map[int32]reference{}
			for key, d := range e.disks {
				p.disks[key] = d.datastore
			}
		}
		devices := cloneDevices(vm.Config.Hardware.Device)
		vm.Config.Hardware.Device = devices
		v.setBackings(vm, vm.Name, p)
		disks := map[int32]diskUse{}
		for key, d := range e.disks {
			if ds, ok := p.disks[key]; ok {
				d.datastore = ds
			}
			disks[key] = d
		}
		e.disks = disks
		v.machines.put(vm.Self, &e)
		changes = append(changes,
			types.PropertyChange{Name: "datastore", Val: p.datastores()},
			types.PropertyChange{Name: "network", Val: v.networksOf(vm)},
			types.PropertyChange{Name: "config.hardware.device", Val: devices})
		defer v.refreshSpaceOf(ctx, append(p.datastores(), freed...)...)
	}
	ctx.Update(vm, changes)
	if p.folder != nil && *p.folder != *vm.Parent {
		v.refile(ctx, vm, *p.folder)
	}
}

func (v *VCenter) refile(ctx *simulator.Context, vm *simulator.VirtualMachine, to reference) {
	from, _ := ctx.Map.Get(*vm.Parent).(*simulator.Folder)
	folder, ok := ctx.Map.Get(to).(*simulator.Folder)
	if !ok || from == nil {
		return
	}
	ctx.Map.RemoveReference(ctx, from, &from.ChildEntity, vm.Self)
	ctx.Map.AddReference(ctx, folder, &folder.ChildEntity, vm.Self)
	ctx.Update(vm, []types.PropertyChange{{Name: "parent", Val: &to}})
	v.machines.rename(vm.Self, to, vm.Name)
	v.hub.touch(from.Self, folder.Self)
}
