// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package dispatch

import (
	"cmp"
	"context"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/types"
	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/move/schedule"
)

// next decides for those that wait, if there are any. The caller holds the lock.
func (d *Dispatcher) next() {
	if d.waiting.Len() == 0 {
		return
	}
	// A cache that cannot be read now is read when the next one asks: those that wait do so every minute.
	_, _ = d.decide(context.Background(), "")
}

// decide lets start what may start, and wakes all of them but the one that asks. The caller holds the lock.
func (d *Dispatcher) decide(ctx context.Context, asking types.UID) (schedule.State, error) {
	state, err := d.state(ctx)
	if err != nil {
		return state, err
	}
	now := time.Now()
	for _, g := range schedule.Schedule(state) {
		uid := types.UID(g.ID)
		a := d.asked[uid]
		d.drop(uid)
		d.assumed[uid] = assumed{asked: a, host: g.Host, since: now, grant: Grant{
			OK: true, SourceHost: a.source, Host: v1alpha1.InventoryReference{Ref: g.Host.Ref, Name: a.hosts[g.Host.Ref]},
		}}
		d.last[uid] = lastHost{ref: g.Host.Ref, at: now}
		charge(state.Used, &a.job, g.Host)
		if uid != asking && d.workers != nil {
			d.workers.Add(ctrl.Request{NamespacedName: a.name})
		}
	}
	return state, nil
}

// expire drops who does not ask any more and grants that nobody took. The caller holds the lock.
func (d *Dispatcher) expire() {
	now := time.Now()
	for uid, given := range d.assumed {
		if now.Sub(given.since) > untaken {
			delete(d.assumed, uid)
		}
	}
	for uid, l := range d.last {
		if now.Sub(l.at) > remembered {
			delete(d.last, uid)
		}
	}
	patience := d.o.Pace.RealAtLeast(silent, untaken)
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

func charge(used map[schedule.Resource]int, j *schedule.Job, host schedule.Resource) {
	for r, cost := range schedule.Charges(j, host) {
		used[r] += cost
	}
}

// unique sorts resources and drops repeated ones.
func unique(rs []schedule.Resource) []schedule.Resource {
	slices.SortFunc(rs, func(a, b schedule.Resource) int {
		return cmp.Or(cmp.Compare(a.VCenter, b.VCenter), cmp.Compare(a.Ref, b.Ref))
	})
	return slices.Compact(rs)
}
