// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"fmt"
	"path"
	"strings"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/vcenter"
)

const gb = int64(1) << 30

// site builds the tables of a vCenter's inventory.
type site struct {
	machines    map[string]*vcenter.Machine
	hosts       map[string]*vcenter.Host
	clusters    map[string]*vcenter.Cluster
	pools       map[string]*vcenter.ResourcePool
	datastores  map[string]*vcenter.Datastore
	networks    map[string]*vcenter.Network
	folders     map[string]*vcenter.Folder
	datacenters map[string]*vcenter.Datacenter
}

func newSite() *site {
	return &site{
		machines: map[string]*vcenter.Machine{}, hosts: map[string]*vcenter.Host{}, clusters: map[string]*vcenter.Cluster{},
		pools: map[string]*vcenter.ResourcePool{}, datastores: map[string]*vcenter.Datastore{}, networks: map[string]*vcenter.Network{},
		folders: map[string]*vcenter.Folder{}, datacenters: map[string]*vcenter.Datacenter{},
	}
}

func (s *site) inventory() *vcenter.Inventory {
	return &vcenter.Inventory{
		Machines: vcenter.NewTable(s.machines), Hosts: vcenter.NewTable(s.hosts), Clusters: vcenter.NewTable(s.clusters),
		ResourcePools: vcenter.NewTable(s.pools), Datastores: vcenter.NewTable(s.datastores), Networks: vcenter.NewTable(s.networks),
		Folders: vcenter.NewTable(s.folders), Datacenters: vcenter.NewTable(s.datacenters),
	}
}

func (s *site) folder(paths ...string) {
	for _, p := range paths {
		s.folders["group-"+p] = &vcenter.Folder{Ref: "group-" + p, Name: path.Base(p), Path: p, Kinds: []string{"VirtualMachine", "Folder"}}
	}
}

// world is a small fleet between two vCenters; tests bend it.
type world struct {
	source, target *site
	spec           v1alpha1.WorkloadMoveSpec
	details        map[string]*vcenter.MachineDetails
	neighbours     []*vcenter.MachineDetails
	known          []Known
	space          map[string]vcenter.Space
	load           map[string]vcenter.HostLoad
}

func newWorld() *world {
	w := &world{source: newSite(), target: newSite(), details: map[string]*vcenter.MachineDetails{}}
	w.source.folder("/Oslo/vm", "/Oslo/vm/Finance", "/Oslo/vm/Finance/Old", "/Oslo/vm/Web")
	w.source.hosts["host-1"] = &vcenter.Host{Ref: "host-1", Name: "esx-01", CPUVendor: "intel", Version: "7.0.3"}
	w.source.networks["net-120"] = &vcenter.Network{Ref: "net-120", Name: "VLAN-120", Kind: "DistributedVirtualPortgroup"}
	w.source.datastores["ds-1"] = &vcenter.Datastore{Ref: "ds-1", Name: "nfs-gold", Accessible: true}
	w.add("web-01", "/Oslo/vm/Finance", 40)
	w.add("web-02", "/Oslo/vm/Finance", 80)
	w.add("old-01", "/Oslo/vm/Finance/Old", 20)
	w.add("web-01", "/Oslo/vm/Web", 10)
	w.add("shop-01", "/Oslo/vm/Web", 30)

	t := w.target
	t.datacenters["dc-1"] = &vcenter.Datacenter{Ref: "dc-1", Name: "SDDC-Datacenter", Path: "/SDDC-Datacenter"}
	t.folder("/SDDC-Datacenter/vm", "/SDDC-Datacenter/vm/Workloads")
	t.folders["group-h"] = &vcenter.Folder{Ref: "group-h", Name: "host", Path: "/SDDC-Datacenter/host", Kinds: []string{"ComputeResource"}}
	t.clusters["domain-1"] = &vcenter.Cluster{Ref: "domain-1", Name: "Cluster-1", Path: "/SDDC-Datacenter/host/Cluster-1", ResourcePool: "resgroup-1"}
	t.pools["resgroup-2"] = &vcenter.ResourcePool{Ref: "resgroup-2", Name: "Gold", Path: "/SDDC-Datacenter/host/Cluster-1/Resources/Gold", Owner: "domain-1"}
	var hosts []string
	w.load = map[string]vcenter.HostLoad{}
	for i := range 3 {
		ref := fmt.Sprintf("host-%d", i+1)
		hosts = append(hosts, ref)
		t.hosts[ref] = &vcenter.Host{Ref: ref, Name: fmt.Sprintf("esx-%d", i+1), Cluster: "domain-1", ConnectionState: "connected", PowerState: vcenter.PoweredOn,
			CPUVendor: "intel", Version: "8.0.2", EVCMode: "intel-cascadelake", MemoryBytes: 512 * gb, CPUMHz: 80_000}
		w.load[ref] = vcenter.HostLoad{MemoryBytes: 512 * gb, CPUCapacityMHz: 80_000, MemoryUsageBytes: 100 * gb, CPUUsageMHz: 10_000}
	}
	t.datastores["vsan"] = &vcenter.Datastore{Ref: "vsan", Name: "vsanDatastore", Type: "vsan", Path: "/SDDC-Datacenter/datastore/vsanDatastore",
		Accessible: true, Hosts: hosts}
	w.space = map[string]vcenter.Space{"vsan": {CapacityBytes: 10_000 * gb, FreeBytes: 8_000 * gb}}
	t.networks["seg-web"] = &vcenter.Network{Ref: "seg-web", Name: "finance-web", Kind: "DistributedVirtualPortgroup", Hosts: hosts}
	t.networks["seg-std"] = &vcenter.Network{Ref: "seg-std", Name: "standard", Kind: "Network", Hosts: hosts}
	w.spec = v1alpha1.WorkloadMoveSpec{
		Source: v1alpha1.MoveSource{VCenterRef: v1alpha1.ObjectReference{Name: "oslo"}},
		Target: v1alpha1.MoveTarget{VCenterRef: v1alpha1.ObjectReference{Name: "weu"}, Cluster: "Cluster-1", Folder: "/SDDC-Datacenter/vm/Workloads",
			Datastore: "vsanDatastore"},
		Select:   []v1alpha1.MachineSelector{{Folder: "/Oslo/vm/Finance"}},
		Networks: []v1alpha1.NameMapping{{From: "VLAN-120", To: "finance-web"}},
	}
	return w
}

