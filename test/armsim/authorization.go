// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package armsim

import (
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
		fill: func(_ *Server, ch *change) {
			put(ch.r.body, "systemData.createdAt", timestamp(time.Now()))
		},
		length: func(s *Server, _ *change) Span { return s.config.Durations.Update },
		finish: func(_ *Server, r *resource, ch *change) {
			if ch.makes() {
				circuit := lookupString(r.root().body, "properties.circuit.expressRouteID")
				put(r.body, "properties.expressRouteAuthorizationId", circuit+"/authorizations/"+r.name)
				put(r.body, "properties.expressRouteAuthorizationKey", uuid.NewString())
			}
		},
	}
}
