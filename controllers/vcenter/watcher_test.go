// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package vcenter

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/vim25/types"

	"github.com/avs-operator/avs-operator/test/vcentersim"
)

// soon bounds how long a change may take to show; seen is for the stock simulator, whose collector walks everything for
// each update.
const (
	soon = time.Second
	seen = 20 * time.Second
)

// heard collects what a watcher tells.
type heard struct {
	mu  sync.Mutex
	all []Change
}

func listen(w *Watcher) *heard {
	h := &heard{}
	w.Subscribe(func(c Change) {
		h.mu.Lock()
		defer h.mu.Unlock()
		h.all = append(h.all, c)
	})
	return h
}

func (h *heard) of(kind ChangeKind, ref string) []Change {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(h.all), func(c Change) bool { return c.Kind != kind || ref != "" && c.Ref != ref })
}

func (h *heard) forget() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.all = nil
}

func done(t *testing.T, task *object.Task, err error) *types.TaskInfo {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	info, err := task.WaitForResult(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return info
}

func TestTheWatcherSeesAddRenameMoveRemove(t *testing.T) {
	v := startSim(t, vcentersim.Config{Machines: 4})
	c := dial(t, simEndpoint(v))
	w := watch(t, c, WatcherOptions{})
	h := listen(w)
	hand := dial(t, simEndpoint(v)) // somebody else changes things
	ctx := t.Context()
	first := w.Inventory()
	vm := first.MachinesByName("web-01")[0]
	if got := first.MachinesByPath("/Oslo/vm/Web/web-01"); len(got) != 1 || got[0] != vm {
		t.Fatalf("by path: %v", got)
	}

	root := object.NewFolder(hand.vim, refOf(first.DatacenterOf("/Oslo/vm").VMFolder))
	folder, err := root.CreateFolder(ctx, "Moved")
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, soon, "the folder", func() bool { return w.Inventory().FolderByPath("/Oslo/vm/Moved") != nil })

	task, err := folder.MoveInto(ctx, []types.ManagedObjectReference{typedRef("VirtualMachine", vm.Ref)})
	done(t, task, err)
	eventually(t, soon, "the move", func() bool { return w.Inventory().Machines.Get(vm.Ref).Folder == "/Oslo/vm/Moved" })

	task, err = object.NewVirtualMachine(hand.vim, typedRef("VirtualMachine", vm.Ref)).Rename(ctx, "ledger-01")
	done(t, task, err)
	eventually(t, soon, "the new name", func() bool { return len(w.Inventory().MachinesByName("ledger-01")) == 1 })
	if n := len(w.Inventory().MachinesByName("web-01")); n != 0 {
		t.Errorf("the old name still finds %d machines", n)
	}

	task, err = folder.Rename(ctx, "Ledgers")
	done(t, task, err)
	eventually(t, soon, "the folder's new name in the machine's path", func() bool {
		return len(w.Inventory().MachinesByPath("/Oslo/vm/Ledgers/ledger-01")) == 1
	})

	source := object.NewVirtualMachine(hand.vim, typedRef("VirtualMachine", vm.Ref))
	task, err = source.Clone(ctx, folder, "ledger-02", types.VirtualMachineCloneSpec{})
	added := done(t, task, err).Result.(types.ManagedObjectReference)
	eventually(t, soon, "the clone", func() bool { return w.Inventory().Machines.Get(added.Value) != nil })
	clone := w.Inventory().Machines.Get(added.Value)
	if got := w.Inventory().MachinesByInstanceUUID(clone.InstanceUUID); len(got) != 1 || got[0].Ref != added.Value {
		t.Errorf("by instance UUID %s: %v", clone.InstanceUUID, got)
	}

	task, err = object.NewVirtualMachine(hand.vim, added).Destroy(ctx)
	done(t, task, err)
	eventually(t, soon, "the end of the clone", func() bool { return w.Inventory().Machines.Get(added.Value) == nil })
	eventually(t, soon, "the word of it", func() bool {
		told := h.of(ChangeMachine, added.Value)
		return len(told) > 1 && told[len(told)-1].Gone && told[len(told)-1].InstanceUUID == clone.InstanceUUID
	})
	if n := len(w.Inventory().MachinesByInstanceUUID(clone.InstanceUUID)); n != 0 {
		t.Errorf("the identity of a machine that is gone finds %d", n)
	}

	if m := first.Machines.Get(vm.Ref); m.Name != "web-01" || m.Folder != "/Oslo/vm/Web" || first.Machines.Len() != 4 {
		t.Errorf("the first snapshot changed: %+v", m)
	}
}

