// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package machine_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/vim25/types"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/test/harness"
	"github.com/avs-operator/avs-operator/test/vcentersim"
)

// TestFaultsBecomeSentences fails relocations in the middle, in every way that a vCenter has: each says what happened, what it means and what to
// do, and leaves the machine whole. When the cause is gone and another try is asked for, as each says, the machine moves.
func TestFaultsBecomeSentences(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	// Tries are three where the fault may pass by itself.
	cases := []struct {
		with   types.BaseMethodFault
		reason string
		tries  int32
		words  []string
	}{
		{&types.NoDiskSpace{Datastore: "vsanDatastore"}, v1alpha1.ReasonTargetWithoutRoom, 1,
			[]string{"vsanDatastore", "make room there, or map the machine's datastore to another"}},
		{&types.InvalidDatastoreState{}, v1alpha1.ReasonDatastoreUnavailable, 1, []string{"look at the datastore in vCenter"}},
		{&types.NoPermission{PrivilegeId: "Resource.HotMigrate"}, v1alpha1.ReasonForbidden, 1, []string{"Resource.HotMigrate", "give it a role with that privilege"}},
		{&types.SSLVerifyFault{Thumbprint: "AA:BB"}, v1alpha1.ReasonCertificateChanged, 1,
			[]string{"certificate", "check that migration.url of the target's VCenter leads to that vCenter"}},
		{&types.InvalidLogin{}, v1alpha1.ReasonCredentialsInvalid, 1, []string{"refused the account", "migration.credentialsRef"}},
		{&types.InvalidToken{}, v1alpha1.ReasonUnreachable, 3, []string{"look whether the target vCenter was restarted or ends sessions early"}},
		{&types.HostConnectFault{}, v1alpha1.ReasonUnreachable, 3, []string{"resolves and leads there from the source vCenter itself"}},
		{&types.NotEnoughLicenses{}, v1alpha1.ReasonMoveFailed, 1, []string{"assign a licence that does in vCenter"}},
		{&types.InvalidState{}, v1alpha1.ReasonMoveFailed, 1, []string{"look at the machine's power and connection state, and whether VMware Tools run"}},
		{&types.SystemErrorFault{Reason: "internal"}, v1alpha1.ReasonMoveFailed, 3, []string{"look at the task in vCenter"}},
		{&types.DuplicateName{Name: "web"}, v1alpha1.ReasonNameTaken, 1, []string{"/SDDC-Datacenter/vm/Workloads", "rename or move one of the two"}},
		{&types.CannotAccessNetwork{}, v1alpha1.ReasonNetworkUnavailable, 1, []string{"check that the mapped network is there"}},
		{&types.RuleViolation{}, v1alpha1.ReasonHostUnavailable, 1, []string{"change the rule or the affinity"}},
		{&types.VirtualHardwareVersionNotSupported{}, v1alpha1.ReasonHostUnavailable, 1, []string{"give the machine hardware that they run"}},
		{&types.HostNotConnected{}, v1alpha1.ReasonHostUnavailable, 3, []string{"look at the hosts of the target cluster"}},
		{&types.CpuIncompatible1ECX{}, v1alpha1.ReasonCPUIncompatible, 1,
			[]string{"set method: Cold in the WorkloadMove", "delete this VirtualMachineMove", "power it off and on under a lower EVC mode first"}},
		{&types.SnapshotCopyNotSupported{}, v1alpha1.ReasonSnapshotPresent, 1, []string{"remove or consolidate them"}},
		{&types.DeviceNotSupported{Device: "USB"}, v1alpha1.ReasonDevicePreventsMove, 1, []string{"disconnect or remove it"}},
		{&types.VmFaultToleranceIssue{}, v1alpha1.ReasonDevicePreventsMove, 1, []string{"turn it off for the move"}},
		{&types.RequestCanceled{}, v1alpha1.ReasonCancelled, 1, []string{"not by this operator", "find out who did and why"}},
		{&types.Timedout{}, v1alpha1.ReasonTimedOut, 3, []string{"look at the network between the hosts"}},
		{&types.TaskInProgress{}, v1alpha1.ReasonMachineBusy, 3, []string{"wait for that operation's end"}},
	}
	var machines []vcentersim.MachineState
	var moves []*v1alpha1.VirtualMachineMove
	for i, test := range cases {
		was := w.add(vcentersim.MachineSpec{Name: fmt.Sprintf("fault-%02d", i), PoweredOn: true})
		w.Source.Inject(vcentersim.Fault{Relocate: true, Machine: was.Name, AtPercent: 50, With: test.with, Times: -1})
		m := w.planned(was, v1alpha1.MoveMethodLive)
		cluster.Create(w.t, m)
		machines, moves = append(machines, was), append(moves, m)
	}
	for i, test := range cases {
		m := moves[i]
		w.failedWith(m, test.reason, append(test.words, "whole at the source and running", v1alpha1.AnnotationRetryRequestedAt)...)
		w.untouched(machines[i])
		if m.Status.Attempts != test.tries || m.Status.GrantedAt != nil || m.Status.Progress != 0 {
			t.Errorf("%T: the status is %+v", test.with, m.Status)
		}
		cluster.WaitFor(t, 10*time.Second, m, "no finalizer", func() error { return lacksFinalizer(m) })
	}
	w.Source.ClearFaults()
	for _, m := range moves {
		w.retry(m, "now")
	}
	for i, m := range moves {
		cluster.WaitCondition(t, time.Minute, m, v1alpha1.ConditionComplete, "True")
		w.sameMachine(machines[i])
	}
}

