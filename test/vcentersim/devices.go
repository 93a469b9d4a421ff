// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package vcentersim

import (
	"fmt"

	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"
)

// Device keys as vCenter numbers them.
const (
	keyIDE     = 200
	keySCSI    = 1000
	keyDisk    = 2000
	keyRawDisk = 2064
	keyCD      = 3000
	keyNIC     = 4000
)

// devicesFor makes controllers, disks, CD drive and network cards, and says how many bytes each disk holds.
func (v *VCenter) devicesFor(s MachineSpec, p *placement) ([]types.BaseVirtualDevice, map[int32]int64, error) {
	devices := controllers()
	used := map[int32]int64{}
	p.disks = map[int32]types.ManagedObjectReference{}
	for i, gb := range s.DiskGB {
		key := int32(keyDisk + i) //nolint:gosec // a handful.
		p.disks[key] = *p.home
		if i < len(p.spread) {
			p.disks[key] = p.spread[i]
		}
		devices = append(devices, v.disk(s, key, i, gb, p.disks[key]))
		used[key] = int64(gb) << 30 * int64(s.UsedPercent) / 100
		if s.Thick {
			used[key] = int64(gb) << 30
		}
	}
	if s.RawDisk {
		devices = append(devices, v.rawDisk(s, *p.home))
	}
	devices = append(devices, v.cdDrive(s, *p.home))
	p.nics = map[int32]types.BaseVirtualDeviceBackingInfo{}
	for i, name := range s.Networks {
		key := int32(keyNIC + i) //nolint:gosec // a handful.
		network := v.findNetwork(name)
		if network == nil {
			return nil, nil, fmt.Errorf("network %s: not found", name)
		}
		p.nics[key] = v.backingOf(network)
		mac := fmt.Sprintf("00:50:56:%02x:%02x:%02x", 0x80+v.draw(0x40), v.draw(256), v.draw(256))
		if i < len(s.MACs) {
			mac = s.MACs[i]
		}
		devices = append(devices, networkCard(key, i, mac, name, p.nics[key], s.PoweredOn))
	}
	return devices, used, nil
}

func controllers() []types.BaseVirtualDevice {
	controller := func(key, bus int32, label string) types.VirtualController {
		return types.VirtualController{
			VirtualDevice: types.VirtualDevice{Key: key, DeviceInfo: &types.Description{Label: label, Summary: label}}, BusNumber: bus,
		}
	}
	return []types.BaseVirtualDevice{
		&types.VirtualIDEController{VirtualController: controller(keyIDE, 0, "IDE 0")},
		&types.VirtualIDEController{VirtualController: controller(keyIDE+1, 1, "IDE 1")},
		&types.VirtualPS2Controller{VirtualController: controller(300, 0, "PS2 controller 0")},
		&types.VirtualPCIController{VirtualController: controller(100, 0, "PCI controller 0")},
		&types.VirtualSIOController{VirtualController: controller(400, 0, "SIO controller 0")},
		&types.VirtualMachineVideoCard{
			VirtualDevice:    types.VirtualDevice{Key: 500, ControllerKey: 100, DeviceInfo: &types.Description{Label: "Video card", Summary: "Video card"}},
			VideoRamSizeInKB: 4096,
		},
		&types.ParaVirtualSCSIController{VirtualSCSIController: types.VirtualSCSIController{
			VirtualController: controller(keySCSI, 0, "SCSI controller 0"), SharedBus: types.VirtualSCSISharingNoSharing,
			ScsiCtlrUnitNumber: 7, HotAddRemove: types.NewBool(true),
		}},
	}
}

func (v *VCenter) disk(s MachineSpec, key int32, i, gb int, ds types.ManagedObjectReference) *types.VirtualDisk {
	unit := int32(i) //nolint:gosec // a handful.
	if unit >= 7 {
		unit++ // 7 is the controller's own.
	}
	return &types.VirtualDisk{
		VirtualDevice: types.VirtualDevice{
			Key: key, ControllerKey: keySCSI, UnitNumber: types.NewInt32(unit),
			DeviceInfo: &types.Description{Label: fmt.Sprintf("Hard disk %d", i+1), Summary: fmt.Sprintf("%d KB", gb<<20)},
			Backing: &types.VirtualDiskFlatVer2BackingInfo{
				VirtualDeviceFileBackingInfo: types.VirtualDeviceFileBackingInfo{FileName: v.diskFile(s.Name, i, ds), Datastore: &ds},
				DiskMode:                     string(types.VirtualDiskModePersistent), ThinProvisioned: types.NewBool(!s.Thick), Uuid: v.newUUID(),
				Sharing: string(types.VirtualDiskSharingSharingNone),
			},
		},
		CapacityInKB: int64(gb) << 20, CapacityInBytes: int64(gb) << 30,
	}
}

func (v *VCenter) diskFile(name string, i int, ds types.ManagedObjectReference) string {
	file := name + ".vmdk"
	if i > 0 {
		file = fmt.Sprintf("%s_%d.vmdk", name, i)
	}
	path := object.DatastorePath{Datastore: v.nameOf(ds), Path: name + "/" + file}
	return path.String()
}

func (v *VCenter) nameOf(ref types.ManagedObjectReference) string {
	if e, ok := v.service.Context.Map.Get(ref).(mo.Entity); ok {
		return entityName(e)
	}
	return ref.Value
}

