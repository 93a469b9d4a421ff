// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"cmp"
	"slices"
	"strings"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/text"
	"github.com/avs-operator/avs-operator/controllers/vcenter"
)

// destination is spec.target, resolved.
type destination struct {
	inventory  *vcenter.Inventory
	cluster    *vcenter.Cluster
	pool       v1alpha1.InventoryReference
	folder     *vcenter.Folder
	datastore  *vcenter.Datastore
	hosts      []*vcenter.Host // that can take machines, by name
	datastores map[string]*vcenter.Datastore
	networks   map[string]*vcenter.Network
}

// complete says that nothing of the target is missing.
func (d *destination) complete() bool {
	return d.cluster != nil && d.pool.Ref != "" && d.folder != nil && d.datastore != nil && len(d.hosts) > 0
}

// resolve finds what spec.target names.
func resolve(in *Input, b *book) *destination {
	t, inventory := in.Spec.Target, in.Target.Inventory
	d := &destination{inventory: inventory, datastores: map[string]*vcenter.Datastore{}, networks: map[string]*vcenter.Network{}}
	if t.Cluster != "" {
		d.cluster = one(b, inventory.Clusters, t.Cluster, ClusterNotFound, AmbiguousCluster, "cluster", everything[vcenter.Cluster])
		d.pool = poolOf(in, d.cluster, b)
	} else if pool := one(b, inventory.ResourcePools, t.ResourcePool, ResourcePoolNotFound, AmbiguousResourcePool, "resource pool",
		everything[vcenter.ResourcePool]); pool != nil {
		d.cluster = inventory.Clusters.Get(pool.Owner)
		d.pool = usable(in, pool, b)
		if d.cluster == nil {
			b.say(ClusterNotFound, has("cluster", "the cluster of "+pool.Path, namesOf(inventory.Clusters, everything[vcenter.Cluster])))
		}
	}
	d.hosts = usableHosts(inventory, d.cluster)
	if d.cluster != nil && len(d.hosts) == 0 {
		b.say(NoUsableHost, d.cluster.Name)
	}
	d.folder = folderOf(inventory, t.Folder, d.cluster, b)
	if ds := d.findDatastore(t.Datastore, b); ds != nil {
		d.datastore = ds
	}
	return d
}

// usableHosts of a cluster can take a machine now.
func usableHosts(inventory *vcenter.Inventory, cluster *vcenter.Cluster) []*vcenter.Host {
	if cluster == nil {
		return nil
	}
	var out []*vcenter.Host
	for _, h := range inventory.Hosts.All() {
		if h.Cluster == cluster.Ref && Usable(h) {
			out = append(out, h)
		}
	}
	slices.SortFunc(out, func(a, b *vcenter.Host) int { return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Ref, b.Ref)) })
	return out
}

// Usable says whether a host can take a machine now.
func Usable(h *vcenter.Host) bool {
	return h.ConnectionState == "connected" && h.PowerState == vcenter.PoweredOn && !h.InMaintenance
}

// Takers are the usable hosts of the target cluster of spec that have all its datastores and networks, by name.
func Takers(inventory *vcenter.Inventory, spec *v1alpha1.VirtualMachineMoveSpec) []*vcenter.Host {
	hosts := usableHosts(inventory, inventory.Clusters.Get(spec.Target.Cluster.Ref))
	lack := func(attached []string) func(*vcenter.Host) bool { // one that the account sees no hosts of is left to vCenter
		return func(h *vcenter.Host) bool { return len(attached) > 0 && !slices.Contains(attached, h.Ref) }
	}
	stores := []string{spec.Target.Datastore.Ref}
	for _, d := range spec.Target.Disks {
		stores = append(stores, d.Datastore.Ref)
	}
	for _, ref := range stores {
		if ds := inventory.Datastores.Get(ref); ds != nil {
			hosts = slices.DeleteFunc(hosts, lack(ds.Hosts))
		}
	}
	for _, a := range spec.Target.NetworkAdapters {
		if n := inventory.Networks.Get(a.Network.Ref); n != nil {
			hosts = slices.DeleteFunc(hosts, lack(n.Hosts))
		}
	}
	return hosts
}

