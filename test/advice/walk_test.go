// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package advice

import (
	"context"
	"fmt"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/test/armsim"
	"github.com/avs-operator/avs-operator/test/env"
)

// walks make a cause, read what the object says, do just that, and wait for the end.
var walks = map[string]func(t *testing.T, w *world){
	"parent missing":                         parentMissing,
	"parent gone before its child":           parentGone,
	"identity missing":                       identityMissing,
	"key missing":                            keyMissing,
	"CA without certificates":                caWithoutCertificates,
	"endpoint not allowed":                   endpointNotAllowed,
	"named object missing":                   namedMissing,
	"named object failed":                    namedFailed,
	"maintenance of a missing private cloud": maintenanceOfMissing,
	"maintenance in no time zone":            maintenanceInNoTimeZone,
	"version not offered":                    versionNotOffered,
	"needs somebody first":                   needsSomebodyFirst,
	"refused credential":                     refusedCredential,
	"secret not permitted":                   secretNotPermitted,
	"secret not owned":                       secretNotOwned,
	"peer's authorization":                   peersAuthorization,
	"secret made immutable":                  secretMadeImmutable,
	"feature gate":                           featureGate,
	"hosts above the spec":                   hostsAboveSpec,
	"adoption never":                         adoptionNever,
	"adoption of what differs":               adoptionOfWhatDiffers,
	"takeover of what differs":               takeoverOfWhatDiffers,
	"takeover of what is not there":          takeoverOfWhatIsNotThere,
	"takeover of what failed":                takeoverOfWhatFailed,
	"two objects":                            twoObjects,
	"owner has let go":                       ownerHasLetGo,
	"taken over by another":                  takenOverByAnother,
	"immutable field":                        immutableField,
	"immutable secret":                       immutableSecret,
	"private cloud that is gone":             privateCloudThatIsGone,
	"dependents":                             dependents,
	"identity that is needed":                identityThatIsNeeded,
	"deletions":                              deletions,
	"SKU not offered":                        skuNotOffered,
	"network block in use":                   networkBlockInUse,
	"script failed":                          scriptFailed,
	"script forgotten":                       scriptForgotten,
	"subscription misspelt":                  subscriptionMisspelt,
	"limits":                                 limits,
	"waits for a person":                     waitsForPerson,
	"refused/Forbidden": refusal("forbidden", armsim.Fault{Status: 403, Code: "AuthorizationFailed",
		Message: "The client 'x' does not have authorization to perform action 'Microsoft.AVS/privateClouds/authorizations/write' over scope '/subscriptions/s'."},
		v1alpha1.ReasonForbidden, "give the identity a role with the action Microsoft.AVS/privateClouds/authorizations/write on /subscriptions/s"),
	"refused/PolicyDenied": refusal("policy", armsim.Fault{Status: 403, Code: "RequestDisallowedByPolicy",
		Message: "Resource was disallowed by policy."}, v1alpha1.ReasonPolicyDenied, "change the spec or the Azure Policy"),
	"refused/ScopeLocked": refusal("lock",
		armsim.Fault{Status: 409, Code: "ScopeLocked", Message: "The scope is locked."}, v1alpha1.ReasonScopeLocked, "take the lock off in Azure"),
	"refused/SubscriptionNotFound": refusal("subscription", armsim.Fault{Status: 404, Code: "SubscriptionNotFound",
		Message: "The subscription could not be found."}, v1alpha1.ReasonSubscriptionNotFound, "give the identity a role in that subscription"),
	"refused/SupportRequired": refusal("support", armsim.Fault{Status: 409, Code: "Conflict",
		Message: "Cannot edit a resource in a failed state."}, v1alpha1.ReasonSupportRequired, "open a support request"),
	"refused/InvalidSpec": invalidSpec,
}

// hub is the private cloud in which small things stand.
const hub = "hub"

// Each piece of advice works: what asks somebody for something is done as it says, and the object ends Ready, or gone.
func TestAdviceWorks(t *testing.T) {
	w := newWorld(t)
	cloud := w.cloud(hub)
	cluster.Create(t, cloud)
	cluster.WaitReady(t, cloud)
	for name, walk := range walks {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			walk(t, w)
		})
	}
}

