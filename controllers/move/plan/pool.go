// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"slices"
	"strings"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/text"
	"github.com/avs-operator/avs-operator/controllers/vcenter"
)

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
	b.say(ResourcePoolForbidden, "the root pool of "+cluster.Path+". Name one of its pools with spec.target.resourcePool instead of cluster: "+enumerate(paths))
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
