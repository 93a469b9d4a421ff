// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package vcentersim_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/types"

	sim "github.com/avs-operator/avs-operator/test/vcentersim"
)

// refusal is one way for a move to fail, and the fault that vCenter names it by.
type refusal struct {
	name    string
	machine sim.MachineSpec
	prepare func(*testing.T, *pair, *types.VirtualMachineRelocateSpec)
	want    string
}

var refusals = []refusal{
	{name: "thumbprint", want: "SSLVerifyFault", prepare: func(_ *testing.T, _ *pair, s *types.VirtualMachineRelocateSpec) {
		s.Service.SslThumbprint = strings.Repeat("AA:", 19) + "AA"
	}},
	{name: "no trust at all", want: "SSLVerifyFault", prepare: func(_ *testing.T, _ *pair, s *types.VirtualMachineRelocateSpec) {
		s.Service.SslThumbprint = ""
	}},
	{name: "login", want: "InvalidLogin", prepare: func(_ *testing.T, p *pair, s *types.VirtualMachineRelocateSpec) {
		s.Service.Credential = &types.ServiceLocatorNamePassword{Username: p.target.Username(), Password: "wrong"}
	}},
	{name: "another vCenter", want: "InvalidArgument", prepare: func(_ *testing.T, _ *pair, s *types.VirtualMachineRelocateSpec) {
		s.Service.InstanceUuid = "00000000-0000-0000-0000-000000000000"
	}},
	{name: "nobody there", want: "NoHost", prepare: func(_ *testing.T, _ *pair, s *types.VirtualMachineRelocateSpec) {
		s.Service.Url = "https://127.0.0.1:1/sdk"
	}},
	{name: "privilege", want: "NoPermission", prepare: func(_ *testing.T, p *pair, _ *types.VirtualMachineRelocateSpec) {
		p.target.Revoke(p.target.Username(), "Datastore.AllocateSpace")
	}},
	{name: "name", want: "DuplicateName", prepare: func(t *testing.T, p *pair, _ *types.VirtualMachineRelocateSpec) {
		must(p.target.AddMachine(sim.MachineSpec{Name: "subject", Folder: "Workloads"}))(t)
	}},
	{name: "space", want: "NoDiskSpace", machine: sim.MachineSpec{DiskGB: []int{60000}, UsedPercent: 90}},
	{name: "no network given", want: "CannotAccessNetwork", prepare: func(_ *testing.T, _ *pair, s *types.VirtualMachineRelocateSpec) {
		s.DeviceChange = nil
	}},
	{name: "network gone", want: "CannotAccessNetwork", prepare: func(t *testing.T, p *pair, _ *types.VirtualMachineRelocateSpec) {
		if err := p.target.RemovePortGroup("seg-web"); err != nil {
			t.Fatal(err)
		}
	}},
	{name: "live to a standard switch", want: "NetworksMayNotBeTheSame", machine: sim.MachineSpec{PoweredOn: true},
		prepare: func(_ *testing.T, _ *pair, s *types.VirtualMachineRelocateSpec) {
			card := s.DeviceChange[0].GetVirtualDeviceConfigSpec().Device.GetVirtualDevice()
			card.Backing = &types.VirtualEthernetCardNetworkBackingInfo{
				VirtualDeviceDeviceBackingInfo: types.VirtualDeviceDeviceBackingInfo{DeviceName: "VM Network"},
			}
		}},
	{name: "host disconnected", want: "HostNotConnected", prepare: func(t *testing.T, p *pair, s *types.VirtualMachineRelocateSpec) {
		host := p.anyHost(t)
		s.Host = &host
		p.asAdmin(t, func(ctx context.Context, c *object.HostSystem) (*object.Task, error) { return c.Disconnect(ctx) }, host)
	}},
	{name: "host in maintenance", want: "InvalidHostState", prepare: func(t *testing.T, p *pair, s *types.VirtualMachineRelocateSpec) {
		host := p.anyHost(t)
		s.Host = &host
		p.asAdmin(t, func(ctx context.Context, c *object.HostSystem) (*object.Task, error) {
			return c.EnterMaintenanceMode(ctx, 0, false, nil)
		}, host)
	}},
	{name: "CPU too old", want: "FeatureRequirementsNotMet", machine: sim.MachineSpec{PoweredOn: true, EVCMode: "intel-sapphirerapids"}},
	{name: "CPU of another maker", want: "CpuIncompatible", machine: sim.MachineSpec{PoweredOn: true, EVCMode: "amd-zen3"}},
	{name: "virtual hardware", want: "VirtualHardwareVersionNotSupported", machine: sim.MachineSpec{HardwareVersion: 22}},
	{name: "snapshot left without its parent", want: "SnapshotCopyNotSupported", machine: sim.MachineSpec{Snapshots: 1},
		prepare: func(_ *testing.T, _ *pair, s *types.VirtualMachineRelocateSpec) {
			s.DiskMoveType = string(types.VirtualMachineRelocateDiskMoveOptionsMoveChildMostDiskBacking)
		}},
	{name: "CD connected", want: "DisallowedMigrationDeviceAttached", machine: sim.MachineSpec{PoweredOn: true, CDConnected: true}},
	{name: "raw disk", want: "DisallowedMigrationDeviceAttached", machine: sim.MachineSpec{RawDisk: true}},
	{name: "timed out", want: "Timedout", prepare: func(_ *testing.T, p *pair, _ *types.VirtualMachineRelocateSpec) {
		p.source.Inject(sim.Fault{Relocate: true, Machine: "subject", AtPercent: 60, With: &types.Timedout{}})
	}},
	{name: "no datastore", want: "InvalidArgument", prepare: func(_ *testing.T, _ *pair, s *types.VirtualMachineRelocateSpec) {
		s.Datastore = nil
	}},
	{name: "host of another cluster", want: "InvalidArgument", prepare: func(t *testing.T, p *pair, s *types.VirtualMachineRelocateSpec) {
		if err := p.target.AddCluster("Cluster-2", 3); err != nil {
			t.Fatal(err)
		}
		host := p.hostNamed(t, p.target.ClusterHosts("Cluster-2")[0])
		s.Host = &host
	}},
}

