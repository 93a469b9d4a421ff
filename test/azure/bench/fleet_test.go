// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package bench

import (
	"context"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers"
	"github.com/avs-operator/avs-operator/controllers/azure/kind"
	"github.com/avs-operator/avs-operator/controllers/azure/kinds"
	"github.com/avs-operator/avs-operator/test/armsim"
	"github.com/avs-operator/avs-operator/test/harness"
)

// elsewhere is a resource group that holds what objects refer to by its id.
const elsewhere = "/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/rg"

// fleet is some private clouds with what is in them, in one subscription, and so behind one set of ARM's buckets.
type fleet struct {
	*harness.World
	lengths *lengths
	clouds  []*cloud
}

type cloud struct {
	object   *v1alpha1.PrivateCloud
	id       string
	children []kind.Object
}

// newFleet makes the objects of a fleet and an Azure with room for them. Nothing but what they refer to is applied yet.
func newFleet(t *testing.T, speed float64, clouds, children int, mix func(cloud, count int, namespace string) []kind.Object,
	change ...func(*armsim.Config)) *fleet {
	t.Helper()
	f := &fleet{World: harness.NewWorld(t, cluster, speed), lengths: newLengths()}
	f.Options = func(o *controllers.Options) { o.Logger = quiet }
	f.StartAzure(t, append([]func(*armsim.Config){func(c *armsim.Config) {
		c.Seed, c.Log = 1, f.lengths.logger()
		c.Subscriptions[0].HostQuota = map[string]int{"av36p": 96 * clouds}
	}}, change...)...)
	cluster.Create(t, &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Namespace: f.Namespace, Name: circuitSecret, Labels: map[string]string{v1alpha1.LabelUse: v1alpha1.UseAllowed}},
		StringData: map[string]string{circuitKey: "an-authorization-key"},
	})
	for i := range clouds {
		object := harness.PrivateCloud(f.Namespace, fmt.Sprintf("cloud-%d", i))
		object.Spec.NetworkBlock = fmt.Sprintf("10.%d.0.0/22", 100+i)
		object.Spec.DeletionPolicy = v1alpha1.DeletionPolicyRetain
		f.clouds = append(f.clouds, &cloud{object: object, id: f.Azure.PrivateCloudID(object.Name), children: served(mix(i, children, f.Namespace))})
	}
	return f
}

// served leaves out objects of kinds that the operator does not serve.
func served(objects []kind.Object) []kind.Object {
	return slices.DeleteFunc(objects, func(o kind.Object) bool {
		return !slices.ContainsFunc(kinds.All, func(k kinds.Kind) bool { return reflect.TypeOf(k.New()) == reflect.TypeOf(o) })
	})
}

// objects are all Azure objects of the fleet.
func (f *fleet) objects() []kind.Object {
	var out []kind.Object
	for _, c := range f.clouds {
		out = append(out, c.object)
		out = append(out, c.children...)
	}
	return out
}

// apply creates everything at once, in any order, and says when it began.
func (f *fleet) apply(t *testing.T) time.Time {
	t.Helper()
	all := f.objects()
	shuffle := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // an order, no secret
	shuffle.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	began := time.Now()
	for _, object := range all {
		cluster.Create(t, object)
	}
	return began
}

// waitReady waits until every object is Ready, and returns when the last one became so. It watches, so that waiting costs the machine nothing.
func (f *fleet) waitReady(t *testing.T, within time.Duration) time.Time {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), within)
	defer cancel()
	ready, last := readiness(ctx, t, f.Namespace, f.objects())
	if ctx.Err() != nil {
		left := 0
		for _, object := range f.objects() {
			if ready[keyOf(object)] {
				continue
			}
			if left++; left <= 15 {
				t.Log(cluster.Describe(t.Context(), object))
			}
		}
		t.Fatalf("after %s, %d of %d objects are not Ready", within, left, len(f.objects()))
	}
	return last
}

func (f *fleet) scaled(here time.Duration) time.Duration {
	return time.Duration(float64(here) * f.Speed)
}

const (
	circuitSecret = "circuit"
	circuitKey    = "authorizationKey"
)

