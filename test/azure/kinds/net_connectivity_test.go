// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package kinds

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/test/env"
	"github.com/avs-operator/avs-operator/test/harness"
)

const circuits = "/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/rg-network/providers/Microsoft.Network/expressRouteCircuits/"

// secret reads a Secret that the operator wrote.
func (w *world) secret(t *testing.T, name string) map[string]string {
	t.Helper()
	secret := &corev1.Secret{}
	if err := cluster.Admin.Get(t.Context(), client.ObjectKey{Namespace: w.Namespace, Name: name}, secret); err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for key, value := range secret.Data {
		out[key] = string(value)
	}
	return out
}

// hides fails if an object shows a secret in any of its fields.
func hides(t *testing.T, object client.Object, secret string) {
	t.Helper()
	text, err := json.Marshal(object)
	if err != nil {
		t.Fatal(err)
	}
	if secret == "" || strings.Contains(strings.ToLower(string(text)), strings.ToLower(secret)) {
		t.Errorf("%T shows its secret, or has none: %s", object, text)
	}
}

func TestAnHCXSiteWaitsForTheAddonWithoutARefusal(t *testing.T) {
	t.Parallel()
	w := newWorld(t, fast, false)
	site := &v1alpha1.HCXEnterpriseSite{ObjectMeta: w.Meta("oslo"), Spec: v1alpha1.HCXEnterpriseSiteSpec{PrivateCloudRef: w.inCloud(), SecretName: "oslo-hcx"}}
	cluster.Create(t, site)
	cluster.WaitNotReady(t, site, v1alpha1.ReasonReferenceNotReady, "HCX add-on")
	w.fails(http.MethodPut, "addons/hcx", 1)
	hcx := &v1alpha1.Addon{ObjectMeta: w.Meta("hcx"),
		Spec: v1alpha1.AddonSpec{PrivateCloudRef: w.inCloud(), HCX: &v1alpha1.AddonHCX{Offer: "VMware MaaS Cloud Provider (Enterprise)"}}}
	cluster.Create(t, hcx)
	cluster.WaitNotReady(t, hcx, v1alpha1.ReasonOperationFailed, v1alpha1.AnnotationReconcileRequestedAt)
	cluster.WaitNotReady(t, site, v1alpha1.ReasonReferenceNotReady, "needs somebody first: it is in state Failed")
	env.Edit(t, cluster, hcx, func(a *v1alpha1.Addon) { a.Annotations[v1alpha1.AnnotationReconcileRequestedAt] = "again" })
	cluster.WaitReady(t, hcx)
	cluster.WaitReady(t, site)
	w.wrote(t, "PUT weu/addons/hcx", "PUT weu/addons/hcx", "PUT weu/hcxenterprisesites/oslo")
	key := fmt.Sprint(w.InAzure("/hcxEnterpriseSites/oslo", "properties", "activationKey"))
	if got := w.secret(t, "oslo-hcx")["activationKey"]; got != key || site.Status.Status != "Available" {
		t.Errorf("the Secret has %q, Azure %q; status is %+v", got, key, site.Status)
	}
	hides(t, site, key)
	cluster.Remove(t, site)
	if w.InAzure("/hcxEnterpriseSites/oslo") != nil {
		t.Error("the site is still there")
	}
	w.noneRefused(t)
}

func TestKeysOfExpressRouteGoIntoSecretsAndNowhereElse(t *testing.T) {
	t.Parallel()
	w := newWorld(t, fast, false)
	authorization := &v1alpha1.ExpressRouteAuthorization{ObjectMeta: w.Meta("hub"),
		Spec: v1alpha1.ExpressRouteAuthorizationSpec{PrivateCloudRef: w.inCloud(), SecretName: "hub-key"}}
	const peerKey = "5f0c1d2e-aaaa-bbbb-cccc-0123456789ab"
	connection := &v1alpha1.GlobalReachConnection{ObjectMeta: w.Meta("oslo"), Spec: v1alpha1.GlobalReachConnectionSpec{
		PrivateCloudRef: w.inCloud(), PeerExpressRouteCircuitID: circuits + "oslo",
		AuthorizationKeySecretRef: &v1alpha1.SecretKeyReference{Name: "oslo-circuit", Key: "authorizationKey"},
	}}
	cluster.Create(t, authorization, connection)
	cluster.WaitReady(t, authorization)
	cluster.WaitNotReady(t, connection, v1alpha1.ReasonReferenceNotFound, "oslo-circuit")
	cluster.Create(t, &corev1.Secret{ObjectMeta: usable(w.Meta("oslo-circuit")), StringData: map[string]string{"authorizationKey": peerKey}})
	cluster.WaitReady(t, connection)
	secret := w.secret(t, "hub-key")
	key := fmt.Sprint(w.InAzure("/authorizations/hub", "properties", "expressRouteAuthorizationKey"))
	if secret["expressRouteAuthorizationKey"] != key || secret["expressRouteAuthorizationID"] != authorization.Status.ExpressRouteAuthorizationID ||
		!strings.HasPrefix(secret["expressRouteAuthorizationID"], secret["expressRouteID"]+"/") || len(secret) != 3 {
		t.Errorf("the Secret has %v, status %+v", secret, authorization.Status)
	}
	hides(t, authorization, key)
	hides(t, connection, peerKey)
	if got := w.InAzure("/globalReachConnections/oslo", "properties", "authorizationKey"); got != peerKey {
		t.Errorf("Azure was given the key %v", got)
	}
	if connection.Status.CircuitConnectionStatus != "Connected" || connection.Status.AddressPrefix == "" {
		t.Errorf("status is %+v", connection.Status)
	}
	env.Edit(t, cluster, authorization, func(a *v1alpha1.ExpressRouteAuthorization) { a.Spec.DeletionPolicy = v1alpha1.DeletionPolicyRetain })
	cluster.WaitReady(t, authorization)
	cluster.Remove(t, authorization)
	if got := w.secret(t, "hub-key")["expressRouteAuthorizationKey"]; got != key || w.InAzure("/authorizations/hub") == nil {
		t.Errorf("with Retain the key stays good and stays there: %q", got)
	}
	w.noneRefused(t)
}

