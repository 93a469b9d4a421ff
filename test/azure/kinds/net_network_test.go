// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package kinds

import (
	"strings"
	"testing"
	"time"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/test/env"
	"github.com/avs-operator/avs-operator/test/vcentersim"
)

func (w *world) segment(name, gateway, address string, ranges ...string) *v1alpha1.Segment {
	return &v1alpha1.Segment{ObjectMeta: w.Meta(name), Spec: v1alpha1.SegmentSpec{
		PrivateCloudRef: w.inCloud(), ConnectedGateway: gateway, Subnet: &v1alpha1.SegmentSubnet{GatewayAddress: address, DHCPRanges: ranges},
	}}
}

func TestASegmentFindsItsGatewayAndStaysForItsLastPort(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 600, true)
	web := w.segment("web", "", "10.60.1.1/24", "10.60.1.10-10.60.1.200")
	lost := w.segment("lost", "T1-of-nobody", "10.60.2.1/24")
	cluster.Create(t, web, lost)
	cluster.WaitReady(t, web)
	cluster.WaitNotReady(t, lost, v1alpha1.ReasonReferenceNotFound, "T1-of-nobody", "-T1")
	gateway := web.Status.ConnectedGateway
	env.Edit(t, cluster, lost, func(s *v1alpha1.Segment) { s.Spec.ConnectedGateway = gateway[strings.LastIndex(gateway, "/")+1:] }) // one of those that it names
	cluster.WaitReady(t, lost)
	if !strings.Contains(gateway, "TNT") || !strings.Contains(gateway, "T1") || web.Status.Status != "SUCCESS" {
		t.Errorf("status is %+v", web.Status)
	}
	short := w.segment("short", gateway[strings.LastIndex(gateway, "/")+1:], "10.60.3.1/24")
	cluster.Create(t, short)
	cluster.WaitReady(t, short)
	if got := w.InAzure(network+"segments/web", "properties", "displayName"); got != "web" {
		t.Errorf("its display name is %v", got)
	}
	env.Edit(t, cluster, web, func(s *v1alpha1.Segment) { s.Spec.Subnet.DHCPRanges = nil })
	cluster.WaitReady(t, web)
	w.lists(t, network+"segments/web", "properties/subnet/dhcpRanges")

	// A name that the spec never gave is not the spec's to defend.
	w.Azure.Set(t, w.Azure.PrivateCloudID("weu")+network+"segments/short", map[string]any{"properties": map[string]any{"displayName": "renamed"}})
	env.Edit(t, cluster, short, func(s *v1alpha1.Segment) { s.Spec.Subnet.DHCPRanges = []string{"10.60.3.10-10.60.3.20"} })
	cluster.WaitReady(t, short)
	if got := w.InAzure(network+"segments/short", "properties", "displayName"); got != "renamed" {
		t.Errorf("its display name was set back to %v", got)
	}

	// Two gateways might be meant: the segment names one.
	if err := w.Azure.AddGateway(w.Azure.PrivateCloudID("weu"), "TNT-shop"); err != nil {
		t.Fatal(err)
	}
	several := w.segment("several", "", "10.60.4.1/24")
	cluster.Create(t, several)
	cluster.WaitNotReady(t, several, v1alpha1.ReasonInvalidSpec, "set connectedGateway to one of ", gateway, "/infra/tier-1s/TNT-shop")
	env.Edit(t, cluster, several, func(s *v1alpha1.Segment) { s.Spec.ConnectedGateway = "/infra/tier-1s/TNT-shop" })
	cluster.WaitReady(t, several)

	admin := w.administrator(t)
	machine := admin.add(t, vcentersim.MachineSpec{Name: "web-01", Networks: []string{"web"}})
	cluster.Delete(t, web)
	cluster.WaitNotReady(t, web, v1alpha1.ReasonPortsInUse, "1 of its ports")
	time.Sleep(time.Second)
	if w.InAzure(network+"segments/web") == nil {
		t.Fatal("a segment with a machine was deleted")
	}
	admin.destroy(t, machine)
	cluster.WaitGone(t, soon, web)
	if w.InAzure(network+"segments/web") != nil {
		t.Error("the segment is still there")
	}
	w.noneRefused(t)
}

