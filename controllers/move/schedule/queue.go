// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package schedule

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/avs-operator/avs-operator/controllers/move/method"
)

// Queue holds jobs in classes of equal need, each in the order in which its jobs start. If the first of a class does not fit, none of
// it does: so a decision looks at each class and not at each job, and 10,000 machines wait at the price of their hosts and datastores.
// A Queue is not safe for concurrent use; Schedule only reads it.
type Queue struct {
	classes map[string]*class
	line    []*class          // the same, in no order that matters
	of      map[string]*class // by job
	// Resources have numbers here, so that a decision adds up in arrays instead of maps.
	numbers   map[Resource]int
	resources []Resource
	// ahead is the work that waits for each resource: cost times seconds.
	ahead []float64
}

// class is jobs of equal need. Resources are by number; -1 is none.
type class struct {
	key        string
	cost       method.Cost
	source     place
	datastores []int
	hosts      []place
	jobs       []Job
}

// place is a host and its card.
type place struct{ host, nic int }

// NewQueue returns an empty queue.
func NewQueue() *Queue {
	return &Queue{classes: map[string]*class{}, of: map[string]*class{}, numbers: map[Resource]int{}}
}

// Put adds a job, in place of the one with the same ID.
func (q *Queue) Put(j Job) {
	q.Remove(j.ID)
	j.since = j.Since.UnixNano()
	j.rank = j.since - int64(j.Expected)
	key := need(&j)
	c := q.classes[key]
	if c == nil {
		c = q.newClass(key, &j)
		q.classes[key] = c
		q.line = append(q.line, c)
	}
	i, _ := slices.BinarySearchFunc(c.jobs, j, func(a, b Job) int { return before(&a, &b) })
	c.jobs = slices.Insert(c.jobs, i, j)
	q.of[j.ID] = c
	q.expect(c, j.Expected)
}

func (q *Queue) newClass(key string, j *Job) *class {
	c := &class{key: key, cost: j.Cost, source: place{-1, -1}}
	if j.SourceHost != (Resource{}) {
		c.source = q.place(j.SourceHost)
	}
	for _, r := range j.Datastores {
		c.datastores = append(c.datastores, q.number(r))
	}
	for _, r := range j.Hosts {
		c.hosts = append(c.hosts, q.place(r))
	}
	return c
}

func (q *Queue) place(host Resource) place {
	return place{q.number(host), q.number(nicOf(host))}
}

func (q *Queue) number(r Resource) int {
	n, ok := q.numbers[r]
	if !ok {
		n = len(q.resources)
		q.numbers[r] = n
		q.resources, q.ahead = append(q.resources, r), append(q.ahead, 0)
	}
	return n
}

// expect adds the work of a job to what waits for the resources that it cannot choose.
func (q *Queue) expect(c *class, length time.Duration) {
	if c.source.host >= 0 {
		q.ahead[c.source.host] += length.Seconds() * float64(c.cost.Host)
	}
	for _, ds := range c.datastores {
		q.ahead[ds] += length.Seconds() * float64(c.cost.Datastore)
	}
}

// Remove takes a job out, if it is there.
func (q *Queue) Remove(id string) {
	c := q.of[id]
	if c == nil {
		return
	}
	delete(q.of, id)
	i := slices.IndexFunc(c.jobs, func(j Job) bool { return j.ID == id })
	q.expect(c, -c.jobs[i].Expected)
	c.jobs = slices.Delete(c.jobs, i, i+1)
	if len(c.jobs) == 0 {
		delete(q.classes, c.key)
		q.line = slices.DeleteFunc(q.line, func(x *class) bool { return x == c })
	}
	if len(q.of) == 0 { // the numbers of resources that nobody needs any more would pile up over years
		*q = *NewQueue()
	}
}

// Get returns a job.
func (q *Queue) Get(id string) (Job, bool) {
	if c := q.of[id]; c != nil {
		for _, j := range c.jobs {
			if j.ID == id {
				return j, true
			}
		}
	}
	return Job{}, false
}

// Len is the number of jobs.
func (q *Queue) Len() int { return len(q.of) }

// need is the same for jobs that need the same.
func need(j *Job) string {
	var b strings.Builder
	for _, cost := range []int{j.Cost.Host, j.Cost.NIC, j.Cost.Datastore} {
		b.WriteString(strconv.Itoa(cost))
		b.WriteByte(',')
	}
	write := func(rs ...Resource) {
		b.WriteByte('|')
		for _, r := range rs {
			for _, part := range []string{string(r.Kind), r.VCenter, r.Ref} {
				b.WriteString(strconv.Itoa(len(part)))
				b.WriteByte(':')
				b.WriteString(part)
			}
		}
	}
	write(j.SourceHost)
	write(sorted(j.Datastores)...)
	write(sorted(j.Hosts)...)
	return b.String()
}

func sorted(rs []Resource) []Resource {
	if slices.IsSortedFunc(rs, compare) {
		return rs
	}
	rs = slices.Clone(rs)
	slices.SortFunc(rs, compare)
	return rs
}

func compare(a, b Resource) int {
	return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.VCenter, b.VCenter), cmp.Compare(a.Ref, b.Ref))
}

// before orders jobs of one class: the longest first, and a second of waiting counts as much as a second of length, so that a short one is
// not passed by for ever. All grow old at one pace, so the order of two jobs never changes while they wait.
func before(a, b *Job) int {
	return cmp.Or(cmp.Compare(a.rank, b.rank), cmp.Compare(a.ID, b.ID))
}
