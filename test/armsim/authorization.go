// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package armsim

import (
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
)

// authorizations are ExpressRoute keys. They touch no host, so nothing excludes them: azurerm makes one in the same
// millisecond as a cluster.
func authorizations(cloud *resourceType) *resourceType {
	return &resourceType{
		segment: "authorizations", parent: cloud, class: lightClass,
		put: viaAsyncOperation, remove: viaLocation, creating: "Updating", updating: "Updating",
		immutable: []string{"properties.expressRouteId"},
		readOnly:  []string{"properties.provisioningState", "properties.expressRouteAuthorizationId", "properties.expressRouteAuthorizationKey"},
		kept:      []string{"systemData"},
		validate:  func(_ *Server, ch *change) *answer { return ownsCircuit(ch) },
		fill: func(_ *Server, ch *change) {
			put(ch.r.body, "systemData.createdAt", timestamp(time.Now()))
		},
		length: func(s *Server, _ *change) Span { return s.config.Durations.Update },
		finish: func(_ *Server, r *resource, ch *change) {
			if ch.makes() {
				circuit := lookupString(r.body, "properties.expressRouteId")
				if circuit == "" {
					circuit = lookupString(r.root().body, "properties.circuit.expressRouteID")
				}
				put(r.body, "properties.expressRouteAuthorizationId", circuit+"/authorizations/"+r.name)
				put(r.body, "properties.expressRouteAuthorizationKey", uuid.NewString())
			}
		},
	}
}

// circuitsOf are the ids of a private cloud's circuits.
func circuitsOf(cloud *resource) (out []string) {
	for _, path := range []string{"properties.circuit.expressRouteID", "properties.secondaryCircuit.expressRouteID"} {
		if id := lookupString(cloud.body, path); id != "" {
			out = append(out, id)
		}
	}
	return out
}

func hasCircuit(cloud *resource, id string) bool {
	return slices.ContainsFunc(circuitsOf(cloud), func(one string) bool { return strings.EqualFold(one, id) })
}

// ownsCircuit refuses a circuit on this side that is not the private cloud's.
func ownsCircuit(ch *change) *answer {
	if id := lookupString(ch.after, "properties.expressRouteId"); id != "" && !hasCircuit(ch.cloud(), id) {
		return invalid("The ExpressRoute circuit '%s' is not one of this private cloud.", id)
	}
	return nil
}

// issuedAt says that a key is one of an authorization at the circuit; a circuit that is no private cloud's is not known here.
func (s *Server) issuedAt(circuit, key string) bool {
	known := false
	for _, cloud := range s.resources {
		if cloud.parent != nil || !hasCircuit(cloud, circuit) {
			continue
		}
		known = true
		for _, r := range s.below(cloud) {
			at := lookupString(r.body, "properties.expressRouteAuthorizationId")
			if strings.HasPrefix(strings.ToLower(at), strings.ToLower(circuit)+"/") && lookupString(r.body, "properties.expressRouteAuthorizationKey") == key {
				return true
			}
		}
	}
	return !known
}
