// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package ask

import (
	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/arm"
	"github.com/avs-operator/avs-operator/controllers/azure/body"
	"github.com/avs-operator/avs-operator/controllers/outcome"
)

// A private cloud comes with an ExpressRoute circuit, and with a second one if it is stretched over two zones.
const (
	primary   = "Primary"
	secondary = "Secondary"
)

// Circuit is the ARM id of one of a private cloud's circuits, the first if none is named.
func Circuit(cloud *v1alpha1.PrivateCloud, which string) (string, *outcome.Outcome) {
	found, words := cloud.Status.Circuit, "it is in a virtual network, which is reached without one"
	if which == secondary {
		found, words = cloud.Status.SecondaryCircuit, "only one that is stretched over two zones (availability.strategy DualZone) has it: leave circuit out"
	}
	if found == nil || found.ExpressRouteID == "" {
		if which != secondary {
			which = primary
		}
		return "", outcome.Stall(v1alpha1.ReasonInvalidSpec, "PrivateCloud %s/%s has no ExpressRoute circuit that is %s: %s",
			cloud.Namespace, cloud.Name, which, words)
	}
	return found.ExpressRouteID, nil
}

// SameCircuit says that two words mean the same circuit.
func SameCircuit(one, other string) bool { return (one == secondary) == (other == secondary) }

// OwnCircuit puts the circuit of a private cloud that the spec names into the body. If it names none, Azure takes the first, and need not show it.
func OwnCircuit(cloud *v1alpha1.PrivateCloud, actual *arm.Resource, which string, desired map[string]any) *outcome.Outcome {
	if which == "" || which == primary && actual != nil && actual.String("/properties/expressRouteId") == "" {
		return nil
	}
	id, o := Circuit(cloud, which)
	if o == nil {
		body.Properties(desired)["expressRouteId"] = id
	}
	return o
}
