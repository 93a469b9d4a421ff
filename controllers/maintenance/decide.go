// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package maintenance

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/arm"
	"github.com/avs-operator/avs-operator/controllers/ledger"
	"github.com/avs-operator/avs-operator/controllers/maintenance/windows"
	"github.com/avs-operator/avs-operator/controllers/outcome"
)

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

// nextOf is what is asked for next: what is scheduled late may lose its window, so that goes before checks.
func nextOf(found []finding) *finding {
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
func (r *Reconciler) decide(s *scope) []finding {
	out := make([]finding, 0, len(s.seen))
	for i := range s.seen {
		out = append(out, r.decideOne(s, s.seen[i]))
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

func (r *Reconciler) decideOne(s *scope, resource *arm.Resource) finding {
	f := finding{resource: resource, seen: announced(resource)}
	now := time.Now()
	f.seen.Ours = s.starts[resource.Name]
	r.recall.maintenance(s.key(), resource.Name, func(k *maintenanceRecall) {
		checked := checkedAt(resource)
		if k.checkedAt.After(checked) {
			checked = k.checkedAt
		}
		if !checked.IsZero() {
			f.seen.Age = max(r.Pace.Elapsed(now.Sub(checked)), time.Second)
		}
		if k.question != r.question(s) {
			k.refused, k.pause, k.question = nil, nil, r.question(s)
		}
		f.seen.Refused = k.refused
	})
	f.Decision = windows.Decide(s.want, f.seen, now)
	r.recall.maintenance(s.key(), resource.Name, func(k *maintenanceRecall) {
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
func (r *Reconciler) question(s *scope) string {
	return s.client.Principal() + " " + s.policy.Annotations[v1alpha1.AnnotationReconcileRequestedAt] + " " + strconv.FormatInt(s.policy.Generation, 10)
}