func parentMissing(t *testing.T, w *world) {
	key := w.key("parent-missing", "to-come")
	cluster.Create(t, key)
	told(t, key, v1alpha1.ReasonReferenceNotFound, "PrivateCloud "+w.Namespace+"/to-come is not there", "create it, or correct privateCloudRef")
	cluster.Create(t, w.cloud("to-come"))
	cluster.WaitReady(t, key)

	key = w.key("parent-misspelt", "hubb")
	cluster.Create(t, key)
	told(t, key, v1alpha1.ReasonReferenceNotFound, "correct privateCloudRef")
	env.Edit(t, cluster, key, func(k *v1alpha1.ExpressRouteAuthorization) { k.Spec.PrivateCloudRef.Name = hub })
	cluster.WaitReady(t, key)
}

func parentGone(t *testing.T, w *world) {
	cloud, one, two := w.cloud("lost"), w.key("lost-1", "lost"), w.key("lost-2", "lost")
	cluster.Create(t, cloud, one, two)
	cluster.WaitReady(t, cloud, one, two)
	cluster.Delete(t, cloud)
	told(t, cloud, v1alpha1.ReasonDependentsExist, "ExpressRouteAuthorization lost-1", "ExpressRouteAuthorization lost-2")
	strip(t, cloud)
	cluster.Delete(t, one)
	cluster.Delete(t, two)
	told(t, one, v1alpha1.ReasonReferenceNotFound, "create it again, or set deletionPolicy: Retain")
	retain(t, one)
	gone(t, one)
	told(t, two, v1alpha1.ReasonReferenceNotFound, "create it again, or set deletionPolicy: Retain")
	again := w.cloud("lost")
	again.Spec.NetworkBlock = cloud.Spec.NetworkBlock
	cluster.Create(t, again)
	gone(t, two)
}

func identityMissing(t *testing.T, w *world) {
	cloud := w.cloud("identity-missing")
	cloud.Spec.IdentityRef = &v1alpha1.ObjectReference{Name: "to-come"}
	cluster.Create(t, cloud)
	told(t, cloud, v1alpha1.ReasonReferenceNotFound, "AzureIdentity "+w.Namespace+"/to-come is not there", "create it, or name another with identityRef")
	w.identity(t, "to-come", nil)
	cluster.WaitReady(t, cloud)
}

func keyMissing(t *testing.T, w *world) {
	cloud := w.cloud("key-missing")
	cloud.Spec.IdentityRef = &v1alpha1.ObjectReference{Name: "key-missing"}
	identity := w.identity(t, "key-missing", func(i *v1alpha1.AzureIdentity, _ *corev1.Secret) { i.Spec.ClientSecretRef.Key = "password" })
	cluster.Create(t, cloud)
	for _, object := range []client.Object{identity, cloud} {
		told(t, object, v1alpha1.ReasonReferenceNotFound, `has no value under the key "password": add it`)
	}
	secret := &corev1.Secret{ObjectMeta: w.Meta("key-missing")}
	env.Edit(t, cluster, secret, func(s *corev1.Secret) { s.Data["password"] = s.Data["clientSecret"] })
	cluster.WaitReady(t, identity, cloud)
}

func caWithoutCertificates(t *testing.T, w *world) {
	ca, whole := &corev1.ConfigMap{ObjectMeta: w.Meta("no-ca"), Data: map[string]string{"ca.crt": "to come"}}, &corev1.ConfigMap{ObjectMeta: w.Meta("azure-ca")}
	cluster.Create(t, ca)
	identity := w.identity(t, "no-ca", func(i *v1alpha1.AzureIdentity, _ *corev1.Secret) { i.Spec.Cloud.Endpoints.CARef.Name = "no-ca" })
	told(t, identity, v1alpha1.ReasonInvalidSpec, `holds no PEM certificate under the key "ca.crt": put the CA's certificates there`)
	env.Edit(t, cluster, whole, func(*corev1.ConfigMap) {}) // reads it
	env.Edit(t, cluster, ca, func(c *corev1.ConfigMap) { c.Data = whole.Data })
	cluster.WaitReady(t, identity)
}

func endpointNotAllowed(t *testing.T, w *world) {
	cloud := w.cloud("not-allowed")
	cloud.Spec.IdentityRef = &v1alpha1.ObjectReference{Name: "not-allowed"}
	var right string
	identity := w.identity(t, "not-allowed", func(i *v1alpha1.AzureIdentity, _ *corev1.Secret) {
		right, i.Spec.Cloud.Endpoints.ResourceManager = i.Spec.Cloud.Endpoints.ResourceManager, "https://arm.example.net"
	})
	cluster.Create(t, cloud)
	for _, object := range []client.Object{identity, cloud} {
		told(t, object, v1alpha1.ReasonEndpointNotAllowed,
			"have it name the host of https://arm.example.net, or use one of the clouds that Microsoft runs (spec.cloud.name)")
	}
	env.Edit(t, cluster, identity, func(i *v1alpha1.AzureIdentity) { i.Spec.Cloud.Endpoints.ResourceManager = right }) // whose host the flag names
	cluster.WaitReady(t, identity, cloud)
}

