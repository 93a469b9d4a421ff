// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package schedule decides which machines may start to move now, by vCenter's own cost model, so that vCenter never has to queue what was
// asked of it: its queue is invisible, cannot be ordered, and makes a cancel wait. Everything is a pure function of values.
package schedule

import (
	"time"

	"github.com/avs-operator/avs-operator/controllers/move/method"
)

// Kind of a resource that relocations share.
type Kind string

// The kinds of resources.
const (
	Host      Kind = "Host"      // an ESXi host
	NIC       Kind = "NIC"       // the fastest network card of a host; Ref is the host's
	Datastore Kind = "Datastore" // a datastore
)

// Patience is how long a machine waits behind others that fit where it does not. After that, what it needs is kept free for it.
const Patience = time.Hour

// Resource of one vCenter.
type Resource struct {
	Kind Kind
	// VCenter by instance UUID, and Ref by managed object id.
	VCenter, Ref string
}

// Job is a machine that could start now.
type Job struct {
	ID string
	// Cost at vCenter, on each side.
	Cost method.Cost
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
	// HeadroomPercent of each limit is left to others, from 0 to 100. One relocation is always possible.
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
		out[r] += j.Cost.Host
		if j.Cost.NIC > 0 {
			out[nicOf(r)] += j.Cost.NIC
		}
	}
	for _, r := range j.Datastores {
		out[r] += j.Cost.Datastore
	}
	return out
}

// nicOf a host is its card.
func nicOf(host Resource) Resource { return Resource{NIC, host.VCenter, host.Ref} }

// limit of a resource, less the headroom, but never below what one relocation needs, by whatever method.
func (s *State) limit(r Resource) int {
	limit, ok := s.Limits[r]
	if !ok {
		limit = of(method.Limits, r.Kind)
	}
	headroom := min(max(s.HeadroomPercent, 0), 100)
	return max(limit*(100-headroom)/100, of(method.Highest, r.Kind))
}

// of a cost is what concerns resources of a kind.
func of(c method.Cost, k Kind) int {
	switch k {
	case Host:
		return c.Host
	case NIC:
		return c.NIC
	default:
		return c.Datastore
	}
}
