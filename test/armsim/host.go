// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package armsim

import (
	"strconv"
	"strings"
)

// hosts are read-only rows made of what their cluster says; those of Cluster-1 come from the private cloud.
func hosts(cluster *resourceType) *resourceType {
	return &resourceType{segment: "hosts", parent: cluster, since: "2024-09-01", rows: hostRows}
}

func hostRows(s *Server, parent *resource, _ string) []map[string]any {
	path, under := clusterHosts, parent.id
	if parent.parent == nil {
		path, under = cloudHosts, parent.id+"/clusters/"+managementClusterName
	}
	zone := zoneName(lookupHosts(parent.root().body, "properties.availability.zone"))
	second := lookupHosts(parent.root().body, "properties.availability.secondaryZone")
	marks, _ := parent.hidden[underMaintenance].(map[string]any)
	vcenter := s.liveVCenter(parent.root())
	names := hostList(parent.body, path)
	var out []map[string]any
	for i, fqdn := range names {
		if second != 0 && i >= (len(names)+1)/2 {
			zone = zoneName(second)
		}
		short, _, _ := strings.Cut(fqdn, ".")
		properties := map[string]any{"kind": parent.hostKind(fqdn), "displayName": short, "fqdn": fqdn, "faultDomain": strconv.Itoa(i%5 + 1),
			"provisioningState": succeeded}
		if mark, _ := marks[strings.ToLower(fqdn)].(string); mark != "" {
			properties["maintenance"] = mark
		}
		if vcenter != nil {
			properties["moRefId"] = vcenter.HostRef(fqdn)
		}
		out = append(out, map[string]any{
			"id": under + "/hosts/" + fqdn, "name": fqdn, "type": avs + "/privateClouds/clusters/hosts", "zones": []any{zone},
			"sku": map[string]any{"name": lookupString(parent.body, "sku.name")}, "properties": properties,
		})
	}
	return out
}
