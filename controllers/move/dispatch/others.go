// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package dispatch

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/avs-operator/avs-operator/controllers/connect/vcenters"
	"github.com/avs-operator/avs-operator/controllers/move/method"
	"github.com/avs-operator/avs-operator/controllers/move/schedule"
	"github.com/avs-operator/avs-operator/controllers/outcome"
	"github.com/avs-operator/avs-operator/controllers/vcenter"
)

const (
	// othersInterval is how often vCenter is asked what others run, at most, in its own time. Their tasks last minutes.
	othersInterval = 10 * time.Second
	// othersFloor keeps that from becoming a storm when time is scaled.
	othersFloor = 500 * time.Millisecond
)

// machineKey is a machine of a vCenter, by instance UUIDs.
type machineKey struct{ vcenter, machine string }

// others knows what others run at each vCenter, and how much memory hosts have left.
type others struct {
	pace outcome.Pace
	mu   sync.Mutex
	at   map[string]*snapshot // by vCenter instance UUID
}

// snapshot is one vCenter as it was last looked at.
type snapshot struct {
	looking sync.Mutex // one look at a time; the rest waits for it and takes its result

	// Guarded by others.mu.
	side  *vcenters.Connected
	seen  time.Time
	tasks []vcenter.Task
	load  map[string]vcenter.HostLoad
}

func newOthers(pace outcome.Pace) *others {
	return &others{pace: pace, at: map[string]*snapshot{}}
}

// look asks a vCenter what runs there, unless that was asked just now; of a target also what its hosts have left.
func (o *others) look(ctx context.Context, side *vcenters.Connected, target bool) error {
	uuid := side.Client.About().InstanceUUID
	o.mu.Lock()
	s := o.at[uuid]
	if s == nil {
		s = &snapshot{}
		o.at[uuid] = s
	}
	s.side = side
	o.mu.Unlock()

	s.looking.Lock()
	defer s.looking.Unlock()
	o.mu.Lock()
	fresh := !s.seen.IsZero() && time.Since(s.seen) < o.pace.RealAtLeast(othersInterval, othersFloor) && (s.load != nil || !target)
	o.mu.Unlock()
	if fresh {
		return nil
	}
	tasks, err := side.Client.RunningTasks(ctx)
	if err != nil {
		return fmt.Errorf("reading what runs at %s: %w", side.Object.Name, err)
	}
	var load map[string]vcenter.HostLoad
	if target {
		if load, err = loadOf(ctx, side); err != nil {
			return err
		}
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	s.seen, s.tasks = time.Now(), tasks
	if target {
		s.load = load
	}
	return nil
}

// loadOf all hosts of a vCenter: what they use, and nothing of the machines on them, which are many.
func loadOf(ctx context.Context, side *vcenters.Connected) (map[string]vcenter.HostLoad, error) {
	var hosts []string
	for ref := range side.Watcher.Inventory().Hosts.All() {
		hosts = append(hosts, ref)
	}
	load, err := side.Client.HostUsage(ctx, hosts)
	if err != nil {
		return nil, fmt.Errorf("reading the load of hosts at %s: %w", side.Object.Name, err)
	}
	return load, nil
}

// add charges what others run to used, and returns limits that differ from the usual and the memory that hosts have left. Tasks of our own
// machines, which the statuses speak for, are left out on both sides.
func (o *others) add(used map[schedule.Resource]int, ours map[machineKey]bool) (map[schedule.Resource]int, map[schedule.Resource]int64) {
	o.mu.Lock()
	defer o.mu.Unlock()
	limits, memory := map[schedule.Resource]int{}, map[schedule.Resource]int64{}
	for uuid, s := range o.at {
		inventory := s.side.Watcher.Inventory()
		if inventory == nil {
			continue
		}
		for ref, host := range inventory.Hosts.All() {
			if host.NICGbps > 0 && host.NICGbps < 10 {
				limits[schedule.Resource{Kind: schedule.NIC, VCenter: uuid, Ref: ref}] = method.SlowNICLimit
			}
			if load, ok := s.load[ref]; ok {
				memory[schedule.Resource{Kind: schedule.Host, VCenter: uuid, Ref: ref}] = cmp.Or(load.MemoryBytes, host.MemoryBytes) - load.MemoryUsageBytes
			}
		}
		for i := range s.tasks {
			task := &s.tasks[i]
			m := inventory.Machines.Get(task.Entity)
			if m != nil && !ours[machineKey{uuid, m.InstanceUUID}] {
				chargeTask(used, uuid, task, m)
			}
		}
	}
	return limits, memory
}

// chargeTask adds what a task of somebody else costs where its machine is now. Where it goes to is not known.
func chargeTask(used map[schedule.Resource]int, uuid string, task *vcenter.Task, m *vcenter.Machine) {
	_, what, _ := strings.Cut(task.Kind, ".")
	cost, busy := method.CostOfTask(what, m.PowerState == vcenter.PoweredOn)
	if !busy {
		return
	}
	used[schedule.Resource{Kind: schedule.Host, VCenter: uuid, Ref: m.Host}] += cost.Host
	used[schedule.Resource{Kind: schedule.NIC, VCenter: uuid, Ref: m.Host}] += cost.NIC
	for _, ref := range m.Datastores {
		used[schedule.Resource{Kind: schedule.Datastore, VCenter: uuid, Ref: ref}] += cost.Datastore
	}
}

// inventory of a vCenter by its instance UUID; nil if it was never looked at.
func (o *others) inventory(uuid string) *vcenter.Inventory {
	o.mu.Lock()
	defer o.mu.Unlock()
	if s := o.at[uuid]; s != nil {
		return s.side.Watcher.Inventory()
	}
	return nil
}

// name of a resource, as users know it.
func (o *others) name(r schedule.Resource) string {
	inventory := o.inventory(r.VCenter)
	if inventory == nil {
		return r.Ref
	}
	if r.Kind == schedule.Datastore {
		if ds := inventory.Datastores.Get(r.Ref); ds != nil {
			return ds.Name
		}
	} else if host := inventory.Hosts.Get(r.Ref); host != nil {
		return host.Name
	}
	return r.Ref
}
