// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package programme_test

import (
	"fmt"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/test/harness"
	"github.com/avs-operator/avs-operator/test/vcentersim"
)

// stuck makes one machine hang in the middle of its relocation, and waits until all others have moved.
func stuck(w *world, move *v1alpha1.WorkloadMove, machine string) {
	w.t.Helper()
	cluster.WaitFor(w.t, soon, move, machine+" to be the last that moves", func() error {
		if s := move.Status; s.Moving != 1 || s.Moved < 1 || s.Waiting > 0 {
			return fmt.Errorf("%d moving, %d moved, %d waiting", s.Moving, s.Moved, s.Waiting)
		}
		return nil
	})
}

func TestCancelStopsWhatRunsAndLeavesMachinesWhereTheyAre(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.add(nil, "app-01", "app-02", "hang-01")
	w.add(func(s *vcentersim.MachineSpec) { s.Snapshots = 1 }, "snap-01")
	w.Source.Inject(vcentersim.Fault{Relocate: true, Machine: "hang-01", AtPercent: 40, Hang: true})
	move := w.move("finance", v1alpha1.MoveStateRun, nil)
	stuck(w, move, "hang-01")
	w.edit(move, `{"state":"Cancel"}`)
	cluster.WaitCondition(t, soon, move, v1alpha1.ConditionComplete, "True")
	w.says(move, metav1.ConditionTrue, v1alpha1.ReasonCancelled, "every machine stays where it is", "2 of 4 machines have moved", "2 were cancelled")
	w.counts(move, 4, 2, 0, 0, 2)
	w.whole([]string{"app-01", "app-02"})
	w.silent(move)
}

func TestCancelOfAPlanTouchesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.add(nil, "app-01", "app-02")
	move := w.move("finance", v1alpha1.MoveStatePlan, nil)
	w.says(move, metav1.ConditionTrue, v1alpha1.ReasonPlanned)
	w.edit(move, `{"state":"Cancel"}`)
	w.says(move, metav1.ConditionTrue, v1alpha1.ReasonCancelled)
	w.counts(move, 2, 0, 0, 0, 2)
	w.untouched()
}

func TestDeletingAProgrammeLetsGoOnlyWhenNothingRuns(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.add(nil, "app-01", "app-02", "hang-01")
	w.Source.Inject(vcentersim.Fault{Relocate: true, Machine: "hang-01", AtPercent: 40, Hang: true})
	move := w.move("finance", v1alpha1.MoveStateRun, nil)
	stuck(w, move, "hang-01")
	cluster.Remove(t, move)
	if n := harness.Calls(w.Source, "CancelTask"); n != 1 {
		t.Errorf("CancelTask was called %d times", n)
	}
	w.whole([]string{"app-01", "app-02"})
	for _, m := range w.children() {
		cluster.WaitGone(t, soon, &m)
	}
}

func TestAnEditChangesWhatHasNotStartedAndSaysWhatItDoesNotChange(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *vcentersim.Config) { c.Hosts = 3 })
	// One source host runs two at once: the others wait.
	at := func(s *vcentersim.MachineSpec) { s.Host = w.Source.ClusterHosts("Cluster-A")[0] }
	w.add(at, "app-01", "app-02", "app-03", "app-04")
	w.Source.Inject(vcentersim.Fault{Relocate: true, AtPercent: 20, Hang: true, Times: -1})
	move := w.move("finance", v1alpha1.MoveStateRun, nil)
	cluster.WaitFor(t, soon, move, "two machines to move and two to wait", func() error {
		if s := move.Status; s.Moving != 2 || s.Waiting != 2 {
			return fmt.Errorf("%d moving, %d waiting", s.Moving, s.Waiting)
		}
		return nil
	})
	before := w.children()
	var running, waiting []string
	for name, m := range before {
		if m.Status.GrantedAt != nil {
			running = append(running, name)
		} else {
			waiting = append(waiting, name)
		}
	}
	if len(running) != 2 {
		t.Fatalf("%v have started, want two", running)
	}
	w.edit(move, fmt.Sprintf(`{"networks":[{"from":"VLAN-120","to":"finance-db"}],"exclude":[{"names":[%q]}]}`, waiting[0]))
	cluster.WaitFor(t, soon, move, "the plan to say what it leaves alone", func() error {
		if len(w.children()) == 3 && move.Status.Total == 3 && move.Status.Plan != nil {
			for _, c := range move.Status.Plan.Concerns {
				if c.Name == "StartedUnchanged" && c.Machines == 2 {
					return nil
				}
			}
		}
		return fmt.Errorf("%d children, total %d, plan %+v", len(w.children()), move.Status.Total, move.Status.Plan)
	})
	after := w.children()
	for _, name := range running {
		if after[name].UID != before[name].UID || after[name].Spec.Target.NetworkAdapters[0].Network.Name != "finance-web" {
			t.Errorf("%s has started and was changed", name)
		}
	}
	if m := after[waiting[1]]; m.UID == before[waiting[1]].UID || m.Spec.Target.NetworkAdapters[0].Network.Name != "finance-db" {
		t.Errorf("%s had not started and goes to %s", waiting[1], m.Spec.Target.NetworkAdapters[0].Network.Name)
	}
	if _, there := after[waiting[0]]; there {
		t.Errorf("%s was excluded before it started and is still there", waiting[0])
	}
	w.edit(move, `{"state":"Cancel"}`)
	cluster.WaitCondition(t, soon, move, v1alpha1.ConditionComplete, "True")
	w.whole(nil)
}
