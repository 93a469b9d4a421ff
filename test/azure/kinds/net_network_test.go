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
	return &v1alpha1.Segment{ObjectMeta: w.meta(name), Spec: v1alpha1.SegmentSpec{
		PrivateCloudRef: w.inCloud(), ConnectedGateway: gateway, Subnet: &v1alpha1.SegmentSubnet{GatewayAddress: address, DHCPRanges: ranges},
	}}
}

func TestASegmentFindsItsGatewayAndStaysForItsLastPort(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 600, true)
	web := w.segment("web", "", "10.60.1.1/24", "10.60.1.10-10.60.1.200")
	lost := w.segment("lost", "T1-of-nobody", "10.60.2.1/24")
	cluster.Create(t, web, lost)
	ready(t, web)
	notReady(t, lost, v1alpha1.ReasonReferenceNotFound, "T1-of-nobody", "-T1")
	gateway := web.Status.ConnectedGateway
	env.Edit(t, cluster, lost, func(s *v1alpha1.Segment) { s.Spec.ConnectedGateway = gateway[strings.LastIndex(gateway, "/")+1:] }) // one of those that it names
	ready(t, lost)
	if !strings.Contains(gateway, "TNT") || !strings.Contains(gateway, "T1") || web.Status.Status != "SUCCESS" {
		t.Errorf("status is %+v", web.Status)
	}
	short := w.segment("short", gateway[strings.LastIndex(gateway, "/")+1:], "10.60.3.1/24")
	cluster.Create(t, short)
	ready(t, short)
	if got := w.inAzure(network+"segments/web", "properties", "displayName"); got != "web" {
		t.Errorf("its display name is %v", got)
	}
	env.Edit(t, cluster, web, func(s *v1alpha1.Segment) { s.Spec.Subnet.DHCPRanges = nil })
	ready(t, web)
	w.lists(t, network+"segments/web", "properties/subnet/dhcpRanges")

	// A name that the spec never gave is not the spec's to defend.
	if err := w.azure.SetInAzure(w.azure.PrivateCloudID("weu")+network+"segments/short", map[string]any{"properties": map[string]any{"displayName": "renamed"}}); err != nil {
		t.Fatal(err)
	}
	env.Edit(t, cluster, short, func(s *v1alpha1.Segment) { s.Spec.Subnet.DHCPRanges = []string{"10.60.3.10-10.60.3.20"} })
	ready(t, short)
	if got := w.inAzure(network+"segments/short", "properties", "displayName"); got != "renamed" {
		t.Errorf("its display name was set back to %v", got)
	}

	// Two gateways might be meant: the segment names one.
	if err := w.azure.AddGateway(w.azure.PrivateCloudID("weu"), "TNT-shop"); err != nil {
		t.Fatal(err)
	}
	several := w.segment("several", "", "10.60.4.1/24")
	cluster.Create(t, several)
	notReady(t, several, v1alpha1.ReasonInvalidSpec, "set connectedGateway to one of ", gateway, "/infra/tier-1s/TNT-shop")
	env.Edit(t, cluster, several, func(s *v1alpha1.Segment) { s.Spec.ConnectedGateway = "/infra/tier-1s/TNT-shop" })
	ready(t, several)

	admin := w.administrator(t)
	machine := admin.add(t, vcentersim.MachineSpec{Name: "web-01", Networks: []string{"web"}})
	cluster.Delete(t, web)
	notReady(t, web, v1alpha1.ReasonPortsInUse, "1 of its ports")
	time.Sleep(time.Second)
	if w.inAzure(network+"segments/web") == nil {
		t.Fatal("a segment with a machine was deleted")
	}
	admin.destroy(t, machine)
	cluster.WaitGone(t, soon, web)
	if w.inAzure(network+"segments/web") != nil {
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
		return &v1alpha1.VMGroup{ObjectMeta: w.meta(name), Spec: v1alpha1.VMGroupSpec{PrivateCloudRef: w.inCloud(), Members: members}}
	}
	source, destination := group("source", "web-01"), group("destination", "recorder")
	profile := &v1alpha1.PortMirroringProfile{ObjectMeta: w.meta("copy"), Spec: v1alpha1.PortMirroringProfileSpec{
		PrivateCloudRef: w.inCloud(), Direction: "INGRESS", Source: "source", Destination: "destination",
	}}
	cluster.Create(t, profile, source, destination)
	ready(t, source)
	w.lists(t, network+"vmGroups/source", "properties/members", web)
	notReady(t, destination, v1alpha1.ReasonMachineNotFound, "recorder")
	notReady(t, profile, v1alpha1.ReasonReferenceNotFound, "destination")
	recorder := admin.add(t, vcentersim.MachineSpec{Name: "recorder"})
	ready(t, destination)
	ready(t, profile)
	w.lists(t, network+"vmGroups/destination", "properties/members", recorder)
	cluster.Delete(t, source)
	notReady(t, source, v1alpha1.ReasonDependentsExist, "copy")
	cluster.Delete(t, profile)
	cluster.WaitGone(t, soon, profile)
	cluster.WaitGone(t, soon, source)
	if w.inAzure(network+"vmGroups/source") != nil {
		t.Error("the group is still there")
	}
	env.Edit(t, cluster, destination, func(g *v1alpha1.VMGroup) { g.Spec.Members = []string{recorder, "web-01"} }) // by id, and by name
	ready(t, destination)
	admin.add(t, vcentersim.MachineSpec{Name: "web-01", Folder: "/SDDC-Datacenter/vm/Other"})
	env.Edit(t, cluster, destination, func(g *v1alpha1.VMGroup) { g.Spec.DisplayName = "recorders" })
	notReady(t, destination, v1alpha1.ReasonAmbiguousMachine, "web-01", "name the one that is meant by its id", web)
	env.Edit(t, cluster, destination, func(g *v1alpha1.VMGroup) { g.Spec.Members = []string{recorder, web, "nobody"} })
	notReady(t, destination, v1alpha1.ReasonMachineNotFound, "there is no machine nobody", "or take it out of members")
	env.Edit(t, cluster, destination, func(g *v1alpha1.VMGroup) { g.Spec.Members = []string{recorder, web} })
	ready(t, destination)
	w.noneRefused(t)
}

