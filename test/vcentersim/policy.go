// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package vcentersim

import (
	"fmt"
	"slices"

	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/types"
)

// Rule is a rule of DRS. Without Hosts it binds machines to each other, with them to hosts, by a group of each.
type Rule struct {
	Name      string
	Machines  []string // managed object ids, "vm-42"
	Hosts     []string // names
	Separate  bool     // anti-affinity
	Mandatory bool     // of a rule with hosts: must, not should
	Enabled   bool
}

// SetRule makes a cluster have the rule, in place of one with the same name.
func (v *VCenter) SetRule(cluster string, r Rule) error {
	if err := v.RemoveRule(cluster, r.Name); err != nil {
		return err
	}
	v.building.Lock()
	defer v.building.Unlock()
	c := v.cluster(cluster)
	if c == nil {
		return fmt.Errorf("rule %s: cluster %s: not found", r.Name, cluster)
	}
	machines, hosts, err := v.membersOf(c, r)
	if err != nil {
		return fmt.Errorf("rule %s: %w", r.Name, err)
	}
	common := types.ClusterRuleInfo{Name: r.Name, Enabled: types.NewBool(r.Enabled), Mandatory: types.NewBool(r.Mandatory), UserCreated: types.NewBool(true)}
	spec := &types.ClusterConfigSpecEx{}
	add := types.ArrayUpdateSpec{Operation: types.ArrayUpdateOperationAdd}
	var info types.BaseClusterRuleInfo
	switch {
	case len(r.Hosts) > 0:
		rule := &types.ClusterVmHostRuleInfo{ClusterRuleInfo: common, VmGroupName: machineGroup(r.Name)}
		if rule.AffineHostGroupName = hostGroup(r.Name); r.Separate {
			rule.AffineHostGroupName, rule.AntiAffineHostGroupName = "", hostGroup(r.Name)
		}
		spec.GroupSpec = []types.ClusterGroupSpec{
			{ArrayUpdateSpec: add, Info: &types.ClusterVmGroup{ClusterGroupInfo: types.ClusterGroupInfo{Name: machineGroup(r.Name)}, Vm: machines}},
			{ArrayUpdateSpec: add, Info: &types.ClusterHostGroup{ClusterGroupInfo: types.ClusterGroupInfo{Name: hostGroup(r.Name)}, Host: hosts}},
		}
		info = rule
	case r.Separate:
		info = &types.ClusterAntiAffinityRuleSpec{ClusterRuleInfo: common, Vm: machines}
	default:
		info = &types.ClusterAffinityRuleSpec{ClusterRuleInfo: common, Vm: machines}
	}
	spec.RulesSpec = []types.ClusterRuleSpec{{ArrayUpdateSpec: add, Info: info}}
	return v.reconfigure(c, spec)
}

func machineGroup(rule string) string { return rule + "-vms" }
func hostGroup(rule string) string    { return rule + "-hosts" }

func (v *VCenter) membersOf(c *simulator.ClusterComputeResource, r Rule) (machines, hosts []reference, err error) {
	for _, id := range r.Machines {
		ref := reference{Type: "VirtualMachine", Value: id}
		if v.service.Context.Map.Get(ref) == nil {
			return nil, nil, fmt.Errorf("machine %s: not found", id)
		}
		machines = append(machines, ref)
	}
	for _, name := range r.Hosts {
		at := slices.IndexFunc(c.Host, func(ref reference) bool { return v.nameOf(ref) == name })
		if at < 0 {
			return nil, nil, fmt.Errorf("host %s: not in the cluster", name)
		}
		hosts = append(hosts, c.Host[at])
	}
	return machines, hosts, nil
}

