// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package armsim

import (
	"context"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/avs/armavs"

	"github.com/avs-operator/avs-operator/test/vcentersim"
)

// typed drives Microsoft's own typed client and remembers which of its operations were driven.
type typed struct {
	t      *testing.T
	s      *Server
	f      *armavs.ClientFactory
	ctx    context.Context
	driven map[string]bool
}

// did notes that operations of a client were driven.
func (d *typed) did(client any, methods ...string) {
	d.t.Helper()
	kind := reflect.TypeOf(client)
	for _, m := range methods {
		if _, ok := kind.MethodByName(m); !ok {
			d.t.Fatalf("%s has no %s", kind.Elem().Name(), m)
		}
		d.driven[kind.Elem().Name()+"."+m] = true
	}
}

// all names every operation of every client that the factory makes.
func allOperations(f *armavs.ClientFactory) []string {
	var out []string
	factory := reflect.TypeOf(f)
	for i := range factory.NumMethod() {
		if m := factory.Method(i); strings.HasPrefix(m.Name, "New") && strings.HasSuffix(m.Name, "Client") {
			client := m.Type.Out(0)
			for j := range client.NumMethod() {
				out = append(out, client.Elem().Name()+"."+client.Method(j).Name)
			}
		}
	}
	return out
}

// end waits for an operation of the typed client.
func end[T any](d *typed, p *runtime.Poller[T], err error) T {
	d.t.Helper()
	return must(finish(d.t, must(p, err)(d.t)))(d.t)
}

// drain reads all pages and answers how many items there were.
func drain[T any](d *typed, p *runtime.Pager[T]) int {
	d.t.Helper()
	count := 0
	for p.More() {
		page := must(p.NextPage(d.ctx))(d.t)
		count += reflect.ValueOf(page).FieldByName("Value").Len()
	}
	return count
}

// Every operation of armavs v1.4.0 against the server over HTTPS, logged in by azidentity.
func TestEveryOperationOfTheTypedClient(t *testing.T) {
	s := start(t, func(c *Config) { c.NoVCenters = false })
	d := &typed{t: t, s: s, f: factory(t, s), ctx: t.Context(), driven: map[string]bool{}}
	d.clouds()
	d.clusters()
	d.storage()
	d.machines()
	d.connections()
	d.scripts()
	d.segments()
	d.names()
	d.groups()
	d.around()
	d.deletion()
	all := allOperations(d.f)
	if len(all) < 90 {
		t.Errorf("reflection found %d operations only", len(all))
	}
	for _, name := range all {
		if !d.driven[name] {
			t.Errorf("%s was not driven", name)
		}
	}
}

const rgAVS, weu = "rg-avs", "weu"

func (d *typed) clouds() {
	c := d.f.NewPrivateCloudsClient()
	p, err := c.BeginCreateOrUpdate(d.ctx, rgAVS, weu, typedCloud(), nil)
	end(d, p, err)
	u, err := c.BeginUpdate(d.ctx, rgAVS, weu, armavs.PrivateCloudUpdate{Tags: map[string]*string{"a": to.Ptr("b")}}, nil)
	if got := end(d, u, err); *got.Tags["a"] != "b" {
		d.t.Errorf("the tags are %v", got.Tags)
	}
	if got := must(c.Get(d.ctx, rgAVS, weu, nil))(d.t); *got.Properties.ProvisioningState != armavs.PrivateCloudProvisioningStateSucceeded {
		d.t.Errorf("the state is %s", *got.Properties.ProvisioningState)
	}
	if n := drain(d, c.NewListPager(rgAVS, nil)) + drain(d, c.NewListInSubscriptionPager(nil)); n != 2 {
		d.t.Errorf("listed %d private clouds in two lists of one", n)
	}
	v, err := c.BeginRotateVcenterPassword(d.ctx, rgAVS, weu, nil)
	end(d, v, err)
	n, err := c.BeginRotateNsxtPassword(d.ctx, rgAVS, weu, nil)
	end(d, n, err)
	if got := must(c.ListAdminCredentials(d.ctx, rgAVS, weu, nil))(d.t); *got.VcenterPassword == "" {
		d.t.Error("there is no password")
	}
	d.did(c, "BeginCreateOrUpdate", "BeginUpdate", "Get", "NewListPager", "NewListInSubscriptionPager", "BeginRotateVcenterPassword",
		"BeginRotateNsxtPassword", "ListAdminCredentials")
}

