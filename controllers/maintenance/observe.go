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
	"github.com/avs-operator/avs-operator/controllers/connect/rulings"
	"github.com/avs-operator/avs-operator/controllers/outcome"
)

// unseenPause is how soon something that Azure accepted and does not show yet is looked at again.
const unseenPause = 5 * time.Second

// observe takes the maintenances from the snapshot of the collection if that is newer than our last write, else it lists them. From here on
// they are watched.
func (r *Reconciler) observe(ctx context.Context, s *scope) *outcome.Outcome {
	var wroteAt time.Time
	r.recall.policy(s.key(), func(m *policyRecall) { wroteAt, m.cloud = m.wroteAt, s.cloudKey() })
	seen, listed := r.Watcher.Listed(s.client.Principal(), s.collection)
	old := func(one *arm.Resource) bool { return !one.AskedAt.After(wroteAt) }
	if !listed || slices.ContainsFunc(seen, old) || len(seen) == 0 && !wroteAt.IsZero() {
		all, err := s.client.List(ctx, s.collection)
		if err != nil {
			return rulings.OfAzure(err)
		}
		seen = make([]*arm.Resource, 0, len(all))
		for i := range all {
			seen = append(seen, &all[i])
		}
	}
	s.seen = seen
	r.watch(s)
	s.fact(v1alpha1.ConditionCredentialsReady, "Azure accepts the identity")
	return nil
}

// watch has the maintenances listed, once a minute, as long as the policy is there.
func (r *Reconciler) watch(s *scope) {
	what := s.client.Principal() + " " + s.collection.Key()
	var have string
	r.recall.policy(s.key(), func(m *policyRecall) { have = m.watched })
	if have == what {
		return
	}
	r.unwatch(s.key())
	release := r.Watcher.Use(s.client, s.collection)
	r.recall.policy(s.key(), func(m *policyRecall) { m.watched, m.release = what, release })
}

// unwatch ends the watch.
func (r *Reconciler) unwatch(key types.NamespacedName) {
	var release func()
	r.recall.policy(key, func(m *policyRecall) { release, m.watched, m.release = m.release, "", nil })
	if release != nil {
		release()
	}
}
