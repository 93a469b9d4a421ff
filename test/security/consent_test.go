// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package security

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	azurekinds "github.com/avs-operator/avs-operator/controllers/azure/kinds"
	"github.com/avs-operator/avs-operator/test/env"
	"github.com/avs-operator/avs-operator/test/harness"
)

// A namespace that may have segments in a private cloud has no hosts, no scripts and no mirrors there, and one that may have scripts has those.
func TestConsentIsForKinds(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.start(t)
	cloud := w.privateCloud(t, w.others, "weu", "10.175.0.0/22")
	env.Edit(t, cluster, cloud, func(c *v1alpha1.PrivateCloud) {
		c.Spec.AllowedNamespaces = []v1alpha1.AllowedNamespace{{Name: w.theirs}}
	})
	in := v1alpha1.ParentReference{Namespace: w.others, Name: "weu"}
	meta := func(name string) metav1.ObjectMeta { return metav1.ObjectMeta{Namespace: w.theirs, Name: name} }
	segment := &v1alpha1.Segment{ObjectMeta: meta("web"),
		Spec: v1alpha1.SegmentSpec{PrivateCloudRef: in, Subnet: &v1alpha1.SegmentSubnet{GatewayAddress: "10.60.7.1/24"}}}
	script := &v1alpha1.ScriptExecution{ObjectMeta: meta("root"), Spec: v1alpha1.ScriptExecutionSpec{
		PrivateCloudRef: in, ScriptPackage: "Microsoft.AVS.Management", ScriptCmdlet: "Get-StoragePolicies", TimeoutSeconds: 900}}
	refused := map[string]client.Object{
		"Cluster": &v1alpha1.Cluster{ObjectMeta: meta("hosts"), Spec: v1alpha1.ClusterSpec{PrivateCloudRef: in, SKU: "av36p", ClusterSize: ptr.To[int32](3)}},
		"PortMirroringProfile": &v1alpha1.PortMirroringProfile{ObjectMeta: meta("ear"), Spec: v1alpha1.PortMirroringProfileSpec{
			PrivateCloudRef: in, Direction: "INGRESS", Source: "web", Destination: "ear"}},
		"ScriptExecution": script,
	}
	mallory := as(t, w.theirs, editor, privileged)
	create(t, mallory, segment)
	cluster.WaitReady(t, segment)
	w.remember(t)
	for kind, object := range refused {
		create(t, mallory, object)
		env.Says(t, cluster.WaitStalled(t, object, v1alpha1.ReasonReferenceNotPermitted), "spec.allowedNamespaces must have {name: "+w.theirs+", kinds: ["+kind+"]}")
	}
	w.unharmed(t)
	w.discreet(t)
	env.Edit(t, cluster, cloud, func(c *v1alpha1.PrivateCloud) {
		c.Spec.AllowedNamespaces = []v1alpha1.AllowedNamespace{{Name: "*", Kinds: []v1alpha1.AllowedKind{"ScriptExecution"}}}
	})
	cluster.WaitReady(t, script)
	cluster.WaitStalled(t, segment, v1alpha1.ReasonReferenceNotPermitted)
}

// A private cloud is joined with one of another namespace only if that one's owner lets it be.
func TestAPeerIsJoinedWithConsentOnly(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.start(t)
	peer := w.privateCloud(t, w.others, "weu", "10.175.0.0/22")
	w.privateCloud(t, w.theirs, "mine", "10.180.0.0/22")
	key := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: w.theirs, Name: "guessed", Labels: map[string]string{v1alpha1.LabelUse: v1alpha1.UseAllowed}},
		StringData: map[string]string{"key": "guessed"}}
	reach := &v1alpha1.GlobalReachConnection{ObjectMeta: metav1.ObjectMeta{Namespace: w.theirs, Name: "theirs"}, Spec: v1alpha1.GlobalReachConnectionSpec{
		PrivateCloudRef:           v1alpha1.ParentReference{Name: "mine"},
		Peer:                      &v1alpha1.GlobalReachPeer{PrivateCloudRef: v1alpha1.ParentReference{Namespace: w.others, Name: "weu"}},
		AuthorizationKeySecretRef: &v1alpha1.SecretKeyReference{Name: "guessed", Key: "key"},
	}}
	w.remember(t)
	create(t, as(t, w.theirs, "edit"), key)
	mallory := as(t, w.theirs, editor, privileged)
	create(t, mallory, reach)
	env.Says(t, cluster.WaitStalled(t, reach, v1alpha1.ReasonReferenceNotPermitted),
		"spec.allowedNamespaces must have {name: "+w.theirs+", kinds: [GlobalReachConnection]}")
	if text, _ := json.Marshal(reach); strings.Contains(string(text), peer.Status.Circuit.ExpressRouteID) {
		t.Error("it learned the id of a circuit")
	}
	w.unharmed(t)
	in := v1alpha1.ParentReference{Namespace: w.others, Name: "weu"}
	authorization := &v1alpha1.ExpressRouteAuthorization{ObjectMeta: metav1.ObjectMeta{Namespace: w.theirs, Name: "at-weu"},
		Spec: v1alpha1.ExpressRouteAuthorizationSpec{PrivateCloudRef: in, SecretName: "at-weu"}}
	joined := reach.DeepCopy()
	joined.ObjectMeta = metav1.ObjectMeta{Namespace: w.theirs, Name: "joined"}
	joined.Spec.AuthorizationKeySecretRef, joined.Spec.Peer.AuthorizationRef = nil, &v1alpha1.ObjectReference{Name: "at-weu"}
	cluster.Remove(t, reach)
	create(t, mallory, joined, authorization)
	cluster.WaitStalled(t, authorization, v1alpha1.ReasonReferenceNotPermitted)
	env.Edit(t, cluster, peer, func(c *v1alpha1.PrivateCloud) {
		c.Spec.AllowedNamespaces = []v1alpha1.AllowedNamespace{{Name: w.theirs, Kinds: []v1alpha1.AllowedKind{"GlobalReachConnection", "ExpressRouteAuthorization"}}}
	})
	cluster.WaitReady(t, joined)
}

