// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package kinds

import (
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/utils/ptr"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/test/armsim"
	"github.com/avs-operator/avs-operator/test/env"
)

// fails has the operations of the next count writes of a path end badly.
func (w *world) fails(verb, path string, count int) {
	w.Azure.Inject(armsim.Fault{Verb: verb, Path: regexp.MustCompile(path + "$"), Count: count, OperationFails: true, Code: "NsxError",
		Message: "the address is taken"})
}

// since are the writes after the first n.
func (w *world) since(n int) []string { return w.writes()[n:] }

// quiet shows that nothing is written while the spec stays as it is.
func (w *world) quiet(t *testing.T, writes int) {
	t.Helper()
	time.Sleep(700 * time.Millisecond) // forty minutes of Azure's
	if got := w.since(writes); len(got) > 0 {
		t.Errorf("without a new spec this was written: %v", got)
	}
}

// A segment that NSX could not make takes the corrected spec, once for each correction.
func TestAFailedSegmentIsMendedByTheCorrectedSpec(t *testing.T) {
	t.Parallel()
	w := newWorld(t, fast, false)
	w.fails(http.MethodPut, "segments/web", 3)
	web := w.segment("web", "", "10.60.1.1/24")
	cluster.Create(t, web)
	cluster.WaitNotReady(t, web, v1alpha1.ReasonOperationFailed, "state Failed", "the address is taken", "correct the spec",
		v1alpha1.AnnotationReconcileRequestedAt)
	w.wrote(t, "PUT weu/workloadnetworks/default/segments/web")
	w.quiet(t, 1)
	env.Edit(t, cluster, web, func(s *v1alpha1.Segment) { s.Spec.Subnet.GatewayAddress = "10.60.2.1/24" })
	cluster.Eventually(t, soon, "one PUT of the corrected spec", w.puts("weu/workloadnetworks/default/segments/web", 2))
	cluster.WaitNotReady(t, web, v1alpha1.ReasonOperationFailed, "the address is taken")
	w.quiet(t, 2)
	// The cause lay elsewhere, and its user has it written once more, as the message says.
	env.Edit(t, cluster, web, func(s *v1alpha1.Segment) { s.Annotations[v1alpha1.AnnotationReconcileRequestedAt] = "again" })
	cluster.Eventually(t, soon, "one PUT more", w.puts("weu/workloadnetworks/default/segments/web", 3))
	cluster.WaitNotReady(t, web, v1alpha1.ReasonOperationFailed, "the address is taken")
	w.quiet(t, 3)
	env.Edit(t, cluster, web, func(s *v1alpha1.Segment) { s.Spec.Subnet.GatewayAddress = "10.60.3.1/24" })
	cluster.WaitReady(t, web)
	if w.InAzure(network+"segments/web", "properties", "subnet", "gatewayAddress") != "10.60.3.1/24" || len(w.writes()) != 4 || web.Status.Failure != nil {
		t.Errorf("in the end %v, written %v, failure %+v", w.InAzure(network+"segments/web", "properties"), w.writes(), web.Status.Failure)
	}
}

// An update that fails is mended likewise, and what worked before is never deleted for it.
func TestAFailedUpdateIsMendedAndNeverByDeleting(t *testing.T) {
	t.Parallel()
	w := newWorld(t, fast, false)
	server := &v1alpha1.DHCPConfiguration{ObjectMeta: w.Meta("server"), Spec: v1alpha1.DHCPConfigurationSpec{
		PrivateCloudRef: w.inCloud(), Server: &v1alpha1.DHCPServer{ServerAddress: "10.60.255.1/30", LeaseTimeSeconds: 3600},
	}}
	vr := &v1alpha1.Addon{ObjectMeta: w.Meta("vr"), Spec: v1alpha1.AddonSpec{PrivateCloudRef: w.inCloud(), VR: &v1alpha1.AddonVR{VRSCount: 1}}}
	cluster.Create(t, server, vr)
	cluster.WaitReady(t, server)
	cluster.WaitReady(t, vr)
	w.fails(http.MethodPatch, "dhcpconfigurations/server", 1)
	w.fails(http.MethodPut, "addons/vr", 1)
	writes := len(w.writes())
	env.Edit(t, cluster, server, func(d *v1alpha1.DHCPConfiguration) { d.Spec.Server.LeaseTimeSeconds = 7200 })
	env.Edit(t, cluster, vr, func(a *v1alpha1.Addon) { a.Spec.VR.VRSCount = 2 })
	cluster.WaitNotReady(t, server, v1alpha1.ReasonOperationFailed, "state Failed")
	cluster.WaitNotReady(t, vr, v1alpha1.ReasonOperationFailed, "the address is taken")
	w.quiet(t, writes+2)
	env.Edit(t, cluster, server, func(d *v1alpha1.DHCPConfiguration) { d.Spec.Server.LeaseTimeSeconds = 1800 })
	env.Edit(t, cluster, vr, func(a *v1alpha1.Addon) { a.Spec.VR.VRSCount = 3 })
	cluster.WaitReady(t, server)
	cluster.WaitReady(t, vr)
	got := w.since(writes)
	slices.Sort(got)
	if want := []string{"PATCH weu/workloadnetworks/default/dhcpconfigurations/server", "PUT weu/addons/vr", "PUT weu/addons/vr",
		"PUT weu/workloadnetworks/default/dhcpconfigurations/server"}; !slices.Equal(got, want) {
		t.Errorf("written %v, want %v", got, want)
	}
	if w.InAzure(network+"dhcpConfigurations/server", "properties", "leaseTime") != 1800.0 || w.InAzure("/addons/VR", "properties", "vrsCount") != 3.0 {
		t.Errorf("in the end %v and %v", w.InAzure(network+"dhcpConfigurations/server"), w.InAzure("/addons/VR"))
	}
}