func TestTheWatcherTellsTasks(t *testing.T) {
	c := dial(t, simEndpoint(startSim(t, vcentersim.Config{Machines: 2})))
	w := watch(t, c, WatcherOptions{})
	h := listen(w)
	vm := w.Inventory().MachinesByName("web-01")[0]
	handle, err := c.PowerOff(t.Context(), vm.Ref)
	if err != nil {
		t.Fatal(err)
	}
	w.Follow(handle.Ref)
	w.Follow("task-4711")
	eventually(t, soon, "the task's end", func() bool {
		task := w.Task(handle.Ref)
		return task != nil && task.State == TaskSuccess && task.Entity == vm.Ref && task.Kind == TaskPowerOff
	})
	if told := h.of(ChangeTask, handle.Ref); len(told) == 0 || told[0].Entity != vm.Ref {
		t.Errorf("told %v", told)
	}
	eventually(t, soon, "the power state", func() bool { return w.Inventory().Machines.Get(vm.Ref).PowerState == "poweredOff" })
	eventually(t, soon, "the word that vCenter does not know a task", func() bool {
		told := h.of(ChangeTask, "task-4711")
		return len(told) == 1 && told[0].Gone
	})
	eventually(t, soon, "that what has ended is followed no more", func() bool { return !w.following() })
	if other, err := c.PowerOn(t.Context(), vm.Ref); err != nil {
		t.Error(err)
	} else if eventually(t, soon, "the power state",
		func() bool { return w.Inventory().Machines.Get(vm.Ref).PowerState == "poweredOn" }); w.Task(other.Ref) != nil {
		t.Error("a task is told that nobody follows")
	}
}

// A task that ended, or was forgotten, while the stream was down is not taken for one that runs.
func TestAFollowedTaskSurvivesTheStream(t *testing.T) {
	f := startFleet(t)
	d := f.add(t, vcentersim.MachineSpec{Name: "followed", PoweredOn: true})
	f.oslo.Inject(vcentersim.Fault{Relocate: true, AtPercent: 40, Hang: true})
	handle, err := f.from.Relocate(t.Context(), f.crossing(t, d))
	if err != nil {
		t.Fatal(err)
	}
	f.here.Follow(handle.Ref)
	running := func() bool {
		task := f.here.Task(handle.Ref)
		return task != nil && task.State == TaskRunning
	}
	eventually(t, 10*time.Second, "the task", running)
	h := listen(f.here)
	f.oslo.ExpireSessions()
	eventually(t, 10*time.Second, "the return", func() bool { return len(h.of(ChangeConnection, "")) >= 2 && f.here.Synced() })
	eventually(t, 10*time.Second, "the task on the new stream", running)
	if err := f.from.CancelTask(t.Context(), handle.Ref); err != nil {
		t.Fatal(err)
	}
	eventually(t, 10*time.Second, "its end", func() bool {
		task := f.here.Task(handle.Ref)
		return task != nil && task.State == TaskError && len(h.of(ChangeTask, handle.Ref)) > 0
	})
}

