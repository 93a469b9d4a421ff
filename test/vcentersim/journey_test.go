// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package vcentersim_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/vmware/govmomi/event"
	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/task"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"

	sim "github.com/avs-operator/avs-operator/test/vcentersim"
)

// begin starts a move and returns its task.
func (p *pair) begin(machine string, spec types.VirtualMachineRelocateSpec) *object.Task {
	p.t.Helper()
	return must(p.machine(machine).Relocate(context.Background(), spec, types.VirtualMachineMovePriorityDefaultPriority))(p.t)
}

func (p *pair) info(t *object.Task) types.TaskInfo {
	p.t.Helper()
	return properties[mo.Task](p.t, p.from, t.Reference(), "info").Info
}

func TestProgressAndTime(t *testing.T) {
	// 10 GB half written and 4 GiB of memory, a quarter of it twice, at 1 GB a second: about 10.7 s, a hundred times faster.
	p := newPair(t, sim.Config{Speed: 100, Bandwidth: 1e9}, sim.Config{})
	must(p.source.AddMachine(sim.MachineSpec{Name: "a", DiskGB: []int{10}, MemoryMB: 4096, PoweredOn: true}))(t)
	spec := p.spec("a", "seg-web")
	begun := time.Now()
	moving := p.begin("a", spec)
	seen := map[int32]bool{}
	eventually(t, "the move ends", func() bool {
		info := p.info(moving)
		seen[info.Progress] = true
		return info.State == types.TaskInfoStateSuccess
	})
	if took := time.Since(begun); took < 100*time.Millisecond || took > 30*time.Second {
		t.Errorf("it took %s", took)
	}
	if len(seen) < 5 {
		t.Errorf("progress was seen at %v only", seen)
	}
}

func TestCancelStopsTheMove(t *testing.T) {
	p := newPair(t, sim.Config{Machines: 2, Speed: 1}, sim.Config{})
	free := func() int64 { return p.datastore(t, "vsanDatastore").Summary.FreeSpace }
	room := free()
	moving := p.begin("web-01", p.spec("web-01", "seg-web"))
	eventually(t, "it runs", func() bool { return p.info(moving).State == types.TaskInfoStateRunning })
	if free() >= room {
		t.Error("the target holds no space for a machine on its way")
	}
	if _, err := p.machine("web-01").PowerOff(context.Background()); faultType(err) != "TaskInProgress" {
		t.Errorf("a moving machine can be powered off: %v", err)
	}
	if err := moving.Cancel(context.Background()); err != nil {
		t.Fatal(err)
	}
	if err := moving.Wait(context.Background()); faultType(err) != "RequestCanceled" {
		t.Errorf("a cancelled move ends with %v", err)
	}
	if info := p.info(moving); !info.Cancelled || info.State != types.TaskInfoStateError {
		t.Errorf("task: %+v", info)
	}
	if s := find1(t, p.source, "web-01"); s.PowerState != "poweredOn" || s.PowerOffCount != 0 {
		t.Errorf("the machine suffered: %+v", s)
	}
	if len(p.target.Machines()) != 0 {
		t.Error("something arrived")
	}
	eventually(t, "the target gives the space back", func() bool { return free() == room })
	if err := moving.Cancel(context.Background()); faultType(err) != "InvalidState" {
		t.Errorf("a cancel after the end: %v", err)
	}
}

