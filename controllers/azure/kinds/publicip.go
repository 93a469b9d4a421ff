// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package kinds

import (
	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/arm"
	"github.com/avs-operator/avs-operator/controllers/azure/body"
	"github.com/avs-operator/avs-operator/controllers/azure/kind"
	"github.com/avs-operator/avs-operator/controllers/azure/kinds/ask"
)

// +kubebuilder:rbac:groups=avs-operator.io,resources=publicips,verbs=get;list;watch;patch
// +kubebuilder:rbac:groups=avs-operator.io,resources=publicips/status,verbs=get;patch

// publicIP is Microsoft.AVS/privateClouds/workloadNetworks/publicIPs.
var publicIP = networkKind(kind.Kind[*v1alpha1.PublicIP]{
	Traits: kind.Traits{
		Name: "PublicIP", Segment: "publicIPs", Kept: true, NoPatch: true,
		Immutable: []string{ask.DisplayName, "/properties/numberOfPublicIPs"},
		ReadOnly:  []string{"/properties/publicIPBlock"},
	},
	New:     func() *v1alpha1.PublicIP { return &v1alpha1.PublicIP{} },
	Parent:  func(p *v1alpha1.PublicIP) kind.Parent { return kind.Parent{PrivateCloud: &p.Spec.PrivateCloudRef} },
	Desired: publicIPDesired,
	Observe: publicIPObserve,
})

func publicIPDesired(p *v1alpha1.PublicIP) map[string]any {
	properties := map[string]any{}
	body.Set(properties, "displayName", p.Spec.DisplayName)
	body.Set(properties, "numberOfPublicIPs", p.Spec.NumberOfPublicIPs)
	return map[string]any{"properties": properties}
}

func publicIPObserve(p *v1alpha1.PublicIP, actual *arm.Resource) {
	p.Status.PublicIPBlock = actual.String("/properties/publicIPBlock")
}
