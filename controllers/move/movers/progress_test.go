// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package movers

import (
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/outcome"
)

func TestARelocationThatStandsStillIsSeen(t *testing.T) {
	start := time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)
	bound := ProgressBound(Running, 100<<30, outcome.Pace(1))
	task := &v1alpha1.MoveTask{}
	writes, was := 0, time.Time{}
	look := func(after time.Duration, state State, percent int32) time.Time {
		still := NoteProgress(task, Progress{State: state, Percent: percent}, start, start.Add(after), ProgressBound(state, 100<<30, outcome.Pace(1)))
		if task.PercentAt != nil && !task.PercentAt.Equal(&metav1.MicroTime{Time: was}) {
			writes, was = writes+1, task.PercentAt.Time
		}
		return still
	}
	for after := time.Duration(0); after < 2*time.Hour; after += time.Minute {
		if s := look(after, Queued, 0); !s.IsZero() {
			t.Fatalf("queued for %s it stands still since %s", after, s)
		}
	}
	if s := look(2*time.Hour+time.Minute, Queued, 0); !s.Equal(start) {
		t.Errorf("queued for more than two hours it stands still since %v", s)
	}
	for minute := range 100 { // a percent a minute
		if s := look(3*time.Hour+time.Duration(minute)*time.Minute, Running, int32(min(minute, 40))); minute <= 40 && !s.IsZero() { //nolint:gosec // small
			t.Fatalf("at %d %% it stands still since %s", minute, s)
		}
	}
	if writes > 11 {
		t.Errorf("%d notes in 40 minutes of progress", writes)
	}
	since := look(3*time.Hour+41*time.Minute+bound+bound/6, Running, 40)
	if since.Before(start.Add(3*time.Hour+40*time.Minute)) || since.After(start.Add(3*time.Hour+41*time.Minute+bound/6)) {
		t.Errorf("it stands still since %v, want about 03:40", since)
	}
	if s := look(8*time.Hour, Running, 41); !s.IsZero() {
		t.Errorf("it goes on and stands still since %s", s)
	}
	if small, large := ProgressBound(Running, 1<<30, outcome.Pace(1)), ProgressBound(Running, 20<<40, outcome.Pace(1)); small > 31*time.Minute ||
		large < 5*time.Hour || large > 7*time.Hour {
		t.Errorf("a small machine may stand for %s, one of 20 TiB for %s", small, large)
	}
}
