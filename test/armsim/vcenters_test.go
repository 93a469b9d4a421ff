// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package armsim

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/vmware/govmomi"
	"github.com/vmware/govmomi/find"
	"github.com/vmware/govmomi/vim25/soap"
)

func live(c *Config) {
	c.NoVCenters = false
	c.Speed = 3600 // a vCenter session that is not used ends after two simulated hours: 2 s
	d := &c.Durations
	for _, span := range []*Span{&d.CreatePrivateCloud, &d.DeletePrivateCloud, &d.CreateCluster, &d.DeleteCluster, &d.AddHosts, &d.RemoveHosts,
		&d.Update, &d.Rotate} {
		*span = Span{Min: 4 * time.Minute, Max: 4 * time.Minute}
	}
	c.VCenterPortGroups = []string{"seg-web"}
}

// login signs in at the vCenter that Azure names, with the credentials that Azure gives.
func (r *raw) login(password any) (*govmomi.Client, error) {
	r.t.Helper()
	cloud := r.want(http.StatusOK, http.MethodGet, cloudPath, nil)
	u := must(url.Parse(lookupString(cloud.body, "properties.endpoints.vcsa")))(r.t)
	u.Path, u.User = "/sdk", url.UserPassword(vcenterUser, fmt.Sprint(password))
	ctx, cancel := context.WithTimeout(r.t.Context(), time.Minute)
	defer cancel()
	return govmomi.NewClient(ctx, u, true)
}

func (r *raw) password() any {
	r.t.Helper()
	return r.want(http.StatusOK, http.MethodPost, cloudPath+"/listAdminCredentials", nil).body["vcenterPassword"]
}

// hostsOf counts the hosts of a cluster as a client of the vCenter sees them.
func hostsOf(t *testing.T, c *govmomi.Client, cluster string) []string {
	t.Helper()
	list, err := find.NewFinder(c.Client).HostSystemList(t.Context(), "/SDDC-Datacenter/host/"+cluster+"/*")
	if gone := (*find.NotFoundError)(nil); err != nil && !errors.As(err, &gone) {
		t.Errorf("listing the hosts of %s: %v", cluster, err)
	}
	var out []string
	for _, h := range list {
		out = append(out, h.Name())
	}
	return out
}

func TestLiveVCenter(t *testing.T) {
	s := start(t, live)
	r := newRaw(t, s)
	r.build()
	first := r.password()
	c := must(r.login(first))(t)
	cloud, _ := s.Resource(cloudPath)

	// The thumbprint that Azure tells is that of the certificate that is served.
	u := must(url.Parse(lookupString(cloud, "properties.endpoints.vcsa")))(t)
	if want, got := lookupString(cloud, "properties.vcenterCertificateThumbprint"), servedThumbprint(t, u); want != got {
		t.Errorf("Azure tells the thumbprint %s, served is %s", want, got)
	}
	if v := s.VCenter(cloudPath); v == nil || v.URL()+"/" != u.String() {
		t.Errorf("VCenter gives %v", v)
	}
	if _, err := find.NewFinder(c.Client).Network(t.Context(), "/SDDC-Datacenter/network/seg-web"); err != nil {
		t.Errorf("the port group: %v", err)
	}

	// Hosts follow the size, in the private cloud and in its clusters.
	sameHosts(t, s, c, cloudPath, cloudHosts, managementClusterName, 3)
	r.follow(r.want(http.StatusCreated, http.MethodPatch, cloudPath, grow(5)))
	sameHosts(t, s, c, cloudPath, cloudHosts, managementClusterName, 5)
	r.follow(r.want(http.StatusCreated, http.MethodPatch, cloudPath, grow(4)))
	sameHosts(t, s, c, cloudPath, cloudHosts, managementClusterName, 4)
	two := cloudPath + "/clusters/Cluster-2"
	r.follow(r.want(http.StatusCreated, http.MethodPut, two, clusterBody(3, "av36p")))
	sameHosts(t, s, c, two, clusterHosts, "Cluster-2", 3)
	second, _ := s.Resource(two)
	if _, err := find.NewFinder(c.Client).Datastore(t.Context(), "/SDDC-Datacenter/datastore/"+lookupString(second, "properties.vsanDatastoreName")); err != nil {
		t.Errorf("the datastore of the new cluster: %v", err)
	}
	r.follow(r.want(http.StatusCreated, http.MethodPatch, two, map[string]any{"properties": map[string]any{"clusterSize": 4}}))
	sameHosts(t, s, c, two, clusterHosts, "Cluster-2", 4)
	if err := s.SetInAzure(two, map[string]any{"properties": map[string]any{"clusterSize": 6}}); err != nil {
		t.Fatal(err)
	}
	sameHosts(t, s, c, two, clusterHosts, "Cluster-2", 6)
	r.follow(r.want(http.StatusAccepted, http.MethodDelete, two, nil))
	if left := hostsOf(t, c, "Cluster-2"); len(left) != 0 {
		t.Errorf("the deleted cluster has hosts %v", left)
	}

	// Rotation changes the login itself.
	r.follow(r.want(http.StatusAccepted, http.MethodPost, cloudPath+"/rotateVcenterPassword", nil))
	if _, err := r.login(first); err == nil || !soap.IsSoapFault(err) {
		t.Errorf("the old password gives %v, want a refused login", err)
	}
	must(r.login(r.password()))(t)

	// Deleting the private cloud closes its vCenter.
	r.follow(r.want(http.StatusAccepted, http.MethodDelete, cloudPath, nil))
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(10 * time.Millisecond) {
		if _, err := servedCertificate(u); err != nil {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("the vCenter of the deleted private cloud still serves")
		}
	}
	if s.VCenter(cloudPath) != nil {
		t.Error("VCenter still gives the closed one")
	}
}

func sameHosts(t *testing.T, s *Server, c *govmomi.Client, id, path, cluster string, want int) {
	t.Helper()
	body, _ := s.Resource(id)
	told, seen := hostList(body, path), hostsOf(t, c, cluster)
	if len(told) != want || len(seen) != want {
		t.Errorf("%s: Azure tells hosts %v, vCenter shows %v, want %d", cluster, told, seen, want)
	}
	for _, name := range told {
		if !contains(seen, name) {
			t.Errorf("%s: Azure tells host %s, which vCenter does not have: %v", cluster, name, seen)
		}
	}
}

// Two private clouds have vCenters of their own, and Close ends both.
func TestTwoLiveVCenters(t *testing.T) {
	s := start(t, live)
	r := newRaw(t, s)
	a := r.want(http.StatusCreated, http.MethodPut, cloudPath, privateCloud())
	b := r.want(http.StatusCreated, http.MethodPut, cloudPath+"-b", privateCloud("properties.networkBlock", `"10.9.0.0/22"`))
	r.follow(a)
	r.follow(b)
	one, two := s.VCenter(cloudPath), s.VCenter(cloudPath+"-b")
	if one == nil || two == nil || one.URL() == two.URL() || one.InstanceUUID() == two.InstanceUUID() {
		t.Fatalf("the vCenters are %v and %v", one, two)
	}
	u := must(url.Parse(one.URL()))(t)
	s.Close()
	if _, err := servedCertificate(u); err == nil {
		t.Error("a vCenter outlived the simulator")
	}
}
