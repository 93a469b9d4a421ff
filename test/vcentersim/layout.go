// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package vcentersim

import (
	"context"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/types"
)

// layoutRefs remembers where things are, so that later changes need no search.
type layoutRefs struct {
	datacenter *object.Datacenter
	name       string
	folders    *object.DatacenterFolders
	dvs        *object.DistributedVirtualSwitch
	vmFolders  map[string]types.ManagedObjectReference // "Finance", "Web/Public" under the datacenter's vm folder; "" is that folder
}

// The names that AVS gives, the same in every private cloud.
const (
	avsDatacenter = "SDDC-Datacenter"
	avsCluster    = "Cluster-1"
	avsDatastore  = "vsanDatastore"
	avsPool       = "MGMT-ResourcePool"
	avsFolder     = "Workloads"
)

func (v *VCenter) buildLayout(ctx context.Context) error {
	avs := v.config.Layout == AVS
	name := pick(avs, avsDatacenter, v.config.Name)
	dc, err := object.NewRootFolder(v.client).CreateDatacenter(ctx, name)
	if err != nil {
		return fmt.Errorf("create datacenter %s: %w", name, err)
	}
	folders, err := dc.Folders(ctx)
	if err != nil {
		return fmt.Errorf("find the datacenter's folders: %w", err)
	}
	v.layout = layoutRefs{datacenter: dc, name: name, folders: folders, vmFolders: map[string]types.ManagedObjectReference{}}
	v.layout.vmFolders[""] = folders.VmFolder.Reference()
	if err := v.createSwitch(ctx, pick(avs, "AVS-VDS-"+v.config.InstanceUUID[:8], "DSwitch-"+v.config.Name)); err != nil {
		return err
	}
	groups := append(pick(avs, nil, []string{"VLAN-120", "VLAN-130"}), v.config.PortGroups...)
	for _, group := range groups {
		if err := v.AddPortGroup(group); err != nil {
			return err
		}
	}
	if err := v.AddCluster(pick(avs, avsCluster, "Cluster-A"), v.config.Hosts); err != nil {
		return err
	}
	if avs {
		_, err = v.folder(avsFolder)
		return err
	}
	return v.populate(v.config.Machines)
}

func (v *VCenter) createSwitch(ctx context.Context, name string) error {
	made, err := v.newSwitch(ctx, v.layout.folders.NetworkFolder, name)
	v.layout.dvs = made
	return err
}

func (v *VCenter) newSwitch(ctx context.Context, in *object.Folder, name string) (*object.DistributedVirtualSwitch, error) {
	spec := types.DVSCreateSpec{ConfigSpec: &types.VMwareDVSConfigSpec{DVSConfigSpec: types.DVSConfigSpec{Name: name}}}
	task, err := in.CreateDVS(ctx, spec)
	if err != nil {
		return nil, fmt.Errorf("create switch %s: %w", name, err)
	}
	ref, err := resultOf(ctx, task)
	if err != nil {
		return nil, fmt.Errorf("create switch %s: %w", name, err)
	}
	return object.NewDistributedVirtualSwitch(v.client, ref), nil
}

// resultOf waits for a task and for what it made, which govmomi writes a moment after the state: on a loaded machine one is seen without the
// other.
func resultOf(ctx context.Context, task *object.Task) (reference, error) {
	for {
		info, err := task.WaitForResult(ctx)
		if err != nil {
			return reference{}, err
		}
		if made, ok := info.Result.(types.ManagedObjectReference); ok {
			return made, nil
		}
		select {
		case <-ctx.Done():
			return reference{}, ctx.Err()
		case <-time.After(time.Millisecond):
		}
	}
}

// AddPortGroup adds a distributed port group; on AVS it is backed by an NSX segment of that name.
func (v *VCenter) AddPortGroup(name string) error {
	v.building.Lock()
	defer v.building.Unlock()
	if v.findNetwork(name) != nil {
		return fmt.Errorf("port group %s: exists already", name)
	}
	spec := types.DVPortgroupConfigSpec{
		Name: name, Type: string(types.DistributedVirtualPortgroupPortgroupTypeEarlyBinding), NumPorts: 8,
	}
	if v.config.Layout == AVS {
		spec.BackingType = string(types.DistributedVirtualPortgroupBackingTypeNsx)
		spec.SegmentId = "/infra/segments/" + strings.ReplaceAll(name, "/", "-")
		spec.LogicalSwitchUuid = v.newUUID()
	} else if vlan, ok := strings.CutPrefix(name, "VLAN-"); ok {
		var id int32
		if _, err := fmt.Sscan(vlan, &id); err == nil {
			spec.DefaultPortConfig = &types.VMwareDVSPortSetting{Vlan: &types.VmwareDistributedVirtualSwitchVlanIdSpec{VlanId: id}}
		}
	}
	_, err := v.addPortGroup(v.layout.dvs, spec)
	return err
}

