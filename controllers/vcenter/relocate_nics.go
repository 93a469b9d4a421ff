// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package vcenter

import (
	"fmt"

	"github.com/vmware/govmomi/vim25/types"
)

// connectNICs adds an edit of each placed card: the device as the source has it, MAC address and key included, with the
// backing of the destination's network. To another vCenter every card must be placed: its present network means nothing
// there, and vCenter would look for one of the same name or leave the card unconnected.
func (r Relocation) connectNICs(spec *types.VirtualMachineRelocateSpec, devices []types.BaseVirtualDevice) error {
	to := map[int32]Network{}
	for _, n := range r.NICs {
		to[n.Key] = n.Network
	}
	for _, dev := range devices {
		card, ok := dev.(types.BaseVirtualEthernetCard)
		if !ok {
			continue
		}
		nic := card.GetVirtualEthernetCard()
		net, placed := to[nic.Key]
		delete(to, nic.Key)
		switch {
		case placed:
		case r.Locator != nil:
			return fmt.Errorf("the network card with key %d has no network at the destination", nic.Key)
		default:
			continue
		}
		backing, err := net.backing()
		if err != nil {
			return fmt.Errorf("connecting the network card with key %d: %w", nic.Key, err)
		}
		if r.Locator != nil || !net.sameManager(nic.Backing) {
			// They are ids of whoever manages the present network, NSX for example: another one would look for a port of that id.
			nic.ExternalId, nic.SubnetId = "", ""
		}
		nic.Backing = backing
		spec.DeviceChange = append(spec.DeviceChange, &types.VirtualDeviceConfigSpec{
			Operation: types.VirtualDeviceConfigSpecOperationEdit, Device: dev,
		})
	}
	for key := range to {
		return fmt.Errorf("the machine has no network card with key %d", key)
	}
	return nil
}

// sameManager says whether whoever manages the network manages the card's present one too, as far as the two tell.
func (n Network) sameManager(present types.BaseVirtualDeviceBackingInfo) bool {
	switch b := present.(type) {
	case *types.VirtualEthernetCardDistributedVirtualPortBackingInfo:
		return n.SwitchUUID != "" && n.SwitchUUID == b.Port.SwitchUuid
	case *types.VirtualEthernetCardOpaqueNetworkBackingInfo:
		return n.OpaqueID != "" && n.OpaqueType == b.OpaqueNetworkType
	}
	return false
}

// backing is how a card names the network. Segments of NSX on a distributed switch are port groups.
func (n Network) backing() (types.BaseVirtualDeviceBackingInfo, error) {
	switch n.Kind {
	case "Network", "":
		if n.Name == "" {
			return nil, fmt.Errorf("the network %s has no name", n.Ref)
		}
		b := &types.VirtualEthernetCardNetworkBackingInfo{}
		b.DeviceName = n.Name
		if n.Ref != "" {
			r := typedRef("Network", n.Ref)
			b.Network = &r
		}
		return b, nil
	case "DistributedVirtualPortgroup":
		key := n.PortgroupKey
		if key == "" {
			key = n.Ref
		}
		if n.SwitchUUID == "" || key == "" {
			return nil, fmt.Errorf("the port group %s does not tell its switch; the account may lack the right to see it", n.Name)
		}
		return &types.VirtualEthernetCardDistributedVirtualPortBackingInfo{
			Port: types.DistributedVirtualSwitchPortConnection{SwitchUuid: n.SwitchUUID, PortgroupKey: key},
		}, nil
	case "OpaqueNetwork":
		if n.OpaqueID == "" {
			return nil, fmt.Errorf("the opaque network %s does not tell its id", n.Name)
		}
		return &types.VirtualEthernetCardOpaqueNetworkBackingInfo{OpaqueNetworkId: n.OpaqueID, OpaqueNetworkType: n.OpaqueType}, nil
	}
	return nil, fmt.Errorf("no machine can be connected to a %s", n.Kind)
}
