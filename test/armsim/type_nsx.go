// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package armsim

import (
	"fmt"
	"hash/fnv"
	"net/http"
	"net/netip"
)

// dhcpConfigurations serve addresses to segments, or relay to who does.
func dhcpConfigurations(network *resourceType) *resourceType {
	return nsxObject(resourceType{
		segment: "dhcpConfigurations", parent: network, revised: true,
		required: []string{"properties.dhcpType"}, always: []string{"properties.dhcpType"}, immutable: []string{"properties.dhcpType"},
		patchable: []string{"properties.displayName", "properties.serverAddress", "properties.leaseTime", "properties.serverAddresses"},
		readOnly:  []string{"properties.segments"},
		enums:     map[string][]string{"properties.dhcpType": {"SERVER", "RELAY"}},
		validate:  validateDHCP, view: viewDHCP,
		fill: func(_ *Server, ch *change) {
			if _, ok := lookup(ch.r.body, "properties.leaseTime"); !ok && lookupString(ch.r.body, "properties.dhcpType") == "SERVER" {
				put(ch.r.body, "properties.leaseTime", float64(86400))
			}
		},
	})
}

func validateDHCP(_ *Server, ch *change) *answer {
	if lookupString(ch.after, "properties.dhcpType") == "RELAY" {
		servers, refused := textList(ch.after, "properties.serverAddresses")
		if refused != nil {
			return refused
		}
		if len(servers) < 1 || len(servers) > 3 {
			return invalid("A DHCP relay has 1 to 3 servers in 'serverAddresses'; this one has %d.", len(servers))
		}
		for _, ip := range servers {
			if _, err := netip.ParsePrefix(ip); err != nil && !isAddress(ip) { // Microsoft's own example has 40.1.5.1/24
				return invalid("The value '%s' in 'properties.serverAddresses' is not an IP address.", ip)
			}
		}
		return only(ch.after, "A DHCP relay", "properties.serverAddress", "properties.leaseTime")
	}
	text := lookupString(ch.after, "properties.serverAddress")
	if _, err := netip.ParsePrefix(text); err != nil {
		return invalid("The server address '%s' is not an address with the length of its subnet, such as 10.0.9.1/24.", text)
	}
	if v, ok := lookup(ch.after, "properties.leaseTime"); ok {
		if lease, whole := lookupInt(ch.after, "properties.leaseTime"); !whole || lease < 60 {
			return invalid("The lease time %v is invalid: it is a whole number of seconds, 60 at least.", v)
		}
	}
	return only(ch.after, "A DHCP server", "properties.serverAddresses")
}

// only refuses what another kind has.
func only(body map[string]any, what string, others ...string) *answer {
	for _, path := range others {
		if _, ok := lookup(body, path); ok {
			return invalid("%s has no '%s'.", what, path)
		}
	}
	return nil
}

// viewDHCP shows the segments that ask for addresses now.
func viewDHCP(s *Server, r *resource, body map[string]any) {
	names := []any{}
	for _, segment := range s.nsxObjects(r.root(), "segments") {
		if len(hostList(segment.body, "properties.subnet.dhcpRanges")) > 0 {
			names = append(names, segment.name)
		}
	}
	put(body, "properties.segments", names)
}

// The public addresses that a private cloud may have.
const fewPublicIPs, manyPublicIPs = 64, 1024

// publicIPs are addresses at the edge of NSX. They have no PATCH, so they never change.
func publicIPs(network *resourceType) *resourceType {
	return nsxObject(resourceType{
		segment: "publicIPs", parent: network,
		required:  []string{"properties.numberOfPublicIPs"},
		immutable: []string{"properties.numberOfPublicIPs", "properties.displayName"}, readOnly: []string{"properties.publicIPBlock"},
		validate: func(s *Server, ch *change) *answer {
			limit := fewPublicIPs
			if lookupString(ch.cloud().body, "properties.nsxPublicIpQuotaRaised") == "Enabled" {
				limit = manyPublicIPs
			}
			asked, whole := lookupInt(ch.after, "properties.numberOfPublicIPs")
			if !whole || asked < 1 {
				return invalid("The number of public IPs must be a whole number above zero.")
			}
			for _, other := range s.nsxObjects(ch.cloud(), "publicIPs") {
				if other.key() != ch.r.key() {
					has, _ := lookupInt(other.body, "properties.numberOfPublicIPs")
					asked += has
				}
			}
			if asked > limit {
				return refuse(http.StatusBadRequest, "LimitExceeded", "A private cloud has at most %d public IPs; this request makes it %d.", limit, asked)
			}
			return nil
		},
		finish: func(_ *Server, r *resource, ch *change) {
			if !ch.makes() {
				return
			}
			count, _ := lookupInt(r.body, "properties.numberOfPublicIPs")
			bits := 32
			for size := 1; size < count; size *= 2 {
				bits--
			}
			hash := fnv.New32a()
			_, _ = hash.Write([]byte(r.key()))
			block := netip.PrefixFrom(netip.AddrFrom4([4]byte{20, byte(hash.Sum32() >> 16), byte(hash.Sum32() >> 8), byte(hash.Sum32())}), bits).Masked()
			put(r.body, "properties.publicIPBlock", block.String())
		},
	})
}

// vmGroups are sets of machines that rules of NSX speak of.
func vmGroups(network *resourceType) *resourceType {
	return nsxObject(resourceType{
		segment: "vmGroups", parent: network, revised: true,
		required: []string{"properties.displayName", "properties.members"}, patchable: []string{"properties.displayName", "properties.members"},
		validate: func(_ *Server, ch *change) *answer {
			_, refused := textList(ch.after, "properties.members")
			return refused
		},
		finish: healthy, removable: referenced("portMirroringProfiles", "properties.source", "properties.destination"),
	})
}

// portMirroring copies what one group of machines sends or gets to another.
func portMirroring(network *resourceType) *resourceType {
	ends := []string{"properties.source", "properties.destination"}
	return nsxObject(resourceType{
		segment: "portMirroringProfiles", parent: network, revised: true,
		required: append([]string{"properties.direction"}, ends...), patchable: append([]string{"properties.displayName", "properties.direction"}, ends...),
		enums: map[string][]string{"properties.direction": {"INGRESS", "EGRESS", "BIDIRECTIONAL"}},
		validate: func(s *Server, ch *change) *answer {
			for _, path := range ends {
				v, _ := lookup(ch.after, path)
				if name := fmt.Sprint(v); s.nsxNamed(ch.cloud(), "vmGroups", name) == nil {
					return invalid("The VM group '%s' in '%s' does not exist.", name, path)
				}
			}
			return nil
		},
		finish: healthy,
	})
}
