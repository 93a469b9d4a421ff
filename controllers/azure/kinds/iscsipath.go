// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package kinds

import (
	"context"
	"strings"
	"time"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/arm"
	"github.com/avs-operator/avs-operator/controllers/azure/body"
	"github.com/avs-operator/avs-operator/controllers/azure/kind"
	"github.com/avs-operator/avs-operator/controllers/azure/lane"
	"github.com/avs-operator/avs-operator/controllers/azure/tree"
	"github.com/avs-operator/avs-operator/controllers/connect/rulings"
	"github.com/avs-operator/avs-operator/controllers/outcome"
)

// +kubebuilder:rbac:groups=avs-operator.io,resources=iscsipaths,verbs=get;list;watch;patch
// +kubebuilder:rbac:groups=avs-operator.io,resources=iscsipaths/status,verbs=get;patch

// iscsiPath is Microsoft.AVS/privateClouds/iscsiPaths.
var iscsiPath = kind.Kind[*v1alpha1.IscsiPath]{
	Traits: kind.Traits{
		Name: "IscsiPath", Segment: "iscsiPaths", Lane: lane.Hosts, NoPatch: true, Immutable: []string{"/properties/networkBlock"},
		Mended: kind.ByPUT,
	},
	New:       func() *v1alpha1.IscsiPath { return &v1alpha1.IscsiPath{} },
	Parent:    func(p *v1alpha1.IscsiPath) kind.Parent { return kind.Parent{PrivateCloud: &p.Spec.PrivateCloudRef} },
	Desired:   iscsiPathDesired,
	Observe:   iscsiPathObserve,
	AzureName: func(*v1alpha1.IscsiPath) string { return defaultName },
	MayWrite:  iscsiPathMayWrite,
	MayDelete: iscsiPathMayDelete,
	Expect:    func(arm.Verb, *v1alpha1.IscsiPath) kind.Expectation { return updateExpected },
}

// defaultName is the name of what a private cloud has one of.
const defaultName = "default"

func iscsiPathDesired(p *v1alpha1.IscsiPath) map[string]any {
	properties := map[string]any{}
	body.Set(properties, "networkBlock", p.Spec.NetworkBlock)
	return map[string]any{"properties": properties}
}

func iscsiPathObserve(p *v1alpha1.IscsiPath, actual *arm.Resource) {
	p.Status.NetworkBlock = actual.String("/properties/networkBlock")
}

// iscsiPathMayWrite: a private cloud in a virtual network has no iSCSI path.
func iscsiPathMayWrite(_ context.Context, w kind.World[*v1alpha1.IscsiPath], _ kind.Intent) *outcome.Outcome {
	if inVirtualNetwork(w.Cloud) {
		return outcome.Stall(v1alpha1.ReasonInvalidSpec,
			"PrivateCloud %s is in a virtual network, through which its hosts reach an Elastic SAN: it has no iSCSI path. Delete this object", w.Cloud.Name)
	}
	return nil
}

// iscsiPathMayDelete: not while a datastore of any cluster, whoever made it, is reached over it.
func iscsiPathMayDelete(ctx context.Context, w kind.World[*v1alpha1.IscsiPath]) *outcome.Outcome {
	clusters, err := w.List(ctx, w.CloudID+"/clusters")
	if err != nil {
		return rulings.OfAzure(err)
	}
	names := []string{tree.Cluster1}
	for _, c := range clusters {
		names = append(names, c.Name)
	}
	var users []string
	for _, name := range names {
		datastores, err := w.List(ctx, w.CloudID.Child("clusters", name)+"/datastores")
		if err != nil {
			return rulings.OfAzure(err)
		}
		for _, d := range datastores {
			if _, is := d.Value("/properties/elasticSanVolume"); is {
				users = append(users, d.Name+" of "+name)
			}
		}
	}
	if len(users) == 0 {
		return nil
	}
	return outcome.Wait(v1alpha1.ReasonDependentsExist, "datastores of an Elastic SAN are reached over it: %s. Delete them first",
		strings.Join(users, ", ")).In(time.Minute)
}
