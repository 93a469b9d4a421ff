// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package kinds

import (
	"context"
	"errors"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/arm"
	"github.com/avs-operator/avs-operator/controllers/azure/body"
	"github.com/avs-operator/avs-operator/controllers/azure/kind"
	"github.com/avs-operator/avs-operator/controllers/azure/lane"
)

// +kubebuilder:rbac:groups=avs-operator.io,resources=hcxenterprisesites,verbs=get;list;watch;patch
// +kubebuilder:rbac:groups=avs-operator.io,resources=hcxenterprisesites/status,verbs=get;patch
// +kubebuilder:rbac:groups=avs-operator.io,resources=hcxenterprisesites/finalizers,verbs=update

// hcxEnterpriseSite is Microsoft.AVS/privateClouds/hcxEnterpriseSites. Azure makes it at once.
var hcxEnterpriseSite = kind.Kind[*v1alpha1.HCXEnterpriseSite]{
	Traits: kind.Traits{
		Name: "HCXEnterpriseSite", Segment: "hcxEnterpriseSites", Lane: lane.Light, NoPatch: true,
		Mended:   kind.ByPUT, // with a site goes its activation key
		ReadOnly: []string{activationKey, "/properties/status"},
	},
	New: func() *v1alpha1.HCXEnterpriseSite { return &v1alpha1.HCXEnterpriseSite{} },
	Parent: func(s *v1alpha1.HCXEnterpriseSite) kind.Parent {
		return kind.Parent{PrivateCloud: &s.Spec.PrivateCloudRef}
	},
	Desired:  hcxEnterpriseSiteDesired,
	Observe:  hcxEnterpriseSiteObserve,
	Requires: hcxEnterpriseSiteRequires,
	Export:   &kind.Export[*v1alpha1.HCXEnterpriseSite]{Secret: hcxEnterpriseSiteSecret, Content: hcxEnterpriseSiteSecretContent},
}

const activationKey = "/properties/activationKey"

func hcxEnterpriseSiteDesired(*v1alpha1.HCXEnterpriseSite) map[string]any {
	return map[string]any{"properties": map[string]any{}}
}

// hcxEnterpriseSiteObserve leaves the key alone: it goes into the Secret and nowhere else.
func hcxEnterpriseSiteObserve(s *v1alpha1.HCXEnterpriseSite, actual *arm.Resource) {
	s.Status.Status = actual.String("/properties/status")
}

// hcxEnterpriseSiteRequires: Azure refuses a site before HCX is there.
func hcxEnterpriseSiteRequires(w kind.World[*v1alpha1.HCXEnterpriseSite]) []kind.Requirement {
	return []kind.Requirement{{ID: w.CloudID.Child("addons", "HCX"), Words: "the HCX add-on"}}
}

func hcxEnterpriseSiteSecret(s *v1alpha1.HCXEnterpriseSite, actual *arm.Resource) (name, version string) {
	return s.Spec.SecretName, body.Fingerprint(actual.String(activationKey))
}

func hcxEnterpriseSiteSecretContent(_ context.Context, w kind.World[*v1alpha1.HCXEnterpriseSite]) (map[string][]byte, error) {
	key := w.Actual.String(activationKey)
	if key == "" {
		return nil, errors.New("Azure has not issued the activation key yet")
	}
	return map[string][]byte{"activationKey": []byte(key)}, nil
}
