// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package policies

import (
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/azure/kind"
	"github.com/avs-operator/avs-operator/test/armsim"
	"github.com/avs-operator/avs-operator/test/env"
)

// pairs are two objects with one ARM id, of a kind with tags in Azure, of a dear one without, and of a small one.
var pairs = map[string]struct {
	below string
	make  func(w *world, name string) kind.Object
}{
	"PrivateCloud": {"", func(w *world, name string) kind.Object { return w.privateCloud(name, "weu") }},
	"Cluster":      {"/clusters/two", func(w *world, name string) kind.Object { return w.cluster(name, "two") }},
	"IscsiPath":    {"/iscsiPaths/default", func(w *world, name string) kind.Object { return w.iscsiPath(name) }},
}

// parent makes what a pair stands below.
func (w *world) parent(t *testing.T, kindName string) {
	t.Helper()
	if kindName != "PrivateCloud" {
		cluster.Create(t, w.privateCloud("weu", ""))
	}
}

// The second object for an ARM id writes nothing, and going it takes nothing along, whatever its deletionPolicy. When the first goes and leaves
// Azure alone, the second takes over.
func TestTheSecondObjectOfAnIDStandsBack(t *testing.T) {
	t.Parallel()
	for kindName, pair := range pairs {
		t.Run(kindName, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.start(t)
			w.parent(t, kindName)
			first, second := pair.make(w, "first"), pair.make(w, "second")
			cluster.Create(t, first)
			ready(t, first)
			before := writes(w.azure)
			cluster.Create(t, second)
			env.Says(t, says(t, second, v1alpha1.ConditionStalled, v1alpha1.ReasonAlreadyManaged), w.namespace+"/first")
			cluster.Delete(t, second)
			cluster.WaitGone(t, patience, second)
			w.stays(t)
			if !w.inAzure(pair.below) {
				t.Fatal("an object that never managed it took it along")
			}
			third := pair.make(w, "third")
			cluster.Create(t, third)
			says(t, third, v1alpha1.ConditionStalled, v1alpha1.ReasonAlreadyManaged)
			env.Edit(t, cluster, first, func(o kind.Object) { o.AzureSpec().DeletionPolicy = v1alpha1.DeletionPolicyRetain })
			cluster.Delete(t, first)
			cluster.WaitGone(t, patience, first)
			if kindName == "PrivateCloud" { // its tag still names the first
				says(t, third, v1alpha1.ConditionStalled, v1alpha1.ReasonAlreadyManaged)
				env.Edit(t, cluster, third, func(o kind.Object) { o.AzureSpec().AdoptionPolicy = v1alpha1.AdoptionPolicyAlways })
				before = append(before, "PATCH privateclouds/weu")
			}
			ready(t, third)
			w.wrote(t, before...)
			cluster.Delete(t, third)
			cluster.WaitGone(t, patience, third)
			if w.inAzure(pair.below) {
				t.Error("it is still in Azure")
			}
		})
	}
}

// Both objects of an ARM id go at once, and the one that manages it leaves Azure alone: then it stays, whatever the other one asks for.
func TestAResourceThatWasLeftStaysWhenBothObjectsGo(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.start(t)
	w.parent(t, "IscsiPath")
	first, second := w.iscsiPath("first"), w.iscsiPath("second")
	cluster.Create(t, first)
	ready(t, first)
	cluster.Create(t, second)
	says(t, second, v1alpha1.ConditionStalled, v1alpha1.ReasonAlreadyManaged)
	env.Edit(t, cluster, first, func(p *v1alpha1.IscsiPath) { p.Spec.DeletionPolicy = v1alpha1.DeletionPolicyRetain })
	w.operator.Stop(t)
	cluster.Delete(t, first)
	cluster.Delete(t, second)
	w.start(t)
	cluster.WaitGone(t, patience, first)
	cluster.WaitGone(t, patience, second)
	if !w.inAzure("/iscsiPaths/default") {
		t.Error("what was to be left in Azure is gone")
	}
}