func TestWhatMayPassIsTriedAgainThreeTimesAtMost(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	once := w.add(vcentersim.MachineSpec{Name: "busy-01", PoweredOn: true})
	// the session of the one with the other ended
	w.Source.Inject(vcentersim.Fault{Relocate: true, Machine: once.Name, AtPercent: 20, With: &types.NotAuthenticated{}})
	m := w.planned(once, v1alpha1.MoveMethodLive)
	cluster.Create(w.t, m)
	cluster.WaitCondition(t, time.Minute, m, v1alpha1.ConditionComplete, "True")
	if is := w.sameMachine(once); is.PowerOffCount != 0 || m.Status.Attempts != 2 || m.Status.Failure != nil {
		t.Errorf("it was tried %d times: %+v", m.Status.Attempts, m.Status.Failure)
	}
	ever := w.add(vcentersim.MachineSpec{Name: "busy-02", PoweredOn: true})
	w.Source.Inject(vcentersim.Fault{Relocate: true, Machine: ever.Name, AtPercent: 20, With: &types.Timedout{}, Times: -1})
	m = w.planned(ever, v1alpha1.MoveMethodLive)
	cluster.Create(w.t, m)
	w.failedWith(m, v1alpha1.ReasonTimedOut, "took too long", "whole at the source and running")
	w.untouched(ever)
	if n := harness.Calls(w.Source, "RelocateVM_Task"); n != 5 || m.Status.Attempts != 3 {
		t.Errorf("RelocateVM_Task was called %d times for both, want 2 and 3; attempts %d", n, m.Status.Attempts)
	}
}

func TestAFailedMoveIsTriedAgainWhenAPersonAsks(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	was := w.add(vcentersim.MachineSpec{Name: "again-01", PoweredOn: true})
	w.Source.Inject(vcentersim.Fault{Relocate: true, AtPercent: 20, With: &types.NoDiskSpace{Datastore: "vsanDatastore"}})
	m := w.planned(was, v1alpha1.MoveMethodLive)
	cluster.Create(w.t, m)
	w.failedWith(m, v1alpha1.ReasonTargetWithoutRoom)
	w.retry(m, "now")
	cluster.WaitCondition(t, time.Minute, m, v1alpha1.ConditionComplete, "True")
	w.sameMachine(was)
	if m.Status.LastHandledRetryAt != "now" || m.Status.Failure != nil {
		t.Errorf("the status is %+v", m.Status)
	}
}

