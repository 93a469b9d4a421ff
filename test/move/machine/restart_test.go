// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package machine_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/test/harness"
	"github.com/avs-operator/avs-operator/test/vcentersim"
)

// half waits until a relocation is half done.
func (w *world) half(m *v1alpha1.VirtualMachineMove) {
	w.t.Helper()
	cluster.WaitFor(w.t, time.Minute, m, "half of the way", func() error {
		if m.Status.Progress < 40 || m.Status.Task == nil || m.Status.Task.Ref == "" {
			return fmt.Errorf("progress is %d, task %+v", m.Status.Progress, m.Status.Task)
		}
		return nil
	})
}

// TestARestartOfEitherVCenterInMidCopy restarts vpxd, at the source and at the target, in every way in which it can come back: the machine
// arrives, was relocated once if its work went on, and never twice at a time.
func TestARestartOfEitherVCenterInMidCopy(t *testing.T) {
	t.Parallel()
	for i, test := range []struct {
		name    string
		source  bool
		restart vcentersim.Restart
		least   int // relocations that are right
		most    int
	}{
		{"source, the work goes on, the history knows", true, vcentersim.Restart{Down: time.Second}, 1, 1},
		{"source, the work goes on, the history is lost", true, vcentersim.Restart{Down: time.Second, HistoryLost: true}, 1, 1},
		{"source, the work ends, the history knows", true, vcentersim.Restart{Down: time.Second, WorkEnds: true}, 2, 2},
		{"source, the work ends, the history is lost", true, vcentersim.Restart{Down: time.Second, WorkEnds: true, HistoryLost: true}, 2, 2},
		{"target", false, vcentersim.Restart{Down: time.Second, WorkEnds: true, HistoryLost: true}, 1, 2},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			was := w.add(vcentersim.MachineSpec{Name: fmt.Sprintf("restart-%02d", i), PoweredOn: true})
			w.Source.Inject(vcentersim.Fault{Relocate: true, AtPercent: 50, Delay: 4 * time.Second})
			m := w.planned(was, v1alpha1.MoveMethodLive)
			cluster.Create(w.t, m)
			w.half(m)
			// As if the copy had begun an hour ago.
			old := m.DeepCopy()
			old.Status.Task.RecordedAt.Time = old.Status.Task.RecordedAt.Add(-time.Hour)
			if err := cluster.Admin.Status().Update(t.Context(), old); err != nil {
				t.Logf("the record changed meanwhile: %v", err)
			}
			at := w.Target
			if test.source {
				at = w.Source
			}
			at.Restart(test.restart)
			cluster.WaitCondition(t, time.Minute, m, v1alpha1.ConditionComplete, "True")
			if is := w.sameMachine(was); is.PowerState != "poweredOn" || is.PowerOffCount != 0 {
				t.Errorf("it is %+v", is)
			}
			if n := callsOn(w.Source, "RelocateVM_Task", was.Ref); n < test.least || n > test.most {
				t.Errorf("it was relocated %d times, want %d to %d", n, test.least, test.most)
			}
		})
	}
}

// TestASessionThatEndsAtTheTargetInMidCopy ends every session of the target: those of the operator, and the one that the source has there.
func TestASessionThatEndsAtTheTargetInMidCopy(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	was := w.add(vcentersim.MachineSpec{Name: "session-01", PoweredOn: true})
	w.Source.Inject(vcentersim.Fault{Relocate: true, AtPercent: 50, Delay: 3 * time.Second})
	m := w.planned(was, v1alpha1.MoveMethodLive)
	cluster.Create(w.t, m)
	w.half(m)
	w.Target.ExpireSessions()
	cluster.WaitCondition(t, time.Minute, m, v1alpha1.ConditionComplete, "True")
	if is := w.sameMachine(was); is.PowerState != "poweredOn" {
		t.Errorf("it is %+v", is)
	}
	if n := callsOn(w.Source, "RelocateVM_Task", was.Ref); n != 2 {
		t.Errorf("it was relocated %d times: a session that was lost is not a wrong password, and is tried again", n)
	}
}

// TestClocksThatAreApart lets both vCenters have clocks of their own, far from each other's and the operator's, and loses every answer.
func TestClocksThatAreApart(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ source, target time.Duration }{{7 * time.Hour, -9 * time.Minute}, {-40 * time.Minute, 3 * time.Hour}} {
		t.Run(fmt.Sprintf("%s and %s", test.source, test.target), func(t *testing.T) {
			t.Parallel()
			w := newWorldOf(t, func(source, target *vcentersim.Config) {
				source.ClockAhead, target.ClockAhead = test.source, test.target
			})
			was := w.add(vcentersim.MachineSpec{Name: "clock-01", PoweredOn: true})
			w.Source.Inject(vcentersim.Fault{Method: "RelocateVM_Task", DropAnswer: true})
			w.Target.Inject(vcentersim.Fault{Method: "PowerOnVM_Task", DropAnswer: true})
			m := w.cold(was, guestPower)
			cluster.Create(w.t, m)
			w.relocatedOnce(m, was)
			if is := find(w.Target, was.Name); is.PowerState != "poweredOn" || callsOn(w.Target, "PowerOnVM_Task", is.Ref) != 1 {
				t.Errorf("it is %s after %d power ons", is.PowerState, callsOn(w.Target, "PowerOnVM_Task", is.Ref))
			}
		})
	}
}

// TestAForgottenTaskIsNotAnEndedOne forgets the task of a move that goes on, in a vCenter whose history knows nothing either: nothing is sent
// while either side shows work on the machine, however long ago the copy began.
func TestAForgottenTaskIsNotAnEndedOne(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	was := w.add(vcentersim.MachineSpec{Name: "forgotten-01", PoweredOn: true})
	w.Source.Inject(vcentersim.Fault{Relocate: true, AtPercent: 50, Delay: 12 * time.Second})
	m := w.planned(was, v1alpha1.MoveMethodLive)
	cluster.Create(w.t, m)
	w.half(m)
	w.Source.Restart(vcentersim.Restart{HistoryLost: true})
	cluster.WaitFor(t, time.Minute, m, "the task to be known as forgotten", func() error {
		if m.Status.Task == nil || m.Status.Task.ForgottenAt == nil {
			return fmt.Errorf("the record is %+v", m.Status.Task)
		}
		return nil
	})
	cluster.Consistently(t, 7*time.Second, "nothing is sent beside what goes on", func(context.Context) error {
		if n := harness.Calls(w.Source, "RelocateVM_Task"); n != 1 {
			return fmt.Errorf("RelocateVM_Task was called %d times", n)
		}
		return nil
	}, m)
	w.relocatedOnce(m, was)
}
