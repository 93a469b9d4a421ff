// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package vcentersim_test

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/vmware/govmomi"
	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/property"
	"github.com/vmware/govmomi/view"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"

	sim "github.com/avs-operator/avs-operator/test/vcentersim"
)

// watch is one stream of updates, spoken by hand: no helper of govmomi stands between.
type watch struct {
	t       *testing.T
	c       *govmomi.Client
	pc      *property.Collector
	version string
	max     int32
	pages   int
}

func newWatch(t *testing.T, c *govmomi.Client) *watch {
	t.Helper()
	return &watch{t: t, c: c, pc: must(property.DefaultCollector(c.Client).Create(context.Background()))(t)}
}

// machines follows machines below the root folder, through a container view.
func (w *watch) machines(paths ...string) *watch {
	w.t.Helper()
	m := view.NewManager(w.c.Client)
	v := must(m.CreateContainerView(context.Background(), w.c.ServiceContent.RootFolder, []string{"VirtualMachine"}, true))(w.t)
	w.filter(types.PropertyFilterSpec{
		ObjectSet: []types.ObjectSpec{{Obj: v.Reference(), Skip: types.NewBool(true), SelectSet: []types.BaseSelectionSpec{
			&types.TraversalSpec{Type: "ContainerView", Path: "view"},
		}}},
		PropSet: []types.PropertySpec{{Type: "VirtualMachine", PathSet: paths}},
	})
	return w
}

func (w *watch) filter(spec types.PropertyFilterSpec) *property.Filter {
	w.t.Helper()
	return must(w.pc.CreateFilter(context.Background(), types.CreateFilter{Spec: spec}))(w.t)
}

// next waits for an answer; nil when seconds ran out.
func (w *watch) next(seconds int32) *types.UpdateSet {
	w.t.Helper()
	set, err := w.try(seconds)
	if err != nil {
		w.t.Fatalf("wait for updates: %v", err)
	}
	return set
}

func (w *watch) try(seconds int32) (*types.UpdateSet, error) {
	res, err := methods.WaitForUpdatesEx(context.Background(), w.c, &types.WaitForUpdatesEx{
		This: w.pc.Reference(), Version: w.version, Options: &types.WaitOptions{MaxWaitSeconds: &seconds, MaxObjectUpdates: w.max},
	})
	if err != nil || res.Returnval == nil {
		return nil, err
	}
	w.version = res.Returnval.Version
	return res.Returnval, nil
}

// all reads pages until the answer is whole.
func (w *watch) all(seconds int32) (updates []types.ObjectUpdate) {
	w.t.Helper()
	for {
		set := w.next(seconds)
		if set == nil {
			return updates
		}
		w.pages++
		for _, f := range set.FilterSet {
			updates = append(updates, f.ObjectSet...)
		}
		if set.Truncated == nil || !*set.Truncated {
			return updates
		}
	}
}

func changes(updates []types.ObjectUpdate) map[string]any {
	m := map[string]any{}
	for _, u := range updates {
		for _, c := range u.ChangeSet {
			m[c.Name] = c.Val
		}
	}
	return m
}

func TestOneUpdateAmongThousandsIsQuick(t *testing.T) {
	n := 2000
	if raceDetector {
		n = 200
	}
	if asked, err := strconv.Atoi(os.Getenv("VCENTERSIM_MACHINES")); err == nil {
		n = asked // make bench asks for 10000
	}
	begun := time.Now()
	v := start(t, sim.Config{Machines: n})
	built := time.Since(begun)
	c := login(t, v)
	w := newWatch(t, c).machines("name", "runtime.powerState", "runtime.host", "config.instanceUuid", "config.annotation", "parent", "network", "datastore")
	begun = time.Now()
	if got := len(w.all(10)); got != n {
		t.Fatalf("%d machines of %d came", got, n)
	}
	first := time.Since(begun)
	all := v.Machines()
	var took []time.Duration
	for i := range 21 {
		ref := types.ManagedObjectReference{Type: "VirtualMachine", Value: all[(i*97)%n].Ref}
		answered := make(chan time.Time, 1)
		go func() {
			w.all(10)
			answered <- time.Now()
		}()
		time.Sleep(20 * time.Millisecond) // the wait is at the server
		rename := must(object.NewVirtualMachine(c.Client, ref).Rename(context.Background(), fmt.Sprintf("renamed-%d", i)))(t)
		done := properties[mo.Task](t, c, rename.Reference(), "info").Info // the change is made by now, or nearly
		at := <-answered
		since := done.QueueTime
		if done.StartTime != nil {
			since = *done.StartTime
		}
		took = append(took, at.Sub(since))
	}
	slices.Sort(took)
	t.Logf("%d machines: built in %s, first answer whole after %s, an update seen after %s (median), %s (worst)", n, built, first, took[10], took[20])
	if took[10] > 10*time.Millisecond && !raceDetector {
		t.Errorf("the median update takes %s", took[10])
	}
	if built > time.Minute {
		t.Errorf("building took %s", built)
	}
}

