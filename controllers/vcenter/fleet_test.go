// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package vcenter

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/avs-operator/avs-operator/test/vcentersim"
)

// fleet is two vCenters, a customer's and a private cloud's, with a client and a watcher of each.
type fleet struct {
	oslo, weu   *vcentersim.VCenter
	from, to    *Client
	here, there *Watcher
}

const fleetSpeed = 200

func startSim(t *testing.T, c vcentersim.Config) *vcentersim.VCenter {
	t.Helper()
	if c.Speed == 0 {
		c.Speed = fleetSpeed
	}
	v, err := vcentersim.Start(context.Background(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(v.Close)
	return v
}

func simEndpoint(v *vcentersim.VCenter) Endpoint {
	return Endpoint{
		URL: v.URL(), Thumbprint: v.Thumbprint(), Username: v.Username(), Password: v.Password(), Speed: fleetSpeed,
		UserAgent: "avs-operator/test",
	}
}

func startFleet(t *testing.T) *fleet {
	t.Helper()
	f := &fleet{
		oslo: startSim(t, vcentersim.Config{Layout: vcentersim.OnPremises, Machines: 2}),
		weu:  startSim(t, vcentersim.Config{Layout: vcentersim.AVS, PortGroups: []string{"finance-web"}}),
	}
	f.from, f.to = dial(t, simEndpoint(f.oslo)), dial(t, simEndpoint(f.weu))
	f.here, f.there = watch(t, f.from, WatcherOptions{}), watch(t, f.to, WatcherOptions{})
	return f
}

// add makes a machine at the source and waits until the watcher knows it.
func (f *fleet) add(t *testing.T, s vcentersim.MachineSpec) MachineDetails {
	t.Helper()
	if len(s.Networks) == 0 {
		s.Networks = []string{"VLAN-120"}
	}
	ref, err := f.oslo.AddMachine(s)
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, time.Second, s.Name, func() bool { return f.here.Inventory().Machines.Get(ref) != nil })
	d, err := f.from.Details(t.Context(), []string{ref})
	if err != nil || len(d) != 1 {
		t.Fatalf("details: %v, %v", d, err)
	}
	return d[0]
}

// crossing places a machine in the private cloud, with a token that its vCenter issued.
func (f *fleet) crossing(t *testing.T, d MachineDetails, network ...string) Relocation {
	t.Helper()
	token, err := f.to.IssueToken(t.Context(), time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	inv := f.there.Inventory()
	cluster := inv.ClustersByName("Cluster-1")[0]
	hosts := slices.Clone(cluster.Hosts)
	slices.Sort(hosts)
	r := Relocation{
		Machine: d.Ref, Folder: inv.FolderByPath("/SDDC-Datacenter/vm/Workloads").Ref, ResourcePool: cluster.ResourcePool,
		Host: hosts[0], Datastore: inv.DatastoresByName("vsanDatastore")[0].Ref,
		Locator: &Locator{
			URL: f.weu.URL(), InstanceUUID: f.to.About().InstanceUUID, Thumbprint: f.to.PeerCertificate().ThumbprintSHA1, Token: token,
		},
	}
	for _, n := range d.NICs {
		network = append(network, "finance-web")
		r.NICs = append(r.NICs, NICPlacement{Key: n.Key, Network: *inv.NetworksByName(network[0])[0]})
	}
	return r
}

// end waits for the end of a task at the source.
func (f *fleet) end(t *testing.T, ref string) *Task {
	t.Helper()
	var task *Task
	eventually(t, 20*time.Second, "the end of "+ref, func() bool {
		got, err := f.from.Task(t.Context(), ref)
		if err != nil {
			t.Fatal(err)
		}
		task = got
		return task.Done()
	})
	return task
}

// whole checks that a machine is where it was, as it was.
func (f *fleet) whole(t *testing.T, d MachineDetails) {
	t.Helper()
	m, err := f.from.FindMachine(t.Context(), d.InstanceUUID)
	if err != nil || len(m) != 1 || m[0].Ref != d.Ref || m[0].PowerState != d.PowerState || m[0].Host != d.Host {
		t.Errorf("at the source: %+v, %v; was %+v", m, err, d.Machine)
	}
	if m, err := f.to.FindMachine(t.Context(), d.InstanceUUID); err != nil || len(m) != 0 {
		t.Errorf("at the destination: %+v, %v", m, err)
	}
}
