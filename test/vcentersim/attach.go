// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package vcentersim

import (
	"fmt"
	"slices"
	"strings"

	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/types"
)

// attachment is storage from outside that every host of a cluster mounts, also one that joins later.
type attachment struct {
	cluster, name string
	kind          types.HostFileSystemVolumeFileSystemType
	capacity      int64 // bytes
}

// AddDatastore mounts storage from outside on every host of a cluster. Kind is NFS, NFS41, VMFS or another of vSphere's.
func (v *VCenter) AddDatastore(cluster, name, kind string, gigabytes int) error {
	v.building.Lock()
	defer v.building.Unlock()
	c := v.cluster(cluster)
	if c == nil {
		return fmt.Errorf("add datastore %s: cluster %s: not found", name, cluster)
	}
	if v.datastoreNamed(name) != nil {
		return fmt.Errorf("add datastore %s: exists already", name)
	}
	v.attached = append(v.attached,
		attachment{cluster: cluster, name: name, kind: types.HostFileSystemVolumeFileSystemType(kind), capacity: int64(gigabytes) << 30})
	ctx := v.newContext("")
	for _, ref := range v.hostsOf(c) {
		host, ok := ctx.Map.Get(ref).(*simulator.HostSystem)
		if !ok {
			continue
		}
		if err := v.mount(ctx, host, name); err != nil {
			return fmt.Errorf("mount %s on host %s: %w", name, host.Name, err)
		}
	}
	v.hub.touch(append(v.referencesOf("Datastore", "HostSystem"), c.Self)...)
	return nil
}

// RemoveDatastore takes attached storage away; an error while a machine has a disk on it.
func (v *VCenter) RemoveDatastore(name string) error {
	v.building.Lock()
	defer v.building.Unlock()
	ds := v.datastoreNamed(name)
	if ds == nil {
		return nil
	}
	ctx := v.newContext("")
	if machines := len(ds.Vm); machines > 0 {
		return fmt.Errorf("remove datastore %s: %d machines have disks on it", name, machines)
	}
	ref := ds.Self
	for _, e := range ctx.Map.All("HostSystem") {
		h := e.(*simulator.HostSystem)
		ctx.Map.RemoveReference(ctx, h, &h.Datastore, ref)
	}
	for _, e := range ctx.Map.All("ClusterComputeResource") {
		c := e.(*simulator.ClusterComputeResource)
		ctx.Map.RemoveReference(ctx, c, &c.Datastore, ref)
	}
	v.removeEntity(ctx, ds)
	v.attached = slices.DeleteFunc(v.attached, func(a attachment) bool { return a.name == name })
	v.hub.touch(v.referencesOf("HostSystem", "ClusterComputeResource")...)
	return nil
}

// Datastores lists the names of all datastores, sorted.
func (v *VCenter) Datastores() []string { return v.names("Datastore") }

// PortGroups lists the names of all distributed port groups, sorted; the switch's own uplinks are not among them.
func (v *VCenter) PortGroups() []string {
	return slices.DeleteFunc(v.names("DistributedVirtualPortgroup"), func(name string) bool {
		group, ok := v.findNetwork(name).(*simulator.DistributedVirtualPortgroup)
		return !ok || (group.Config.Uplink != nil && *group.Config.Uplink)
	})
}

// MachinesOn counts the machines that are connected to a port group.
func (v *VCenter) MachinesOn(portGroup string) int {
	group, ok := v.findNetwork(portGroup).(*simulator.DistributedVirtualPortgroup)
	if !ok {
		return 0
	}
	return v.connected(group)
}

// connected counts the machines on a port group. One that is destroyed leaves its reference behind, which is taken out here.
func (v *VCenter) connected(group *simulator.DistributedVirtualPortgroup) (count int) {
	ctx := v.newContext("")
	ctx.WithLock(group, func() {
		group.Vm = slices.DeleteFunc(group.Vm, func(ref types.ManagedObjectReference) bool { return ctx.Map.Get(ref) == nil })
		count = len(group.Vm)
	})
	return count
}

func (v *VCenter) names(kind string) []string {
	var out []string
	for _, e := range v.service.Context.Map.All(kind) {
		out = append(out, shownName(entityName(e)))
	}
	slices.Sort(out)
	return out
}

