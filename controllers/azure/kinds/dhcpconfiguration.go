// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package kinds

import (
	"context"
	"net/netip"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/arm"
	"github.com/avs-operator/avs-operator/controllers/azure/body"
	"github.com/avs-operator/avs-operator/controllers/azure/diff"
	"github.com/avs-operator/avs-operator/controllers/azure/kind"
	"github.com/avs-operator/avs-operator/controllers/outcome"
)

// +kubebuilder:rbac:groups=avs-operator.io,resources=dhcpconfigurations,verbs=get;list;watch;patch
// +kubebuilder:rbac:groups=avs-operator.io,resources=dhcpconfigurations/status,verbs=get;patch

// dhcpConfiguration is Microsoft.AVS/privateClouds/workloadNetworks/dhcpConfigurations.
var dhcpConfiguration = networkKind(kind.Kind[*v1alpha1.DHCPConfiguration]{
	Traits: kind.Traits{
		Name: "DHCPConfiguration", Segment: "dhcpConfigurations",
		Rules:     diff.Rules{Sets: []string{"/properties/serverAddresses"}, IgnoreCase: []string{"/properties/dhcpType"}},
		Immutable: []string{"/properties/dhcpType"},
		ReadOnly:  []string{"/properties/segments"},
		Defaults:  map[string]any{"/properties/leaseTime": 86400},
	},
	New: func() *v1alpha1.DHCPConfiguration { return &v1alpha1.DHCPConfiguration{} },
	Parent: func(d *v1alpha1.DHCPConfiguration) kind.Parent {
		return kind.Parent{PrivateCloud: &d.Spec.PrivateCloudRef}
	},
	Desired:  dhcpConfigurationDesired,
	Observe:  dhcpConfigurationObserve,
	Resolve:  dhcpConfigurationResolve,
	Concerns: dhcpConfigurationConcerns,
})

func dhcpConfigurationDesired(d *v1alpha1.DHCPConfiguration) map[string]any {
	properties := map[string]any{}
	body.Set(properties, "displayName", d.Spec.DisplayName)
	if server := d.Spec.Server; server != nil {
		properties["dhcpType"] = "SERVER"
		properties["serverAddress"] = server.ServerAddress
		body.Set(properties, "leaseTime", server.LeaseTimeSeconds)
	}
	if relay := d.Spec.Relay; relay != nil {
		properties["dhcpType"] = "RELAY"
		properties["serverAddresses"] = body.List(relay.ServerAddresses)
	}
	return map[string]any{"properties": properties}
}

// dhcpConfigurationResolve has an address of a relay as Azure shows it: with the length of its subnet or without.
func dhcpConfigurationResolve(ctx context.Context, w kind.World[*v1alpha1.DHCPConfiguration], desired map[string]any) *outcome.Outcome {
	servers, _ := body.Properties(desired)["serverAddresses"].([]any)
	for i, server := range servers {
		for _, shown := range w.Actual.Texts("/properties/serverAddresses") {
			if text, _ := server.(string); addressIn(text) == addressIn(shown) {
				servers[i] = shown
			}
		}
	}
	nameAsInAzure(w, desired)
	return nil
}

// addressIn is an address without the length of its subnet.
func addressIn(text string) string {
	if prefix, err := netip.ParsePrefix(text); err == nil {
		return prefix.Addr().String()
	}
	return text
}

// dhcpConfigurationConcerns: Azure wants every change to say which of the two it is, although that never changes.
func dhcpConfigurationConcerns(d *v1alpha1.DHCPConfiguration, changes []diff.Change) [][]diff.Change {
	kind := "SERVER"
	if d.Spec.Relay != nil {
		kind = "RELAY"
	}
	return [][]diff.Change{append([]diff.Change{{Path: "/properties/dhcpType", Desired: kind}}, changes...)}
}

func dhcpConfigurationObserve(d *v1alpha1.DHCPConfiguration, actual *arm.Resource) {
	d.Status.Segments = actual.Texts("/properties/segments")
}