// A key that was wrong is never changed in Azure: the connection that it could not make is deleted and made anew; not where deletionPolicy is Retain.
func TestAConnectionThatNeverCameToBeIsMadeAnew(t *testing.T) {
	t.Parallel()
	w := newWorld(t, fast, false)
	secret := &corev1.Secret{ObjectMeta: usable(w.Meta("peer")), StringData: map[string]string{"key": "a-wrong-key"}}
	cluster.Create(t, secret)
	peer := strings.TrimSuffix(w.Azure.PrivateCloudID("x"), "Microsoft.AVS/privateClouds/x") + "Microsoft.Network/expressRouteCircuits/"
	reach := func(name string, policy v1alpha1.DeletionPolicy) *v1alpha1.GlobalReachConnection {
		w.fails(http.MethodPut, "globalreachconnections/"+name, 1)
		c := &v1alpha1.GlobalReachConnection{ObjectMeta: w.Meta(name), Spec: v1alpha1.GlobalReachConnectionSpec{
			PrivateCloudRef: w.inCloud(), PeerExpressRouteCircuitID: peer + name, AuthorizationKeySecretRef: &v1alpha1.SecretKeyReference{Name: "peer", Key: "key"},
		}}
		c.Spec.DeletionPolicy = policy
		return c
	}
	one, kept, cleared := reach("one", ""), reach("kept", v1alpha1.DeletionPolicyRetain), reach("cleared", v1alpha1.DeletionPolicyRetain)
	cluster.Create(t, one, kept, cleared)
	cluster.WaitNotReady(t, cleared, v1alpha1.ReasonOperationFailed, "correct the spec")
	cluster.WaitNotReady(t, one, v1alpha1.ReasonOperationFailed, "correct the spec")
	cluster.WaitNotReady(t, kept, v1alpha1.ReasonOperationFailed, "correct the spec")
	writes := len(w.writes())
	w.quiet(t, writes)
	env.Edit(t, cluster, secret, func(s *corev1.Secret) { s.Data = map[string][]byte{"key": []byte("the-right-key")} })
	cluster.WaitReady(t, one)
	cluster.WaitNotReady(t, kept, v1alpha1.ReasonImmutableField, "deletionPolicy Retain forbids", "deletionPolicy: Delete")
	if got, want := w.since(writes), []string{"DELETE weu/globalreachconnections/one", "PUT weu/globalreachconnections/one"}; !slices.Equal(got, want) {
		t.Errorf("written %v, want %v", got, want)
	}
	env.Edit(t, cluster, kept, func(c *v1alpha1.GlobalReachConnection) { c.Spec.DeletionPolicy = v1alpha1.DeletionPolicyDelete }) // as it says
	cluster.WaitReady(t, kept)
	cluster.WaitNotReady(t, cleared, v1alpha1.ReasonImmutableField, "or delete it in Azure")
	if err := w.Azure.RemoveInAzure(cleared.Status.ID); err != nil {
		t.Fatal(err)
	}
	cluster.WaitReady(t, cleared)
}

// A datastore that failed goes with its object, after everything that guards its deletion, and another one takes its place.
func TestAFailedDatastoreTakesAnotherObject(t *testing.T) {
	t.Parallel()
	w := newWorld(t, fast, false)
	w.fails(http.MethodPut, "datastores/anf-01", 1)
	store := func(volume string) *v1alpha1.Datastore {
		return &v1alpha1.Datastore{ObjectMeta: w.Meta("anf-01"),
			Spec: v1alpha1.DatastoreSpec{PrivateCloudRef: ptr.To(w.inCloud()), NetAppVolume: &v1alpha1.NetAppVolume{ID: volumeID(volume)}}}
	}
	wrong, right := store("wrong"), store("right")
	cluster.Create(t, wrong)
	cluster.WaitNotReady(t, wrong, v1alpha1.ReasonOperationFailed, "takes another object, after this one is deleted")
	writes := len(w.writes())
	cluster.Delete(t, wrong)
	cluster.WaitNotReady(t, wrong, v1alpha1.ReasonUnreachable, "whether machines have disks on it cannot be found out", v1alpha1.AnnotationConfirmMachines)
	w.quiet(t, writes)
	env.Edit(t, cluster, wrong, func(d *v1alpha1.Datastore) { d.Annotations[v1alpha1.AnnotationConfirmMachines] = d.Name }) // as it says
	cluster.WaitGone(t, soon, wrong)
	cluster.Create(t, right)
	cluster.WaitReady(t, right)
	if got, want := w.since(writes), []string{
		"DELETE weu/clusters/cluster-1/datastores/anf-01", "PUT weu/clusters/cluster-1/datastores/anf-01"}; !slices.Equal(got, want) {
		t.Errorf("written %v, want %v", got, want)
	}
}

