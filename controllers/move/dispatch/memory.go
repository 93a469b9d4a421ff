// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package dispatch

import (
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/move/schedule"
)

// asked is a machine that waits.
type asked struct {
	name types.NamespacedName
	job  schedule.Job
	// source is its host at the source, and hosts are the names of those at the target, by managed object id.
	source v1alpha1.InventoryReference
	hosts  map[string]string
	at     time.Time // when it asked last
}

// assumed is a machine that may start, and that the cache does not show as started yet.
type assumed struct {
	asked
	grant Grant
	host  schedule.Resource
	since time.Time
}

// drop forgets a machine. The caller holds the lock.
func (d *Dispatcher) drop(uid types.UID) {
	delete(d.asked, uid)
	delete(d.assumed, uid)
	d.waiting.Remove(string(uid))
}

// lastHost is where a machine was let start last. An attempt that failed there is better made elsewhere.
type lastHost struct {
	ref string
	at  time.Time
}

// expire drops who does not ask any more and grants that nobody took. The caller holds the lock.
func (d *Dispatcher) expire() {
	now := time.Now()
	for uid, given := range d.assumed {
		if now.Sub(given.since) > grantExpiry {
			delete(d.assumed, uid)
		}
	}
	for uid, l := range d.last {
		if now.Sub(l.at) > lastHostExpiry {
			delete(d.last, uid)
		}
	}
	patience := d.o.Pace.RealAtLeast(askExpiry, grantExpiry)
	for uid, a := range d.asked {
		if now.Sub(a.at) > patience {
			d.drop(uid)
		}
	}
}

func (d *Dispatcher) lastHost(uid types.UID) string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.last[uid].ref
}

// clock runs at vCenter's pace.
func (d *Dispatcher) clock() time.Time { return d.start.Add(d.o.Pace.Elapsed(time.Since(d.start))) }

// since is when an object was made, by clock.
func (d *Dispatcher) since(made time.Time) time.Time {
	return d.clock().Add(-d.o.Pace.Elapsed(max(time.Since(made), 0)))
}
