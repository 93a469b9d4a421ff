// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package machine_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/vmware/govmomi/vim25/types"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/test/vcentersim"
)

// refusals are what vSphere's reference lists among the faults of the power calls themselves.
func refusals() []types.BaseMethodFault {
	return []types.BaseMethodFault{
		&types.NoPermission{PrivilegeId: "VirtualMachine.Interact.PowerOn"},
		&types.InvalidPowerState{RequestedState: types.VirtualMachinePowerStatePoweredOn, ExistingState: types.VirtualMachinePowerStateSuspended},
		&types.InsufficientMemoryResourcesFault{},
		&types.TaskInProgress{},
		&types.NotSupported{},
	}
}

var guestPower = &v1alpha1.MovePower{PowerOff: v1alpha1.PowerOffGuest}

// retry asks a failed move for another try.
func (w *world) retry(m *v1alpha1.VirtualMachineMove, word string) {
	w.t.Helper()
	cluster.Patch(w.t, m, fmt.Sprintf(`{"metadata":{"annotations":{%q:%q}}}`, v1alpha1.AnnotationRetryRequestedAt, word))
}

// TestPowerOnRefusedAtOnceAtTheTarget lets vCenter refuse the call itself, once: the machine runs in the end, and was moved once.
func TestPowerOnRefusedAtOnceAtTheTarget(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for i, with := range refusals() {
		was := w.add(vcentersim.MachineSpec{Name: fmt.Sprintf("on-%02d", i), PoweredOn: true})
		w.Target.Inject(vcentersim.Fault{Method: "PowerOnVM_Task", Machine: was.Name, With: with})
		m := w.cold(was, guestPower)
		cluster.Create(w.t, m)
		cluster.WaitCondition(t, time.Minute, m, v1alpha1.ConditionComplete, "True")
		if is := w.sameMachine(was); is.PowerState != "poweredOn" || is.PowerOffCount != 1 || callsOn(w.Source, "RelocateVM_Task", was.Ref) != 1 {
			t.Errorf("%T: it is %s at the target, and was relocated %d times", with, is.PowerState, callsOn(w.Source, "RelocateVM_Task", was.Ref))
		}
		if m.Status.PowerOn != nil || m.Status.PoweredOffByMove == "Yes" {
			t.Errorf("%T: it runs, and the status says %+v, powered off by the move: %s", with, m.Status.PowerOn, m.Status.PoweredOffByMove)
		}
	}
}

// TestPowerOnRefusedForEverAtTheTarget ends with a sentence that says where the machine is and that it is off, also when the programme is
// cancelled meanwhile, and goes on when a person asks.
func TestPowerOnRefusedForEverAtTheTarget(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	programme := w.programme("finance", v1alpha1.MoveStateRun)
	was := w.add(vcentersim.MachineSpec{Name: "never-on", PoweredOn: true})
	w.Target.Inject(vcentersim.Fault{Method: "PowerOnVM_Task", With: &types.NoPermission{PrivilegeId: "VirtualMachine.Interact.PowerOn"}, Times: -1})
	m := owned(w.cold(was, guestPower), programme)
	cluster.Create(w.t, m)
	cluster.WaitNotReady(w.t, m, v1alpha1.ReasonPowerOnFailed, "at the target and powered off", "tried again at")
	if m.Status.GrantedAt != nil {
		t.Error("a machine that has arrived still holds its turn")
	}
	w.want(programme, v1alpha1.MoveStateCancel)
	w.failedWith(m, v1alpha1.ReasonPowerOnFailed, "whole at the target and powered off", "4 attempts", "NoPermission", v1alpha1.AnnotationRetryRequestedAt)
	if is := w.sameMachine(was); is.PowerState != "poweredOff" || callsOn(w.Target, "PowerOnVM_Task", is.Ref) != 4 {
		t.Errorf("it is %s after %d calls", is.PowerState, callsOn(w.Target, "PowerOnVM_Task", is.Ref))
	}
	w.Target.ClearFaults()
	w.retry(m, "now")
	cluster.WaitCondition(t, time.Minute, m, v1alpha1.ConditionComplete, "True")
	if is := w.sameMachine(was); is.PowerState != "poweredOn" {
		t.Errorf("it is %s after a person asked for another try", is.PowerState)
	}
}

