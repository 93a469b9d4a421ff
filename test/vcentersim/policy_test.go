// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package vcentersim_test

import (
	"reflect"
	"slices"
	"testing"

	sim "github.com/avs-operator/avs-operator/test/vcentersim"
)

// What Azure does in a private cloud's vCenter: rules of DRS, storage from outside, single hosts.
func TestRulesStorageAndHosts(t *testing.T) {
	v := must(sim.Start(t.Context(), sim.Config{Layout: sim.AVS}))(t)
	t.Cleanup(v.Close)
	a := must(v.AddMachine(sim.MachineSpec{Name: "a", PoweredOn: true}))(t)
	b := must(v.AddMachine(sim.MachineSpec{Name: "b", PoweredOn: true}))(t)
	hosts := v.ClusterHosts("Cluster-1")
	apart := sim.Rule{Name: "apart", Machines: []string{a, b}, Separate: true, Enabled: true}
	near := sim.Rule{Name: "near", Machines: []string{a}, Hosts: hosts[:2], Mandatory: true, Enabled: true}
	for _, r := range []sim.Rule{apart, near} {
		check(t, v.SetRule("Cluster-1", r))
	}
	if got := v.Rules("Cluster-1"); !reflect.DeepEqual(got, []sim.Rule{apart, near}) {
		t.Errorf("the rules are %+v", got)
	}
	near.Hosts = hosts[1:]
	check(t, v.SetRule("Cluster-1", near)) // in place of itself, groups and all
	check(t, v.RemoveRule("Cluster-1", "apart"))
	if got := v.Rules("Cluster-1"); !reflect.DeepEqual(got, []sim.Rule{near}) {
		t.Errorf("the rules are %+v", got)
	}
	if err := v.SetRule("Cluster-1", sim.Rule{Name: "x", Machines: []string{"vm-99999"}}); err == nil {
		t.Error("a rule of a machine that does not exist was made")
	}

	check(t, v.AddDatastore("Cluster-1", "anf", "NFS", 100))
	late := must(v.AddHost("Cluster-1"))(t)
	check(t, v.RemoveHost("Cluster-1", hosts[0]))
	if now := v.ClusterHosts("Cluster-1"); len(now) != 3 || slices.Contains(now, hosts[0]) || !slices.Contains(now, late) || v.HostRef(late) == "" {
		t.Errorf("the hosts are %v", now)
	}
	must(v.AddHost("Cluster-1"))(t) // one joins after one has left
	check(t, v.SetClusterSize("Cluster-1", 3))
	ref := must(v.AddMachine(sim.MachineSpec{Name: "c", Host: late, Datastore: "anf"}))(t)
	if err := v.RemoveDatastore("anf"); err == nil {
		t.Errorf("storage under %s was taken away", ref)
	}
	check(t, v.AddDatastore("Cluster-1", "empty", "NFS", 1))
	check(t, v.RemoveDatastore("empty"))
	if got := v.Datastores(); !slices.Equal(got, []string{"anf", "vsanDatastore"}) {
		t.Errorf("the datastores are %v", got)
	}
	check(t, v.AddPortGroup("seg"))
	if got := v.PortGroups(); !slices.Contains(got, "seg") || v.MachinesOn("seg") != 0 {
		t.Errorf("the port groups are %v", got)
	}
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