func TestACloudLinkWaitsForTheOtherCloudAndLinksNoCloudToItself(t *testing.T) {
	t.Parallel()
	w := newWorld(t, fast, false)
	link := func(name string, spec v1alpha1.CloudLinkSpec) *v1alpha1.CloudLink {
		spec.PrivateCloudRef = w.inCloud()
		return &v1alpha1.CloudLink{ObjectMeta: w.Meta(name), Spec: spec}
	}
	other := link("other", v1alpha1.CloudLinkSpec{LinkedCloudRef: &v1alpha1.ParentReference{Name: "weu-test"}})
	itself := link("itself", v1alpha1.CloudLinkSpec{LinkedCloudID: strings.ToUpper(w.Azure.PrivateCloudID("weu")[:1]) + w.Azure.PrivateCloudID("weu")[1:]})
	far := link("far", v1alpha1.CloudLinkSpec{LinkedCloudRef: &v1alpha1.ParentReference{Name: "neu"}})
	cluster.Create(t, other, itself, far)
	cluster.WaitNotReady(t, other, v1alpha1.ReasonReferenceNotFound, "weu-test")
	cluster.WaitNotReady(t, itself, v1alpha1.ReasonInvalidSpec, "itself")
	second, north := harness.PrivateCloud(w.Namespace, "weu-test"), harness.PrivateCloud(w.Namespace, "neu")
	second.Spec.NetworkBlock, second.Spec.Location = "10.180.0.0/22", "West Europe"
	north.Spec.NetworkBlock, north.Spec.Location, north.Spec.Suspend = "10.184.0.0/22", "northeurope", true
	cluster.Create(t, second, north)
	cluster.WaitReady(t, second)
	cluster.WaitReady(t, other)
	if !strings.EqualFold(other.Status.LinkedCloudID, second.Status.ID) || other.Status.Status != "Active" {
		t.Errorf("status is %+v", other.Status)
	}
	cluster.WaitNotReady(t, far, v1alpha1.ReasonInvalidSpec, "northeurope", "use a GlobalReachConnection")
	// What the messages say is done: another cloud is named, and one in another region is joined otherwise.
	cluster.Remove(t, other)
	env.Edit(t, cluster, itself, func(l *v1alpha1.CloudLink) { l.Spec.LinkedCloudID = second.Status.ID })
	cluster.WaitReady(t, itself)
	cluster.Remove(t, far)
	env.Edit(t, cluster, north, func(c *v1alpha1.PrivateCloud) { c.Spec.Suspend = false })
	key := &v1alpha1.ExpressRouteAuthorization{ObjectMeta: w.Meta("from-weu"),
		Spec: v1alpha1.ExpressRouteAuthorizationSpec{PrivateCloudRef: v1alpha1.ParentReference{Name: "neu"}, SecretName: "from-weu"}}
	reach := &v1alpha1.GlobalReachConnection{ObjectMeta: w.Meta("far"),
		Spec: v1alpha1.GlobalReachConnectionSpec{PrivateCloudRef: w.inCloud(), Peer: &v1alpha1.GlobalReachPeer{
			PrivateCloudRef: v1alpha1.ParentReference{Name: "neu"}, AuthorizationRef: &v1alpha1.ObjectReference{Name: key.Name},
		}}}
	cluster.Create(t, key, reach)
	cluster.WaitReady(t, reach)
	w.noneRefused(t)
}
