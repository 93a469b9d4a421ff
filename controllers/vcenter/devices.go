// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package vcenter

import (
	"reflect"
	"strings"

	"github.com/vmware/govmomi/vim25/types"
)

// takeDevices sorts a machine's devices into disks, cards and what may hinder a move.
func takeDevices(d *MachineDetails, v any, networks map[string]Network) {
	a, _ := v.(types.ArrayOfVirtualDevice)
	for _, dev := range a.VirtualDevice {
		switch x := dev.(type) {
		case *types.VirtualDisk:
			d.Disks = append(d.Disks, diskOf(x))
		case types.BaseVirtualEthernetCard:
			d.NICs = append(d.NICs, nicOf(dev, x, networks))
		default:
			if hinders(dev) {
				d.Devices = append(d.Devices, deviceOf(dev))
			}
		}
	}
}

func kindOf(v any) string {
	t := reflect.TypeOf(v)
	for t != nil && t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t == nil {
		return ""
	}
	return t.Name()
}

func diskOf(x *types.VirtualDisk) Disk {
	d := Disk{Key: x.Key, Label: label(&x.VirtualDevice), CapacityBytes: x.CapacityInBytes}
	if d.CapacityBytes == 0 {
		d.CapacityBytes = x.CapacityInKB << 10
	}
	if f, ok := x.Backing.(types.BaseVirtualDeviceFileBackingInfo); ok {
		if ds := f.GetVirtualDeviceFileBackingInfo().Datastore; ds != nil {
			d.Datastore = ds.Value
		}
	}
	switch b := x.Backing.(type) {
	case *types.VirtualDiskFlatVer2BackingInfo:
		d.Mode, d.Sharing, d.Parent = b.DiskMode, b.Sharing, b.Parent != nil
		d.BackingType = provisioning(b.ThinProvisioned, b.EagerlyScrub)
	case *types.VirtualDiskSeSparseBackingInfo:
		d.Mode, d.Parent, d.BackingType = b.DiskMode, b.Parent != nil, "seSparse"
	case *types.VirtualDiskSparseVer2BackingInfo:
		d.Mode, d.Parent, d.BackingType = b.DiskMode, b.Parent != nil, "sparse"
	case *types.VirtualDiskRawDiskMappingVer1BackingInfo:
		d.Mode, d.Sharing, d.Parent, d.BackingType = b.DiskMode, b.Sharing, b.Parent != nil, "rdm"
	default:
		d.BackingType = kindOf(x.Backing)
	}
	return d
}

func provisioning(thin, eager *bool) string {
	switch {
	case thin != nil && *thin:
		return "thin"
	case eager != nil && *eager:
		return "eagerZeroedThick"
	}
	return "thick"
}

func nicOf(dev types.BaseVirtualDevice, x types.BaseVirtualEthernetCard, networks map[string]Network) NIC {
	card := x.GetVirtualEthernetCard()
	n := NIC{Key: card.Key, Label: label(&card.VirtualDevice), MAC: strings.ToLower(card.MacAddress), Kind: kindOf(dev)}
	if card.Connectable != nil {
		n.Connected, n.StartConnected = card.Connectable.Connected, card.Connectable.StartConnected
	}
	key := ""
	switch b := card.Backing.(type) {
	case *types.VirtualEthernetCardNetworkBackingInfo:
		n.NetworkName = UnescapeName(b.DeviceName)
		if b.Network != nil {
			key = b.Network.Value
		}
	case *types.VirtualEthernetCardDistributedVirtualPortBackingInfo:
		key = b.Port.PortgroupKey
	case *types.VirtualEthernetCardOpaqueNetworkBackingInfo:
		key = b.OpaqueNetworkId
	}
	if net, ok := networks[key]; ok {
		n.Network, n.NetworkName = net.Ref, net.Name
	}
	return n
}

// hinders says that a device may stand in the way of a relocation: it is tied to a host, to a file elsewhere, to another
// machine or to a key. Controllers, video and input never are.
func hinders(dev types.BaseVirtualDevice) bool {
	switch x := dev.(type) {
	case *types.VirtualCdrom, *types.VirtualFloppy, *types.VirtualSerialPort, *types.VirtualParallelPort,
		*types.VirtualUSB, *types.VirtualPCIPassthrough, *types.VirtualTPM, *types.VirtualNVDIMM,
		*types.VirtualSCSIPassthrough, *types.VirtualPrecisionClock:
		return true
	case types.BaseVirtualSoundCard:
		return true
	case types.BaseVirtualSCSIController:
		s := x.GetVirtualSCSIController().SharedBus
		return s != "" && s != types.VirtualSCSISharingNoSharing
	}
	return false
}

func deviceOf(dev types.BaseVirtualDevice) Device {
	x := dev.GetVirtualDevice()
	d := Device{Key: x.Key, Kind: kindOf(dev), Label: label(x)}
	if x.Connectable != nil {
		d.Connected = x.Connectable.Connected
	} else {
		_, removable := dev.(*types.VirtualCdrom)
		d.Connected = !removable // what cannot be disconnected is connected
	}
	switch b := x.Backing.(type) {
	case nil:
	case types.BaseVirtualDeviceFileBackingInfo:
		d.Backing = b.GetVirtualDeviceFileBackingInfo().FileName
	case types.BaseVirtualDeviceDeviceBackingInfo:
		d.Backing = b.GetVirtualDeviceDeviceBackingInfo().DeviceName
	default:
		d.Backing = kindOf(b)
	}
	return d
}
