// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package machine_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/test/harness"
	"github.com/avs-operator/avs-operator/test/vcentersim"
)

func TestCancelInFlightStopsTheRelocationAndConfirmsWhereTheMachineIs(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	programme := w.programme("finance", v1alpha1.MoveStateRun)
	was := w.add(vcentersim.MachineSpec{Name: "fly-01", PoweredOn: true})
	w.Source.Inject(vcentersim.Fault{Relocate: true, AtPercent: 60, Hang: true})
	m := owned(w.planned(was, v1alpha1.MoveMethodLive), programme)
	cluster.Create(w.t, m)
	cluster.WaitFor(t, time.Minute, m, "half of the way", func() error {
		if m.Status.Progress < 50 || m.Status.BytesMoved == 0 {
			return fmt.Errorf("progress is %d", m.Status.Progress)
		}
		return nil
	})
	w.want(programme, v1alpha1.MoveStateCancel)
	w.reach(m, v1alpha1.MoveStepCancelled)
	w.untouched(was)
	harness.Called(t, w.Source, "CancelTask", 1)
	if msg := m.Status.Failure; msg == nil || !strings.Contains(msg.Message, "whole at the source and running") {
		t.Errorf("it does not say where the machine is: %+v", msg)
	}
	// Cancel is final for this object too.
	w.want(programme, v1alpha1.MoveStateCancel)
	cluster.Consistently(t, time.Second, "a cancelled move starts nothing", func(context.Context) error {
		if n := harness.Calls(w.Source, "RelocateVM_Task"); n != 1 {
			return fmt.Errorf("RelocateVM_Task was called %d times", n)
		}
		return nil
	}, m)
}

func TestCancelBeforeTheStartTouchesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	programme := w.programme("finance", v1alpha1.MoveStatePlan)
	was := w.add(vcentersim.MachineSpec{Name: "early-01", PoweredOn: true})
	m := owned(w.planned(was, v1alpha1.MoveMethodLive), programme)
	cluster.Create(w.t, m)
	w.reach(m, v1alpha1.MoveStepWaiting)
	w.want(programme, v1alpha1.MoveStateCancel)
	w.reach(m, v1alpha1.MoveStepCancelled)
	w.untouched(was)
	harness.Called(t, w.Source, "RelocateVM_Task", 0)
}

func TestCancelWhileTheGuestShutsDownPowersTheMachineOnAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	programme := w.programme("finance", v1alpha1.MoveStateRun)
	was := w.add(vcentersim.MachineSpec{Name: "half-01", PoweredOn: true, ShutdownTime: 10 * time.Minute})
	m := owned(w.cold(was, &v1alpha1.MovePower{PowerOff: v1alpha1.PowerOffGuest, TimeoutSeconds: 3600}), programme)
	cluster.Create(w.t, m)
	cluster.WaitFor(t, time.Minute, m, "the guest to be asked", func() error {
		if task := m.Status.Task; task == nil || task.Kind != v1alpha1.MoveTaskShutdownGuest || task.State != v1alpha1.OperationAccepted {
			return fmt.Errorf("the record is %+v", task)
		}
		return nil
	})
	w.want(programme, v1alpha1.MoveStateCancel)
	w.reach(m, v1alpha1.MoveStepCancelled)
	is := find(w.Source, was.Name)
	if is == nil || is.PowerState != "poweredOn" || is.PowerOffCount != 1 || harness.Calls(w.Source, "RelocateVM_Task") != 0 {
		t.Errorf("it is %+v; relocations: %d", is, harness.Calls(w.Source, "RelocateVM_Task"))
	}
}

func TestNoMoveGoesWhileItsTaskRuns(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	was := w.add(vcentersim.MachineSpec{Name: "gone-01", PoweredOn: true})
	w.Source.Inject(vcentersim.Fault{Relocate: true, AtPercent: 30, Hang: true})
	w.Source.Inject(vcentersim.Fault{Method: "CancelTask", Delay: 2 * time.Second})
	m := w.planned(was, v1alpha1.MoveMethodLive)
	cluster.Create(w.t, m)
	w.reach(m, v1alpha1.MoveStepRelocating)
	cluster.WaitFor(t, time.Minute, m, "a task", func() error {
		if m.Status.Task == nil || m.Status.Task.Ref == "" {
			return fmt.Errorf("the record is %+v", m.Status.Task)
		}
		return nil
	})
	cluster.Delete(t, m)
	cluster.Consistently(t, time.Second, "the object is there while its task runs", func(ctx context.Context) error {
		return cluster.Admin.Get(ctx, client.ObjectKeyFromObject(m), m)
	})
	cluster.WaitGone(t, time.Minute, m)
	w.untouched(was)
}

func TestDeletingAWaitingMoveIsQuick(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	programme := w.programme("finance", v1alpha1.MoveStatePlan)
	was := w.add(vcentersim.MachineSpec{Name: "idle-01", PoweredOn: true})
	m := owned(w.planned(was, v1alpha1.MoveMethodLive), programme)
	cluster.Create(w.t, m)
	w.reach(m, v1alpha1.MoveStepWaiting)
	cluster.Delete(t, m)
	cluster.WaitGone(t, 10*time.Second, m)
	w.untouched(was)
}
