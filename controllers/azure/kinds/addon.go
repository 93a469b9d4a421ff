// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package kinds

import (
	"time"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/arm"
	"github.com/avs-operator/avs-operator/controllers/azure/body"
	"github.com/avs-operator/avs-operator/controllers/azure/diff"
	"github.com/avs-operator/avs-operator/controllers/azure/kind"
	"github.com/avs-operator/avs-operator/controllers/azure/lane"
)

// +kubebuilder:rbac:groups=avs-operator.io,resources=addons,verbs=get;list;watch;patch
// +kubebuilder:rbac:groups=avs-operator.io,resources=addons/status,verbs=get;patch

// addon is Microsoft.AVS/privateClouds/addons.
var addon = kind.Kind[*v1alpha1.Addon]{
	Traits: kind.Traits{
		Name: "Addon", Segment: "addons", Lane: lane.Hosts, Kept: true, NoPatch: true,
		Mended:    kind.ByPUT, // with HCX or SRM goes what is paired with it
		Rules:     diff.Rules{WriteOnly: []string{"/properties/licenseKey"}, IgnoreCase: []string{"/properties/addonType"}},
		Immutable: []string{"/properties/addonType"},
	},
	New:       func() *v1alpha1.Addon { return &v1alpha1.Addon{} },
	Parent:    func(a *v1alpha1.Addon) kind.Parent { return kind.Parent{PrivateCloud: &a.Spec.PrivateCloudRef} },
	Desired:   addonDesired,
	Observe:   addonObserve,
	AzureName: addonAzureName,
	Secrets:   addonSecrets,
	Expect:    addonExpect,
}

// addonAzureName is the add-on's type: Azure takes no other.
func addonAzureName(a *v1alpha1.Addon) string {
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

func addonDesired(a *v1alpha1.Addon) map[string]any {
	properties := map[string]any{"addonType": addonAzureName(a)}
	if hcx := a.Spec.HCX; hcx != nil {
		properties["offer"] = hcx.Offer
		body.Set(properties, "managementNetwork", hcx.ManagementNetwork)
		body.Set(properties, "uplinkNetwork", hcx.UplinkNetwork)
	}
	if a.Spec.VR != nil {
		properties["vrsCount"] = a.Spec.VR.VRSCount
	}
	if a.Spec.Arc != nil {
		properties["vCenter"] = a.Spec.Arc.VCenter
	}
	return map[string]any{"properties": properties}
}

func addonSecrets(a *v1alpha1.Addon) []kind.SecretValue {
	if a.Spec.SRM == nil || a.Spec.SRM.LicenseKeySecretRef == nil {
		return nil
	}
	return []kind.SecretValue{{Path: "/properties/licenseKey", Ref: *a.Spec.SRM.LicenseKeySecretRef}}
}

func addonObserve(a *v1alpha1.Addon, actual *arm.Resource) {
	a.Status.AddonType = actual.String("/properties/addonType")
}

// addonExpect: HCX is deployed in 20 to 35 minutes, the others are changed in a few.
func addonExpect(_ arm.Verb, a *v1alpha1.Addon) kind.Expectation {
	if a.Spec.HCX != nil {
		return kind.Expectation{Soonest: 20 * time.Minute, Latest: 35 * time.Minute, Fine: time.Minute}
	}
	return updateExpected
}
