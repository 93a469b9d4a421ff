// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package vcentersim

import (
	"sort"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/types"
)

// ClusterUsage is what a cluster has and what of it is in use now.
type ClusterUsage struct {
	Name                   string
	CPUMHz, UsedCPUMHz     int64
	MemoryMB, UsedMemoryMB int64
	OverheadMemoryMB       int64 // of UsedMemoryMB: what running machines cost beside their own memory
}

// DatastoreUsage is in bytes.
type DatastoreUsage struct {
	Name           string
	Capacity, Used int64
}

// What a running machine takes, as a share of what it was given: an average server.
const (
	busyCPU      = 0.25
	busyMemory   = 0.70
	overheadMB   = 90
	overheadEach = 0.008 // of the machine's memory
)

// Usage answers what clusters and datastores have and use, by name. Hosts use a little by themselves; running machines use a
// fixed share of what they were given; datastores hold what machines have written.
func (v *VCenter) Usage() ([]ClusterUsage, []DatastoreUsage) {
	v.building.Lock() // govmomi changes datastores without their lock while hosts come and go
	defer v.building.Unlock()
	ctx := v.newContext("")
	var clusters []ClusterUsage
	for _, e := range ctx.Map.All("ClusterComputeResource") {
		if c, ok := e.(*simulator.ClusterComputeResource); ok {
			clusters = append(clusters, v.clusterUsage(ctx, c))
		}
	}
	var stores []DatastoreUsage
	for _, e := range ctx.Map.All("Datastore") {
		ds, ok := e.(*simulator.Datastore)
		if !ok {
			continue
		}
		ctx.WithLock(ds, func() {
			stores = append(stores, DatastoreUsage{ds.Name, ds.Summary.Capacity, ds.Summary.Capacity - ds.Summary.FreeSpace})
		})
	}
	sort.Slice(clusters, func(i, j int) bool { return clusters[i].Name < clusters[j].Name })
	sort.Slice(stores, func(i, j int) bool { return stores[i].Name < stores[j].Name })
	return clusters, stores
}

func (v *VCenter) clusterUsage(ctx *simulator.Context, c *simulator.ClusterComputeResource) ClusterUsage {
	u := ClusterUsage{}
	var hosts []types.ManagedObjectReference
	ctx.WithLock(c, func() { u.Name, hosts = c.Name, append(hosts, c.Host...) })
	for _, ref := range hosts {
		host, ok := ctx.Map.Get(ref).(*simulator.HostSystem)
		if !ok {
			continue
		}
		var machines []types.ManagedObjectReference
		var mhz int64
		ctx.WithLock(host, func() {
			hardware, now := host.Summary.Hardware, host.Summary.QuickStats
			mhz = int64(hardware.CpuMhz)
			u.CPUMHz += int64(hardware.NumCpuCores) * mhz
			u.MemoryMB += hardware.MemorySize >> 20
			u.UsedCPUMHz += int64(now.OverallCpuUsage)
			u.UsedMemoryMB += int64(now.OverallMemoryUsage)
			machines = append(machines, host.Vm...)
		})
		for _, ref := range machines {
			if vm, ok := ctx.Map.Get(ref).(*simulator.VirtualMachine); ok {
				u.addMachine(ctx, vm, mhz)
			}
		}
	}
	u.UsedCPUMHz, u.UsedMemoryMB = min(u.UsedCPUMHz, u.CPUMHz), min(u.UsedMemoryMB, u.MemoryMB)
	return u
}

func (u *ClusterUsage) addMachine(ctx *simulator.Context, vm *simulator.VirtualMachine, mhz int64) {
	ctx.WithLock(vm, func() {
		if vm.Runtime.PowerState != types.VirtualMachinePowerStatePoweredOn {
			return
		}
		hardware := vm.Config.Hardware
		overhead := overheadMB + int64(overheadEach*float64(hardware.MemoryMB))
		u.UsedCPUMHz += int64(busyCPU * float64(int64(hardware.NumCPU)*mhz))
		u.UsedMemoryMB += int64(busyMemory*float64(hardware.MemoryMB)) + overhead
		u.OverheadMemoryMB += overhead
	})
}
