// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package security

import (
	"context"
	"fmt"
	"slices"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/test/env"
	"github.com/avs-operator/avs-operator/test/harness"
)

// held waits until an object is, or is not, kept from going.
func held(t *testing.T, object client.Object, want bool) {
	t.Helper()
	cluster.Eventually(t, patience, fmt.Sprintf("%T %s to be held: %v", object, object.GetName(), want), func(ctx context.Context) error {
		if err := cluster.Admin.Get(ctx, client.ObjectKeyFromObject(object), object); err != nil {
			return err
		}
		if is := slices.Contains(object.GetFinalizers(), v1alpha1.FinalizerInUse); is != want {
			return fmt.Errorf("finalizers are %v", object.GetFinalizers())
		}
		return nil
	})
}

// What an identity needs to the end is held while it refers to it, and not a moment longer; and nobody can have another's object held.
func TestOnlyWhatIsUsedIsHeld(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.start(t)
	cloud := harness.PrivateCloud(w.theirs, theirCloud)
	cloud.Spec.DeletionPolicy = v1alpha1.DeletionPolicyDelete
	cluster.Create(t, cloud)
	cluster.WaitReady(t, cloud)
	meta := func(name string) metav1.ObjectMeta { return metav1.ObjectMeta{Namespace: w.theirs, Name: name} }
	first, firstCA := &corev1.Secret{ObjectMeta: meta("azure-client-secret")}, &corev1.ConfigMap{ObjectMeta: meta("azure-ca")}
	held(t, first, true)
	held(t, firstCA, true)

	// Another Secret, another CA: the first are let go.
	second := &corev1.Secret{ObjectMeta: meta("another"), Type: v1alpha1.SecretTypeAzure, StringData: map[string]string{"clientSecret": harness.ClientSecret}}
	secondCA := &corev1.ConfigMap{ObjectMeta: meta("another-ca"), Data: firstCA.Data}
	settings := &corev1.ConfigMap{ObjectMeta: meta("settings"), Data: map[string]string{"ca.crt": "no certificate"}}
	cluster.Create(t, second, secondCA, settings)
	identity := harness.IdentityOf(w.Azure.Identity(w.theirs))
	env.Edit(t, cluster, identity, func(i *v1alpha1.AzureIdentity) {
		i.Spec.ClientSecretRef.Name, i.Spec.Cloud.Endpoints.CARef.Name = second.Name, secondCA.Name
	})
	held(t, second, true)
	held(t, secondCA, true)
	held(t, first, false)
	held(t, firstCA, false)
	cluster.WaitReady(t, identity)

	// What was made for something else is not held, whoever names it.
	mallory := as(t, w.theirs, editor, privileged)
	patch := func(spec string) {
		t.Helper()
		cluster.Eventually(t, patience, "the attacker's edit", func(ctx context.Context) error {
			return mallory.Patch(ctx, identity, client.RawPatch("application/merge-patch+json", []byte(`{"spec":`+spec+`}`)))
		})
	}
	patch(`{"clientSecretRef":{"name":"database","key":"password"}}`)
	cluster.WaitStalled(t, identity, v1alpha1.ReasonSecretNotPermitted)
	held(t, second, false)
	held(t, &corev1.Secret{ObjectMeta: meta("database")}, false)
	patch(`{"clientSecretRef":{"name":"another","key":"clientSecret"},"cloud":{"endpoints":{"caRef":{"kind":"ConfigMap","name":"settings"}}}}`)
	cluster.WaitStalled(t, identity, v1alpha1.ReasonInvalidSpec)
	held(t, second, true)
	held(t, secondCA, false)
	held(t, settings, false)

	// Nothing must be deleted with it any more, so nothing is held.
	patch(`{"cloud":{"endpoints":{"caRef":{"name":"another-ca"}}}}`)
	held(t, secondCA, true)
	cluster.WaitReady(t, identity)
	env.Edit(t, cluster, cloud, func(c *v1alpha1.PrivateCloud) { c.Spec.DeletionPolicy = v1alpha1.DeletionPolicyRetain })
	held(t, identity, false)
	held(t, second, false)
	held(t, secondCA, false)
}
