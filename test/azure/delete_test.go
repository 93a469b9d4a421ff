// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package azure

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/test/armsim"
	"github.com/avs-operator/avs-operator/test/env"
	"github.com/avs-operator/avs-operator/test/harness"
	"github.com/avs-operator/avs-operator/test/vcentersim"
)

func TestRetainLeavesAzureAndTheSecretAlone(t *testing.T) {
	t.Parallel()
	w := newWorld(t, fast)
	cloud := harness.PrivateCloud(w.Namespace, "weu")
	cloud.Spec.Credentials = &v1alpha1.PrivateCloudCredentials{SecretName: "weu-admin"}
	cluster.Create(t, cloud)
	cluster.WaitReady(t, cloud)
	if cloud.Status.Effective.DeletionPolicy != v1alpha1.DeletionPolicyRetain {
		t.Errorf("an absent deletionPolicy means %s", cloud.Status.Effective.DeletionPolicy)
	}
	cluster.Remove(t, cloud)
	w.Wrote(t, "PUT privateclouds/weu")
	time.Sleep(2 * time.Second) // the garbage collector's turn
	secret := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: w.Namespace, Name: "weu-admin"}}
	if err := cluster.Admin.Get(t.Context(), client.ObjectKeyFromObject(secret), secret); err != nil {
		t.Errorf("the credentials of a private cloud that still runs are gone: %v", err)
	}
}

func TestDeleteIsGuarded(t *testing.T) {
	t.Parallel()
	w := newWorld(t, fast)
	cloud, second := harness.PrivateCloud(w.Namespace, "weu"), harness.Cluster(w.Namespace, "weu-2", 3)
	cloud.Spec.DeletionPolicy, second.Spec.DeletionPolicy = v1alpha1.DeletionPolicyDelete, v1alpha1.DeletionPolicyDelete
	cluster.Create(t, cloud, second)
	cluster.WaitReady(t, cloud)
	cluster.WaitReady(t, second)
	err := cluster.Admin.Delete(t.Context(), cloud)
	if err == nil {
		t.Fatal("the API server accepted an unconfirmed delete")
	}
	env.Says(t, err.Error(), v1alpha1.AnnotationConfirmDelete)

	// NoVCenters: the machines cannot be counted, and not knowing is not zero.
	confirm := func(o client.Object) {
		a := o.GetAnnotations()
		a[v1alpha1.AnnotationConfirmDelete] = o.GetName()
		o.SetAnnotations(a)
	}
	env.Edit(t, cluster, cloud, func(c *v1alpha1.PrivateCloud) { confirm(c) })
	env.Edit(t, cluster, second, func(c *v1alpha1.Cluster) { confirm(c) })
	cluster.Delete(t, cloud)
	env.Says(t, cluster.WaitReconciling(t, cloud, v1alpha1.ReasonDependentsExist), "Cluster weu-2")
	cluster.Delete(t, second)
	env.Says(t, cluster.WaitReconciling(t, second, v1alpha1.ReasonUnreachable), "cannot be found out", v1alpha1.AnnotationConfirmMachines+"=weu-2")
	w.Wrote(t, "PUT privateclouds/weu", "PUT privateclouds/weu/clusters/weu-2")
	env.Edit(t, cluster, second, func(c *v1alpha1.Cluster) { c.Annotations[v1alpha1.AnnotationConfirmMachines] = "weu-2" })
	cluster.WaitGone(t, soon, second)
	env.Edit(t, cluster, cloud, func(c *v1alpha1.PrivateCloud) { c.Annotations[v1alpha1.AnnotationConfirmMachines] = "weu" })
	cluster.WaitGone(t, soon, cloud)
	w.Wrote(t, "PUT privateclouds/weu", "PUT privateclouds/weu/clusters/weu-2", "DELETE privateclouds/weu/clusters/weu-2", "DELETE privateclouds/weu")
	if left := w.Azure.Resources(w.Azure.PrivateCloudID("weu")); len(left) != 0 {
		t.Errorf("left in Azure: %v", left)
	}
}

func TestMachinesHoldADeletionBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t, fast, harness.LiveVCenters)
	cloud := harness.PrivateCloud(w.Namespace, "weu")
	cloud.Spec.DeletionPolicy = v1alpha1.DeletionPolicyDelete
	cloud.Annotations = map[string]string{v1alpha1.AnnotationConfirmDelete: "weu"}
	cluster.Create(t, cloud)
	cluster.WaitReady(t, cloud)
	vcenter := w.Azure.VCenter(cloud.Status.ID)
	if vcenter == nil {
		t.Fatal("a private cloud that succeeded has no vCenter")
	}
	var words []string
	for n := range 8 { // all of them are named
		name := fmt.Sprintf("ledger-%d", n)
		if _, err := vcenter.AddMachine(vcentersim.MachineSpec{Name: name, DiskGB: []int{10}, PoweredOn: true}); err != nil {
			t.Fatal(err)
		}
		words = append(words, name)
	}
	cluster.Delete(t, cloud)
	words = append(words, "8 machines", v1alpha1.AnnotationConfirmMachines+"=weu", "deletionPolicy: Retain")
	env.Says(t, cluster.WaitReconciling(t, cloud, v1alpha1.ReasonMachinesExist), words...)
	w.Wrote(t, "PUT privateclouds/weu")
	env.Edit(t, cluster, cloud, func(c *v1alpha1.PrivateCloud) { c.Annotations[v1alpha1.AnnotationConfirmMachines] = "weu" })
	cluster.WaitGone(t, soon, cloud)
	w.Wrote(t, "PUT privateclouds/weu", "DELETE privateclouds/weu")
}

func TestDeleteWhileBeingMadeFollowsTheCreationFirst(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1200)
	cloud := harness.PrivateCloud(w.Namespace, "weu")
	cloud.Spec.DeletionPolicy = v1alpha1.DeletionPolicyDelete
	cloud.Annotations = map[string]string{v1alpha1.AnnotationConfirmDelete: "weu", v1alpha1.AnnotationConfirmMachines: "weu"}
	cluster.Create(t, cloud)
	cluster.WaitReconciling(t, cloud, v1alpha1.ReasonCreating)
	cluster.Delete(t, cloud)
	cluster.WaitGone(t, 2*soon, cloud)
	w.Wrote(t, "PUT privateclouds/weu", "DELETE privateclouds/weu")
}

func TestSuspendedDeletionWaits(t *testing.T) {
	t.Parallel()
	w := newWorld(t, fast)
	cloud := harness.PrivateCloud(w.Namespace, "weu")
	cloud.Spec.DeletionPolicy = v1alpha1.DeletionPolicyDelete
	cloud.Annotations = map[string]string{v1alpha1.AnnotationConfirmDelete: "weu", v1alpha1.AnnotationConfirmMachines: "weu"}
	cluster.Create(t, cloud)
	cluster.WaitReady(t, cloud)
	env.Edit(t, cluster, cloud, func(c *v1alpha1.PrivateCloud) { c.Spec.Suspend = true })
	cluster.Delete(t, cloud)
	cluster.WaitReconciling(t, cloud, v1alpha1.ReasonSuspended)
	w.Wrote(t, "PUT privateclouds/weu")
	env.Edit(t, cluster, cloud, func(c *v1alpha1.PrivateCloud) { c.Spec.Suspend = false })
	cluster.WaitGone(t, soon, cloud)
}

// A namespace that is deleted with everything in it ends, although its identity, Secrets and private cloud go in any order.
func TestDeletingTheNamespaceEnds(t *testing.T) {
	t.Parallel()
	for name, policy := range map[string]v1alpha1.DeletionPolicy{"Retain": "", "Delete": v1alpha1.DeletionPolicyDelete} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, fast)
			cloud := harness.PrivateCloud(w.Namespace, "weu")
			cloud.Spec.DeletionPolicy = policy
			cloud.Annotations = map[string]string{v1alpha1.AnnotationConfirmDelete: "weu", v1alpha1.AnnotationConfirmMachines: "weu"}
			cluster.Create(t, cloud)
			cluster.WaitReady(t, cloud)
			namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: w.Namespace}}
			cluster.Delete(t, namespace)
			cluster.WaitGone(t, 2*soon, namespace)
			left := strings.Join(w.Azure.Resources(w.Azure.PrivateCloudID("weu")), " ")
			if wantLeft := policy == ""; (left != "") != wantLeft {
				t.Errorf("left in Azure: %q", left)
			}
		})
	}
}

// A write whose answer was lost leaves a record. Retain leaves Azure alone all the same.
func TestRetainAfterALostAnswer(t *testing.T) {
	t.Parallel()
	w := newWorld(t, fast)
	cloud := harness.PrivateCloud(w.Namespace, "weu")
	cluster.Create(t, cloud)
	cluster.WaitReady(t, cloud)
	w.Azure.Inject(armsim.Fault{Verb: http.MethodPatch, Reset: true, Count: 100})
	env.Edit(t, cluster, cloud, func(c *v1alpha1.PrivateCloud) { c.Spec.ManagementCluster.ClusterSize = 4 })
	cluster.WaitReconciling(t, cloud, v1alpha1.ReasonOperationUnknown)
	env.Edit(t, cluster, cloud, func(c *v1alpha1.PrivateCloud) { c.Spec.Suspend = true })
	cluster.WaitReconciling(t, cloud, v1alpha1.ReasonSuspended)
	if cloud.Status.Operation == nil {
		t.Fatal("there is no record of the write")
	}
	cluster.Remove(t, cloud)
	if _, there := w.Azure.Resource(w.Azure.PrivateCloudID("weu")); !there {
		t.Fatal("a private cloud that was to be retained is gone")
	}
}