// everyKind is children of a private cloud of all kinds that need no machine in it, in the proportions of a large one.
func everyKind(index, count int, namespace string) []kind.Object {
	in := v1alpha1.ParentReference{Name: fmt.Sprintf("cloud-%d", index)}
	meta := func(name string) metav1.ObjectMeta {
		return metav1.ObjectMeta{Namespace: namespace, Name: fmt.Sprintf("c%d-%s", index, name)}
	}
	named := func(name string) v1alpha1.AzureSpec { return v1alpha1.AzureSpec{AzureName: name} }
	out := []kind.Object{
		&v1alpha1.Cluster{ObjectMeta: meta("cluster-2"), Spec: v1alpha1.ClusterSpec{AzureSpec: v1alpha1.AzureSpec{AzureName: "Cluster-2",
			DeletionPolicy: v1alpha1.DeletionPolicyRetain}, PrivateCloudRef: in, SKU: "av36p", ClusterSize: ptr.To[int32](3)}},
		&v1alpha1.DHCPConfiguration{ObjectMeta: meta("dhcp"),
			Spec: v1alpha1.DHCPConfigurationSpec{AzureSpec: named("dhcp"), PrivateCloudRef: in, Server: &v1alpha1.DHCPServer{ServerAddress: "10.60.255.1/30"}}},
		&v1alpha1.DNSZone{ObjectMeta: meta("corp"),
			Spec: v1alpha1.DNSZoneSpec{AzureSpec: named("corp"), PrivateCloudRef: in, Domain: []string{"corp.example.com"}, DNSServerIPs: []string{"10.1.0.53"}}},
		&v1alpha1.DNSService{ObjectMeta: meta("dns"),
			Spec: v1alpha1.DNSServiceSpec{AzureSpec: named("dns-forwarder"), PrivateCloudRef: in, FQDNZones: []string{meta("corp").Name}}},
		&v1alpha1.CloudLink{ObjectMeta: meta("link"), Spec: v1alpha1.CloudLinkSpec{AzureSpec: named("link"), PrivateCloudRef: in,
			LinkedCloudRef: &v1alpha1.ParentReference{Name: fmt.Sprintf("cloud-%d", max(0, index-1)+boolInt(index == 0))}}},
		&v1alpha1.Addon{ObjectMeta: meta("hcx"), Spec: v1alpha1.AddonSpec{PrivateCloudRef: in, HCX: &v1alpha1.AddonHCX{Offer: "VMware MaaS Cloud Provider"}}},
		&v1alpha1.IscsiPath{ObjectMeta: meta("iscsi"), Spec: v1alpha1.IscsiPathSpec{PrivateCloudRef: in, NetworkBlock: fmt.Sprintf("10.200.%d.0/24", index)}},
	}
	for i := 0; len(out) < count; i++ {
		name := fmt.Sprintf("n%d", i)
		switch i % 10 {
		case 0, 4, 7:
			out = append(out, &v1alpha1.Segment{ObjectMeta: meta(name), Spec: v1alpha1.SegmentSpec{AzureSpec: named(name), PrivateCloudRef: in,
				Subnet: &v1alpha1.SegmentSubnet{GatewayAddress: fmt.Sprintf("10.%d.%d.1/24", 60+i/256, i%256)}}})
		case 1, 5:
			out = append(out, &v1alpha1.Datastore{ObjectMeta: meta(name),
				Spec: v1alpha1.DatastoreSpec{AzureSpec: named(name), ClusterRef: &v1alpha1.ParentReference{Name: meta("cluster-2").Name},
					NetAppVolume: &v1alpha1.NetAppVolume{ID: elsewhere + "/providers/Microsoft.NetApp/netAppAccounts/a/capacityPools/p/volumes/" + name}}})
		case 2:
			out = append(out, &v1alpha1.ExpressRouteAuthorization{ObjectMeta: meta(name),
				Spec: v1alpha1.ExpressRouteAuthorizationSpec{AzureSpec: named(name), PrivateCloudRef: in}})
		case 3:
			out = append(out, &v1alpha1.HCXEnterpriseSite{ObjectMeta: meta(name), Spec: v1alpha1.HCXEnterpriseSiteSpec{AzureSpec: named(name), PrivateCloudRef: in}})
		case 6:
			out = append(out, &v1alpha1.DNSZone{ObjectMeta: meta(name),
				Spec: v1alpha1.DNSZoneSpec{AzureSpec: named(name), PrivateCloudRef: in, Domain: []string{name + ".example.com"}, DNSServerIPs: []string{"10.1.0.53"}}})
		case 8:
			out = append(out, &v1alpha1.PublicIP{ObjectMeta: meta(name), Spec: v1alpha1.PublicIPSpec{AzureSpec: named(name), PrivateCloudRef: in, NumberOfPublicIPs: 1}})
		case 9:
			out = append(out, &v1alpha1.GlobalReachConnection{ObjectMeta: meta(name),
				Spec: v1alpha1.GlobalReachConnectionSpec{AzureSpec: named(name), PrivateCloudRef: in,
					PeerExpressRouteCircuitID: elsewhere + "/providers/Microsoft.Network/expressRouteCircuits/" + name,
					AuthorizationKeySecretRef: &v1alpha1.SecretKeyReference{Name: circuitSecret, Key: circuitKey}}})
		}
	}
	return out
}

func boolInt(b bool) int {
	if b {
		return 1
	}
	return 0
}