// Only Microsoft clears a cluster that failed: it is not touched, whatever the spec says then.
func TestAFailedClusterIsForSupport(t *testing.T) {
	t.Parallel()
	w := newWorld(t, fast, false)
	w.fails(http.MethodPut, "clusters/weu-2", 1)
	second := &v1alpha1.Cluster{ObjectMeta: w.Meta("weu-2"), Spec: v1alpha1.ClusterSpec{PrivateCloudRef: w.inCloud(), SKU: "av36p", ClusterSize: ptr.To[int32](3)}}
	cluster.Create(t, second)
	cluster.WaitNotReady(t, second, v1alpha1.ReasonSupportRequired, "support request", "the address is taken", "ExpressRoute circuit")
	env.Edit(t, cluster, second, func(c *v1alpha1.Cluster) { c.Spec.ClusterSize = ptr.To[int32](4) })
	cluster.WaitNotReady(t, second, v1alpha1.ReasonSupportRequired, "support request")
	w.quiet(t, 1)
}

// A change of one property keeps the others, of which NSX may set back what a PATCH leaves out.
func TestAChangeOfNSXSendsEverything(t *testing.T) {
	t.Parallel()
	w := newWorld(t, fast, false)
	web := w.segment("web", "", "10.60.1.1/24")
	corp := &v1alpha1.DNSZone{ObjectMeta: w.Meta("corp"),
		Spec: v1alpha1.DNSZoneSpec{PrivateCloudRef: w.inCloud(), Domain: []string{"corp.example.com"}, DNSServerIPs: []string{"10.1.1.53"}}}
	service := &v1alpha1.DNSService{ObjectMeta: w.Meta("dns"),
		Spec: v1alpha1.DNSServiceSpec{AzureSpec: v1alpha1.AzureSpec{AzureName: "dns-forwarder"}, PrivateCloudRef: w.inCloud(), FQDNZones: []string{"corp"}}}
	cluster.Create(t, web, corp, service)
	cluster.WaitReady(t, web)
	cluster.WaitReady(t, corp)
	cluster.WaitReady(t, service)
	id := w.Azure.PrivateCloudID("weu") + network
	for path, patch := range map[string]map[string]any{ // what somebody set in the portal, and the specs do not name
		"segments/web":              {"subnet": map[string]any{"dhcpRanges": []any{"10.60.1.10-10.60.1.20"}}},
		"dnsZones/corp":             {"sourceIp": "10.9.9.9"},
		"dnsServices/dns-forwarder": {"logLevel": "ERROR"},
	} {
		w.Azure.Set(t, id+path, map[string]any{"properties": patch})
	}
	env.Edit(t, cluster, web, func(s *v1alpha1.Segment) { s.Spec.DisplayName = "shop" })
	env.Edit(t, cluster, corp, func(z *v1alpha1.DNSZone) { z.Spec.DNSServerIPs = []string{"10.1.1.54"} })
	cluster.WaitReady(t, web)
	cluster.WaitReady(t, corp)
	w.lists(t, network+"segments/web", "properties/subnet/dhcpRanges", "10.60.1.10-10.60.1.20")
	if w.InAzure(network+"dnsZones/corp", "properties", "sourceIp") != "10.9.9.9" || w.InAzure(network+"segments/web", "properties", "displayName") != "shop" {
		t.Errorf("after a change of something else: %v, %v", w.InAzure(network+"dnsZones/corp", "properties"), w.InAzure(network+"segments/web", "properties"))
	}
	cluster.Remove(t, service)
	cluster.Delete(t, corp) // which takes the zone out of the service first
	cluster.WaitGone(t, soon, corp)
	if w.InAzure(network+"dnsServices/dns-forwarder", "properties", "logLevel") != "ERROR" {
		t.Errorf("after the zone went: %v", w.InAzure(network+"dnsServices/dns-forwarder", "properties"))
	}
	w.noneRefused(t)
}

func volumeID(name string) string {
	return "/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/rg/providers/Microsoft.NetApp/netAppAccounts/a/capacityPools/p/volumes/" + name
}
