// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package vcenter

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vmware/govmomi/vim25/types"

	"github.com/avs-operator/avs-operator/test/vcentersim"
)

func TestAMachineCrossesWithItsIdentity(t *testing.T) {
	f := startFleet(t)
	for _, c := range []struct {
		name  string
		power bool
	}{{"live-01", true}, {"cold-01", false}} {
		t.Run(c.name, func(t *testing.T) {
			d := f.add(t, vcentersim.MachineSpec{Name: c.name, PoweredOn: c.power, DiskGB: []int{20, 40}, Annotation: "keep me",
				Networks: []string{"VLAN-120", "VLAN-130"}})
			h, g := listen(f.here), listen(f.there)
			r := f.crossing(t, d)
			warnings, faults, err := f.from.CheckRelocate(t.Context(), r)
			if err != nil || len(faults) != 0 {
				t.Fatalf("check: %v, %v, %v", warnings, faults, err)
			}
			handle, err := f.from.Relocate(t.Context(), r)
			if err != nil {
				t.Fatal(err)
			}
			if handle.Entity != d.Ref || !sameUser(handle.User, f.oslo.Username()) || handle.QueuedAt.IsZero() {
				t.Errorf("handle %+v", handle)
			}
			f.here.Follow(handle.Ref)
			task := f.end(t, handle.Ref)
			if task.State != TaskSuccess || !strings.EqualFold(task.Kind, TaskRelocate) {
				t.Fatalf("task %+v: %v", task, task.Fault)
			}
			moved, err := f.to.Details(t.Context(), []string{task.Result})
			if err != nil || len(moved) != 1 {
				t.Fatalf("at the destination: %v, %v", moved, err)
			}
			unchanged(t, d, moved[0])
			if m, err := f.from.FindMachine(t.Context(), d.InstanceUUID); err != nil || len(m) != 0 {
				t.Errorf("still at the source: %+v, %v", m, err)
			}
			eventually(t, time.Second, "the watchers", func() bool {
				return f.here.Inventory().Machines.Get(d.Ref) == nil && len(f.there.Inventory().MachinesByInstanceUUID(d.InstanceUUID)) == 1
			})
			eventually(t, time.Second, "the word of it", func() bool {
				left := h.of(ChangeMachine, d.Ref)
				return len(left) > 0 && left[len(left)-1].Gone && len(g.of(ChangeMachine, task.Result)) > 0 && len(h.of(ChangeTask, handle.Ref)) > 0
			})
			for _, m := range f.weu.Machines() {
				if m.Name == c.name && c.power && m.PowerOffCount != 0 {
					t.Errorf("a live move powered the machine off %d times", m.PowerOffCount)
				}
			}
		})
	}
}

// unchanged compares what must survive a move.
func unchanged(t *testing.T, was, is MachineDetails) {
	t.Helper()
	if is.Name != was.Name || is.InstanceUUID != was.InstanceUUID || is.BIOSUUID != was.BIOSUUID || is.PowerState != was.PowerState ||
		is.Annotation != was.Annotation || is.NumCPU != was.NumCPU || is.MemoryMB != was.MemoryMB {
		t.Errorf("was %+v, is %+v", was, is)
	}
	if is.Folder != "/SDDC-Datacenter/vm/Workloads" || len(is.Datastores) != 1 {
		t.Errorf("it stands in %s on %v", is.Folder, is.Datastores)
	}
	key := func(d Disk) string { return fmt.Sprint(d.Key, d.CapacityBytes, d.Mode) }
	if a, b := mapped(was.Disks, key), mapped(is.Disks, key); !slices.Equal(a, b) {
		t.Errorf("disks were %v, are %v", a, b)
	}
	mac := func(n NIC) string { return fmt.Sprint(n.Key, n.MAC, n.Kind, n.Connected) }
	if a, b := mapped(was.NICs, mac), mapped(is.NICs, mac); !slices.Equal(a, b) {
		t.Errorf("cards were %v, are %v", a, b)
	}
	for _, n := range is.NICs {
		if n.NetworkName != "finance-web" || n.Network == "" {
			t.Errorf("a card is on %q (%s)", n.NetworkName, n.Network)
		}
	}
}

