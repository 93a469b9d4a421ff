// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package maintenance

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/arm"
	"github.com/avs-operator/avs-operator/controllers/connect"
	"github.com/avs-operator/avs-operator/controllers/ledger"
	"github.com/avs-operator/avs-operator/controllers/maintenance/windows"
	"github.com/avs-operator/avs-operator/controllers/outcome"
)

// mostWrites bounds one reconcile: others wait for the worker.
const mostWrites = 20

// unseenPause is how soon something that Azure accepted and does not show yet is looked at again.
const unseenPause = 5 * time.Second

// converge looks at all maintenances, and asks Azure for what is needed, one thing after the other.
func (r *MaintenanceReconciler) converge(ctx context.Context, p *pass) *outcome.Outcome {
	p.ours = oursOf(p.policy)
	for range mostWrites {
		if o := r.observe(ctx, p); o != nil {
			return o
		}
		found := r.decide(p)
		next := first(found)
		if next == nil || p.observes() || p.policy.Spec.Suspend {
			if next == nil && !slices.ContainsFunc(found, func(f finding) bool { return f.held != nil }) {
				p.policy.Status.Refusals = nil // there is nothing more to ask
			}
			return r.verdict(ctx, p, found)
		}
		if o := r.act(ctx, p, *next); o != nil {
			return o
		}
	}
	return outcome.Wait(v1alpha1.ReasonScheduling, "Azure is asked for more than one look can do; this goes on").In(time.Second)
}

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

// finding is a maintenance and what is decided about it.
type finding struct {
	resource *arm.Resource
	seen     windows.Maintenance
	windows.Decision
	// held is why the action is not taken now.
	held *outcome.Outcome
}

func (f *finding) due() bool { return f.Action != windows.None && f.held == nil }

// over says that nothing is to come any more.
func (f *finding) over() bool {
	return !slices.Contains([]string{windows.NotScheduled, windows.Scheduled, windows.Planned, windows.InProgress}, f.seen.State)
}

// first is what is asked for next: what is scheduled late may lose its window, so that goes before checks.
func first(found []finding) *finding {
	var check *finding
	for i := range found {
		switch f := &found[i]; {
		case !f.due():
		case f.Action != windows.Check:
			return f
		case check == nil:
			check = f
		}
	}
	return check
}

// decide looks at each maintenance, and puts the next one first, those without a start after it, and what is over last, the latest first.
func (r *MaintenanceReconciler) decide(p *pass) []finding {
	out := make([]finding, 0, len(p.seen))
	for i := range p.seen {
		out = append(out, r.decideOne(p, p.seen[i]))
	}
	slices.SortStableFunc(out, func(a, b finding) int {
		switch {
		case a.over() != b.over():
			return order(b.over())
		case !a.seen.Start.Equal(b.seen.Start):
			if a.seen.Start.IsZero() || b.seen.Start.IsZero() {
				return order(a.seen.Start.IsZero())
			}
			if a.over() {
				return b.seen.Start.Compare(a.seen.Start)
			}
			return a.seen.Start.Compare(b.seen.Start)
		}
		return strings.Compare(a.resource.Name, b.resource.Name)
	})
	return out
}

// order puts first what is first.
func order(first bool) int {
	if first {
		return -1
	}
	return 1
}

func (r *MaintenanceReconciler) decideOne(p *pass, resource *arm.Resource) finding {
	f := finding{resource: resource, seen: announced(resource)}
	now := time.Now()
	f.seen.Ours = p.ours[resource.Name]
	r.memory.about(p.key(), resource.Name, func(k *known) {
		checked := checkedAt(resource)
		if k.checkedAt.After(checked) {
			checked = k.checkedAt
		}
		if !checked.IsZero() {
			f.seen.Age = max(r.Pace.Elapsed(now.Sub(checked)), time.Second)
		}
		if k.question != r.question(p) {
			k.refused, k.pause, k.question = nil, nil, r.question(p)
		}
		f.seen.Refused = k.refused
	})
	f.Decision = windows.Decide(p.want, f.seen, now)
	r.memory.about(p.key(), resource.Name, func(k *known) {
		switch left := time.Until(k.until); {
		case f.Action == windows.None:
		case k.pause != nil && left > 0:
			held := *k.pause
			f.held = held.In(r.Pace.Elapsed(left))
		case k.sent == asked(&f.Decision) && time.Since(k.sentAt) < ledger.Agreement.Real(r.Pace):
			f.held = outcome.Wait(v1alpha1.ReasonScheduling, "Azure has accepted to %s %s and does not show it yet", f.Action, resource.Name).In(unseenPause)
		}
	})
	return f
}

// asked names what is asked of Azure.
func asked(d *windows.Decision) string { return string(d.Action) + " " + d.Start.String() }

// question changes with everything that makes a refused write worth another try: an edit, another credential, a requested reconcile.
func (r *MaintenanceReconciler) question(p *pass) string {
	return p.client.Principal() + " " + p.policy.Annotations[v1alpha1.AnnotationReconcileRequestedAt] + " " + strconv.FormatInt(p.policy.Generation, 10)
}

// unwatch ends the watch.
func (r *MaintenanceReconciler) unwatch(key types.NamespacedName) {
	var release func()
	r.memory.do(key, func(m *remembered) { release, m.watched, m.release = m.release, "", nil })
	if release != nil {
		release()
	}
}
