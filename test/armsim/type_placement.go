// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package armsim

import (
	"net/http"
	"slices"
	"strings"

	"github.com/avs-operator/avs-operator/test/vcentersim"
)

const (
	policyMachines = "properties.vmMembers"
	policyHosts    = "properties.hostMembers"
)

// placementPolicies become rules of DRS in the vCenter: the only way to have one, since cloudadmin may not make them there.
func placementPolicies(cluster *resourceType) *resourceType {
	return &resourceType{
		segment: "placementPolicies", parent: cluster, class: hostClass,
		put: viaAsyncOperation, patch: viaLocation, remove: viaLocation, creating: "Building", updating: "Updating",
		required:  []string{"properties.type", policyMachines, "properties.affinityType"},
		patchable: []string{"properties.state", policyMachines, policyHosts, "properties.affinityStrength", "properties.azureHybridBenefitType"},
		immutable: []string{"properties.type", "properties.affinityType", "properties.displayName"},
		readOnly:  []string{"properties.provisioningState"}, kept: []string{"systemData"},
		defaults: map[string]any{"properties": map[string]any{"state": "Enabled"}},
		newer:    map[string]string{"systemData": "2023-09-01"},
		enums: map[string][]string{
			"properties.type": {"VmVm", "VmHost"}, "properties.affinityType": {"Affinity", "AntiAffinity"}, "properties.state": {"Enabled", "Disabled"},
			"properties.affinityStrength": {"Should", "Must"}, "properties.azureHybridBenefitType": {"SqlHost", "None"},
		},
		validate: validatePolicy, fill: fillPolicy, work: policyWork, length: ordinaryLength,
	}
}

func validatePolicy(s *Server, ch *change) *answer {
	machines, refused := textList(ch.after, policyMachines)
	if refused != nil {
		return refused
	}
	if len(machines) == 0 {
		return invalid("A placement policy names at least one virtual machine in 'vmMembers'.")
	}
	if refused := s.checkMembers(ch, machines); refused != nil {
		return refused
	}
	cluster := ch.r.cluster()
	size := len(s.hostsOf(ch.cloud(), cluster))
	if lookupString(ch.after, "properties.type") == "VmVm" {
		for _, path := range []string{policyHosts, "properties.affinityStrength", "properties.azureHybridBenefitType"} {
			if _, ok := lookup(ch.after, path); ok {
				return invalid("A placement policy of type VmVm has no '%s'.", path)
			}
		}
		if len(machines) < 2 {
			return invalid("A placement policy of type VmVm names at least two virtual machines.")
		}
		if lookupString(ch.after, "properties.affinityType") == "AntiAffinity" && len(machines) > size {
			return invalid("A VM-VM anti-affinity policy of %d virtual machines needs as many hosts; the cluster '%s' has %d.", len(machines), cluster, size)
		}
		return nil
	}
	hosts, refused := textList(ch.after, policyHosts)
	if refused != nil {
		return refused
	}
	if len(hosts) == 0 {
		return invalid("A placement policy of type VmHost names at least one host in 'hostMembers'.")
	}
	for _, host := range hosts {
		if !contains(s.hostsOf(ch.cloud(), cluster), host) {
			return invalid("The host '%s' is not in the cluster '%s'.", host, cluster)
		}
	}
	return nil
}

// textList reads a list of texts; a missing one is empty.
func textList(body map[string]any, path string) ([]string, *answer) {
	v, ok := lookup(body, path)
	list, isList := v.([]any)
	if ok && !isList {
		return nil, invalid("The value of '%s' is not a list.", path)
	}
	out := make([]string, 0, len(list))
	for _, item := range list {
		text, isText := item.(string)
		if !isText || text == "" {
			return nil, invalid("The value '%v' in '%s' is not a text.", item, path)
		}
		if slices.ContainsFunc(out, func(other string) bool { return strings.EqualFold(other, text) }) {
			return nil, invalid("The value '%s' is in '%s' twice.", text, path)
		}
		out = append(out, text)
	}
	return out, nil
}

// checkMembers wants ids of machines of the same cluster, and that they exist where a vCenter can say so.
func (s *Server) checkMembers(ch *change, machines []string) *answer {
	prefix := strings.ToLower(ch.cloud().id + "/clusters/" + ch.r.cluster() + "/virtualMachines/")
	live := s.clouds[ch.cloud().key()]
	for _, id := range machines {
		name, ok := strings.CutPrefix(strings.ToLower(strings.ReplaceAll(id, "/resourceGroups/", "/resourcegroups/")), prefix)
		if !ok {
			return invalid("The virtual machine '%s' is not one of the cluster '%s'.", id, ch.r.cluster())
		}
		if live != nil && live.vcenter != nil && !slices.ContainsFunc(s.machines(ch.cloud(), ch.r.cluster()),
			func(m vcentersim.MachineState) bool { return m.Ref == name }) {
			return refuse(http.StatusBadRequest, "InvalidParameter", "The virtual machine '%s' does not exist.", id)
		}
	}
	return nil
}

// hostsOf lists the hosts of a cluster as Azure shows them.
func (s *Server) hostsOf(cloud *resource, cluster string) []string {
	if strings.EqualFold(cluster, managementClusterName) {
		return hostList(cloud.body, cloudHosts)
	}
	if r, ok := s.resources[strings.ToLower(cloud.id+"/clusters/"+cluster)]; ok {
		return hostList(r.body, clusterHosts)
	}
	return nil
}

func fillPolicy(_ *Server, ch *change) {
	if lookupString(ch.r.body, "properties.displayName") == "" {
		put(ch.r.body, "properties.displayName", ch.r.name)
	}
	if lookupString(ch.r.body, "properties.type") == "VmHost" {
		for path, value := range map[string]string{"properties.affinityStrength": "Should", "properties.azureHybridBenefitType": "None"} {
			if lookupString(ch.r.body, path) == "" {
				put(ch.r.body, path, value)
			}
		}
	}
	stamp(ch)
}

// ruleOf is what a policy is in the vCenter.
func ruleOf(name string, policy map[string]any) vcentersim.Rule {
	r := vcentersim.Rule{
		Name: name, Separate: lookupString(policy, "properties.affinityType") == "AntiAffinity", Enabled: lookupString(policy, "properties.state") == "Enabled",
		Mandatory: lookupString(policy, "properties.affinityStrength") == "Must", Hosts: hostList(policy, policyHosts),
	}
	for _, id := range hostList(policy, policyMachines) {
		r.Machines = append(r.Machines, id[strings.LastIndex(id, "/")+1:])
	}
	return r
}

func policyWork(s *Server, ch *change) func() error {
	cluster, name, removed, rule := ch.r.cluster(), ch.r.name, ch.remove, ruleOf(ch.r.name, ch.after)
	return s.inVCenter(ch.cloud().key(), func(v *vcentersim.VCenter) error {
		if removed {
			return v.RemoveRule(cluster, name)
		}
		return v.SetRule(cluster, rule)
	})
}

// policiesOf are the placement policies of a cluster. s.mu is held.
func (s *Server) policiesOf(cloud *resource, cluster string) []*resource {
	var out []*resource
	for _, r := range s.below(cloud) {
		if r.typ.segment == "placementPolicies" && strings.EqualFold(r.cluster(), cluster) {
			out = append(out, r)
		}
	}
	return out
}