func namedMissing(t *testing.T, w *world) {
	cloud := w.cloud("named-missing")
	service := &v1alpha1.DNSService{ObjectMeta: w.Meta("named-missing")}
	service.Spec.PrivateCloudRef.Name, service.Spec.AzureName, service.Spec.FQDNZones = "named-missing", "dns-forwarder", []string{"zone-to-come"}
	cluster.Create(t, cloud, service)
	told(t, service, v1alpha1.ReasonReferenceNotFound, "there is no DNS zone zone-to-come in Azure: make it, or name another one")
	cluster.Create(t, w.zone("zone-to-come", "named-missing", "10.1.0.53"))
	cluster.WaitReady(t, service)
}

func namedFailed(t *testing.T, w *world) {
	cloud := w.cloud("named-failed")
	cluster.Create(t, cloud)
	cluster.WaitReady(t, cloud)
	w.leave(t, w.zone("zone-failed", "named-failed", "10.1.0.53"))
	id := w.id("named-failed", "/workloadNetworks/default/dnsZones/zone-failed")
	w.Azure.Set(t, id, state("Failed"))
	service := &v1alpha1.DNSService{ObjectMeta: w.Meta("named-failed")}
	service.Spec.PrivateCloudRef.Name, service.Spec.AzureName, service.Spec.FQDNZones = "named-failed", "dns-forwarder", []string{"zone-failed"}
	cluster.Create(t, service)
	told(t, service, v1alpha1.ReasonReferenceNotReady, "DNS zone zone-failed is in state Failed", "mend it in Azure, or name another one")
	w.Azure.Set(t, id, state("Succeeded"))
	cluster.WaitReady(t, service)
}

func maintenanceOfMissing(t *testing.T, w *world) {
	policy := &v1alpha1.MaintenancePolicy{ObjectMeta: w.Meta("maintenance"), Spec: v1alpha1.MaintenancePolicySpec{
		PrivateCloudRef: v1alpha1.ParentReference{Name: "maintained"}, Windows: []v1alpha1.Window{{Schedule: "0 20 * * 5", DurationSeconds: 122400}},
	}}
	cluster.Create(t, policy)
	told(t, policy, v1alpha1.ReasonReferenceNotFound, "create it, or make a policy for another")
	cluster.Create(t, w.cloud("maintained"))
	cluster.WaitReady(t, policy)
}

func maintenanceInNoTimeZone(t *testing.T, w *world) {
	of := func(name, schedule, zone string) *v1alpha1.MaintenancePolicy {
		return &v1alpha1.MaintenancePolicy{ObjectMeta: w.Meta(name), Spec: v1alpha1.MaintenancePolicySpec{
			PrivateCloudRef: v1alpha1.ParentReference{Name: name}, Windows: []v1alpha1.Window{{Schedule: schedule, TimeZone: zone, DurationSeconds: 122400}},
		}}
	}
	cluster.Create(t, w.cloud("no-zone"))
	policy := of("no-zone", "0 20 * * 5", "Europe/Nowhere")
	cluster.Create(t, policy)
	told(t, policy, v1alpha1.ReasonInvalidSpec, `timeZone "Europe/Nowhere" is not known: write one such as Europe/Oslo`)
	env.Edit(t, cluster, policy, func(p *v1alpha1.MaintenancePolicy) { p.Spec.Windows[0].TimeZone = "Europe/Oslo" })
	cluster.WaitReady(t, policy)
}

// A region that does not offer the operator's version of the API is left for another one.
func versionNotOffered(t *testing.T, w *world) {
	w.Azure.Inject(armsim.Fault{Verb: "PUT", Path: path("privateclouds/version$"), Status: 400, Code: "NoRegisteredProviderFound", Count: 1,
		Message: "No registered resource provider found for location 'westeurope' and API version '2025-09-01' for type 'privateClouds'. " +
			"The supported api-versions are '2022-05-01'."})
	cloud := w.cloud("version")
	cluster.Create(t, cloud)
	told(t, cloud, v1alpha1.ReasonVersionNotOffered, "use one that does, or a release of the operator that speaks one of those that it offers")
	env.Edit(t, cluster, cloud, func(c *v1alpha1.PrivateCloud) { c.Spec.Location = "northeurope" })
	cluster.WaitReady(t, cloud)
}

