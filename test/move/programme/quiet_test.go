// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package programme_test

import (
	"fmt"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/test/env"
	"github.com/avs-operator/avs-operator/test/vcentersim"
)

// later waits until the condition NewMachines is true and names these paths, or is false or absent without any.
func (w *world) later(move *v1alpha1.WorkloadMove, paths ...string) {
	w.t.Helper()
	cluster.WaitFor(w.t, soon, move, fmt.Sprintf("NewMachines to name %v", paths), func() error {
		c := meta.FindStatusCondition(move.Status.Conditions, v1alpha1.ConditionNewMachines)
		if is := c != nil && c.Status == metav1.ConditionTrue; is != (len(paths) > 0) {
			return fmt.Errorf("it is %+v", c)
		}
		for _, path := range paths {
			if !strings.Contains(c.Message, path) || !strings.Contains(c.Message, "set state to Plan") {
				return fmt.Errorf("it says %s", c.Message)
			}
		}
		return nil
	})
}

// A folder that fills up again behind a move is not emptied again: what appears later is said, and taken in by planning anew.
func TestWhatAppearsLaterIsLeftAloneUntilItIsTakenIn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.add(nil, "app-01")
	w.add(func(s *vcentersim.MachineSpec) { s.Snapshots = 1 }, "snap-01") // keeps the move from its end
	move := w.move("finance", v1alpha1.MoveStateRun, nil)
	w.counts(move, 2, 1, 0, 1, 0)
	w.later(move)
	if s := move.Status.Selection; s == nil || len(s.Machines) != 2 || s.MadeAt.IsZero() {
		t.Errorf("the selection is %+v", s)
	}
	w.add(nil, "late-01", "late-02")
	w.later(move, "/Oslo/vm/Finance/late-01", "/Oslo/vm/Finance/late-02")
	w.counts(move, 2, 1, 0, 1, 0)
	w.edit(move, `{"exclude":[{"names":["snap-01"]}]}`) // an exclusion takes nothing in
	cluster.WaitCondition(t, soon, move, v1alpha1.ConditionComplete, "True")
	w.counts(move, 1, 1, 0, 0, 0)
	w.edit(move, `{"state":"Plan","exclude":[{"names":["snap-01","late-02"]}]}`)
	w.says(move, metav1.ConditionTrue, v1alpha1.ReasonPlanned, "1 of 2 machines")
	w.later(move)
	w.edit(move, `{"state":"Run"}`)
	cluster.WaitFor(t, soon, move, "late-01 to move", func() error {
		if move.Status.Moved != 2 || move.Status.ObservedGeneration != move.Generation {
			return fmt.Errorf("%s have moved", move.Status.Progress)
		}
		return nil
	})
	for _, m := range w.Source.Machines() {
		if m.Name == "late-01" || m.Name == "app-01" {
			t.Errorf("%s is still at the source", m.Name)
		}
	}
	if _, made := w.children()["late-02"]; made {
		t.Error("late-02 was excluded, and moves")
	}
}

// Two networks of one name are not taken for each other.
func TestTwoNetworksOfOneNameAreToldApart(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	lab, err := w.Source.AddTwinPortGroup("Lab", "VLAN-120")
	if err != nil {
		t.Fatal(err)
	}
	w.add(nil, "app-01")
	w.add(func(s *vcentersim.MachineSpec) { s.Networks = []string{lab} }, "lab-01")
	move := w.move("finance", v1alpha1.MoveStateRun, nil)
	w.says(move, metav1.ConditionFalse, "AmbiguousSourceNetwork", "/Oslo/network/VLAN-120 (", "/Oslo/network/Lab/VLAN-120 ("+lab+")", "an entry of its own")
	w.untouched()
	w.edit(move, `{"networks":[{"from":"VLAN-120","to":"finance-web"},{"from":"`+lab+`","to":"/infra/segments/finance-db"}]}`)
	cluster.WaitCondition(t, soon, move, v1alpha1.ConditionComplete, "True")
	w.whole([]string{"app-01", "lab-01"})
	for _, m := range w.Target.Machines() {
		if want := map[string]string{"app-01": "finance-web", "lab-01": "finance-db"}[m.Name]; len(m.Networks) != 1 || m.Networks[0] != want {
			t.Errorf("%s arrived on %v, want %s", m.Name, m.Networks, want)
		}
	}
}