func TestMachinesEnterChangeAndLeave(t *testing.T) {
	v := start(t, sim.Config{Machines: 3})
	c := login(t, v)
	w := newWatch(t, c).machines("name", "config.annotation", "runtime.powerState")
	if got := len(w.all(5)); got != 3 {
		t.Fatalf("%d machines", got)
	}
	if set := w.next(0); set != nil {
		t.Errorf("told without a change: %+v", set)
	}
	ref := must(v.AddMachine(sim.MachineSpec{Name: "late", PoweredOn: true}))(t)
	got := w.all(5)
	if len(got) != 1 || got[0].Kind != types.ObjectUpdateKindEnter || got[0].Obj.Value != ref || changes(got)["name"] != "late" {
		t.Fatalf("entering: %+v", got)
	}
	vm := object.NewVirtualMachine(c.Client, got[0].Obj)
	if err := must(vm.Reconfigure(context.Background(), types.VirtualMachineConfigSpec{Annotation: "said"}))(t).Wait(context.Background()); err != nil {
		t.Fatal(err)
	}
	if got := w.all(5); changes(got)["config.annotation"] != "said" || got[0].Kind != types.ObjectUpdateKindModify {
		t.Errorf("a reconfigured annotation does not show: %+v", got)
	}
	if err := must(vm.PowerOff(context.Background()))(t).Wait(context.Background()); err != nil {
		t.Fatal(err)
	}
	if got := w.all(5); changes(got)["runtime.powerState"] != types.VirtualMachinePowerStatePoweredOff {
		t.Errorf("powering off does not show: %+v", got)
	}
	if err := must(vm.Destroy(context.Background()))(t).Wait(context.Background()); err != nil {
		t.Fatal(err)
	}
	if got := w.all(5); len(got) != 1 || got[0].Kind != types.ObjectUpdateKindLeave || got[0].Obj.Value != ref {
		t.Errorf("leaving: %+v", got)
	}
}

func TestMoveIsSeenAtBothEnds(t *testing.T) {
	p := newPair(t, sim.Config{Machines: 2}, sim.Config{})
	here, there := newWatch(t, p.from).machines("name"), newWatch(t, p.to).machines("name", "runtime.powerState")
	here.all(5)
	there.next(5)
	must(p.relocate("web-01", p.spec("web-01", "seg-web")))(t)
	if got := here.all(5); len(got) == 0 || got[len(got)-1].Kind != types.ObjectUpdateKindLeave {
		t.Errorf("source: %+v", got)
	}
	got := there.all(5)
	if len(got) != 1 || got[0].Kind != types.ObjectUpdateKindEnter || changes(got)["runtime.powerState"] != types.VirtualMachinePowerStatePoweredOn {
		t.Errorf("target: %+v", got)
	}
}

func TestPagesAndVersions(t *testing.T) {
	v := start(t, sim.Config{Machines: 25})
	w := newWatch(t, login(t, v)).machines("name")
	w.max = 10
	if got := w.all(5); len(got) != 25 || w.pages != 3 {
		t.Errorf("%d machines on %d pages", len(got), w.pages)
	}
	last := w.version
	must(v.AddMachine(sim.MachineSpec{Name: "late"}))(t)
	first := w.all(5)
	w.version = last // the answer got lost
	if again := w.all(5); len(again) != 1 || len(first) != 1 || again[0].Obj != first[0].Obj {
		t.Errorf("asked again: %+v, first %+v", again, first)
	}
	w.version = "99"
	if _, err := w.try(1); faultType(err) != "InvalidCollectorVersion" {
		t.Errorf("an unknown version: %v", err)
	}
	w.version = ""
	w.max = 0
	if got := w.all(5); len(got) != 26 {
		t.Errorf("starting over told %d machines", len(got))
	}
}

