// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package armsim

import (
	"fmt"
	"net/http"
	"net/netip"
	"slices"
	"strings"

	"github.com/avs-operator/avs-operator/test/vcentersim"
)

const gatewayAddress = "properties.subnet.gatewayAddress"

// segments are networks for workloads. Each is a port group in the vCenter, with the segment's display name.
func segments(network *resourceType) *resourceType {
	return nsxObject(resourceType{
		segment: "segments", parent: network, revised: true,
		required:  []string{"properties.displayName", "properties.connectedGateway", gatewayAddress},
		patchable: []string{"properties.displayName", "properties.subnet"},
		immutable: []string{"properties.connectedGateway"},
		readOnly:  []string{"properties.portVif"},
		validate:  validateSegment, work: segmentWork, finish: healthy, view: viewSegment,
		removable: func(s *Server, ch *change) *answer {
			if live := s.clouds[ch.cloud().key()]; live != nil && live.vcenter != nil {
				if ports := live.vcenter.MachinesOn(lookupString(ch.before, "properties.displayName")); ports > 0 {
					return refuse(http.StatusConflict, "Conflict", "The segment '%s' cannot be deleted: %d of its ports are in use.", ch.r.id, ports)
				}
			}
			return nil
		},
	})
}

func validateSegment(s *Server, ch *change) *answer {
	gateway := lookupString(ch.after, "properties.connectedGateway")
	tier1 := tenantNumber(ch.cloud()) + "-T1"
	known := func(name any) bool {
		return strings.EqualFold(gateway[strings.LastIndex(gateway, "/")+1:], fmt.Sprint(name))
	}
	if further, _ := ch.cloud().hidden[gatewaysKey].([]any); !known(tier1) && !slices.ContainsFunc(further, known) {
		return invalid("The gateway '%s' is not one that a segment can be connected to. The gateway of tier 1 is '%s'.", gateway, tier1)
	}
	text := lookupString(ch.after, gatewayAddress)
	address, err := netip.ParsePrefix(text)
	if err != nil || address.Masked() == address && address.Bits() < 31 {
		return invalid("The gateway address '%s' is not an address with the length of its subnet, such as 10.0.1.1/24.", text)
	}
	if block, err := netip.ParsePrefix(lookupString(ch.cloud().body, "properties.networkBlock")); err == nil && block.Overlaps(address.Masked()) {
		return invalid("The subnet %s overlaps with the private cloud's network block %s.", address.Masked(), block)
	}
	for _, other := range s.nsxObjects(ch.cloud(), "segments") {
		if other == ch.r || other.key() == ch.r.key() {
			continue
		}
		if lookupString(other.body, "properties.displayName") == lookupString(ch.after, "properties.displayName") {
			return refuse(http.StatusConflict, "Conflict", "The display name '%s' is that of the segment '%s' already.",
				lookupString(ch.after, "properties.displayName"), other.name)
		}
		if there, err := netip.ParsePrefix(lookupString(other.body, gatewayAddress)); err == nil && there.Masked().Overlaps(address.Masked()) {
			return invalid("The subnet %s overlaps with that of the segment '%s', %s.", address.Masked(), other.name, there.Masked())
		}
	}
	ranges, refused := textList(ch.after, "properties.subnet.dhcpRanges")
	if refused != nil {
		return refused
	}
	for _, r := range ranges {
		if !insideRange(address.Masked(), r) {
			return invalid("The DHCP range '%s' is not within the subnet %s.", r, address.Masked())
		}
	}
	return nil
}

// insideRange takes 10.0.1.10-10.0.1.20 and 10.0.1.64/26, and a single address.
func insideRange(subnet netip.Prefix, text string) bool {
	if block, err := netip.ParsePrefix(text); err == nil {
		return block.Bits() >= subnet.Bits() && subnet.Contains(block.Addr())
	}
	from, to, isRange := strings.Cut(text, "-")
	if !isRange {
		to = from
	}
	first, err := netip.ParseAddr(strings.TrimSpace(from))
	last, err2 := netip.ParseAddr(strings.TrimSpace(to))
	return err == nil && err2 == nil && subnet.Contains(first) && subnet.Contains(last) && !last.Less(first)
}

func segmentWork(s *Server, ch *change) func() error {
	before, after := lookupString(ch.before, "properties.displayName"), lookupString(ch.after, "properties.displayName")
	removed, created := ch.remove, ch.makes()
	return s.inVCenter(ch.cloud().key(), func(v *vcentersim.VCenter) error {
		switch {
		case removed:
			if !contains(v.PortGroups(), before) {
				return nil
			}
			return v.RemovePortGroup(before)
		case created && !contains(v.PortGroups(), after):
			return v.AddPortGroup(after)
		case !created && before != after:
			return v.RenamePortGroup(before, after)
		}
		return nil
	})
}

// viewSegment shows the ports that machines use now.
func viewSegment(s *Server, r *resource, body map[string]any) {
	ports := []any{}
	live := s.clouds[r.root().key()]
	if live != nil && live.vcenter != nil {
		name := lookupString(r.body, "properties.displayName")
		for i := range live.vcenter.MachinesOn(name) {
			ports = append(ports, map[string]any{"portName": fmt.Sprintf("%s-port-%d", name, i+1)})
		}
	}
	put(body, "properties.portVif", ports)
}
