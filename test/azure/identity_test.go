// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package azure

import (
	"context"
	"crypto/x509"
	"fmt"
	"slices"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers"
	"github.com/avs-operator/avs-operator/controllers/azure/kind"
	"github.com/avs-operator/avs-operator/test/armsim"
	"github.com/avs-operator/avs-operator/test/env"
	"github.com/avs-operator/avs-operator/test/harness"
)

func TestIdentityByCertificate(t *testing.T) {
	t.Parallel()
	certificate, both := harness.Certificate(t, 1)
	w := quiet(t, fast, func(c *armsim.Config) { c.Tenants[0].Applications[0].Certificates = []*x509.Certificate{certificate} })
	w.StartOperator(t)
	objects := w.Azure.Identity(w.Namespace)
	secret, identity := harness.ClientSecretOf(objects), harness.IdentityOf(objects)
	secret.StringData = map[string]string{"tls.pem": both}
	identity.Spec.ClientSecretRef, identity.Spec.ClientCertificateRef = nil, &v1alpha1.SecretKeyReference{Name: secret.Name, Key: "tls.pem"}
	cloud := harness.PrivateCloud(w.Namespace, "weu")
	cluster.Create(t, append(objects, cloud)...)
	cluster.WaitReady(t, identity)
	if identity.Status.SubscriptionName != "Production" {
		t.Errorf("the subscription's name is %q", identity.Status.SubscriptionName)
	}
	cluster.WaitReady(t, cloud)
}

// federated is an identity of the ServiceAccount mover, which Entra trusts by the API server's own keys.
func federated(t *testing.T, subject func(namespace string) string) (*world, *v1alpha1.AzureIdentity) {
	t.Helper()
	w := &world{harness.NewWorld(t, cluster, fast)}
	w.Azure = harness.StartAzure(t, fast, func(c *armsim.Config) {
		c.NoVCenters = true
		c.Tenants[0].Applications[0].Secrets = nil
		c.Tenants[0].Applications[0].Federated = []armsim.FederatedCredential{{
			Issuer: cluster.ControlPlane.Issuer(), Subject: subject(w.Namespace), Keys: cluster.ControlPlane.JWKS,
		}}
	})
	objects := w.Azure.Identity(w.Namespace)
	identity := harness.IdentityOf(objects)
	identity.Spec.ClientSecretRef, identity.Spec.ServiceAccountRef = nil, &v1alpha1.ObjectReference{Name: "mover"}
	cluster.Create(t, append(harness.Assumable(w.Namespace, "mover"), objects[1], identity)...)
	return w, identity
}

func TestIdentityByServiceAccount(t *testing.T) {
	t.Parallel()
	w, identity := federated(t, func(namespace string) string { return "system:serviceaccount:" + namespace + ":mover" })
	w.StartOperator(t)
	cloud := harness.PrivateCloud(w.Namespace, "weu")
	cluster.Create(t, cloud)
	cluster.WaitReady(t, identity)
	cluster.WaitReady(t, cloud)
}

func TestIdentityOfAnotherServiceAccountIsRefused(t *testing.T) {
	t.Parallel()
	w, identity := federated(t, func(namespace string) string { return "system:serviceaccount:" + namespace + ":somebody-else" })
	w.StartOperator(t)
	env.Says(t, cluster.WaitStalled(t, identity, v1alpha1.ReasonCredentialsInvalid), "AADSTS", "correct the credential")
}

// A token goes to no host that a namespace chose.
func TestTokensDoNotGoToForeignHosts(t *testing.T) {
	t.Parallel()
	w, identity := federated(t, func(namespace string) string { return "system:serviceaccount:" + namespace + ":mover" })
	w.StartOperator(t, func(o *controllers.Options) { o.AllowedEndpoints = nil })
	env.Says(t, cluster.WaitStalled(t, identity, v1alpha1.ReasonEndpointNotAllowed), "--allowed-endpoints", "127.0.0.1")
	if n := len(w.Azure.Requests()); n != 0 {
		t.Errorf("%d requests went to a host that is not allowed", n)
	}
}

func TestOperatorsOwnIdentityIsNotForEveryNamespace(t *testing.T) {
	t.Parallel()
	w := quiet(t, fast)
	w.StartOperator(t)
	objects := w.Azure.Identity(w.Namespace)
	identity := harness.IdentityOf(objects)
	own := identity.Spec.ClientSecretRef
	identity.Spec.ClientSecretRef, identity.Spec.Operator = nil, &v1alpha1.OperatorIdentity{}
	cluster.Create(t, objects...)
	env.Says(t, cluster.WaitStalled(t, identity, v1alpha1.ReasonReferenceNotPermitted), "use a credential of this namespace",
		"--operator-identity-namespaces", w.Namespace)
	if n := len(w.Azure.Requests()); n != 0 {
		t.Errorf("%d requests were made with the operator's identity", n)
	}
	env.Edit(t, cluster, identity, func(i *v1alpha1.AzureIdentity) { i.Spec.Operator, i.Spec.ClientSecretRef = nil, own })
	cluster.WaitReady(t, identity)
}