func (d *typed) clusters() {
	c := d.f.NewClustersClient()
	p, err := c.BeginCreateOrUpdate(d.ctx, rgAVS, weu, "second",
		armavs.Cluster{SKU: &armavs.SKU{Name: to.Ptr("av36p")}, Properties: &armavs.ClusterProperties{ClusterSize: to.Ptr[int32](3)}}, nil)
	end(d, p, err)
	u, err := c.BeginUpdate(d.ctx, rgAVS, weu, "second", armavs.ClusterUpdate{Properties: &armavs.ClusterUpdateProperties{ClusterSize: to.Ptr[int32](4)}}, nil)
	end(d, u, err)
	if got := must(c.Get(d.ctx, rgAVS, weu, "second", nil))(d.t); len(got.Properties.Hosts) != 4 {
		d.t.Errorf("the hosts are %v", got.Properties.Hosts)
	}
	if n := drain(d, c.NewListPager(rgAVS, weu, nil)); n != 1 {
		d.t.Errorf("listed %d clusters", n)
	}
	must(c.ListZones(d.ctx, rgAVS, weu, "second", nil))(d.t)
	d.did(c, "BeginCreateOrUpdate", "BeginUpdate", "Get", "NewListPager", "ListZones")
}

func (d *typed) storage() {
	c := d.f.NewDatastoresClient()
	volume := armavs.Datastore{Properties: &armavs.DatastoreProperties{NetAppVolume: &armavs.NetAppVolume{
		ID: to.Ptr("/subscriptions/x/resourceGroups/y/providers/Microsoft.NetApp/netAppAccounts/a/capacityPools/p/volumes/v")}}}
	p, err := c.BeginCreateOrUpdate(d.ctx, rgAVS, weu, "Cluster-1", "anf", volume, nil)
	if got := end(d, p, err); *got.Properties.Status != armavs.DatastoreStatusAccessible {
		d.t.Errorf("the datastore is %s", *got.Properties.Status)
	}
	if got := d.s.VCenter(cloudPath).Datastores(); !slices.Contains(got, "anf") {
		d.t.Errorf("the vCenter has the datastores %v", got)
	}
	must(c.Get(d.ctx, rgAVS, weu, "Cluster-1", "anf", nil))(d.t)
	if n := drain(d, c.NewListPager(rgAVS, weu, "Cluster-1", nil)); n != 1 {
		d.t.Errorf("listed %d datastores", n)
	}
	r, err := c.BeginDelete(d.ctx, rgAVS, weu, "Cluster-1", "anf", nil)
	end(d, r, err)
	if got := d.s.VCenter(cloudPath).Datastores(); slices.Contains(got, "anf") {
		d.t.Errorf("the vCenter still has the datastores %v", got)
	}
	d.did(c, "BeginCreateOrUpdate", "Get", "NewListPager", "BeginDelete")
}

