// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package vcenter

import (
	"fmt"
	"testing"
	"time"

	"github.com/vmware/govmomi/object"

	"github.com/avs-operator/avs-operator/test/vcentersim"
)

func TestRestraint(t *testing.T) {
	const pace = 4 * time.Second
	var r restraint
	now := time.Unix(1000, 0)
	for i := range calmBurst {
		if wait := r.wait(now, pace); wait != 0 {
			t.Fatalf("call %d of the burst waits %s", i, wait)
		}
	}
	for i := range 100 { // a vCenter that always has something to tell
		wait := r.wait(now, pace)
		if wait != pace {
			t.Fatalf("call %d after the burst waits %s", i, wait)
		}
		now = now.Add(wait)
	}
	now = now.Add(10 * time.Minute)
	for i := range calmBurst {
		if wait := r.wait(now, pace); wait != 0 {
			t.Fatalf("call %d after a rest waits %s", i, wait)
		}
	}
}

// In a vCenter where something changes all the time, and nothing of ours runs, the stream asks seldom; once a task of ours runs, at once.
func TestABusyVCenterIsNotAskedForEveryChange(t *testing.T) {
	v := startSim(t, vcentersim.Config{Machines: 2})
	e := simEndpoint(v)
	e.Speed = 4 // a call a second after the burst
	v.AddUser("hand@vsphere.local", "Hand1!", vcentersim.Administrator)
	by := simEndpoint(v)
	by.Username, by.Password = "hand@vsphere.local", "Hand1!"
	c, hand := dial(t, e), dial(t, by)
	asked := func() (n int) {
		for _, r := range v.Requests() {
			if r.Method == "WaitForUpdatesEx" && sameUser(r.User, v.Username()) {
				n++
			}
		}
		return n
	}
	w := watch(t, c, WatcherOptions{})
	vm := object.NewVirtualMachine(hand.vim, typedRef("VirtualMachine", w.Inventory().MachinesByName("web-01")[0].Ref))
	churn := func(until time.Time) {
		for i := 0; time.Now().Before(until); i++ {
			task, err := vm.Rename(t.Context(), fmt.Sprint("web-", i))
			done(t, task, err)
		}
	}
	before := asked()
	churn(time.Now().Add(3 * time.Second))
	if n := asked() - before; n > calmBurst+5 {
		t.Errorf("%d calls in three seconds, want a burst of %d and one a second", n, calmBurst)
	}
	handle, err := c.PowerOff(t.Context(), w.Inventory().MachinesByName("fin-app-01")[0].Ref)
	if err != nil {
		t.Fatal(err)
	}
	w.Follow(handle.Ref)
	eventually(t, 500*time.Millisecond, "the task's end", func() bool {
		task := w.Task(handle.Ref)
		return task != nil && task.Done()
	})
}

func TestWhatIsNotToldIsReadDirectly(t *testing.T) {
	v := startSim(t, vcentersim.Config{})
	ref, err := v.AddMachine(vcentersim.MachineSpec{Name: "backup", Networks: []string{"VLAN-120", "VLAN-130"}, PoweredOn: true,
		GuestIPs: []string{"10.0.0.1", "10.0.0.2"}})
	if err != nil {
		t.Fatal(err)
	}
	c := dial(t, simEndpoint(v))
	w := watch(t, c, WatcherOptions{})
	v.DisableMethods("backup", "RelocateVM_Task")
	m := w.Inventory().Machines.Get(ref)
	if m.RelocateDisabled || len(m.GuestIPs) != 1 {
		t.Errorf("the stream tells %+v", m)
	}
	if found, err := c.FindMachine(t.Context(), m.InstanceUUID); err != nil || len(found) != 1 || !found[0].RelocateDisabled || len(found[0].GuestIPs) != 2 {
		t.Errorf("read directly: %+v, %v", found, err)
	}
	if d, err := c.Details(t.Context(), []string{ref}); err != nil || len(d) != 1 || !d[0].RelocateDisabled {
		t.Errorf("with details: %+v, %v", d, err)
	}
	_, err = c.PowerOff(t.Context(), ref) // another method
	if err != nil {
		t.Error(err)
	}
}
