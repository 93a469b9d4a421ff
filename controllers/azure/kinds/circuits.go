// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package kinds

import (
	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/outcome"
)

// A private cloud comes with an ExpressRoute circuit, and with a second one if it is stretched over two zones.
const (
	primary   = "Primary"
	secondary = "Secondary"
)

// circuit is the ARM id of one of a private cloud's circuits, the first if none is named.
func circuit(cloud *v1alpha1.PrivateCloud, which string) (string, *outcome.Outcome) {
	found, words := cloud.Status.Circuit, "it is in a virtual network, which is reached without one"
	if which == secondary {
		found, words = cloud.Status.SecondaryCircuit, "only one that is stretched over two zones (availability.strategy DualZone) has it: leave circuit out"
	}
	if found == nil || found.ExpressRouteID == "" {
		if which != secondary {
			which = primary
		}
		return "", outcome.Stall(v1alpha1.ReasonInvalidSpec, "PrivateCloud %s/%s has no ExpressRoute circuit that is %s: %s", cloud.Namespace, cloud.Name, which, words)
	}
	return found.ExpressRouteID, nil
}

// sameCircuit says that two words mean the same circuit.
func sameCircuit(one, other string) bool { return (one == secondary) == (other == secondary) }
