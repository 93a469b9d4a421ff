// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package guards

import (
	"context"
	"testing"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/arm"
	"github.com/avs-operator/avs-operator/test/armsim"
	"github.com/avs-operator/avs-operator/test/env"
	"github.com/avs-operator/avs-operator/test/harness"
)

func TestCreationWaitsForRegistrationAndQuota(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *armsim.Config) {
		c.Subscriptions[0].NotRegistered = true
		c.Subscriptions[0].HostQuota = map[string]int{"av36p": 2}
	})
	cloud := harness.PrivateCloud(w.Namespace, "weu")
	cluster.Create(t, cloud)
	w.stalled(t, cloud, v1alpha1.ReasonNotRegistered, "az provider register", w.Azure.SubscriptionID)
	provider := arm.ID("/subscriptions/" + w.Azure.SubscriptionID + "/providers/Microsoft.AVS")
	if err := w.portal.Post(t.Context(), provider, "register", nil, nil); err != nil {
		t.Fatal(err)
	}
	w.stalled(t, cloud, v1alpha1.ReasonQuotaExceeded, "3 hosts of SKU av36p", "2 left in westeurope", "1 too few", "support request")
	if err := w.Azure.SetHostQuota(w.Azure.SubscriptionID, map[string]int{"av36p": 3}); err != nil {
		t.Fatal(err)
	}
	cluster.WaitReady(t, cloud)
	if len(w.Azure.Writes()) != 1 {
		t.Errorf("%d writes were sent, want one PUT", len(w.Azure.Writes()))
	}
}

func TestASKUThatIsNotOfferedIsNotAskedFor(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for name, c := range map[string]struct {
		sku, location string
		zone          int32
		words         []string
	}{
		"sku":      {"av99", "westeurope", 0, []string{"av99 is not offered", "in westeurope there are av36, av36p"}},
		"location": {"av36p", "marscentral", 0, []string{"not offered in marscentral", "nothing is offered in marscentral"}},
		"zone":     {"av36p", "West Europe", 7, []string{"zone 7 of westeurope", "1, 2, 3"}},
	} {
		cloud := harness.PrivateCloud(w.Namespace, name)
		cloud.Spec.SKU, cloud.Spec.Location = c.sku, c.location
		if c.zone > 0 {
			cloud.Spec.Availability = &v1alpha1.Availability{Strategy: "SingleZone", Zone: c.zone}
		}
		cluster.Create(t, cloud)
		w.stalled(t, cloud, v1alpha1.ReasonSKUNotOffered, c.words...)
		cluster.Remove(t, cloud)
	}
	if len(w.Azure.Writes()) != 0 {
		t.Errorf("%d writes were sent", len(w.Azure.Writes()))
	}
}

func TestNetworksOfPrivateCloudsDoNotOverlap(t *testing.T) {
	t.Parallel()
	const elsewhere = "22222222-2222-2222-2222-222222222222"
	w := newWorld(t, func(c *armsim.Config) {
		c.Subscriptions = append(c.Subscriptions, armsim.Subscription{ID: elsewhere, TenantID: harness.TenantID})
		c.ResourceGroups = append(c.ResourceGroups, armsim.ResourceGroup{SubscriptionID: elsewhere, Name: harness.ResourceGroup, Location: harness.Location})
	})
	// One that nobody here manages, but that the subscription has.
	byHand := arm.ID(w.Azure.PrivateCloudID("by-hand"))
	w.put(t, byHand, `{"location":"westeurope","sku":{"name":"av36p"},"properties":{"networkBlock":"10.174.0.0/20","managementCluster":{"clusterSize":3}}}`)
	cloud := harness.PrivateCloud(w.Namespace, "weu")
	cloud.Spec.NetworkBlock = "10.174.8.0/22"
	cluster.Create(t, cloud)
	w.stalled(t, cloud, v1alpha1.ReasonNetworkBlockInUse, "10.174.8.0/22 overlaps with 10.174.0.0/20", "privateClouds/by-hand")
	if err := w.Azure.RemoveInAzure(string(byHand)); err != nil {
		t.Fatal(err)
	}
	cluster.WaitReady(t, cloud)

	// One in another subscription, which the first one's list does not show.
	other := harness.PrivateCloud(w.Namespace, "other")
	other.Spec.SubscriptionID, other.Spec.NetworkBlock = elsewhere, "10.174.0.0/16"
	cluster.Create(t, other)
	w.stalled(t, other, v1alpha1.ReasonNetworkBlockInUse, "10.174.8.0/22 of PrivateCloud "+w.Namespace+"/weu")
	env.Edit(t, cluster, cloud, func(cloud *v1alpha1.PrivateCloud) {
		cloud.Spec.DeletionPolicy = v1alpha1.DeletionPolicyDelete
		cloud.Annotations[v1alpha1.AnnotationConfirmDelete], cloud.Annotations[v1alpha1.AnnotationConfirmMachines] = "weu", "weu"
	})
	cluster.Remove(t, cloud)
	cluster.WaitReady(t, other)
}

func TestOfTwoThatAskForOneNetworkOneGetsIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a, b := harness.PrivateCloud(w.Namespace, "a"), harness.PrivateCloud(w.Namespace, "b")
	cluster.Create(t, a, b)
	cluster.Eventually(t, soon, "one of them to be made", func(ctx context.Context) error {
		return firstError(cluster.Admin.Get(ctx, client.ObjectKeyFromObject(a), a), cluster.Admin.Get(ctx, client.ObjectKeyFromObject(b), b), oneReady(a, b))
	}, a, b)
	winner, loser := a, b
	if oneReady(a) != nil {
		winner, loser = b, a
	}
	w.stalled(t, loser, v1alpha1.ReasonNetworkBlockInUse, "10.175.0.0/22")
	cluster.WaitReady(t, winner)
	if len(w.Azure.Writes()) != 1 {
		t.Errorf("%d writes were sent, want one PUT", len(w.Azure.Writes()))
	}
}

func TestHostsOfAV64NeedASeedAndAddresses(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	cloud := w.withCloud(t, 3)
	foreign, large := harness.Cluster(w.Namespace, "av52", 3), harness.Cluster(w.Namespace, "large", 3)
	foreign.Spec.SKU, large.Spec.SKU = "av52", "av64"
	cluster.Create(t, foreign, large)
	w.stalled(t, foreign, v1alpha1.ReasonInvalidSpec, "av52 cannot stand", "only av36p and av64")
	w.stalled(t, large, v1alpha1.ReasonInvalidSpec, "one block of /23 or three of /25", "0 and 0", "extendedNetworkBlocks")
	env.Edit(t, cluster, cloud, func(cloud *v1alpha1.PrivateCloud) {
		cloud.Spec.ExtendedNetworkBlocks = []v1alpha1.ExtendedNetworkBlock{"10.175.2.0/23"}
	})
	w.stalled(t, cloud, v1alpha1.ReasonNetworkBlockInUse, "10.175.2.0/23", "the same private cloud")
	env.Edit(t, cluster, cloud, func(cloud *v1alpha1.PrivateCloud) {
		cloud.Spec.ExtendedNetworkBlocks = []v1alpha1.ExtendedNetworkBlock{"10.175.4.0/23"}
	})
	cluster.WaitReady(t, large)
	cluster.WaitReady(t, cloud)
}
