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
	"github.com/avs-operator/avs-operator/controllers/azure/kinds/ask"
	"github.com/avs-operator/avs-operator/controllers/azure/lane"
	"github.com/avs-operator/avs-operator/controllers/outcome"
	"github.com/avs-operator/avs-operator/controllers/text"
)

// +kubebuilder:rbac:groups=avs-operator.io,resources=movementrestrictions,verbs=get;list;watch;patch
// +kubebuilder:rbac:groups=avs-operator.io,resources=movementrestrictions/status,verbs=get;patch

// movementRestriction is the action restrictMovement of Microsoft.AVS/privateClouds/clusters/virtualMachines.
var movementRestriction = kind.Kind[*v1alpha1.MovementRestriction]{
	Traits: kind.Traits{
		Name: "MovementRestriction", Segment: "virtualMachines", InCluster: true, Lane: lane.Hosts, ChangedBy: "restrictMovement",
		Mended:   kind.ByPUT, // the machine is vCenter's; only the action is sent again
		Defaults: map[string]any{restrictMovement: "Disabled"},
	},
	New: func() *v1alpha1.MovementRestriction { return &v1alpha1.MovementRestriction{} },
	Parent: func(m *v1alpha1.MovementRestriction) kind.Parent {
		return kind.Parent{PrivateCloud: m.Spec.PrivateCloudRef, Cluster: m.Spec.ClusterRef}
	},
	Desired: movementRestrictionDesired,
	Observe: movementRestrictionObserve,
	Locate:  movementRestrictionLocate,
}

const restrictMovement = "/properties/restrictMovement"

// movementRestrictionLocate finds the one machine of the cluster that the spec means.
func movementRestrictionLocate(ctx context.Context, w kind.World[*v1alpha1.MovementRestriction], collection arm.ID) (string, *outcome.Outcome) {
	spec := w.Object.Spec.VirtualMachine
	wanted := v1alpha1.PlacementMember{Name: spec.Name, InstanceUUID: spec.InstanceUUID}
	machines, o := ask.ClusterMachines(ctx, w, collection, wanted)
	if o != nil {
		return "", o
	}
	switch found := machines.Of(wanted); len(found) {
	case 1:
		return found[0].ID.Name(), nil
	case 0:
		return "", outcome.Wait(v1alpha1.ReasonMachineNotFound,
			"no machine in %s has %s: this goes on by itself when there is one; else make a new object for another machine",
			machines.Cluster, ask.MemberWords(wanted)).About(v1alpha1.ConditionReferencesReady).In(time.Minute)
	default:
		return "", outcome.Stall(v1alpha1.ReasonAmbiguousMachine, "more than one machine in %s has %s (%s): make a new object that names it by instanceUUID",
			machines.Cluster, ask.MemberWords(wanted), strings.Join(ask.Places(found), ", ")).About(v1alpha1.ConditionReferencesReady)
	}
}

func movementRestrictionDesired(m *v1alpha1.MovementRestriction) map[string]any {
	properties := map[string]any{"restrictMovement": "Enabled"}
	body.Set(properties, "restrictMovement", m.Spec.RestrictMovement)
	return map[string]any{"properties": properties}
}

func movementRestrictionObserve(m *v1alpha1.MovementRestriction, actual *arm.Resource) {
	m.Status.Machine = text.Cut(actual.String(ask.DisplayName), 256)
	m.Status.RestrictMovement = actual.String(restrictMovement)
}
