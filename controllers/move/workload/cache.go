// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package workload

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/avs-operator/avs-operator/controllers/connect/vcenters"
	"github.com/avs-operator/avs-operator/controllers/move/plan"
	"github.com/avs-operator/avs-operator/controllers/vcenter"
)

// detailsAtOnce is how many machines are read with their devices in one request: some 10 KB each.
const detailsAtOnce = 100

// cache keeps what plans have fetched, so that a plan that is made again fetches only what changed. The zero value is empty. Nothing here is
// needed for safety: before anything is done to a machine, that machine is read.
type cache struct {
	mu       sync.Mutex
	machines map[machineKey]cachedMachine // by vCenter and managed object id
	rooms    map[types.UID]room           // by WorkloadMove
	sites    map[types.UID]site           // by WorkloadMove
	blocked  map[types.UID]blocked
}

// machineKey is a machine of a vCenter: its instance UUID, and a managed object id.
type machineKey struct{ vcenter, machine string }

// cachedMachine is a machine as it was read; of a neighbour only what a plan looks at in it.
type cachedMachine struct {
	version string
	details *vcenter.MachineDetails
}

// room is what a target had left.
type room struct {
	at    time.Time
	space map[string]vcenter.Space
	load  map[string]vcenter.HostLoad
	of    []string // datastores and hosts that were asked for
}

// blocked is which machines were blocked, by managed object id at the source.
type blocked struct {
	at   time.Time // when they were read last
	refs map[string]bool
}

// details reads machines, unless they are known and have not changed since. again names those that are read in any case.
func (f *cache) details(ctx context.Context, c *vcenters.Connected, machines []*vcenter.Machine,
	again map[string]bool) (map[string]*vcenter.MachineDetails, error) {
	return f.fetch(ctx, c, c.Client.About().InstanceUUID, machines, again, func(d vcenter.MachineDetails) vcenter.MachineDetails { return d })
}

// neighbours reads machines beside which others will stand, and keeps of each what they could take from each other: thousands stand on one
// network.
func (f *cache) neighbours(ctx context.Context, c *vcenters.Connected, machines []*vcenter.Machine) (map[string]*vcenter.MachineDetails, error) {
	return f.fetch(ctx, c, c.Client.About().InstanceUUID+"/neighbours", machines, nil, func(d vcenter.MachineDetails) vcenter.MachineDetails {
		slim := vcenter.MachineDetails{Machine: vcenter.Machine{Ref: d.Ref, Name: d.Name, InstanceUUID: d.InstanceUUID, ChangeVersion: d.ChangeVersion}}
		for _, nic := range d.NICs {
			slim.NICs = append(slim.NICs, vcenter.NIC{MAC: nic.MAC, Network: nic.Network})
		}
		return slim
	})
}

// fetch reads machines that are not kept in a part of their own of the cache, in the shape that is kept.
func (f *cache) fetch(ctx context.Context, c *vcenters.Connected, part string, machines []*vcenter.Machine, again map[string]bool,
	shape func(vcenter.MachineDetails) vcenter.MachineDetails) (map[string]*vcenter.MachineDetails, error) {
	out := make(map[string]*vcenter.MachineDetails, len(machines))
	var missing []string
	f.mu.Lock()
	for _, m := range machines {
		k, ok := f.machines[machineKey{part, m.Ref}]
		if ok && k.version == m.ChangeVersion && m.ChangeVersion != "" && !again[m.Ref] {
			out[m.Ref] = k.details
			continue
		}
		missing = append(missing, m.Ref)
	}
	f.mu.Unlock()
	for refs := range slices.Chunk(missing, detailsAtOnce) {
		read, err := c.Client.Details(ctx, refs)
		if err != nil {
			return nil, fmt.Errorf("reading machines of VCenter %s: %w", c.Object.Name, err)
		}
		shaped := make([]*vcenter.MachineDetails, len(read))
		for i := range read {
			d := shape(read[i]) // a copy: a slice of all would be kept for one
			shaped[i], out[d.Ref] = &d, &d
		}
		f.keep(part, c.Watcher.Inventory(), shaped)
	}
	return out, nil
}

// keep remembers machines, and forgets those that are gone once they are many.
func (f *cache) keep(part string, inventory *vcenter.Inventory, read []*vcenter.MachineDetails) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.machines == nil {
		f.machines = map[machineKey]cachedMachine{}
	}
	for _, d := range read {
		f.machines[machineKey{part, d.Ref}] = cachedMachine{version: d.ChangeVersion, details: d}
	}
	if inventory == nil || len(f.machines) < 2*inventory.Machines.Len()+1000 {
		return
	}
	for key := range f.machines {
		if key.vcenter == part && inventory.Machines.Get(key.machine) == nil {
			delete(f.machines, key)
		}
	}
}

// room reads what the target has left, unless it was read for this WorkloadMove not longer ago than fresh.
func (f *cache) room(ctx context.Context, c *vcenters.Connected, need plan.Needs, workload types.UID,
	fresh time.Duration) (map[string]vcenter.Space, map[string]vcenter.HostLoad, error) {
	of := append(slices.Clone(need.Datastores), need.Hosts...)
	slices.Sort(of)
	f.mu.Lock()
	r, ok := f.rooms[workload]
	f.mu.Unlock()
	if ok && time.Since(r.at) < fresh && slices.Equal(r.of, of) {
		return r.space, r.load, nil
	}
	space, err := c.Client.DatastoreSpace(ctx, need.Datastores)
	if err != nil {
		return nil, nil, fmt.Errorf("reading the space of VCenter %s: %w", c.Object.Name, err)
	}
	load, err := c.Client.HostLoad(ctx, need.Hosts)
	if err != nil {
		return nil, nil, fmt.Errorf("reading the load of VCenter %s: %w", c.Object.Name, err)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.rooms == nil {
		f.rooms = map[types.UID]room{}
	}
	f.rooms[workload] = room{at: time.Now(), space: space, load: load, of: of}
	return space, load, nil
}

// blockedOf a WorkloadMove are the machines that were blocked and have not been read for a while.
func (f *cache) blockedOf(workload types.UID, after time.Duration) map[string]bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	b, ok := f.blocked[workload]
	if !ok || time.Since(b.at) < after {
		return nil
	}
	b.at = time.Now()
	f.blocked[workload] = b
	return b.refs
}

// setBlocked notes which machines a plan found blocked.
func (f *cache) setBlocked(workload types.UID, made *plan.Plan) {
	refs := map[string]bool{}
	for i := range made.Machines {
		if m := &made.Machines[i]; m.State == plan.StateBlocked {
			refs[m.Ref] = true
		}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.blocked == nil {
		f.blocked = map[types.UID]blocked{}
	}
	was, ok := f.blocked[workload]
	if !ok {
		was.at = time.Now()
	}
	f.blocked[workload] = blocked{at: was.at, refs: refs}
}

// drop everything about a WorkloadMove that is gone.
func (f *cache) drop(workload types.UID) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.rooms, workload)
	delete(f.sites, workload)
	delete(f.blocked, workload)
}

// forget what was fetched for a WorkloadMove, because the user asks for another look.
func (f *cache) forget(workload types.UID) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.rooms, workload)
	delete(f.sites, workload)
	if b, ok := f.blocked[workload]; ok {
		b.at = time.Time{}
		f.blocked[workload] = b
	}
}
