// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package kinds

import (
	"context"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/arm"
	"github.com/avs-operator/avs-operator/controllers/azure/body"
	"github.com/avs-operator/avs-operator/controllers/azure/kind"
	"github.com/avs-operator/avs-operator/controllers/azure/kinds/ask"
	"github.com/avs-operator/avs-operator/controllers/outcome"
)

// +kubebuilder:rbac:groups=avs-operator.io,resources=portmirroringprofiles,verbs=get;list;watch;patch
// +kubebuilder:rbac:groups=avs-operator.io,resources=portmirroringprofiles/status,verbs=get;patch

// portMirroringProfile is Microsoft.AVS/privateClouds/workloadNetworks/portMirroringProfiles.
var portMirroringProfile = networkKind(kind.Kind[*v1alpha1.PortMirroringProfile]{
	Traits: kind.Traits{Name: "PortMirroringProfile", Segment: "portMirroringProfiles"},
	New:    func() *v1alpha1.PortMirroringProfile { return &v1alpha1.PortMirroringProfile{} },
	Parent: func(p *v1alpha1.PortMirroringProfile) kind.Parent {
		return kind.Parent{PrivateCloud: &p.Spec.PrivateCloudRef}
	},
	Desired: portMirroringProfileDesired,
	Observe: portMirroringProfileObserve,
	Resolve: portMirroringProfileResolve,
	Follows: []kind.Object{&v1alpha1.VMGroup{}}, // it names groups.
})

func portMirroringProfileDesired(p *v1alpha1.PortMirroringProfile) map[string]any {
	properties := map[string]any{}
	body.Set(properties, "displayName", p.Spec.DisplayName)
	body.Set(properties, "direction", string(p.Spec.Direction))
	body.Set(properties, "source", p.Spec.Source)
	body.Set(properties, "destination", p.Spec.Destination)
	return map[string]any{"properties": properties}
}

func portMirroringProfileObserve(p *v1alpha1.PortMirroringProfile, actual *arm.Resource) {
	p.Status.Status = actual.String("/properties/status")
}

// portMirroringProfileResolve finds the VM groups. One whose object is being deleted stays named: it waits for this profile, not the other way round.
func portMirroringProfileResolve(ctx context.Context, w kind.World[*v1alpha1.PortMirroringProfile], desired map[string]any) *outcome.Outcome {
	nameAsInAzure(w, desired)
	groups, o := ask.Named(ctx, w, "VM group", "vmGroups", &v1alpha1.VMGroupList{})
	if o != nil {
		return o
	}
	properties := body.Properties(desired)
	for _, end := range []string{"source", "destination"} {
		name, _ := properties[end].(string)
		if name == "" {
			continue
		}
		group, _, o := groups.Find(name)
		if o != nil {
			return o
		}
		properties[end] = ask.AsAzureHas(group, []string{w.Actual.String("/properties/" + end)})
	}
	return nil
}
