// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package armsim

import (
	"net/netip"
	"slices"
	"strings"
)

// serviceTypes are add-ons, licences, maintenances and what is provisioned with a private cloud.
func serviceTypes(cloud *resourceType) []*resourceType {
	return []*resourceType{addons(cloud), licenses(cloud), maintenances(cloud), provisionedNetworks(cloud)}
}

var (
	addonNames = []string{"HCX", "SRM", "VR", "Arc"}
	hcxOffers  = []string{"VMware MaaS Cloud Provider", "VMware MaaS Cloud Provider (Enterprise)"}
)

// The paths that only one kind of add-on has.
var addonPaths = map[string][]string{
	"HCX": {"properties.offer", "properties.managementNetwork", "properties.uplinkNetwork"},
	"SRM": {"properties.licenseKey"},
	"VR":  {"properties.vrsCount"},
	"Arc": {"properties.vCenter"},
}

// addons are software that AVS installs beside vCenter. HCX takes long to deploy.
func addons(cloud *resourceType) *resourceType {
	return &resourceType{
		segment: "addons", parent: cloud, class: hostClass,
		put: viaAsyncOperation, remove: viaLocation, creating: "Building", updating: "Updating",
		required: []string{"properties.addonType"}, immutable: []string{"properties.addonType"},
		optional: []string{"properties.offer", "properties.managementNetwork", "properties.uplinkNetwork", "properties.vrsCount", "properties.vCenter"},
		readOnly: []string{"properties.provisioningState"}, writeOnly: []string{"properties.licenseKey"}, kept: []string{"systemData"},
		newer: map[string]string{"properties.managementNetwork": "2024-09-01", "properties.uplinkNetwork": "2024-09-01", "systemData": "2023-09-01"},
		enums: map[string][]string{"properties.addonType": addonNames}, named: onlyName(addonNames...),
		validate: validateAddon, fill: func(_ *Server, ch *change) { stamp(ch) },
		length: func(s *Server, ch *change) Span {
			if strings.EqualFold(ch.r.name, "HCX") {
				return s.config.Durations.DeployHCX
			}
			return s.config.Durations.Update
		},
		removable: func(s *Server, ch *change) *answer {
			if strings.EqualFold(ch.r.name, "HCX") && s.count(ch.cloud(), "hcxEnterpriseSites") > 0 {
				return refuse(409, "Conflict", "The HCX add-on of '%s' still has enterprise sites.", ch.cloud().id)
			}
			return nil
		},
	}
}

func validateAddon(_ *Server, ch *change) *answer {
	kind := lookupString(ch.after, "properties.addonType")
	if !strings.EqualFold(kind, ch.r.name) {
		return invalid("The name '%s' of an add-on must be its type, '%s'.", ch.r.name, kind)
	}
	for other, paths := range addonPaths {
		for _, path := range paths {
			if _, ok := lookup(ch.after, path); ok && other != kind {
				return invalid("An add-on of type %s has no '%s'.", kind, path)
			}
		}
	}
	switch kind {
	case "HCX":
		if offer := lookupString(ch.after, "properties.offer"); !slices.Contains(hcxOffers, offer) {
			return invalid("The offer '%s' of the HCX add-on is not one of: %s.", offer, strings.Join(hcxOffers, ", "))
		}
	case "VR":
		if count, whole := lookupInt(ch.after, "properties.vrsCount"); !whole || count < 1 || count > 10 {
			return invalid("The VR add-on needs 'vrsCount', 1 to 10 replication servers.")
		}
	}
	return nil
}

// provisionedNetworks are cut out of the network block of the private cloud.
func provisionedNetworks(cloud *resourceType) *resourceType {
	return &resourceType{segment: "provisionedNetworks", parent: cloud, since: "2024-09-01", rows: networkRows}
}

// The address plan of a /22, as offsets into it.
var addressPlan = []struct {
	name, kind   string
	offset, bits int
}{
	{"vcenterManagement", "vcenterManagement", 0, 26}, {"hcxManagement", "hcxManagement", 64, 26}, {"esxManagement", "esxManagement", 256, 25},
	{"vmotion", "vmotion", 384, 25}, {"esxReplication", "esxReplication", 512, 25}, {"vsan", "vsan", 640, 25}, {"hcxUplink", "hcxUplink", 768, 26},
}

func networkRows(_ *Server, parent *resource, _ string) []map[string]any {
	block, err := netip.ParsePrefix(lookupString(parent.body, "properties.networkBlock"))
	if err != nil {
		return nil
	}
	var out []map[string]any
	for _, n := range addressPlan {
		out = append(out, map[string]any{
			"id": parent.id + "/provisionedNetworks/" + n.name, "name": n.name, "type": avs + "/privateClouds/provisionedNetworks",
			"properties": map[string]any{
				"addressPrefix": netip.PrefixFrom(netip.MustParseAddr(addressAt(block, n.offset)), n.bits).String(), "networkType": n.kind, "provisioningState": succeeded,
			},
		})
	}
	return out
}
