// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package movers

import (
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/ledger"
	"github.com/avs-operator/avs-operator/controllers/outcome"
)

// slowestRate is what a healthy relocation copies at least, in bytes a second: a percentage of a large disk takes long even so.
const slowestRate = 10 << 20

// ProgressBound is how long a relocation of so many bytes may show the same percentage before it counts as standing still, in real time.
func ProgressBound(state State, bytes int64, pace outcome.Pace) time.Duration {
	if state == Queued {
		return ledger.Queued.Real(pace)
	}
	hundredth := time.Duration(min(float64(max(bytes, 0))/100/slowestRate, 30*24*3600) * float64(time.Second))
	w := ledger.StandingStill
	w.Bound += hundredth
	return w.Real(pace)
}

// NoteProgress notes what a relocation shows, and returns since when it has shown no more; the zero time while that is within its bound. The note
// is made some six times in a bound at most, so that thousands of relocations are not written for each percent.
func NoteProgress(task *v1alpha1.MoveTask, progress Progress, started, now time.Time, bound time.Duration) (still time.Time) {
	if progress.State == Queued {
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