func TestMovesQueueBeyondTheBudget(t *testing.T) {
	p := newPair(t, sim.Config{Hosts: 1, Speed: 100, Bandwidth: 1e8}, sim.Config{}) // all together about 3.5 s
	specs := map[string]types.VirtualMachineRelocateSpec{}
	for i := range 5 {
		name := fmt.Sprintf("m%d", i)
		must(p.source.AddMachine(sim.MachineSpec{Name: name, DiskGB: []int{4}, PoweredOn: true, Networks: []string{"VLAN-130"}}))(t)
		specs[name] = p.spec(name, "seg-web")
	}
	var moves []*object.Task
	for name, spec := range specs {
		moves = append(moves, p.begin(name, spec))
	}
	queued := false
	var ended []types.TaskInfo
	eventually(t, "all end", func() bool {
		ended = nil
		for _, m := range moves {
			info := p.info(m)
			queued = queued || info.State == types.TaskInfoStateQueued
			if info.State == types.TaskInfoStateError {
				t.Fatalf("failed: %s", info.Error.LocalizedMessage)
			}
			if info.State == types.TaskInfoStateSuccess {
				ended = append(ended, info)
			}
		}
		return len(ended) == len(moves)
	})
	most := 0
	for _, a := range ended {
		together := 0
		for _, b := range ended {
			if !b.StartTime.After(*a.StartTime) && b.CompleteTime.After(*a.StartTime) {
				together++
			}
		}
		most = max(most, together)
	}
	if most != 2 || !queued {
		t.Errorf("%d live moves ran at once from one host (queued seen: %v), want 2", most, queued)
	}
}

func TestListsFollowTheMachine(t *testing.T) {
	p := newPair(t, sim.Config{Machines: 2}, sim.Config{})
	ref := p.machine("web-01").Reference()
	vm := machineProperties(t, p.from, ref.Value)
	before := properties[mo.Datastore](t, p.from, vm.Datastore[0], "summary.freeSpace").Summary.FreeSpace
	room := p.datastore(t, "vsanDatastore").Summary.FreeSpace
	info := must(p.relocate("web-01", p.spec("web-01", "seg-web")))(t)
	lists := [][]types.ManagedObjectReference{
		properties[mo.HostSystem](t, p.from, *vm.Runtime.Host, "vm").Vm,
		properties[mo.ResourcePool](t, p.from, *vm.ResourcePool, "vm").Vm,
		properties[mo.Datastore](t, p.from, vm.Datastore[0], "vm").Vm,
		properties[mo.Network](t, p.from, vm.Network[0], "vm").Vm,
		properties[mo.Folder](t, p.from, *vm.Parent, "childEntity").ChildEntity,
	}
	for i, list := range lists {
		if slices.Contains(list, ref) {
			t.Errorf("list %d of the source still names the machine", i)
		}
	}
	there := info.Result.(types.ManagedObjectReference)
	vm2 := machineProperties(t, p.to, there.Value)
	for i, list := range [][]types.ManagedObjectReference{
		properties[mo.HostSystem](t, p.to, *vm2.Runtime.Host, "vm").Vm,
		properties[mo.ResourcePool](t, p.to, *vm2.ResourcePool, "vm").Vm,
		properties[mo.Datastore](t, p.to, vm2.Datastore[0], "vm").Vm,
		properties[mo.Network](t, p.to, vm2.Network[0], "vm").Vm,
		properties[mo.Folder](t, p.to, *vm2.Parent, "childEntity").ChildEntity,
	} {
		if !slices.Contains(list, there) {
			t.Errorf("list %d of the target does not name the machine", i)
		}
	}
	if after := properties[mo.Datastore](t, p.from, vm.Datastore[0], "summary.freeSpace").Summary.FreeSpace; after <= before {
		t.Error("the source's datastore did not grow")
	}
	if left := p.datastore(t, "vsanDatastore").Summary.FreeSpace; left >= room {
		t.Error("the target's datastore did not shrink")
	}
	err := p.from.RetrieveOne(context.Background(), ref, []string{"name"}, &mo.VirtualMachine{})
	if faultType(err) != "ManagedObjectNotFound" {
		t.Errorf("the old reference reads: %v", err)
	}
}

func TestEventsOnBothSides(t *testing.T) {
	p := newPair(t, sim.Config{Machines: 2}, sim.Config{})
	must(p.relocate("web-01", p.spec("web-01", "seg-web")))(t)
	kinds := func(c *object.Common) map[string]bool {
		events, err := event.NewManager(c.Client()).QueryEvents(context.Background(), types.EventFilterSpec{MaxCount: 100})
		if err != nil {
			t.Fatal(err)
		}
		seen := map[string]bool{}
		for _, e := range events {
			seen[typeOf(e)] = true
		}
		return seen
	}
	here, there := object.NewCommon(p.from.Client, p.from.ServiceContent.RootFolder), object.NewCommon(p.to.Client, p.to.ServiceContent.RootFolder)
	if seen := kinds(&here); !seen["VmEmigratingEvent"] || !seen["VmRelocatedEvent"] {
		t.Errorf("source: %v", seen)
	}
	if seen := kinds(&there); !seen["VmMigratedEvent"] {
		t.Errorf("target: %v", seen)
	}
}

