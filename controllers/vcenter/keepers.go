// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package vcenter

import (
	"slices"

	"github.com/vmware/govmomi/vim25/types"
)

type mor = types.ManagedObjectReference

// taker takes one object's update into a draft.
type taker interface {
	update(d *draft, u types.ObjectUpdate)
	paths() []string
}

func (k keeper[T]) paths() []string { return k.fields.paths() }

// keepers say, for each type of managed object, what is watched of it and where it goes.
var keepers = map[string]taker{
	"VirtualMachine": keeper[Machine]{
		kind: ChangeMachine, fields: machineFields, table: func(d *draft) *tableEdit[Machine] { return d.machines },
		start: func(r mor) Machine { return Machine{Ref: r.Value} }, after: machineChanged,
	},
	"HostSystem": keeper[Host]{
		kind: ChangeHost, fields: hostFields, table: func(d *draft) *tableEdit[Host] { return d.hosts },
		start: func(r mor) Host { return Host{Ref: r.Value} },
	},
	"ComputeResource":                newClusterKeeper(nil),
	"ClusterComputeResource":         newClusterKeeper(clusterReadFields),
	"ResourcePool":                   newPoolKeeper(poolFields),
	"VirtualApp":                     newPoolKeeper(merged(poolFields, vAppFields)),
	"Network":                        newNetworkKeeper("Network"),
	"DistributedVirtualPortgroup":    newNetworkKeeper("DistributedVirtualPortgroup"),
	"OpaqueNetwork":                  newNetworkKeeper("OpaqueNetwork"),
	"DistributedVirtualSwitch":       switchKeeper,
	"VmwareDistributedVirtualSwitch": switchKeeper,
	"Folder":                         folderKeeper,
	"StoragePod":                     folderKeeper, // a datastore cluster is a folder of datastores
	"Datastore": keeper[Datastore]{
		kind: ChangeDatastore, fields: datastoreFields, table: func(d *draft) *tableEdit[Datastore] { return d.datastores },
		start: func(r mor) Datastore { return Datastore{Ref: r.Value} },
	},
	"Datacenter": keeper[Datacenter]{
		kind: ChangeDatacenter, fields: datacenterFields, table: func(d *draft) *tableEdit[Datacenter] { return d.datacenters },
		start: func(r mor) Datacenter { return Datacenter{Ref: r.Value} },
		after: func(d *draft, _ mor, was, is *Datacenter) {
			d.treed = d.treed || is != nil && (was == nil || was.Name != is.Name || was.parent != is.parent)
		},
	},
}

var folderKeeper = keeper[Folder]{
	kind: ChangeFolder, fields: folderFields, table: func(d *draft) *tableEdit[Folder] { return d.folders },
	start: func(r mor) Folder { return Folder{Ref: r.Value} },
	after: func(d *draft, _ mor, was, is *Folder) {
		d.treed = d.treed || is != nil && (was == nil || was.Name != is.Name || was.parent != is.parent)
	},
}

var switchKeeper = keeper[dvSwitch]{
	fields: switchFields, table: func(d *draft) *tableEdit[dvSwitch] { return d.switches },
	start: func(mor) dvSwitch { return dvSwitch{} },
	after: func(d *draft, _ mor, _, _ *dvSwitch) { d.treed = true }, // its port groups carry its UUID
}

// clusterKeeper reads what of a cluster cannot be watched whenever something of it changes.
type clusterKeeper struct {
	keeper[Cluster]
	read field[Cluster]
}

func newClusterKeeper(read field[Cluster]) taker {
	return clusterKeeper{read: read, keeper: keeper[Cluster]{
		kind: ChangeCluster, fields: clusterFields, table: func(d *draft) *tableEdit[Cluster] { return d.clusters },
		start: func(r mor) Cluster { return Cluster{Ref: r.Value} },
		after: func(d *draft, _ mor, was, is *Cluster) {
			d.treed = d.treed || is != nil && (was == nil || was.Name != is.Name || was.parent != is.parent)
		},
	}}
}

func (k clusterKeeper) update(d *draft, u types.ObjectUpdate) {
	read := slices.ContainsFunc(u.ChangeSet, func(c types.PropertyChange) bool { return k.read[c.Name] != nil })
	plain := k.keeper
	plain.fields = merged(k.fields, k.read)
	plain.update(d, u)
	if u.Kind != types.ObjectUpdateKindLeave && !read {
		for path := range k.read {
			d.again(u.Obj, path)
		}
	}
}