// What stands below something that waits for a person does not say that it goes on by itself, whatever it is and whether there is an ARM id yet.
func needsSomebodyFirst(t *testing.T, w *world) {
	w.identity(t, "no-group", func(i *v1alpha1.AzureIdentity, _ *corev1.Secret) { i.Spec.ResourceGroup = "" })
	cloud, key := w.cloud("no-group"), w.key("no-group", "no-group")
	cloud.Spec.IdentityRef = &v1alpha1.ObjectReference{Name: "no-group"}
	policy := &v1alpha1.MaintenancePolicy{ObjectMeta: w.Meta("no-group"), Spec: v1alpha1.MaintenancePolicySpec{
		PrivateCloudRef: v1alpha1.ParentReference{Name: "no-group"}, Windows: []v1alpha1.Window{{Schedule: "0 20 * * 5", DurationSeconds: 122400}},
	}}
	vcenter := &v1alpha1.VCenter{ObjectMeta: w.Meta("no-group"), Spec: v1alpha1.VCenterSpec{PrivateCloudRef: &v1alpha1.ObjectReference{Name: "no-group"}}}
	below := &v1alpha1.Cluster{ObjectMeta: w.Meta("no-group"),
		Spec: v1alpha1.ClusterSpec{PrivateCloudRef: v1alpha1.ParentReference{Name: "no-group"}, SKU: "av36p", ClusterSize: ptr.To[int32](3)}}
	deep := &v1alpha1.Datastore{ObjectMeta: w.Meta("no-group"),
		Spec: v1alpha1.DatastoreSpec{ClusterRef: &v1alpha1.ParentReference{Name: "no-group"}, NetAppVolume: &v1alpha1.NetAppVolume{
			ID: "/subscriptions/" + w.Azure.SubscriptionID +
				"/resourceGroups/rg-storage/providers/Microsoft.NetApp/netAppAccounts/avs/capacityPools/premium/volumes/no-group",
		}}}
	cluster.Create(t, cloud, key, policy, vcenter, below, deep)
	told(t, deep, v1alpha1.ReasonReferenceNotReady, "PrivateCloud no-group needs somebody first: its condition Stalled has the reason InvalidSpec")
	told(t, vcenter, v1alpha1.ReasonReferenceNotReady, "needs somebody first: its condition Stalled has the reason InvalidSpec")
	told(t, policy, v1alpha1.ReasonReferenceNotReady, "needs somebody first: its condition Stalled has the reason InvalidSpec")
	told(t, key, v1alpha1.ReasonReferenceNotReady, "PrivateCloud no-group needs somebody first: its condition Stalled has the reason InvalidSpec")
	told(t, cloud, v1alpha1.ReasonInvalidSpec, "set spec.resourceGroup here, or on AzureIdentity no-group")
	env.Edit(t, cluster, cloud, func(c *v1alpha1.PrivateCloud) { c.Spec.ResourceGroup = "rg-avs" })
	cluster.WaitReady(t, cloud, key, policy, below, deep)
}

// What stands below something that is suspended, or for whose identity nobody has made an object, is told so too.
func waitsForPerson(t *testing.T, w *world) {
	suspended, one := w.cloud("suspended-cloud"), w.key("below-suspended", "suspended-cloud")
	suspended.Spec.Suspend = true
	lost, two := w.cloud("without-identity"), w.key("below-lost", "without-identity")
	lost.Spec.IdentityRef = &v1alpha1.ObjectReference{Name: "made-later"}
	policy := &v1alpha1.MaintenancePolicy{ObjectMeta: w.Meta("without-identity"), Spec: v1alpha1.MaintenancePolicySpec{
		PrivateCloudRef: v1alpha1.ParentReference{Name: "without-identity"}, Windows: []v1alpha1.Window{{Schedule: "0 20 * * 5", DurationSeconds: 122400}},
	}}
	cluster.Create(t, suspended, one, lost, two, policy)
	told(t, one, v1alpha1.ReasonReferenceNotReady, "PrivateCloud suspended-cloud needs somebody first: its condition Reconciling has the reason Suspended")
	told(t, suspended, v1alpha1.ReasonSuspended, "until spec.suspend is taken away")
	told(t, two, v1alpha1.ReasonReferenceNotFound, "/made-later is not there: create it, or name another with identityRef")
	told(t, policy, v1alpha1.ReasonReferenceNotReady, "/without-identity needs somebody first: its condition Reconciling has the reason ReferenceNotFound")
	env.Edit(t, cluster, suspended, func(c *v1alpha1.PrivateCloud) { c.Spec.Suspend = false })
	w.identity(t, "made-later", nil)
	cluster.WaitReady(t, suspended, one, lost, two, policy)
}

