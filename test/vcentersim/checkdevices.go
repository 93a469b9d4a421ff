// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package vcentersim

import (
	"iter"
	"slices"
	"strings"

	"github.com/vmware/govmomi/property"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"
)

func mapValues[K comparable, V any](m map[K]V) iter.Seq[V] {
	return func(yield func(V) bool) {
		for _, v := range m {
			if !yield(v) {
				return
			}
		}
	}
}

// network resolves each card's backing among the networks of the chosen host.
func (y *survey) network() {
	asked := map[int32]types.BaseVirtualDeviceBackingInfo{}
	for _, change := range y.spec.DeviceChange {
		spec := change.GetVirtualDeviceConfigSpec()
		if card, ok := spec.Device.(types.BaseVirtualEthernetCard); ok && spec.Operation == types.VirtualDeviceConfigSpecOperationEdit {
			asked[card.GetVirtualEthernetCard().Key] = card.GetVirtualEthernetCard().Backing
		}
	}
	for _, card := range networkCards(y.s.devices) {
		backing, given := asked[card.Key]
		if !given {
			if !y.d.remote {
				continue
			}
			y.out.fail(y.noNetwork(card, card.Backing))
			continue
		}
		found, resolved := y.reachable(backing)
		if found == nil {
			y.out.fail(y.noNetwork(card, backing))
			continue
		}
		if _, distributed := card.Backing.(*types.VirtualEthernetCardDistributedVirtualPortBackingInfo); y.s.live && distributed && found.Type == "Network" {
			y.out.fail(&types.NetworksMayNotBeTheSame{Name: backingName(backing)})
			continue
		}
		y.nets[card.Key], y.plan.nics[card.Key] = *found, resolved
	}
}

func (y *survey) noNetwork(card *types.VirtualEthernetCard, backing types.BaseVirtualDeviceBackingInfo) types.BaseMethodFault {
	return &types.CannotAccessNetwork{CannotAccessVmDevice: types.CannotAccessVmDevice{
		Device: card.DeviceInfo.GetDescription().Label, Backing: backingName(backing), Connected: y.s.live,
	}}
}

func backingName(backing types.BaseVirtualDeviceBackingInfo) string {
	switch b := backing.(type) {
	case *types.VirtualEthernetCardDistributedVirtualPortBackingInfo:
		return b.Port.PortgroupKey
	case *types.VirtualEthernetCardNetworkBackingInfo:
		return b.DeviceName
	case *types.VirtualEthernetCardOpaqueNetworkBackingInfo:
		return b.OpaqueNetworkId
	}
	return ""
}

// reachable finds the network on the host; an opaque network comes back as the port group that it became.
func (y *survey) reachable(backing types.BaseVirtualDeviceBackingInfo) (*reference, types.BaseVirtualDeviceBackingInfo) {
	var groups []mo.DistributedVirtualPortgroup
	var plain []mo.Network
	collector := property.DefaultCollector(y.d.client)
	ofType := func(kind string) []reference {
		return slices.DeleteFunc(slices.Clone(y.host.Network), func(r reference) bool { return r.Type != kind })
	}
	if refs := ofType("DistributedVirtualPortgroup"); len(refs) > 0 {
		_ = collector.Retrieve(y.ctx, refs, []string{"name", "key", "config.logicalSwitchUuid", "config.distributedVirtualSwitch"}, &groups)
	}
	if refs := ofType("Network"); len(refs) > 0 {
		_ = collector.Retrieve(y.ctx, refs, []string{"name"}, &plain)
	}
	switch b := backing.(type) {
	case *types.VirtualEthernetCardDistributedVirtualPortBackingInfo:
		for _, g := range groups {
			if g.Key == b.Port.PortgroupKey && y.sameSwitch(g, b.Port.SwitchUuid) {
				return &g.Self, b
			}
		}
	case *types.VirtualEthernetCardOpaqueNetworkBackingInfo:
		for _, g := range groups {
			if g.Config.LogicalSwitchUuid == b.OpaqueNetworkId {
				return &g.Self, &types.VirtualEthernetCardDistributedVirtualPortBackingInfo{
					Port: types.DistributedVirtualSwitchPortConnection{PortgroupKey: g.Key},
				}
			}
		}
	case *types.VirtualEthernetCardNetworkBackingInfo:
		for _, n := range plain {
			if sameName(n.Name, b.DeviceName) {
				return &n.Self, b
			}
		}
	}
	return nil, nil
}