func mapped[A any](in []A, f func(A) string) []string {
	out := make([]string, len(in))
	for i, a := range in {
		out[i] = f(a)
	}
	return out
}

func TestACancelledMoveLeavesTheMachineWhole(t *testing.T) {
	f := startFleet(t)
	d := f.add(t, vcentersim.MachineSpec{Name: "stay", PoweredOn: true})
	f.oslo.Inject(vcentersim.Fault{Relocate: true, AtPercent: 40, Hang: true})
	handle, err := f.from.Relocate(t.Context(), f.crossing(t, d))
	if err != nil {
		t.Fatal(err)
	}
	f.here.Follow(handle.Ref)
	eventually(t, 10*time.Second, "progress on the stream", func() bool {
		task := f.here.Task(handle.Ref)
		return task != nil && task.State == TaskRunning && task.Progress >= 10
	})
	running, err := f.from.RunningTasks(t.Context())
	if err != nil || !slices.ContainsFunc(running, func(t Task) bool { return t.Ref == handle.Ref && t.Entity == d.Ref }) {
		t.Errorf("running: %+v, %v", running, err)
	}
	if err := f.from.CancelTask(t.Context(), handle.Ref); err != nil {
		t.Fatal(err)
	}
	task := f.end(t, handle.Ref)
	if task.State != TaskError || !task.Cancelled || task.Fault.Class != FaultCancelled {
		t.Errorf("task %+v: %v", task, task.Fault)
	}
	f.whole(t, d)
	if err := f.from.CancelTask(t.Context(), handle.Ref); err != nil {
		t.Errorf("a second cancel: %v", err)
	}
}

func TestEveryFaultHasItsClass(t *testing.T) {
	f := startFleet(t)
	for name, c := range map[string]struct {
		class  FaultClass
		spec   vcentersim.MachineSpec
		change func(*Relocation)
		before func()
	}{
		"thumbprint": {class: FaultCertificate, change: func(r *Relocation) { r.Locator.Thumbprint = another(r.Locator.Thumbprint) }},
		"login": {class: FaultCredentials, change: func(r *Relocation) {
			r.Locator.Token, r.Locator.Username, r.Locator.Password = Token{}, f.weu.Username(), "wrong-password"
		}},
		"name":      {class: FaultNameTaken, before: func() { f.place(t, "name") }},
		"space":     {class: FaultSpace, spec: vcentersim.MachineSpec{DiskGB: []int{60000}, UsedPercent: 100, Thick: true}},
		"snapshot":  {class: FaultSnapshot, before: func() { f.inject(&types.SnapshotCopyNotSupported{}) }},
		"network":   {class: FaultNetwork, before: func() { f.inject(&types.CannotAccessNetwork{}) }},
		"host":      {class: FaultHost, before: func() { f.inject(&types.HostNotConnected{}) }},
		"cpu":       {class: FaultCPU, before: func() { f.inject(&types.FeatureRequirementsNotMet{}) }},
		"timed out": {class: FaultTimedOut, before: func() { f.inject(&types.Timedout{}) }},
	} {
		t.Run(name, func(t *testing.T) {
			c.spec.Name, c.spec.PoweredOn = name, true
			d := f.add(t, c.spec)
			r := f.crossing(t, d)
			if c.change != nil {
				c.change(&r)
			}
			if c.before != nil {
				c.before()
			}
			handle, err := f.from.Relocate(t.Context(), r)
			if err != nil {
				t.Fatal(err)
			}
			task := f.end(t, handle.Ref)
			if task.State != TaskError || task.Fault.Class != c.class || task.Fault.Type == "" {
				t.Fatalf("task %s with fault %+v, want class %s", task.State, task.Fault, c.class)
			}
			t.Logf("%s", task.Fault)
			if strings.Contains(task.Fault.String(), "wrong-password") {
				t.Error("the fault shows the password")
			}
			if name != "name" { // there, another machine of the name stands at the destination
				f.whole(t, d)
			}
		})
	}
}