// The kinds that may be consented to are those that there are.
func TestConsentNamesEveryKind(t *testing.T) {
	t.Parallel()
	content, err := os.ReadFile("../../config/crd/bases/avs-operator.io_privateclouds.yaml")
	crd := &apiextensionsv1.CustomResourceDefinition{}
	if err := errors.Join(err, yaml.Unmarshal(content, crd)); err != nil {
		t.Fatal(err)
	}
	allowed := crd.Spec.Versions[0].Schema.OpenAPIV3Schema.Properties["spec"].Properties["allowedNamespaces"]
	var got []string
	for _, value := range allowed.Items.Schema.Properties["kinds"].Items.Schema.Enum {
		got = append(got, strings.Trim(string(value.Raw), `"`))
	}
	want := []string{"*", "MaintenancePolicy"}
	for _, kind := range azurekinds.All {
		if kind.Name != "PrivateCloud" {
			want = append(want, kind.Name)
		}
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("may be consented to:\n%v\nthere are:\n%v", got, want)
	}
}

// An object that nobody consented to learns no id, is nobody's older owner, keeps no address from others, and holds no deletion up.
func TestWithoutConsentAnObjectCountsForNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.start(t)
	cloud := w.privateCloud(t, w.others, "weu", "10.175.0.0/22")
	meta := func(namespace, name string) metav1.ObjectMeta {
		return metav1.ObjectMeta{Namespace: namespace, Name: name}
	}
	segment := func(namespace, name string) *v1alpha1.Segment {
		return &v1alpha1.Segment{ObjectMeta: meta(namespace, name), Spec: v1alpha1.SegmentSpec{AzureSpec: v1alpha1.AzureSpec{AzureName: "web"},
			PrivateCloudRef: v1alpha1.ParentReference{Namespace: w.others, Name: "weu"}, Subnet: &v1alpha1.SegmentSubnet{GatewayAddress: "10.60.7.1/24"}}}
	}

	// The attacker is first, and even writes the marks of what another will make.
	mallory := as(t, w.theirs, editor, privileged)
	marked := segment(w.theirs, "marked")
	marked.Annotations = map[string]string{v1alpha1.AnnotationAzureID: cloud.Status.ID + "/workloadNetworks/default/segments/web"}
	marked.Finalizers = []string{v1alpha1.Finalizer}
	plain := segment(w.theirs, "plain")
	hosts := &v1alpha1.Cluster{ObjectMeta: meta(w.theirs, "hosts"),
		Spec: v1alpha1.ClusterSpec{PrivateCloudRef: plain.Spec.PrivateCloudRef, SKU: "av36p", ClusterSize: ptr.To[int32](3)}}
	bogus := harness.IdentityOf(w.Azure.Identity(w.theirs))
	bogus.Name, bogus.Spec.ClientSecretRef.Name = "bogus", "bogus"
	squatter := harness.PrivateCloud(w.theirs, "squatter")
	squatter.Spec.AzureName, squatter.Spec.NetworkBlock, squatter.Spec.IdentityRef = "later", "10.176.0.0/22", &v1alpha1.ObjectReference{Name: "bogus"}
	create(t, restorer(t, w.theirs), marked)
	create(t, as(t, w.theirs, "edit"),
		&corev1.Secret{ObjectMeta: meta(w.theirs, "bogus"), Type: v1alpha1.SecretTypeAzure, StringData: map[string]string{"clientSecret": "wrong"}})
	create(t, mallory, plain, hosts, bogus, squatter)
	for _, object := range []client.Object{marked, plain, hosts} {
		cluster.WaitStalled(t, object, v1alpha1.ReasonReferenceNotPermitted)
		text, _ := json.Marshal(object)
		var read struct{ Status map[string]any }
		if err := json.Unmarshal(text, &read); err != nil {
			t.Fatal(err)
		}
		if status := fmt.Sprint(read.Status); strings.Contains(strings.ToLower(status), "/subscriptions/") {
			t.Errorf("%s learned an id: %s", object.GetName(), status)
		}
	}
	cluster.WaitStalled(t, squatter, v1alpha1.ReasonCredentialsInvalid)

	// Whoever may gets it all the same.
	web, later := segment(w.others, "web"), harness.PrivateCloud(w.others, "later")
	later.Spec.NetworkBlock = "10.176.0.0/22"
	cluster.Create(t, web, later)
	cluster.WaitReady(t, web)
	cluster.WaitReady(t, later)

	// And deletes it.
	env.Edit(t, cluster, cloud, func(c *v1alpha1.PrivateCloud) {
		c.Spec.DeletionPolicy = v1alpha1.DeletionPolicyDelete
		c.Annotations[v1alpha1.AnnotationConfirmDelete], c.Annotations[v1alpha1.AnnotationConfirmMachines] = "weu", "weu"
	})
	cluster.Delete(t, web)
	cluster.Delete(t, cloud)
	cluster.WaitGone(t, patience, web)
	cluster.WaitGone(t, patience, cloud)
	w.discreet(t)
}