func TestTheWatcherSurvivesAnExpiredSession(t *testing.T) {
	st := startStock(t, nil)
	c := dial(t, st.endpoint(t))
	w := watch(t, c, WatcherOptions{MaxWait: time.Second})
	h := listen(w)
	terminate(t, dial(t, st.endpoint(t)), c)
	eventually(t, 10*time.Second, "the word that it broke and is back", func() bool { return len(h.of(ChangeConnection, "")) >= 2 && w.Synced() })

	hand := dial(t, st.endpoint(t))
	vm := w.Inventory().MachinesByName("DC0_H0_VM0")[0]
	task, err := object.NewVirtualMachine(hand.vim, typedRef("VirtualMachine", vm.Ref)).Rename(t.Context(), "after")
	done(t, task, err)
	eventually(t, seen, "a change on the new stream", func() bool { return len(w.Inventory().MachinesByName("after")) == 1 })
	if n := len(h.of(ChangeHost, "")); n != 0 {
		t.Errorf("%d hosts were told, though none changed", n)
	}
}

func TestTheWatcherTellsWhatChangedWhileItWasCutOff(t *testing.T) {
	st := startStock(t, nil)
	e := st.endpoint(t)
	r := newRelay(t, st.s.URL.Host)
	e.Address = r.addr
	w := watch(t, dial(t, e), WatcherOptions{MinBackoff: 20 * time.Second, MaxBackoff: 50 * time.Second}) // at a hundredth
	h := listen(w)
	before := w.Inventory()
	renamed, removed := before.MachinesByName("DC0_H0_VM0")[0], before.MachinesByName("DC0_H0_VM1")[0]

	r.refuse.Store(true)
	r.drop()
	eventually(t, 5*time.Second, "the loss", func() bool { return !w.Synced() && w.Err() != nil })
	if w.Inventory() != before {
		t.Error("the last picture was not kept")
	}
	tried := r.tried.Load()
	time.Sleep(2 * time.Second) // 200 s of vCenter's time: about one attempt in 37 s
	if n := r.tried.Load() - tried; n < 1 || n > 12 {
		t.Errorf("%d attempts in 200 s with pauses of 25 to 50 s", n)
	}
	if n := len(h.of(ChangeConnection, "")); n != 1 {
		t.Errorf("the loss was told %d times", n)
	}

	hand, ctx := dial(t, st.endpoint(t)), t.Context()
	task, err := object.NewVirtualMachine(hand.vim, typedRef("VirtualMachine", renamed.Ref)).Rename(ctx, "meanwhile")
	done(t, task, err)
	vm := object.NewVirtualMachine(hand.vim, typedRef("VirtualMachine", removed.Ref))
	task, err = vm.PowerOff(ctx)
	done(t, task, err)
	task, err = vm.Destroy(ctx)
	done(t, task, err)

	h.forget()
	r.refuse.Store(false)
	eventually(t, 5*time.Second, "the return", w.Synced)
	if w.Err() != nil {
		t.Errorf("Err: %v", w.Err())
	}
	eventually(t, seen, "the words", func() bool { return len(h.of(ChangeConnection, "")) == 1 })
	if got := h.of(ChangeMachine, renamed.Ref); len(got) != 1 || got[0].Gone {
		t.Errorf("of the renamed machine was told %v", got)
	}
	if got := h.of(ChangeMachine, removed.Ref); len(got) != 1 || !got[0].Gone || got[0].InstanceUUID != removed.InstanceUUID {
		t.Errorf("of the removed machine was told %v", got)
	}
	if n := len(h.of(ChangeMachine, "")); n != 2 {
		t.Errorf("%d machines were told, want the two that changed", n)
	}
}

func TestOnlyOneRunAtATime(t *testing.T) {
	st := startStock(t, nil)
	w := watch(t, dial(t, st.endpoint(t)), WatcherOptions{})
	if err := w.Run(t.Context()); err == nil {
		t.Error("a second Run began")
	}
}

