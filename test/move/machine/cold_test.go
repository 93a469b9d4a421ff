// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package machine_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/vmware/govmomi/vim25/types"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/test/harness"
	"github.com/avs-operator/avs-operator/test/vcentersim"
)

// cold is a planned cold move with a policy for the machine's power.
func (w *world) cold(m vcentersim.MachineState, power *v1alpha1.MovePower) *v1alpha1.VirtualMachineMove {
	move := w.planned(m, v1alpha1.MoveMethodCold)
	move.Spec.Power = power
	return move
}

// failedWith waits for the end of a move and fails unless it says reason and words.
func (w *world) failedWith(m *v1alpha1.VirtualMachineMove, reason string, words ...string) {
	w.t.Helper()
	cluster.WaitCondition(w.t, time.Minute, m, v1alpha1.ConditionFailed, "True")
	cluster.WaitNotReady(w.t, m, reason, words...)
	cluster.Get(w.t, m)
}

func TestAColdMoveOfAMachineThatIsOff(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	was := w.add(vcentersim.MachineSpec{Name: "off-01"})
	m := w.cold(was, nil)
	cluster.Create(w.t, m)
	cluster.WaitCondition(t, time.Minute, m, v1alpha1.ConditionComplete, "True")
	if is := w.sameMachine(was); is.PowerState != "poweredOff" {
		t.Errorf("it arrived %s; it was off, and nobody asked for power", is.PowerState)
	}
	if n := harness.Calls(w.Source, "PowerOffVM_Task") + harness.Calls(w.Source, "ShutdownGuest") + harness.Calls(w.Target, "PowerOnVM_Task"); n != 0 {
		t.Errorf("%d calls changed its power", n)
	}
}

func TestAColdMoveOfARunningMachineIsBlockedUntilItIsOff(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	was := w.add(vcentersim.MachineSpec{Name: "must-01", PoweredOn: true})
	m := w.cold(was, &v1alpha1.MovePower{PowerOff: v1alpha1.PowerOffMustBeOff})
	cluster.Create(w.t, m)
	cluster.WaitNotReady(w.t, m, v1alpha1.ReasonPowerOffNotAllowed, "the machine is running", "power.powerOff")
	if m.Status.Step != v1alpha1.MoveStepBlocked || len(m.Status.Concerns) != 1 {
		t.Errorf("the status is %+v", m.Status)
	}
	w.untouched(was)
	if n := harness.Calls(w.Source, "RelocateVM_Task") + harness.Calls(w.Source, "PowerOffVM_Task") + harness.Calls(w.Source, "ShutdownGuest"); n != 0 {
		t.Errorf("%d calls changed something", n)
	}
	_, source := w.picture("oslo") // somebody powers it off
	if _, err := source.Client.PowerOff(t.Context(), was.Ref); err != nil {
		t.Fatal(err)
	}
	cluster.WaitCondition(t, time.Minute, m, v1alpha1.ConditionComplete, "True")
	if is := w.sameMachine(was); is.PowerState != "poweredOff" {
		t.Errorf("it arrived %s; the move had not powered it off", is.PowerState)
	}
}

func TestAColdMoveShutsTheGuestDownAndPowersItOnAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, test := range []struct {
		name  string
		on    v1alpha1.PowerOn
		state string
	}{{"guest-01", "", "poweredOn"}, {"guest-02", v1alpha1.PowerOnLeave, "poweredOff"}} {
		was := w.add(vcentersim.MachineSpec{Name: test.name, PoweredOn: true})
		m := w.cold(was, &v1alpha1.MovePower{PowerOff: v1alpha1.PowerOffGuest, PowerOn: test.on})
		cluster.Create(w.t, m)
		cluster.WaitCondition(t, time.Minute, m, v1alpha1.ConditionComplete, "True")
		if is := w.sameMachine(was); is.PowerState != test.state || is.PowerOffCount != 1 {
			t.Errorf("%s is %s and was powered off %d times, want %s and once", test.name, is.PowerState, is.PowerOffCount, test.state)
		}
	}
	if n := harness.Calls(w.Source, "PowerOffVM_Task"); n != 0 {
		t.Errorf("the power was taken away %d times; the guest was to be asked", n)
	}
}

func TestAGuestThatIgnoresTheShutdownIsLeftRunning(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	was := w.add(vcentersim.MachineSpec{Name: "deaf-01", PoweredOn: true, IgnoresShutdown: true})
	m := w.cold(was, &v1alpha1.MovePower{PowerOff: v1alpha1.PowerOffGuest, TimeoutSeconds: 300})
	cluster.Create(w.t, m)
	w.failedWith(m, v1alpha1.ReasonShutdownTimedOut, "did not within 5m0s", "left running", "whole at the source and running")
	w.untouched(was)
	if n := harness.Calls(w.Source, "RelocateVM_Task") + harness.Calls(w.Source, "PowerOffVM_Task"); n != 0 || harness.Calls(w.Source, "ShutdownGuest") != 1 {
		t.Errorf("%d calls too many, %d shutdowns", n, harness.Calls(w.Source, "ShutdownGuest"))
	}
	if m.Status.GrantedAt != nil || m.Status.Task != nil || m.Status.PoweredOffByMove == "Yes" {
		t.Errorf("the end left something behind: %+v", m.Status)
	}
	cluster.WaitNotReady(w.t, m, v1alpha1.ReasonShutdownTimedOut, "Shut it down yourself", v1alpha1.AnnotationRetryRequestedAt)
	_, source := w.picture("oslo")
	if _, err := source.Client.PowerOff(t.Context(), was.Ref); err != nil {
		t.Fatal(err)
	}
	w.retry(m, "shut down")
	cluster.WaitCondition(t, time.Minute, m, v1alpha1.ConditionComplete, "True")
	w.sameMachine(was)
}

