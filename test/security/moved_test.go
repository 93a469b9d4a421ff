// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package security

import (
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/test/armsim"
	"github.com/avs-operator/avs-operator/test/env"
	"github.com/avs-operator/avs-operator/test/harness"
)

// Who says that their private cloud was moved to where somebody else's is, gets neither that one nor what is in it, whatever it is called there and with
// whatever policies: the tag in Azure names another object.
func TestAMoveIsNotATakeover(t *testing.T) {
	t.Parallel()
	const group = "rg-theirs"
	w := newWorld(t, func(c *armsim.Config) {
		c.ResourceGroups = append(c.ResourceGroups, armsim.ResourceGroup{SubscriptionID: c.Subscriptions[0].ID, Name: group, Location: harness.Location})
	})
	w.start(t)
	segment := func(namespace, cloud string) *v1alpha1.Segment {
		return &v1alpha1.Segment{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "web"},
			Spec: v1alpha1.SegmentSpec{PrivateCloudRef: v1alpha1.ParentReference{Name: cloud}, Subnet: &v1alpha1.SegmentSubnet{GatewayAddress: "10.60.7.1/24"}}}
	}
	w.privateCloud(t, w.others, "weu", "10.175.0.0/22")
	mine, cloud := segment(w.theirs, theirCloud), harness.PrivateCloud(w.theirs, theirCloud)
	cloud.Spec.AzureName, cloud.Spec.ResourceGroup, cloud.Spec.NetworkBlock = "weu", group, "10.180.0.0/22"
	cluster.Create(t, segment(w.others, "weu"), cloud, mine)
	for _, object := range []client.Object{mine, cloud} {
		cluster.WaitReady(t, object)
	}
	if err := w.Azure.RemoveInAzure(cloud.Status.ID); err != nil {
		t.Fatal(err)
	}
	cluster.WaitStalled(t, cloud, v1alpha1.ReasonNotFoundInAzure)
	w.remember(t)
	mallory := as(t, w.theirs, privileged, editor, "edit")
	edit := func(object client.Object, patch string) {
		t.Helper()
		if err := mallory.Patch(t.Context(), object, client.RawPatch("application/merge-patch+json", []byte(patch))); err != nil {
			t.Fatal(err)
		}
	}
	edit(cloud, `{"metadata":{"annotations":{"`+v1alpha1.AnnotationConfirmDelete+`":"theirs","`+v1alpha1.AnnotationConfirmMachines+`":"theirs"}},
		"spec":{"resourceGroup":"`+strings.ToUpper(harness.ResourceGroup)+`","adoptionPolicy":"Always","deletionPolicy":"Delete","internet":"Enabled"}}`)
	env.Says(t, cluster.WaitStalled(t, cloud, v1alpha1.ReasonAlreadyManaged), "is not this object's")
	edit(mine, `{"spec":{"adoptionPolicy":"Always","displayName":"mine"}}`)
	for _, object := range []client.Object{mine, cloud} {
		if err := mallory.Delete(t.Context(), object, &client.DeleteOptions{GracePeriodSeconds: ptr.To[int64](0)}); err != nil {
			t.Fatal(err)
		}
	}
	saidOrGone(t, []client.Object{mine, cloud})
	time.Sleep(500 * time.Millisecond) // half an hour of Azure's
	if cloud.Status.ID != "" && strings.Contains(strings.ToLower(cloud.Status.ID), "/"+harness.ResourceGroup+"/") {
		t.Errorf("it is said to be at %s", cloud.Status.ID)
	}
	w.unharmed(t)
	w.discreet(t)
}