func TestTaskIsFoundAfterALostAnswer(t *testing.T) {
	p := newPair(t, sim.Config{Machines: 2}, sim.Config{})
	spec, vm := p.spec("web-01", "seg-web"), p.machine("web-01")
	begun := time.Now().Add(-time.Second)
	p.source.Inject(sim.Fault{Method: "RelocateVM_Task", DropAnswer: true})
	if _, err := vm.Relocate(context.Background(), spec, "defaultPriority"); err == nil {
		t.Fatal("the answer was not lost")
	}
	manager := task.NewManager(p.from.Client)
	collector := must(manager.CreateCollectorForTasks(context.Background(), types.TaskFilterSpec{
		Entity: &types.TaskFilterSpecByEntity{Entity: vm.Reference(), Recursion: types.TaskFilterSpecRecursionOptionSelf},
		Time:   &types.TaskFilterSpecByTime{TimeType: types.TaskFilterSpecTimeOptionQueuedTime, BeginTime: &begun},
	}))(t)
	var found []types.TaskInfo
	eventually(t, "the task ends", func() bool {
		page := must(collector.LatestPage(context.Background()))(t)
		found = slices.DeleteFunc(page, func(i types.TaskInfo) bool { return i.DescriptionId != "VirtualMachine.relocate" })
		return len(found) == 1 && found[0].State == types.TaskInfoStateSuccess
	})
	reason, ok := found[0].Reason.(*types.TaskReasonUser)
	if !ok || reason.UserName != p.source.Username() || found[0].QueueTime.Before(begun) || found[0].StartTime == nil {
		t.Errorf("task: %+v", found[0])
	}
	recent := properties[mo.TaskManager](t, p.from, *p.from.ServiceContent.TaskManager, "recentTask").RecentTask
	if !slices.Contains(recent, found[0].Task) {
		t.Error("recentTask does not name it")
	}
	if _, ok := lookup(p.target, "web-01"); !ok {
		t.Error("the machine did not arrive")
	}
}

func TestSuccessWithoutTheMachine(t *testing.T) {
	p := newPair(t, sim.Config{Machines: 5}, sim.Config{})
	p.source.Inject(sim.Fault{Relocate: true, Machine: "web-01", Hidden: 300 * time.Millisecond})
	p.source.Inject(sim.Fault{Relocate: true, Machine: "shop-01", Lost: true})
	info := must(p.relocate("web-01", p.spec("web-01", "seg-web")))(t)
	if _, here := lookup(p.source, "web-01"); here {
		t.Error("still at the source")
	}
	if _, there := lookup(p.target, "web-01"); there {
		t.Error("already at the target")
	}
	eventually(t, "it shows up", func() bool { _, ok := lookup(p.target, "web-01"); return ok })
	if got := find1(t, p.target, "web-01").Ref; got != info.Result.(types.ManagedObjectReference).Value {
		t.Errorf("it came as %s", got)
	}
	must(p.relocate("shop-01", p.spec("shop-01", "seg-web")))(t)
	time.Sleep(50 * time.Millisecond)
	if _, there := lookup(p.target, "shop-01"); there {
		t.Error("a lost machine is there")
	}
}

func TestHangingMoveCanBeCancelled(t *testing.T) {
	p := newPair(t, sim.Config{Machines: 2}, sim.Config{})
	p.source.Inject(sim.Fault{Relocate: true, AtPercent: 50, Hang: true})
	moving := p.begin("web-01", p.spec("web-01", "seg-web"))
	eventually(t, "half way", func() bool { return p.info(moving).Progress >= 40 })
	if err := moving.Cancel(context.Background()); err != nil {
		t.Fatal(err)
	}
	if err := moving.Wait(context.Background()); faultType(err) != "RequestCanceled" {
		t.Errorf("it ended with %v", err)
	}
}

