// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package armsim

import (
	"fmt"
	"hash/fnv"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
)

// connectionTypes connect a private cloud to the outside. They touch no host.
func connectionTypes(cloud *resourceType) []*resourceType {
	return []*resourceType{globalReach(cloud), cloudLinks(cloud), hcxSites(cloud)}
}

// stamp writes when a resource was made.
func stamp(ch *change) { put(ch.r.body, "systemData.createdAt", timestamp(time.Now())) }

var circuitID = regexp.MustCompile(`(?i)^/subscriptions/[^/]+/resourceGroups/[^/]+/providers/Microsoft\.Network/expressRouteCircuits/[^/]+$`)

// globalReach connects two ExpressRoute circuits. AVS shows the authorization key to everybody who may read, so this does.
func globalReach(cloud *resourceType) *resourceType {
	return &resourceType{
		segment: "globalReachConnections", parent: cloud, class: lightClass,
		put: viaAsyncOperation, remove: viaLocation, creating: "Updating", updating: "Updating",
		required:  []string{"properties.authorizationKey", "properties.peerExpressRouteCircuit"},
		immutable: []string{"properties.authorizationKey", "properties.peerExpressRouteCircuit", "properties.expressRouteId"},
		readOnly:  []string{"properties.provisioningState", "properties.addressPrefix", "properties.circuitConnectionStatus"},
		kept:      []string{"systemData"},
		newer:     map[string]string{"systemData": "2023-09-01"},
		validate: func(s *Server, ch *change) *answer {
			for _, path := range []string{"properties.peerExpressRouteCircuit", "properties.expressRouteId"} {
				if v, ok := lookup(ch.after, path); ok && !circuitID.MatchString(fmt.Sprint(v)) {
					return invalid("The value '%v' of '%s' is not the id of an ExpressRoute circuit.", v, path)
				}
			}
			if refused := ownsCircuit(ch); refused != nil {
				return refused
			}
			if ch.before == nil && !s.issuedAt(lookupString(ch.after, "properties.peerExpressRouteCircuit"), lookupString(ch.after, "properties.authorizationKey")) {
				return invalid("The authorization key is not one of the peer ExpressRoute circuit.")
			}
			return nil
		},
		fill: func(_ *Server, ch *change) {
			put(ch.r.body, "properties.circuitConnectionStatus", "Connecting")
			stamp(ch)
		},
		length: ordinaryLength,
		finish: func(_ *Server, r *resource, _ *change) {
			hash := fnv.New32a()
			_, _ = hash.Write([]byte(r.key()))
			put(r.body, "properties.addressPrefix", fmt.Sprintf("10.%d.%d.0/29", 64+hash.Sum32()%32, hash.Sum32()>>8%256))
			put(r.body, "properties.circuitConnectionStatus", "Connected")
		},
	}
}

// cloudLinks join the networks of two private clouds of a region. The other side sees the link among its externalCloudLinks.
func cloudLinks(cloud *resourceType) *resourceType {
	return &resourceType{
		segment: "cloudLinks", parent: cloud, class: lightClass,
		put: viaAsyncOperation, remove: viaLocation, creating: "Updating", updating: "Updating",
		required: []string{"properties.linkedCloud"}, immutable: []string{"properties.linkedCloud"},
		readOnly: []string{"properties.provisioningState", "properties.status"}, kept: []string{"systemData"},
		newer: map[string]string{"systemData": "2023-09-01", "properties.provisioningState": "2023-09-01"},
		validate: func(s *Server, ch *change) *answer {
			id := lookupString(ch.after, "properties.linkedCloud")
			other, ok := s.resources[strings.ToLower(id)]
			switch {
			case !ok || other.parent != nil || other.state() != succeeded:
				return invalid("The private cloud '%s' to link to does not exist or is not ready.", id)
			case other == ch.cloud():
				return invalid("A private cloud cannot be linked to itself.")
			case other.location() != ch.cloud().location():
				return invalid("The private clouds are in different regions, %s and %s. Use Global Reach between regions.", ch.cloud().location(), other.location())
			}
			return nil
		},
		fill: func(_ *Server, ch *change) {
			put(ch.r.body, "properties.status", "Building")
			stamp(ch)
		},
		length: ordinaryLength,
		finish: func(s *Server, r *resource, _ *change) {
			put(r.body, "properties.status", "Active")
			s.announceLink(lookupString(r.body, "properties.linkedCloud"), r.id, true)
		},
	}
}

// announceLink makes the other private cloud show a link, or no longer. s.mu is held.
func (s *Server) announceLink(cloud, link string, there bool) {
	const path = "properties.externalCloudLinks"
	other, ok := s.resources[strings.ToLower(cloud)]
	if !ok {
		return
	}
	for _, body := range []map[string]any{other.body, other.target} {
		if body == nil {
			continue
		}
		links := slices.DeleteFunc(hostList(body, path), func(l string) bool { return strings.EqualFold(l, link) })
		if there {
			links = append(links, link)
		}
		put(body, path, append([]any{}, clone(links).([]any)...))
	}
}

// forgetLinks tells the other sides that what is dropped took its links with it: a link of r, or all links to a private cloud.
// s.mu is held.
func (s *Server) forgetLinks(r *resource) {
	switch r.typ.segment {
	case "cloudLinks":
		s.announceLink(lookupString(r.body, "properties.linkedCloud"), r.id, false)
	case "privateClouds":
		for _, link := range s.resources {
			if link.typ.segment == "cloudLinks" && strings.EqualFold(lookupString(link.body, "properties.linkedCloud"), r.id) {
				put(link.body, "properties.status", "Disconnected")
			}
		}
	}
}

// maxSites is how many HCX site pairings a private cloud has.
const maxSites = 25

// hcxSites are activation keys for HCX connectors. Their verbs are synchronous.
func hcxSites(cloud *resourceType) *resourceType {
	return &resourceType{
		segment: "hcxEnterpriseSites", parent: cloud, class: lightClass,
		put: synchronous, remove: synchronous, creating: succeeded, updating: succeeded,
		readOnly: []string{"properties.provisioningState", "properties.activationKey", "properties.status"}, kept: []string{"systemData"},
		newer: map[string]string{"systemData": "2023-09-01", "properties.provisioningState": "2023-09-01"},
		validate: func(s *Server, ch *change) *answer {
			if !s.exists(ch.cloud().id + "/addons/HCX") {
				return refuse(http.StatusConflict, "Conflict", "An HCX enterprise site needs the HCX add-on of the private cloud '%s'.", ch.cloud().id)
			}
			if ch.create() && s.count(ch.cloud(), "hcxEnterpriseSites") >= maxSites {
				return refuse(http.StatusBadRequest, "LimitExceeded", "A private cloud has at most %d HCX enterprise sites.", maxSites)
			}
			return nil
		},
		fill: func(_ *Server, ch *change) {
			put(ch.r.body, "properties.status", "Available")
			put(ch.r.body, "properties.activationKey", strings.ToUpper(strings.ReplaceAll(uuid.NewString(), "-", "")))
			stamp(ch)
		},
	}
}

// count answers how many resources of a type a private cloud has. s.mu is held.
func (s *Server) count(cloud *resource, segment string) int {
	n := 0
	for _, r := range s.below(cloud) {
		if r.typ.segment == segment {
			n++
		}
	}
	return n
}
