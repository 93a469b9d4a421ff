// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package azure

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers"
	"github.com/avs-operator/avs-operator/controllers/arm"
	"github.com/avs-operator/avs-operator/controllers/connect/identities"
	"github.com/avs-operator/avs-operator/controllers/connect/secrets"
	"github.com/avs-operator/avs-operator/test/env"
	"github.com/avs-operator/avs-operator/test/harness"
)

// exported reads a Secret that the operator wrote.
func (w *world) exported(t *testing.T, name string) *corev1.Secret {
	t.Helper()
	secret := &corev1.Secret{}
	if err := cluster.Admin.Get(t.Context(), client.ObjectKey{Namespace: w.Namespace, Name: name}, secret); err != nil {
		t.Fatal(err)
	}
	return secret
}

// becomes waits until a Secret has exactly these values.
func (w *world) becomes(t *testing.T, name string, want map[string][]byte) {
	t.Helper()
	cluster.Eventually(t, soon, "Secret "+name+" to have what Azure has", func(ctx context.Context) error {
		secret := &corev1.Secret{}
		if err := cluster.Admin.Get(ctx, client.ObjectKey{Namespace: w.Namespace, Name: name}, secret); err != nil {
			return err
		}
		if len(secret.Data) != len(want) {
			return fmt.Errorf("%d values, not %d", len(secret.Data), len(want))
		}
		for key, value := range want {
			if string(secret.Data[key]) != string(value) {
				return errors.New("another value under " + key)
			}
		}
		return nil
	})
}

// asked counts how often Azure was asked for the accounts of the private cloud.
func (w *world) asked() (n int) {
	for _, r := range w.Azure.Requests() {
		if strings.HasSuffix(strings.ToLower(r.Path), "/listadmincredentials") {
			n++
		}
	}
	return n
}

func (w *world) key(name, secret string) *v1alpha1.ExpressRouteAuthorization {
	return &v1alpha1.ExpressRouteAuthorization{ObjectMeta: metav1.ObjectMeta{Namespace: w.Namespace, Name: name},
		Spec: v1alpha1.ExpressRouteAuthorizationSpec{PrivateCloudRef: v1alpha1.ParentReference{Name: "weu"}, SecretName: secret}}
}

// What somebody does to a Secret that the operator wrote is put right: a value that is changed, added or taken out, and the whole of it. Azure is
// asked once for each, and not at all while the values are what was written.
func TestAnExportedSecretThatSomebodyEditedIsPutRight(t *testing.T) {
	t.Parallel()
	w := newWorld(t, fast)
	cloud := harness.PrivateCloud(w.Namespace, "weu")
	cloud.Spec.Credentials = &v1alpha1.PrivateCloudCredentials{SecretName: "weu-admin"}
	key := w.key("hub", "hub-key")
	cluster.Create(t, cloud, key)
	cluster.WaitReady(t, cloud)
	cluster.WaitReady(t, key)
	for _, name := range []string{"weu-admin", "hub-key"} {
		secret := w.exported(t, name)
		right, asked := secret.Data, w.asked()
		some := "vcenterPassword"
		if name == "hub-key" {
			some = "expressRouteAuthorizationKey"
		}
		for _, edit := range []string{
			fmt.Sprintf(`{"data":{%q:"bWluZQ=="}}`, some), fmt.Sprintf(`{"data":{%q:null}}`, some), `{"data":{"more":"bWluZQ=="}}`,
			`{"metadata":{"ownerReferences":null}}`,
		} {
			if err := cluster.Admin.Patch(t.Context(), secretOf(secret), client.RawPatch("application/merge-patch+json", []byte(edit))); err != nil {
				t.Fatal(err)
			}
			w.becomes(t, name, right)
		}
		cluster.Eventually(t, soon, "its owner", func(context.Context) error {
			if metav1.GetControllerOf(w.exported(t, name)) == nil {
				return errors.New("none")
			}
			return nil
		})
		if err := cluster.Admin.Delete(t.Context(), secretOf(secret)); err != nil {
			t.Fatal(err)
		}
		w.becomes(t, name, right)
		if name == "weu-admin" && w.asked() != asked+4 {
			t.Errorf("Azure was asked %d times for the accounts, for four edits", w.asked()-asked)
		}
	}
	asked := w.asked()
	env.Edit(t, cluster, secretOf(w.exported(t, "weu-admin")), func(s *corev1.Secret) { s.Labels["team"] = "platform" })
	env.Edit(t, cluster, cloud, func(c *v1alpha1.PrivateCloud) { c.Spec.Internet = "Enabled" })
	cluster.WaitReady(t, cloud)
	time.Sleep(time.Second)
	if w.asked() != asked || w.exported(t, "weu-admin").Labels["team"] != "platform" {
		t.Errorf("for a label Azure was asked %d times", w.asked()-asked)
	}
	cluster.WaitReady(t, key)
}