// RemoveRule takes a rule and its groups away; one that is not there is no error.
func (v *VCenter) RemoveRule(cluster, name string) error {
	v.building.Lock()
	defer v.building.Unlock()
	c := v.cluster(cluster)
	if c == nil {
		return nil
	}
	spec := &types.ClusterConfigSpecEx{}
	config := v.configOf(c)
	for _, rule := range config.Rule {
		if info := rule.GetClusterRuleInfo(); info.Name == name {
			spec.RulesSpec = append(spec.RulesSpec, types.ClusterRuleSpec{
				ArrayUpdateSpec: types.ArrayUpdateSpec{Operation: types.ArrayUpdateOperationRemove, RemoveKey: info.Key}, Info: rule,
			})
		}
	}
	for _, group := range config.Group {
		if of := group.GetClusterGroupInfo().Name; of == machineGroup(name) || of == hostGroup(name) {
			spec.GroupSpec = append(spec.GroupSpec, types.ClusterGroupSpec{
				ArrayUpdateSpec: types.ArrayUpdateSpec{Operation: types.ArrayUpdateOperationRemove, RemoveKey: of},
			})
		}
	}
	if len(spec.RulesSpec)+len(spec.GroupSpec) == 0 {
		return nil
	}
	return v.reconfigure(c, spec)
}

func (v *VCenter) reconfigure(c *simulator.ClusterComputeResource, spec *types.ClusterConfigSpecEx) error {
	task, err := object.NewClusterComputeResource(v.client, c.Self).Reconfigure(v.ctx, spec, true)
	if err == nil {
		err = task.Wait(v.ctx)
	}
	if err != nil {
		return fmt.Errorf("reconfigure cluster %s: %w", c.Name, err)
	}
	v.hub.touch(c.Self)
	return nil
}

func (v *VCenter) configOf(c *simulator.ClusterComputeResource) (config types.ClusterConfigInfoEx) {
	v.newContext("").WithLock(c, func() {
		if info, ok := c.ConfigurationEx.(*types.ClusterConfigInfoEx); ok {
			config.Rule, config.Group = slices.Clone(info.Rule), slices.Clone(info.Group)
		}
	})
	return config
}

// Rules lists the rules of a cluster, in the order in which they were made.
func (v *VCenter) Rules(cluster string) []Rule {
	c := v.cluster(cluster)
	if c == nil {
		return nil
	}
	config := v.configOf(c)
	machines, hosts := map[string][]string{}, map[string][]string{}
	for _, group := range config.Group {
		switch g := group.(type) {
		case *types.ClusterVmGroup:
			machines[g.Name] = ids(g.Vm)
		case *types.ClusterHostGroup:
			for _, ref := range g.Host {
				hosts[g.Name] = append(hosts[g.Name], v.nameOf(ref))
			}
		}
	}
	var out []Rule
	for _, rule := range config.Rule {
		info := rule.GetClusterRuleInfo()
		r := Rule{Name: info.Name, Enabled: info.Enabled != nil && *info.Enabled, Mandatory: info.Mandatory != nil && *info.Mandatory}
		switch rule := rule.(type) {
		case *types.ClusterAffinityRuleSpec:
			r.Machines = ids(rule.Vm)
		case *types.ClusterAntiAffinityRuleSpec:
			r.Machines, r.Separate = ids(rule.Vm), true
		case *types.ClusterVmHostRuleInfo:
			r.Machines, r.Separate = machines[rule.VmGroupName], rule.AntiAffineHostGroupName != ""
			r.Hosts = hosts[rule.AffineHostGroupName+rule.AntiAffineHostGroupName]
		}
		out = append(out, r)
	}
	return out
}

func ids(refs []reference) []string {
	var out []string
	for _, ref := range refs {
		out = append(out, ref.Value)
	}
	return out
}

// DisableMethods has a machine refuse methods, as a backup does while it works on it; none allows all again. It is not told to anybody: see
// silent.
func (v *VCenter) DisableMethods(machine string, methods ...string) {
	ctx := v.newContext("")
	for _, e := range ctx.Map.All("VirtualMachine") {
		if vm, ok := e.(*simulator.VirtualMachine); ok && sameName(vm.Name, machine) {
			ctx.WithLock(vm, func() { vm.DisabledMethod = methods })
		}
	}
}
