// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package armsim

import (
	"math"
	"net/http"
	"net/netip"
	"strings"

	"github.com/avs-operator/avs-operator/test/vcentersim"
)

// storageTypes are what attaches storage from outside of the hosts.
func storageTypes(cloud, cluster *resourceType) []*resourceType {
	return []*resourceType{datastores(cluster), iscsiPaths(cloud), purePolicies(cloud)}
}

// The kinds of a datastore: one of them, and what it needs.
var datastoreKinds = map[string][]string{
	"properties.netAppVolume":      {"id"},
	"properties.diskPoolVolume":    {"targetId", "lunName"},
	"properties.elasticSanVolume":  {"targetId"},
	"properties.pureStorageVolume": {"storagePoolId", "sizeGb"},
}

func datastores(cluster *resourceType) *resourceType {
	return &resourceType{
		segment: "datastores", parent: cluster, class: hostClass,
		put: viaAsyncOperation, remove: viaLocation, creating: "Creating", updating: "Updating",
		immutable: []string{
			"properties.netAppVolume.id", "properties.diskPoolVolume.targetId", "properties.diskPoolVolume.lunName", "properties.diskPoolVolume.mountOption",
			"properties.elasticSanVolume.targetId", "properties.pureStorageVolume.storagePoolId",
		},
		optional: []string{"properties.pureStorageVolume.sizeGb"},
		readOnly: []string{"properties.provisioningState", "properties.status", "properties.diskPoolVolume.path"},
		kept:     []string{"systemData"},
		newer:    map[string]string{"properties.elasticSanVolume": "2023-09-01", "properties.pureStorageVolume": "2024-09-01", "systemData": "2023-09-01"},
		enums:    map[string][]string{"properties.diskPoolVolume.mountOption": {"MOUNT", "ATTACH"}},
		validate: validateDatastore, fill: fillDatastore, work: datastoreWork, length: ordinaryLength,
		finish: func(_ *Server, r *resource, _ *change) { put(r.body, "properties.status", "Accessible") },
	}
}

func ordinaryLength(s *Server, _ *change) Span { return s.config.Durations.Update }

func validateDatastore(s *Server, ch *change) *answer {
	kinds, needs := []string{}, []string{}
	for _, kind := range sortedKeys(datastoreKinds) {
		if _, ok := lookup(ch.after, kind); ok {
			kinds, needs = append(kinds, kind), datastoreKinds[kind]
		}
	}
	if len(kinds) != 1 {
		return invalid("A datastore has exactly one of 'netAppVolume', 'diskPoolVolume', 'elasticSanVolume' and 'pureStorageVolume'; this one has %d.", len(kinds))
	}
	for _, name := range needs {
		v, _ := lookup(ch.after, kinds[0]+"."+name)
		size, isNumber := v.(float64)
		switch text, isText := v.(string); {
		case name == "sizeGb" && (!isNumber || size < 1 || size != math.Trunc(size) || size > math.MaxInt32):
			return invalid("The size of the Pure Storage volume must be a whole number of gigabytes above zero.")
		case name != "sizeGb" && (!isText || text == ""):
			return invalid("The required property '%s.%s' is missing.", kinds[0], name)
		case strings.HasSuffix(name, "Id") || name == "id":
			if !strings.HasPrefix(strings.ToLower(text), "/subscriptions/") {
				return invalid("The value '%s' of '%s.%s' is not the id of an Azure resource.", text, kinds[0], name)
			}
		}
	}
	if _, ok := lookup(ch.after, "properties.elasticSanVolume"); ok && ch.makes() && !s.exists(ch.cloud().id+"/iscsiPaths/default") &&
		!generation2(ch.cloud().body) {
		return refuse(http.StatusConflict, "Conflict", "An Elastic SAN datastore needs the iSCSI path of the private cloud '%s' first.", ch.cloud().id)
	}
	return nil
}

// exists reports whether a resource is there and not on its way in or out.
func (s *Server) exists(id string) bool {
	r, ok := s.resources[strings.ToLower(id)]
	return ok && r.state() == succeeded
}

func generation2(cloud map[string]any) bool {
	return lookupString(cloud, "properties.virtualNetworkId") != ""
}

func fillDatastore(_ *Server, ch *change) {
	put(ch.r.body, "properties.status", "Unknown")
	if lun := lookupString(ch.r.body, "properties.diskPoolVolume.lunName"); lun != "" {
		if lookupString(ch.r.body, "properties.diskPoolVolume.mountOption") == "" {
			put(ch.r.body, "properties.diskPoolVolume.mountOption", "MOUNT")
		}
		put(ch.r.body, "properties.diskPoolVolume.path", "/vmfs/devices/disks/naa."+tenantName(ch.r)+lun)
	}
	stamp(ch)
}