func TestSeveralFiltersAndTraversals(t *testing.T) {
	v := start(t, sim.Config{Machines: 4})
	c := login(t, v)
	w := newWatch(t, c).machines("name")
	vm := object.NewVirtualMachine(c.Client, types.ManagedObjectReference{Type: "VirtualMachine", Value: v.Machines()[0].Ref})
	folder := *properties[mo.VirtualMachine](t, c, vm.Reference(), "parent").Parent
	children := w.filter(types.PropertyFilterSpec{ // a folder and what it holds: a traversal that is no view
		ObjectSet: []types.ObjectSpec{{Obj: folder, Skip: types.NewBool(true), SelectSet: []types.BaseSelectionSpec{
			&types.TraversalSpec{Type: "Folder", Path: "childEntity"},
		}}},
		PropSet: []types.PropertySpec{{Type: "VirtualMachine", PathSet: []string{"config.annotation"}}},
	})
	w.all(5)
	annotate := func(text string) {
		if err := must(vm.Reconfigure(context.Background(), types.VirtualMachineConfigSpec{Annotation: text}))(t).Wait(context.Background()); err != nil {
			t.Fatal(err)
		}
	}
	annotate("one")
	seen := false
	eventually(t, "the change is told through the folder", func() bool {
		for _, u := range w.all(1) {
			seen = seen || (u.Obj == vm.Reference() && changes([]types.ObjectUpdate{u})["config.annotation"] == "one")
		}
		return seen
	})
	if err := children.Destroy(context.Background()); err != nil {
		t.Fatal(err)
	}
	w.all(0)
	annotate("two")
	for _, u := range w.all(0) {
		if changes([]types.ObjectUpdate{u})["config.annotation"] != nil {
			t.Errorf("a destroyed filter tells %+v", u)
		}
	}
}

// The reference says of recentTask and disabledMethod that a vCenter need not tell their changes, so this one does not.
func TestSilentPropertiesTellNoChanges(t *testing.T) {
	v := start(t, sim.Config{Machines: 2})
	c := login(t, v)
	w := newWatch(t, c).machines("name", "disabledMethod", "recentTask")
	w.filter(types.PropertyFilterSpec{
		ObjectSet: []types.ObjectSpec{{Obj: *c.ServiceContent.TaskManager, SelectSet: []types.BaseSelectionSpec{
			&types.TraversalSpec{Type: "TaskManager", Path: "recentTask"},
		}}},
		PropSet: []types.PropertySpec{{Type: "Task", PathSet: []string{"info.state"}}, {Type: "TaskManager", PathSet: []string{"recentTask"}}},
	})
	w.all(5)
	machine := v.Machines()[0]
	vm := object.NewVirtualMachine(c.Client, types.ManagedObjectReference{Type: "VirtualMachine", Value: machine.Ref})
	v.DisableMethods(machine.Name, "RelocateVM_Task")
	if err := must(vm.PowerOff(context.Background()))(t).Wait(context.Background()); err != nil {
		t.Fatal(err)
	}
	task := must(vm.Rename(context.Background(), "told"))(t)
	if err := task.Wait(context.Background()); err != nil {
		t.Fatal(err)
	}
	told := false
	eventually(t, "the new name is told", func() bool {
		for _, u := range w.all(1) {
			is := changes([]types.ObjectUpdate{u})
			told = told || is["name"] == "told"
			if is["disabledMethod"] != nil || is["recentTask"] != nil || u.Obj.Type == "Task" {
				t.Errorf("told: %+v", u)
			}
		}
		return told
	})
	if got := properties[mo.VirtualMachine](t, c, vm.Reference(), "disabledMethod").DisabledMethod; !slices.Contains(got, "RelocateVM_Task") {
		t.Errorf("a read has disabled methods %v", got)
	}
	if got := properties[mo.TaskManager](t, c, *c.ServiceContent.TaskManager, "recentTask").RecentTask; !slices.Contains(got, task.Reference()) {
		t.Errorf("a read has recent tasks %v", got)
	}
}

