// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package machine_test

import (
	"slices"
	"testing"
	"time"

	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/vim25/types"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/test/harness"
	"github.com/avs-operator/avs-operator/test/vcentersim"
)

// sameMachine fails unless the machine is at the target alone, and is what it was.
func (w *world) sameMachine(was vcentersim.MachineState) vcentersim.MachineState {
	w.t.Helper()
	if left := find(w.Source, was.Name); left != nil {
		w.t.Fatalf("%s is still at the source", was.Name)
	}
	is := find(w.Target, was.Name)
	if is == nil {
		w.t.Fatalf("%s is not at the target", was.Name)
	}
	if is.InstanceUUID != was.InstanceUUID || is.BIOSUUID != was.BIOSUUID || !slices.Equal(is.MACs, was.MACs) || !slices.Equal(is.Disks, was.Disks) {
		w.t.Errorf("%s arrived as another machine: %+v, it was %+v", was.Name, is, was)
	}
	if is.Folder != "/SDDC-Datacenter/vm/Workloads" || !slices.Equal(is.Networks, []string{"finance-web"}) {
		w.t.Errorf("%s arrived in folder %s on %v", was.Name, is.Folder, is.Networks)
	}
	return *is
}

// untouched fails unless the machine is at the source alone, as it was.
func (w *world) untouched(was vcentersim.MachineState) {
	w.t.Helper()
	if there := find(w.Target, was.Name); there != nil {
		w.t.Fatalf("%s is at the target", was.Name)
	}
	is := find(w.Source, was.Name)
	if is == nil {
		w.t.Fatalf("%s is not at the source any more", was.Name)
	}
	if is.PowerState != was.PowerState || is.Host != was.Host || !slices.Equal(is.Networks, was.Networks) || !slices.Equal(is.MACs, was.MACs) {
		w.t.Errorf("%s changed at the source: %+v, it was %+v", was.Name, is, was)
	}
}

func TestALiveMoveKeepsTheMachineAndItsPower(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	was := w.add(vcentersim.MachineSpec{Name: "web-01", PoweredOn: true})
	m := w.planned(was, v1alpha1.MoveMethodLive)
	cluster.Create(w.t, m)
	cluster.WaitCondition(t, time.Minute, m, v1alpha1.ConditionComplete, "True")
	is := w.sameMachine(was)
	if is.PowerState != "poweredOn" || is.PowerOffCount != 0 {
		t.Errorf("it is %s and was powered off %d times; a live move never powers a machine off", is.PowerState, is.PowerOffCount)
	}
	s := m.Status
	if s.Step != v1alpha1.MoveStepMoved || s.Progress != 100 || s.BytesMoved != s.BytesTotal || s.BytesTotal != 48<<30 ||
		s.TargetRef != is.Ref || s.Attempts != 1 {
		t.Errorf("the status is %+v", s)
	}
	if s.Task != nil || s.GrantedAt != nil || s.FinishedAt == nil || len(s.Concerns) != 0 {
		t.Errorf("the end left something behind: %+v", s)
	}
	harness.Called(t, w.Source, "RelocateVM_Task", 1)
	cluster.WaitFor(t, 10*time.Second, m, "no finalizer", func() error { return lacksFinalizer(m) })
}

func TestALiveMoveOfAMachineThatIsOffLeavesItOff(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	was := w.add(vcentersim.MachineSpec{Name: "batch-01"})
	m := w.planned(was, v1alpha1.MoveMethodLive)
	cluster.Create(w.t, m)
	cluster.WaitCondition(t, time.Minute, m, v1alpha1.ConditionComplete, "True")
	if is := w.sameMachine(was); is.PowerState != "poweredOff" || harness.Calls(w.Target, "PowerOnVM_Task") != 0 {
		t.Errorf("it arrived %s, powered on %d times", is.PowerState, harness.Calls(w.Target, "PowerOnVM_Task"))
	}
}

