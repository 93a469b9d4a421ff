// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package vcentersim_test

import (
	"slices"
	"testing"

	"github.com/vmware/govmomi/vim25/types"

	sim "github.com/avs-operator/avs-operator/test/vcentersim"
)

func TestLiveMoveCrosses(t *testing.T) {
	p := newPair(t, sim.Config{Machines: 3}, sim.Config{})
	before := find1(t, p.source, "web-01")
	info, err := p.relocate("web-01", p.spec("web-01", "seg-web"))
	if err != nil {
		t.Fatalf("relocate: %v", err)
	}
	if _, still := lookup(p.source, "web-01"); still {
		t.Error("the machine is still at the source")
	}
	after := find1(t, p.target, "web-01")
	if got := info.Result.(types.ManagedObjectReference).Value; got != after.Ref {
		t.Errorf("the task's result is %s, the machine is %s", got, after.Ref)
	}
	if after.InstanceUUID != before.InstanceUUID || after.BIOSUUID != before.BIOSUUID || !slices.Equal(after.MACs, before.MACs) ||
		!slices.Equal(after.Disks, before.Disks) || after.Annotation != before.Annotation {
		t.Errorf("identity changed:\n%+v\n%+v", before, after)
	}
	if after.PowerState != "poweredOn" || after.PowerOffCount != 0 {
		t.Errorf("power state %s, powered off %d times", after.PowerState, after.PowerOffCount)
	}
	if after.Folder != "/SDDC-Datacenter/vm/Workloads" || !slices.Equal(after.Networks, []string{"seg-web"}) ||
		!slices.Equal(after.Datastores, []string{"vsanDatastore"}) || after.Pool != "Resources" {
		t.Errorf("placed wrongly: %+v", after)
	}
}

func TestColdMoveStaysOff(t *testing.T) {
	p := newPair(t, sim.Config{}, sim.Config{})
	must(p.source.AddMachine(sim.MachineSpec{Name: "old", Networks: []string{"VLAN-120"}, DiskGB: []int{10, 20}}))(t)
	if _, err := p.relocate("old", p.spec("old", "seg-finance")); err != nil {
		t.Fatalf("relocate: %v", err)
	}
	if after := find1(t, p.target, "old"); after.PowerState != "poweredOff" || after.PowerOffCount != 0 || len(after.Disks) != 2 {
		t.Errorf("arrived as %+v", after)
	}
}
