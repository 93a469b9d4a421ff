// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package vcenter

import (
	"strings"
	"testing"

	"github.com/vmware/govmomi/vim25/types"
)

// crossing is a complete relocation of the machine to another vCenter.
func crossing(d MachineDetails) Relocation {
	r := Relocation{
		Machine: d.Ref, Folder: "group-v8", ResourcePool: "resgroup-8", Host: "host-8", Datastore: "datastore-8",
		Locator: &Locator{URL: "https://10.1.0.2", InstanceUUID: "there", Thumbprint: "AA:BB", CertificatePEM: "PEM", Token: Token{SAML: "<token/>"}},
	}
	for _, n := range d.NICs {
		r.NICs = append(r.NICs, NICPlacement{Key: n.Key, Network: Network{
			Ref: "dvportgroup-8", Name: "finance-web", Kind: "DistributedVirtualPortgroup", PortgroupKey: "dvportgroup-8", SwitchUUID: "50 08",
		}})
	}
	return r
}

func one(t *testing.T, c *Client, name string) MachineDetails {
	t.Helper()
	w := watch(t, c, WatcherOptions{})
	d, err := c.Details(t.Context(), []string{w.Inventory().MachinesByName(name)[0].Ref})
	if err != nil || len(d) != 1 {
		t.Fatalf("details: %v, %v", d, err)
	}
	return d[0]
}

func TestTheSpecificationLeavesNothingOut(t *testing.T) {
	st := startStock(t, nil)
	c := dial(t, st.endpoint(t))
	d := one(t, c, "DC0_H0_VM0")
	r := crossing(d)
	r.Disks = []DiskPlacement{{Key: d.Disks[0].Key, Datastore: "datastore-9"}}
	spec, err := c.relocateSpec(t.Context(), "relocate", r)
	if err != nil {
		t.Fatal(err)
	}
	if spec.Service == nil || spec.Service.Url != "https://10.1.0.2/sdk" || spec.Service.InstanceUuid != "there" || spec.Service.SslThumbprint != "AA:BB" {
		t.Errorf("service %+v", spec.Service)
	}
	if spec.Service.SslCertificate != "" {
		t.Error("a vCenter of version 6.5 was sent a field of version 9")
	}
	if s, ok := spec.Service.Credential.(*types.ServiceLocatorSAMLCredential); !ok || s.Token != "<token/>" {
		t.Errorf("credential %T", spec.Service.Credential)
	}
	for _, got := range []struct{ ref, want string }{
		{spec.Folder.Value, "group-v8"}, {spec.Pool.Value, "resgroup-8"}, {spec.Host.Value, "host-8"}, {spec.Datastore.Value, "datastore-8"},
	} {
		if got.ref != got.want {
			t.Errorf("placed at %s, want %s", got.ref, got.want)
		}
	}
	if len(spec.Disk) != len(d.Disks) || spec.Disk[0].Datastore.Value != "datastore-9" || spec.Disk[0].DiskId != d.Disks[0].Key {
		t.Errorf("disks %+v", spec.Disk)
	}
	if len(spec.DeviceChange) != 1 {
		t.Fatalf("%d device changes", len(spec.DeviceChange))
	}
	edit := spec.DeviceChange[0].GetVirtualDeviceConfigSpec()
	nic := edit.Device.(types.BaseVirtualEthernetCard).GetVirtualEthernetCard()
	if edit.Operation != types.VirtualDeviceConfigSpecOperationEdit || nic.Key != d.NICs[0].Key || !strings.EqualFold(nic.MacAddress, d.NICs[0].MAC) {
		t.Errorf("the card lost its identity: %+v", nic)
	}
	if b, ok := nic.Backing.(*types.VirtualEthernetCardDistributedVirtualPortBackingInfo); !ok || b.Port.PortgroupKey != "dvportgroup-8" ||
		b.Port.SwitchUuid != "50 08" || b.Port.PortKey != "" {
		t.Errorf("backing %+v", nic.Backing)
	}

	if nic.ExternalId != "" || nic.SubnetId != "" {
		t.Errorf("the card takes ids of the source's manager along: %+v", nic)
	}

	c.about.APIVersion = "9.0.0.0"
	if s := c.serviceLocator(*r.Locator); s.SslCertificate != "PEM" || s.SslThumbprint != "" {
		t.Error("version 9 was not sent the certificate alone")
	}
}