// folderOf finds a folder that machines can go into, in the datacenter of the cluster.
func folderOf(inventory *vcenter.Inventory, path string, cluster *vcenter.Cluster, b *book) *vcenter.Folder {
	var candidates []string
	for _, f := range inventory.Folders.All() {
		machines := len(f.Kinds) == 0 || slices.Contains(f.Kinds, "VirtualMachine")
		if !samePath(f.Path, path) {
			if machines {
				candidates = append(candidates, f.Path)
			}
			continue
		}
		if !machines {
			b.say(FolderNotUsable, path+" does not hold virtual machines")
			return nil
		}
		if cluster != nil && datacenterOf(inventory, cluster.Path) != datacenterOf(inventory, f.Path) {
			b.say(FolderNotUsable, path+" is in another datacenter than the cluster "+cluster.Path)
			return nil
		}
		return f
	}
	b.say(FolderNotFound, has("folder", path, candidates))
	return nil
}

// datacenterOf a path is the managed object id of the innermost datacenter above it; empty if none is known.
func datacenterOf(inventory *vcenter.Inventory, path string) string {
	ref, longest := "", 0
	for _, dc := range inventory.Datacenters.All() {
		if len(dc.Path) > longest && within(path, dc.Path) {
			ref, longest = dc.Ref, len(dc.Path)
		}
	}
	return ref
}

// findDatastore finds a datastore that disks can go to, by name or path, and remembers what it found.
func (d *destination) findDatastore(name string, b *book) *vcenter.Datastore {
	if ds, ok := d.datastores[name]; ok {
		return ds
	}
	mounted := func(ds *vcenter.Datastore) bool {
		return d.cluster == nil || d.reaches(ds.Hosts, d.cluster.Datastores, ds.Ref)
	}
	ds := one(b, d.inventory.Datastores, name, DatastoreNotFound, AmbiguousDatastore, "datastore", mounted)
	switch {
	case ds == nil:
	case !ds.Accessible:
		b.say(DatastoreNotUsable, name+" is not accessible")
		ds = nil
	case ds.MaintenanceMode != "" && ds.MaintenanceMode != "normal":
		b.say(DatastoreNotUsable, name+" is in maintenance")
		ds = nil
	case len(d.hosts) > 0 && !mounted(ds):
		b.say(DatastoreNotInCluster, name)
		ds = nil
	}
	d.datastores[name] = ds
	return ds
}

// findNetwork finds a network that machines can be connected to, by name or path, and remembers what it found.
func (d *destination) findNetwork(name string, b *book) *vcenter.Network {
	if n, ok := d.networks[name]; ok {
		return n
	}
	attached := func(n *vcenter.Network) bool {
		return !n.Uplink && (d.cluster == nil || d.reaches(n.Hosts, d.cluster.Networks, n.Ref))
	}
	n := one(b, d.inventory.Networks, name, NetworkNotFound, AmbiguousNetwork, "network", attached)
	if n != nil && len(d.hosts) > 0 && !attached(n) {
		b.say(NetworkNotInCluster, name)
		n = nil
	}
	d.networks[name] = n
	return n
}

// reaches says whether a usable host of the cluster has something, by its hosts or by the cluster's own list. Where neither says anything
// the account may not see it, and vCenter has the last word.
func (d *destination) reaches(hosts, ofCluster []string, ref string) bool {
	if len(hosts) == 0 {
		return len(ofCluster) == 0 || slices.Contains(ofCluster, ref)
	}
	return slices.ContainsFunc(d.hosts, func(h *vcenter.Host) bool { return slices.Contains(hosts, h.Ref) })
}

// Pools that a provider keeps for its own machines: MGMT-ResourcePool in Azure VMware Solution, Mgmt-ResourcePool in VMware Cloud on AWS, and
// Network-ResourcePool where its edges stand apart.
var reservedPools = []string{"mgmt-resourcepool", "network-resourcepool"}