// Where the account may not place machines in the root pool, the cluster means the pool that it may use, and the provider's own is no target.
func TestAClusterMeansThePoolThatTheAccountMayUse(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *vcentersim.Config) { c.ClosedRoot = true })
	w.add(nil, "app-01")
	own := w.move("own", v1alpha1.MoveStatePlan, func(s *v1alpha1.WorkloadMoveSpec) {
		s.Target.Cluster, s.Target.ResourcePool = "", "MGMT-ResourcePool"
	})
	w.says(own, metav1.ConditionFalse, "ResourcePoolReserved", "/Resources/MGMT-ResourcePool", "kept for the vCenter's own machines")
	move := w.move("finance", v1alpha1.MoveStateRun, nil)
	cluster.WaitCondition(t, soon, move, v1alpha1.ConditionComplete, "True")
	w.whole([]string{"app-01"})
	for _, m := range w.Target.Machines() {
		if m.Name == "app-01" && m.Pool != "Compute-ResourcePool" {
			t.Errorf("it is in pool %s", m.Pool)
		}
	}
}

// Where the account may use several pools of the cluster, one of them is named instead of the cluster.
func TestOfSeveralPoolsOneIsNamed(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *vcentersim.Config) { c.ClosedRoot, c.Pools = true, []string{"Gold", "Silver"} })
	w.add(nil, "app-01")
	move := w.move("finance", v1alpha1.MoveStateRun, nil)
	w.says(move, metav1.ConditionFalse, "ResourcePoolForbidden",
		"Name one of its pools with spec.target.resourcePool instead of cluster", "/Resources/Gold, ", "/Resources/Silver")
	w.untouched()
	w.edit(move, `{"target":{"cluster":null,"resourcePool":"Silver"}}`)
	cluster.WaitCondition(t, soon, move, v1alpha1.ConditionComplete, "True")
	w.whole([]string{"app-01"})
	for _, m := range w.Target.Machines() {
		if m.Name == "app-01" && m.Pool != "Silver" {
			t.Errorf("it is in pool %s", m.Pool)
		}
	}
}

// Where machines come with an account of their own, it is that account whose rights on pools count, and not the operator's.
func TestThePoolIsAskedForTheAccountThatMachinesComeWith(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const mover, password, right = "mover@vsphere.local", "a-passw0rd-of-movers", "Resource.AssignVMToPool"
	w.Target.AddUser(mover, password, vcentersim.CloudAdmin)
	w.Target.Revoke(mover, right)
	cluster.Create(w.t, &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Namespace: w.Namespace, Name: "movers"}, Type: corev1.SecretTypeBasicAuth,
		StringData: map[string]string{"username": mover, "password": password},
	})
	weu := &v1alpha1.VCenter{ObjectMeta: metav1.ObjectMeta{Namespace: w.Namespace, Name: "weu"}}
	env.Edit(t, cluster, weu, func(v *v1alpha1.VCenter) {
		v.Spec.Migration = &v1alpha1.VCenterMigration{CredentialsRef: &v1alpha1.CredentialsReference{Name: "movers"}}
	})
	w.add(nil, "app-01")
	move := w.move("finance", v1alpha1.MoveStatePlan, nil)
	w.says(move, metav1.ConditionFalse, "ResourcePoolForbidden", right, "migration.credentialsRef")
	w.untouched()

	w.Target.AddUser(mover, password, vcentersim.CloudAdmin)
	w.Target.Revoke(w.Target.Username(), right) // which is not what machines come with
	w.edit(move, `{"state":"Run"}`)
	cluster.WaitCondition(t, soon, move, v1alpha1.ConditionComplete, "True")
	w.whole([]string{"app-01"})
}

// Room on vSAN is counted as often as the datastore's own policy keeps a byte.
func TestRoomOnVSANIsCountedByItsPolicy(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *vcentersim.Config) { c.DatastoreGB = 100 }) // of three hosts: 300, of which 225 may be used
	w.add(func(s *vcentersim.MachineSpec) { s.DiskGB, s.Thick, s.UsedPercent = []int{80}, true, 10 }, "big-01")
	if err := w.Target.SetDefaultPolicy("vsanDatastore", 2, false); err != nil {
		t.Fatal(err)
	}
	move := w.move("finance", v1alpha1.MoveStatePlan, nil)
	w.says(move, metav1.ConditionFalse, v1alpha1.ReasonTargetWithoutRoom, "(240.0 GiB needed, 225.0 GiB free", "each byte counted 3 times")
	if err := w.Target.SetDefaultPolicy("vsanDatastore", 1, false); err != nil {
		t.Fatal(err)
	}
	w.says(move, metav1.ConditionTrue, v1alpha1.ReasonPlanned)
}
