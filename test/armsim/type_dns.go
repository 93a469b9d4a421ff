// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package armsim

import (
	"net/http"
	"net/netip"
	"strings"
)

// What every private cloud has from the start. It is adopted and changed, and never created or deleted.
const (
	defaultService = "dns-forwarder"
	defaultZone    = "default-dns-zone"
)

func lookupServiceIP(cloud *resource) string {
	block, err := netip.ParsePrefix(lookupString(cloud.body, "properties.networkBlock"))
	if err != nil {
		return ""
	}
	return addressAt(block, 192)
}

// keepsDefault refuses to delete what a private cloud has from the start.
func keepsDefault(name string, further func(*Server, *change) *answer) func(*Server, *change) *answer {
	return func(s *Server, ch *change) *answer {
		if strings.EqualFold(ch.r.name, name) {
			return refuse(http.StatusBadRequest, "InvalidOperation", "The object '%s' is the private cloud's own and cannot be deleted.", ch.r.id)
		}
		if further == nil {
			return nil
		}
		return further(s, ch)
	}
}

func dnsServices(network *resourceType) *resourceType {
	return nsxObject(resourceType{
		segment: "dnsServices", parent: network, revised: true,
		required:  []string{"properties.dnsServiceIp"},
		patchable: []string{"properties.displayName", "properties.dnsServiceIp", "properties.defaultDnsZone", "properties.fqdnZones", "properties.logLevel"},
		defaults:  map[string]any{"properties": map[string]any{"logLevel": "INFO"}},
		enums:     map[string][]string{"properties.logLevel": {"DEBUG", "INFO", "WARNING", "ERROR", "FATAL"}},
		validate: func(s *Server, ch *change) *answer {
			if ip := lookupString(ch.after, "properties.dnsServiceIp"); !isAddress(ip) {
				return invalid("The value '%s' of 'properties.dnsServiceIp' is not an IP address.", ip)
			}
			zones, refused := textList(ch.after, "properties.fqdnZones")
			if refused != nil {
				return refused
			}
			if len(zones) > 5 {
				return invalid("A DNS service has at most 5 FQDN zones.")
			}
			if zone := lookupString(ch.after, "properties.defaultDnsZone"); zone != "" {
				zones = append(zones, zone)
			}
			for _, zone := range zones {
				if s.nsxNamed(ch.cloud(), "dnsZones", zone) == nil {
					return invalid("The DNS zone '%s' does not exist.", zone)
				}
			}
			return nil
		},
		finish: healthy, removable: keepsDefault(defaultService, nil),
	})
}

func dnsZones(network *resourceType) *resourceType {
	return nsxObject(resourceType{
		segment: "dnsZones", parent: network, revised: true,
		required:  []string{"properties.dnsServerIps"},
		patchable: []string{"properties.displayName", "properties.domain", "properties.dnsServerIps", "properties.sourceIp", "properties.dnsServices"},
		validate: func(_ *Server, ch *change) *answer {
			servers, refused := textList(ch.after, "properties.dnsServerIps")
			if refused != nil {
				return refused
			}
			domains, refused := textList(ch.after, "properties.domain")
			if refused != nil {
				return refused
			}
			if len(servers) < 1 || len(servers) > 3 {
				return invalid("A DNS zone has 1 to 3 servers in 'dnsServerIps'; this one has %d.", len(servers))
			}
			if source := lookupString(ch.after, "properties.sourceIp"); source != "" {
				servers = append(servers, source)
			}
			for _, ip := range servers {
				if !isAddress(ip) {
					return invalid("The value '%s' of a DNS zone is not an IP address.", ip)
				}
			}
			if len(domains) == 0 && !strings.EqualFold(ch.r.name, defaultZone) {
				return invalid("An FQDN zone names at least one domain.")
			}
			return nil
		},
		removable: keepsDefault(defaultZone, referenced("dnsServices", "properties.fqdnZones", "properties.defaultDnsZone")),
	})
}

func isAddress(text string) bool {
	_, err := netip.ParseAddr(text)
	return err == nil
}
