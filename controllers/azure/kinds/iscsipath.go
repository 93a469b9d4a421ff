// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package kinds

import (
	"context"
	"strings"
	"time"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/arm"
	"github.com/avs-operator/avs-operator/controllers/azure"
	"github.com/avs-operator/avs-operator/controllers/azure/lane"
	"github.com/avs-operator/avs-operator/controllers/connect"
	"github.com/avs-operator/avs-operator/controllers/outcome"
)

// +kubebuilder:rbac:groups=avs-operator.io,resources=iscsipaths,verbs=get;list;watch;patch
// +kubebuilder:rbac:groups=avs-operator.io,resources=iscsipaths/status,verbs=get;patch

// iscsiPath is Microsoft.AVS/privateClouds/iscsiPaths.
type iscsiPath struct{}

// defaultName is the name of what a private cloud has one of.
const defaultName = "default"

func (iscsiPath) Traits() azure.Traits {
	return azure.Traits{
		Name: "IscsiPath", Segment: "iscsiPaths", Lane: lane.Hosts, NoPatch: true, Immutable: []string{"/properties/networkBlock"},
		Mended: azure.ByPUT,
	}
}

func (iscsiPath) New() *v1alpha1.IscsiPath { return &v1alpha1.IscsiPath{} }

func (iscsiPath) Parent(p *v1alpha1.IscsiPath) azure.Parent {
	return azure.Parent{PrivateCloud: &p.Spec.PrivateCloudRef}
}

func (iscsiPath) AzureName(*v1alpha1.IscsiPath) string { return defaultName }

func (iscsiPath) Desired(p *v1alpha1.IscsiPath) map[string]any {
	properties := map[string]any{}
	set(properties, "networkBlock", p.Spec.NetworkBlock)
	return map[string]any{"properties": properties}
}

func (iscsiPath) Observe(p *v1alpha1.IscsiPath, actual *arm.Resource) {
	p.Status.NetworkBlock = actual.String("/properties/networkBlock")
}

// Guard: a private cloud in a virtual network has no iSCSI path.
func (iscsiPath) Guard(_ context.Context, w azure.World[*v1alpha1.IscsiPath], _ azure.Intent) *outcome.Outcome {
	if inVirtualNetwork(w.Cloud) {
		return outcome.Stall(v1alpha1.ReasonInvalidSpec, "PrivateCloud %s is in a virtual network, through which its hosts reach an Elastic SAN: it has no iSCSI path. Delete this object", w.Cloud.Name)
	}
	return nil
}

// MayGo: not while a datastore of any cluster, whoever made it, is reached over it.
func (iscsiPath) MayGo(ctx context.Context, w azure.World[*v1alpha1.IscsiPath]) *outcome.Outcome {
	clusters, err := w.List(ctx, w.CloudID+"/clusters")
	if err != nil {
		return connect.OutcomeOf(err)
	}
	names := []string{"Cluster-1"} // which the list does not show
	for _, c := range clusters {
		names = append(names, c.Name)
	}
	var users []string
	for _, name := range names {
		datastores, err := w.List(ctx, w.CloudID.Child("clusters", name)+"/datastores")
		if err != nil {
			return connect.OutcomeOf(err)
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
	return outcome.Wait(v1alpha1.ReasonDependentsExist, "datastores of an Elastic SAN are reached over it: %s. Delete them first", strings.Join(users, ", ")).In(time.Minute)
}

func (iscsiPath) Expect(arm.Verb, *v1alpha1.IscsiPath) azure.Expectation { return updateExpected }
