// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package kinds

import (
	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/arm"
	"github.com/avs-operator/avs-operator/controllers/azure/body"
	"github.com/avs-operator/avs-operator/controllers/azure/kind"
	"github.com/avs-operator/avs-operator/controllers/azure/lane"
)

// +kubebuilder:rbac:groups=avs-operator.io,resources=purestoragepolicies,verbs=get;list;watch;patch
// +kubebuilder:rbac:groups=avs-operator.io,resources=purestoragepolicies/status,verbs=get;patch

// pureStoragePolicy is Microsoft.AVS/privateClouds/pureStoragePolicies.
var pureStoragePolicy = kind.Kind[*v1alpha1.PureStoragePolicy]{
	Traits: kind.Traits{Name: "PureStoragePolicy", Segment: "pureStoragePolicies", Lane: lane.Hosts, NoPatch: true, Mended: kind.ByPUT},
	New:    func() *v1alpha1.PureStoragePolicy { return &v1alpha1.PureStoragePolicy{} },
	Parent: func(p *v1alpha1.PureStoragePolicy) kind.Parent {
		return kind.Parent{PrivateCloud: &p.Spec.PrivateCloudRef}
	},
	Desired: pureStoragePolicyDesired,
	Observe: func(*v1alpha1.PureStoragePolicy, *arm.Resource) {},
	Expect:  func(arm.Verb, *v1alpha1.PureStoragePolicy) kind.Expectation { return updateExpected },
}

func pureStoragePolicyDesired(p *v1alpha1.PureStoragePolicy) map[string]any {
	properties := map[string]any{}
	body.Set(properties, "storagePolicyDefinition", p.Spec.StoragePolicyDefinition)
	body.Set(properties, "storagePoolId", p.Spec.StoragePoolID)
	return map[string]any{"properties": properties}
}
