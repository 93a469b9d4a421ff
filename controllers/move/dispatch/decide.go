// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package dispatch

import (
	"context"
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
