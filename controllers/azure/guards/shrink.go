// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package guards

import (
	"fmt"
	"slices"
	"strings"
)

// Shrink is a cluster that is to lose hosts.
type Shrink struct {
	Cluster string
	// From is how many hosts there are, and To how many stay.
	From, To int
	// Hosts by name as Azure shows them; while they change these may be more or fewer than From.
	Hosts []string
	// First are the hosts that shall leave first, by that name or its first label; the service chooses the others.
	First []string
}

// Named refuses hosts to leave that are not there, and more of them than leave.
func (s Shrink) Named() *Refusal {
	for _, name := range s.First {
		if !has(s.Hosts, name) {
			return refuse(Combination, "the host %s is to leave first and is not in %s, which has %s: correct scaleIn.hosts",
				name, s.Cluster, strings.Join(s.Hosts, ", "))
		}
	}
	return nil
}

// certain are the hosts that surely leave, and any how many more that the service chooses.
func (s Shrink) certain() (leaving []string, chosen int) {
	count := max(0, s.From-s.To)
	for _, name := range s.First {
		if len(leaving) < count && has(s.Hosts, name) && !has(leaving, name) {
			leaving = append(leaving, name)
		}
	}
	return leaving, count - len(leaving)
}

// Policy is a placement policy of the cluster.
type Policy struct {
	Name string
	// Enabled policies bind.
	Enabled bool
	// Apart says that the machines must each be on a host of its own.
	Apart    bool
	Machines int
	// Hosts that machines are bound to; empty for a policy between machines. Their names may be ids.
	Hosts []string
}

// Placed refuses to take hosts that placement policies need: machines that are kept apart need a host each and one more, so that a host can
// be maintained, and a policy with hosts needs one of them.
func (s Shrink) Placed(policies []Policy) *Refusal {
	for _, p := range policies {
		if !p.Enabled {
			continue
		}
		if p.Apart && len(p.Hosts) == 0 && p.Machines+1 > s.To {
			return refuse(Placement, "%s cannot shrink to %s: placement policy %s keeps %d machines apart, which takes a host each and one more, %d in all: "+
				"take machines out of the policy, disable it, or set clusterSize to %d",
				s.Cluster, hosts(s.To), p.Name, p.Machines, p.Machines+1, p.Machines+1)
		}
		if refusal := s.keepsHost(p); refusal != nil {
			return refusal
		}
	}
	return nil
}

// keepsHost refuses when all hosts of a policy could leave.
func (s Shrink) keepsHost(p Policy) *Refusal {
	if len(p.Hosts) == 0 || p.Apart {
		return nil
	}
	leaving, chosen := s.certain()
	staying, there := 0, 0
	for _, host := range p.Hosts {
		name := host[strings.LastIndexByte(host, '/')+1:]
		if has(s.Hosts, name) {
			there++
			if !has(leaving, name) {
				staying++
			}
		}
	}
	if there == 0 || staying > chosen {
		return nil
	}
	return refuse(Placement,
		"%s cannot shrink to %s: placement policy %s binds machines to %s, and all of them could leave: add hosts to the policy, or disable it",
		s.Cluster, hosts(s.To), p.Name, counted(there, "host"))
}

// Datastore is the vSAN datastore of the cluster, in bytes. Capacity 0: nobody knows.
type Datastore struct {
	Name           string
	Capacity, Used float64
}

// usableShare of vSAN: a quarter stays free, which is also a condition of Microsoft's service level.
const usableShare = 0.75

// Stored refuses to take hosts whose disks the data needs. Not knowing is no permission.
func (s Shrink) Stored(d Datastore) *Refusal {
	if s.From <= 0 || s.To >= s.From {
		return nil
	}
	if !(d.Capacity > 0) || !(d.Used >= 0) {
		return refuse(Unknown, "whether the data of %s fits on %s cannot be found out: "+
			"Azure Monitor has no capacity and usage of its datastore %q for the last two hours; it is asked again by itself", s.Cluster, hosts(s.To), d.Name)
	}
	usable := d.Capacity * float64(s.To) / float64(s.From) * usableShare
	if d.Used <= usable {
		return nil
	}
	return refuse(Storage, "%s cannot shrink to %s: its datastore %s holds %s, and %s could be used then (75%% of what the disks have, "+
		"the rest is vSAN's slack): free %s, or set clusterSize to %d",
		s.Cluster, hosts(s.To), d.Name, terabytes(d.Used), terabytes(usable), terabytes(d.Used-usable), s.fewest(d))
}

// fewest hosts that the data fits on.
func (s Shrink) fewest(d Datastore) int {
	for n := max(1, s.To); n < s.From; n++ {
		if d.Used <= d.Capacity*float64(n)/float64(s.From)*usableShare {
			return n
		}
	}
	return s.From
}

func terabytes(bytes float64) string { return fmt.Sprintf("%.2f TB", bytes/1e12) }

// Below this size a cluster cannot hold data that survives two failures as RAID-6, which the service level asks for from this size on.
const twoFailures = 6

// Tolerates refuses to go below the size from which on data survives two failures, unless somebody said that its storage policies allow the
// new size. confirmed is the smallest size that was confirmed, 0 for none; how is where to confirm it.
func (s Shrink) Tolerates(confirmed int, how string) *Refusal {
	if s.From < twoFailures || s.To >= twoFailures || confirmed > 0 && confirmed <= s.To {
		return nil
	}
	return refuse(Tolerance, "%s would shrink from %d hosts to %d, below the %d that data with a failures-to-tolerate of 2 needs as RAID-6, "+
		"and Azure does not tell which machines have such a storage policy: "+
		"give them one with a failures-to-tolerate of 1, such as RAID-1 FTT-1, and then say so with %s", s.Cluster, s.From, s.To, twoFailures, how)
}

// has says that a host is among some. Names are compared without case, and by their first label where one has no more than that.
func has(names []string, name string) bool {
	return slices.ContainsFunc(names, func(one string) bool {
		short, domain, _ := strings.Cut(one, ".")
		label, rest, _ := strings.Cut(name, ".")
		return strings.EqualFold(short, label) && (domain == "" || rest == "" || strings.EqualFold(domain, rest))
	})
}