// Two who write against each other do so once a minute and not without end: the second edit stays for that long, and is put right then.
func TestWhoeverWritesAgainstTheOperatorIsAnsweredOnceAMinute(t *testing.T) {
	t.Parallel()
	w := newWorld(t, fast)
	key := w.key("hub", "hub-key")
	cluster.Create(t, harness.PrivateCloud(w.Namespace, "weu"), key)
	cluster.WaitReady(t, key)
	w.Operator.Stop(t)
	w.Speed = 15 // a minute is four seconds
	w.StartOperator(t)
	secret := w.exported(t, "hub-key")
	right := secret.Data
	edit := func() {
		t.Helper()
		if err := cluster.Admin.Patch(t.Context(), secretOf(secret),
			client.RawPatch("application/merge-patch+json", []byte(`{"data":{"more":"bWluZQ=="}}`))); err != nil {
			t.Fatal(err)
		}
	}
	edit()
	w.becomes(t, "hub-key", right)
	mended := time.Now()
	edit()
	w.becomes(t, "hub-key", right)
	if took := time.Since(mended); took < 2*time.Second {
		t.Errorf("the second edit was put right after %s", took)
	}
}

func secretOf(secret *corev1.Secret) *corev1.Secret {
	return &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: secret.Namespace, Name: secret.Name}}
}

// A Secret that Retain left is taken up by the object that takes up its resource, whatever that is called, and what was edited meanwhile is put
// right. An object of another resource leaves it alone.
func TestASecretThatRetainLeftIsTakenUpWithItsResource(t *testing.T) {
	t.Parallel()
	w := newWorld(t, fast)
	key := w.key("hub", "hub-key")
	key.Spec.DeletionPolicy = v1alpha1.DeletionPolicyRetain
	cluster.Create(t, harness.PrivateCloud(w.Namespace, "weu"), key)
	cluster.WaitReady(t, key)
	right := w.exported(t, "hub-key").Data
	cluster.Remove(t, key)
	left := w.exported(t, "hub-key")
	if len(left.OwnerReferences) > 0 {
		t.Fatalf("its owners: %v", left.OwnerReferences)
	}
	other := w.key("spoke", "hub-key")
	cluster.Create(t, other)
	env.Says(t, cluster.WaitStalled(t, other, v1alpha1.ReasonSecretNotOwned), "hub-key", "secretName")
	if err := cluster.Admin.Patch(t.Context(), secretOf(left),
		client.RawPatch("application/merge-patch+json", []byte(`{"data":{"expressRouteAuthorizationKey":"bWluZQ=="}}`))); err != nil {
		t.Fatal(err)
	}
	again := w.key("hub-again", "hub-key")
	again.Spec.AzureName = "hub"
	cluster.Create(t, again)
	cluster.WaitReady(t, again)
	w.becomes(t, "hub-key", right)
	if taken := w.exported(t, "hub-key"); !metav1.IsControlledBy(taken, again) || taken.UID != left.UID {
		t.Errorf("its owners: %v", taken.OwnerReferences)
	}
}