func subscriptionMisspelt(t *testing.T, w *world) {
	var right string
	identity := w.identity(t, "misspelt", func(i *v1alpha1.AzureIdentity, _ *corev1.Secret) {
		right, i.Spec.SubscriptionID = i.Spec.SubscriptionID, "99999999-9999-9999-9999-999999999999"
	})
	told(t, identity, v1alpha1.ReasonSubscriptionNotFound, "correct subscriptionID; if it is right, give the identity a role in that subscription")
	env.Edit(t, cluster, identity, func(i *v1alpha1.AzureIdentity) { i.Spec.SubscriptionID = right })
	cluster.WaitReady(t, identity)
}

// No more clusters, nor more hosts, than Azure makes: hosts are added to a cluster that is there, or what is too much goes into another private cloud.
func limits(t *testing.T, w *world) {
	other := w.cloud("limits-other")
	of := func(cloud, name string, size int32) *v1alpha1.Cluster {
		return &v1alpha1.Cluster{ObjectMeta: w.Meta(name),
			Spec: v1alpha1.ClusterSpec{PrivateCloudRef: v1alpha1.ParentReference{Name: cloud}, SKU: "av36p", ClusterSize: ptr.To(size)}}
	}
	cluster.Create(t, other)
	for _, one := range []struct {
		cloud   string
		sizes   []int32 // of the clusters beside Cluster-1, which are all that there can be
		advised string
	}{
		{"limits-clusters", []int32{3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3}, "add hosts to a cluster that is there, or make another private cloud"},
		{"limits-hosts", []int32{16, 16, 16, 16, 16}, "make another private cloud for the others"},
	} {
		cloud := w.cloud(one.cloud)
		if one.cloud == "limits-hosts" {
			cloud.Spec.ManagementCluster.ClusterSize = 16
		}
		cluster.Create(t, cloud)
		var all []client.Object
		for i, size := range one.sizes {
			all = append(all, of(one.cloud, fmt.Sprintf("%s-%d", one.cloud, i), size))
		}
		cluster.Create(t, all...)
		cluster.WaitReady(t, all...)
		more := of(one.cloud, one.cloud+"-more", 3)
		cluster.Create(t, more)
		told(t, more, v1alpha1.ReasonLimitExceeded, one.advised)
		env.Edit(t, cluster, more, func(c *v1alpha1.Cluster) { c.Spec.PrivateCloudRef.Name = other.Name })
		cluster.WaitReady(t, more)
		if one.cloud == "limits-clusters" {
			first := all[0].(*v1alpha1.Cluster)
			env.Edit(t, cluster, first, func(c *v1alpha1.Cluster) { c.Spec.ClusterSize = ptr.To[int32](4) })
			cluster.WaitReady(t, first)
			continue
		}
		toldIn(t, v1alpha1.ConditionRoomToGrow, cloud, v1alpha1.ReasonNearLimit, "the next hosts need another cluster or private cloud")
	}
}

func refusedCredential(t *testing.T, w *world) {
	identity := w.identity(t, "refused", func(_ *v1alpha1.AzureIdentity, s *corev1.Secret) { s.StringData["clientSecret"] = "wrong" })
	cloud := w.cloud("refused")
	cloud.Spec.IdentityRef = &v1alpha1.ObjectReference{Name: "refused"}
	cluster.Create(t, cloud)
	told(t, identity, v1alpha1.ReasonCredentialsInvalid, "correct the credential")
	told(t, cloud, v1alpha1.ReasonCredentialsInvalid, "correct the credential")
	secret := &corev1.Secret{ObjectMeta: w.Meta("refused")}
	good := &corev1.Secret{ObjectMeta: w.Meta("azure-client-secret")}
	env.Edit(t, cluster, good, func(*corev1.Secret) {}) // reads it
	env.Edit(t, cluster, secret, func(s *corev1.Secret) { s.Data["clientSecret"] = good.Data["clientSecret"] })
	cluster.WaitReady(t, identity, cloud)
}

func secretNotPermitted(t *testing.T, w *world) {
	identity := w.identity(t, "not-permitted", func(_ *v1alpha1.AzureIdentity, s *corev1.Secret) { s.Type = corev1.SecretTypeOpaque })
	message := told(t, identity, v1alpha1.ReasonSecretNotPermitted, "make it of type avs-operator.io/azure, or permit it")
	kubectl(t, message, `label secret \S+ -n \S+ \S+=allowed`)
	cluster.WaitReady(t, identity)
}

