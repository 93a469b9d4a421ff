// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package kinds

import (
	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/arm"
	"github.com/avs-operator/avs-operator/controllers/azure"
)

// +kubebuilder:rbac:groups=avs-operator.io,resources=publicips,verbs=get;list;watch;patch
// +kubebuilder:rbac:groups=avs-operator.io,resources=publicips/status,verbs=get;patch

// publicIP is Microsoft.AVS/privateClouds/workloadNetworks/publicIPs.
type publicIP struct {
	networkObject[*v1alpha1.PublicIP]
}

func (publicIP) Traits() azure.Traits {
	t := networkTraits("PublicIP", "publicIPs")
	t.Kept, t.Revised, t.NoPatch = true, false, true
	t.Immutable = []string{displayName, "/properties/numberOfPublicIPs"}
	t.ReadOnly = append(t.ReadOnly, "/properties/publicIPBlock")
	t.Mended = azure.ByPUT
	return t
}

func (publicIP) New() *v1alpha1.PublicIP { return &v1alpha1.PublicIP{} }

func (publicIP) Parent(p *v1alpha1.PublicIP) azure.Parent {
	return azure.Parent{PrivateCloud: &p.Spec.PrivateCloudRef}
}

func (publicIP) Desired(p *v1alpha1.PublicIP) map[string]any {
	properties := map[string]any{}
	set(properties, "displayName", p.Spec.DisplayName)
	set(properties, "numberOfPublicIPs", p.Spec.NumberOfPublicIPs)
	return map[string]any{"properties": properties}
}

func (publicIP) Observe(p *v1alpha1.PublicIP, actual *arm.Resource) {
	p.Status.PublicIPBlock = actual.String("/properties/publicIPBlock")
}