func TestAnIncompleteRelocationIsNotSent(t *testing.T) {
	st := startStock(t, nil)
	c := dial(t, st.endpoint(t))
	d := one(t, c, "DC0_H0_VM0")
	for want, spoil := range map[string]func(*Relocation){
		"no machine is named":                     func(r *Relocation) { r.Machine = "" },
		"needs a folder":                          func(r *Relocation) { r.Folder = "" },
		"resource pool and a datastore":           func(r *Relocation) { r.Datastore = "" },
		"needs a host there":                      func(r *Relocation) { r.Host = "" },
		"names no vCenter":                        func(r *Relocation) { r.Locator.InstanceUUID = "" },
		"no certificate":                          func(r *Relocation) { r.Locator.Thumbprint, r.Locator.CertificatePEM = "", "" },
		"no credentials":                          func(r *Relocation) { r.Locator.Token = Token{} },
		"has no network at the destination":       func(r *Relocation) { r.NICs = nil },
		"no network card with key 77":             func(r *Relocation) { r.NICs = append(r.NICs, NICPlacement{Key: 77}) },
		"no disk with key 77":                     func(r *Relocation) { r.Disks = []DiskPlacement{{Key: 77, Datastore: "datastore-8"}} },
		"does not tell its switch":                func(r *Relocation) { r.NICs[0].Network.SwitchUUID = "" },
		"no machine can be connected to a Bridge": func(r *Relocation) { r.NICs[0].Network.Kind = "Bridge" },
	} {
		r := crossing(d)
		spoil(&r)
		_, err := c.Relocate(t.Context(), r)
		if ClassOf(err) != InvalidRequest || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want InvalidRequest saying %q", err, want)
		}
	}
	r := crossing(d)
	r.Machine = "vm-4711"
	_, err := c.Relocate(t.Context(), r)
	asError(t, err, NotFound)
	if n := st.count("RelocateVM_Task"); n != 0 {
		t.Errorf("%d relocations were sent", n)
	}
}