// TestARefusedTokenAsksForAnAccount moves out of a vCenter that takes no tokens of another single sign-on domain, whose check hangs too.
func TestARefusedTokenAsksForAnAccount(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(source *vcentersim.Config) { source.AccountsOnly = true })
	was := w.add(vcentersim.MachineSpec{Name: "token-01", PoweredOn: true})
	m := w.planned(was, v1alpha1.MoveMethodLive)
	cluster.Create(w.t, m)
	w.failedWith(m, v1alpha1.ReasonCredentialsInvalid, "or the token", "name an account of the target in migration.credentialsRef")
	w.Target.AddUser("move@vsphere.local", "Move1!", vcentersim.CloudAdmin)
	w.Account(w.t, "move", "move@vsphere.local", "Move1!")
	weu := &v1alpha1.VCenter{ObjectMeta: metav1.ObjectMeta{Namespace: w.Namespace, Name: "weu"}}
	cluster.Patch(t, weu, `{"spec":{"migration":{"credentialsRef":{"name":"move"}}}}`)
	before := harness.Calls(w.Source, "CheckRelocate_Task")
	if before == 0 {
		t.Error("the token was refused without a check")
	}
	w.Source.Inject(vcentersim.Fault{Check: true, Hang: true})
	w.retry(m, "now")
	cluster.WaitCondition(t, time.Minute, m, v1alpha1.ConditionComplete, "True")
	w.sameMachine(was)
	// How often it checks is its own affair: a machine is read and checked again whenever something may have changed.
	if checks, cancelled := harness.Calls(w.Source, "CheckRelocate_Task")-before, harness.Calls(w.Source, "CancelTask"); checks < 2 || cancelled != 1 {
		t.Errorf("%d checks with the account, %d cancelled: want one that hung, was cancelled, and was followed by another", checks, cancelled)
	}
	if n := harness.Calls(w.Source, "RelocateVM_Task"); n != 1 {
		t.Errorf("RelocateVM_Task was called %d times: a check that was refused or hung must start nothing", n)
	}
}

// TestWhatCannotWorkIsSeenBeforeAnythingIsDone lets the check before the start find what is wrong at the target.
func TestWhatCannotWorkIsSeenBeforeAnythingIsDone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	was := w.add(vcentersim.MachineSpec{Name: "twin-01", PoweredOn: true})
	if _, err := w.Target.AddMachine(vcentersim.MachineSpec{Name: was.Name, Folder: "/SDDC-Datacenter/vm/Workloads"}); err != nil {
		t.Fatal(err)
	}
	m := w.cold(was, &v1alpha1.MovePower{PowerOff: v1alpha1.PowerOffGuest})
	cluster.Create(w.t, m)
	w.failedWith(m, v1alpha1.ReasonNameTaken, "rename or move one of the two", "whole at the source and running")
	if is := find(w.Source, was.Name); is == nil || is.PowerOffCount != 0 {
		t.Errorf("it was powered off for a move that could not work: %+v", is)
	}
	if n := harness.Calls(w.Source, "RelocateVM_Task") + harness.Calls(w.Source, "ShutdownGuest"); n != 0 {
		t.Errorf("%d calls changed something", n)
	}
}

func TestAMachineThatChangedOnTheWayIsNotCalledMoved(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	was := w.add(vcentersim.MachineSpec{Name: "odd-01", PoweredOn: true})
	m := w.planned(was, v1alpha1.MoveMethodLive)
	m.Spec.Machine.BIOSUUID = "00000000-0000-0000-0000-000000000001" // as if another machine had arrived under the same identity
	cluster.Create(w.t, m)
	w.failedWith(m, v1alpha1.ReasonVerificationFailed, "BIOS UUID "+was.BIOSUUID+" instead of 00000000-0000-0000-0000-000000000001",
		"compare it yourself, then ask for another look")
	w.sameMachine(was)
	// Somebody compares it, puts right what differs, and asks for another look.
	arrived := object.NewVirtualMachine(w.administrator(w.Target).Client,
		types.ManagedObjectReference{Type: "VirtualMachine", Value: find(w.Target, was.Name).Ref})
	w.done(arrived.Reconfigure(t.Context(), types.VirtualMachineConfigSpec{Uuid: m.Spec.Machine.BIOSUUID}))
	w.retry(m, "compared")
	cluster.WaitCondition(t, time.Minute, m, v1alpha1.ConditionComplete, "True")
	if n := harness.Calls(w.Source, "RelocateVM_Task"); n != 1 {
		t.Errorf("it was relocated %d times", n)
	}
}

