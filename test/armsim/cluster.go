// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package armsim

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

// managementClusterName is the first cluster of every private cloud. It has children, but is no resource itself: list and get
// do not show it, and the private cloud scales it.
const managementClusterName = "Cluster-1"

func clusters(cloud *resourceType) *resourceType {
	return &resourceType{
		segment: "clusters", parent: cloud, final: true, class: hostClass,
		put: viaAsyncOperation, patch: viaLocation, remove: viaLocation, creating: "Updating", updating: "Updating",
		size:      clusterSize,
		required:  []string{"sku.name", clusterSize},
		patchable: []string{"sku", clusterSize, clusterHosts},
		immutable: []string{"sku.name"},
		readOnly:  []string{"properties.provisioningState", "properties.clusterId"},
		kept:      []string{clusterHosts, "properties.vsanDatastoreName", "systemData"},
		reserved:  reservedCluster, standIn: managementClusterName,
		newer:    map[string]string{"properties.vsanDatastoreName": "2023-09-01", "systemData": "2023-09-01"},
		validate: validateCluster, fill: fillCluster, work: clusterWork, length: clusterLength, finish: finishHosts,
		actions: map[string]action{"listzones": {name: "listZones", run: listClusterZones, onReserved: listManagementZones}},
	}
}

func reservedCluster(name string) *answer {
	if !strings.EqualFold(name, managementClusterName) {
		return nil
	}
	return refuse(http.StatusBadRequest, "InvalidParameter",
		"The cluster '%s' is the management cluster. Change it through 'managementCluster' of the private cloud.", name)
}

func validateCluster(s *Server, ch *change) *answer {
	sku, first := lookupString(ch.after, "sku.name"), lookupString(ch.cloud().body, "sku.name")
	if !knownSKU(sku) {
		return refuse(http.StatusBadRequest, "InvalidSku", "The SKU '%s' is not known. Known are: %s.", sku, strings.Join(skuNames(), ", "))
	}
	if !strings.EqualFold(sku, first) && sku != "av64" {
		return invalid("The SKU '%s' cannot be added to a private cloud of SKU '%s': only av64 can.", sku, first)
	}
	if sku == "av64" && !strings.EqualFold(first, "av64") && !hasExtension(ch.cloud().body) {
		return invalid("A cluster of SKU av64 needs 'extendedNetworkBlocks' on the private cloud: one /23 or three /25.")
	}
	if siblings := len(s.siblings(ch.cloud())); ch.create() && siblings+1 >= maxClusters {
		return refuse(http.StatusBadRequest, "LimitExceeded", "A private cloud has at most %d clusters.", maxClusters)
	}
	if refused := fewerHosts(ch, clusterSize, clusterHosts); refused != nil {
		return refused
	}
	if refused := checkSize(s, ch); refused != nil {
		return refused
	}
	if refused := s.mayShrink(ch, ch.r.name, clusterHosts); refused != nil {
		return refused
	}
	return s.checkVCFLicense(ch)
}

func mayShrinkManagement(s *Server, ch *change) *answer {
	return s.mayShrink(ch, managementClusterName, cloudHosts)
}

// hasExtension reports whether the address space that AV64 hosts need is there.
func hasExtension(cloud map[string]any) bool {
	v, _ := lookup(cloud, "properties.extendedNetworkBlocks")
	blocks, _ := v.([]any)
	large, small := 0, 0
	for _, b := range blocks {
		text, _ := b.(string)
		switch {
		case strings.HasSuffix(text, "/23"):
			large++
		case strings.HasSuffix(text, "/25"):
			small++
		}
	}
	return large >= 1 || small >= 3
}

// siblings are the clusters of a private cloud, without the management cluster.
func (s *Server) siblings(cloud *resource) []*resource {
	var out []*resource
	for _, r := range s.below(cloud) {
		if r.typ.segment == "clusters" {
			out = append(out, r)
		}
	}
	return out
}

