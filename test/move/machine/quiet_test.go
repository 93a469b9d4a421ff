// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package machine_test

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/vmware/govmomi"
	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/vim25/types"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/test/harness"
	"github.com/avs-operator/avs-operator/test/vcentersim"
)

// administrator is a person at a vCenter.
func (w *world) administrator(v *vcentersim.VCenter) *govmomi.Client {
	w.t.Helper()
	u, err := url.Parse(v.URL() + "/sdk")
	if err != nil {
		w.t.Fatal(err)
	}
	u.User = url.UserPassword(v.Username(), v.Password())
	c, err := govmomi.NewClient(w.t.Context(), u, true)
	if err != nil {
		w.t.Fatal(err)
	}
	return c
}

// done waits for an administrator's task.
func (w *world) done(task *object.Task, err error) {
	w.t.Helper()
	if err == nil {
		err = task.Wait(w.t.Context())
	}
	if err != nil {
		w.t.Fatal(err)
	}
}

// What came to a machine after its plan keeps it at home, and lets it go once it is gone.
func TestASnapshotThatCameAfterThePlanIsFoundBeforeTheStart(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	was := w.add(vcentersim.MachineSpec{Name: "web-01", PoweredOn: true})
	m := w.planned(was, v1alpha1.MoveMethodLive)
	vm := object.NewVirtualMachine(w.administrator(w.Source).Client, types.ManagedObjectReference{Type: "VirtualMachine", Value: was.Ref})
	w.done(vm.CreateSnapshot(t.Context(), "before the move", "", false, false))
	cluster.Create(w.t, m)
	cluster.WaitNotReady(w.t, m, v1alpha1.ReasonSnapshotPresent, "has snapshots", "delete or consolidate")
	w.untouched(was)
	if n := harness.Calls(w.Source, "RelocateVM_Task"); n != 0 || m.Status.Step != v1alpha1.MoveStepBlocked || m.Status.GrantedAt != nil {
		t.Errorf("%d relocations, step %s, granted at %v", n, m.Status.Step, m.Status.GrantedAt)
	}
	w.done(vm.RemoveAllSnapshot(t.Context(), nil))
	cluster.WaitCondition(t, time.Minute, m, v1alpha1.ConditionComplete, "True")
	w.sameMachine(was)
}

// A card that arrives unplugged, or on no network, is not "Complete".
func TestACardThatArrivesCutOffIsSaid(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for name, test := range map[string]struct {
		fault vcentersim.Fault
		words string
	}{
		"unplugged-01": {vcentersim.Fault{Relocate: true, Machine: "unplugged-01", Unplugged: true},
			"is disconnected from finance-web; it was connected at the source"},
		"cut-01": {vcentersim.Fault{Relocate: true, Machine: "cut-01", Cut: true}, "is on no network that the account sees, instead of finance-web"},
	} {
		t.Run(name, func(t *testing.T) {
			was := w.add(vcentersim.MachineSpec{Name: name, PoweredOn: true})
			m := w.planned(was, v1alpha1.MoveMethodLive)
			m.Spec.Target.NetworkAdapters[0].Connected = "Yes"
			w.Source.Inject(test.fault)
			cluster.Create(w.t, m)
			w.reach(m, v1alpha1.MoveStepFailed, v1alpha1.MoveStepMoved)
			cluster.WaitNotReady(w.t, m, v1alpha1.ReasonVerificationFailed, test.words)
			if find(w.Source, name) != nil || find(w.Target, name) == nil {
				t.Error("it is not at the target alone")
			}
		})
	}
}