func (d *typed) machines() {
	v := d.s.VCenter(cloudPath)
	one := must(v.AddMachine(vcentersim.MachineSpec{Name: "one", PoweredOn: true}))(d.t)
	two := must(v.AddMachine(vcentersim.MachineSpec{Name: "two", PoweredOn: true}))(d.t)
	c := d.f.NewVirtualMachinesClient()
	if n := drain(d, c.NewListPager(rgAVS, weu, "Cluster-1", nil)); n != 2 {
		d.t.Errorf("listed %d machines", n)
	}
	p, err := c.BeginRestrictMovement(d.ctx, rgAVS, weu, "Cluster-1", one,
		armavs.VirtualMachineRestrictMovement{RestrictMovement: to.Ptr(armavs.VirtualMachineRestrictMovementStateEnabled)}, nil)
	end(d, p, err)
	machine := must(c.Get(d.ctx, rgAVS, weu, "Cluster-1", one, nil))(d.t)
	if *machine.Properties.RestrictMovement != "Enabled" || *machine.Properties.DisplayName != "one" {
		d.t.Errorf("the machine is %+v", machine.Properties)
	}
	d.did(c, "NewListPager", "BeginRestrictMovement", "Get")

	policies := d.f.NewPlacementPoliciesClient()
	other := must(c.Get(d.ctx, rgAVS, weu, "Cluster-1", two, nil))(d.t)
	apart := armavs.PlacementPolicy{Properties: &armavs.VMPlacementPolicyProperties{
		Type: to.Ptr(armavs.PlacementPolicyTypeVMVM), AffinityType: to.Ptr(armavs.AffinityTypeAntiAffinity), VMMembers: []*string{machine.ID, other.ID},
	}}
	made, err := policies.BeginCreateOrUpdate(d.ctx, rgAVS, weu, "Cluster-1", "apart", apart, nil)
	end(d, made, err)
	if got := v.Rules("Cluster-1"); len(got) != 1 || !got[0].Separate || !slices.Equal(got[0].Machines, []string{one, two}) {
		d.t.Errorf("the rules are %+v", got)
	}
	off, err := policies.BeginUpdate(d.ctx, rgAVS, weu, "Cluster-1", "apart",
		armavs.PlacementPolicyUpdate{Properties: &armavs.PlacementPolicyUpdateProperties{State: to.Ptr(armavs.PlacementPolicyStateDisabled)}}, nil)
	end(d, off, err)
	must(policies.Get(d.ctx, rgAVS, weu, "Cluster-1", "apart", nil))(d.t)
	if n := drain(d, policies.NewListPager(rgAVS, weu, "Cluster-1", nil)); n != 1 || v.Rules("Cluster-1")[0].Enabled {
		d.t.Errorf("listed %d policies, the rules are %+v", n, v.Rules("Cluster-1"))
	}
	gone, err := policies.BeginDelete(d.ctx, rgAVS, weu, "Cluster-1", "apart", nil)
	end(d, gone, err)
	if got := v.Rules("Cluster-1"); len(got) != 0 {
		d.t.Errorf("the rules are %+v", got)
	}
	d.did(policies, "BeginCreateOrUpdate", "BeginUpdate", "Get", "NewListPager", "BeginDelete")
}

func (d *typed) connections() {
	keys := d.f.NewAuthorizationsClient()
	a, err := keys.BeginCreateOrUpdate(d.ctx, rgAVS, weu, "key", armavs.ExpressRouteAuthorization{}, nil)
	if got := end(d, a, err); *got.Properties.ExpressRouteAuthorizationKey == "" {
		d.t.Error("there is no authorization key")
	}
	must(keys.Get(d.ctx, rgAVS, weu, "key", nil))(d.t)
	drain(d, keys.NewListPager(rgAVS, weu, nil))
	ad, err := keys.BeginDelete(d.ctx, rgAVS, weu, "key", nil)
	end(d, ad, err)
	d.did(keys, "BeginCreateOrUpdate", "Get", "NewListPager", "BeginDelete")

	reach := d.f.NewGlobalReachConnectionsClient()
	g, err := reach.BeginCreateOrUpdate(d.ctx, rgAVS, weu, "home", armavs.GlobalReachConnection{Properties: &armavs.GlobalReachConnectionProperties{
		AuthorizationKey: to.Ptr("0000"), PeerExpressRouteCircuit: to.Ptr("/subscriptions/x/resourceGroups/y/providers/Microsoft.Network/expressRouteCircuits/z"),
	}}, nil)
	if got := end(d, g, err); *got.Properties.CircuitConnectionStatus != "Connected" || *got.Properties.AuthorizationKey != "0000" {
		d.t.Errorf("the connection is %+v", got.Properties)
	}
	must(reach.Get(d.ctx, rgAVS, weu, "home", nil))(d.t)
	drain(d, reach.NewListPager(rgAVS, weu, nil))
	gd, err := reach.BeginDelete(d.ctx, rgAVS, weu, "home", nil)
	end(d, gd, err)
	d.did(reach, "BeginCreateOrUpdate", "Get", "NewListPager", "BeginDelete")
	d.links()

	addons, sites := d.f.NewAddonsClient(), d.f.NewHcxEnterpriseSitesClient()
	hcx := armavs.Addon{Properties: &armavs.AddonHcxProperties{AddonType: to.Ptr(armavs.AddonTypeHCX), Offer: to.Ptr("VMware MaaS Cloud Provider (Enterprise)")}}
	h, err := addons.BeginCreateOrUpdate(d.ctx, rgAVS, weu, "HCX", hcx, nil)
	end(d, h, err)
	must(addons.Get(d.ctx, rgAVS, weu, "HCX", nil))(d.t)
	drain(d, addons.NewListPager(rgAVS, weu, nil))
	if got := must(sites.CreateOrUpdate(d.ctx, rgAVS, weu, "oslo", armavs.HcxEnterpriseSite{}, nil))(d.t); *got.Properties.ActivationKey == "" {
		d.t.Error("there is no activation key")
	}
	must(sites.Get(d.ctx, rgAVS, weu, "oslo", nil))(d.t)
	drain(d, sites.NewListPager(rgAVS, weu, nil))
	must(sites.Delete(d.ctx, rgAVS, weu, "oslo", nil))(d.t)
	hd, err := addons.BeginDelete(d.ctx, rgAVS, weu, "HCX", nil)
	end(d, hd, err)
	d.did(addons, "BeginCreateOrUpdate", "Get", "NewListPager", "BeginDelete")
	d.did(sites, "CreateOrUpdate", "Get", "NewListPager", "Delete")
}

