// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package armsim

import "strings"

// hosts are read-only rows made of what their cluster says; those of Cluster-1 come from the private cloud.
func hosts(cluster *resourceType) *resourceType {
	return &resourceType{segment: "hosts", parent: cluster, rows: hostRows}
}

func hostRows(_ *Server, parent *resource, cluster string) []map[string]any {
	path, under := clusterHosts, parent.id
	if parent.parent == nil {
		path, under = cloudHosts, parent.id+"/clusters/"+cluster
	}
	zone := zoneName(lookupHosts(parent.root().body, "properties.availability.zone"))
	var out []map[string]any
	for _, fqdn := range hostList(parent.body, path) {
		name, _, _ := strings.Cut(fqdn, ".")
		out = append(out, map[string]any{
			"id": under + "/hosts/" + name, "name": name, "type": avs + "/privateClouds/clusters/hosts", "zones": []any{zone},
			"sku": map[string]any{"name": lookupString(parent.body, "sku.name")},
			"properties": map[string]any{
				"kind": "General", "displayName": name, "fqdn": fqdn, "provisioningState": succeeded,
			},
		})
	}
	return out
}
