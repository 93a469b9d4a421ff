// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package schedule

import (
	"fmt"
	"slices"
)

// Why says what a job waits for that may not start: a resource at its limit, by the name that names gives it. Empty if it could start,
// and waits only for others that come first.
func Why(s State, j *Job, name func(Resource) string) string {
	s.Queue = NewQueue()
	s.Queue.Put(*j)
	r := newRound(&s)
	c := s.Queue.of[j.ID]
	for _, ds := range c.datastores {
		if r.used[ds]+c.cost.Datastore > r.limits[ds] {
			return fmt.Sprintf("datastore %s is at vCenter's limit of %d moves at once", name(s.Queue.resources[ds]), r.limits[ds]/c.cost.Datastore)
		}
	}
	if c.source.host >= 0 && !r.hostFits(c, c.source) {
		return fmt.Sprintf("source host %s is at vCenter's limit of moves at once", name(j.SourceHost))
	}
	if len(c.hosts) == 0 {
		return "no host of the target cluster can take the machine now"
	}
	if !slices.ContainsFunc(c.hosts, func(p place) bool { return r.hostFits(c, p) }) {
		return fmt.Sprintf("all %d hosts of the target are at vCenter's limit of moves at once", len(c.hosts))
	}
	return ""
}