func fillCluster(s *Server, ch *change) {
	id := 2
	for taken := true; taken; {
		taken = false
		for _, r := range s.siblings(ch.cloud()) {
			if lookupHosts(r.body, "properties.clusterId") == id {
				id, taken = id+1, true
			}
		}
	}
	put(ch.r.body, "properties.clusterId", float64(id))
	if _, ok := lookup(ch.r.body, "properties.vsanDatastoreName"); !ok {
		put(ch.r.body, "properties.vsanDatastoreName", fmt.Sprintf("vsanDatastore (%d)", id-1))
	}
	put(ch.r.body, clusterHosts, []any{}) // hosts come with the operation's end
	put(ch.r.body, "systemData.createdAt", timestamp(time.Now()))
}

func clusterLength(s *Server, ch *change) Span {
	switch {
	case ch.remove:
		return s.config.Durations.DeleteCluster
	case ch.create():
		return s.config.Durations.CreateCluster
	}
	return resizeLength(s.config.Durations, ch)
}

// finishHosts makes the list of hosts agree with the size: the live vCenter's when there is one.
func finishHosts(s *Server, r *resource, ch *change) {
	path, cluster := clusterHosts, r.name
	if r.parent == nil {
		path, cluster = cloudHosts, managementClusterName
	}
	if ch != nil {
		defer func() {
			for _, name := range hostList(ch.before, path) {
				if !contains(hostList(r.body, path), name) {
					s.fitPolicies(r.root(), cluster, name, "")
				}
			}
		}()
	}
	if live := s.liveHosts(r.root(), cluster); live != nil {
		put(r.body, path, clone(slices.DeleteFunc(live, func(name string) bool { return name == extraOf(r) })))
		return
	}
	id := max(1, lookupHosts(r.body, "properties.clusterId"))
	size := lookupHosts(r.body, r.typ.size)
	keep := hostList(r.body, path)
	if keep = keep[:min(len(keep), size)]; ch != nil && len(keep) < size && len(hostList(ch.before, path)) > len(keep) {
		// The request named some of the hosts to keep; the others stay in their order.
		for _, name := range hostList(ch.before, path) {
			if len(keep) < size && !contains(keep, name) {
				keep = append(keep, name)
			}
		}
	}
	put(r.body, path, clone(hostNames(r, keep, id, size)))
}

func hostList(body map[string]any, path string) []string {
	v, _ := lookup(body, path)
	list, _ := clone(v).([]any)
	var out []string
	for _, item := range list {
		if name, ok := item.(string); ok {
			out = append(out, name)
		}
	}
	return out
}

func contains(list []string, name string) bool {
	for _, item := range list {
		if strings.EqualFold(item, name) {
			return true
		}
	}
	return false
}

func finishPrivateCloud(s *Server, r *resource, ch *change) {
	if ch.create() {
		for _, m := range s.config.Maintenances {
			s.announce(r, m)
		}
	}
	s.assignIdentity(r)
	s.publishCloud(r)
	finishHosts(s, r, ch)
}

func zones(cloud map[string]any, hosts []string) *answer {
	first := lookupHosts(cloud, "properties.availability.zone")
	second := lookupHosts(cloud, "properties.availability.secondaryZone")
	list := []any{}
	half := len(hosts)
	if second != 0 {
		half = (len(hosts) + 1) / 2
	}
	list = append(list, map[string]any{"zone": zoneName(first), "hosts": clone(hosts[:half])})
	if second != 0 {
		list = append(list, map[string]any{"zone": zoneName(second), "hosts": clone(hosts[half:])})
	}
	return reply(http.StatusOK, map[string]any{"zones": list})
}

func zoneName(n int) string { return string(rune('0' + max(1, min(9, n)))) }

func listClusterZones(_ *Server, _ *scoped, r *resource) *answer {
	return zones(r.root().body, hostList(r.body, clusterHosts))
}

func listManagementZones(_ *Server, _ *scoped, cloud *resource) *answer {
	return zones(cloud.body, hostList(cloud.body, cloudHosts))
}