func TestRefusedMovesLeaveTheMachineWhole(t *testing.T) {
	for _, r := range refusals {
		t.Run(r.name, func(t *testing.T) {
			t.Parallel()
			p := newPair(t, sim.Config{}, sim.Config{})
			r.machine.Name, r.machine.Networks = "subject", []string{"VLAN-130"}
			must(p.source.AddMachine(r.machine))(t)
			before := find1(t, p.source, "subject")
			spec := p.spec("subject", "seg-web")
			if r.prepare != nil {
				r.prepare(t, p, &spec)
			}
			machinesBefore := len(p.target.Machines())
			_, err := p.relocate("subject", spec)
			if got := faultType(err); got != r.want {
				t.Fatalf("fault is %s (%v), want %s", got, err, r.want)
			}
			after := find1(t, p.source, "subject")
			if after.Ref != before.Ref || after.PowerState != before.PowerState || after.Host != before.Host || after.Networks[0] != "VLAN-130" {
				t.Errorf("changed at the source:\n%+v\n%+v", before, after)
			}
			if n := len(p.target.Machines()); n != machinesBefore {
				t.Errorf("the target went from %d to %d machines", machinesBefore, n)
			}
		})
	}
}

func TestFaultsSayWhatIsWrong(t *testing.T) {
	p := newPair(t, sim.Config{Machines: 2}, sim.Config{})
	spec := p.spec("web-01", "seg-web")
	spec.Service.SslThumbprint = strings.Repeat("00:", 19) + "00"
	_, err := p.relocate("web-01", spec)
	if err == nil || !strings.Contains(err.Error(), p.target.Thumbprint()) {
		t.Errorf("the fault does not name the certificate that is there: %v", err)
	}
	p.source.AddUser("viewer@vsphere.local", "pw", sim.ReadOnly)
	viewer := loginAs(t, p.source, "viewer@vsphere.local", "pw")
	ref := p.machine("web-01").Reference()
	_, err = object.NewVirtualMachine(viewer.Client, ref).Relocate(context.Background(), p.spec("web-01", "seg-web"), "defaultPriority")
	if faultType(err) != "NoPermission" {
		t.Errorf("a viewer may relocate: %v", err)
	}
}