// In a namespace that may use it, the operator's own identity is what its environment says, here a client secret.
func TestOperatorsOwnIdentity(t *testing.T) {
	w := quiet(t, fast)
	t.Setenv("AZURE_TENANT_ID", harness.TenantID)
	t.Setenv("AZURE_CLIENT_ID", harness.ClientID)
	t.Setenv("AZURE_CLIENT_SECRET", harness.ClientSecret)
	w.StartOperator(t) // without the flag that its message names
	objects := w.Azure.Identity(w.Namespace)
	identity := harness.IdentityOf(objects)
	identity.Spec = v1alpha1.AzureIdentitySpec{SubscriptionID: w.Azure.SubscriptionID, ResourceGroup: harness.ResourceGroup, Cloud: identity.Spec.Cloud,
		Operator: &v1alpha1.OperatorIdentity{}}
	cloud := harness.PrivateCloud(w.Namespace, "weu")
	cluster.Create(t, objects[1], identity, cloud)
	cluster.WaitStalled(t, identity, v1alpha1.ReasonReferenceNotPermitted)
	w.Operator.Stop(t)
	w.StartOperator(t, func(o *controllers.Options) {
		o.OperatorIdentityNamespaces = []string{w.Namespace}
	})
	cluster.WaitReady(t, identity)
	cluster.WaitReady(t, cloud)
}

func TestIdentityWithoutRightsInTheSubscription(t *testing.T) {
	t.Parallel()
	w := quiet(t, fast, func(c *armsim.Config) {
		c.Subscriptions[0].Contributors = []string{"99999999-0000-0000-0000-000000000000"}
	})
	w.StartOperator(t)
	objects := w.Azure.Identity(w.Namespace)
	cluster.Create(t, objects...)
	env.Says(t, cluster.WaitStalled(t, harness.IdentityOf(objects), v1alpha1.ReasonForbidden), "AuthorizationFailed", "Contributor")
}

// Two identities share a Secret, and only one of them is needed to the end: the Secret is held, and nobody fights over that.
func TestIdentitiesShareASecretInPeace(t *testing.T) {
	t.Parallel()
	w := quiet(t, fast)
	w.StartOperator(t)
	objects := w.Azure.Identity(w.Namespace)
	other := harness.IdentityOf(objects).DeepCopy()
	other.Name = "another"
	cloud := harness.PrivateCloud(w.Namespace, "weu")
	cloud.Spec.DeletionPolicy = v1alpha1.DeletionPolicyDelete
	cluster.Create(t, append(objects, other, cloud)...)
	cluster.WaitReady(t, other)
	cluster.WaitReady(t, cloud)
	secret := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: w.Namespace, Name: harness.ClientSecretOf(objects).Name}}
	get := func(ctx context.Context) error {
		return cluster.Admin.Get(ctx, client.ObjectKeyFromObject(secret), secret)
	}
	cluster.Eventually(t, soon, "the Secret to be held", func(ctx context.Context) error {
		if err := get(ctx); err != nil || !slices.Contains(secret.Finalizers, v1alpha1.FinalizerInUse) {
			return fmt.Errorf("%w, finalizers %v", err, secret.Finalizers)
		}
		return nil
	})
	env.Edit(t, cluster, other, func(i *v1alpha1.AzureIdentity) {
		i.Annotations = map[string]string{v1alpha1.AnnotationReconcileRequestedAt: "now"}
	})
	version := secret.ResourceVersion
	cluster.Consistently(t, time.Second, "the Secret is left alone", func(ctx context.Context) error {
		if err := get(ctx); err != nil {
			return err
		}
		if secret.ResourceVersion != version {
			return fmt.Errorf("it was written; finalizers %v", secret.Finalizers)
		}
		return nil
	})
}

// TestACorrectedSecretIsTakenByAll: a secret that Entra ID refuses is corrected, and every object says so again, whatever it learns it by.
func TestACorrectedSecretIsTakenByAll(t *testing.T) {
	t.Parallel()
	w := newWorld(t, fast)
	cloud := harness.PrivateCloud(w.Namespace, "weu")
	cluster.Create(t, cloud)
	cluster.WaitReady(t, cloud)
	objects := []kind.Object{cloud}
	for i := range 24 {
		key := &v1alpha1.ExpressRouteAuthorization{ObjectMeta: metav1.ObjectMeta{Namespace: w.Namespace, Name: fmt.Sprintf("key-%d", i)},
			Spec: v1alpha1.ExpressRouteAuthorizationSpec{PrivateCloudRef: v1alpha1.ParentReference{Name: "weu"}}}
		cluster.Create(t, key)
		objects = append(objects, key)
	}
	credentials := func(status metav1.ConditionStatus) {
		t.Helper()
		for _, object := range objects {
			cluster.WaitCondition(t, soon, object, v1alpha1.ConditionCredentialsReady, string(status))
		}
	}
	for _, object := range objects {
		cluster.WaitReady(t, object)
	}
	credentials(metav1.ConditionTrue)
	set := func(secret string) {
		t.Helper()
		s := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: w.Namespace, Name: "azure-client-secret"}}
		env.Edit(t, cluster, s, func(s *corev1.Secret) { s.Data["clientSecret"] = []byte(secret) })
	}
	set("a-slip-of-the-pen")
	credentials(metav1.ConditionFalse)
	set(harness.ClientSecret)
	credentials(metav1.ConditionTrue)
	for _, object := range objects {
		cluster.WaitReady(t, object)
	}
}