// What somebody deleted in Azure after a failure is not made a second time either.
func TestNotMadeAgainAfterAFailure(t *testing.T) {
	t.Parallel()
	w := newWorld(t, fast)
	cloud, second := harness.PrivateCloud(w.Namespace, "weu"), harness.Cluster(w.Namespace, "weu-2", 3)
	cluster.Create(t, cloud, second)
	cluster.WaitReady(t, second)
	w.Azure.Inject(armsim.Fault{Verb: http.MethodPatch, OperationFails: true, Code: "ProvisioningFailed", Message: "the host did not come up"})
	env.Edit(t, cluster, second, func(c *v1alpha1.Cluster) { c.Spec.ClusterSize = ptr.To(int32(4)) })
	cluster.WaitStalled(t, second, v1alpha1.ReasonSupportRequired)
	if err := w.Azure.RemoveInAzure(w.Azure.PrivateCloudID("weu") + "/clusters/weu-2"); err != nil {
		t.Fatal(err)
	}
	env.Says(t, cluster.WaitStalled(t, second, v1alpha1.ReasonNotFoundInAzure), "is gone")
	w.Wrote(t, "PUT privateclouds/weu", "PUT privateclouds/weu/clusters/weu-2", "PATCH privateclouds/weu/clusters/weu-2")
}

// An object that is retained goes although its operation cannot be followed any more: its identity went first.
func TestRetainWithoutItsIdentityWhileItIsMade(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 600)
	cloud := harness.PrivateCloud(w.Namespace, "weu")
	cluster.Create(t, cloud)
	cluster.WaitReconciling(t, cloud, v1alpha1.ReasonCreating)
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: w.Namespace}}
	cluster.Remove(t, namespace)
	w.Wrote(t, "PUT privateclouds/weu")
}

// A private cloud that is only observed waits for what stands below it, which acts with its identity.
func TestAnObservedPrivateCloudWaitsForItsChildren(t *testing.T) {
	t.Parallel()
	w := newWorld(t, fast)
	w.madeByHand(t, nil)
	cloud := &v1alpha1.PrivateCloud{ObjectMeta: metav1.ObjectMeta{Namespace: w.Namespace, Name: "weu"}}
	cloud.Spec.ManagementPolicy = v1alpha1.ManagementPolicyObserve
	path := &v1alpha1.IscsiPath{ObjectMeta: metav1.ObjectMeta{Namespace: w.Namespace, Name: "iscsi"},
		Spec: v1alpha1.IscsiPathSpec{PrivateCloudRef: v1alpha1.ParentReference{Name: "weu"}, NetworkBlock: "10.200.0.0/24"}}
	cluster.Create(t, cloud, path)
	cluster.WaitReady(t, path)
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: w.Namespace}}
	cluster.Delete(t, namespace)
	cluster.WaitGone(t, 2*soon, namespace)
	if left := w.Azure.Resources(w.Azure.PrivateCloudID("weu")); len(left) != 1 {
		t.Errorf("left in Azure: %v", left)
	}
}

// One of ARM's replicas does not know yet what was made a moment ago. That is no reason to leave it behind.
func TestADeletionDoubtsWhatIsGoneTooSoon(t *testing.T) {
	t.Parallel()
	w := newWorld(t, fast)
	cloud := harness.PrivateCloud(w.Namespace, "weu")
	cluster.Create(t, cloud)
	cluster.WaitReady(t, cloud)
	path := &v1alpha1.IscsiPath{ObjectMeta: metav1.ObjectMeta{Namespace: w.Namespace, Name: "iscsi"},
		Spec: v1alpha1.IscsiPathSpec{PrivateCloudRef: v1alpha1.ParentReference{Name: "weu"}, NetworkBlock: "10.200.0.0/24"}}
	cluster.Create(t, path)
	cluster.WaitReady(t, path)
	w.Azure.Inject(armsim.Fault{Verb: http.MethodGet, Path: regexp.MustCompile(`/iscsipaths/default$`), Status: http.StatusNotFound,
		Code: "ResourceNotFound", Message: "The resource was not found."})
	cluster.Remove(t, path)
	w.Wrote(t, "PUT privateclouds/weu", "PUT privateclouds/weu/iscsipaths/default", "DELETE privateclouds/weu/iscsipaths/default")
	if len(w.Azure.Faults()) > 0 && w.Azure.Faults()[0].Hits == 0 {
		t.Error("nobody was told that it is not there, so this was no test of it")
	}
}
