// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package vcentersim_test

import (
	"context"
	"crypto/x509"
	"fmt"
	"net/url"
	"slices"
	"testing"
	"time"

	"github.com/vmware/govmomi"
	"github.com/vmware/govmomi/find"
	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/session"
	"github.com/vmware/govmomi/task"
	"github.com/vmware/govmomi/vim25"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"

	sim "github.com/avs-operator/avs-operator/test/vcentersim"
)

const speed = 600 // a simulated minute in a tenth of a second

func start(t *testing.T, c sim.Config) *sim.VCenter {
	t.Helper()
	if c.Speed == 0 {
		c.Speed = speed
	}
	v, err := sim.Start(context.Background(), c)
	if err != nil {
		t.Fatalf("start: %v", err)
	}
	t.Cleanup(v.Close)
	return v
}

// connect trusts the vCenter's own certificate and nothing else.
func connect(t *testing.T, v *sim.VCenter) *vim25.Client {
	t.Helper()
	u, err := url.Parse(v.URL() + "/sdk")
	if err != nil {
		t.Fatal(err)
	}
	client := soap.NewClient(u, false)
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(v.CertificatePEM())
	client.DefaultTransport().TLSClientConfig.RootCAs = roots
	c, err := vim25.NewClient(context.Background(), client)
	if err != nil {
		t.Fatalf("connect: %v", err)
	}
	return c
}

func login(t *testing.T, v *sim.VCenter) *govmomi.Client {
	t.Helper()
	return loginAs(t, v, v.Username(), v.Password())
}

func loginAs(t *testing.T, v *sim.VCenter, user, password string) *govmomi.Client {
	t.Helper()
	c := connect(t, v)
	g := &govmomi.Client{Client: c, SessionManager: session.NewManager(c)}
	if err := g.Login(context.Background(), url.UserPassword(user, password)); err != nil {
		t.Fatalf("log in: %v", err)
	}
	return g
}

// pair is an on-premises vCenter and a private cloud's, with a client at each.
type pair struct {
	t        *testing.T
	source   *sim.VCenter
	target   *sim.VCenter
	from, to *govmomi.Client
}

func newPair(t *testing.T, source, target sim.Config) *pair {
	t.Helper()
	target.Layout = sim.AVS
	if target.PortGroups == nil {
		target.PortGroups = []string{"seg-finance", "seg-web"}
	}
	p := &pair{t: t, source: start(t, source), target: start(t, target)}
	p.from, p.to = login(t, p.source), login(t, p.target)
	return p
}

func (p *pair) locator() *types.ServiceLocator {
	return &types.ServiceLocator{
		InstanceUuid: p.target.InstanceUUID(), Url: p.target.URL() + "/sdk", SslThumbprint: p.target.Thumbprint(),
		Credential: &types.ServiceLocatorNamePassword{Username: p.target.Username(), Password: p.target.Password()},
	}
}

// spec for a machine: Workloads, the pool of Cluster-1, vsanDatastore, each card to the named segment.
func (p *pair) spec(machine, segment string) types.VirtualMachineRelocateSpec {
	p.t.Helper()
	ctx := context.Background()
	finder := find.NewFinder(p.to.Client)
	folder := must(finder.Folder(ctx, "/SDDC-Datacenter/vm/Workloads"))(p.t).Reference()
	pool := must(finder.ResourcePool(ctx, "/SDDC-Datacenter/host/Cluster-1/Resources"))(p.t).Reference()
	store := must(finder.Datastore(ctx, "/SDDC-Datacenter/datastore/vsanDatastore"))(p.t).Reference()
	spec := types.VirtualMachineRelocateSpec{Service: p.locator(), Folder: &folder, Pool: &pool, Datastore: &store}
	network := must(finder.Network(ctx, "/SDDC-Datacenter/network/"+segment))(p.t)
	backing := must(network.EthernetCardBackingInfo(ctx))(p.t)
	devices := must(p.machine(machine).Device(ctx))(p.t)
	for _, d := range devices.SelectByType((*types.VirtualEthernetCard)(nil)) {
		d.GetVirtualDevice().Backing = backing
		spec.DeviceChange = append(spec.DeviceChange, &types.VirtualDeviceConfigSpec{
			Operation: types.VirtualDeviceConfigSpecOperationEdit, Device: d,
		})
	}
	return spec
}

func (p *pair) machine(name string) *object.VirtualMachine {
	p.t.Helper()
	s := find1(p.t, p.source, name)
	return object.NewVirtualMachine(p.from.Client, types.ManagedObjectReference{Type: "VirtualMachine", Value: s.Ref})
}

func (p *pair) relocate(machine string, spec types.VirtualMachineRelocateSpec) (*types.TaskInfo, error) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	t, err := p.machine(machine).Relocate(ctx, spec, types.VirtualMachineMovePriorityDefaultPriority)
	if err != nil {
		return nil, err
	}
	return t.WaitForResult(ctx)
}

func must[T any](value T, err error) func(*testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return value
	}
}

func find1(t *testing.T, v *sim.VCenter, name string) sim.MachineState {
	t.Helper()
	s, ok := lookup(v, name)
	if !ok {
		t.Fatalf("machine %s: not found", name)
	}
	return s
}

func lookup(v *sim.VCenter, name string) (sim.MachineState, bool) {
	all := v.Machines()
	i := slices.IndexFunc(all, func(s sim.MachineState) bool { return s.Name == name })
	if i < 0 {
		return sim.MachineState{}, false
	}
	return all[i], true
}

// faultType of a failed task or call.
func faultType(err error) string {
	var failed task.Error
	switch {
	case err == nil:
		return "none"
	case asTask(err, &failed):
		return typeOf(failed.Fault())
	case soap.IsSoapFault(err):
		return typeOf(soap.ToSoapFault(err).VimFault())
	}
	return fmt.Sprintf("%T: %v", err, err)
}

func properties[T any](t *testing.T, c *govmomi.Client, ref types.ManagedObjectReference, names ...string) T {
	t.Helper()
	var into T
	if err := c.RetrieveOne(context.Background(), ref, names, &into); err != nil {
		t.Fatalf("read %s: %v", ref, err)
	}
	return into
}

func machineProperties(t *testing.T, c *govmomi.Client, ref string) mo.VirtualMachine {
	t.Helper()
	return properties[mo.VirtualMachine](t, c, types.ManagedObjectReference{Type: "VirtualMachine", Value: ref})
}