func TestAMachineThatIsAtTheTargetAlreadyCountsAsMoved(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	was := w.add(vcentersim.MachineSpec{Name: "web-02", PoweredOn: true})
	first, second := w.planned(was, v1alpha1.MoveMethodLive), w.planned(was, v1alpha1.MoveMethodLive)
	cluster.Create(w.t, first)
	cluster.WaitCondition(t, time.Minute, first, v1alpha1.ConditionComplete, "True")
	cluster.Create(w.t, second)
	cluster.WaitCondition(t, time.Minute, second, v1alpha1.ConditionComplete, "True")
	if second.Status.StartedAt != nil || len(second.Status.Concerns) != 1 || second.Status.Concerns[0].Name != "AlreadyAtTarget" {
		t.Errorf("the second move says: %+v", second.Status)
	}
	harness.Called(t, w.Source, "RelocateVM_Task", 1)
	w.sameMachine(was)
}

// A machine that both vCenters show is neither moved nor removed: a person says which of the two is wanted.
// A vCenter with two machines of one identity is left to a person, who removes the copy.
func TestACopyWithTheSameIdentityIsLeftToAPerson(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	was := w.add(vcentersim.MachineSpec{Name: "twin-01", PoweredOn: true})
	m := w.planned(was, v1alpha1.MoveMethodLive)
	copied := w.add(vcentersim.MachineSpec{Name: "twin-01-copy", InstanceUUID: was.InstanceUUID})
	other := w.add(vcentersim.MachineSpec{Name: "twin-02", PoweredOn: true})
	renewed := w.planned(other, v1alpha1.MoveMethodLive)
	kept := w.add(vcentersim.MachineSpec{Name: "twin-02-copy", InstanceUUID: other.InstanceUUID})
	cluster.Create(w.t, m)
	cluster.Create(w.t, renewed)
	for _, m := range []*v1alpha1.VirtualMachineMove{m, renewed} {
		cluster.WaitNotReady(w.t, m, v1alpha1.ReasonAmbiguousMachine, "remove the copies, or give them another instance UUID")
	}
	if n := harness.Calls(w.Source, "RelocateVM_Task"); n != 0 {
		t.Errorf("%d relocations", n)
	}
	admin := w.administrator(w.Source).Client
	at := func(ref string) *object.VirtualMachine {
		return object.NewVirtualMachine(admin, types.ManagedObjectReference{Type: "VirtualMachine", Value: ref})
	}
	w.done(at(copied.Ref).Destroy(t.Context()))
	w.done(at(kept.Ref).Reconfigure(t.Context(), types.VirtualMachineConfigSpec{InstanceUuid: "5029aaaa-0000-4000-8000-00000000c0fe"}))
	for was, m := range map[*vcentersim.MachineState]*v1alpha1.VirtualMachineMove{&was: m, &other: renewed} {
		cluster.WaitCondition(t, time.Minute, m, v1alpha1.ConditionComplete, "True")
		w.sameMachine(*was)
	}
}

func TestAMachineAtBothVCentersIsLeftToAPerson(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	was := w.add(vcentersim.MachineSpec{Name: "both-01", PoweredOn: true})
	copied, err := w.Target.AddMachine(vcentersim.MachineSpec{Name: was.Name, Folder: "/SDDC-Datacenter/vm/Workloads", InstanceUUID: was.InstanceUUID})
	if err != nil {
		t.Fatal(err)
	}
	m := w.planned(was, v1alpha1.MoveMethodLive)
	cluster.Create(w.t, m)
	cluster.WaitNotReady(w.t, m, v1alpha1.ReasonMachineAtBoth,
		"both vCenters show a machine with instance UUID "+was.InstanceUUID, "Remove the one that is not wanted")
	if n := harness.Calls(w.Source, "RelocateVM_Task") + harness.Calls(w.Target, "Destroy_Task"); n != 0 {
		t.Errorf("%d calls changed something", n)
	}
	w.done(object.NewVirtualMachine(w.administrator(w.Target).Client, types.ManagedObjectReference{Type: "VirtualMachine", Value: copied}).Destroy(t.Context()))
	cluster.WaitCondition(t, time.Minute, m, v1alpha1.ConditionComplete, "True")
	w.sameMachine(was)
}