// A token cannot be had while the clocks of vCenter and operator are too far apart. When they are set right, the machine moves.
func TestClocksThatDifferAreTold(t *testing.T) {
	t.Parallel()
	w := newWorldOf(t, func(_, target *vcentersim.Config) { target.TokenClockAhead = 11 * time.Minute })
	was := w.add(vcentersim.MachineSpec{Name: "clock-01", PoweredOn: true})
	m := w.planned(was, v1alpha1.MoveMethodLive)
	cluster.Create(w.t, m)
	cluster.WaitNotReady(w.t, m, v1alpha1.ReasonReferenceNotReady, "more than ten minutes apart; set both by NTP",
		"Name an account for other vCenters in migration.credentialsRef")
	w.Target.SetTokenClockAhead(0)
	cluster.WaitCondition(t, time.Minute, m, v1alpha1.ConditionComplete, "True")
	w.sameMachine(was)
}

// TestAMoveThatWasPlannedWithAnotherVCenterStops lets a VCenter lead to another vCenter than the plan was made with: a machine there is another one.
func TestAMoveThatWasPlannedWithAnotherVCenterStops(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	was := w.add(vcentersim.MachineSpec{Name: "other-01", PoweredOn: true})
	m := w.planned(was, v1alpha1.MoveMethodLive)
	m.Spec.Source.VCenterInstanceUUID = "00000000-0000-0000-0000-000000000002"
	cluster.Create(w.t, m)
	cluster.WaitNotReady(w.t, m, v1alpha1.ReasonIdentityChanged, "nothing is done", "delete this object to have it planned again")
	cluster.Remove(t, m)
	w.untouched(was)
}

func TestTheOldestMoveHasTheMachine(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	was := w.add(vcentersim.MachineSpec{Name: "claim-01", PoweredOn: true})
	held := w.programme("first", v1alpha1.MoveStatePlan)
	first := owned(w.planned(was, v1alpha1.MoveMethodLive), held)
	cluster.Create(w.t, first)
	time.Sleep(time.Second + 100*time.Millisecond) // creation times have whole seconds
	second := w.planned(was, v1alpha1.MoveMethodLive)
	cluster.Create(w.t, second)
	cluster.WaitNotReady(w.t, second, v1alpha1.ReasonClaimedByAnother, w.Namespace+"/"+first.Name)
	if second.Status.Step != v1alpha1.MoveStepBlocked || len(second.Status.Concerns) != 1 || second.Status.Concerns[0].Name != v1alpha1.ReasonClaimedByAnother {
		t.Errorf("the second move's status is %+v", second.Status)
	}
	w.untouched(was)
	w.want(held, v1alpha1.MoveStateCancel) // the other ends, and this one goes on by itself
	w.relocatedOnce(second, was)
}

// TestTwoMovesOfOneMachineInTheSameSecond start at once, under two operators that know nothing of each other's caches.
func TestTwoMovesOfOneMachineInTheSameSecond(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	was := w.add(vcentersim.MachineSpec{Name: "race-01", PoweredOn: true})
	w.picture("weu")
	moves := make([]*v1alpha1.VirtualMachineMove, 4)
	for i := range moves {
		moves[i] = w.planned(was, v1alpha1.MoveMethodLive)
	}
	w.start() // a second operator that believes to lead as well
	for _, m := range moves {
		cluster.Create(w.t, m)
	}
	for _, m := range moves {
		cluster.WaitCondition(t, 2*time.Minute, m, v1alpha1.ConditionComplete, "True")
	}
	w.sameMachine(was)
	harness.Called(t, w.Source, "RelocateVM_Task", 1)
	var began int
	for _, m := range moves {
		if m.Status.Attempts > 0 {
			began++
		}
	}
	if began != 1 {
		t.Errorf("%d moves relocated the machine", began)
	}
}