func TestBackAndForth(t *testing.T) {
	p := newPair(t, sim.Config{Machines: 2}, sim.Config{})
	before := find1(t, p.source, "web-01")
	must(p.relocate("web-01", p.spec("web-01", "seg-web")))(t)
	there := object.NewVirtualMachine(p.to.Client, types.ManagedObjectReference{Type: "VirtualMachine", Value: find1(t, p.target, "web-01").Ref})
	spec := p.homeSpec(there, "fin-app-01")
	moving := must(there.Relocate(context.Background(), spec, "defaultPriority"))(t)
	if err := moving.Wait(context.Background()); err != nil {
		t.Fatalf("back: %v", err)
	}
	after := find1(t, p.source, "web-01")
	if after.InstanceUUID != before.InstanceUUID || !slices.Equal(after.MACs, before.MACs) || after.PowerOffCount != 0 || after.Ref == before.Ref {
		t.Errorf("came back changed:\n%+v\n%+v", before, after)
	}
}

// homeSpec brings a machine of the target to where a machine of the source stands.
func (p *pair) homeSpec(there *object.VirtualMachine, beside string) types.VirtualMachineRelocateSpec {
	p.t.Helper()
	home := machineProperties(p.t, p.from, find1(p.t, p.source, beside).Ref)
	spec := types.VirtualMachineRelocateSpec{
		Folder: home.Parent, Pool: home.ResourcePool, Datastore: &home.Datastore[0],
		Service: &types.ServiceLocator{
			InstanceUuid: p.source.InstanceUUID(), Url: p.source.URL(), SslThumbprint: p.source.Thumbprint(),
			Credential: &types.ServiceLocatorNamePassword{Username: p.source.Username(), Password: p.source.Password()},
		},
	}
	card := must(there.Device(context.Background()))(p.t).SelectByType((*types.VirtualEthernetCard)(nil))[0]
	was := object.VirtualDeviceList(home.Config.Hardware.Device).SelectByType((*types.VirtualEthernetCard)(nil))[0]
	card.GetVirtualDevice().Backing = was.GetVirtualDevice().Backing
	spec.DeviceChange = []types.BaseVirtualDeviceConfigSpec{&types.VirtualDeviceConfigSpec{Operation: "edit", Device: card}}
	return spec
}

// Both vCenters are full of moves toward the other: each holds what the other waits for, unless both take the two
// budgets in one order.
func TestMovesTowardEachOtherDoNotBlock(t *testing.T) {
	p := newPair(t, sim.Config{Hosts: 1, Machines: 1, Speed: 6000}, sim.Config{Hosts: 1})
	var moves []*object.Task
	for i := range 6 {
		out, back := fmt.Sprintf("out-%d", i), fmt.Sprintf("back-%d", i)
		must(p.source.AddMachine(sim.MachineSpec{Name: out, PoweredOn: true, Networks: []string{"VLAN-130"}}))(t)
		ref := must(p.target.AddMachine(sim.MachineSpec{Name: back, PoweredOn: true, EVCMode: "intel-haswell", Networks: []string{"seg-web"}}))(t)
		moves = append(moves, p.begin(out, p.spec(out, "seg-web")))
		there := object.NewVirtualMachine(p.to.Client, types.ManagedObjectReference{Type: "VirtualMachine", Value: ref})
		moves = append(moves, must(there.Relocate(context.Background(), p.homeSpec(there, "fin-app-01"), "defaultPriority"))(t))
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	for _, m := range moves {
		if err := m.Wait(ctx); err != nil {
			t.Errorf("%s: %v", m.Reference(), err)
		}
	}
	if here, there := len(p.source.Machines()), len(p.target.Machines()); here != 7 || there != 6 {
		t.Errorf("%d machines at the source, %d at the target", here, there)
	}
}

func (p *pair) datastore(t *testing.T, name string) mo.Datastore {
	t.Helper()
	dc := must(object.NewSearchIndex(p.to.Client).FindByInventoryPath(context.Background(), "/SDDC-Datacenter/datastore/"+name))(t)
	return properties[mo.Datastore](t, p.to, dc.Reference(), "summary")
}