// A password that was changed in the portal is in the Secret after the next request to look.
func TestARequestToLookRefreshesTheExportedSecret(t *testing.T) {
	t.Parallel()
	w := newWorld(t, fast)
	cloud := harness.PrivateCloud(w.Namespace, "weu")
	cloud.Spec.Credentials = &v1alpha1.PrivateCloudCredentials{SecretName: "weu-admin"}
	cluster.Create(t, cloud)
	cluster.WaitReady(t, cloud)
	before := w.exported(t, "weu-admin").Data
	portal, _, o := identities.New(identities.Options{
		Client: cluster.Admin, Live: secrets.Live{Reader: cluster.Admin}, Pace: fast, AllowedEndpoints: []string{"127.0.0.1"}, // where the simulator serves
	}).Client(t.Context(), w.Namespace, nil)
	if o != nil {
		t.Fatal(o.Message)
	}
	id := arm.ID(w.Azure.PrivateCloudID("weu"))
	if _, err := portal.Begin(t.Context(), arm.Write{ID: id, Types: []string{id.Type()}, Verb: arm.POST, Action: "rotateNsxtPassword",
		OperationID: "by-hand", Deadline: time.Now().Add(time.Minute)}); err != nil {
		t.Fatal(err)
	}
	for n := 0; string(w.exported(t, "weu-admin").Data["nsxtPassword"]) == string(before["nsxtPassword"]); n++ {
		if n > 100 {
			t.Fatal("the Secret has the old password of NSX still")
		}
		env.Edit(t, cluster, cloud, func(c *v1alpha1.PrivateCloud) {
			c.Annotations[v1alpha1.AnnotationReconcileRequestedAt] = fmt.Sprint(n)
		})
		time.Sleep(200 * time.Millisecond)
	}
	if string(w.exported(t, "weu-admin").Data["vcenterPassword"]) != string(before["vcenterPassword"]) {
		t.Error("the password of vCenter changed too")
	}
}

// The operator's own Secret, by which it tells whether a value has changed, lost its value: it says so, and makes another when that one is deleted.
func TestASecretOfFingerprintsWithoutItsValueIsMadeAnew(t *testing.T) {
	t.Parallel()
	w := quiet(t, fast)
	of := func(name string) metav1.ObjectMeta { return metav1.ObjectMeta{Namespace: w.Namespace, Name: name} }
	emptied := &corev1.Secret{ObjectMeta: of("avs-operator-fingerprints"), Data: map[string][]byte{"another": []byte("value")}}
	key := &corev1.Secret{ObjectMeta: of("peer"), StringData: map[string]string{"key": "a-key"}}
	key.Labels = map[string]string{v1alpha1.LabelUse: v1alpha1.UseAllowed}
	reach := &v1alpha1.GlobalReachConnection{ObjectMeta: of("oslo"), Spec: v1alpha1.GlobalReachConnectionSpec{
		PrivateCloudRef: v1alpha1.ParentReference{Name: "weu"}, AuthorizationKeySecretRef: &v1alpha1.SecretKeyReference{Name: "peer", Key: "key"},
		PeerExpressRouteCircuitID: "/subscriptions/" + w.Azure.SubscriptionID + "/resourceGroups/rg-avs/providers/Microsoft.Network/expressRouteCircuits/oslo",
	}}
	cluster.Create(t, append(w.Azure.Identity(w.Namespace), emptied, key, harness.PrivateCloud(w.Namespace, "weu"), reach)...)
	w.StartOperator(t, func(o *controllers.Options) { o.Namespace = w.Namespace })
	cluster.WaitNotReady(t, reach, v1alpha1.ReasonTransient, "avs-operator-fingerprints has no value", "delete the Secret to have a new one made")
	cluster.Delete(t, emptied)
	cluster.WaitReady(t, reach)
	if made := w.exported(t, emptied.Name); len(made.Data) != 1 {
		t.Errorf("the new Secret has %d values", len(made.Data))
	}
}
