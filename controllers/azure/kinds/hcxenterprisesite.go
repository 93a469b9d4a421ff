// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package kinds

import (
	"context"
	"errors"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/arm"
	"github.com/avs-operator/avs-operator/controllers/azure"
	"github.com/avs-operator/avs-operator/controllers/azure/lane"
)

// +kubebuilder:rbac:groups=avs-operator.io,resources=hcxenterprisesites,verbs=get;list;watch;patch
// +kubebuilder:rbac:groups=avs-operator.io,resources=hcxenterprisesites/status,verbs=get;patch
// +kubebuilder:rbac:groups=avs-operator.io,resources=hcxenterprisesites/finalizers,verbs=update

// hcxEnterpriseSite is Microsoft.AVS/privateClouds/hcxEnterpriseSites. Azure makes it at once.
type hcxEnterpriseSite struct{}

const activationKey = "/properties/activationKey"

func (hcxEnterpriseSite) Traits() azure.Traits {
	return azure.Traits{
		Name: "HCXEnterpriseSite", Segment: "hcxEnterpriseSites", Lane: lane.Light, NoPatch: true,
		Mended:   azure.ByPUT, // with a site goes its activation key
		ReadOnly: []string{activationKey, "/properties/status"},
	}
}

func (hcxEnterpriseSite) New() *v1alpha1.HCXEnterpriseSite { return &v1alpha1.HCXEnterpriseSite{} }

func (hcxEnterpriseSite) Parent(s *v1alpha1.HCXEnterpriseSite) azure.Parent {
	return azure.Parent{PrivateCloud: &s.Spec.PrivateCloudRef}
}

func (hcxEnterpriseSite) Desired(*v1alpha1.HCXEnterpriseSite) map[string]any {
	return map[string]any{"properties": map[string]any{}}
}

// Observe leaves the key alone: it goes into the Secret and nowhere else.
func (hcxEnterpriseSite) Observe(s *v1alpha1.HCXEnterpriseSite, actual *arm.Resource) {
	s.Status.Status = actual.String("/properties/status")
}

// Requires: Azure refuses a site before HCX is there.
func (hcxEnterpriseSite) Requires(w azure.World[*v1alpha1.HCXEnterpriseSite]) []azure.Requirement {
	return []azure.Requirement{{ID: w.CloudID.Child("addons", "HCX"), Words: "the HCX add-on"}}
}

func (hcxEnterpriseSite) Secret(s *v1alpha1.HCXEnterpriseSite, actual *arm.Resource) (name, version string) {
	return s.Spec.SecretName, fingerprint(actual.String(activationKey))
}

func (hcxEnterpriseSite) Content(_ context.Context, w azure.World[*v1alpha1.HCXEnterpriseSite]) (map[string][]byte, error) {
	key := w.Actual.String(activationKey)
	if key == "" {
		return nil, errors.New("Azure has not issued the activation key yet")
	}
	return map[string][]byte{"activationKey": []byte(key)}, nil
}