func TestListViewsFollowTheirList(t *testing.T) {
	v := start(t, sim.Config{Machines: 3})
	c := login(t, v)
	refs := make([]types.ManagedObjectReference, 0, 3)
	for _, s := range v.Machines() {
		refs = append(refs, types.ManagedObjectReference{Type: "VirtualMachine", Value: s.Ref})
	}
	list := must(view.NewManager(c.Client).CreateListView(context.Background(), refs[:1]))(t)
	w := newWatch(t, c)
	w.filter(types.PropertyFilterSpec{
		ObjectSet: []types.ObjectSpec{{Obj: list.Reference(), Skip: types.NewBool(true), SelectSet: []types.BaseSelectionSpec{
			&types.TraversalSpec{Type: "ListView", Path: "view"},
		}}},
		PropSet: []types.PropertySpec{{Type: "VirtualMachine", PathSet: []string{"name"}}},
	})
	if got := w.all(5); len(got) != 1 {
		t.Fatalf("%d", len(got))
	}
	must(list.Add(context.Background(), refs[1:]))(t)
	if got := w.all(5); len(got) != 2 || got[0].Kind != types.ObjectUpdateKindEnter {
		t.Errorf("added: %+v", got)
	}
	must(list.Remove(context.Background(), refs[:1]))(t)
	if got := w.all(5); len(got) != 1 || got[0].Kind != types.ObjectUpdateKindLeave {
		t.Errorf("removed: %+v", got)
	}
}

func TestWaitsEnd(t *testing.T) {
	v := start(t, sim.Config{Machines: 1})
	for name, end := range map[string]struct {
		do   func(*watch)
		want string
	}{
		"cancel": {func(w *watch) { _ = w.pc.CancelWaitForUpdates(context.Background()) }, "RequestCanceled"},
		"expire": {func(*watch) { v.ExpireSessions() }, "NotAuthenticated"},
	} {
		w := newWatch(t, login(t, v)).machines("name")
		w.all(5)
		ended := make(chan error, 1)
		go func() { _, err := w.try(30); ended <- err }()
		time.Sleep(50 * time.Millisecond)
		end.do(w)
		select {
		case err := <-ended:
			if faultType(err) != end.want {
				t.Errorf("%s: %v, want %s", name, err, end.want)
			}
		case <-time.After(time.Minute):
			t.Errorf("%s: the wait goes on", name)
		}
	}
	w := newWatch(t, login(t, v)).machines("name")
	w.all(5)
	begun := time.Now()
	if set := w.next(1); set != nil || time.Since(begun) < 900*time.Millisecond {
		t.Errorf("after %s: %+v", time.Since(begun), set)
	}
}

func TestReadingInPages(t *testing.T) {
	v := start(t, sim.Config{Machines: 12})
	c := login(t, v)
	m := view.NewManager(c.Client)
	w := must(m.CreateContainerView(context.Background(), c.ServiceContent.RootFolder, []string{"VirtualMachine"}, true))(t)
	req := types.RetrievePropertiesEx{This: c.ServiceContent.PropertyCollector, Options: types.RetrieveOptions{MaxObjects: 5},
		SpecSet: []types.PropertyFilterSpec{{
			ObjectSet: []types.ObjectSpec{{Obj: w.Reference(), Skip: types.NewBool(true), SelectSet: []types.BaseSelectionSpec{
				&types.TraversalSpec{Type: "ContainerView", Path: "view"},
			}}},
			PropSet: []types.PropertySpec{{Type: "VirtualMachine", PathSet: []string{"name"}}},
		}}}
	res, err := methods.RetrievePropertiesEx(context.Background(), c, &req)
	if err != nil {
		t.Fatal(err)
	}
	names, token := len(res.Returnval.Objects), res.Returnval.Token
	for token != "" {
		more, err := methods.ContinueRetrievePropertiesEx(context.Background(), c, &types.ContinueRetrievePropertiesEx{This: req.This, Token: token})
		if err != nil {
			t.Fatal(err)
		}
		names, token = names+len(more.Returnval.Objects), more.Returnval.Token
	}
	if names != 12 {
		t.Errorf("%d machines in all", names)
	}
	if err := w.Destroy(context.Background()); err != nil {
		t.Fatal(err)
	}
}
