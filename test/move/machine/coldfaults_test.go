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

// TestWhatPoweringOffDoesNotCureIsSeenBefore: the machine is not shut down for a move that cannot work.
func TestWhatPoweringOffDoesNotCureIsSeenBefore(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Target.SetHosts(4, true)
	for _, machine := range []vcentersim.MachineSpec{
		{Name: "wide-01", PoweredOn: true, NumCPU: 8},
		{Name: "new-01", PoweredOn: true, HardwareVersion: 99},
	} {
		was := w.add(machine)
		m := w.cold(was, guestPower)
		cluster.Create(w.t, m)
		cluster.WaitCondition(t, time.Minute, m, v1alpha1.ConditionFailed, "True")
		w.untouched(was)
	}
	if n := harness.Calls(w.Source, "ShutdownGuest") + harness.Calls(w.Source, "RelocateVM_Task"); n != 0 {
		t.Errorf("%d calls changed something", n)
	}
}

// TestWhatPoweringOffCuresDoesNotHinder: what a plan says to move Cold moves cold.
func TestWhatPoweringOffCuresDoesNotHinder(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Target.SetHosts(0, false) // no vMotion network
	for _, machine := range []vcentersim.MachineSpec{
		{Name: "plain-01", PoweredOn: true},
		{Name: "disc-01", PoweredOn: true, CDConnected: true},
		{Name: "cpu-01", PoweredOn: true, EVCMode: "intel-sapphirerapids"},
	} {
		was := w.add(machine)
		m := w.cold(was, guestPower)
		cluster.Create(w.t, m)
		cluster.WaitCondition(t, time.Minute, m, v1alpha1.ConditionComplete, "True")
		if is := w.sameMachine(was); is.PowerState != "poweredOn" || is.PowerOffCount != 1 {
			t.Errorf("%s is %s and was powered off %d times", is.Name, is.PowerState, is.PowerOffCount)
		}
	}
}

// TestAMachineThatCannotGoOnceItIsOffRunsAgain lets the hosts change while the guest shuts down.
func TestAMachineThatCannotGoOnceItIsOffRunsAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	was := w.add(vcentersim.MachineSpec{Name: "late-01", PoweredOn: true, NumCPU: 8, ShutdownTime: 10 * time.Minute})
	m := w.cold(was, &v1alpha1.MovePower{PowerOff: v1alpha1.PowerOffGuest, TimeoutSeconds: 3600})
	cluster.Create(w.t, m)
	cluster.WaitFor(t, time.Minute, m, "the guest to be asked", func() error {
		if task := m.Status.Task; task == nil || task.State != v1alpha1.OperationAccepted {
			return fmt.Errorf("the record is %+v", task)
		}
		return nil
	})
	w.Target.SetHosts(4, true)
	w.failedWith(m, v1alpha1.ReasonHostUnavailable, "NumVirtualCpusNotSupported", "whole at the source and running")
	cluster.Eventually(t, 10*time.Second, "the machine to run", func(context.Context) error {
		if is := find(w.Source, was.Name); is == nil || is.PowerState != "poweredOn" || is.PowerOffCount != 1 {
			return fmt.Errorf("it is %+v", is)
		}
		return nil
	})
	if harness.Calls(w.Source, "RelocateVM_Task") != 0 {
		t.Error("it was relocated")
	}
}