func (v *VCenter) rawDisk(s MachineSpec, ds types.ManagedObjectReference) *types.VirtualDisk {
	return &types.VirtualDisk{
		VirtualDevice: types.VirtualDevice{
			Key: keyRawDisk, ControllerKey: keySCSI, UnitNumber: types.NewInt32(14),
			DeviceInfo: &types.Description{Label: "Hard disk 9", Summary: "Raw device mapping"},
			Backing: &types.VirtualDiskRawDiskMappingVer1BackingInfo{
				VirtualDeviceFileBackingInfo: types.VirtualDeviceFileBackingInfo{FileName: v.diskFile(s.Name, 8, ds), Datastore: &ds},
				LunUuid:                      "0200000000600508b4000971fa0000c00001", DeviceName: "vml.0200000000600508b4000971fa",
				CompatibilityMode: string(types.VirtualDiskCompatibilityModePhysicalMode), DiskMode: string(types.VirtualDiskModeIndependent_persistent),
			},
		},
		CapacityInKB: 10 << 20, CapacityInBytes: 10 << 30,
	}
}

func (v *VCenter) cdDrive(s MachineSpec, ds types.ManagedObjectReference) *types.VirtualCdrom {
	cd := &types.VirtualCdrom{VirtualDevice: types.VirtualDevice{
		Key: keyCD, ControllerKey: keyIDE, UnitNumber: types.NewInt32(0),
		DeviceInfo:  &types.Description{Label: "CD/DVD drive 1", Summary: "Remote device"},
		Connectable: &types.VirtualDeviceConnectInfo{AllowGuestControl: true, Connected: s.CDConnected && s.PoweredOn, StartConnected: s.CDConnected},
		Backing:     &types.VirtualCdromRemotePassthroughBackingInfo{Exclusive: false},
	}}
	if s.CDConnected {
		file := object.DatastorePath{Datastore: v.nameOf(ds), Path: "ISO/tools.iso"}
		cd.DeviceInfo = &types.Description{Label: "CD/DVD drive 1", Summary: "ISO " + file.String()}
		cd.Backing = &types.VirtualCdromIsoBackingInfo{VirtualDeviceFileBackingInfo: types.VirtualDeviceFileBackingInfo{
			FileName: file.String(), Datastore: &ds,
		}}
	}
	return cd
}

func networkCard(key int32, i int, mac, network string, backing types.BaseVirtualDeviceBackingInfo, on bool) *types.VirtualVmxnet3 {
	return &types.VirtualVmxnet3{VirtualVmxnet: types.VirtualVmxnet{VirtualEthernetCard: types.VirtualEthernetCard{
		VirtualDevice: types.VirtualDevice{
			Key: key, ControllerKey: 100, UnitNumber: types.NewInt32(int32(7 + i)), //nolint:gosec // a handful.
			DeviceInfo:  &types.Description{Label: fmt.Sprintf("Network adapter %d", i+1), Summary: network},
			Connectable: &types.VirtualDeviceConnectInfo{StartConnected: true, AllowGuestControl: true, Connected: on, Status: "ok"},
			Backing:     backing,
		},
		AddressType: "assigned", MacAddress: mac, WakeOnLanEnabled: types.NewBool(true),
	}}}
}

// backingOf is how a network card refers to a network of this vCenter.
func (v *VCenter) backingOf(network mo.Entity) types.BaseVirtualDeviceBackingInfo {
	if group, ok := network.(*simulator.DistributedVirtualPortgroup); ok {
		uuid := ""
		if group.Config.DistributedVirtualSwitch != nil {
			if dvs, ok := v.service.Context.Map.Get(*group.Config.DistributedVirtualSwitch).(*simulator.DistributedVirtualSwitch); ok {
				uuid = dvs.Uuid
			}
		}
		return &types.VirtualEthernetCardDistributedVirtualPortBackingInfo{
			Port: types.DistributedVirtualSwitchPortConnection{PortgroupKey: group.Key, SwitchUuid: uuid},
		}
	}
	ref := network.Reference()
	return &types.VirtualEthernetCardNetworkBackingInfo{
		VirtualDeviceDeviceBackingInfo: types.VirtualDeviceDeviceBackingInfo{DeviceName: shownName(entityName(network))}, Network: &ref,
	}
}

// networkOf finds the network that a backing names; nil when this vCenter has none such.
func (v *VCenter) networkOf(backing types.BaseVirtualDeviceBackingInfo) mo.Entity {
	m := v.service.Context.Map
	switch b := backing.(type) {
	case *types.VirtualEthernetCardDistributedVirtualPortBackingInfo:
		// A port group's key is its managed object id.
		group, ok := m.Get(reference{Type: "DistributedVirtualPortgroup", Value: b.Port.PortgroupKey}).(*simulator.DistributedVirtualPortgroup)
		if ok {
			return group
		}
	case *types.VirtualEthernetCardNetworkBackingInfo:
		return v.findNetwork(b.DeviceName)
	}
	return nil
}

func networkCards(devices []types.BaseVirtualDevice) []*types.VirtualEthernetCard {
	var cards []*types.VirtualEthernetCard
	for _, d := range devices {
		if card, ok := d.(types.BaseVirtualEthernetCard); ok {
			cards = append(cards, card.GetVirtualEthernetCard())
		}
	}
	return cards
}

func disksOf(devices []types.BaseVirtualDevice) []*types.VirtualDisk {
	var disks []*types.VirtualDisk
	for _, d := range devices {
		if disk, ok := d.(*types.VirtualDisk); ok {
			disks = append(disks, disk)
		}
	}
	return disks
}