func secretNotOwned(t *testing.T, w *world) {
	mine, other := &corev1.Secret{ObjectMeta: w.Meta("mine"), StringData: map[string]string{"a": "b"}},
		&corev1.Secret{ObjectMeta: w.Meta("mine-too"), StringData: map[string]string{"a": "b"}}
	one, two := w.key("secret-deleted", hub), w.key("secret-elsewhere", hub)
	one.Spec.SecretName, two.Spec.SecretName = "mine", "mine-too"
	cluster.Create(t, mine, other, one, two)
	told(t, one, v1alpha1.ReasonSecretNotOwned, "choose another secretName, or delete that Secret")
	told(t, two, v1alpha1.ReasonSecretNotOwned, "choose another secretName, or delete that Secret")
	cluster.Delete(t, mine)
	env.Edit(t, cluster, two, func(k *v1alpha1.ExpressRouteAuthorization) { k.Spec.SecretName = "elsewhere" })
	cluster.WaitReady(t, one, two)
}

func secretMadeImmutable(t *testing.T, w *world) {
	key := w.key("secret-immutable", hub)
	key.Spec.SecretName = "immutable"
	cluster.Create(t, key)
	cluster.WaitReady(t, key)
	secret := &corev1.Secret{ObjectMeta: w.Meta("immutable")}
	env.Edit(t, cluster, secret, func(s *corev1.Secret) { s.Data, s.Immutable = map[string][]byte{"mine": []byte("now")}, ptr.To(true) })
	told(t, key, v1alpha1.ReasonSecretNotOwned, "was made immutable and does not have what Azure has: delete it, and it is written again")
	cluster.Delete(t, secret)
	cluster.WaitReady(t, key)
	cluster.WaitFor(t, env.Patience, secret, "what Azure has", func() error {
		if len(secret.Data) < 2 {
			return fmt.Errorf("it has %d values", len(secret.Data))
		}
		return nil
	})
}

func featureGate(t *testing.T, w *world) {
	second := &v1alpha1.Cluster{ObjectMeta: w.Meta("gated"), Spec: v1alpha1.ClusterSpec{
		PrivateCloudRef: v1alpha1.ParentReference{Name: hub}, SKU: "av36p", ClusterSize: ptr.To[int32](3), ScaleIn: &v1alpha1.ScaleIn{Hosts: []string{"esx01"}},
	}}
	cluster.Create(t, second)
	told(t, second, v1alpha1.ReasonFeatureDisabled, "ScaleInHosts", "Take it out of the spec")
	env.Edit(t, cluster, second, func(c *v1alpha1.Cluster) { c.Spec.ScaleIn = nil })
	cluster.WaitReady(t, second)
}

func hostsAboveSpec(t *testing.T, w *world) {
	cloud := w.cloud("hosts")
	cluster.Create(t, cloud)
	cluster.WaitReady(t, cloud)
	w.Azure.Set(t, cloud.Status.ID, map[string]any{"properties": map[string]any{"managementCluster": map[string]any{"clusterSize": 4}}})
	toldIn(t, v1alpha1.ConditionInSync, cloud, v1alpha1.ReasonHostsAboveSpec, "Set clusterSize to 4 to accept them, or after that to 3 to let them go")
	for _, size := range []int32{4, 3} {
		env.Edit(t, cluster, cloud, func(c *v1alpha1.PrivateCloud) { c.Spec.ManagementCluster.ClusterSize = size })
		cluster.WaitReady(t, cloud)
		cluster.WaitCondition(t, env.Patience, cloud, v1alpha1.ConditionInSync, "True")
		if cloud.Status.ClusterSize != size {
			t.Errorf("it has %d hosts, not %d", cloud.Status.ClusterSize, size)
		}
	}
}

func skuNotOffered(t *testing.T, w *world) {
	cloud := w.cloud("sku")
	cloud.Spec.SKU = "av99"
	cluster.Create(t, cloud)
	told(t, cloud, v1alpha1.ReasonSKUNotOffered, "av36p", "choose one of these, or another location")
	env.Edit(t, cluster, cloud, func(c *v1alpha1.PrivateCloud) { c.Spec.SKU = "av36p" })
	cluster.WaitReady(t, cloud)
}