// computePool is where VMware Cloud on AWS wants workloads: its accounts may not place machines in the root pool.
const computePool = "compute-resourcepool"

// reserved says whether a pool is one of a provider's own, or below one.
func reserved(p *vcenter.ResourcePool) bool {
	for _, element := range strings.Split(strings.ToLower(p.Path+"/"+p.Name), "/") {
		if slices.Contains(reservedPools, element) {
			return true
		}
	}
	return false
}

// poolOf a cluster takes the machines: its root pool, or where the account may not place machines in that, the one pool below it in which it
// may.
func poolOf(in *Input, cluster *vcenter.Cluster, b *book) v1alpha1.InventoryReference {
	if cluster == nil {
		return v1alpha1.InventoryReference{}
	}
	if may, known := in.Pools[cluster.ResourcePool]; may || !known {
		return v1alpha1.InventoryReference{Ref: cluster.ResourcePool, Name: text.CutRunes(cluster.Path+"/Resources", 512)}
	}
	found := openPools(in, cluster)
	if at := slices.IndexFunc(found, func(p *vcenter.ResourcePool) bool { return strings.EqualFold(p.Name, computePool) }); at >= 0 {
		found = found[at : at+1]
	}
	switch len(found) {
	case 0:
		b.say(ResourcePoolForbidden, "the root pool of "+cluster.Path+", nor any pool below it that the account sees")
		return v1alpha1.InventoryReference{}
	case 1:
		b.say(ResourcePoolChosen, found[0].Path)
		return v1alpha1.InventoryReference{Ref: found[0].Ref, Name: text.CutRunes(found[0].Path, 512)}
	}
	var paths []string
	for _, p := range found {
		paths = append(paths, p.Path)
	}
	b.say(ResourcePoolForbidden, "the root pool of "+cluster.Path+". Name one of its pools with spec.target.resourcePool instead of cluster: "+
		""+text.List(paths, mostListed))
	return v1alpha1.InventoryReference{}
}

// openPools are the topmost pools of a cluster in which the account may place machines, by path.
func openPools(in *Input, cluster *vcenter.Cluster) []*vcenter.ResourcePool {
	open := map[string]*vcenter.ResourcePool{}
	for _, p := range in.Target.Inventory.ResourcePools.All() {
		if p.Owner == cluster.Ref && p.Ref != cluster.ResourcePool && in.Pools[p.Ref] && !reserved(p) {
			open[p.Ref] = p
		}
	}
	var out []*vcenter.ResourcePool
	for _, p := range open {
		if open[p.Parent] == nil {
			out = append(out, p)
		}
	}
	slices.SortFunc(out, func(a, b *vcenter.ResourcePool) int { return strings.Compare(a.Path, b.Path) })
	return out
}

// usable says whether a pool that was named may take the machines.
func usable(in *Input, pool *vcenter.ResourcePool, b *book) v1alpha1.InventoryReference {
	if reserved(pool) {
		b.say(ResourcePoolReserved, pool.Path)
	} else if may, known := in.Pools[pool.Ref]; known && !may {
		b.say(ResourcePoolForbidden, pool.Path)
	}
	return v1alpha1.InventoryReference{Ref: pool.Ref, Name: text.CutRunes(pool.Path, 512)}
}

// mostPools is how many pools are asked about.
const mostPools = 200

// poolsOf are the pools that a target may mean, by managed object id: those of its cluster, or the one that is named.
func (d *destination) poolsOf(in *Input) []string {
	if d.cluster == nil {
		return nil
	}
	if in.Spec.Target.ResourcePool != "" {
		return []string{d.pool.Ref}
	}
	out := []string{d.cluster.ResourcePool}
	for _, p := range d.inventory.ResourcePools.All() {
		if p.Owner == d.cluster.Ref && p.Ref != d.cluster.ResourcePool && !reserved(p) {
			out = append(out, p.Ref)
		}
	}
	slices.Sort(out[1:])
	return out[:min(len(out), mostPools)]
}