// Two objects that were made while nobody worked: the older one has it, and one request is made.
func TestTwoObjectsMadeWhileTheOperatorIsDown(t *testing.T) {
	t.Parallel()
	for kindName, pair := range pairs {
		t.Run(kindName, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.start(t)
			w.parent(t, kindName)
			if kindName != "PrivateCloud" {
				ready(t, w.privateCloud("weu", ""))
			}
			w.operator.Stop(t)
			before := len(writes(w.azure))
			a, b := pair.make(w, "a"), pair.make(w, "b")
			cluster.Create(t, b, a)
			w.start(t)
			owner, other := a, b // of one second the UID decides
			if precedes(b, a) {
				owner, other = b, a
			}
			ready(t, owner)
			says(t, other, v1alpha1.ConditionStalled, v1alpha1.ReasonAlreadyManaged)
			w.stays(t)
			if n := len(writes(w.azure)) - before; n != 1 {
				t.Errorf("written to Azure: %v", writes(w.azure))
			}
		})
	}
}

func precedes(a, b client.Object) bool {
	at, bt := a.GetCreationTimestamp(), b.GetCreationTimestamp()
	if at.Equal(&bt) {
		return a.GetUID() < b.GetUID()
	}
	return at.Before(&bt)
}

// An older object that only observed does not take a resource from a younger one that made it; and the order in which they are met after a
// restart does not matter.
func TestWhoHasBegunKeepsIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.start(t)
	older := w.privateCloud("older", "weu")
	older.Spec.ManagementPolicy = v1alpha1.ManagementPolicyObserve
	cluster.Create(t, older)
	says(t, older, v1alpha1.ConditionReconciling, v1alpha1.ReasonNotFoundInAzure)
	younger := w.privateCloud("younger", "weu")
	cluster.Create(t, younger)
	ready(t, younger, older)
	w.operator.Stop(t)
	env.Edit(t, cluster, older, func(c *v1alpha1.PrivateCloud) { c.Spec.ManagementPolicy = v1alpha1.ManagementPolicyManage })
	w.start(t)
	says(t, older, v1alpha1.ConditionStalled, v1alpha1.ReasonAlreadyManaged)
	ready(t, younger)
	w.stays(t)
	w.wrote(t, "PUT privateclouds/weu")
}

// An identity whose subscription was edited does not turn one private cloud into two: the object stops and names both ids.
func TestAnIdentityThatChangesItsSubscription(t *testing.T) {
	t.Parallel()
	const other = "22222222-2222-2222-2222-222222222222"
	w := newWorld(t, func(c *armsim.Config) {
		second := c.Subscriptions[0]
		second.ID = other
		c.Subscriptions = append(c.Subscriptions, second)
		group := c.ResourceGroups[0]
		group.SubscriptionID = other
		c.ResourceGroups = append(c.ResourceGroups, group)
	})
	w.start(t)
	cloud, path := w.privateCloud("weu", ""), w.iscsiPath("path")
	cluster.Create(t, cloud, path)
	ready(t, cloud, path)
	identity := &v1alpha1.AzureIdentity{}
	identity.Namespace, identity.Name = w.namespace, "default"
	before := writes(w.azure)
	env.Edit(t, cluster, identity, func(i *v1alpha1.AzureIdentity) { i.Spec.SubscriptionID = other })
	env.Says(t, says(t, cloud, v1alpha1.ConditionStalled, v1alpha1.ReasonImmutableField), w.azure.SubscriptionID, other)
	env.Edit(t, cluster, cloud, func(c *v1alpha1.PrivateCloud) { c.Spec.ManagementCluster.ClusterSize = 4 })
	w.stays(t)
	w.wrote(t, before...)
	env.Edit(t, cluster, identity, func(i *v1alpha1.AzureIdentity) { i.Spec.SubscriptionID = w.azure.SubscriptionID })
	ready(t, cloud, path)
	w.wrote(t, append(before, "PATCH privateclouds/weu")...)
}