func networkBlockInUse(t *testing.T, w *world) {
	cloud, other := w.cloud("block"), &v1alpha1.PrivateCloud{ObjectMeta: w.Meta(hub)}
	free := cloud.Spec.NetworkBlock
	cluster.WaitReady(t, other)
	cloud.Spec.NetworkBlock = other.Spec.NetworkBlock
	cluster.Create(t, cloud)
	told(t, cloud, v1alpha1.ReasonNetworkBlockInUse, other.Spec.NetworkBlock, "choose a block that is in use nowhere else")
	env.Edit(t, cluster, cloud, func(c *v1alpha1.PrivateCloud) { c.Spec.NetworkBlock = free })
	cluster.WaitReady(t, cloud)
}

// A script that failed is run again as a new object, and as the same one applied again.
func scriptFailed(t *testing.T, w *world) {
	script := func(name string) *v1alpha1.ScriptExecution {
		return &v1alpha1.ScriptExecution{ObjectMeta: w.Meta(name), Spec: v1alpha1.ScriptExecutionSpec{
			PrivateCloudRef: v1alpha1.ParentReference{Name: hub}, ScriptPackage: "Microsoft.AVS.Management", ScriptCmdlet: "Get-StoragePolicies", TimeoutSeconds: 900,
		}}
	}
	w.Azure.Inject(armsim.Fault{Verb: "PUT", Path: path("scriptexecutions/failing-"), FailureReason: "The directory does not answer.", Count: 1})
	one := script("failing")
	cluster.Create(t, one)
	told(t, one, v1alpha1.ReasonScriptFailed, "The directory does not answer.", "make a new object, or delete this one and apply it again")
	cluster.Create(t, script("anew"))
	cluster.WaitReady(t, script("anew"))
	cluster.Delete(t, one)
	gone(t, one)
	again := script("failing")
	cluster.Create(t, again)
	cluster.WaitReady(t, again)
}

// A script that Azure has forgotten before anybody saw its end may have done its work or not: it is run again as a new object.
func scriptForgotten(t *testing.T, w *world) {
	w.Azure.Inject(armsim.Fault{Verb: "PUT", Path: path("scriptexecutions/forgotten-"), Lasts: 2 * time.Hour, Count: 1})
	script := func(name string) *v1alpha1.ScriptExecution {
		return &v1alpha1.ScriptExecution{ObjectMeta: w.Meta(name), Spec: v1alpha1.ScriptExecutionSpec{
			PrivateCloudRef: v1alpha1.ParentReference{Name: hub}, ScriptPackage: "Microsoft.AVS.Management", ScriptCmdlet: "Get-StoragePolicies", TimeoutSeconds: 7200,
		}}
	}
	one, two := script("forgotten"), script("once-more")
	cluster.Create(t, one)
	cluster.WaitFor(t, env.Patience, one, "an operation that Azure has accepted", func() error {
		if op := one.Status.Operation; op == nil || op.State != v1alpha1.OperationAccepted {
			return fmt.Errorf("the operation is %+v", op)
		}
		return nil
	})
	silent := w.silence(armsim.Fault{Verb: "GET", Status: 503, Count: -1}, one.Status.Operation.AsyncOperation, one.Status.Operation.Location)
	cluster.Eventually(t, env.Patience, "its end", func(context.Context) error {
		body, _ := w.Azure.Resource(one.Status.ID)
		if properties, _ := body["properties"].(map[string]any); properties["provisioningState"] != "Succeeded" {
			return fmt.Errorf("it is %v", properties)
		}
		return nil
	})
	if err := w.Azure.RemoveInAzure(one.Status.ID); err != nil {
		t.Fatal(err)
	}
	for _, id := range silent {
		w.Azure.RemoveFault(id)
	}
	told(t, one, v1alpha1.ReasonOperationUnknown, "look at what it was to change", "to run it again, make a new object")
	if _, there := w.Azure.Resource(one.Status.ID); there {
		t.Error("it was run again by itself")
	}
	cluster.Create(t, two)
	cluster.WaitReady(t, two)
	cluster.Delete(t, one)
	gone(t, one)
}

func immutableField(t *testing.T, w *world) {
	cloud := w.cloud("immutable")
	cluster.Create(t, cloud)
	cluster.WaitReady(t, cloud)
	iscsi := func(name, block string) *v1alpha1.IscsiPath {
		return &v1alpha1.IscsiPath{ObjectMeta: w.Meta(name),
			Spec: v1alpha1.IscsiPathSpec{PrivateCloudRef: v1alpha1.ParentReference{Name: "immutable"}, NetworkBlock: block}}
	}
	w.leave(t, iscsi("immutable", "10.200.0.0/24"))
	other := iscsi("immutable-2", "10.201.0.0/24")
	other.Spec.AdoptionPolicy = v1alpha1.AdoptionPolicyAlways
	cluster.Create(t, other)
	told(t, other, v1alpha1.ReasonImmutableField, "10.200.0.0/24", "correct the spec, or make another resource")
	env.Edit(t, cluster, other, func(p *v1alpha1.IscsiPath) { p.Spec.NetworkBlock = "10.200.0.0/24" })
	cluster.WaitReady(t, other)
}