func (v *VCenter) addPortGroup(dvs *object.DistributedVirtualSwitch, spec types.DVPortgroupConfigSpec) (reference, error) {
	before := v.referencesOf("DistributedVirtualPortgroup")
	task, err := dvs.AddPortgroup(v.ctx, []types.DVPortgroupConfigSpec{spec})
	if err == nil {
		err = task.Wait(v.ctx)
	}
	if err != nil {
		return reference{}, fmt.Errorf("add port group %s: %w", spec.Name, err)
	}
	after := v.referencesOf("DistributedVirtualPortgroup")
	v.hub.touch(append(after, v.referencesOf("ClusterComputeResource", "HostSystem")...)...)
	after = slices.DeleteFunc(after, func(ref reference) bool { // the uplinks of a switch appear a moment after it
		return slices.Contains(before, ref) || !sameName(v.nameOf(ref), spec.Name)
	})
	if len(after) != 1 {
		return reference{}, fmt.Errorf("add port group %s: %d were made", spec.Name, len(after))
	}
	return after[0], nil
}

// AddTwinPortGroup adds a distributed port group to a switch of its own, in a network folder that is made, and returns its managed object
// id: vCenter keeps names of networks apart within a folder only. Where networks are named, in a MachineSpec for example, the id serves too.
func (v *VCenter) AddTwinPortGroup(folder, name string) (string, error) {
	v.building.Lock()
	defer v.building.Unlock()
	made, err := v.layout.folders.NetworkFolder.CreateFolder(v.ctx, folder)
	if err != nil {
		return "", fmt.Errorf("create network folder %s: %w", folder, err)
	}
	dvs, err := v.newSwitch(v.ctx, made, "Switch of "+folder)
	if err != nil {
		return "", err
	}
	members := types.DVSConfigSpec{}
	for _, host := range v.referencesOf("HostSystem") {
		members.Host = append(members.Host, types.DistributedVirtualSwitchHostMemberConfigSpec{Operation: string(types.ConfigSpecOperationAdd), Host: host})
	}
	task, err := dvs.Reconfigure(v.ctx, &members)
	if err == nil {
		err = task.Wait(v.ctx)
	}
	if err != nil {
		return "", fmt.Errorf("join the switch of folder %s: %w", folder, err)
	}
	ref, err := v.addPortGroup(dvs, types.DVPortgroupConfigSpec{
		Name: name, Type: string(types.DistributedVirtualPortgroupPortgroupTypeEarlyBinding), NumPorts: 8,
	})
	return ref.Value, err
}

// RemovePortGroup removes it; an error when a machine is still connected.
func (v *VCenter) RemovePortGroup(name string) error {
	v.building.Lock()
	defer v.building.Unlock()
	network := v.findNetwork(name)
	group, ok := network.(*simulator.DistributedVirtualPortgroup)
	if !ok {
		return fmt.Errorf("port group %s: not found", name)
	}
	if n := v.connected(group); n > 0 {
		return fmt.Errorf("port group %s: %d machines are connected", name, n)
	}
	ref := group.Self
	ctx := v.newContext("")
	for _, host := range group.Host {
		if h, ok := ctx.Map.Get(host).(*simulator.HostSystem); ok {
			ctx.Map.RemoveReference(ctx, h, &h.Network, ref)
		}
	}
	for _, e := range ctx.Map.All("ClusterComputeResource") {
		c := e.(*simulator.ClusterComputeResource)
		ctx.Map.RemoveReference(ctx, c, &c.Network, ref)
	}
	task, err := object.NewDistributedVirtualPortgroup(v.client, ref).Destroy(v.ctx)
	if err == nil {
		err = task.Wait(v.ctx)
	}
	if err != nil {
		return fmt.Errorf("remove port group %s: %w", name, err)
	}
	v.hub.touch(v.referencesOf("ClusterComputeResource", "HostSystem")...)
	return nil
}

// folder finds a machine folder below the datacenter's, and makes what is missing of it.
func (v *VCenter) folder(name string) (types.ManagedObjectReference, error) {
	name = strings.Trim(strings.TrimPrefix(name, "/"+v.layout.name+"/vm"), "/")
	v.building.Lock()
	defer v.building.Unlock()
	return v.folderLocked(name)
}

func (v *VCenter) folderLocked(name string) (types.ManagedObjectReference, error) {
	if ref, ok := v.layout.vmFolders[name]; ok && v.service.Context.Map.Get(ref) != nil {
		return ref, nil
	}
	parent := path.Dir(name)
	if parent == "." {
		parent = ""
	}
	above, err := v.folderLocked(parent)
	if err != nil {
		return above, err
	}
	made, err := object.NewFolder(v.client, above).CreateFolder(v.ctx, path.Base(name))
	if err != nil {
		return above, fmt.Errorf("create folder %s: %w", name, err)
	}
	v.layout.vmFolders[name] = made.Reference()
	return made.Reference(), nil
}
