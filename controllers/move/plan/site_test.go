// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"strings"
	"testing"

	"github.com/avs-operator/avs-operator/controllers/vcenter"
)

// A cluster as the target means the pool in which the account may place machines.
func TestAClusterMeansThePoolThatWorkloadsMayUse(t *testing.T) {
	const root = "/SDDC-Datacenter/host/Cluster-1/Resources"
	pool := func(w *world, ref, name, parent string) {
		w.target.pools[ref] = &vcenter.ResourcePool{Ref: ref, Name: name, Path: root + "/" + name, Owner: "domain-1", Parent: parent}
	}
	for _, test := range []struct {
		name, pool, concern, words string
		named                      string
		may                        map[string]bool
	}{
		{"nothing is known", "resgroup-1", "", "", "", nil},
		{"the root pool", "resgroup-1", "", "", "", map[string]bool{"resgroup-1": true, "resgroup-2": true}},
		{"the one pool below it", "resgroup-2", ResourcePoolChosen, root + "/Gold", "", map[string]bool{"resgroup-1": false, "resgroup-2": true}},
		{"the pool for workloads among others", "resgroup-5", ResourcePoolChosen, "Compute-ResourcePool", "",
			map[string]bool{"resgroup-1": false, "resgroup-2": true, "resgroup-5": true, "resgroup-6": true}},
		{"never the provider's own", "", ResourcePoolForbidden, "nor any pool below it", "", map[string]bool{"resgroup-1": false, "resgroup-4": true}},
		{"several", "", ResourcePoolForbidden, root + "/Gold, " + root + "/Silver", "", map[string]bool{"resgroup-1": false, "resgroup-2": true, "resgroup-7": true}},
		{"a named one of the provider's", "resgroup-4", ResourcePoolReserved, "MGMT-ResourcePool", "MGMT-ResourcePool", nil},
		{"a named one below it", "resgroup-8", ResourcePoolReserved, "TNT", "TNT", nil},
		{"a named one without the right", "resgroup-2", ResourcePoolForbidden, "Gold", "Gold", map[string]bool{"resgroup-2": false}},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld()
			w.target.pools["resgroup-1"] = &vcenter.ResourcePool{Ref: "resgroup-1", Name: "Resources", Path: root, Owner: "domain-1", Parent: "domain-1"}
			pool(w, "resgroup-4", "MGMT-ResourcePool", "resgroup-1")
			pool(w, "resgroup-5", "Compute-ResourcePool", "resgroup-1")
			pool(w, "resgroup-6", "Inner", "resgroup-5")
			pool(w, "resgroup-7", "Silver", "resgroup-1")
			pool(w, "resgroup-8", "TNT", "resgroup-4")
			w.target.pools["resgroup-8"].Path = root + "/MGMT-ResourcePool/TNT"
			if test.named != "" {
				w.spec.Target.Cluster, w.spec.Target.ResourcePool = "", test.named
			}
			in := w.input()
			in.Pools = test.may
			p := Make(in)
			c := concern(p, test.concern)
			switch {
			case test.concern == "" && len(p.Concerns) > 0, test.concern != "" && (c == nil || !strings.Contains(c.Message, test.words)):
				t.Errorf("it says %+v", p.Concerns)
			}
			stops := test.concern == ResourcePoolForbidden || test.concern == ResourcePoolReserved
			if (p.Blocker() != nil) != stops {
				t.Errorf("the move is stopped by %+v", p.Blocker())
			}
			if !stops && (p.Machines[0].Spec == nil || p.Machines[0].Spec.Target.ResourcePool.Ref != test.pool) {
				t.Errorf("they go to %+v", p.Machines[0].Spec)
			}
			if n := Need(in); len(n.Pools) == 0 || test.named == "" && (n.Pools[0] != "resgroup-1" || len(n.Pools) != 5) {
				t.Errorf("it asks about %v", n.Pools)
			}
		})
	}
}

// 140 GiB of disks need 280 GiB of vSAN's devices under the default policy, beside the quarter that stays free.
func TestVSANTakesWhatItsPolicyKeeps(t *testing.T) {
	for _, test := range []struct {
		name   string
		free   int64
		factor map[string]float64
		fits   bool
		words  string
	}{
		{"two copies fit", 281, nil, true, ""},
		{"one copy would", 279, nil, false, "(280.0 GiB needed, 279.0 GiB free, with 25 % of it kept free for vSAN, and each byte counted 2 times"},
		{"RAID-5 fits", 187, map[string]float64{"vsan": 4.0 / 3}, true, ""},
		{"RAID-5 does not", 186, map[string]float64{"vsan": 4.0 / 3}, false, "each byte counted 1.333 times"},
		{"no redundancy", 140, map[string]float64{"vsan": 1}, true, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld()
			w.space["vsan"] = vcenter.Space{CapacityBytes: 1000 * gb, FreeBytes: (test.free + 250) * gb}
			in := w.input()
			in.Factor = test.factor
			p := Make(in)
			c := concern(p, TargetWithoutRoom)
			if (c == nil) != test.fits || c != nil && !strings.Contains(c.Message, test.words) {
				t.Errorf("it says %+v", p.Concerns)
			}
		})
	}
	w := newWorld() // other storage is not counted twice
	w.target.datastores["vsan"].Type = "NFS"
	w.space["vsan"] = vcenter.Space{CapacityBytes: 1000 * gb, FreeBytes: 141 * gb}
	if p := Make(w.input()); concern(p, TargetWithoutRoom) != nil {
		t.Errorf("it says %+v", p.Concerns)
	}
}
