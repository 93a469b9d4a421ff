// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package verify

import (
	"strings"
	"testing"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/vcenter"
)

func plannedSpec() *v1alpha1.VirtualMachineMoveSpec {
	return &v1alpha1.VirtualMachineMoveSpec{
		Machine: v1alpha1.MachineIdentity{Name: "web", InstanceUUID: "i", BIOSUUID: "B-1"},
		Source:  v1alpha1.MachineSource{PowerState: "poweredOn"},
		Method:  v1alpha1.MoveMethodLive,
		Target: v1alpha1.MachineTarget{
			Folder: v1alpha1.InventoryReference{Ref: "group-v1", Name: "/DC/vm/W"},
			Disks: []v1alpha1.DiskPlacement{
				{Key: 2000, CapacityBytes: 10, Datastore: v1alpha1.InventoryReference{Ref: "datastore-1"}},
				{Key: 2001, CapacityBytes: 20, Datastore: v1alpha1.InventoryReference{Ref: "datastore-1"}},
			},
			NetworkAdapters: []v1alpha1.NetworkAdapterPlacement{{Key: 4000, MACAddress: "00:50:56:AA:00:01", Connected: "Yes",
				Network: v1alpha1.InventoryReference{Ref: "network-1", Name: "web"}}},
		},
	}
}

func arrivedMachine() *vcenter.MachineDetails {
	return &vcenter.MachineDetails{
		Machine: vcenter.Machine{BIOSUUID: "b-1", Folder: "/DC/vm/W", PowerState: "poweredOn"},
		Disks:   []vcenter.Disk{{Key: 2001, CapacityBytes: 20, Datastore: "datastore-1"}, {Key: 2000, CapacityBytes: 10, Datastore: "datastore-1"}},
		NICs:    []vcenter.NIC{{Key: 4000, MAC: "00:50:56:aa:00:01", Network: "network-1", NetworkName: "web", Connected: true}},
	}
}

func TestCompareTellsWhatDiffers(t *testing.T) {
	for name, test := range map[string]struct {
		change     func(*vcenter.MachineDetails)
		difference string
		concern    string
	}{
		"nothing":           {change: func(*vcenter.MachineDetails) {}},
		"another machine":   {change: func(m *vcenter.MachineDetails) { m.BIOSUUID = "b-2" }, difference: "BIOS UUID b-2 instead of B-1"},
		"a disk too few":    {change: func(m *vcenter.MachineDetails) { m.Disks = m.Disks[:1] }, difference: "disks of [20] bytes instead of [10 20]"},
		"a disk of its own": {change: func(m *vcenter.MachineDetails) { m.Disks[0].CapacityBytes = 20 + 1<<30 }, difference: "disks of [10 "},
		"a disk cut short":  {change: func(m *vcenter.MachineDetails) { m.Disks[0].CapacityBytes = 19 }, difference: "disks of [10 19]"},
		"a disk rounded up": {change: func(m *vcenter.MachineDetails) { m.Disks[0].CapacityBytes = 1 << 20 }},
		"another MAC": {change: func(m *vcenter.MachineDetails) { m.NICs[0].MAC = "00:50:56:aa:00:02" },
			difference: "no network adapter with MAC address 00:50:56:AA:00:01"},
		"another network": {change: func(m *vcenter.MachineDetails) { m.NICs[0].Network, m.NICs[0].NetworkName = "network-2", "dmz" },
			difference: "connected to dmz instead of web"},
		"another folder":    {change: func(m *vcenter.MachineDetails) { m.Folder = "/DC/vm/X" }, concern: "FolderDiffers"},
		"another datastore": {change: func(m *vcenter.MachineDetails) { m.Disks[1].Datastore = "datastore-2" }, concern: "DatastoreDiffers"},
		"switched off":      {change: func(m *vcenter.MachineDetails) { m.PowerState = "poweredOff" }, concern: "PowerStateDiffers"},
		"no network": {change: func(m *vcenter.MachineDetails) { m.NICs[0].Network, m.NICs[0].NetworkName = "", "" },
			difference: "on no network that the account sees, instead of web"},
		"a card unplugged": {change: func(m *vcenter.MachineDetails) { m.NICs[0].Connected = false },
			difference: "adapter 00:50:56:AA:00:01 is disconnected from web"},
		"a card of one off":   {change: func(m *vcenter.MachineDetails) { m.NICs[0].Connected, m.PowerState = false, "poweredOff" }, concern: "PowerStateDiffers"},
		"keys that changed":   {change: func(m *vcenter.MachineDetails) { m.Disks[0].Key, m.NICs[0].Key = 3000, 4001 }},
		"an adapter too many": {change: func(m *vcenter.MachineDetails) { m.NICs = append(m.NICs, vcenter.NIC{MAC: "00:50:56:aa:00:09"}) }},
	} {
		t.Run(name, func(t *testing.T) {
			is := arrivedMachine()
			test.change(is)
			differences, concerns := Compare(plannedSpec(), is, true)
			if got := strings.Join(differences, "; "); !strings.Contains(got, test.difference) || (test.difference == "") != (got == "") {
				t.Errorf("the differences are %q, want %q", got, test.difference)
			}
			var names []string
			for _, c := range concerns {
				names = append(names, c.Name)
			}
			if got := strings.Join(names, " "); got != test.concern {
				t.Errorf("the concerns are %q, want %q", got, test.concern)
			}
		})
	}
}

func TestAMachineThatStoodThereMayHaveChangedSince(t *testing.T) {
	is := arrivedMachine()
	is.Folder, is.Disks, is.NICs = "/elsewhere", nil, nil
	differences, concerns := Compare(plannedSpec(), is, false)
	if len(differences) != 0 || len(concerns) != 1 || concerns[0].Name != "AlreadyAtTarget" || concerns[0].Severity != v1alpha1.SeverityInformation {
		t.Errorf("differences %v, concerns %v", differences, concerns)
	}
	is.BIOSUUID = "another"
	if differences, _ := Compare(plannedSpec(), is, false); len(differences) != 1 {
		t.Errorf("another machine under the same identity was not told: %v", differences)
	}
}
