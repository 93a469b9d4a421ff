// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package schedule

import (
	"container/heap"

	"github.com/avs-operator/avs-operator/controllers/move/method"
)

// Schedule decides which jobs may start now, and on which hosts. No limit is ever passed, and no job that fits is held back, but for one
// reason: one that has waited longer than Patience while others passed it has what it needs kept free.
func Schedule(s State) []Grant {
	if s.Queue.Len() == 0 {
		return nil
	}
	r := newRound(&s)
	var waiting heads
	for _, c := range s.Queue.line {
		if r.fits(c) || r.impatient(&c.jobs[0]) {
			waiting = append(waiting, head{class: c, rank: r.rank(c, 0)})
		}
	}
	heap.Init(&waiting)
	var grants []Grant
	for len(waiting) > 0 {
		h := &waiting[0]
		job := h.job()
		at, ok := r.best(h.class, job.Memory)
		switch {
		case ok && r.fits(h.class):
			r.charge(h.class, at, job.Memory)
			grants = append(grants, Grant{ID: job.ID, Host: s.Queue.resources[at.host]})
			if h.next++; h.next < len(h.class.jobs) {
				h.rank = r.rank(h.class, h.next)
				heap.Fix(&waiting, 0)
				continue
			}
		case r.impatient(job):
			r.charge(h.class, at, job.Memory) // nobody behind it takes what it waits for
		}
		heap.Pop(&waiting)
	}
	return grants
}

// round is one decision under way. Resources are by their number in the queue.
type round struct {
	*State
	used, limits []int
	memory       []int64 // free
	known        []bool  // whether the free memory is known
	patienceEnds int64   // who waits since before then is impatient
}

func newRound(s *State) *round {
	n := len(s.Queue.resources)
	r := &round{State: s, used: make([]int, n), limits: make([]int, n), memory: make([]int64, n), known: make([]bool, n)}
	r.patienceEnds = s.Now.Add(-Patience).UnixNano()
	for i, resource := range s.Queue.resources {
		r.limits[i] = s.limit(resource)
	}
	for resource, used := range s.Used {
		if i, ok := s.Queue.numbers[resource]; ok {
			r.used[i] = used
		}
	}
	for resource, free := range s.FreeMemory {
		if i, ok := s.Queue.numbers[resource]; ok {
			r.memory[i], r.known[i] = free, true
		}
	}
	return r
}

// fits says whether a job of a class may start now.
func (r *round) fits(c *class) bool {
	for _, ds := range c.datastores {
		if r.used[ds]+c.cost.Datastore > r.limits[ds] {
			return false
		}
	}
	if c.source.host >= 0 && !r.hostFits(c, c.source) {
		return false
	}
	for _, p := range c.hosts {
		if r.hostFits(c, p) {
			return true
		}
	}
	return false
}

func (r *round) hostFits(c *class, p place) bool {
	return r.used[p.host]+c.cost.Host <= r.limits[p.host] && (c.cost.NIC == 0 || r.used[p.nic]+c.cost.NIC <= r.limits[p.nic])
}

func (r *round) impatient(j *Job) bool { return j.since < r.patienceEnds }

// rank of the next job of a class among those of others: the earlier, the sooner. The work that waits for the busiest of what it needs
// counts like its own length: whoever holds up the most has to start first, or the rest of the fleet is done and waits for one host.
func (r *round) rank(c *class, next int) int64 {
	busiest := 0.0
	if c.source.host >= 0 {
		busiest = r.Queue.ahead[c.source.host] / float64(r.limits[c.source.host])
	}
	for _, ds := range c.datastores {
		busiest = max(busiest, r.Queue.ahead[ds]/float64(r.limits[ds]))
	}
	return c.jobs[next].rank - int64(busiest*1e9)
}

// best host for a job: one that fits, with memory enough, whose room for a relocation of the dearest method it does not break up, with the least
// to do, with the most memory free; in this order, and by its id where nothing tells two apart, so that a decision can be repeated. False
// means that there is no host at all.
func (r *round) best(c *class, memory int64) (place, bool) {
	if len(c.hosts) == 0 {
		return place{-1, -1}, false
	}
	best := c.hosts[0]
	of := r.standing(c, best, memory)
	for _, p := range c.hosts[1:] {
		if is := r.standing(c, p, memory); is.better(of) {
			best, of = p, is
		}
	}
	return best, true
}

// candidate of a host among those that could take a job.
type candidate struct {
	fits, enough, breaks bool
	used                 int
	free                 int64
	resource             *Resource
}

func (r *round) standing(c *class, p place, memory int64) candidate {
	room, dearest := r.limits[p.host]-r.used[p.host], method.Highest.Host
	return candidate{
		fits: r.hostFits(c, p), enough: !r.known[p.host] || r.memory[p.host] >= memory,
		breaks: c.cost.Host < dearest && room/dearest != (room-c.cost.Host)/dearest,
		used:   r.used[p.host], free: r.memory[p.host], resource: &r.Queue.resources[p.host],
	}
}

func (a candidate) better(b candidate) bool {
	switch {
	case a.fits != b.fits:
		return a.fits
	case a.enough != b.enough:
		return a.enough
	case a.breaks != b.breaks:
		return b.breaks
	case a.used != b.used:
		return a.used < b.used
	case a.free != b.free:
		return a.free > b.free
	}
	return compare(*a.resource, *b.resource) < 0
}

func (r *round) charge(c *class, at place, memory int64) {
	for _, p := range []place{c.source, at} {
		if p.host < 0 {
			continue
		}
		r.used[p.host] += c.cost.Host
		r.used[p.nic] += c.cost.NIC
	}
	for _, ds := range c.datastores {
		r.used[ds] += c.cost.Datastore
	}
	if at.host >= 0 {
		r.memory[at.host] -= memory
	}
}

// heads are the first jobs of all classes, the one to start next on top.
type heads []head

type head struct {
	class *class
	next  int
	rank  int64
}

func (h *head) job() *Job { return &h.class.jobs[h.next] }

func (h heads) Len() int { return len(h) }
func (h heads) Less(i, j int) bool {
	if h[i].rank != h[j].rank {
		return h[i].rank < h[j].rank
	}
	return h[i].job().ID < h[j].job().ID
}
func (h heads) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h *heads) Push(x any)   { *h = append(*h, x.(head)) }
func (h *heads) Pop() any {
	last := (*h)[len(*h)-1]
	*h = (*h)[:len(*h)-1]
	return last
}
