// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package policies

import (
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/test/env"
	"github.com/avs-operator/avs-operator/test/harness"
)

// lockWrites counts how often the lock was made and taken off.
func (w *world) lockWrites() (made, taken int) {
	for _, write := range accepted(w.Azure) {
		switch {
		case !strings.Contains(write, "/providers/microsoft.authorization/locks/"):
		case strings.HasPrefix(write, "PUT"):
			made++
		case strings.HasPrefix(write, "DELETE"):
			taken++
		}
	}
	return made, taken
}

// A delete lock is kept in Azure, holds for everything in the private cloud, and goes only on the way to a confirmed delete.
func TestDeleteLock(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.StartOperator(t)
	cloud, path := w.privateCloud("weu", ""), w.iscsiPath("path")
	cloud.Spec.DeleteLock = "Enabled"
	cloud.Annotations = map[string]string{v1alpha1.AnnotationConfirmMachines: "weu"}
	cluster.Create(t, cloud, path)
	cluster.WaitReady(t, cloud, path)
	if made, taken := w.lockWrites(); made != 1 || taken != 0 {
		t.Fatalf("the lock was made %d times and taken off %d times", made, taken)
	}
	cluster.Delete(t, path)
	env.Says(t, cluster.WaitReconciling(t, path, v1alpha1.ReasonScopeLocked), "weu", "deleteLock")
	w.stays(t)
	if err := cluster.Admin.Delete(t.Context(), cloud); err == nil {
		t.Fatal("the API server accepted an unconfirmed delete")
	}
	env.Edit(t, cluster, cloud, func(c *v1alpha1.PrivateCloud) { c.Spec.DeleteLock = "Disabled" })
	cluster.WaitGone(t, patience, path)
	env.Edit(t, cluster, cloud, func(c *v1alpha1.PrivateCloud) { c.Spec.DeleteLock = "Enabled" })
	cluster.WaitReady(t, cloud)
	env.Edit(t, cluster, cloud, func(c *v1alpha1.PrivateCloud) { c.Annotations[v1alpha1.AnnotationConfirmDelete] = "weu" })
	cluster.WaitReady(t, cloud)
	w.stays(t)
	cluster.Remove(t, cloud)
	if w.inAzure("") {
		t.Error("it is still in Azure")
	}
	if made, taken := w.lockWrites(); made != 2 || taken != 2 {
		t.Errorf("the lock was made %d times and taken off %d times", made, taken)
	}
}

// With a lock on, a confirmed delete of everything at once ends too: the private cloud takes the lock off before its children go.
func TestDeleteLockAndEverythingAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.StartOperator(t)
	cloud, path, second := w.privateCloud("weu", ""), w.iscsiPath("path"), w.cluster("two", "")
	cloud.Spec.DeleteLock = "Enabled"
	cluster.Create(t, cloud, path, second)
	cluster.WaitReady(t, cloud, path, second)
	for _, object := range []client.Object{path, cloud, second} {
		cluster.Delete(t, object)
	}
	for _, object := range []client.Object{path, second, cloud} {
		cluster.WaitGone(t, patience, object)
	}
	if left := w.Azure.Resources(w.Azure.PrivateCloudID("weu")); len(left) > 0 {
		t.Errorf("left in Azure: %v", left)
	}
}

// A workload move that uses a private cloud's vCenter holds its deletion back until it has ended.
func TestAMoveHoldsADeletionBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t, harness.LiveVCenters)
	w.StartOperator(t)
	cloud := w.privateCloud("weu", "")
	meta := func(name string) metav1.ObjectMeta { return metav1.ObjectMeta{Namespace: w.Namespace, Name: name} }
	vcenter := &v1alpha1.VCenter{ObjectMeta: meta("weu"), Spec: v1alpha1.VCenterSpec{PrivateCloudRef: &v1alpha1.ObjectReference{Name: "weu"}}}
	move := &v1alpha1.WorkloadMove{ObjectMeta: meta("finance"), Spec: v1alpha1.WorkloadMoveSpec{
		State:  v1alpha1.MoveStateRun,
		Source: v1alpha1.MoveSource{VCenterRef: v1alpha1.ObjectReference{Name: "oslo"}},
		Target: v1alpha1.MoveTarget{VCenterRef: v1alpha1.ObjectReference{Name: "weu"}, Cluster: "Cluster-1", Folder: "/SDDC-Datacenter/vm/Workloads",
			Datastore: "vsanDatastore"},
		Select: []v1alpha1.MachineSelector{{Names: []string{"web-01"}}},
	}}
	cluster.Create(t, cloud, vcenter, move)
	cluster.WaitReady(t, cloud)
	cluster.Delete(t, cloud)
	env.Says(t, cluster.WaitReconciling(t, cloud, v1alpha1.ReasonDependentsExist), "finance")
	w.stays(t)
	cluster.Delete(t, move)
	cluster.WaitGone(t, patience, cloud)
	if w.inAzure("") {
		t.Error("it is still in Azure")
	}
}