// A waiver lets a machine pass the plan's concern and vCenter's check; the relocation has the last word.
func TestAWaiverLeavesTheLastWordToTheRelocation(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	was := w.add(vcentersim.MachineSpec{Name: "cd-01", PoweredOn: true, CDConnected: true})
	blocked := w.planned(was, v1alpha1.MoveMethodLive)
	cluster.Create(w.t, blocked)
	cluster.WaitNotReady(w.t, blocked, "DeviceConnected", "disconnect them")
	cluster.Remove(t, blocked)

	half := w.planned(was, v1alpha1.MoveMethodLive)
	half.Spec.Waivers = []v1alpha1.MoveWaiver{{Concern: "DeviceConnected", Reason: "the ISO is on both sides"}}
	cluster.Create(w.t, half)
	w.reach(half, v1alpha1.MoveStepFailed)
	if n := harness.Calls(w.Source, "RelocateVM_Task"); n != 0 {
		t.Fatalf("vCenter's check was passed over: %d relocations", n)
	}
	fault := faultNamed(half.Status.Failure.Message)
	whole := w.planned(was, v1alpha1.MoveMethodLive)
	whole.Spec.Waivers = append(half.Spec.Waivers, v1alpha1.MoveWaiver{Concern: fault, Reason: "vCenter is to decide"})
	cluster.Create(w.t, whole)
	w.reach(whole, v1alpha1.MoveStepFailed)
	if n := harness.Calls(w.Source, "RelocateVM_Task"); n != 1 {
		t.Errorf("%d relocations, want the one that the waiver of %s let begin: %+v", n, fault, whole.Status.Failure)
	}
	w.untouched(was)
}

// faultNamed is the type of fault that a failure tells of.
func faultNamed(message string) string {
	for _, word := range strings.FieldsFunc(message, func(r rune) bool { return !(r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z') }) {
		if strings.HasSuffix(word, "Attached") || strings.HasSuffix(word, "NotSupported") {
			return word
		}
	}
	return "None"
}

// A relocation that stands still says so, with since when, and is neither given up nor begun again.
func TestARelocationThatStandsStillSaysSo(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	was := w.add(vcentersim.MachineSpec{Name: "web-01", PoweredOn: true})
	w.Source.Inject(vcentersim.Fault{Relocate: true, Machine: "web-01", AtPercent: 40, Hang: true})
	m := w.planned(was, v1alpha1.MoveMethodLive)
	cluster.Create(w.t, m)
	cluster.WaitNotReady(w.t, m, v1alpha1.ReasonNoProgress, "has shown", "% since 20", "TCP 8000 and 902", "cancel the task in vCenter")
	if n := harness.Calls(w.Source, "RelocateVM_Task"); n != 1 || m.Status.Step != v1alpha1.MoveStepRelocating || len(m.Status.Concerns) != 1 ||
		m.Status.Concerns[0].Name != v1alpha1.ReasonNoProgress {
		t.Errorf("%d relocations, step %s, concerns %+v", n, m.Status.Step, m.Status.Concerns)
	}
	cluster.Remove(t, m)
	w.untouched(was)
}

// A check that vCenter cannot make is no pass: no machine is powered off on the strength of it.
func TestAMachineIsNotPoweredOffForWhatCouldNotBeChecked(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Source.Inject(vcentersim.Fault{Method: "CheckRelocate_Task", With: &types.NotSupported{}, Times: -1})
	was := w.add(vcentersim.MachineSpec{Name: "web-01", PoweredOn: true})
	m := w.cold(was, &v1alpha1.MovePower{PowerOff: v1alpha1.PowerOffGuest})
	cluster.Create(w.t, m)
	cluster.WaitNotReady(w.t, m, v1alpha1.ReasonRelocationNotChecked, "power it off yourself", "waiver of RelocationNotChecked")
	w.untouched(was)
	if n := harness.Calls(w.Source, "ShutdownGuest"); n != 0 {
		t.Errorf("its guest was asked to shut down %d times", n)
	}
	cluster.Remove(t, m)
	again := w.cold(was, &v1alpha1.MovePower{PowerOff: v1alpha1.PowerOffGuest})
	again.Spec.Waivers = []v1alpha1.MoveWaiver{{Concern: v1alpha1.ReasonRelocationNotChecked, Reason: "a rehearsal went well"}}
	cluster.Create(w.t, again)
	cluster.WaitCondition(t, time.Minute, again, v1alpha1.ConditionComplete, "True")
	w.sameMachine(was)
}