// backup is an object as `kubectl get -o yaml` gives it, without what a restore leaves out.
func backup(t *testing.T, object kind.Object) *unstructured.Unstructured {
	t.Helper()
	if err := cluster.Admin.Get(t.Context(), client.ObjectKeyFromObject(object), object); err != nil {
		t.Fatal(err)
	}
	content, err := runtime.DefaultUnstructuredConverter.ToUnstructured(object)
	if err != nil {
		t.Fatal(err)
	}
	gvk, err := cluster.Admin.GroupVersionKindFor(object)
	if err != nil {
		t.Fatal(err)
	}
	out := &unstructured.Unstructured{Object: content}
	out.SetGroupVersionKind(gvk)
	delete(out.Object, "status")
	for _, name := range []string{"uid", "resourceVersion", "generation", "creationTimestamp", "managedFields", "deletionTimestamp", "deletionGracePeriodSeconds"} {
		unstructured.RemoveNestedField(out.Object, "metadata", name)
	}
	return out
}

// force takes an object away as somebody does who strips finalizers.
func force(t *testing.T, object kind.Object) {
	t.Helper()
	env.Edit(t, cluster, object, func(o kind.Object) { o.SetFinalizers(nil) })
	if err := client.IgnoreNotFound(cluster.Admin.Delete(t.Context(), object)); err != nil {
		t.Fatal(err)
	}
	for cluster.Admin.Get(t.Context(), client.ObjectKeyFromObject(object), object) == nil {
		env.Edit(t, cluster, object, func(o kind.Object) { o.SetFinalizers(nil) })
	}
}

// A whole namespace restored from a backup without status goes on as if nothing had happened: no second private cloud, no rotation, no write.
func TestRestoredWithoutStatus(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.start(t)
	cloud, second, path := w.privateCloud("weu", ""), w.cluster("two", ""), w.iscsiPath("path")
	cloud.Spec.Tags = map[string]v1alpha1.TagValue{"team": "platform"}
	cloud.Spec.Credentials = &v1alpha1.PrivateCloudCredentials{SecretName: "weu-admin", VCenterRotation: "one"}
	cluster.Create(t, cloud, second, path)
	ready(t, cloud, second, path)
	env.Edit(t, cluster, cloud, func(c *v1alpha1.PrivateCloud) { c.Spec.Credentials.VCenterRotation = "two" })
	ready(t, cloud)
	before := writes(w.azure)
	objects := []kind.Object{path, second, cloud}
	var saved []*unstructured.Unstructured
	for _, object := range objects {
		saved = append(saved, backup(t, object))
	}
	w.operator.Stop(t)
	for _, object := range objects {
		force(t, object)
	}
	for _, object := range saved {
		cluster.Create(t, object)
	}
	w.start(t)
	ready(t, second, path)
	if err := cluster.Admin.Delete(t.Context(), secretNamed(w.namespace, "weu-admin")); client.IgnoreNotFound(err) != nil {
		t.Fatal(err)
	}
	ready(t, cloud)
	w.stays(t)
	w.wrote(t, before...)
	if cloud.Status.Rotations == nil || cloud.Status.Rotations.VCenter != "two" {
		t.Errorf("the handled rotation was forgotten: %+v", cloud.Status.Rotations)
	}
	cluster.Delete(t, second)
	cluster.Delete(t, path)
	cluster.Delete(t, cloud)
	cluster.WaitGone(t, patience, cloud)
	if w.inAzure("") {
		t.Error("what was restored is not deleted in Azure any more")
	}
}

// A backup that was made before the create ended: the object finds its private cloud half made, waits, and keeps it.
func TestRestoredWhileItIsBeingMade(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *armsim.Config) { c.Durations.CreatePrivateCloud = armsim.Span{} })
	w.start(t)
	cloud := w.privateCloud("weu", "")
	cluster.Create(t, cloud)
	says(t, cloud, v1alpha1.ConditionReconciling, v1alpha1.ReasonCreating)
	w.operator.Stop(t)
	saved := backup(t, cloud)
	force(t, cloud)
	cluster.Create(t, saved)
	w.start(t)
	ready(t, cloud)
	w.stays(t)
	w.wrote(t, "PUT privateclouds/weu")
}
