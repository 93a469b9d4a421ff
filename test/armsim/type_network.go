// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package armsim

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"
)

// networkTypes are the workload network: NSX, as far as Azure lets one at it.
func networkTypes(cloud *resourceType) []*resourceType {
	network := &resourceType{
		segment: "workloadNetworks", parent: cloud, standIn: "default",
		newer: map[string]string{"properties.provisioningState": "2023-09-01", "systemData": "2023-09-01"},
		rows: func(_ *Server, parent *resource, _ string) []map[string]any {
			return []map[string]any{{
				"id": parent.id + "/workloadNetworks/default", "name": "default", "type": avs + "/privateClouds/workloadNetworks",
				"properties": map[string]any{"provisioningState": succeeded},
			}}
		},
		// The one network is no resource that somebody made, but it has children.
		reserved: func(name string) *answer {
			if !strings.EqualFold(name, "default") {
				return nil
			}
			return refuse(http.StatusMethodNotAllowed, "MethodNotAllowed", "The workload network cannot be changed.")
		},
	}
	return []*resourceType{
		network, gateways(network), workloadMachines(network), segments(network), dhcpConfigurations(network), dnsServices(network), dnsZones(network),
		publicIPs(network), portMirroring(network), vmGroups(network),
	}
}

// nsxObject is what all objects of NSX have in common.
func nsxObject(t resourceType) *resourceType {
	t.class = networkClass
	t.put, t.remove, t.creating, t.updating = viaAsyncOperation, viaLocation, "Building", "Updating"
	t.silent = true
	if t.revised {
		t.patch = viaLocation
		t.patchable = append(t.patchable, "properties.revision")
	}
	t.kept = append(t.kept, "systemData", "properties.revision")
	t.readOnly = append(t.readOnly, "properties.provisioningState", "properties.status")
	t.newer = map[string]string{"systemData": "2023-09-01"}
	t.length = func(s *Server, _ *change) Span { return s.config.Durations.Network }
	special := t.fill
	t.fill = func(s *Server, ch *change) {
		stamp(ch)
		if special != nil {
			special(s, ch)
		}
	}
	return &t
}

// healthy lets an object show that NSX has realised it.
func healthy(_ *Server, r *resource, _ *change) { put(r.body, "properties.status", "SUCCESS") }

// tenantNumber is in the names of a private cloud's gateways: TNT86-T1.
func tenantNumber(cloud *resource) string { return "TNT" + strings.ToUpper(tenantName(cloud)[:2]) }

// gateways are one of tier 0 and one of tier 1.
func gateways(network *resourceType) *resourceType {
	return &resourceType{segment: "gateways", parent: network, rows: gatewayRows, newer: map[string]string{"properties.provisioningState": "2023-09-01"}}
}

// gatewaysKey holds the names of further gateways of tier 1, among what only the service knows of a private cloud.
const gatewaysKey = "gateways"

// AddGateway makes a gateway of tier 1 in a private cloud, as somebody in NSX Manager would.
func (s *Server) AddGateway(privateCloudID, name string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	cloud, ok := s.resources[strings.ToLower(privateCloudID)]
	if !ok || cloud.parent != nil {
		return fmt.Errorf("adding gateway %s: there is no private cloud %s", name, privateCloudID)
	}
	names, _ := cloud.hidden[gatewaysKey].([]any)
	cloud.hide(gatewaysKey, append(names, name))
	return nil
}

func gatewayRows(_ *Server, cloud *resource, _ string) []map[string]any {
	tiers := map[string]string{tenantNumber(cloud) + "-T0": "0", tenantNumber(cloud) + "-T1": "1"}
	more, _ := cloud.hidden[gatewaysKey].([]any)
	for _, name := range more {
		tiers[fmt.Sprint(name)] = "1"
	}
	var out []map[string]any
	for _, name := range slices.Sorted(maps.Keys(tiers)) {
		tier := tiers[name]
		out = append(out, map[string]any{
			"id": cloud.id + "/workloadNetworks/default/gateways/" + name, "name": name, "type": avs + "/privateClouds/workloadNetworks/gateways",
			"properties": map[string]any{"displayName": name, "path": "/infra/tier-" + tier + "s/" + name, "provisioningState": succeeded},
		})
	}
	return out
}

