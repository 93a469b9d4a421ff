// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package vcentersim

import (
	"context"
	"slices"
	"sync"
)

// What vCenter lets run at once (Broadcom KB 326281): a host has 16 points, a datastore 128, a 10 GbE card 8.
const (
	hostLimit      = 16
	datastoreLimit = 128
	cardLimit      = 8
)

// cost of one operation on each resource that it uses.
type cost struct{ host, datastore, card int }

var (
	costVMotion  = cost{host: 2, datastore: 1, card: 1}  // live, storage stays
	costXvMotion = cost{host: 8, datastore: 16, card: 1} // live, with storage, also across vCenters
	costSvMotion = cost{host: 8, datastore: 16}          // live, only storage
	costCold     = cost{host: 2, datastore: 16}          // powered off
)

func costOf(live, hostChanges, storageChanges bool) cost {
	switch {
	case !live:
		return costCold
	case hostChanges && storageChanges:
		return costXvMotion
	case storageChanges:
		return costSvMotion
	}
	return costVMotion
}

// charge is points on one resource.
type charge struct {
	resource      string
	points, limit int
}

func (c cost) charges(hosts, datastores []reference) []charge {
	var all []charge
	add := func(kind string, ref reference, points, limit int) {
		at := charge{kind + "/" + ref.Value, points, limit}
		if points > 0 && !slices.Contains(all, at) {
			all = append(all, at)
		}
	}
	for _, h := range hosts {
		add("host", h, c.host, hostLimit)
		add("card", h, c.card, cardLimit)
	}
	for _, d := range datastores {
		add("datastore", d, c.datastore, datastoreLimit)
	}
	return all
}

// budget hands out points first come first served, except that who fits goes past who does not.
type budget struct {
	mu    sync.Mutex
	used  map[string]int
	queue []*waiter
}

type waiter struct {
	charges []charge
	granted chan struct{}
}

func newBudget() *budget { return &budget{used: map[string]int{}} }

// acquire waits until all charges fit, or ctx ends. release must follow a nil error.
func (b *budget) acquire(ctx context.Context, charges []charge) error {
	w := &waiter{charges: charges, granted: make(chan struct{})}
	b.mu.Lock()
	b.queue = append(b.queue, w)
	b.grant()
	b.mu.Unlock()
	select {
	case <-w.granted:
		return nil
	case <-ctx.Done():
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if i := slices.Index(b.queue, w); i >= 0 {
		b.queue = slices.Delete(b.queue, i, i+1)
		return ctx.Err()
	}
	b.giveBack(charges) // granted in the same moment
	return ctx.Err()
}

func (b *budget) release(charges []charge) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.giveBack(charges)
}

func (b *budget) giveBack(charges []charge) {
	for _, c := range charges {
		if b.used[c.resource] -= c.points; b.used[c.resource] <= 0 {
			delete(b.used, c.resource)
		}
	}
	b.grant()
}

func (b *budget) grant() {
	var waiting []*waiter
	for _, w := range b.queue {
		if !b.fits(w.charges) {
			waiting = append(waiting, w)
			continue
		}
		for _, c := range w.charges {
			b.used[c.resource] += c.points
		}
		close(w.granted)
	}
	b.queue = waiting
}

func (b *budget) fits(charges []charge) bool {
	for _, c := range charges {
		if b.used[c.resource]+c.points > c.limit {
			return false
		}
	}
	return true
}

// link is the line that moves share: each of n moves gets an n-th of it.
type link struct {
	mu        sync.Mutex
	bandwidth float64 // bytes a simulated second
	moves     int
}

func newLink(bandwidth float64) *link { return &link{bandwidth: bandwidth} }

func (l *link) join()  { l.add(1) }
func (l *link) leave() { l.add(-1) }

func (l *link) add(n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.moves += n
}

// share of the line for one move, in bytes a simulated second.
func (l *link) share() float64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.bandwidth / float64(max(l.moves, 1))
}
