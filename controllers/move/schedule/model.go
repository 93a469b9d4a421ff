// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package schedule decides which machines may start to move now, by vCenter's own cost model, so that vCenter never has to queue what was
// asked of it: its queue is invisible, cannot be ordered, and makes a cancel wait. Everything is a pure function of values.
package schedule

import "time"

// Kind of a resource that relocations share.
type Kind string

// The kinds of resources.
const (
	Host      Kind = "Host"      // an ESXi host
	NIC       Kind = "NIC"       // the fastest network card of a host; Ref is the host's
	Datastore Kind = "Datastore" // a datastore
)

// vCenter's limits and what one relocation between vCenters costs, storage included (VMware KB 326281). Both sides are charged.
const (
	HostLimit      = 16
	LiveHostCost   = 8 // two at once on a host
	ColdHostCost   = 2
	NICLimit       = 8 // 10 Gbit/s and faster
	SlowNICLimit   = 4 // 1 Gbit/s
	LiveNICCost    = 1
	DatastoreLimit = 128
	DatastoreCost  = 16 // eight at once on a datastore
	// A migration within one vCenter, as DRS and administrators start them, leaves the disks where they are.
	MigrateHostCost      = 2
	MigrateDatastoreCost = 1

	secondsOfPatience = 3600
)

// Patience is how long a machine waits behind others that fit where it does not. After that, what it needs is kept free for it.
const Patience = secondsOfPatience * time.Second

// Resource of one vCenter.
type Resource struct {
	Kind Kind
	// VCenter by instance UUID, and Ref by managed object id.
	VCenter, Ref string
}

// Job is a machine that could start now.
type Job struct {
	ID   string
	Live bool
	// Expected length of the relocation.
	Expected time.Duration
	// Since when it waits, by the clock of State.Now.
	Since time.Time
	// SourceHost that the machine is on; the zero value charges none.
	SourceHost Resource
	// Datastores of both sides that disks are read from or written to, each once.
	Datastores []Resource
	// Hosts of the target that may take the machine.
	Hosts []Resource
	// Memory in bytes that the machine takes on its host at once; 0 for one that is off.
	Memory int64

	// since in nanoseconds, and the moment by which jobs of one class are ordered: set by the queue.
	since, rank int64
}

// Grant lets a job start on a host.
type Grant struct {
	ID   string
	Host Resource
}

// State is everything that a decision rests on.
type State struct {
	// Queue of jobs that could start.
	Queue *Queue
	// Limits of resources that differ from their kind's.
	Limits map[Resource]int
	// Used of resources, by relocations that run and by what others run.
	Used map[Resource]int
	// FreeMemory of hosts in bytes, by their Host resource.
	FreeMemory map[Resource]int64
	// HeadroomPercent of each limit is left to others, from 0 to 100. One live relocation is always possible.
	HeadroomPercent int
	// Now, by any clock that Job.Since goes by as well.
	Now time.Time
}

// Charges of a job that runs on a target host: resource by resource.
func Charges(j *Job, host Resource) map[Resource]int {
	out := make(map[Resource]int, len(j.Datastores)+4)
	for _, r := range []Resource{j.SourceHost, host} {
		if r == (Resource{}) {
			continue
		}
		out[r] += hostCost(j.Live)
		if j.Live {
			out[nicOf(r)] += LiveNICCost
		}
	}
	for _, r := range j.Datastores {
		out[r] += DatastoreCost
	}
	return out
}

// nicOf a host is its card.
func nicOf(host Resource) Resource { return Resource{NIC, host.VCenter, host.Ref} }

func hostCost(live bool) int {
	if live {
		return LiveHostCost
	}
	return ColdHostCost
}

// limit of a resource, less the headroom, but never below what one live relocation needs.
func (s *State) limit(r Resource) int {
	limit, ok := s.Limits[r]
	least := 1
	switch r.Kind {
	case Host:
		least = LiveHostCost
	case NIC:
		least = LiveNICCost
	case Datastore:
		least = DatastoreCost
	}
	if !ok {
		limit = defaultLimit(r.Kind)
	}
	headroom := min(max(s.HeadroomPercent, 0), 100)
	return max(limit*(100-headroom)/100, least)
}

func defaultLimit(k Kind) int {
	switch k {
	case Host:
		return HostLimit
	case NIC:
		return NICLimit
	}
	return DatastoreLimit
}