func TestRelocateWithinOneVCenter(t *testing.T) {
	st := startStock(t, nil)
	c := dial(t, st.endpoint(t))
	d := one(t, c, "DC0_C0_RP0_VM0")
	w := watch(t, c, WatcherOptions{})
	host := ""
	for ref, h := range w.Inventory().Hosts.All() {
		if ref != d.Host && h.Cluster == w.Inventory().Hosts.Get(d.Host).Cluster {
			host = ref
		}
	}
	before, err := c.ServerTime(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	handle, err := c.Relocate(t.Context(), Relocation{Machine: d.Ref, Host: host})
	if err != nil {
		t.Fatal(err)
	}
	if handle.Entity != d.Ref || handle.User == "" || handle.QueuedAt.IsZero() { // the stock simulator's tasks are all by "vcsim"
		t.Errorf("handle %+v", handle)
	}
	eventually(t, seen, "the end", func() bool {
		task, err := c.Task(t.Context(), handle.Ref)
		return err == nil && task.Done()
	})
	task, err := c.Task(t.Context(), handle.Ref)
	if err != nil || task.State != TaskSuccess || task.Entity != d.Ref || task.CompletedAt.IsZero() {
		t.Errorf("task %+v, %v", task, err)
	}
	eventually(t, seen, "the new host", func() bool { return w.Inventory().Machines.Get(d.Ref).Host == host })

	q := TaskQuery{Entity: d.Ref, Kind: strings.ToUpper(task.Kind), User: strings.ToUpper(handle.User), QueuedAfter: before}
	found, err := c.FindTask(t.Context(), q)
	if err != nil || len(found) != 1 || found[0].Ref != handle.Ref {
		t.Errorf("found %+v, %v", found, err)
	}
	for name, change := range map[string]func(*TaskQuery){
		"another machine": func(q *TaskQuery) { q.Entity = "vm-4711" },
		"another kind":    func(q *TaskQuery) { q.Kind = TaskPowerOn },
		"another user":    func(q *TaskQuery) { q.User = "somebody@vsphere.local" },
		"later":           func(q *TaskQuery) { q.QueuedAfter = task.QueuedAt.Add(1e9) },
	} {
		other := q
		change(&other)
		if found, err := c.FindTask(t.Context(), other); err != nil || len(found) != 0 {
			t.Errorf("%s found %+v, %v", name, found, err)
		}
	}
	_, err = c.Task(t.Context(), "task-4711")
	asError(t, err, NotFound)
}

func TestPower(t *testing.T) {
	st := startStock(t, nil)
	c := dial(t, st.endpoint(t))
	d := one(t, c, "DC0_H0_VM0")
	ctx := t.Context()
	off, err := c.PowerOff(ctx, d.Ref)
	if err != nil {
		t.Fatal(err)
	}
	ended := func(ref string, state TaskState) *Task {
		t.Helper()
		var task *Task
		eventually(t, seen, "the end of "+ref, func() bool { task, err = c.Task(ctx, ref); return err == nil && task.Done() })
		if task.State != state {
			t.Fatalf("task %+v", task)
		}
		return task
	}
	ended(off.Ref, TaskSuccess)
	if m, err := c.FindMachine(ctx, strings.ToUpper(d.InstanceUUID)); err != nil || len(m) != 1 || m[0].PowerState != "poweredOff" {
		t.Errorf("found %+v, %v", m, err)
	}
	again, err := c.PowerOff(ctx, d.Ref)
	if err != nil {
		asError(t, err, InvalidState)
	} else if f := ended(again.Ref, TaskError).Fault; f.Class != FaultState {
		t.Errorf("fault %+v", f)
	}
	on, err := c.PowerOn(ctx, d.Ref)
	if err != nil {
		t.Fatal(err)
	}
	ended(on.Ref, TaskSuccess)
	if err := c.CancelTask(ctx, on.Ref); err != nil {
		t.Errorf("cancelling a task that has ended: %v", err)
	}
	asError(t, c.ShutdownGuest(ctx, "vm-4711"), NotFound)
}

// Ids that another manager of networks gave a card mean nothing, or another port, to the next one.
func TestIdsOfAnotherManagerStayBehind(t *testing.T) {
	card := func(backing types.BaseVirtualDeviceBackingInfo) *types.VirtualVmxnet3 {
		c := &types.VirtualVmxnet3{}
		c.Key, c.Backing, c.ExternalId, c.SubnetId = 4000, backing, "external", "subnet"
		return c
	}
	group := func(uuid string) *types.VirtualEthernetCardDistributedVirtualPortBackingInfo {
		return &types.VirtualEthernetCardDistributedVirtualPortBackingInfo{Port: types.DistributedVirtualSwitchPortConnection{SwitchUuid: uuid, PortgroupKey: "p"}}
	}
	here := Network{Kind: "DistributedVirtualPortgroup", Ref: "dvportgroup-1", PortgroupKey: "dvportgroup-1", SwitchUUID: "50 01"}
	for name, c := range map[string]struct {
		present types.BaseVirtualDeviceBackingInfo
		away    bool
		keeps   bool
	}{
		"the same switch":                    {group("50 01"), false, true},
		"another switch":                     {group("50 02"), false, false},
		"the same switch in another vCenter": {group("50 01"), true, false},
		"an opaque network": {&types.VirtualEthernetCardOpaqueNetworkBackingInfo{OpaqueNetworkId: "o", OpaqueNetworkType: segmentType},
			false, false},
	} {
		r := Relocation{Machine: "vm-1", NICs: []NICPlacement{{Key: 4000, Network: here}}}
		if c.away {
			r.Locator = &Locator{}
		}
		spec := &types.VirtualMachineRelocateSpec{}
		if err := r.connectNICs(spec, []types.BaseVirtualDevice{card(c.present)}); err != nil {
			t.Fatal(err)
		}
		nic := spec.DeviceChange[0].GetVirtualDeviceConfigSpec().Device.(types.BaseVirtualEthernetCard).GetVirtualEthernetCard()
		if kept := nic.ExternalId != ""; kept != c.keeps || (nic.SubnetId != "") != c.keeps {
			t.Errorf("%s: kept %v, want %v", name, kept, c.keeps)
		}
	}
}
