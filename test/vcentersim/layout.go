// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package vcentersim

import (
	"context"
	"fmt"
	"path"
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
	spec := types.DVSCreateSpec{ConfigSpec: &types.VMwareDVSConfigSpec{DVSConfigSpec: types.DVSConfigSpec{Name: name}}}
	task, err := v.layout.folders.NetworkFolder.CreateDVS(ctx, spec)
	if err != nil {
		return fmt.Errorf("create switch %s: %w", name, err)
	}
	ref, err := resultOf(ctx, task)
	if err != nil {
		return fmt.Errorf("create switch %s: %w", name, err)
	}
	v.layout.dvs = object.NewDistributedVirtualSwitch(v.client, ref)
	return nil
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
		spec.SegmentId = "/infra/segments/" + name
		spec.LogicalSwitchUuid = v.newUUID()
	} else if vlan, ok := strings.CutPrefix(name, "VLAN-"); ok {
		var id int32
		if _, err := fmt.Sscan(vlan, &id); err == nil {
			spec.DefaultPortConfig = &types.VMwareDVSPortSetting{Vlan: &types.VmwareDistributedVirtualSwitchVlanIdSpec{VlanId: id}}
		}
	}
	task, err := v.layout.dvs.AddPortgroup(v.ctx, []types.DVPortgroupConfigSpec{spec})
	if err == nil {
		err = task.Wait(v.ctx)
	}
	if err != nil {
		return fmt.Errorf("add port group %s: %w", name, err)
	}
	v.hub.touch(v.referencesOf("ClusterComputeResource", "HostSystem", "DistributedVirtualPortgroup")...)
	return nil
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