// datastoreNamed is the datastore of that name in the datacenter of the layout.
func (v *VCenter) datastoreNamed(name string) *simulator.Datastore {
	m := v.service.Context.Map
	dc, ok := m.Get(v.layout.datacenter.Reference()).(*simulator.Datacenter)
	if !ok {
		return nil
	}
	var datastores []reference
	v.newContext("").WithLock(dc, func() { datastores = slices.Clone(dc.Datastore) })
	for _, ref := range datastores {
		if ds, ok := m.Get(ref).(*simulator.Datastore); ok && sameName(ds.Name, name) {
			return ds
		}
	}
	return nil
}

// AddTwinDatastore adds a datastore to a datacenter of its own, which is made with the one host that mounts it, and returns its managed object id:
// vCenter keeps names of datastores apart within a datacenter only.
func (v *VCenter) AddTwinDatastore(datacenter, name string) (string, error) {
	v.building.Lock()
	defer v.building.Unlock()
	dc, err := object.NewRootFolder(v.client).CreateDatacenter(v.ctx, datacenter)
	if err != nil {
		return "", fmt.Errorf("create datacenter %s: %w", datacenter, err)
	}
	folders, err := dc.Folders(v.ctx)
	if err != nil {
		return "", fmt.Errorf("find the folders of datacenter %s: %w", datacenter, err)
	}
	task, err := folders.HostFolder.AddStandaloneHost(v.ctx, types.HostConnectSpec{HostName: "esx-of-" + strings.ToLower(datacenter)}, true, nil, nil)
	if err != nil {
		return "", fmt.Errorf("add a host to datacenter %s: %w", datacenter, err)
	}
	made, err := resultOf(v.ctx, task)
	if err != nil {
		return "", fmt.Errorf("add a host to datacenter %s: %w", datacenter, err)
	}
	ctx := v.newContext("")
	host, ok := ctx.Map.Get(made).(*simulator.HostSystem)
	if !ok {
		return "", fmt.Errorf("add a host to datacenter %s: %s is none", datacenter, made)
	}
	v.describeHost(ctx, host)
	if err := v.mountFrom(ctx, host, name, "twin of "+datacenter); err != nil {
		return "", fmt.Errorf("mount %s in datacenter %s: %w", name, datacenter, err)
	}
	v.hub.touch(append(v.referencesOf("Datastore", "Datacenter"), made)...)
	return ctx.Map.FindByName(keptName(name), host.Datastore).Reference().Value, nil
}

// attachmentNamed answers what is attached under a name; nil: a datastore of vCenter's own.
func (v *VCenter) attachmentNamed(name string) *attachment {
	for i := range v.attached {
		if v.attached[i].name == name {
			return &v.attached[i]
		}
	}
	return nil
}

// AddHost adds one host to a cluster and answers its name.
func (v *VCenter) AddHost(cluster string) (string, error) {
	v.building.Lock()
	defer v.building.Unlock()
	c := v.cluster(cluster)
	if c == nil {
		return "", fmt.Errorf("add a host: cluster %s: not found", cluster)
	}
	if err := v.addHost(c, v.clusterNumber(c)); err != nil {
		return "", err
	}
	hosts := v.hostsOf(c)
	return v.nameOf(hosts[len(hosts)-1]), nil
}

// RemoveHost empties a host onto its neighbours and takes it out of its cluster; one that is not there is no error.
func (v *VCenter) RemoveHost(cluster, name string) error {
	v.building.Lock()
	defer v.building.Unlock()
	c := v.cluster(cluster)
	if c == nil {
		return fmt.Errorf("remove host %s: cluster %s: not found", name, cluster)
	}
	for _, ref := range v.hostsOf(c) {
		if v.nameOf(ref) == name {
			return v.removeHost(c, ref)
		}
	}
	return nil
}

// HostRef answers the managed object id of a host, "host-42"; empty when there is no such host.
func (v *VCenter) HostRef(name string) string {
	for _, e := range v.service.Context.Map.All("HostSystem") {
		if entityName(e) == name {
			return e.Reference().Value
		}
	}
	return ""
}

// RenamePortGroup gives a port group another name; machines stay connected.
func (v *VCenter) RenamePortGroup(name, to string) error {
	v.building.Lock()
	defer v.building.Unlock()
	group, ok := v.findNetwork(name).(*simulator.DistributedVirtualPortgroup)
	if !ok {
		return fmt.Errorf("rename port group %s: not found", name)
	}
	if v.findNetwork(to) != nil {
		return fmt.Errorf("rename port group %s: %s exists already", name, to)
	}
	ctx := v.newContext("")
	ctx.WithLock(group, func() {
		ctx.Update(group, []types.PropertyChange{{Name: "name", Val: keptName(to)}, {Name: "config.name", Val: keptName(to)}})
	})
	v.hub.touch(group.Self)
	return nil
}