func TestAGroupFindsItsMachinesAndStaysForItsProfile(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 600, true)
	admin := w.administrator(t)
	web := admin.add(t, vcentersim.MachineSpec{Name: "web-01"})
	group := func(name string, members ...string) *v1alpha1.VMGroup {
		return &v1alpha1.VMGroup{ObjectMeta: w.Meta(name), Spec: v1alpha1.VMGroupSpec{PrivateCloudRef: w.inCloud(), Members: members}}
	}
	source, destination := group("source", "web-01"), group("destination", "recorder")
	profile := &v1alpha1.PortMirroringProfile{ObjectMeta: w.Meta("copy"), Spec: v1alpha1.PortMirroringProfileSpec{
		PrivateCloudRef: w.inCloud(), Direction: "INGRESS", Source: "source", Destination: "destination",
	}}
	cluster.Create(t, profile, source, destination)
	cluster.WaitReady(t, source)
	w.lists(t, network+"vmGroups/source", "properties/members", web)
	cluster.WaitNotReady(t, destination, v1alpha1.ReasonMachineNotFound, "recorder")
	cluster.WaitNotReady(t, profile, v1alpha1.ReasonReferenceNotFound, "destination")
	recorder := admin.add(t, vcentersim.MachineSpec{Name: "recorder"})
	cluster.WaitReady(t, destination)
	cluster.WaitReady(t, profile)
	w.lists(t, network+"vmGroups/destination", "properties/members", recorder)
	cluster.Delete(t, source)
	cluster.WaitNotReady(t, source, v1alpha1.ReasonDependentsExist, "copy")
	cluster.Remove(t, profile)
	cluster.WaitGone(t, soon, source)
	if w.InAzure(network+"vmGroups/source") != nil {
		t.Error("the group is still there")
	}
	env.Edit(t, cluster, destination, func(g *v1alpha1.VMGroup) { g.Spec.Members = []string{recorder, "web-01"} }) // by id, and by name
	cluster.WaitReady(t, destination)
	admin.add(t, vcentersim.MachineSpec{Name: "web-01", Folder: "/SDDC-Datacenter/vm/Other"})
	env.Edit(t, cluster, destination, func(g *v1alpha1.VMGroup) { g.Spec.DisplayName = "recorders" })
	cluster.WaitNotReady(t, destination, v1alpha1.ReasonAmbiguousMachine, "web-01", "name the one that is meant by its id", web)
	env.Edit(t, cluster, destination, func(g *v1alpha1.VMGroup) { g.Spec.Members = []string{recorder, web, "nobody"} })
	cluster.WaitNotReady(t, destination, v1alpha1.ReasonMachineNotFound, "there is no machine nobody", "or take it out of members")
	env.Edit(t, cluster, destination, func(g *v1alpha1.VMGroup) { g.Spec.Members = []string{recorder, web} })
	cluster.WaitReady(t, destination)
	w.noneRefused(t)
}

func TestDHCPAndPublicIPs(t *testing.T) {
	t.Parallel()
	w := newWorld(t, fast, false)
	server := &v1alpha1.DHCPConfiguration{ObjectMeta: w.Meta("server"), Spec: v1alpha1.DHCPConfigurationSpec{
		PrivateCloudRef: w.inCloud(), Server: &v1alpha1.DHCPServer{ServerAddress: "10.60.255.1/30", LeaseTimeSeconds: 3600},
	}}
	relay := &v1alpha1.DHCPConfiguration{ObjectMeta: w.Meta("relay"), Spec: v1alpha1.DHCPConfigurationSpec{
		PrivateCloudRef: w.inCloud(), Relay: &v1alpha1.DHCPRelay{ServerAddresses: []string{"10.1.0.2", "10.1.0.1"}},
	}}
	addresses := &v1alpha1.PublicIP{ObjectMeta: w.Meta("shop"), Spec: v1alpha1.PublicIPSpec{PrivateCloudRef: w.inCloud(), NumberOfPublicIPs: 2}}
	cluster.Create(t, server, relay, addresses)
	cluster.WaitReady(t, server)
	cluster.WaitReady(t, relay)
	cluster.WaitReady(t, addresses)
	if !strings.HasSuffix(addresses.Status.PublicIPBlock, "/31") {
		t.Errorf("the block of two addresses is %q", addresses.Status.PublicIPBlock)
	}
	env.Edit(t, cluster, server, func(d *v1alpha1.DHCPConfiguration) { d.Spec.Server.LeaseTimeSeconds = 0 })
	cluster.WaitReady(t, server)
	if got := w.InAzure(network+"dhcpConfigurations/server", "properties", "leaseTime"); got != 86400.0 {
		t.Errorf("a lease time that the spec dropped is %v", got)
	}
	writes := len(w.writes())
	env.Edit(t, cluster, relay, func(d *v1alpha1.DHCPConfiguration) { d.Spec.Relay.ServerAddresses = []string{"10.1.0.1", "10.1.0.2"} })
	cluster.WaitReady(t, relay)
	if len(w.writes()) != writes {
		t.Errorf("another order of the servers was written: %v", w.writes()[writes:])
	}
	env.Edit(t, cluster, relay, func(d *v1alpha1.DHCPConfiguration) { d.Spec.Relay.ServerAddresses = []string{"10.1.0.3"} })
	cluster.WaitReady(t, relay)
	w.lists(t, network+"dhcpConfigurations/relay", "properties/serverAddresses", "10.1.0.3")
	env.Edit(t, cluster, relay, func(d *v1alpha1.DHCPConfiguration) {
		d.Spec.Relay.ServerAddresses = []string{"10.1.0.4/24", "10.1.0.3/24"}
	})
	cluster.WaitReady(t, relay)
	w.lists(t, network+"dhcpConfigurations/relay", "properties/serverAddresses", "10.1.0.4/24", "10.1.0.3")
	writes = len(w.writes())
	relayID := w.Azure.PrivateCloudID("weu") + network + "dhcpConfigurations/relay"
	w.Azure.Set(t, relayID, map[string]any{"properties": map[string]any{"serverAddresses": []any{"10.1.0.3", "10.1.0.4"}}})
	w.quiet(t, writes) // Azure need not show the length of the subnet
	cluster.WaitReady(t, relay)
	w.noneRefused(t)
}