// another thumbprint, whatever the first begins with.
func another(thumbprint string) string {
	if strings.HasPrefix(thumbprint, "AA") {
		return "BB" + thumbprint[2:]
	}
	return "AA" + thumbprint[2:]
}

func (f *fleet) inject(with types.BaseMethodFault) {
	f.oslo.Inject(vcentersim.Fault{Relocate: true, AtPercent: 50, With: with})
}

func (f *fleet) place(t *testing.T, name string) {
	if _, err := f.weu.AddMachine(vcentersim.MachineSpec{Name: name, Folder: "Workloads", Networks: []string{"finance-web"}}); err != nil {
		t.Error(err)
	}
}

func TestAMissingPrivilegeIsNamed(t *testing.T) {
	f := startFleet(t)
	d := f.add(t, vcentersim.MachineSpec{Name: "denied", PoweredOn: true})
	r := f.crossing(t, d)
	const id = "Resource.AssignVMToPool"
	if gaps, err := f.to.Privileges(t.Context(), "", []string{r.ResourcePool, r.Folder}, []string{id, "VirtualMachine.Inventory.Create"}); err != nil ||
		len(gaps) != 0 {
		t.Errorf("missing %v, %v", gaps, err)
	}
	f.weu.Revoke(f.weu.Username(), id)
	gaps, err := f.to.Privileges(t.Context(), "", []string{r.ResourcePool}, []string{id, "VirtualMachine.Inventory.Create", "Host.Config.Maintenance"})
	if err != nil || !slices.Equal(gaps[r.ResourcePool], []string{id, "Host.Config.Maintenance"}) {
		t.Errorf("missing %v, %v", gaps, err)
	}
	handle, err := f.from.Relocate(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	if fault := f.end(t, handle.Ref).Fault; fault == nil || fault.Class != FaultPrivilege || fault.Privilege != id {
		t.Errorf("fault %+v", fault)
	}
	f.whole(t, d)
}

func TestAStartWhoseAnswerWasLostIsFoundAgain(t *testing.T) {
	f := startFleet(t)
	d := f.add(t, vcentersim.MachineSpec{Name: "lost", PoweredOn: true})
	r := f.crossing(t, d)
	before, err := f.from.ServerTime(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	q := TaskQuery{Entity: d.Ref, Kind: TaskRelocate, User: f.from.User(), QueuedAfter: before}
	if found, err := f.from.FindTask(t.Context(), q); err != nil || len(found) != 0 {
		t.Fatalf("before the start there is %+v, %v", found, err)
	}
	f.oslo.Inject(vcentersim.Fault{Method: "RelocateVM_Task", DropAnswer: true})
	_, err = f.from.Relocate(t.Context(), r)
	asError(t, err, AnswerLost)

	var found []Task
	eventually(t, 5*time.Second, "the task", func() bool {
		found, err = f.from.FindTask(t.Context(), q)
		return err == nil && len(found) == 1
	})
	f.end(t, found[0].Ref)

	// It is found after the machine has gone too: the machine's reference means nothing any more, the task's entity does.
	again, err := f.from.FindTask(t.Context(), q)
	if err != nil || len(again) != 1 || again[0].Ref != found[0].Ref || again[0].State != TaskSuccess || again[0].Result == "" {
		t.Errorf("after the end: %+v, %v", again, err)
	}
	starts := 0
	for _, call := range f.oslo.Requests() {
		if call.Method == "RelocateVM_Task" {
			starts++
		}
	}
	if starts != 1 {
		t.Errorf("%d starts were sent", starts)
	}
}

func TestARefusedStartIsNotALostOne(t *testing.T) {
	f := startFleet(t)
	d := f.add(t, vcentersim.MachineSpec{Name: "busy", PoweredOn: true})
	r := f.crossing(t, d)
	f.oslo.Inject(vcentersim.Fault{Method: "RelocateVM_Task", With: &types.TaskInProgress{}})
	_, err := f.from.Relocate(t.Context(), r)
	e := asError(t, err, Busy)
	if e.Fault == nil || e.Fault.Class != FaultBusy {
		t.Errorf("fault %+v", e.Fault)
	}
	f.whole(t, d)
}

func TestShutdownThroughTools(t *testing.T) {
	f := startFleet(t)
	d := f.add(t, vcentersim.MachineSpec{Name: "polite", PoweredOn: true})
	if err := f.from.ShutdownGuest(t.Context(), d.Ref); err != nil {
		t.Fatal(err)
	}
	eventually(t, 10*time.Second, "the guest to be off", func() bool { return f.here.Inventory().Machines.Get(d.Ref).PowerState == "poweredOff" })

	bare := f.add(t, vcentersim.MachineSpec{Name: "bare", PoweredOn: true, Tools: "notInstalled"})
	asError(t, f.from.ShutdownGuest(t.Context(), bare.Ref), InvalidState)
}

func TestWhatAPlanReads(t *testing.T) {
	f := startFleet(t)
	d := f.add(t, vcentersim.MachineSpec{
		Name: "rich", PoweredOn: true, DiskGB: []int{10, 20}, Snapshots: 2, CDConnected: true, RawDisk: true, GuestIPs: []string{"10.120.0.9"},
		Networks: []string{"VLAN-120", "VLAN-130"}, Folder: "Finance/Ledgers", HardwareVersion: 17,
	})
	if d.Folder != "/Oslo/vm/Finance/Ledgers" || d.Snapshots != 2 || d.HardwareVersion != "vmx-17" || !d.GuestToolsRunning ||
		!slices.Equal(d.GuestIPs, []string{"10.120.0.9"}) {
		t.Errorf("%+v", d.Machine)
	}
	if !slices.ContainsFunc(d.Disks, func(d Disk) bool { return d.BackingType == "rdm" }) || len(d.Disks) != 3 {
		t.Errorf("disks %+v", d.Disks)
	}
	if !slices.ContainsFunc(d.Devices, func(d Device) bool {
		return d.Kind == "VirtualCdrom" && d.Connected && strings.HasSuffix(d.Backing, ".iso")
	}) {
		t.Errorf("devices %+v", d.Devices)
	}
	if names := mapped(d.NICs, func(n NIC) string { return n.NetworkName }); !slices.Equal(names, []string{"VLAN-120", "VLAN-130"}) {
		t.Errorf("networks %v", names)
	}
	ctx := t.Context()
	space, err := f.to.DatastoreSpace(ctx, []string{f.there.Inventory().DatastoresByName("vsanDatastore")[0].Ref, "datastore-4711"})
	if err != nil || len(space) != 1 {
		t.Errorf("space %v, %v", space, err)
	}
	for _, s := range space {
		if s.CapacityBytes == 0 || s.FreeBytes == 0 || s.FreeBytes > s.CapacityBytes {
			t.Errorf("space %+v", s)
		}
	}
	load, err := f.from.HostLoad(ctx, []string{d.Host})
	if err != nil || load[d.Host].Machines == 0 || load[d.Host].CPUCapacityMHz == 0 || load[d.Host].MemoryBytes == 0 {
		t.Errorf("load %+v, %v", load, err)
	}
	pool := f.there.Inventory().ClustersByName("Cluster-1")[0].ResourcePool
	if pools, err := f.to.PoolLoad(ctx, []string{pool}); err != nil || len(pools) != 1 {
		t.Errorf("pools %+v, %v", pools, err)
	}
	for _, n := range f.there.Inventory().NetworksByName("finance-web") {
		if n.SwitchUUID == "" || n.PortgroupKey == "" || n.Uplink {
			t.Errorf("network %+v", n)
		}
	}
}

func TestLocksAndExpiry(t *testing.T) {
	v := startSim(t, vcentersim.Config{Layout: vcentersim.AVS})
	e := simEndpoint(v)
	c := dial(t, e)
	w := watch(t, c, WatcherOptions{})
	v.ExpireSessions()
	eventually(t, 10*time.Second, "the stream to be back", func() bool { return w.Synced() && len(v.Logins()) == 2 })
	if _, err := v.AddMachine(vcentersim.MachineSpec{Name: "after"}); err != nil {
		t.Fatal(err)
	}
	eventually(t, time.Second, "a change on the new stream", func() bool { return len(w.Inventory().MachinesByName("after")) == 1 })

	wrong := e
	for i := range 5 { // five different passwords: the guard cannot help
		wrong.Password = fmt.Sprint("wrong", i)
		_, err := Connect(t.Context(), wrong)
		asError(t, err, CredentialsInvalid)
	}
	// A login of a locked account fails like one with a wrong password; only the token service says why.
	_, err := c.IssueToken(t.Context(), time.Hour)
	asError(t, err, AccountLocked)

	bad := e
	bad.Username, bad.Password, bad.Guard = "nobody@vsphere.local", "x", NewLoginGuard()
	n := len(v.Logins())
	for range 3 {
		_, err := Connect(context.Background(), bad)
		asError(t, err, CredentialsInvalid)
	}
	if got := len(v.Logins()) - n; got != 1 {
		t.Errorf("%d logins, want 1", got)
	}
}

func TestATokenIsRefusedOnceLikeALogin(t *testing.T) {
	v := startSim(t, vcentersim.Config{Layout: vcentersim.AVS})
	c := dial(t, simEndpoint(v))
	v.SetPassword(v.Username(), "rotated")
	n := len(v.Logins())
	for range 3 {
		_, err := c.IssueToken(t.Context(), time.Hour)
		asError(t, err, CredentialsInvalid)
		if strings.Contains(err.Error(), "VMware1!") {
			t.Errorf("the error shows the password: %v", err)
		}
	}
	if got := len(v.Logins()) - n; got != 1 {
		t.Errorf("%d attempts were made, want 1", got)
	}
	_, err := c.IssueToken(t.Context(), 0)
	asError(t, err, InvalidRequest)
}

func TestTheGrantedLifeOfATokenIsRead(t *testing.T) {
	token, err := dial(t, simEndpoint(startSim(t, vcentersim.Config{}))).IssueToken(t.Context(), 2*time.Hour)
	if err != nil || token.Life != 5*time.Minute || token.SAML == "" {
		t.Errorf("asked for two hours: %v, %v", token, err)
	}
	if text := fmt.Sprintf("%v %+v %#v", token, token, token); strings.Contains(text, "Assertion") {
		t.Errorf("the token prints: %s", text)
	}
	_, err = dial(t, simEndpoint(startSim(t, vcentersim.Config{TokenClockAhead: 11 * time.Minute}))).IssueToken(t.Context(), time.Hour)
	asError(t, err, ClockSkewed)
}

// A vCenter that takes no token of another single sign-on domain refuses it as it does a password.
func TestATokenOfAnotherDomain(t *testing.T) {
	f := &fleet{oslo: startSim(t, vcentersim.Config{AccountsOnly: true}),
		weu: startSim(t, vcentersim.Config{Layout: vcentersim.AVS, PortGroups: []string{"finance-web"}})}
	f.from, f.to = dial(t, simEndpoint(f.oslo)), dial(t, simEndpoint(f.weu))
	f.here, f.there = watch(t, f.from, WatcherOptions{}), watch(t, f.to, WatcherOptions{})
	d := f.add(t, vcentersim.MachineSpec{Name: "foreign"})
	r := f.crossing(t, d)
	if _, faults, err := f.from.CheckRelocate(t.Context(), r); err != nil || len(faults) != 1 || faults[0].Class != FaultCredentials {
		t.Errorf("with a token: %v, %v", faults, err)
	}
	f.weu.AddUser("move@vsphere.local", "Secret1!", vcentersim.CloudAdmin)
	r.Locator.Token, r.Locator.Username, r.Locator.Password = Token{}, "move@vsphere.local", "Secret1!"
	if _, faults, err := f.from.CheckRelocate(t.Context(), r); err != nil || len(faults) != 0 {
		t.Errorf("with an account: %v, %v", faults, err)
	}
}