func (d *typed) links() {
	clouds, links := d.f.NewPrivateCloudsClient(), d.f.NewCloudLinksClient()
	other := typedCloud()
	other.Properties.NetworkBlock = to.Ptr("10.180.0.0/22")
	p, err := clouds.BeginCreateOrUpdate(d.ctx, rgAVS, "other", other, nil)
	second := end(d, p, err)
	l, err := links.BeginCreateOrUpdate(d.ctx, rgAVS, weu, "link", armavs.CloudLink{Properties: &armavs.CloudLinkProperties{LinkedCloud: second.ID}}, nil)
	if got := end(d, l, err); *got.Properties.Status != armavs.CloudLinkStatusActive {
		d.t.Errorf("the link is %s", *got.Properties.Status)
	}
	if got := must(clouds.Get(d.ctx, rgAVS, "other", nil))(d.t); len(got.Properties.ExternalCloudLinks) != 1 {
		d.t.Errorf("the other side shows the links %v", got.Properties.ExternalCloudLinks)
	}
	must(links.Get(d.ctx, rgAVS, weu, "link", nil))(d.t)
	drain(d, links.NewListPager(rgAVS, weu, nil))
	r, err := links.BeginDelete(d.ctx, rgAVS, weu, "link", nil)
	end(d, r, err)
	if got := must(clouds.Get(d.ctx, rgAVS, "other", nil))(d.t); len(got.Properties.ExternalCloudLinks) != 0 {
		d.t.Errorf("the other side still shows the links %v", got.Properties.ExternalCloudLinks)
	}
	gone, err := clouds.BeginDelete(d.ctx, rgAVS, "other", nil)
	end(d, gone, err)
	d.did(links, "BeginCreateOrUpdate", "Get", "NewListPager", "BeginDelete")
	d.did(clouds, "BeginDelete")
}

func (d *typed) deletion() {
	clusters, clouds := d.f.NewClustersClient(), d.f.NewPrivateCloudsClient()
	c, err := clusters.BeginDelete(d.ctx, rgAVS, weu, "second", nil)
	end(d, c, err)
	d.did(clusters, "BeginDelete")
	p, err := clouds.BeginDelete(d.ctx, rgAVS, weu, nil)
	end(d, p, err)
	if _, err := clouds.Get(d.ctx, rgAVS, weu, nil); azureError(d.t, err).StatusCode != http.StatusNotFound {
		d.t.Errorf("after the deletion: %v", err)
	}
	if left := d.s.Resources(""); len(left) > 0 || d.s.VCenter(cloudPath) != nil {
		d.t.Errorf("left behind: %v", left)
	}
}
