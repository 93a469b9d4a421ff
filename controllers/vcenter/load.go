// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package vcenter

import (
	"context"

	"github.com/vmware/govmomi/vim25/types"
)

func typedRefs(kind string, morefs []string) []types.ManagedObjectReference {
	out := make([]types.ManagedObjectReference, len(morefs))
	for i, r := range morefs {
		out[i] = typedRef(kind, r)
	}
	return out
}

// DatastoreSpace reads the room of datastores as vCenter last refreshed it. A datastore that is gone is left out.
func (c *Client) DatastoreSpace(ctx context.Context, refs []string) (map[string]Space, error) {
	objects, err := c.retrieveRefs(ctx, "read the space of datastores", typedRefs("Datastore", refs), "summary")
	if err != nil {
		return nil, err
	}
	out := map[string]Space{}
	for _, o := range objects {
		if s, ok := prop(o, "summary").(types.DatastoreSummary); ok {
			out[o.Obj.Value] = Space{CapacityBytes: s.Capacity, FreeBytes: s.FreeSpace, UncommittedBytes: s.Uncommitted}
		}
	}
	return out, nil
}

// HostUsage is HostLoad without what the machines that run there reserve: it reads the hosts and no machine, so it may be asked often.
func (c *Client) HostUsage(ctx context.Context, refs []string) (map[string]HostLoad, error) {
	out, _, err := c.hostUsage(ctx, "read the usage of hosts", refs)
	return out, err
}

func (c *Client) hostUsage(ctx context.Context, doing string, refs []string) (map[string]HostLoad, []types.ObjectContent, error) {
	objects, err := c.retrieveRefs(ctx, doing, typedRefs("HostSystem", refs), "summary.quickStats", "summary.hardware")
	if err != nil {
		return nil, nil, err
	}
	out := map[string]HostLoad{}
	for _, o := range objects {
		var l HostLoad
		if q, ok := prop(o, "summary.quickStats").(types.HostListSummaryQuickStats); ok {
			l.CPUUsageMHz, l.MemoryUsageBytes = int64(q.OverallCpuUsage), int64(q.OverallMemoryUsage)<<20
		}
		if h, ok := prop(o, "summary.hardware").(types.HostHardwareSummary); ok {
			l.CPUCapacityMHz, l.MemoryBytes = int64(h.CpuMhz)*int64(h.NumCpuCores), h.MemorySize
		}
		out[o.Obj.Value] = l
	}
	return out, objects, nil
}

// HostLoad reads what hosts bear now, with the reservations of the machines that run there. A host that is gone is left out.
func (c *Client) HostLoad(ctx context.Context, refs []string) (map[string]HostLoad, error) {
	const doing = "read the load of hosts"
	out, objects, err := c.hostUsage(ctx, doing, refs)
	if err != nil || len(objects) == 0 {
		return nil, err
	}
	specs := make([]types.ObjectSpec, len(objects))
	for i, o := range objects {
		specs[i] = types.ObjectSpec{
			Obj: o.Obj, Skip: types.NewBool(true),
			SelectSet: []types.BaseSelectionSpec{&types.TraversalSpec{Type: "HostSystem", Path: "vm"}},
		}
	}
	machines, err := c.retrieve(ctx, doing, specs, types.PropertySpec{Type: "VirtualMachine", PathSet: []string{
		"runtime.host", "runtime.powerState", "config.cpuAllocation", "config.memoryAllocation",
	}})
	if err != nil {
		return nil, err
	}
	for _, o := range machines {
		host := ref(prop(o, "runtime.host"))
		l, ok := out[host]
		if !ok || str(prop(o, "runtime.powerState")) != string(types.VirtualMachinePowerStatePoweredOn) {
			continue
		}
		l.Machines++
		l.CPUReservedMHz += reservation(prop(o, "config.cpuAllocation"))
		l.MemoryReservedMB += reservation(prop(o, "config.memoryAllocation"))
		out[host] = l
	}
	return out, nil
}

// PoolLoad reads what resource pools may still give to machines. A pool that is gone is left out.
func (c *Client) PoolLoad(ctx context.Context, refs []string) (map[string]PoolLoad, error) {
	objs := make([]types.ManagedObjectReference, len(refs))
	for i, r := range refs {
		objs[i] = *optional("ResourcePool", r)
	}
	objects, err := c.retrieveRefs(ctx, "read the load of resource pools", objs, "runtime")
	if err != nil {
		return nil, err
	}
	out := map[string]PoolLoad{}
	for _, o := range objects {
		if r, ok := prop(o, "runtime").(types.ResourcePoolRuntimeInfo); ok {
			out[o.Obj.Value] = PoolLoad{CPUUnreservedMHz: r.Cpu.UnreservedForVm, MemoryUnreservedBytes: r.Memory.UnreservedForVm}
		}
	}
	return out, nil
}
