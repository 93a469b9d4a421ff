// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package vcenter

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/vmware/govmomi/vim25/types"
)

func fileOn(ds, name string) types.VirtualDeviceFileBackingInfo {
	r := typedRef("Datastore", ds)
	return types.VirtualDeviceFileBackingInfo{Datastore: &r, FileName: name}
}

func TestDisks(t *testing.T) {
	yes := types.NewBool(true)
	for name, c := range map[string]struct {
		backing types.BaseVirtualDeviceBackingInfo
		want    Disk
	}{
		"thin delta": {
			&types.VirtualDiskFlatVer2BackingInfo{
				VirtualDeviceFileBackingInfo: fileOn("datastore-1", "a"), DiskMode: "persistent", ThinProvisioned: yes, Parent: &types.VirtualDiskFlatVer2BackingInfo{},
			},
			Disk{Datastore: "datastore-1", Mode: "persistent", BackingType: "thin", Parent: true},
		},
		"eager shared": {
			&types.VirtualDiskFlatVer2BackingInfo{VirtualDeviceFileBackingInfo: fileOn("datastore-1", "a"), EagerlyScrub: yes, Sharing: "sharingMultiWriter"},
			Disk{Datastore: "datastore-1", BackingType: "eagerZeroedThick", Sharing: "sharingMultiWriter"},
		},
		"thick":  {&types.VirtualDiskFlatVer2BackingInfo{}, Disk{BackingType: "thick"}},
		"sparse": {&types.VirtualDiskSeSparseBackingInfo{DiskMode: "persistent"}, Disk{BackingType: "seSparse", Mode: "persistent"}},
		"raw": {
			&types.VirtualDiskRawDiskMappingVer1BackingInfo{VirtualDeviceFileBackingInfo: fileOn("datastore-2", "r"), DiskMode: "independent_persistent"},
			Disk{Datastore: "datastore-2", BackingType: "rdm", Mode: "independent_persistent"},
		},
		"local": {&types.VirtualDiskLocalPMemBackingInfo{}, Disk{BackingType: "VirtualDiskLocalPMemBackingInfo"}},
	} {
		d := &types.VirtualDisk{CapacityInKB: 1024}
		d.Key, d.Backing = 2000, c.backing
		c.want.Key, c.want.CapacityBytes = 2000, 1<<20
		if diff := cmp.Diff(c.want, diskOf(d)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func TestWhatHinders(t *testing.T) {
	iso := &types.VirtualCdrom{}
	iso.Backing = &types.VirtualCdromIsoBackingInfo{VirtualDeviceFileBackingInfo: fileOn("datastore-1", "[ds] a.iso")}
	iso.Connectable = &types.VirtualDeviceConnectInfo{Connected: true}
	empty := &types.VirtualCdrom{}
	empty.Backing = &types.VirtualCdromRemotePassthroughBackingInfo{}
	shared := &types.ParaVirtualSCSIController{}
	shared.SharedBus = types.VirtualSCSISharingPhysicalSharing
	gpu := &types.VirtualPCIPassthrough{}
	gpu.Backing = &types.VirtualPCIPassthroughVmiopBackingInfo{Vgpu: "grid"}
	var d MachineDetails
	takeDevices(&d, types.ArrayOfVirtualDevice{VirtualDevice: []types.BaseVirtualDevice{
		iso, empty, shared, gpu, &types.VirtualTPM{}, &types.ParaVirtualSCSIController{}, &types.VirtualKeyboard{}, &types.VirtualMachineVideoCard{},
		&types.VirtualIDEController{}, &types.VirtualVmxnet3{}, &types.VirtualSriovEthernetCard{},
	}}, nil)
	want := []Device{
		{Kind: "VirtualCdrom", Backing: "[ds] a.iso", Connected: true}, {Kind: "VirtualCdrom", Backing: "VirtualCdromRemotePassthroughBackingInfo"},
		{Kind: "ParaVirtualSCSIController", Connected: true}, {Kind: "VirtualPCIPassthrough", Connected: true, Backing: "VirtualPCIPassthroughVmiopBackingInfo"},
		{Kind: "VirtualTPM", Connected: true},
	}
	if diff := cmp.Diff(want, d.Devices); diff != "" {
		t.Error(diff)
	}
	if len(d.NICs) != 2 || d.NICs[1].Kind != "VirtualSriovEthernetCard" {
		t.Errorf("cards %+v", d.NICs)
	}
}