// fill makes a stream whose inventory holds n machines in a hundred folders.
func fill(t testing.TB, n int) *stream {
	t.Helper()
	w := NewWatcher(&Client{}, WatcherOptions{})
	s := &stream{w: w, draft: newDraft(&Inventory{}), tasks: map[string]*Task{}}
	enter := func(ref mor, props map[string]any) {
		u := types.ObjectUpdate{Kind: types.ObjectUpdateKindEnter, Obj: ref}
		for k, v := range props {
			u.ChangeSet = append(u.ChangeSet, types.PropertyChange{Name: k, Op: types.PropertyChangeOpAssign, Val: v})
		}
		s.take(u)
	}
	enter(refOf("datacenter-1"), map[string]any{"name": "Oslo", "parent": refOf("group-d1")})
	enter(refOf("group-v1"), map[string]any{"name": "vm", "parent": refOf("datacenter-1")})
	for i := range 100 {
		enter(refOf(fmt.Sprintf("group-v%d", i+10)), map[string]any{"name": fmt.Sprintf("F%d", i), "parent": refOf("group-v1")})
	}
	for i := range n {
		enter(refOf(fmt.Sprintf("vm-%d", i)), map[string]any{
			"name": fmt.Sprintf("web-%d", i), "parent": refOf(fmt.Sprintf("group-v%d", i%100+10)),
			"config.instanceUuid": fmt.Sprintf("uuid-%d", i), "runtime.powerState": types.VirtualMachinePowerStatePoweredOn,
		})
	}
	if err := s.publish(t.Context()); err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *stream) rename(t testing.TB, ref, name string) {
	s.take(types.ObjectUpdate{Kind: types.ObjectUpdateKindModify, Obj: refOf(ref), ChangeSet: []types.PropertyChange{
		{Name: "name", Op: types.PropertyChangeOpAssign, Val: name},
	}})
	if err := s.publish(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func BenchmarkOneChangeAmong10000(b *testing.B) {
	s := fill(b, 10000)
	for i := 0; b.Loop(); i++ {
		s.rename(b, "vm-4711", fmt.Sprintf("new-%d", i))
		if s.w.Inventory().Machines.Get("vm-4711").Name == "" {
			b.Fatal("lost")
		}
	}
}

// A changed machine must not cost what the inventory holds: copying three maps of 10,000 entries takes 2 ms.
func TestAChangeCostsWhatChanged(t *testing.T) {
	cost := func(n int) time.Duration {
		s := fill(t, n)
		best := time.Hour
		for range 5 {
			began := time.Now()
			for i := range 200 {
				s.rename(t, "vm-42", fmt.Sprintf("new-%d", i))
				if s.w.Inventory().MachinesByName(fmt.Sprintf("new-%d", i)) == nil {
					t.Fatal("the change is not in the inventory")
				}
			}
			best = min(best, time.Since(began)/200)
		}
		return best
	}
	few, many := cost(100), cost(10000)
	t.Logf("one change and one look: %s among 100, %s among 10,000", few, many)
	if many > 500*time.Microsecond && many > 10*few {
		t.Errorf("one change among 10,000 costs %s, among 100 %s", many, few)
	}
}

func TestAPartOfAPropertyIsReadWhole(t *testing.T) {
	s := fill(t, 1)
	s.take(types.ObjectUpdate{Kind: types.ObjectUpdateKindEnter, Obj: refOf("datastore-1")})
	for name, want := range map[string]string{
		`host["host-12"].mountInfo.accessible`: "host", `host["host-12"]`: "host", "summary": "summary.capacity",
		"summary.freeSpace": "", "hosts": "",
	} {
		clear(s.draft.reread)
		s.take(types.ObjectUpdate{Kind: types.ObjectUpdateKindModify, Obj: refOf("datastore-1"),
			ChangeSet: []types.PropertyChange{{Name: name, Op: types.PropertyChangeOpAssign}}})
		if got := s.draft.reread[refOf("datastore-1")]; got[want] != (want != "") {
			t.Errorf("%s asks for %v, want %q", name, got, want)
		}
	}
}
