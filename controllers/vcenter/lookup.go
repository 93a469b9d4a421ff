// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package vcenter

import (
	"cmp"
	"path"
	"slices"
	"strings"
)

// MachinesByInstanceUUID returns the machines with this identity: more than one where a copy kept it.
func (i *Inventory) MachinesByInstanceUUID(uuid string) []*Machine {
	return i.machines(i.byInstanceUUID.Get(strings.ToLower(uuid)))
}

// MachinesByName returns the machines with exactly this name, in any folder. The name may be written in either form; see UnescapeName.
func (i *Inventory) MachinesByName(name string) []*Machine {
	if found := i.machines(i.byName.Get(name)); len(found) > 0 {
		return found
	}
	return i.machines(i.byName.Get(UnescapeName(name)))
}

// MachinesByPath returns the machines at an inventory path: /Oslo/vm/Finance/web-01. A folder holds a name once, so there
// is one at most, unless the account sees only half of the tree.
func (i *Inventory) MachinesByPath(p string) []*Machine {
	folder, name := path.Split(CleanPath(p))
	folder = cmp.Or(strings.TrimSuffix(folder, "/"), "/")
	return slices.DeleteFunc(i.machines(i.byName.Get(UnescapeName(name))), func(m *Machine) bool { return m.Folder != folder })
}

func (i *Inventory) machines(refs *[]string) []*Machine {
	if refs == nil {
		return nil
	}
	out := make([]*Machine, 0, len(*refs))
	for _, r := range *refs {
		if m := i.Machines.Get(r); m != nil {
			out = append(out, m)
		}
	}
	return out
}

// FolderByPath returns the folder at an inventory path, nil if there is none.
func (i *Inventory) FolderByPath(p string) *Folder {
	p = CleanPath(p)
	return first(find(i.Folders, func(f *Folder) bool { return f.Path == p }))
}

// ClustersByName returns the clusters that a user means by a name, a path or an id; see Cluster.Means.
func (i *Inventory) ClustersByName(written string) []*Cluster {
	return find(i.Clusters, func(c *Cluster) bool { return c.Means(written) })
}

// ResourcePoolsByName returns the resource pools that a user means by a name, a path or an id; see ResourcePool.Means.
func (i *Inventory) ResourcePoolsByName(written string) []*ResourcePool {
	return find(i.ResourcePools, func(p *ResourcePool) bool { return p.Means(written) })
}

// DatastoresByName returns the datastores that a user means by a name, a path or an id; see Datastore.Means.
func (i *Inventory) DatastoresByName(written string) []*Datastore {
	return find(i.Datastores, func(d *Datastore) bool { return d.Means(written) })
}

// NetworksByName returns the networks that a user means by a name, a path, an id or a segment; see Network.Means.
func (i *Inventory) NetworksByName(written string) []*Network {
	return find(i.Networks, func(n *Network) bool { return n.Means(written) })
}

// DatacenterOf returns the datacenter in which an inventory path lies, nil if none does.
func (i *Inventory) DatacenterOf(p string) *Datacenter {
	p = CleanPath(p)
	return first(find(i.Datacenters, func(d *Datacenter) bool { return p == d.Path || strings.HasPrefix(p, d.Path+"/") }))
}

// find is in order of reference, so that two calls agree.
func find[T any](t Table[T], match func(*T) bool) []*T {
	var refs []string
	for r, v := range t.All() {
		if match(v) {
			refs = append(refs, r)
		}
	}
	slices.Sort(refs)
	out := make([]*T, len(refs))
	for i, r := range refs {
		out[i] = t.Get(r)
	}
	return out
}

func first[T any](s []*T) *T {
	if len(s) == 0 {
		return nil
	}
	return s[0]
}

// node is an object's place in the tree of folders; pathOf climbs along it.
func (d *draft) node(ref string) (node, bool) {
	if f := d.folders.get(ref); f != nil {
		return node{f.Name, f.parent}, true
	}
	if c := d.datacenters.get(ref); c != nil {
		return node{c.Name, c.parent}, true
	}
	if c := d.clusters.get(ref); c != nil {
		return node{c.Name, c.parent}, true
	}
	if p := d.pools.get(ref); p != nil {
		return node{p.Name, cmp.Or(p.vAppFolder, p.Parent)}, true
	}
	return node{}, false
}
