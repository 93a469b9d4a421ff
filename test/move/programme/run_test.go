// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package programme_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/vmware/govmomi/vim25/types"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	apitypes "k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/test/env"
	"github.com/avs-operator/avs-operator/test/harness"
	"github.com/avs-operator/avs-operator/test/vcentersim"
)

var eight = []string{"app-01", "app-02", "app-03", "app-04", "app-05", "app-06", "app-07", "app-08"}

func TestAProgrammeIsPlannedRunPausedRunAgainAndComplete(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.add(nil, eight...)
	move := w.move("finance", "", nil)
	w.says(move, metav1.ConditionTrue, v1alpha1.ReasonPlanned, "0 of 8 machines")
	p := move.Status.Plan
	if p == nil || p.Machines != 8 || p.Blocked != 0 || p.Bytes != 8*40<<30 || p.EstimatedSeconds < 60 || len(p.Hash) != 64 {
		t.Errorf("the plan is %+v", p)
	}
	cluster.WaitCondition(t, soon, move, v1alpha1.ConditionPlanned, "True")
	w.untouched()

	w.edit(move, `{"state":"Run"}`)
	cluster.WaitFor(t, soon, move, "two machines at the target", func() error {
		if move.Status.Moved < 2 {
			return fmt.Errorf("%d have moved", move.Status.Moved)
		}
		return nil
	})
	w.edit(move, `{"state":"Pause"}`)
	cluster.WaitFor(t, soon, move, "the pause", func() error {
		if move.Status.State != v1alpha1.MoveStatePause || move.Status.Moving > 0 {
			return fmt.Errorf("%s with %d moving", move.Status.State, move.Status.Moving)
		}
		return nil
	})
	started := harness.Calls(w.Source, "RelocateVM_Task")
	if move.Status.Moved == 8 {
		t.Log("The machines were faster than the pause")
	} else {
		w.says(move, metav1.ConditionTrue, v1alpha1.ReasonPaused, "nothing new starts")
		cluster.Consistently(t, time.Second, "nothing starts during a pause", func(context.Context) error {
			if n := harness.Calls(w.Source, "RelocateVM_Task"); n != started {
				return fmt.Errorf("%d relocations, %d before", n, started)
			}
			return nil
		}, move)
	}
	hash := p.Hash
	w.edit(move, `{"state":"Run"}`)
	cluster.WaitCondition(t, soon, move, v1alpha1.ConditionComplete, "True")
	w.whole(eight)
	w.counts(move, 8, 8, 0, 0, 0)
	if n := harness.Calls(w.Source, "RelocateVM_Task"); n != 8 {
		t.Errorf("%d relocations for 8 machines", n)
	}
	s := move.Status
	if s.BytesMoved != s.BytesTotal || s.BytesTotal != 8*40<<30 || s.StartedAt == nil || s.FinishedAt == nil || s.EstimatedEnd != nil || s.Plan.Hash != hash {
		t.Errorf("the status is %+v", s)
	}
	w.silent(move)
}

// silent fails if anything is written after the end.
func (w *world) silent(move *v1alpha1.WorkloadMove) {
	w.t.Helper()
	versions := map[string]string{move.Name: move.ResourceVersion}
	for _, m := range w.children() {
		versions[m.Name] = m.ResourceVersion
	}
	cluster.Consistently(w.t, 2*time.Second, "nothing is written after the end", func(ctx context.Context) error {
		if err := cluster.Admin.Get(ctx, client.ObjectKeyFromObject(move), move); err != nil {
			return err
		}
		is := map[string]string{move.Name: move.ResourceVersion}
		for _, m := range w.children() {
			is[m.Name] = m.ResourceVersion
		}
		for name, version := range versions {
			if is[name] != version {
				return fmt.Errorf("%s was written", name)
			}
		}
		return nil
	}, move)
}

