// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package maintenance

import (
	"context"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/arm"
	"github.com/avs-operator/avs-operator/controllers/connect"
	"github.com/avs-operator/avs-operator/controllers/outcome"
)

// unseenPause is how soon something that Azure accepted and does not show yet is looked at again.
const unseenPause = 5 * time.Second

// observe takes the maintenances from the snapshot of the collection if that is newer than our last write, else it lists them. From here on
// they are watched.
func (r *MaintenanceReconciler) observe(ctx context.Context, p *pass) *outcome.Outcome {
	var wroteAt time.Time
	r.memory.do(p.key(), func(m *remembered) { wroteAt, m.cloud = m.wroteAt, p.cloudKey() })
	seen, listed := r.Watcher.Listed(p.client.Principal(), p.collection)
	old := func(one *arm.Resource) bool { return !one.AskedAt.After(wroteAt) }
	if !listed || slices.ContainsFunc(seen, old) || len(seen) == 0 && !wroteAt.IsZero() {
		all, err := p.client.List(ctx, p.collection)
		if err != nil {
			return connect.OutcomeOf(err)
		}
		seen = make([]*arm.Resource, 0, len(all))
		for i := range all {
			seen = append(seen, &all[i])
		}
	}
	p.seen = seen
	r.watch(p)
	p.fact(v1alpha1.ConditionCredentialsReady, "Azure accepts the identity")
	return nil
}

// watch has the maintenances listed, once a minute, as long as the policy is there.
func (r *MaintenanceReconciler) watch(p *pass) {
	what := p.client.Principal() + " " + p.collection.Key()
	var have string
	r.memory.do(p.key(), func(m *remembered) { have = m.watched })
	if have == what {
		return
	}
	r.unwatch(p.key())
	release := r.Watcher.Use(p.client, p.collection)
	r.memory.do(p.key(), func(m *remembered) { m.watched, m.release = what, release })
}

// unwatch ends the watch.
func (r *MaintenanceReconciler) unwatch(key types.NamespacedName) {
	var release func()
	r.memory.do(key, func(m *remembered) { release, m.watched, m.release = m.release, "", nil })
	if release != nil {
		release()
	}
}
