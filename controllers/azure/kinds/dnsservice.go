// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package kinds

import (
	"context"
	"strings"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/arm"
	"github.com/avs-operator/avs-operator/controllers/azure/body"
	"github.com/avs-operator/avs-operator/controllers/azure/diff"
	"github.com/avs-operator/avs-operator/controllers/azure/kind"
	"github.com/avs-operator/avs-operator/controllers/azure/kinds/ask"
	"github.com/avs-operator/avs-operator/controllers/outcome"
)

// +kubebuilder:rbac:groups=avs-operator.io,resources=dnsservices,verbs=get;list;watch;patch
// +kubebuilder:rbac:groups=avs-operator.io,resources=dnsservices/status,verbs=get;patch

// dnsService is Microsoft.AVS/privateClouds/workloadNetworks/dnsServices.
var dnsService = networkKind(kind.Kind[*v1alpha1.DNSService]{
	Traits: kind.Traits{
		Name: "DNSService", Segment: "dnsServices",
		Rules:    diff.Rules{Sets: []string{fqdnZones}},
		Defaults: map[string]any{fqdnZones: []any{}, defaultDNSZone: ownDNSZone, "/properties/logLevel": "INFO"},
	},
	New:     func() *v1alpha1.DNSService { return &v1alpha1.DNSService{} },
	Parent:  func(d *v1alpha1.DNSService) kind.Parent { return kind.Parent{PrivateCloud: &d.Spec.PrivateCloudRef} },
	Desired: dnsServiceDesired,
	Observe: dnsServiceObserve,
	BuiltIn: dnsServiceBuiltIn,
	Resolve: dnsServiceResolve,
	Follows: []kind.Object{&v1alpha1.DNSZone{}}, // it names zones.
})

const (
	// What a private cloud comes with.
	ownDNSService = "dns-forwarder"
	ownDNSZone    = "default-dns-zone"

	fqdnZones      = "/properties/fqdnZones"
	defaultDNSZone = "/properties/defaultDnsZone"
)

func dnsServiceBuiltIn(d *v1alpha1.DNSService) bool {
	return strings.EqualFold(kind.AzureName(d), ownDNSService)
}

func dnsServiceDesired(d *v1alpha1.DNSService) map[string]any {
	properties := map[string]any{}
	body.Set(properties, "displayName", d.Spec.DisplayName)
	body.Set(properties, "dnsServiceIp", d.Spec.DNSServiceIP)
	body.Set(properties, "defaultDnsZone", d.Spec.DefaultDNSZone)
	body.Set(properties, "logLevel", string(d.Spec.LogLevel))
	if d.Spec.FQDNZones != nil {
		properties["fqdnZones"] = body.List(d.Spec.FQDNZones)
	}
	return map[string]any{"properties": properties}
}

func dnsServiceObserve(d *v1alpha1.DNSService, actual *arm.Resource) {
	d.Status.DNSServiceIP = actual.String("/properties/dnsServiceIp")
	d.Status.DefaultDNSZone = actual.String(defaultDNSZone)
	d.Status.FQDNZones = actual.Texts(fqdnZones)
	d.Status.Status = actual.String("/properties/status")
}

// dnsServiceResolve finds the zones. One whose object is being deleted is left out: that object takes it out of here, and it must stay out.
func dnsServiceResolve(ctx context.Context, w kind.World[*v1alpha1.DNSService], desired map[string]any) *outcome.Outcome {
	nameAsInAzure(w, desired)
	spec, properties := &w.Object.Spec, body.Properties(desired)
	if len(spec.FQDNZones) == 0 && spec.DefaultDNSZone == "" {
		return nil
	}
	zones, o := ask.Named(ctx, w, "DNS zone", "dnsZones", &v1alpha1.DNSZoneList{})
	if o != nil {
		return o
	}
	if spec.FQDNZones != nil {
		var names []string
		for _, name := range spec.FQDNZones {
			zone, leaving, o := zones.Find(name)
			if o != nil {
				return o
			}
			if zone = ask.AsAzureHas(zone, w.Actual.Texts(fqdnZones)); !leaving && !ask.HasName(names, zone) {
				names = append(names, zone)
			}
		}
		properties["fqdnZones"] = body.List(names)
	}
	if spec.DefaultDNSZone != "" {
		zone, leaving, o := zones.Find(spec.DefaultDNSZone)
		if o != nil {
			return o
		}
		if leaving && !strings.EqualFold(zone, ownDNSZone) {
			zone = ownDNSZone
		}
		properties["defaultDnsZone"] = ask.AsAzureHas(zone, []string{w.Actual.String(defaultDNSZone)})
	}
	return nil
}