func newPoolKeeper(fields field[ResourcePool]) taker {
	return keeper[ResourcePool]{
		kind: ChangeResourcePool, fields: fields, table: func(d *draft) *tableEdit[ResourcePool] { return d.pools },
		start: func(r mor) ResourcePool { return ResourcePool{Ref: r.Value} },
		after: func(d *draft, _ mor, was, is *ResourcePool) {
			d.treed = d.treed || is != nil && (was == nil || was.Name != is.Name || was.Parent != is.Parent || was.vAppFolder != is.vAppFolder)
		},
	}
}

func newNetworkKeeper(kind string) taker {
	return keeper[Network]{
		kind: ChangeNetwork, fields: networkKinds[kind], table: func(d *draft) *tableEdit[Network] { return d.networks },
		start: func(r mor) Network { return Network{Ref: r.Value, Kind: kind} },
	}
}

// derive makes what follows from other objects: paths and the switch of a port group. It looks at what was touched, and at
// everything only when the tree itself changed, which is rare.
func (d *draft) derive() {
	if d.treed {
		deriveAll(d, ChangeFolder, d.folders, derivedFolder)
		deriveAll(d, ChangeDatacenter, d.datacenters, derivedDatacenter)
		deriveAll(d, ChangeCluster, d.clusters, derivedCluster)
		deriveAll(d, ChangeResourcePool, d.pools, derivedPool)
		deriveAll(d, ChangeDatastore, d.datastores, derivedDatastore)
		deriveAll(d, ChangeNetwork, d.networks, derivedNetwork)
		deriveAll(d, ChangeMachine, d.machines, derivedMachine)
	} else {
		for obj := range d.touched {
			derive(d, "", d.folders, obj.Value, derivedFolder)
			derive(d, "", d.datacenters, obj.Value, derivedDatacenter)
			derive(d, "", d.clusters, obj.Value, derivedCluster)
			derive(d, "", d.pools, obj.Value, derivedPool)
			derive(d, "", d.datastores, obj.Value, derivedDatastore)
			derive(d, "", d.networks, obj.Value, derivedNetwork)
			derive(d, "", d.machines, obj.Value, derivedMachine)
		}
	}
	clear(d.touched)
	d.treed = false
}

func deriveAll[T any](d *draft, kind ChangeKind, e *tableEdit[T], f func(*draft, *T) bool) {
	for _, ref := range e.refs() {
		derive(d, kind, e, ref, f)
	}
}

// derive replaces one value if f changes it. kind tells a change of what no update named; "" where one did.
func derive[T any](d *draft, kind ChangeKind, e *tableEdit[T], ref string, f func(*draft, *T) bool) {
	was := e.get(ref)
	if was == nil {
		return
	}
	is := *was
	if !f(d, &is) {
		return
	}
	e.set(ref, &is)
	if kind == "" {
		return
	}
	c := Change{Kind: kind, Ref: ref}
	if m, ok := any(was).(*Machine); ok {
		c.InstanceUUID = m.InstanceUUID
	}
	d.tell(c)
}

// assign sets and says whether that changed anything.
func assign(to *string, v string) bool {
	changed := *to != v
	*to = v
	return changed
}

func derivedFolder(d *draft, f *Folder) bool { return assign(&f.Path, pathOf(d.node, f.Ref)) }

func derivedDatacenter(d *draft, c *Datacenter) bool { return assign(&c.Path, pathOf(d.node, c.Ref)) }

func derivedCluster(d *draft, c *Cluster) bool { return assign(&c.Path, pathOf(d.node, c.Ref)) }

func derivedPool(d *draft, p *ResourcePool) bool { return assign(&p.Path, pathOf(d.node, p.Ref)) }

func derivedMachine(d *draft, m *Machine) bool { return assign(&m.Folder, pathOf(d.node, m.above())) }

func derivedDatastore(d *draft, s *Datastore) bool {
	return assign(&s.Path, under(d, s.parent, s.Name))
}

func derivedNetwork(d *draft, n *Network) bool {
	changed := assign(&n.Path, under(d, n.parent, n.Name))
	uuid := ""
	if s := d.switches.get(n.switchRef); s != nil {
		uuid = s.UUID
	}
	return assign(&n.SwitchUUID, uuid) || changed
}

func under(d *draft, parent, name string) string {
	if p := pathOf(d.node, parent); p != "/" {
		return p + "/" + PathName(name)
	}
	return "/" + PathName(name)
}