// No host is ever given more than vCenter runs on it at once, on either side, whatever the number of machines.
func TestNoMoreStartsThanVCenterRuns(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.add(func(s *vcentersim.MachineSpec) { s.DiskGB = []int{10} }, eight...)
	w.add(func(s *vcentersim.MachineSpec) { s.DiskGB, s.PoweredOn = []int{10}, false }, "off-01", "off-02", "off-03", "off-04")
	move := w.move("finance", v1alpha1.MoveStateRun, nil)
	most := 0
	cluster.Eventually(t, soon, "completion", func(ctx context.Context) error {
		sources, targets, total := map[string]int{}, map[string]int{}, 0
		for _, m := range w.children() {
			if m.Status.GrantedAt == nil || m.Status.Step == v1alpha1.MoveStepMoved {
				continue
			}
			cost := 2
			if m.Spec.Method == v1alpha1.MoveMethodLive {
				cost = 8
			}
			total++
			if m.Status.Host == nil || m.Status.SourceHost == nil {
				t.Errorf("%s was let start on host %v from %v", m.Name, m.Status.Host, m.Status.SourceHost)
				continue
			}
			sources[m.Status.SourceHost.Ref] += cost
			targets[m.Status.Host.Ref] += cost
		}
		for _, side := range []map[string]int{sources, targets} {
			for host, cost := range side {
				if cost > 16 {
					t.Errorf("host %s bears %d of 16", host, cost)
				}
			}
		}
		if total > 8 {
			t.Errorf("%d machines at once on one datastore that takes 8", total)
		}
		most = max(most, total)
		if err := cluster.Admin.Get(ctx, client.ObjectKeyFromObject(move), move); err != nil {
			return err
		}
		if !meta.IsStatusConditionTrue(move.Status.Conditions, v1alpha1.ConditionComplete) {
			return fmt.Errorf("%s have moved", move.Status.Progress)
		}
		return nil
	}, move)
	if most < 3 {
		t.Errorf("at most %d machines moved at once, where vCenter runs 8", most)
	}
	w.counts(move, 12, 12, 0, 0, 0)
	w.whole(append([]string{"off-01", "off-02", "off-03", "off-04"}, eight...))
}

// An operator that stops and starts again knows from the API server and the vCenters alone what it was doing.
func TestARestartInTheMiddleLosesAndRepeatsNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.add(nil, eight...)
	move := w.move("finance", v1alpha1.MoveStateRun, nil)
	for restarts := range 3 {
		cluster.WaitFor(t, soon, move, "machines to move", func() error {
			if s := move.Status; s.Moved <= int32(restarts) && s.Moved+s.Failed < 8 {
				return fmt.Errorf("%s have moved", s.Progress)
			}
			return nil
		})
		w.RestartOperator(t)
	}
	cluster.WaitCondition(t, soon, move, v1alpha1.ConditionComplete, "True")
	w.counts(move, 8, 8, 0, 0, 0)
	w.whole(eight)
	if n := harness.Calls(w.Source, "RelocateVM_Task"); n != 8 {
		t.Errorf("%d relocations for 8 machines", n)
	}
}

// A machine that fails is named, the others go on, and another try is taken up.
func TestAFailedMachineIsNamedAndTriedAgainOnRequest(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.add(nil, "app-01", "app-02", "app-03")
	w.Source.Inject(vcentersim.Fault{Relocate: true, Machine: "app-02", AtPercent: 30, With: &types.NoDiskSpace{}})
	move := w.move("finance", v1alpha1.MoveStateRun, nil)
	w.says(move, metav1.ConditionFalse, v1alpha1.ReasonMachinesFailed, "2 of 3 machines have moved", "1 has failed (app-02)", v1alpha1.AnnotationRetryRequestedAt)
	cluster.WaitCondition(t, soon, move, v1alpha1.ConditionFailed, "True")
	w.counts(move, 3, 2, 1, 0, 0)
	w.whole([]string{"app-01", "app-03"})
	failed := w.children()["app-02"]
	retry := client.RawPatch(apitypes.MergePatchType, fmt.Appendf(nil, `{"metadata":{"annotations":{%q:"now"}}}`, v1alpha1.AnnotationRetryRequestedAt))
	if err := cluster.Admin.Patch(t.Context(), &failed, retry); err != nil {
		t.Fatal(err)
	}
	cluster.WaitCondition(t, soon, move, v1alpha1.ConditionComplete, "True")
	w.counts(move, 3, 3, 0, 0, 0)
	cluster.WaitCondition(t, soon, move, v1alpha1.ConditionFailed, "False")
}

