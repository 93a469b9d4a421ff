// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package method

import "github.com/avs-operator/avs-operator/api/v1alpha1"

// Cost is what an operation takes of a host, of that host's fastest network card and of a datastore, in the units of vCenter's own cost model
// (VMware KB 326281): what has no room is queued there, invisibly. The host, the card and the datastore of both sides are charged.
type Cost struct{ Host, NIC, Datastore int }

// Limits of one host, one card of 10 Gbit/s and faster, and one datastore.
var Limits = Cost{Host: 16, NIC: 8, Datastore: 128}

// SlowNICLimit of a card of 1 Gbit/s.
const SlowNICLimit = 4

// Highest of each that any method costs.
var Highest = func() Cost {
	var out Cost
	for _, m := range All {
		out = Cost{Host: max(out.Host, m.Cost.Host), NIC: max(out.NIC, m.Cost.NIC), Datastore: max(out.Datastore, m.Cost.Datastore)}
	}
	return out
}()

// CostOf a relocation by a method. One that is not known, of a machine that another version of the operator has on its way, counts as the dearest:
// too little would let vCenter queue what starts beside it.
func CostOf(name v1alpha1.MoveMethod) Cost {
	if m, known := Named(name); known {
		return m.Cost
	}
	return Highest
}

// CostOfTask is what a task costs that somebody else runs, where its machine is now; false for a task that copies nothing and keeps no host busy.
// task is the second part of a task's name, such as relocate of VirtualMachine.relocate.
func CostOfTask(task string, running bool) (Cost, bool) {
	switch task {
	case "relocate":
		if running {
			return Cost{Host: 8, Datastore: 16}, true
		}
		return Cost{Host: 2, Datastore: 16}, true
	case "clone", "instantClone", "createSnapshot", "removeSnapshot", "consolidateDisks":
		return Cost{Host: 2, Datastore: 16}, true
	case "migrate": // within a vCenter, as DRS and administrators start it: the disks stay where they are
		return Cost{Host: 2, NIC: 1, Datastore: 1}, true
	}
	return Cost{}, false
}
