// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package vcentersim

import (
	"slices"
	"strings"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

// describeDatastore sets type, capacity and free space. The space is what machines take by our own book, not what
// the simulator's small files take on the disk below.
func (v *VCenter) describeDatastore(ctx *simulator.Context, ds *simulator.Datastore) {
	capacity := int64(v.config.DatastoreGB) << 30
	attached := v.attachmentNamed(ds.Name)
	ctx.WithLock(ds, func() {
		ds.Summary.Type = string(types.HostFileSystemVolumeFileSystemTypeVMFS)
		if v.config.Layout == AVS {
			ds.Summary.Type = string(types.HostFileSystemVolumeFileSystemTypeVsan)
			capacity *= int64(max(len(ds.Host), 1))
		}
		if attached != nil {
			ds.Summary.Type, capacity = string(attached.kind), attached.capacity
		}
		ds.Summary.Capacity = capacity
		ds.Summary.MultipleHostAccess = types.NewBool(len(ds.Host) > 1)
	})
	v.refreshSpace(ctx, ds)
}

// refreshSpace sets the free space from the book of machines and tells watchers.
func (v *VCenter) refreshSpace(ctx *simulator.Context, ds *simulator.Datastore) {
	used, promised := v.machines.usage(ds.Self)
	ctx.WithLock(ds, func() {
		free := max(ds.Summary.Capacity-used, 0)
		info := *ds.Info.GetDatastoreInfo()
		info.FreeSpace = free
		if ds.Summary.FreeSpace == free && ds.Summary.Uncommitted == promised && ds.Info.GetDatastoreInfo().FreeSpace == free {
			return
		}
		ctx.Update(ds, []types.PropertyChange{
			{Name: "summary.freeSpace", Val: free},
			{Name: "summary.uncommitted", Val: promised},
		})
		ds.Info = &types.LocalDatastoreInfo{DatastoreInfo: info, Path: info.Url}
		v.hub.touch(ds.Self)
	})
}

func (v *VCenter) refreshSpaceOf(ctx *simulator.Context, refs ...types.ManagedObjectReference) {
	for _, ref := range refs {
		if ds, ok := ctx.Map.Get(ref).(*simulator.Datastore); ok {
			v.refreshSpace(ctx, ds)
		}
	}
}

// findNetwork by name among the datacenter's port groups and standard networks; nil when there is none.
func (v *VCenter) findNetwork(name string) mo.Entity {
	m := v.service.Context.Map
	dc, ok := m.Get(v.layout.datacenter.Reference()).(*simulator.Datacenter)
	if !ok {
		return nil
	}
	var networks []reference
	v.newContext("").WithLock(dc, func() { networks = slices.Clone(dc.Network) })
	for _, ref := range networks {
		e, ok := m.Get(ref).(mo.Entity)
		if ok && (ref.Value == name || sameName(entityName(e), name)) && !strings.HasSuffix(ref.Type, "Switch") {
			return e
		}
	}
	return nil
}

// entityName copes with the types whose own Name field hides the one of ManagedEntity.
func entityName(e mo.Entity) string {
	switch x := e.(type) {
	case *simulator.DistributedVirtualPortgroup:
		return x.DistributedVirtualPortgroup.Network.Name
	case *mo.Network:
		return x.Name
	case *mo.OpaqueNetwork:
		return x.Network.Name
	case *simulator.DistributedVirtualSwitch:
		return x.DistributedVirtualSwitch.Name
	}
	return e.Entity().Name
}

// RefreshDatastore answers from the book of machines; govmomi would measure the disk that the simulator runs on.
func (e *extension) RefreshDatastore(ctx *simulator.Context, req *types.RefreshDatastore) soap.HasFault {
	e.v.refreshSpaceOf(ctx, req.This)
	return &methods.RefreshDatastoreBody{Res: &types.RefreshDatastoreResponse{}}
}

// RefreshDatastoreStorageInfo does the same.
func (e *extension) RefreshDatastoreStorageInfo(ctx *simulator.Context, req *types.RefreshDatastoreStorageInfo) soap.HasFault {
	e.v.refreshSpaceOf(ctx, req.This)
	return &methods.RefreshDatastoreStorageInfoBody{Res: &types.RefreshDatastoreStorageInfoResponse{}}
}
