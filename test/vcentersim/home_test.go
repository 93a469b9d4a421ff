// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package vcentersim_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/vmware/govmomi/find"
	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/vim25/types"

	sim "github.com/avs-operator/avs-operator/test/vcentersim"
)

func TestRelocateAtHome(t *testing.T) {
	v := start(t, sim.Config{Machines: 2})
	c := login(t, v)
	ctx := context.Background()
	before := find1(t, v, "web-01")
	finder := find.NewFinder(c.Client)
	finder.SetDatacenter(must(finder.Datacenter(ctx, "Oslo"))(t))
	var other types.ManagedObjectReference
	for _, h := range must(finder.HostSystemList(ctx, "*"))(t) {
		if h.Name() != before.Host {
			other = h.Reference()
		}
	}
	store := must(finder.Datastore(ctx, pickOther(before.Datastores[0])))(t).Reference()
	folder := must(finder.Folder(ctx, "/Oslo/vm/Finance"))(t).Reference()
	vm := object.NewVirtualMachine(c.Client, types.ManagedObjectReference{Type: "VirtualMachine", Value: before.Ref})
	moving := must(vm.Relocate(ctx, types.VirtualMachineRelocateSpec{Host: &other, Datastore: &store, Folder: &folder}, "defaultPriority"))(t)
	if err := moving.Wait(ctx); err != nil {
		t.Fatal(err)
	}
	after := find1(t, v, "web-01")
	if after.Ref != before.Ref || after.Host == before.Host || slices.Equal(after.Datastores, before.Datastores) || after.Folder != "/Oslo/vm/Finance" ||
		after.PowerOffCount != 0 || !slices.Equal(after.Networks, before.Networks) {
		t.Errorf("before %+v\nafter %+v", before, after)
	}
}

func pickOther(datastore string) string {
	if datastore == "DS-SSD-01" {
		return "DS-SSD-02"
	}
	return "DS-SSD-01"
}

func TestGuestShutdown(t *testing.T) {
	v := start(t, sim.Config{Speed: 100, ShutdownTime: 20 * time.Second}) // 0.2 s
	c := login(t, v)
	ctx := context.Background()
	machine := func(s sim.MachineSpec) *object.VirtualMachine {
		ref := must(v.AddMachine(s))(t)
		return object.NewVirtualMachine(c.Client, types.ManagedObjectReference{Type: "VirtualMachine", Value: ref})
	}
	obeys := machine(sim.MachineSpec{Name: "obeys", PoweredOn: true})
	ignores := machine(sim.MachineSpec{Name: "ignores", PoweredOn: true, IgnoresShutdown: true})
	without := machine(sim.MachineSpec{Name: "without", PoweredOn: true, Tools: "notInstalled"})
	off := machine(sim.MachineSpec{Name: "off"})
	if err := obeys.ShutdownGuest(ctx); err != nil {
		t.Fatal(err)
	}
	if find1(t, v, "obeys").PowerState != "poweredOn" {
		t.Error("the guest needed no time")
	}
	if err := ignores.ShutdownGuest(ctx); err != nil {
		t.Fatal(err)
	}
	if err := without.ShutdownGuest(ctx); faultType(err) != "ToolsUnavailable" {
		t.Errorf("without Tools: %v", err)
	}
	if err := off.ShutdownGuest(ctx); faultType(err) != "InvalidPowerState" {
		t.Errorf("already off: %v", err)
	}
	eventually(t, "the guest shuts down", func() bool { return find1(t, v, "obeys").PowerState == "poweredOff" })
	if find1(t, v, "ignores").PowerState != "poweredOn" {
		t.Error("the other one shut down as well")
	}
	if err := must(ignores.PowerOff(ctx))(t).Wait(ctx); err != nil {
		t.Fatal(err)
	}
	if err := must(ignores.PowerOn(ctx))(t).Wait(ctx); err != nil {
		t.Fatal(err)
	}
	if s := find1(t, v, "ignores"); s.PowerState != "poweredOn" || s.PowerOffCount != 1 {
		t.Errorf("after off and on: %+v", s)
	}
	if _, err := ignores.PowerOn(ctx); faultType(err) != "InvalidPowerState" { // by the call itself, not by a task
		t.Errorf("on twice: %v", err)
	}
}

func TestClusterFollowsItsSize(t *testing.T) {
	v := start(t, sim.Config{Layout: sim.AVS, PortGroups: []string{"seg"}})
	for i := range 6 {
		must(v.AddMachine(sim.MachineSpec{Name: string(rune('a' + i)), PoweredOn: true, Networks: []string{"seg"}}))(t)
	}
	c := login(t, v)
	finder := find.NewFinder(c.Client)
	capacity := func() int64 {
		p := &pair{t: t, target: v, to: c}
		return p.datastore(t, "vsanDatastore").Summary.Capacity
	}
	small := capacity()
	if err := v.SetClusterSize("Cluster-1", 5); err != nil {
		t.Fatal(err)
	}
	if n := len(must(finder.HostSystemList(context.Background(), "/SDDC-Datacenter/host/Cluster-1/*"))(t)); n != 5 {
		t.Errorf("%d hosts", n)
	}
	if big := capacity(); big*3 != small*5 {
		t.Errorf("capacity went from %d to %d", small, big)
	}
	if err := v.SetClusterSize("Cluster-1", 2); err != nil {
		t.Fatal(err)
	}
	hosts := v.ClusterHosts("Cluster-1")
	for _, s := range v.Machines() {
		if !slices.Contains(hosts, s.Host) || s.PowerOffCount != 0 || s.PowerState != "poweredOn" {
			t.Errorf("after shrinking to %v: %+v", hosts, s)
		}
	}
	if err := v.AddCluster("Cluster-2", 3); err != nil {
		t.Fatal(err)
	}
	if n := len(v.ClusterHosts("Cluster-2")); n != 3 {
		t.Errorf("Cluster-2 has %d hosts", n)
	}
	if err := v.RemoveCluster("Cluster-2"); err != nil || v.ClusterHosts("Cluster-2") != nil {
		t.Errorf("Cluster-2 stays: %v", err)
	}
	if err := v.AddPortGroup("late"); err != nil {
		t.Fatal(err)
	}
	must(finder.Network(context.Background(), "/SDDC-Datacenter/network/late"))(t)
	if err := v.RemovePortGroup("seg"); err == nil {
		t.Error("a port group with machines went")
	}
}
