// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package armsim

import (
	"strings"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/avs/armavs"
)

// The whole life of a private cloud with Microsoft's own typed client of another API version.
func TestTypedClientLife(t *testing.T) {
	s := start(t, lasting(func(d *Durations) []*Span { return []*Span{&d.CreatePrivateCloud} }))
	f := factory(t, s)
	clouds, ctx := f.NewPrivateCloudsClient(), t.Context()

	poller := must(clouds.BeginCreateOrUpdate(ctx, "rg-avs", "weu", typedCloud(), nil))(t)
	if got := must(clouds.Get(ctx, "rg-avs", "weu", nil))(t); *got.Properties.ProvisioningState != "Building" {
		t.Errorf("while it is created the state is %s, want Building", *got.Properties.ProvisioningState)
	}
	resume, err := poller.ResumeToken()
	if err != nil {
		t.Fatal(err)
	}
	built := must(finish(t, poller))(t)
	p := built.Properties
	if *p.ProvisioningState != "Succeeded" || *p.NetworkBlock != "10.175.0.0/22" || *built.SKU.Name != "av36p" || len(p.ManagementCluster.Hosts) != 3 {
		t.Errorf("built %+v, SKU %s", p, *built.SKU.Name)
	}
	if p.VcenterPassword != nil || p.Endpoints == nil || !strings.HasPrefix(*p.Endpoints.Vcsa, "https://") {
		t.Errorf("password %v, endpoints %+v", p.VcenterPassword, p.Endpoints)
	}

	// A resume token that was stored before the end works after it: finished operations stay readable.
	late := must(clouds.BeginCreateOrUpdate(ctx, "rg-avs", "weu", armavs.PrivateCloud{},
		&armavs.PrivateCloudsClientBeginCreateOrUpdateOptions{ResumeToken: resume}))(t)
	if again := must(finish(t, late))(t); *again.ID != *built.ID {
		t.Errorf("resumed to %s", *again.ID)
	}

	update := must(clouds.BeginUpdate(ctx, "rg-avs", "weu", armavs.PrivateCloudUpdate{
		Properties: &armavs.PrivateCloudUpdateProperties{ManagementCluster: &armavs.ManagementCluster{ClusterSize: to.Ptr[int32](5)}},
	}, nil))(t)
	grown := must(finish(t, update))(t)
	if *grown.Properties.ManagementCluster.ClusterSize != 5 || len(grown.Properties.ManagementCluster.Hosts) != 5 {
		t.Errorf("after the scale: %+v", grown.Properties.ManagementCluster)
	}

	typedClusters(t, f)
	typedRotation(t, f)

	remove := must(clouds.BeginDelete(ctx, "rg-avs", "weu", nil))(t)
	must(finish(t, remove))(t)
	_, err = clouds.Get(ctx, "rg-avs", "weu", nil)
	if e := azureError(t, err); e.StatusCode != 404 || e.ErrorCode != "ResourceNotFound" {
		t.Errorf("after the delete: %d %s", e.StatusCode, e.ErrorCode)
	}
	if left := s.Resources(""); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}

func typedClusters(t *testing.T, f *armavs.ClientFactory) {
	t.Helper()
	client, ctx := f.NewClustersClient(), t.Context()
	poller := must(client.BeginCreateOrUpdate(ctx, "rg-avs", "weu", "second", armavs.Cluster{
		SKU: &armavs.SKU{Name: to.Ptr("av36p")}, Properties: &armavs.ClusterProperties{ClusterSize: to.Ptr[int32](3)},
	}, nil))(t)
	made := must(finish(t, poller))(t)
	if *made.Properties.ClusterID != 2 || len(made.Properties.Hosts) != 3 {
		t.Errorf("the cluster is %+v", made.Properties)
	}
	scale := must(client.BeginUpdate(ctx, "rg-avs", "weu", "second", armavs.ClusterUpdate{
		Properties: &armavs.ClusterUpdateProperties{ClusterSize: to.Ptr[int32](4)},
	}, nil))(t)
	if got := must(finish(t, scale))(t); *got.Properties.ClusterSize != 4 || len(got.Properties.Hosts) != 4 {
		t.Errorf("the scaled cluster is %+v", got.Properties)
	}
	names := []string{}
	for pager := client.NewListPager("rg-avs", "weu", nil); pager.More(); {
		for _, c := range must(pager.NextPage(ctx))(t).Value {
			names = append(names, *c.Name)
		}
	}
	if len(names) != 1 || names[0] != "second" {
		t.Errorf("listed %v, want second alone: Cluster-1 is hidden", names)
	}
	zones := must(client.ListZones(ctx, "rg-avs", "weu", "Cluster-1", nil))(t)
	if len(zones.Zones) != 1 || len(zones.Zones[0].Hosts) != 5 {
		t.Errorf("the zones of Cluster-1 are %+v", zones.Zones)
	}
	remove := must(client.BeginDelete(ctx, "rg-avs", "weu", "second", nil))(t)
	must(finish(t, remove))(t)
}

func typedRotation(t *testing.T, f *armavs.ClientFactory) {
	t.Helper()
	client, ctx := f.NewPrivateCloudsClient(), t.Context()
	before := must(client.ListAdminCredentials(ctx, "rg-avs", "weu", nil))(t)
	vcenter := must(client.BeginRotateVcenterPassword(ctx, "rg-avs", "weu", nil))(t)
	must(finish(t, vcenter))(t)
	nsxt := must(client.BeginRotateNsxtPassword(ctx, "rg-avs", "weu", nil))(t)
	must(finish(t, nsxt))(t)
	after := must(client.ListAdminCredentials(ctx, "rg-avs", "weu", nil))(t)
	if *after.VcenterUsername != vcenterUser || *after.NsxtUsername != nsxtUser {
		t.Errorf("the users are %s and %s", *after.VcenterUsername, *after.NsxtUsername)
	}
	if *after.VcenterPassword == *before.VcenterPassword || *after.NsxtPassword == *before.NsxtPassword {
		t.Error("a password is the same after its rotation")
	}
}