func TestBlockedMachinesAreNamedAndTheOthersGoOn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.add(nil, "app-01", "app-02")
	w.add(func(s *vcentersim.MachineSpec) { s.Snapshots = 2 }, "snap-01")
	w.add(func(s *vcentersim.MachineSpec) { s.CDConnected = true }, "cd-01")
	move := w.move("finance", v1alpha1.MoveStateRun, nil)
	w.says(move, metav1.ConditionFalse, v1alpha1.ReasonBlocked, "2 of 4 machines have moved", "SnapshotPresent (snap-01)", "DeviceConnected (cd-01)")
	w.counts(move, 4, 2, 0, 2, 0)
	w.whole([]string{"app-01", "app-02"})
	if n := len(w.children()); n != 2 {
		t.Errorf("%d VirtualMachineMoves were made for 2 machines that can move", n)
	}
	cluster.WaitCondition(t, soon, move, v1alpha1.ConditionPlanned, "False")
	w.edit(move, `{"exclude":[{"names":["snap-*","cd-01"]}]}`)
	cluster.WaitCondition(t, soon, move, v1alpha1.ConditionComplete, "True")
	w.counts(move, 2, 2, 0, 0, 0)
}

// A running machine goes from a distributed to a standard port group neither by the plan nor, where that is waived, by vCenter itself; both say
// what helps, and that does.
func TestAStandardPortGroupTakesMachinesThatAreOff(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.add(nil, "web-01")
	const standard = "VM Network"
	move := w.move("finance", v1alpha1.MoveStateRun, func(s *v1alpha1.WorkloadMoveSpec) {
		s.Method, s.Networks[0].To = v1alpha1.MoveMethodLive, standard
	})
	w.says(move, metav1.ConditionFalse, v1alpha1.ReasonBlocked, "NetworkIncompatible (web-01)")
	env.Says(t, concern(move, "NetworkIncompatible"), "VLAN-120 to "+standard, "move it Cold")
	w.untouched()

	w.edit(move, `{"waivers":[{"concern":"NetworkIncompatible","reason":"vCenter is to decide"}]}`)
	w.counts(move, 1, 0, 1, 0, 0)
	failed := w.children()["web-01"]
	env.Says(t, failed.Status.Failure.Message, "NetworksMayNotBeTheSame", "method: Cold", "delete this VirtualMachineMove")
	if n := harness.Calls(w.Source, "RelocateVM_Task"); n != 0 {
		t.Errorf("%d relocations of what vCenter's check refuses", n)
	}
	w.whole(nil)

	w.edit(move, `{"waivers":null,"method":"Cold","power":{"powerOff":"Guest"}}`)
	cluster.Delete(t, &failed) // as it says
	cluster.WaitCondition(t, soon, move, v1alpha1.ConditionComplete, "True")
	for _, m := range w.Target.Machines() {
		if m.Name == "web-01" && (m.PowerState != "poweredOn" || !slices.Equal(m.Networks, []string{standard})) {
			t.Errorf("it is %+v", m)
		}
	}
	w.counts(move, 1, 1, 0, 0, 0)
}

// concern is the message of a concern of the plan, empty if it has none of that name.
func concern(move *v1alpha1.WorkloadMove, name string) string {
	for _, c := range move.Status.Plan.Concerns {
		if c.Name == name {
			return c.Message
		}
	}
	return ""
}

func TestMachinesThatAreAtTheTargetAlreadyCountAsMoved(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.add(nil, "app-01", "app-02")
	first := w.move("first", v1alpha1.MoveStateRun, func(s *v1alpha1.WorkloadMoveSpec) {
		s.Select = []v1alpha1.MachineSelector{{Names: []string{"app-01"}}}
	})
	cluster.WaitCondition(t, soon, first, v1alpha1.ConditionComplete, "True")
	second := w.move("second", v1alpha1.MoveStateRun, nil)
	cluster.WaitCondition(t, soon, second, v1alpha1.ConditionComplete, "True")
	w.counts(second, 2, 2, 0, 0, 0)
	if n := harness.Calls(w.Source, "RelocateVM_Task"); n != 2 {
		t.Errorf("%d relocations for 2 machines", n)
	}
	if n := len(w.children()); n != 2 {
		t.Errorf("%d VirtualMachineMoves, want one of each programme", n)
	}
}