func TestThumbprintForms(t *testing.T) {
	p := newPair(t, sim.Config{Machines: 10}, sim.Config{})
	forms := map[string]func(*types.ServiceLocator){
		"web-01": func(s *types.ServiceLocator) { s.SslThumbprint = p.target.ThumbprintSHA256() },
		"web-02": func(s *types.ServiceLocator) { s.SslThumbprint = strings.ReplaceAll(p.target.Thumbprint(), ":", "") },
		"fin-db-01": func(s *types.ServiceLocator) {
			s.SslThumbprint, s.SslCertificate = "", string(p.target.CertificatePEM())
		},
	}
	for machine, form := range forms {
		spec := p.spec(machine, "seg-web")
		form(spec.Service)
		if _, err := p.relocate(machine, spec); err != nil {
			t.Errorf("%s: %v", machine, err)
		}
	}
}

func TestCheckRelocateFindsWhatTheMoveWould(t *testing.T) {
	p := newPair(t, sim.Config{Machines: 2}, sim.Config{})
	results := p.check(t, "web-01", p.spec("web-01", "seg-web"))
	if len(results) != 3 {
		t.Fatalf("%d results, want one for each of 3 hosts", len(results))
	}
	for _, r := range results {
		if len(r.Error) > 0 {
			t.Errorf("a good move is refused: %s", r.Error[0].LocalizedMessage)
		}
	}
	bad := p.spec("web-01", "seg-web")
	bad.DeviceChange = nil
	must(p.target.AddMachine(sim.MachineSpec{Name: "web-01", Folder: "Workloads"}))(t)
	found := map[string]bool{}
	for _, e := range p.check(t, "web-01", bad)[0].Error {
		found[typeOf(e.Fault)] = true
	}
	if !found["CannotAccessNetwork"] || !found["DuplicateName"] {
		t.Errorf("found only %v", found)
	}
	if _, gone := lookup(p.source, "web-01"); !gone {
		t.Error("a check moved the machine")
	}
}

func (p *pair) check(t *testing.T, machine string, spec types.VirtualMachineRelocateSpec) []types.CheckResult {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	res, err := methods.CheckRelocate_Task(ctx, p.from.Client, &types.CheckRelocate_Task{
		This: *p.from.ServiceContent.VmProvisioningChecker, Vm: p.machine(machine).Reference(), Spec: spec,
	})
	if err != nil {
		t.Fatal(err)
	}
	info, err := object.NewTask(p.from.Client, res.Returnval).WaitForResult(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return info.Result.(types.ArrayOfCheckResult).CheckResult
}

func (p *pair) anyHost(t *testing.T) types.ManagedObjectReference {
	t.Helper()
	return p.hostNamed(t, p.target.ClusterHosts("Cluster-1")[0])
}

func (p *pair) hostNamed(t *testing.T, name string) types.ManagedObjectReference {
	t.Helper()
	ref, err := object.NewSearchIndex(p.to.Client).FindByInventoryPath(context.Background(), "/SDDC-Datacenter/host/Cluster-1/"+name)
	if err == nil && ref == nil {
		ref, err = object.NewSearchIndex(p.to.Client).FindByInventoryPath(context.Background(), "/SDDC-Datacenter/host/Cluster-2/"+name)
	}
	if err != nil || ref == nil {
		t.Fatalf("host %s: not found (%v)", name, err)
	}
	return ref.Reference()
}

// asAdmin does to a host of the private cloud what only Azure may.
func (p *pair) asAdmin(t *testing.T, do func(context.Context, *object.HostSystem) (*object.Task, error), host types.ManagedObjectReference) {
	t.Helper()
	p.target.AddUser("azure@vsphere.local", "pw", sim.Administrator)
	admin := loginAs(t, p.target, "azure@vsphere.local", "pw")
	task, err := do(context.Background(), object.NewHostSystem(admin.Client, host))
	if err == nil {
		err = task.Wait(context.Background())
	}
	if err != nil {
		t.Fatal(err)
	}
}
