// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package vcentersim

import "fmt"

// The departments of a small company: folder, name stem, network, and what its machines look like.
var departments = []struct {
	folder, stem, network, guest string
	cpu, memoryMB                int
	disks                        []int
}{
	{"Finance", "fin-app", "VLAN-120", "rhel9_64Guest", 4, 8192, []int{40, 80}},
	{"Web", "web", "VLAN-130", "ubuntu64Guest", 2, 4096, []int{20}},
	{"Finance", "fin-db", "VLAN-120", "windows2019srvNext_64Guest", 8, 16384, []int{60, 120}},
	{"Web", "shop", "VLAN-130", "ubuntu64Guest", 2, 4096, []int{30}},
	{"Infra", "dns", "VLAN-120", "debian12_64Guest", 1, 2048, []int{16}},
}

// populate makes n running machines, spread over folders, hosts, datastores and networks.
func (v *VCenter) populate(n int) error {
	for i := range n {
		d := departments[i%len(departments)]
		s := MachineSpec{
			Name: fmt.Sprintf("%s-%02d", d.stem, i/len(departments)+1), Folder: d.folder, Networks: []string{d.network},
			Datastore: pick(i%2 == 0, "DS-SSD-01", "DS-SSD-02"), DiskGB: d.disks, UsedPercent: 30 + v.draw(40),
			NumCPU: d.cpu, MemoryMB: d.memoryMB, GuestID: d.guest, PoweredOn: true,
			GuestIPs:   []string{fmt.Sprintf("10.%s.%d.%d", d.network[len("VLAN-"):], i/250, 2+i%250)},
			Annotation: "Owner: " + d.folder,
		}
		if _, err := v.AddMachine(s); err != nil {
			return err
		}
	}
	return nil
}