func immutableSecret(t *testing.T, w *world) {
	secret := &corev1.Secret{ObjectMeta: w.Meta("peer-key"), StringData: map[string]string{"key": "the-right-key"}}
	secret.Labels = map[string]string{v1alpha1.LabelUse: v1alpha1.UseAllowed}
	reach := &v1alpha1.GlobalReachConnection{ObjectMeta: w.Meta("reach"), Spec: v1alpha1.GlobalReachConnectionSpec{
		PrivateCloudRef: v1alpha1.ParentReference{Name: hub}, AuthorizationKeySecretRef: &v1alpha1.SecretKeyReference{Name: "peer-key", Key: "key"},
		PeerExpressRouteCircuitID: "/subscriptions/" + w.Azure.SubscriptionID + "/resourceGroups/rg-avs/providers/Microsoft.Network/expressRouteCircuits/oslo",
	}}
	cluster.Create(t, secret, reach)
	cluster.WaitReady(t, reach)
	env.Edit(t, cluster, secret, func(s *corev1.Secret) { s.Data["key"] = []byte("another-key") })
	told(t, reach, v1alpha1.ReasonImmutableField, "set the Secret back, or make another resource")
	env.Edit(t, cluster, secret, func(s *corev1.Secret) { s.Data["key"] = []byte("the-right-key") })
	cluster.WaitReady(t, reach)
}

func peersAuthorization(t *testing.T, w *world) {
	cluster.Create(t, w.cloud("peer"))
	reach := &v1alpha1.GlobalReachConnection{ObjectMeta: w.Meta("to-peer"), Spec: v1alpha1.GlobalReachConnectionSpec{
		PrivateCloudRef: v1alpha1.ParentReference{Name: hub},
		Peer: &v1alpha1.GlobalReachPeer{PrivateCloudRef: v1alpha1.ParentReference{Name: "peer"},
			AuthorizationRef: &v1alpha1.ObjectReference{Name: "from-hub"}},
	}}
	cluster.Create(t, reach)
	told(t, reach, v1alpha1.ReasonReferenceNotFound, "create it, or correct peer.authorizationRef")
	key := w.key("from-hub", "peer")
	cluster.Create(t, key)
	told(t, reach, v1alpha1.ReasonInvalidSpec, "writes its key nowhere: set its spec.secretName")
	mine := &corev1.Secret{ObjectMeta: w.Meta("from-hub"), StringData: map[string]string{"a": "b"}}
	cluster.Create(t, mine)
	env.Edit(t, cluster, key, func(k *v1alpha1.ExpressRouteAuthorization) { k.Spec.SecretName = "from-hub" })
	told(t, reach, v1alpha1.ReasonReferenceNotReady,
		"ExpressRouteAuthorization from-hub needs somebody first: its condition Stalled has the reason SecretNotOwned")
	cluster.Delete(t, mine)
	cluster.WaitReady(t, reach)
}

func invalidSpec(t *testing.T, w *world) {
	w.Azure.Inject(armsim.Fault{Verb: "PUT", Path: path("dnszones/invalid"), Status: 400, Code: "InvalidParameter",
		Message: "10.9.9.9 is not a server.", Count: 1})
	zone := w.zone("invalid", hub, "10.9.9.9")
	cluster.Create(t, zone)
	told(t, zone, v1alpha1.ReasonInvalidSpec, "10.9.9.9 is not a server.", "change the spec as Azure says")
	env.Edit(t, cluster, zone, func(z *v1alpha1.DNSZone) { z.Spec.DNSServerIPs = []string{"10.1.0.53"} })
	cluster.WaitReady(t, zone)
}

// refusal is a walk for what is mended in Azure: once it is, the object goes on by itself, within the hour.
func refusal(name string, fault armsim.Fault, reason, advice string) func(t *testing.T, w *world) {
	return func(t *testing.T, w *world) {
		fault.Verb, fault.Path, fault.Count = "PUT", path("authorizations/refused-"+name), -1
		id := w.Azure.Inject(fault)
		key := w.key("refused-"+name, hub)
		cluster.Create(t, key)
		told(t, key, reason, advice)
		w.Azure.RemoveFault(id)
		cluster.WaitReady(t, key)
	}
}
