// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package programme_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/vcenter"
	"github.com/avs-operator/avs-operator/test/harness"
	"github.com/avs-operator/avs-operator/test/vcentersim"
)

// refs are the managed object ids of a machine and its datastores at the source, by the machine's name.
func refs(t *testing.T, w *world, c *vcenter.Client, name string) (machine string, datastores []string) {
	t.Helper()
	for _, m := range w.Source.Machines() {
		if m.Name != name {
			continue
		}
		found, err := c.FindMachine(t.Context(), m.InstanceUUID)
		if err != nil || len(found) != 1 {
			t.Fatalf("Reading %s: %v, %d found", name, err, len(found))
		}
		return found[0].Ref, found[0].Datastores
	}
	t.Fatalf("%s is not at the source", name)
	return "", nil
}

// TestAMachineOfTwoMovesIsExcludedFromOne lets two moves select a machine that the first has begun with: the other waits for it, and goes on without
// it when it is excluded there.
func TestAMachineOfTwoMovesIsExcludedFromOne(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.add(nil, "app-01", "web-01")
	arrive := make(chan struct{})
	w.Source.Inject(vcentersim.Fault{Relocate: true, Machine: "app-01", AtPercent: 20, Hang: true, Until: arrive})
	of := func(names ...string) func(*v1alpha1.WorkloadMoveSpec) {
		return func(s *v1alpha1.WorkloadMoveSpec) { s.Select = []v1alpha1.MachineSelector{{Names: names}} }
	}
	first := w.move("first", v1alpha1.MoveStateRun, of("app-01"))
	cluster.WaitFor(t, soon, first, "app-01 to be on its way", func() error {
		if first.Status.Moving != 1 {
			return fmt.Errorf("%d moving", first.Status.Moving)
		}
		return nil
	})
	second := w.move("second", v1alpha1.MoveStateRun, of("app-01", "web-01"))
	cluster.Eventually(t, soon, "the second move's app-01 to say who has it", func(ctx context.Context) error {
		list := &v1alpha1.VirtualMachineMoveList{}
		if err := cluster.Admin.List(ctx, list, client.InNamespace(w.Namespace)); err != nil {
			return err
		}
		for _, m := range list.Items {
			if c := meta.FindStatusCondition(m.Status.Conditions, v1alpha1.ConditionReady); c != nil && c.Reason == v1alpha1.ReasonClaimedByAnother &&
				strings.Contains(c.Message, "exclude the machine from one of the two") {
				return nil
			}
		}
		return fmt.Errorf("none of %d does", len(list.Items))
	}, second)
	w.edit(second, `{"exclude":[{"names":["app-01"]}]}`)
	cluster.WaitCondition(t, soon, second, v1alpha1.ConditionComplete, "True")
	close(arrive)
	cluster.WaitCondition(t, soon, first, v1alpha1.ConditionComplete, "True")
	w.whole([]string{"app-01", "web-01"})
	if n := harness.Calls(w.Source, "RelocateVM_Task"); n != 2 {
		t.Errorf("%d relocations of 2 machines", n)
	}
}

// What an administrator runs on a host counts: a machine waits until vCenter would run its move, and then it starts.
func TestWhatOthersRunIsLeftRoomFor(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	here := func(folder, datastore string) func(*vcentersim.MachineSpec) {
		return func(s *vcentersim.MachineSpec) {
			s.Host, s.Folder, s.Datastore = w.Source.ClusterHosts("Cluster-A")[0], folder, datastore
		}
	}
	w.add(here("Web", "DS-SSD-01"), "busy-01", "busy-02")
	w.add(here("Web", "DS-SSD-02"), "other-01")
	w.add(here("Finance", "DS-SSD-02"), "app-01")
	admin, err := vcenter.Connect(t.Context(), vcenter.Endpoint{
		URL: w.Source.URL(), Thumbprint: w.Source.Thumbprint(), Username: w.Source.Username(), Password: w.Source.Password(), Speed: speed,
		UserAgent: "an administrator",
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { admin.Close(context.WithoutCancel(t.Context())) })
	_, to := refs(t, w, admin, "other-01")
	var tasks []vcenter.TaskHandle
	for _, name := range []string{"busy-01", "busy-02"} {
		w.Source.Inject(vcentersim.Fault{Relocate: true, Machine: name, AtPercent: 10, Hang: true})
		machine, _ := refs(t, w, admin, name)
		task, err := admin.Relocate(t.Context(), vcenter.Relocation{Machine: machine, Datastore: to[0]})
		if err != nil {
			t.Fatal(err)
		}
		tasks = append(tasks, task)
	}
	move := w.move("finance", v1alpha1.MoveStateRun, nil)
	cluster.Eventually(t, soon, "app-01 to say what it waits for", func(context.Context) error {
		c := meta.FindStatusCondition(w.children()["app-01"].Status.Conditions, v1alpha1.ConditionReady)
		if c == nil || c.Reason != v1alpha1.ReasonWaitingForTurn || !strings.Contains(c.Message, "source host "+w.Source.ClusterHosts("Cluster-A")[0]) {
			return fmt.Errorf("it says %+v", c)
		}
		return nil
	}, move)
	cluster.Consistently(t, time.Second, "app-01 waits", func(context.Context) error {
		if m := w.children()["app-01"]; m.Status.GrantedAt != nil {
			return fmt.Errorf("it is at step %s", m.Status.Step)
		}
		return nil
	}, move)
	for _, task := range tasks {
		if err := admin.CancelTask(t.Context(), task.Ref); err != nil {
			t.Fatal(err)
		}
	}
	cluster.WaitCondition(t, soon, move, v1alpha1.ConditionComplete, "True")
	w.whole([]string{"app-01"})
}

// Of two datastores with one name, in two datacenters, the machine goes to the one that the hosts of the target cluster mount.
func TestOfTwinDatastoresTheOneOfTheClusterIsTaken(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	twin, err := w.Target.AddTwinDatastore("Other-Datacenter", "vsanDatastore")
	if err != nil {
		t.Fatal(err)
	}
	w.add(nil, "app-01")
	other := w.move("other", v1alpha1.MoveStatePlan, func(s *v1alpha1.WorkloadMoveSpec) { s.Target.Datastore = "/Other-Datacenter/datastore/vsanDatastore" })
	w.says(other, metav1.ConditionFalse, "DatastoreNotInCluster", "/Other-Datacenter/datastore/vsanDatastore")
	move := w.move("finance", v1alpha1.MoveStateRun, nil)
	cluster.WaitCondition(t, soon, move, v1alpha1.ConditionComplete, "True")
	w.whole([]string{"app-01"})
	w.counts(move, 1, 1, 0, 0, 0)
	if to := w.children()["app-01"].Spec.Target.Datastore; to.Ref == twin || to.Name != "vsanDatastore" {
		t.Errorf("it went to %+v, the twin is %s", to, twin)
	}
}
