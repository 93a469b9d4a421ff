// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package armsim

import (
	"fmt"
	"net/http"
	"path"
	"strings"

	"github.com/avs-operator/avs-operator/test/vcentersim"
)

// machineTypes are what shows and places the machines of a cluster.
func machineTypes(cluster *resourceType) []*resourceType {
	return []*resourceType{virtualMachines(cluster), placementPolicies(cluster)}
}

// virtualMachines are rows made of what the live vCenter has.
func virtualMachines(cluster *resourceType) *resourceType {
	return &resourceType{
		segment: "virtualMachines", parent: cluster, rows: machineRows,
		newer:   map[string]string{"systemData": "2023-09-01"},
		actions: map[string]action{"restrictmovement": {name: "restrictMovement", onRow: restrictMovement}},
	}
}

// machines are those of a private cloud, all or of one cluster. s.mu is held.
func (s *Server) machines(cloud *resource, cluster string) []vcentersim.MachineState {
	live := s.clouds[cloud.key()]
	if live == nil || live.vcenter == nil {
		return nil
	}
	all := live.vcenter.Machines()
	if cluster == "" {
		return all
	}
	var out []vcentersim.MachineState
	for _, m := range all {
		if contains(live.vcenter.ClusterHosts(cluster), m.Host) {
			out = append(out, m)
		}
	}
	return out
}

func machineRows(s *Server, parent *resource, cluster string) []map[string]any {
	cloud := parent.root()
	var out []map[string]any
	for _, m := range s.machines(cloud, cluster) {
		restricted, set := cloud.hidden[restrictedKey(m.Ref)].(string)
		if !set {
			restricted = "Disabled"
		}
		out = append(out, map[string]any{
			"id": cloud.id + "/clusters/" + clusterName(parent) + "/virtualMachines/" + m.Ref, "name": m.Ref, "type": avs + "/privateClouds/clusters/virtualMachines",
			"properties": map[string]any{
				"displayName": m.Name, "moRefId": m.Ref, "folderPath": strings.TrimPrefix(strings.TrimPrefix(m.Folder, "/"), "SDDC-Datacenter/"),
				"restrictMovement": restricted, "provisioningState": succeeded,
			},
		})
	}
	return out
}

func restrictedKey(machine string) string { return "restrictMovement/" + machine }

// clusterName is a cluster's name as Azure writes it.
func clusterName(parent *resource) string {
	if parent.parent == nil {
		return managementClusterName
	}
	return parent.name
}

const restrictKind = "restrictMovement" // args cloud (key), machine and wanted

func init() {
	operationKinds[restrictKind] = func(s *Server, op *operation) {
		op.finish = func(state string) {
			if cloud, ok := s.resources[op.args["cloud"]]; ok && state == succeeded {
				cloud.hide(restrictedKey(op.args["machine"]), op.args["wanted"])
			}
		}
	}
}

// restrictMovement keeps DRS from moving a machine, or lets it again.
func restrictMovement(s *Server, in *scoped, a *address, row map[string]any) *answer {
	body, refused := in.object(true)
	if refused != nil {
		return refused
	}
	wanted := lookupString(body, "restrictMovement")
	if wanted != "Enabled" && wanted != "Disabled" {
		return invalid("The value '%v' of 'restrictMovement' is not one of: Enabled, Disabled.", body["restrictMovement"])
	}
	cloud, id := a.parent.root(), lookupString(row, "id")
	if busy := s.busy(&change{typ: a.typ, r: &resource{}, parent: a.parent}); busy != nil {
		return busy
	}
	op := s.newOperation(in.call, id, in.sub, cloud.location())
	s.define(op, restrictKind, map[string]string{"cloud": cloud.key(), "machine": lookupString(row, "properties.moRefId"), "wanted": wanted})
	s.run(op, s.draw(s.config.Durations.Network, "restrict/"+strings.ToLower(id)))
	return s.accepted(in.call, op, http.StatusAccepted, viaLocation, nil)
}

// restrictInAzure does the same at once, for somebody else. Nothing else of a machine is Azure's to change.
func (s *Server) restrictInAzure(id string, patch map[string]any) error {
	row, cloud := s.row(id)
	wanted, ok := lookup(patch, "properties.restrictMovement")
	if row == nil || !ok {
		return fmt.Errorf("changing %s: it does not exist, or is what vCenter has", id)
	}
	cloud.hide(restrictedKey(lookupString(row, "properties.moRefId")), fmt.Sprint(wanted))
	return nil
}

// row is one of those that are made of what something else has, by its id, and its private cloud; nil if there is none. s.mu is held.
func (s *Server) row(id string) (map[string]any, *resource) {
	collection, name := path.Split(path.Clean(id))
	above, segment := path.Split(path.Clean(collection))
	aboveCollection, aboveName := path.Split(path.Clean(above))
	parent := s.resources[strings.ToLower(path.Clean(above))]
	if parent == nil { // Cluster-1 is no resource: its private cloud stands in for it
		parent = s.resources[strings.ToLower(path.Dir(path.Clean(aboveCollection)))]
	}
	for _, t := range resourceTypes {
		if parent == nil || t.rows == nil || !strings.EqualFold(t.segment, segment) || !strings.EqualFold(t.parent.segment, path.Base(aboveCollection)) {
			continue
		}
		for _, row := range t.rows(s, parent, aboveName) {
			if strings.EqualFold(lookupString(row, "name"), name) {
				return row, parent.root()
			}
		}
	}
	return nil, nil
}

// hide keeps what the service knows about a resource and does not show.
func (r *resource) hide(name string, value any) {
	if r.hidden == nil {
		r.hidden = map[string]any{}
	}
	r.hidden[name] = value
}