// TestPowerOnRefusedAtOnceAtTheSource fails the relocation of a machine that was powered off for it: no second one follows, and the machine
// runs again where it was, or the move says that it does not.
func TestPowerOnRefusedAtOnceAtTheSource(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for i, with := range refusals() {
		was := w.add(vcentersim.MachineSpec{Name: fmt.Sprintf("back-%02d", i), PoweredOn: true})
		w.Source.Inject(vcentersim.Fault{Relocate: true, Machine: was.Name, AtPercent: 50, With: &types.DuplicateName{Name: was.Name}})
		w.Source.Inject(vcentersim.Fault{Method: "PowerOnVM_Task", Machine: was.Name, With: with})
		m := w.cold(was, guestPower)
		cluster.Create(w.t, m)
		w.failedWith(m, v1alpha1.ReasonNameTaken, "whole at the source and running")
		is := find(w.Source, was.Name)
		if is == nil || is.PowerState != "poweredOn" || find(w.Target, was.Name) != nil || callsOn(w.Source, "RelocateVM_Task", was.Ref) != 1 {
			t.Errorf("%T: it is %+v at the source after %d relocations", with, is, callsOn(w.Source, "RelocateVM_Task", was.Ref))
		}
	}
	was := w.add(vcentersim.MachineSpec{Name: "never-back", PoweredOn: true})
	w.Source.Inject(vcentersim.Fault{Relocate: true, Machine: was.Name, AtPercent: 50, With: &types.DuplicateName{Name: was.Name}})
	w.Source.Inject(vcentersim.Fault{Method: "PowerOnVM_Task", Machine: was.Name, With: &types.NoPermission{}, Times: -1})
	m := w.cold(was, guestPower)
	cluster.Create(w.t, m)
	w.failedWith(m, v1alpha1.ReasonPowerOnFailed, "rename or move one of the two", "whole at the source and powered off", "4 attempts")
	if n := callsOn(w.Source, "RelocateVM_Task", was.Ref); n != 1 {
		t.Errorf("it was relocated %d times", n)
	}
}

// TestPowerOffRefusedAtOnce leaves the machine running, and says so.
func TestPowerOffRefusedAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	hard := &v1alpha1.MovePower{PowerOff: v1alpha1.PowerOffGuestThenHard, TimeoutSeconds: 60}
	for i, test := range []struct {
		method, tools string
		power         *v1alpha1.MovePower
	}{{"ShutdownGuest", "running", guestPower}, {"PowerOffVM_Task", "notRunning", hard}} {
		for j, c := range []struct {
			with   types.BaseMethodFault
			reason string
		}{{&types.NoPermission{PrivilegeId: "VirtualMachine.Interact.PowerOff"}, v1alpha1.ReasonForbidden}, {&types.TaskInProgress{}, v1alpha1.ReasonMachineBusy}} {
			was := w.add(vcentersim.MachineSpec{Name: fmt.Sprintf("off-%d%d", i, j), PoweredOn: true, Tools: test.tools})
			w.Source.Inject(vcentersim.Fault{Method: test.method, Machine: was.Name, With: c.with, Times: -1})
			m := w.cold(was, test.power)
			cluster.Create(w.t, m)
			w.failedWith(m, c.reason, "whole at the source and running")
			w.untouched(was)
			if m.Status.PoweredOffByMove == "Yes" || callsOn(w.Source, test.method, was.Ref) > 3 {
				t.Errorf("%s refused with %T %d times; powered off by the move: %s",
					test.method, c.with, callsOn(w.Source, test.method, was.Ref), m.Status.PoweredOffByMove)
			}
		}
	}
}
