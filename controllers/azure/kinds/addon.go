// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package kinds

import (
	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/arm"
	"github.com/avs-operator/avs-operator/controllers/azure"
	"github.com/avs-operator/avs-operator/controllers/azure/diff"
	"github.com/avs-operator/avs-operator/controllers/azure/lane"
)

// +kubebuilder:rbac:groups=avs-operator.io,resources=addons,verbs=get;list;watch;patch
// +kubebuilder:rbac:groups=avs-operator.io,resources=addons/status,verbs=get;patch

// addon is Microsoft.AVS/privateClouds/addons.
type addon struct{}

func (addon) Traits() azure.Traits {
	return azure.Traits{
		Name: "Addon", Segment: "addons", Lane: lane.Hosts, Kept: true, NoPatch: true,
		Mended: azure.ByPUT, // with HCX or SRM goes what is paired with it
		Rules:  diff.Rules{WriteOnly: []string{"/properties/licenseKey"}, IgnoreCase: []string{"/properties/addonType"}}, Immutable: []string{"/properties/addonType"},
	}
}

func (addon) New() *v1alpha1.Addon { return &v1alpha1.Addon{} }

func (addon) Parent(a *v1alpha1.Addon) azure.Parent {
	return azure.Parent{PrivateCloud: &a.Spec.PrivateCloudRef}
}

// AzureName is the add-on's type: Azure takes no other.
func (addon) AzureName(a *v1alpha1.Addon) string {
	switch {
	case a.Spec.HCX != nil:
		return "HCX"
	case a.Spec.SRM != nil:
		return "SRM"
	case a.Spec.VR != nil:
		return "VR"
	}
	return "Arc"
}

func (k addon) Desired(a *v1alpha1.Addon) map[string]any {
	properties := map[string]any{"addonType": k.AzureName(a)}
	if hcx := a.Spec.HCX; hcx != nil {
		properties["offer"] = hcx.Offer
		set(properties, "managementNetwork", hcx.ManagementNetwork)
		set(properties, "uplinkNetwork", hcx.UplinkNetwork)
	}
	if a.Spec.VR != nil {
		properties["vrsCount"] = a.Spec.VR.VRSCount
	}
	if a.Spec.Arc != nil {
		properties["vCenter"] = a.Spec.Arc.VCenter
	}
	return map[string]any{"properties": properties}
}

func (addon) Secrets(a *v1alpha1.Addon) []azure.SecretValue {
	if a.Spec.SRM == nil || a.Spec.SRM.LicenseKeySecretRef == nil {
		return nil
	}
	return []azure.SecretValue{{Path: "/properties/licenseKey", Ref: *a.Spec.SRM.LicenseKeySecretRef}}
}

func (addon) Observe(a *v1alpha1.Addon, actual *arm.Resource) {
	a.Status.AddonType = actual.String("/properties/addonType")
}

// Expect: HCX is deployed in 20 to 35 minutes, the others are changed in a few.
func (addon) Expect(_ arm.Verb, a *v1alpha1.Addon) azure.Expectation {
	if a.Spec.HCX != nil {
		return hcxExpected
	}
	return updateExpected
}
