// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package policies

import (
	"testing"

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
			w.StartOperator(t)
			w.parent(t, kindName)
			first, second := pair.make(w, "first"), pair.make(w, "second")
			cluster.Create(t, first)
			cluster.WaitReady(t, first)
			before := accepted(w.Azure)
			cluster.Create(t, second)
			env.Says(t, cluster.WaitStalled(t, second, v1alpha1.ReasonAlreadyManaged), w.Namespace+"/first")
			cluster.Remove(t, second)
			w.stays(t)
			if !w.inAzure(pair.below) {
				t.Fatal("an object that never managed it took it along")
			}
			third := pair.make(w, "third")
			cluster.Create(t, third)
			cluster.WaitStalled(t, third, v1alpha1.ReasonAlreadyManaged)
			env.Edit(t, cluster, first, func(o kind.Object) { o.AzureSpec().DeletionPolicy = v1alpha1.DeletionPolicyRetain })
			cluster.Remove(t, first)
			if kindName == "PrivateCloud" { // its tag still names the first
				cluster.WaitStalled(t, third, v1alpha1.ReasonAlreadyManaged)
				env.Edit(t, cluster, third, func(o kind.Object) { o.AzureSpec().AdoptionPolicy = v1alpha1.AdoptionPolicyAlways })
				before = append(before, "PATCH privateclouds/weu")
			}
			cluster.WaitReady(t, third)
			w.wrote(t, before...)
			cluster.Remove(t, third)
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
	w.StartOperator(t)
	w.parent(t, "IscsiPath")
	first, second := w.iscsiPath("first"), w.iscsiPath("second")
	cluster.Create(t, first)
	cluster.WaitReady(t, first)
	cluster.Create(t, second)
	cluster.WaitStalled(t, second, v1alpha1.ReasonAlreadyManaged)
	env.Edit(t, cluster, first, func(p *v1alpha1.IscsiPath) { p.Spec.DeletionPolicy = v1alpha1.DeletionPolicyRetain })
	w.Operator.Stop(t)
	cluster.Delete(t, first)
	cluster.Delete(t, second)
	w.StartOperator(t)
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
			w.StartOperator(t)
			w.parent(t, kindName)
			if kindName != "PrivateCloud" {
				cluster.WaitReady(t, w.privateCloud("weu", ""))
			}
			w.Operator.Stop(t)
			before := len(accepted(w.Azure))
			a, b := pair.make(w, "a"), pair.make(w, "b")
			cluster.Create(t, b, a)
			w.StartOperator(t)
			owner, other := a, b // of one second the UID decides
			if precedes(b, a) {
				owner, other = b, a
			}
			cluster.WaitReady(t, owner)
			cluster.WaitStalled(t, other, v1alpha1.ReasonAlreadyManaged)
			w.stays(t)
			if n := len(accepted(w.Azure)) - before; n != 1 {
				t.Errorf("written to Azure: %v", accepted(w.Azure))
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
	w.StartOperator(t)
	older := w.privateCloud("older", "weu")
	older.Spec.ManagementPolicy = v1alpha1.ManagementPolicyObserve
	cluster.Create(t, older)
	cluster.WaitReconciling(t, older, v1alpha1.ReasonNotFoundInAzure)
	younger := w.privateCloud("younger", "weu")
	cluster.Create(t, younger)
	cluster.WaitReady(t, younger, older)
	w.Operator.Stop(t)
	env.Edit(t, cluster, older, func(c *v1alpha1.PrivateCloud) { c.Spec.ManagementPolicy = v1alpha1.ManagementPolicyManage })
	w.StartOperator(t)
	cluster.WaitStalled(t, older, v1alpha1.ReasonAlreadyManaged)
	cluster.WaitReady(t, younger)
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
	w.StartOperator(t)
	cloud, path := w.privateCloud("weu", ""), w.iscsiPath("path")
	cluster.Create(t, cloud, path)
	cluster.WaitReady(t, cloud, path)
	identity := &v1alpha1.AzureIdentity{}
	identity.Namespace, identity.Name = w.Namespace, "default"
	before := accepted(w.Azure)
	env.Edit(t, cluster, identity, func(i *v1alpha1.AzureIdentity) { i.Spec.SubscriptionID = other })
	env.Says(t, cluster.WaitStalled(t, cloud, v1alpha1.ReasonImmutableField), w.Azure.SubscriptionID, other)
	env.Edit(t, cluster, cloud, func(c *v1alpha1.PrivateCloud) { c.Spec.ManagementCluster.ClusterSize = 4 })
	w.stays(t)
	w.wrote(t, before...)
	env.Edit(t, cluster, identity, func(i *v1alpha1.AzureIdentity) { i.Spec.SubscriptionID = w.Azure.SubscriptionID })
	cluster.WaitReady(t, cloud, path)
	w.wrote(t, append(before, "PATCH privateclouds/weu")...)
}
