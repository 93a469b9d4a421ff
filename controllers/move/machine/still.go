// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package machine

import (
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/ledger"
	"github.com/avs-operator/avs-operator/controllers/move/movers"
	"github.com/avs-operator/avs-operator/controllers/outcome"
)

// slowest is what a healthy relocation copies at least, in bytes a second: a percentage of a large disk takes long even so.
const slowest = 10 << 20

// stillFor is how long a relocation of so many bytes may show the same percentage before it counts as standing still, in real time.
func stillFor(state movers.State, bytes int64, pace outcome.Pace) time.Duration {
	if state == movers.Queued {
		return ledger.Queued.Real(pace)
	}
	hundredth := time.Duration(min(float64(max(bytes, 0))/100/slowest, 30*24*3600) * float64(time.Second))
	w := ledger.StandingStill
	w.Bound += hundredth
	return w.Real(pace)
}

// observe notes what a relocation shows, and returns since when it has shown no more; the zero time while that is within its bound. The note
// is made some six times in a bound at most, so that thousands of relocations are not written for each percent.
func observe(task *v1alpha1.MoveTask, progress movers.Progress, started, now time.Time, bound time.Duration) (still time.Time) {
	if progress.State == movers.Queued {
		task.PercentAt = nil
		if !started.IsZero() && now.Sub(started) > bound {
			return started
		}
		return time.Time{}
	}
	percent := min(max(progress.Percent, 0), 100)
	switch at := task.PercentAt; {
	case at == nil, percent != task.Percent && now.Sub(at.Time) >= bound/6:
		task.Percent, task.PercentAt = percent, &metav1.MicroTime{Time: now}
	case percent == task.Percent && now.Sub(at.Time) > bound:
		return at.Time
	}
	return time.Time{}
}

// standing says that a relocation stands still: vCenter itself says nothing, for days. It is not cancelled by the operator, because what is
// copied would have to be copied again.
func (p *pass) standing(progress movers.Progress) *outcome.Outcome {
	s := &p.move.Status
	started := time.Time{}
	if s.StartedAt != nil {
		started = s.StartedAt.Time
	}
	since := observe(s.Task, progress, started, p.Clock.Now(), stillFor(progress.State, s.BytesTotal, p.Pace))
	if since.IsZero() {
		return nil
	}
	s.Step, p.fine = v1alpha1.MoveStepRelocating, false
	const look = "Look at the task and its events in the source vCenter, at the network between the hosts of both sides (TCP 8000 and 902), and at the datastores"
	o := outcome.Wait(v1alpha1.ReasonNoProgress, "the relocation (%s) has shown %d %% since %s and goes no further. %s. It is followed on; to end it, cancel the task in vCenter, or delete this object",
		s.Task.Ref, progress.Percent, since.UTC().Format(time.RFC3339), look).In(ledger.Glance.Bound / 2)
	if progress.State == movers.Queued {
		o = outcome.Wait(v1alpha1.ReasonNoProgress, "vCenter has not begun with the relocation (%s) that it took at %s: it is queued behind other operations. Look at the tasks of its hosts and datastores in both vCenters",
			s.Task.Ref, since.UTC().Format(time.RFC3339)).In(ledger.Glance.Bound / 2)
	}
	p.note(warning(o.Reason, o.Message))
	return o
}
