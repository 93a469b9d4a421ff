// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package machine_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/test/harness"
	"github.com/avs-operator/avs-operator/test/vcentersim"
)

// relocatedOnce fails unless the machine was moved, by one relocation.
func (w *world) relocatedOnce(m *v1alpha1.VirtualMachineMove, was vcentersim.MachineState) {
	w.t.Helper()
	cluster.WaitCondition(w.t, time.Minute, m, v1alpha1.ConditionComplete, "True")
	w.sameMachine(was)
	harness.Called(w.t, w.Source, "RelocateVM_Task", 1)
}

// onRecord waits until the record of a relocation is stored, and says whether its task is known.
func (w *world) onRecord(m *v1alpha1.VirtualMachineMove) {
	w.t.Helper()
	cluster.WaitFor(w.t, time.Minute, m, "a record", func() error {
		if m.Status.Task == nil {
			return errors.New("nothing is on record")
		}
		return nil
	})
}

func TestALostAnswerIsFoundAgainAndNotRepeated(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	was := w.add(vcentersim.MachineSpec{Name: "lost-01", PoweredOn: true})
	w.Source.Inject(vcentersim.Fault{Method: "RelocateVM_Task", DropAnswer: true})
	w.Source.Inject(vcentersim.Fault{Relocate: true, AtPercent: 50, Delay: 10 * time.Second}) // longer than the call's deadline and grace
	m := w.planned(was, v1alpha1.MoveMethodLive)
	cluster.Create(w.t, m)
	w.onRecord(m)
	if m.Status.Task.Ref != "" || m.Status.Task.State != v1alpha1.OperationIntended {
		t.Errorf("the answer was lost, yet the record is %+v", m.Status.Task)
	}
	cluster.WaitFor(t, time.Minute, m, "the task to be found", func() error {
		if m.Status.Task == nil || m.Status.Task.Ref == "" {
			return fmt.Errorf("the record is %+v", m.Status.Task)
		}
		return nil
	})
	w.relocatedOnce(m, was)
}

func TestALostAnswerOfARelocationThatEndedMeanwhile(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	was := w.add(vcentersim.MachineSpec{Name: "lost-02", PoweredOn: true})
	w.Source.Inject(vcentersim.Fault{Method: "RelocateVM_Task", DropAnswer: true})
	m := w.planned(was, v1alpha1.MoveMethodLive)
	cluster.Create(w.t, m)
	w.relocatedOnce(m, was)
}

func TestACallThatNeverArrivedIsMadeAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	was := w.add(vcentersim.MachineSpec{Name: "never-01", PoweredOn: true})
	w.Source.Inject(vcentersim.Fault{Method: "RelocateVM_Task", Refuse: true})
	m := w.planned(was, v1alpha1.MoveMethodLive)
	cluster.Create(w.t, m)
	cluster.WaitCondition(t, time.Minute, m, v1alpha1.ConditionComplete, "True")
	w.sameMachine(was)
	if m.Status.Attempts != 1 {
		t.Errorf("a call that never arrived counts as an attempt: %d", m.Status.Attempts)
	}
}

func TestAnOperatorThatStopsInTheMiddleGoesOnWithTheSameTask(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	was := w.add(vcentersim.MachineSpec{Name: "stop-01", PoweredOn: true})
	w.Source.Inject(vcentersim.Fault{Relocate: true, AtPercent: 40, Delay: 3 * time.Second})
	m := w.planned(was, v1alpha1.MoveMethodLive)
	cluster.Create(w.t, m)
	cluster.WaitFor(t, time.Minute, m, "some progress", func() error {
		if m.Status.Progress < 30 {
			return fmt.Errorf("progress is %d", m.Status.Progress)
		}
		return nil
	})
	w.restart()
	w.relocatedOnce(m, was)
}

// TestAnOperatorThatDiedBetweenRecordAndCall takes the place of a process that was killed right after it stored its record: once before
// its call went out, once after.
func TestAnOperatorThatDiedBetweenRecordAndCall(t *testing.T) {
	t.Parallel()
	for _, called := range []bool{false, true} {
		t.Run(fmt.Sprintf("called=%v", called), func(t *testing.T) {
			w := newWorld(t)
			was := w.add(vcentersim.MachineSpec{Name: "dead-01", PoweredOn: true})
			m := w.planned(was, v1alpha1.MoveMethodLive)
			_, source := w.picture("oslo")
			clock, err := source.Client.ServerTime(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			user := source.Client.User()
			w.stop()
			cluster.Create(w.t, m)
			m.Status.Step, m.Status.Attempts = v1alpha1.MoveStepRelocating, 1
			m.Status.StartedAt = &metav1.Time{Time: time.Now()}
			m.Status.Task = &v1alpha1.MoveTask{
				Format: v1alpha1.MoveTaskFormat, Kind: v1alpha1.MoveTaskRelocate, At: v1alpha1.MoveSideSource, State: v1alpha1.OperationIntended,
				Entity: was.Ref, User: user, RecordedAt: metav1.NewMicroTime(clock), Deadline: metav1.NewMicroTime(time.Now().Add(3 * time.Second)),
			}
			if err := cluster.Admin.Status().Update(t.Context(), m); err != nil {
				t.Fatal(err)
			}
			if called {
				w.relocateAs(m)
			}
			w.start()
			w.relocatedOnce(m, was)
			if m.Status.Attempts != 1 {
				t.Errorf("attempts are %d, want 1", m.Status.Attempts)
			}
		})
	}
}

func TestAProcessThatDoesNotLeadCallsNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	was := w.add(vcentersim.MachineSpec{Name: "lead-01", PoweredOn: true})
	w.picture("oslo")
	w.mu.Lock()
	w.mayWrite = func() error { return errors.New("the lease is another's") }
	w.mu.Unlock()
	m := w.planned(was, v1alpha1.MoveMethodLive)
	cluster.Create(w.t, m)
	cluster.WaitNotReady(w.t, m, v1alpha1.ReasonUnreachable, "the lease is another's")
	if n := harness.Calls(w.Source, "RelocateVM_Task"); n != 0 {
		t.Errorf("RelocateVM_Task was called %d times by a process that does not lead", n)
	}
	w.mu.Lock()
	w.mayWrite = nil
	w.mu.Unlock()
	w.relocatedOnce(m, was)
	if m.Status.Attempts != 1 {
		t.Errorf("what was not sent counts as an attempt: %d", m.Status.Attempts)
	}
}

