// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package vcenter

import (
	"context"
	"slices"
	"strings"

	"github.com/vmware/govmomi/vim25/types"
)

// detailFields are read for a plan and never watched: devices are large, and usage moves by itself.
var detailFields = field[MachineDetails]{
	"snapshot":                      func(d *MachineDetails, v any) { d.Snapshots = snapshots(v) },
	"summary.storage":               takeStorage,
	"config.keyId":                  func(d *MachineDetails, v any) { d.Encrypted = v != nil },
	"runtime.faultToleranceState":   func(d *MachineDetails, v any) { s := str(v); d.FaultTolerance = s != "" && s != "notConfigured" },
	"runtime.consolidationNeeded":   func(d *MachineDetails, v any) { d.ConsolidationNeeded = boolean(v) },
	"runtime.toolsInstallerMounted": func(d *MachineDetails, v any) { d.ToolsInstallerMounted = boolean(v) },
	"runtime.minRequiredEVCModeKey": func(d *MachineDetails, v any) { d.MinRequiredEVCMode = str(v) },
	"config.annotation":             func(d *MachineDetails, v any) { d.Annotation = str(v) },
	"config.guestFullName":          func(d *MachineDetails, v any) { d.GuestFullName = str(v) },
	"config.managedBy":              takeManager,
	"config.cpuAllocation":          func(d *MachineDetails, v any) { d.CPUReservationMHz = reservation(v) },
	"config.memoryAllocation":       func(d *MachineDetails, v any) { d.MemoryReservationMB = reservation(v) },
	"summary.quickStats":            takeUsage,
}

// Details reads machines with their devices, now. A machine that is gone is left out.
func (c *Client) Details(ctx context.Context, refs []string) ([]MachineDetails, error) {
	const doing = "read the details of machines"
	objs := make([]types.ManagedObjectReference, len(refs))
	for i, r := range refs {
		objs[i] = typedRef("VirtualMachine", r)
	}
	paths := slices.Concat(machineFields.paths(), machineReadFields.paths(), detailFields.paths())
	paths = append(paths, "config.hardware.device", "customValue", "availableField")
	objects, err := c.retrieveRefs(ctx, doing, objs, paths...)
	if err != nil || len(objects) == 0 {
		return nil, err
	}
	machines, err := c.machines(ctx, doing, objects)
	if err != nil {
		return nil, err
	}
	names, err := c.networkNames(ctx, doing, objects)
	if err != nil {
		return nil, err
	}
	out := make([]MachineDetails, len(objects))
	for i, o := range objects {
		out[i].Machine = machines[i]
		take(&out[i], o, detailFields)
		out[i].CustomAttributes = attributes(prop(o, "availableField"), prop(o, "customValue"))
		takeDevices(&out[i], prop(o, "config.hardware.device"), names)
	}
	return out, nil
}

// networkNames finds the networks of machines by everything that a card's backing may name them by.
func (c *Client) networkNames(ctx context.Context, doing string, objects []types.ObjectContent) (map[string]Network, error) {
	var nets []types.ManagedObjectReference
	for _, o := range objects {
		a, _ := prop(o, "network").(types.ArrayOfManagedObjectReference)
		for _, r := range a.ManagedObjectReference {
			if !slices.Contains(nets, r) {
				nets = append(nets, r)
			}
		}
	}
	out := map[string]Network{}
	for kind, fields := range networkKinds {
		of := slices.DeleteFunc(slices.Clone(nets), func(r types.ManagedObjectReference) bool { return r.Type != kind })
		objects, err := c.retrieveRefs(ctx, doing, of, fields.paths()...)
		if err != nil {
			return nil, err
		}
		for _, o := range objects {
			n := Network{Ref: o.Obj.Value, Kind: kind}
			take(&n, o, fields)
			for _, key := range []string{n.Ref, n.PortgroupKey, n.OpaqueID} {
				if key != "" {
					out[key] = n
				}
			}
		}
	}
	return out, nil
}

// networkKinds are the kinds of network with all that is read of each.
var networkKinds = map[string]field[Network]{
	"Network":                     networkFields,
	"DistributedVirtualPortgroup": merged(networkFields, portgroupFields),
	"OpaqueNetwork":               merged(networkFields, opaqueFields),
}

func merged[T any](tables ...field[T]) field[T] {
	out := field[T]{}
	for _, t := range tables {
		for k, f := range t {
			out[k] = f
		}
	}
	return out
}

func snapshots(v any) int {
	info, ok := v.(types.VirtualMachineSnapshotInfo)
	if !ok {
		return 0
	}
	var count func([]types.VirtualMachineSnapshotTree) int
	count = func(trees []types.VirtualMachineSnapshotTree) int {
		n := len(trees)
		for _, t := range trees {
			n += count(t.ChildSnapshotList)
		}
		return n
	}
	return count(info.RootSnapshotList)
}

func takeStorage(d *MachineDetails, v any) {
	if s, ok := v.(types.VirtualMachineStorageSummary); ok {
		d.StorageCommittedBytes, d.StorageUncommittedBytes = s.Committed, s.Uncommitted
	}
}

func takeUsage(d *MachineDetails, v any) {
	if s, ok := v.(types.VirtualMachineQuickStats); ok {
		d.CPUUsageMHz, d.MemoryUsageBytes = int64(s.OverallCpuUsage), int64(s.HostMemoryUsage)<<20
	}
}

func takeManager(d *MachineDetails, v any) {
	if m, ok := v.(types.ManagedByInfo); ok {
		d.ManagedBy = m.ExtensionKey
	}
}

func reservation(v any) int64 {
	if a, ok := v.(types.ResourceAllocationInfo); ok && a.Reservation != nil {
		return *a.Reservation
	}
	return 0
}

// attributes joins the values of custom attributes with their names: the keys are numbers of this vCenter alone.
func attributes(fields, values any) map[string]string {
	defs, _ := fields.(types.ArrayOfCustomFieldDef)
	vals, _ := values.(types.ArrayOfCustomFieldValue)
	if len(vals.CustomFieldValue) == 0 {
		return nil
	}
	names, out := map[int32]string{}, map[string]string{}
	for _, d := range defs.CustomFieldDef {
		names[d.Key] = d.Name
	}
	for _, b := range vals.CustomFieldValue {
		if s, ok := b.(*types.CustomFieldStringValue); ok && names[s.Key] != "" {
			out[names[s.Key]] = s.Value
		}
	}
	return out
}

// label is a device's name as the user sees it.
func label(d *types.VirtualDevice) string {
	if d.DeviceInfo == nil {
		return ""
	}
	return strings.TrimSpace(d.DeviceInfo.GetDescription().Label)
}