// sameSwitch tells port groups of different vCenters apart, whose keys are often equal.
func (y *survey) sameSwitch(g mo.DistributedVirtualPortgroup, uuid string) bool {
	if uuid == "" || g.Config.DistributedVirtualSwitch == nil {
		return true
	}
	var dvs mo.DistributedVirtualSwitch
	err := property.DefaultCollector(y.d.client).RetrieveOne(y.ctx, *g.Config.DistributedVirtualSwitch, []string{"uuid"}, &dvs)
	return err == nil && strings.EqualFold(dvs.Uuid, uuid)
}

// evcModes from the oldest to the newest, by vendor: a running machine needs at least the one that it started with.
var evcModes = map[string][]string{
	"intel": {
		"intel-merom", "intel-penryn", "intel-nehalem", "intel-westmere", "intel-sandybridge", "intel-ivybridge", "intel-haswell",
		"intel-broadwell", "intel-skylake", "intel-cascadelake", "intel-icelake", "intel-sapphirerapids",
	},
	"amd": {
		"amd-rev-e", "amd-rev-f", "amd-greyhound-no3dnow", "amd-greyhound", "amd-bulldozer", "amd-piledriver", "amd-steamroller",
		"amd-zen", "amd-zen2", "amd-zen3", "amd-zen4",
	},
}

// processor checks what the guest already uses, when it runs, and the virtual hardware always.
func (y *survey) processor() {
	if y.s.hardware > y.d.hardwareLimit() {
		y.out.fail(&types.VirtualHardwareVersionNotSupported{HostName: y.host.Name, Host: *y.plan.host})
	}
	has := y.host.Summary.MaxEVCModeKey
	if !y.s.live || y.s.evc == "" || has == "" {
		return
	}
	vendor, _, _ := strings.Cut(y.s.evc, "-")
	order := evcModes[vendor]
	needed, offered := slices.Index(order, y.s.evc), slices.Index(order, has)
	switch {
	case offered < 0:
		y.out.fail(&types.CpuIncompatible{Level: 0, RegisterName: "ebx", Host: y.plan.host})
	case needed > offered:
		y.out.fail(&types.FeatureRequirementsNotMet{Vm: &y.s.ref, Host: y.plan.host, FeatureRequirement: []types.VirtualMachineFeatureRequirement{{
			Key: "cpuid." + strings.TrimPrefix(y.s.evc, vendor+"-"), FeatureName: "cpuid." + strings.TrimPrefix(y.s.evc, vendor+"-"), Value: "Bool:Min:1",
		}}})
	}
}

// attached devices that cannot come along.
func (y *survey) attached() {
	if !y.d.remote {
		return
	}
	for _, device := range y.s.devices {
		var reason types.BaseMethodFault
		label := ""
		if info := device.GetVirtualDevice().DeviceInfo; info != nil {
			label = info.GetDescription().Label
		}
		unsupported := types.DeviceNotSupported{Device: label}
		switch d := device.(type) {
		case *types.VirtualCdrom:
			if y.s.live && d.Connectable != nil && d.Connectable.Connected {
				reason = &types.RemoteDeviceNotSupported{DeviceNotSupported: unsupported}
			}
		case *types.VirtualDisk:
			if _, raw := d.Backing.(*types.VirtualDiskRawDiskMappingVer1BackingInfo); raw {
				reason = &types.RDMNotSupported{DeviceNotSupported: unsupported}
			}
		}
		if reason != nil {
			y.out.fail(&types.DisallowedMigrationDeviceAttached{Fault: types.LocalizedMethodFault{
				Fault: reason, LocalizedMessage: label + " cannot be moved to another vCenter.",
			}})
		}
	}
}
