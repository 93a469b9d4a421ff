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

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/test/armsim"
	"github.com/avs-operator/avs-operator/test/env"
	"github.com/avs-operator/avs-operator/test/harness"
)

// Before anything exists in Azure, what the messages advise can be done, and nothing of the first spec is left anywhere.
func TestBeforeAnythingExistsImmutableFieldsMayBeEdited(t *testing.T) {
	t.Parallel()
	w := newWorld(t, fast)
	cloud := harness.PrivateCloud(w.Namespace, "weu")
	cloud.Spec.AzureName, cloud.Spec.SKU = "wrong", "av99"
	path := &v1alpha1.IscsiPath{ObjectMeta: metav1.ObjectMeta{Namespace: w.Namespace, Name: "iscsi"},
		Spec: v1alpha1.IscsiPathSpec{PrivateCloudRef: v1alpha1.ParentReference{Name: "weu"}, NetworkBlock: "10.200.0.0/24"}}
	cluster.Create(t, cloud, path)
	env.Says(t, cluster.WaitStalled(t, cloud, v1alpha1.ReasonSKUNotOffered), "av99")
	if !strings.HasSuffix(cloud.Status.ID, "/wrong") {
		t.Errorf("the id is %s", cloud.Status.ID)
	}
	env.Edit(t, cluster, cloud, func(c *v1alpha1.PrivateCloud) {
		c.Spec.AzureName, c.Spec.SKU, c.Spec.NetworkBlock = "", "av36p", "10.176.0.0/22"
	})
	cluster.WaitReady(t, cloud)
	cluster.WaitReady(t, path)
	if !strings.HasSuffix(cloud.Status.ID, "/weu") || cloud.Annotations[v1alpha1.AnnotationAzureID] != cloud.Status.ID ||
		!strings.HasPrefix(path.Status.ID, cloud.Status.ID+"/") {
		t.Errorf("the ids are %s, %s and %s", cloud.Status.ID, cloud.Annotations[v1alpha1.AnnotationAzureID], path.Status.ID)
	}
	w.Wrote(t, "PUT privateclouds/weu", "PUT privateclouds/weu/iscsipaths/default")
	refused(t, cloud, "azureName")
}

// What Azure has refused to make can be asked for elsewhere or with other hosts, in the same object. Its name stays: what a refusal may have left behind
// is found under it.
func TestARefusedCreationMayBeEdited(t *testing.T) {
	t.Parallel()
	w := newWorld(t, fast)
	w.Azure.Inject(armsim.Fault{Verb: http.MethodPut, Path: weu, Status: 409, Code: "AllocationFailed", Message: "There are no hosts.", Count: 1})
	cloud := harness.PrivateCloud(w.Namespace, "weu")
	cluster.Create(t, cloud)
	env.Says(t, cluster.WaitReconciling(t, cloud, v1alpha1.ReasonInsufficientCapacity), "There are no hosts")
	env.Edit(t, cluster, cloud, func(c *v1alpha1.PrivateCloud) { c.Spec.AzureName = "another" })
	env.Says(t, cluster.WaitStalled(t, cloud, v1alpha1.ReasonImmutableField), "set them back")
	env.Edit(t, cluster, cloud, func(c *v1alpha1.PrivateCloud) { c.Spec.AzureName, c.Spec.Location = "", "northeurope" })
	cluster.WaitReady(t, cloud)
	w.Wrote(t, "PUT privateclouds/weu", "PUT privateclouds/weu")
	if at := w.InAzure("", "location"); at != "northeurope" {
		t.Errorf("it is in %v", at)
	}
}

// refused fails unless the API server refuses another name in Azure.
func refused(t *testing.T, cloud *v1alpha1.PrivateCloud, word string) {
	t.Helper()
	edited := cloud.DeepCopy()
	edited.Spec.AzureName = "another"
	if err := cluster.Admin.Patch(t.Context(), edited, client.MergeFrom(cloud), client.DryRunAll); err == nil ||
		!strings.Contains(err.Error(), word+" is immutable") {
		t.Errorf("the edit of %s: %v", word, err)
	}
}

// An edit in the moment of the first write is either in time, and then the write is for it, or too late, and then it is refused. There is never
// a second private cloud, nor one that no object has.
func TestAnEditInTheSecondOfTheFirstWrite(t *testing.T) {
	t.Parallel()
	w := newWorld(t, fast)
	cloud := harness.PrivateCloud(w.Namespace, "weu")
	cloud.Spec.AzureName = "name-0"
	cluster.Create(t, cloud)
	accepted := 0
	for deadline := time.Now().Add(soon); time.Now().Before(deadline); {
		patch := fmt.Sprintf(`{"spec":{"azureName":"name-%d"}}`, accepted+1)
		err := cluster.Admin.Patch(t.Context(), cloud.DeepCopy(), client.RawPatch("application/merge-patch+json", []byte(patch)))
		if apierrors.IsInvalid(err) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		accepted++
		if accepted > 20 { // the operator is never let past the claim by whoever edits without end
			time.Sleep(50 * time.Millisecond)
		}
	}
	cluster.WaitReady(t, cloud)
	want := fmt.Sprintf("name-%d", accepted)
	if accepted == 0 || cloud.Spec.AzureName != want || !strings.HasSuffix(cloud.Status.ID, "/"+want) {
		t.Errorf("after %d edits the name is %s and the id %s", accepted, cloud.Spec.AzureName, cloud.Status.ID)
	}
	w.Wrote(t, "PUT privateclouds/"+want)
}

// While nobody knows whether the first write arrived, nothing that it was about may be edited.
func TestAnEditAfterALostAnswer(t *testing.T) {
	t.Parallel()
	w := newWorld(t, fast)
	w.Azure.Inject(armsim.Fault{Verb: http.MethodPut, Path: regexp.MustCompile(`/privateclouds/weu$`), When: armsim.After, Drop: true})
	cloud := harness.PrivateCloud(w.Namespace, "weu")
	cluster.Create(t, cloud)
	cluster.WaitReconciling(t, cloud, v1alpha1.ReasonOperationUnknown)
	refused(t, cloud, "azureName")
	cluster.WaitReady(t, cloud)
	w.Wrote(t, "PUT privateclouds/weu")
}

// A backup that is restored without status still names the same private cloud, whatever else is edited in it: nothing is ordered a second time,
// and setting back what was edited is accepted.
func TestAnEditAfterARestoredBackup(t *testing.T) {
	t.Parallel()
	w := newWorld(t, fast)
	cloud := harness.PrivateCloud(w.Namespace, "weu")
	cluster.Create(t, cloud)
	cluster.WaitReady(t, cloud)
	backup := &v1alpha1.PrivateCloud{ObjectMeta: metav1.ObjectMeta{Namespace: w.Namespace, Name: "weu", Annotations: cloud.Annotations, Labels: cloud.Labels},
		Spec: cloud.Spec}
	cluster.Remove(t, cloud)
	backup.Spec.AzureName = "another"
	cluster.Create(t, backup)
	env.Says(t, cluster.WaitStalled(t, backup, v1alpha1.ReasonImmutableField), "set them back")
	env.Edit(t, cluster, backup, func(c *v1alpha1.PrivateCloud) { c.Spec.AzureName = "" })
	cluster.WaitReady(t, backup)
	w.Wrote(t, "PUT privateclouds/weu")
}
