// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package kinds

import (
	"context"
	"fmt"
	"strings"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/arm"
	"github.com/avs-operator/avs-operator/controllers/azure/body"
	"github.com/avs-operator/avs-operator/controllers/azure/diff"
	"github.com/avs-operator/avs-operator/controllers/azure/kind"
	"github.com/avs-operator/avs-operator/controllers/azure/kinds/ask"
	"github.com/avs-operator/avs-operator/controllers/connect/rulings"
	"github.com/avs-operator/avs-operator/controllers/outcome"
)

// +kubebuilder:rbac:groups=avs-operator.io,resources=dnszones,verbs=get;list;watch;patch
// +kubebuilder:rbac:groups=avs-operator.io,resources=dnszones/status,verbs=get;patch

// dnsZone is Microsoft.AVS/privateClouds/workloadNetworks/dnsZones.
var dnsZone = networkKind(kind.Kind[*v1alpha1.DNSZone]{
	Traits: kind.Traits{
		Name: "DNSZone", Segment: "dnsZones",
		Beside:   []string{dnsService.Type()}, // a zone is taken out of its services before it is deleted
		Rules:    diff.Rules{Sets: []string{"/properties/domain"}},
		Defaults: map[string]any{"/properties/sourceIp": ""},
	},
	New:      func() *v1alpha1.DNSZone { return &v1alpha1.DNSZone{} },
	Parent:   func(d *v1alpha1.DNSZone) kind.Parent { return kind.Parent{PrivateCloud: &d.Spec.PrivateCloudRef} },
	Desired:  dnsZoneDesired,
	Observe:  func(*v1alpha1.DNSZone, *arm.Resource) {},
	BuiltIn:  dnsZoneBuiltIn,
	Concerns: dnsZoneConcerns,
	Clear:    dnsZoneClear,
})

func dnsZoneBuiltIn(d *v1alpha1.DNSZone) bool {
	return strings.EqualFold(kind.AzureName(d), ownDNSZone)
}

func dnsZoneDesired(d *v1alpha1.DNSZone) map[string]any {
	properties := map[string]any{}
	body.Set(properties, "displayName", d.Spec.DisplayName)
	body.Set(properties, "sourceIp", d.Spec.SourceIP)
	if len(d.Spec.Domain) > 0 {
		properties["domain"] = body.List(d.Spec.Domain)
	}
	if len(d.Spec.DNSServerIPs) > 0 {
		properties["dnsServerIps"] = body.List(d.Spec.DNSServerIPs)
	}
	return map[string]any{"properties": properties}
}

// dnsZoneConcerns: Azure wants every change of the default zone to say that it has a service and no domain, although neither changes.
func dnsZoneConcerns(d *v1alpha1.DNSZone, changes []diff.Change) [][]diff.Change {
	if dnsZoneBuiltIn(d) {
		changes = append([]diff.Change{{Path: "/properties/domain", Desired: []any{}}, {Path: "/properties/dnsServices", Desired: 1}}, changes...)
	}
	return [][]diff.Change{changes}
}

// dnsZoneClear takes the zone out of the DNS services that name it: Azure refuses to delete it before. They are listed now, because a snapshot may
// be older than the last of them.
func dnsZoneClear(ctx context.Context, w kind.World[*v1alpha1.DNSZone]) (*kind.Clearing, *outcome.Outcome) {
	services, err := w.ARM.List(ctx, ask.Network(w.CloudID, "dnsServices"))
	if err != nil {
		return nil, rulings.OfAzure(err)
	}
	for i := range services {
		if properties := withoutZone(&services[i], w.ID.Name()); properties != nil {
			return &kind.Clearing{
				ID:    services[i].ID,
				Body:  map[string]any{"properties": wholeOf(&services[i], properties)},
				Words: fmt.Sprintf("takes the zone out of DNS service %s", services[i].ID.Name()),
			}, nil
		}
	}
	return nil, nil
}

// withoutZone is the change that takes a zone out of a service; nil if it is not in it.
func withoutZone(service *arm.Resource, zone string) map[string]any {
	properties := map[string]any{}
	var others []string
	for _, name := range service.Texts(fqdnZones) {
		if ask.SameObject(name, zone) {
			properties["fqdnZones"] = nil
		} else {
			others = append(others, name)
		}
	}
	if _, is := properties["fqdnZones"]; is {
		properties["fqdnZones"] = body.List(others)
	}
	if ask.SameObject(service.String(defaultDNSZone), zone) {
		properties["defaultDnsZone"] = ownDNSZone
	}
	if len(properties) == 0 {
		return nil
	}
	return properties
}

// wholeOf are all properties of a DNS service with a change over them, and its revision: NSX refuses a write that does not know the last one, and
// may set back what a PATCH leaves out.
func wholeOf(service *arm.Resource, change map[string]any) map[string]any {
	whole := diff.PutBody(service.Body, map[string]any{"properties": change}, dnsService.Rules, []string{"/properties/status"})
	return body.Properties(whole)
}
