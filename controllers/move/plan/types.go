// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package plan decides what a WorkloadMove would do: which machines, to where, in which order, how long it takes, and what speaks against
// it. Everything is a pure function of values: no clock, no client, no context. So a dry run is the same function without the act.
package plan

import (
	"time"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/vcenter"
)

// Side is one vCenter as a plan sees it.
type Side struct {
	// Inventory is one picture of the vCenter. A plan reads only its tables.
	Inventory *vcenter.Inventory
	// InstanceUUID of the vCenter: half of a machine's identity.
	InstanceUUID string
	// Name that the user knows the vCenter by: its VCenter object.
	Name string
}

// Known is a machine that already has a VirtualMachineMove between these two vCenters, of the move that is planned or of another one.
type Known struct {
	// Spec of that VirtualMachineMove.
	Spec *v1alpha1.VirtualMachineMoveSpec
	// Own says that it belongs to the move that is planned.
	Own bool
	// Started says that its choices are frozen: it has a grant, a call has been made for it, or it has ended.
	Started bool
	// Moved says that the machine was read at the target.
	Moved bool
	// Ended says that nothing is done for it any more, whether it has moved or not.
	Ended bool
}

// Input is everything that a plan is made of.
type Input struct {
	Spec           *v1alpha1.WorkloadMoveSpec
	Source, Target Side
	// Known machines, in any order.
	Known []Known
	// Details of the selected machines, by managed object id at the source. A selected machine without an entry is left out of the plan
	// with the concern DetailsUnknown.
	Details map[string]*vcenter.MachineDetails
	// Space of target datastores, by managed object id. One without an entry is not checked for room.
	Space map[string]vcenter.Space
	// Load of target hosts, by managed object id. A cluster of which no host has an entry is not checked for room.
	Load map[string]vcenter.HostLoad
	// Neighbours are the details of machines at the target that are on networks to which machines move.
	Neighbours []*vcenter.MachineDetails
	// Pools says of resource pools of the target whether the account may place machines in them, by managed object id. One without an entry
	// is left to vCenter.
	Pools map[string]bool
	// Factor is how many bytes of a target datastore one byte of a disk takes, by managed object id; 0: 1, and DefaultVSANFactor on vSAN.
	Factor map[string]float64
	// Selection that was made when the move first ran; nil: it is made now.
	Selection *v1alpha1.MoveSelection
	// Now decides which waivers count; the zero time: all.
	Now time.Time
	// Rate of one relocation in bytes a second; 0: DefaultRate.
	Rate int64
}

// State of a machine in a plan.
type State string

// The states of a machine in a plan.
const (
	StateReady   State = "Ready"   // every choice is made and nothing blocks it
	StateBlocked State = "Blocked" // it cannot move as it is
	StateArrived State = "Arrived" // it is at the target already
	StateStarted State = "Started" // it has started: its choices are frozen
)

// Machine is one selected machine and what would happen with it.
type Machine struct {
	Identity v1alpha1.MachineIdentity
	// Ref is its managed object id at the source; empty if it is not there any more.
	Ref string
	// Path of the machine in the source's inventory: folder and name.
	Path  string
	State State
	// Spec with every choice made; nil for a machine that is blocked, or that another move brought to the target.
	Spec *v1alpha1.VirtualMachineMoveSpec
	// Bytes of all disks.
	Bytes int64
	// Expected length of its relocation.
	Expected time.Duration
	// Concerns of this machine alone.
	Concerns []v1alpha1.MachineConcern
}

// Concern is one thing that speaks against a plan, or that a person should know.
type Concern struct {
	Name     string
	Severity v1alpha1.Severity
	Message  string
	// Whole says that nothing may start before it is mended, because it is a mistake in the WorkloadMove itself or the target as a
	// whole has no room. A blocking concern that is not Whole blocks its own machines only.
	Whole bool
	// Machines that have it, by name, sorted; empty if it is about no machine.
	Machines []string
}

// Plan is what would happen.
type Plan struct {
	// Machines in the order in which they are to start: longest first.
	Machines []Machine
	// Concerns, the most severe first, then by name. One entry a name.
	Concerns []Concern
	// Hash of choices and concerns: the same plan has the same hash.
	Hash string
	// Bytes of all disks of all machines.
	Bytes int64
	// Estimated length of what has not started yet.
	Estimated time.Duration
	// Later are the machines that select matches and that appeared after the selection was made, by path, sorted: they are left alone.
	Later []string
}

// Blocker returns the first concern that stops the whole move, nil if there is none.
func (p *Plan) Blocker() *Concern {
	for i := range p.Concerns {
		if c := &p.Concerns[i]; c.Whole && c.Severity == v1alpha1.SeverityBlocking {
			return c
		}
	}
	return nil
}

// Count returns how many machines are in a state.
func (p *Plan) Count(s State) int {
	n := 0
	for i := range p.Machines {
		if p.Machines[i].State == s {
			n++
		}
	}
	return n
}