func TestDHCPAndPublicIPs(t *testing.T) {
	t.Parallel()
	w := newWorld(t, fast, false)
	server := &v1alpha1.DHCPConfiguration{ObjectMeta: w.meta("server"), Spec: v1alpha1.DHCPConfigurationSpec{
		PrivateCloudRef: w.inCloud(), Server: &v1alpha1.DHCPServer{ServerAddress: "10.60.255.1/30", LeaseTimeSeconds: 3600},
	}}
	relay := &v1alpha1.DHCPConfiguration{ObjectMeta: w.meta("relay"), Spec: v1alpha1.DHCPConfigurationSpec{
		PrivateCloudRef: w.inCloud(), Relay: &v1alpha1.DHCPRelay{ServerAddresses: []string{"10.1.0.2", "10.1.0.1"}},
	}}
	addresses := &v1alpha1.PublicIP{ObjectMeta: w.meta("shop"), Spec: v1alpha1.PublicIPSpec{PrivateCloudRef: w.inCloud(), NumberOfPublicIPs: 2}}
	cluster.Create(t, server, relay, addresses)
	ready(t, server)
	ready(t, relay)
	ready(t, addresses)
	if !strings.HasSuffix(addresses.Status.PublicIPBlock, "/31") {
		t.Errorf("the block of two addresses is %q", addresses.Status.PublicIPBlock)
	}
	env.Edit(t, cluster, server, func(d *v1alpha1.DHCPConfiguration) { d.Spec.Server.LeaseTimeSeconds = 0 })
	ready(t, server)
	if got := w.inAzure(network+"dhcpConfigurations/server", "properties", "leaseTime"); got != 86400.0 {
		t.Errorf("a lease time that the spec dropped is %v", got)
	}
	writes := len(w.writes())
	env.Edit(t, cluster, relay, func(d *v1alpha1.DHCPConfiguration) { d.Spec.Relay.ServerAddresses = []string{"10.1.0.1", "10.1.0.2"} })
	ready(t, relay)
	if len(w.writes()) != writes {
		t.Errorf("another order of the servers was written: %v", w.writes()[writes:])
	}
	env.Edit(t, cluster, relay, func(d *v1alpha1.DHCPConfiguration) { d.Spec.Relay.ServerAddresses = []string{"10.1.0.3"} })
	ready(t, relay)
	w.lists(t, network+"dhcpConfigurations/relay", "properties/serverAddresses", "10.1.0.3")
	env.Edit(t, cluster, relay, func(d *v1alpha1.DHCPConfiguration) {
		d.Spec.Relay.ServerAddresses = []string{"10.1.0.4/24", "10.1.0.3/24"}
	})
	ready(t, relay)
	w.lists(t, network+"dhcpConfigurations/relay", "properties/serverAddresses", "10.1.0.4/24", "10.1.0.3")
	writes = len(w.writes())
	relayID := w.azure.PrivateCloudID("weu") + network + "dhcpConfigurations/relay"
	if err := w.azure.SetInAzure(relayID, map[string]any{"properties": map[string]any{"serverAddresses": []any{"10.1.0.3", "10.1.0.4"}}}); err != nil {
		t.Fatal(err)
	}
	w.quiet(t, writes) // Azure need not show the length of the subnet
	ready(t, relay)
	w.noneRefused(t)
}