// workloadMachines are the machines of the private cloud as NSX sees them.
func workloadMachines(network *resourceType) *resourceType {
	return &resourceType{segment: "virtualMachines", parent: network, newer: map[string]string{"properties.provisioningState": "2023-09-01"},
		rows: func(s *Server, cloud *resource, _ string) []map[string]any {
			var out []map[string]any
			for _, m := range s.machines(cloud, "") {
				out = append(out, map[string]any{
					"id": cloud.id + "/workloadNetworks/default/virtualMachines/" + m.Ref, "name": m.Ref, "type": avs + "/privateClouds/workloadNetworks/virtualMachines",
					"properties": map[string]any{"displayName": m.Name, "vmType": "REGULAR", "provisioningState": succeeded},
				})
			}
			return out
		},
	}
}

// nsxObjects are the objects of one type in a private cloud, without those on their way out. s.mu is held.
func (s *Server) nsxObjects(cloud *resource, segment string) []*resource {
	var out []*resource
	for _, r := range s.below(cloud) {
		if r.typ.segment == segment && r.typ.class == networkClass && r.state() != "Deleting" {
			out = append(out, r)
		}
	}
	return out
}

// nsxNamed finds an object by its id, its ARM id or its path in NSX, which all end in its name. s.mu is held.
func (s *Server) nsxNamed(cloud *resource, segment, reference string) *resource {
	name := reference[strings.LastIndex(reference, "/")+1:]
	for _, r := range s.nsxObjects(cloud, segment) {
		if strings.EqualFold(r.name, name) {
			return r
		}
	}
	return nil
}

// refersTo reports whether a reference is one to r.
func refersTo(reference string, r *resource) bool {
	return strings.EqualFold(reference[strings.LastIndex(reference, "/")+1:], r.name)
}

// referenced refuses to delete what other objects name in one of paths, texts or lists of texts.
func referenced(segment string, paths ...string) func(*Server, *change) *answer {
	return func(s *Server, ch *change) *answer {
		for _, other := range s.nsxObjects(ch.cloud(), segment) {
			for _, path := range paths {
				names := hostList(other.body, path)
				if text := lookupString(other.body, path); text != "" {
					names = append(names, text)
				}
				if slices.ContainsFunc(names, func(name string) bool { return refersTo(name, ch.r) }) {
					return refuse(http.StatusConflict, "Conflict", "The object '%s' cannot be deleted: it is referenced by '%s' in '%s'.", ch.r.id, other.id, path)
				}
			}
		}
		return nil
	}
}

// seedNetwork makes what every private cloud has from the start: a DNS forwarder and its default zone. s.mu is held.
func (s *Server) seedNetwork(cloud *resource) {
	if _, done := cloud.hidden["network"]; done || cloud.state() == "Building" {
		return
	}
	cloud.hide("network", true)
	seed := func(segment, name string, properties map[string]any) {
		t := typeOf(typeOf(cloud.typ, "workloadNetworks"), segment)
		r := newResource(t, cloud.sub, "", name, cloud)
		r.id = cloud.id + "/workloadNetworks/default/" + segment + "/" + name
		properties["provisioningState"], properties["revision"] = succeeded, float64(1)
		r.body = map[string]any{"id": r.id, "name": name, "type": t.name, "properties": properties, "systemData": map[string]any{"createdAt": timestamp(time.Now())}}
		s.keep(r)
	}
	seed("dnsZones", defaultZone, map[string]any{
		"displayName": defaultZone, "domain": []any{}, "dnsServerIps": []any{"1.1.1.1", "1.0.0.1"}, "sourceIp": "", "dnsServices": float64(1),
	})
	seed("dnsServices", defaultService, map[string]any{
		"displayName": defaultService, "dnsServiceIp": fmt.Sprint(lookupServiceIP(cloud)), "defaultDnsZone": defaultZone, "fqdnZones": []any{},
		"logLevel": "INFO", "status": "SUCCESS",
	})
}
