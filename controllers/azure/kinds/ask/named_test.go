// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package ask

import (
	"fmt"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/arm"
	"github.com/avs-operator/avs-operator/controllers/azure/kind"
)

func TestNamedObjects(t *testing.T) {
	const weu = arm.ID("/subscriptions/s/resourceGroups/rg/providers/Microsoft.AVS/privateClouds/weu")
	zoneInAzure := func(name string, properties map[string]any) *arm.Resource {
		id := Network(weu, "dnsZones") + "/" + arm.ID(name)
		return &arm.Resource{ID: id, Name: name, Body: map[string]any{"id": string(id), "name": name, "properties": properties}}
	}
	zone := func(namespace, name, azureName, state string, change func(*v1alpha1.DNSZone)) kind.Object {
		z := &v1alpha1.DNSZone{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name}}
		if azureName != "" {
			z.Status.ID = string(Network(weu, "dnsZones")) + "/" + azureName
		}
		z.Status.ProvisioningState = state
		if change != nil {
			change(z)
		}
		return z
	}
	going := func(z *v1alpha1.DNSZone) { now := metav1.Now(); z.DeletionTimestamp = &now }
	kept := func(z *v1alpha1.DNSZone) { going(z); z.Spec.DeletionPolicy = v1alpha1.DeletionPolicyRetain }
	there := []*arm.Resource{
		zoneInAzure("corp-zone", nil), zoneInAzure("plain", nil),
		zoneInAzure("young", map[string]any{"provisioningState": "Building"}), zoneInAzure("leaving-zone", nil), zoneInAzure("kept", nil),
	}
	n := &NamedObjects{words: "DNS zone", cloud: &v1alpha1.PrivateCloud{}, namespace: "vmware", collection: Network(weu, "dnsZones"), there: there}
	n.objects = []kind.Object{
		zone("vmware", "corp", "corp-zone", "Succeeded", nil), zone("elsewhere", "plain2", "plain", "Succeeded", nil), zone("vmware", "new", "", "", nil),
		zone("vmware", "made", "made", "Succeeded", nil), zone("vmware", "leaving", "leaving-zone", "Succeeded", going),
		zone("vmware", "kept", "kept", "Succeeded", kept),
		zone("vmware", "gone", "gone", "", going),
	}
	for name, want := range map[string]string{
		"corp": "corp-zone false", "corp-zone": "corp-zone false", "PLAIN": "plain false", "plain2": " false ReferenceNotFound", "new": " false ReferenceNotReady",
		"young": " false ReferenceNotReady", "made": "made false", "leaving": "leaving-zone true", "leaving-zone": "leaving-zone true", "kept": "kept false",
		"gone": "gone true", "nobody": " false ReferenceNotFound",
	} {
		azureName, leaving, o := n.Find(name)
		reason := ""
		if o != nil {
			reason = o.Reason
		}
		if got := strings.TrimRight(fmt.Sprint(azureName, " ", leaving, " ", reason), " "); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}