// add a running machine with one thick disk to the source.
func (w *world) add(name, folder string, diskGB int64) *vcenter.MachineDetails {
	ref := fmt.Sprintf("vm-%d", len(w.source.machines)+1)
	uuid := fmt.Sprintf("5000-%s", strings.ToLower(path.Base(folder)+"-"+name))
	d := &vcenter.MachineDetails{
		Machine: vcenter.Machine{Ref: ref, Name: name, Folder: folder, InstanceUUID: uuid, BIOSUUID: "4200-" + uuid, Host: "host-1", PowerState: vcenter.PoweredOn,
			ConnectionState: "connected", GuestToolsRunning: true, NumCPU: 2, MemoryMB: 4096, HardwareVersion: "vmx-19"},
		Disks: []vcenter.Disk{{Key: 2000, Label: "Hard disk 1", CapacityBytes: diskGB * gb, Datastore: "ds-1", Mode: "persistent", BackingType: "thick"}},
		NICs: []vcenter.NIC{{Key: 4000, Label: "Network adapter 1", MAC: "00:50:56:00:00:" + fmt.Sprintf("%02x", len(w.source.machines)), Kind: "VirtualVmxnet3",
			Network: "net-120", NetworkName: "VLAN-120", Connected: true}},
	}
	w.details[ref] = d
	w.source.machines[ref] = &d.Machine
	return d
}

// find a machine of the source by its path.
func (w *world) find(p string) *vcenter.MachineDetails {
	for _, d := range w.details {
		if pathOf(&d.Machine) == p {
			return d
		}
	}
	panic("there is no " + p)
}

func (w *world) input() Input {
	return Input{
		Spec:   &w.spec,
		Source: Side{Inventory: w.source.inventory(), InstanceUUID: "vc-oslo", Name: "oslo"},
		Target: Side{Inventory: w.target.inventory(), InstanceUUID: "vc-weu", Name: "weu"},
		Known:  w.known, Details: w.details, Neighbours: w.neighbours, Space: w.space, Load: w.load,
	}
}

// names of the machines in a state, in order.
func names(p *Plan, s State) []string {
	var out []string
	for _, m := range p.Machines {
		if m.State == s {
			out = append(out, m.Path)
		}
	}
	return out
}

// concern of a plan by name, nil if it has none.
func concern(p *Plan, name string) *Concern {
	for i := range p.Concerns {
		if p.Concerns[i].Name == name {
			return &p.Concerns[i]
		}
	}
	return nil
}
