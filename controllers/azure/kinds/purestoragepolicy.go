// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package kinds

import (
	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/arm"
	"github.com/avs-operator/avs-operator/controllers/azure"
	"github.com/avs-operator/avs-operator/controllers/azure/lane"
)

// +kubebuilder:rbac:groups=avs-operator.io,resources=purestoragepolicies,verbs=get;list;watch;patch
// +kubebuilder:rbac:groups=avs-operator.io,resources=purestoragepolicies/status,verbs=get;patch

// pureStoragePolicy is Microsoft.AVS/privateClouds/pureStoragePolicies.
type pureStoragePolicy struct{}

func (pureStoragePolicy) Traits() azure.Traits {
	return azure.Traits{Name: "PureStoragePolicy", Segment: "pureStoragePolicies", Lane: lane.Hosts, NoPatch: true, Mended: azure.ByPUT}
}

func (pureStoragePolicy) New() *v1alpha1.PureStoragePolicy { return &v1alpha1.PureStoragePolicy{} }

func (pureStoragePolicy) Parent(p *v1alpha1.PureStoragePolicy) azure.Parent {
	return azure.Parent{PrivateCloud: &p.Spec.PrivateCloudRef}
}

func (pureStoragePolicy) Desired(p *v1alpha1.PureStoragePolicy) map[string]any {
	properties := map[string]any{}
	set(properties, "storagePolicyDefinition", p.Spec.StoragePolicyDefinition)
	set(properties, "storagePoolId", p.Spec.StoragePoolID)
	return map[string]any{"properties": properties}
}

func (pureStoragePolicy) Observe(*v1alpha1.PureStoragePolicy, *arm.Resource) {}

func (pureStoragePolicy) Expect(arm.Verb, *v1alpha1.PureStoragePolicy) azure.Expectation {
	return updateExpected
}
