// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"cmp"
	"slices"
	"time"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/move/method"
)

// DefaultRate is how fast one relocation runs until something was measured, in bytes a second: about what a single stream between two
// sites gets of 10 Gbit/s shared by eight.
const DefaultRate = 150 << 20

// Preparation is what a relocation takes beside the copying: checks, creating the machine, switching over.
const Preparation = 30 * time.Second

// Expect says how long the relocation of so many bytes takes at a rate; 0: DefaultRate.
func Expect(bytes, rate int64) time.Duration {
	if rate <= 0 {
		rate = DefaultRate
	}
	seconds := float64(max(bytes, 0)) / float64(rate)
	const most = float64(365 * 24 * time.Hour / time.Second)
	return Preparation + time.Duration(min(seconds, most)*float64(time.Second))
}

// order puts the longest first: short ones fill the gaps that long ones leave, and no long one is left for the end.
func order(machines []Machine) {
	slices.SortFunc(machines, func(a, b Machine) int {
		return cmp.Or(cmp.Compare(b.Expected, a.Expected), cmp.Compare(a.Identity.Name, b.Identity.Name),
			cmp.Compare(a.Identity.InstanceUUID, b.Identity.InstanceUUID))
	})
}

// estimate says how long the machines that are ready take together: the busiest of all hosts and datastores decides, or the longest
// machine. sources are the hosts at the source by managed object id; hosts is how many the target has.
func estimate(machines []Machine, sources map[string]string, hosts int) time.Duration {
	busy := map[string]float64{}
	var longest time.Duration
	for i := range machines {
		m := &machines[i]
		if m.State != StateReady {
			continue
		}
		longest = max(longest, m.Expected)
		seconds := m.Expected.Seconds()
		cost := method.CostOf(m.Spec.Method)
		host := float64(cost.Host) / float64(method.Limits.Host)
		busy["target hosts"] += seconds * host / float64(max(hosts, 1))
		busy["source host "+sources[m.Ref]] += seconds * host
		for _, ds := range datastoresOf(m.Spec) {
			busy[ds] += seconds * float64(cost.Datastore) / float64(method.Limits.Datastore)
		}
	}
	total := longest
	for _, seconds := range busy {
		total = max(total, time.Duration(seconds*float64(time.Second)))
	}
	return total
}

// datastoresOf a machine on both sides, each once.
func datastoresOf(spec *v1alpha1.VirtualMachineMoveSpec) []string {
	out := []string{"target " + spec.Target.Datastore.Ref}
	for _, d := range spec.Target.Disks {
		out = append(out, "target "+d.Datastore.Ref)
		if from := cmp.Or(d.SourceDatastoreRef, d.SourceDatastore); from != "" {
			out = append(out, "source "+from)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}