// outsideGB is how large a volume looks whose size is told by its own service, which is not simulated.
const outsideGB = 4096

func datastoreWork(s *Server, ch *change) func() error {
	name, cluster, removed, created := ch.r.name, ch.r.cluster(), ch.remove, ch.makes()
	kind, size := "NFS", outsideGB
	if _, ok := lookup(ch.after, "properties.netAppVolume"); !ok {
		kind = "VMFS"
	}
	if gb, ok := lookupInt(ch.after, "properties.pureStorageVolume.sizeGb"); ok {
		size = gb
	}
	return s.inVCenter(ch.cloud().key(), func(v *vcentersim.VCenter) error {
		switch {
		case removed:
			return v.RemoveDatastore(name)
		case created:
			return v.AddDatastore(cluster, name, kind, size)
		}
		return nil
	})
}

// cluster is the name of the cluster that r lies under; Cluster-1 is one without being a resource.
func (r *resource) cluster() string {
	_, below, ok := strings.Cut(r.id, "/clusters/")
	if !ok {
		return managementClusterName
	}
	name, _, _ := strings.Cut(below, "/")
	return name
}

// iscsiPaths is the one block of addresses that hosts reach block storage from.
func iscsiPaths(cloud *resourceType) *resourceType {
	return &resourceType{
		segment: "iscsiPaths", parent: cloud, class: hostClass, since: "2023-09-01",
		put: viaAsyncOperation, remove: viaLocation, creating: "Building", updating: "Updating",
		required: []string{"properties.networkBlock"}, immutable: []string{"properties.networkBlock"},
		readOnly: []string{"properties.provisioningState"}, kept: []string{"systemData"},
		named: onlyName("default"), fill: func(_ *Server, ch *change) { stamp(ch) }, length: ordinaryLength,
		validate: func(_ *Server, ch *change) *answer {
			if generation2(ch.cloud().body) {
				return invalid("A private cloud in a virtual network has no iSCSI path.")
			}
			text := lookupString(ch.after, "properties.networkBlock")
			block, err := netip.ParsePrefix(text)
			if err != nil || !block.Addr().Is4() || block.Masked() != block || block.Bits() > 24 {
				return invalid("The network block '%s' of the iSCSI path is not an IPv4 CIDR block of /24 or larger.", text)
			}
			if first, err := netip.ParsePrefix(lookupString(ch.cloud().body, "properties.networkBlock")); err == nil && first.Overlaps(block) {
				return invalid("The network block '%s' overlaps with the private cloud's, %s.", text, first)
			}
			return nil
		},
		removable: func(s *Server, ch *change) *answer {
			for _, r := range s.below(ch.cloud()) {
				if _, ok := lookup(r.body, "properties.elasticSanVolume"); ok && r.typ.segment == "datastores" {
					return refuse(http.StatusConflict, "Conflict", "The iSCSI path is in use by the datastore '%s'.", r.id)
				}
			}
			return nil
		},
	}
}

// onlyName refuses every name but one of a type that has one object, or a fixed few.
func onlyName(names ...string) func(*Server, *change) *answer {
	return func(_ *Server, ch *change) *answer {
		for _, name := range names {
			if strings.EqualFold(name, ch.r.name) {
				return nil
			}
		}
		return refuse(http.StatusBadRequest, "InvalidResourceName", "The name '%s' of a resource of type '%s' is invalid: it must be one of: %s.",
			ch.r.name, ch.typ.name, strings.Join(names, ", "))
	}
}

func purePolicies(cloud *resourceType) *resourceType {
	return &resourceType{
		segment: "pureStoragePolicies", parent: cloud, class: hostClass, since: "2024-09-01",
		put: viaAsyncOperation, remove: viaLocation, creating: "Updating", updating: "Updating",
		required: []string{"properties.storagePolicyDefinition", "properties.storagePoolId"},
		readOnly: []string{"properties.provisioningState"}, kept: []string{"systemData"},
		fill: func(_ *Server, ch *change) { stamp(ch) }, length: ordinaryLength,
		validate: func(_ *Server, ch *change) *answer {
			for _, path := range ch.typ.required {
				if v, _ := lookup(ch.after, path); lookupString(ch.after, path) == "" {
					return invalid("The value '%v' of '%s' is not a text.", v, path)
				}
			}
			return nil
		},
	}
}
