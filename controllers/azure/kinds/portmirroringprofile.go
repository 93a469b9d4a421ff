// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package kinds

import (
	"context"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/arm"
	"github.com/avs-operator/avs-operator/controllers/azure"
	"github.com/avs-operator/avs-operator/controllers/outcome"
)

// +kubebuilder:rbac:groups=avs-operator.io,resources=portmirroringprofiles,verbs=get;list;watch;patch
// +kubebuilder:rbac:groups=avs-operator.io,resources=portmirroringprofiles/status,verbs=get;patch

// portMirroringProfile is Microsoft.AVS/privateClouds/workloadNetworks/portMirroringProfiles.
type portMirroringProfile struct {
	networkObject[*v1alpha1.PortMirroringProfile]
}

func (portMirroringProfile) Traits() azure.Traits {
	return networkTraits("PortMirroringProfile", "portMirroringProfiles")
}

// Follows: it names groups.
func (portMirroringProfile) Follows() []azure.Object { return []azure.Object{&v1alpha1.VMGroup{}} }

func (portMirroringProfile) New() *v1alpha1.PortMirroringProfile {
	return &v1alpha1.PortMirroringProfile{}
}

func (portMirroringProfile) Parent(p *v1alpha1.PortMirroringProfile) azure.Parent {
	return azure.Parent{PrivateCloud: &p.Spec.PrivateCloudRef}
}

func (portMirroringProfile) Desired(p *v1alpha1.PortMirroringProfile) map[string]any {
	properties := map[string]any{}
	set(properties, "displayName", p.Spec.DisplayName)
	set(properties, "direction", string(p.Spec.Direction))
	set(properties, "source", p.Spec.Source)
	set(properties, "destination", p.Spec.Destination)
	return map[string]any{"properties": properties}
}

func (portMirroringProfile) Observe(p *v1alpha1.PortMirroringProfile, actual *arm.Resource) {
	p.Status.Status = actual.String("/properties/status")
}

// Resolve finds the VM groups. One whose object is being deleted stays named: it waits for this profile, not the other way round.
func (k portMirroringProfile) Resolve(ctx context.Context, w azure.World[*v1alpha1.PortMirroringProfile], desired map[string]any) *outcome.Outcome {
	_ = k.networkObject.Resolve(ctx, w, desired)
	groups, o := namedObjectsOf(ctx, w, "VM group", "vmGroups", &v1alpha1.VMGroupList{})
	if o != nil {
		return o
	}
	properties := propertiesOf(desired)
	for _, end := range []string{"source", "destination"} {
		name, _ := properties[end].(string)
		if name == "" {
			continue
		}
		group, _, o := groups.find(name)
		if o != nil {
			return o
		}
		properties[end] = asAzureHas(group, []string{w.Actual.String("/properties/" + end)})
	}
	return nil
}