func TestSuccessIsBelievedOnlyWhenTheMachineIsSeen(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	late := w.add(vcentersim.MachineSpec{Name: "late-01", PoweredOn: true})
	w.Source.Inject(vcentersim.Fault{Relocate: true, Machine: late.Name, Hidden: time.Second})
	m := w.planned(late, v1alpha1.MoveMethodLive)
	cluster.Create(w.t, m)
	cluster.WaitFor(t, time.Minute, m, "the machine to be seen", func() error {
		if stalled := meta.FindStatusCondition(m.Status.Conditions, v1alpha1.ConditionStalled); stalled != nil {
			t.Fatalf("a person was called while both vCenters settle: %s", stalled.Message)
		}
		if m.Status.Step != v1alpha1.MoveStepMoved {
			return fmt.Errorf("the step is %s", m.Status.Step)
		}
		return nil
	})
	w.relocatedOnce(m, late)

	missing := w.add(vcentersim.MachineSpec{Name: "lost-03", PoweredOn: true})
	w.Source.Inject(vcentersim.Fault{Relocate: true, Machine: missing.Name, Lost: true})
	lost := w.planned(missing, v1alpha1.MoveMethodLive)
	cluster.Create(w.t, lost)
	cluster.WaitNotReady(w.t, lost, v1alpha1.ReasonMachineLostFromView, "neither vCenter shows the machine", missing.InstanceUUID)
	if lost.Status.Step == v1alpha1.MoveStepMoved || lost.Status.Task == nil {
		t.Errorf("the record that tells what happened is gone: %+v", lost.Status)
	}
	cluster.Consistently(t, time.Second, "nothing is started again", func(context.Context) error {
		if n := harness.Calls(w.Source, "RelocateVM_Task"); n != 2 {
			return fmt.Errorf("RelocateVM_Task was called %d times", n)
		}
		return nil
	}, lost)
}

func TestARecordOfAnotherVersionIsFollowedByLooking(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	was := w.add(vcentersim.MachineSpec{Name: "other-01", PoweredOn: true})
	m := w.planned(was, v1alpha1.MoveMethodLive)
	w.stop()
	cluster.Create(w.t, m)
	patch := client.RawPatch(types.MergePatchType, fmt.Appendf(nil, `{"status":{"step":"Relocating","task":{"format":2,"kind":"Relocate","at":"Source",
		"state":"Accepted","entity":%q,"ref":"task-0","recordedAt":"2026-01-01T00:00:00.000000Z","deadline":"2026-01-01T00:01:30.000000Z"}}}`, was.Ref))
	if err := cluster.Admin.Status().Patch(t.Context(), m, patch); err != nil {
		t.Fatal(err)
	}
	w.start()
	w.relocatedOnce(m, was)
}

// A call that has left when the operator is stopped, as each upgrade does, is waited for, and its task put on record.
func TestAStopLosesNoAnswer(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	was := w.add(vcentersim.MachineSpec{Name: "upgrade-01", PoweredOn: true})
	w.Source.Inject(vcentersim.Fault{Method: "RelocateVM_Task", Late: 1500 * time.Millisecond})
	w.Source.Inject(vcentersim.Fault{Relocate: true, AtPercent: 50, Delay: 5 * time.Second})
	m := w.planned(was, v1alpha1.MoveMethodLive)
	cluster.Create(t, m)
	w.onRecord(m)
	cluster.Eventually(t, time.Minute, "the call to arrive", func(context.Context) error {
		if harness.Calls(w.Source, "RelocateVM_Task") == 0 {
			return errors.New("vCenter was not called")
		}
		return nil
	}, m)
	w.stop()
	cluster.Get(t, m)
	if task := m.Status.Task; task == nil || task.State != v1alpha1.OperationAccepted || task.Ref == "" {
		t.Fatalf("after the stop, the record says %+v", task)
	}
	w.start()
	w.relocatedOnce(m, was)
}