func TestAGuestThatIgnoresTheShutdownLosesItsPowerWhereThatIsAllowed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, machine := range []vcentersim.MachineSpec{
		{Name: "hard-01", PoweredOn: true, IgnoresShutdown: true},
		{Name: "hard-02", PoweredOn: true, Tools: "notRunning"},
	} {
		was := w.add(machine)
		m := w.cold(was, &v1alpha1.MovePower{PowerOff: v1alpha1.PowerOffGuestThenHard, TimeoutSeconds: 60})
		cluster.Create(w.t, m)
		cluster.WaitCondition(t, time.Minute, m, v1alpha1.ConditionComplete, "True")
		if is := w.sameMachine(was); is.PowerState != "poweredOn" || is.PowerOffCount != 1 {
			t.Errorf("%s is %s and was powered off %d times", is.Name, is.PowerState, is.PowerOffCount)
		}
	}
	if n := harness.Calls(w.Source, "ShutdownGuest"); n != 1 {
		t.Errorf("%d guests were asked, want only the one that has Tools", n)
	}
}

func TestAGuestWithoutToolsCannotBeAsked(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	was := w.add(vcentersim.MachineSpec{Name: "mute-01", PoweredOn: true, Tools: "notRunning"})
	m := w.cold(was, &v1alpha1.MovePower{PowerOff: v1alpha1.PowerOffGuest})
	cluster.Create(w.t, m)
	cluster.WaitNotReady(w.t, m, v1alpha1.ReasonToolsNotRunning, "VMware Tools", "power it off yourself")
	w.untouched(was)
	_, source := w.picture("oslo")
	if _, err := source.Client.PowerOff(t.Context(), was.Ref); err != nil {
		t.Fatal(err)
	}
	cluster.WaitCondition(t, time.Minute, m, v1alpha1.ConditionComplete, "True")
	w.sameMachine(was)
}

func TestAMachineThatTheMovePoweredOffIsPoweredOnAgainWhenItDoesNotMove(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	was := w.add(vcentersim.MachineSpec{Name: "back-01", PoweredOn: true})
	w.Source.Inject(vcentersim.Fault{Relocate: true, Machine: was.Name, AtPercent: 50, With: &types.DuplicateName{Name: was.Name}})
	m := w.cold(was, &v1alpha1.MovePower{PowerOff: v1alpha1.PowerOffGuest})
	cluster.Create(w.t, m)
	w.failedWith(m, v1alpha1.ReasonNameTaken, "whole at the source and running")
	is := find(w.Source, was.Name)
	if is == nil || is.PowerState != "poweredOn" || is.PowerOffCount != 1 || find(w.Target, was.Name) != nil {
		t.Errorf("it is %+v at the source", is)
	}
	if n := harness.Calls(w.Source, "PowerOnVM_Task"); n != 1 {
		t.Errorf("it was powered on %d times", n)
	}
}

func TestAPauseLeavesNoMachineInBetween(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	programme := w.programme("finance", v1alpha1.MoveStateRun)
	was := w.add(vcentersim.MachineSpec{Name: "slow-01", PoweredOn: true, ShutdownTime: 10 * time.Minute})
	m := owned(w.cold(was, &v1alpha1.MovePower{PowerOff: v1alpha1.PowerOffGuest, TimeoutSeconds: 3600}), programme)
	cluster.Create(w.t, m)
	cluster.WaitFor(t, time.Minute, m, "the guest to be asked", func() error {
		if task := m.Status.Task; task == nil || task.State != v1alpha1.OperationAccepted {
			return fmt.Errorf("the record is %+v", task)
		}
		return nil
	})
	w.want(programme, v1alpha1.MoveStatePause)
	cluster.WaitCondition(t, time.Minute, m, v1alpha1.ConditionComplete, "True")
	if is := w.sameMachine(was); is.PowerState != "poweredOn" {
		t.Errorf("it is %s", is.PowerState)
	}
	other := w.add(vcentersim.MachineSpec{Name: "slow-02", PoweredOn: true})
	held := owned(w.planned(other, v1alpha1.MoveMethodLive), programme)
	cluster.Create(w.t, held)
	w.reach(held, v1alpha1.MoveStepWaiting)
	cluster.Consistently(t, time.Second, "a paused programme starts nothing", func(context.Context) error {
		if n := harness.Calls(w.Source, "RelocateVM_Task"); n != 1 {
			return fmt.Errorf("RelocateVM_Task was called %d times", n)
		}
		return nil
	}, held)
	w.want(programme, v1alpha1.MoveStateRun)
	cluster.WaitCondition(t, time.Minute, held, v1alpha1.ConditionComplete, "True")
}
