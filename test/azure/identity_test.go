// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package azure

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"slices"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers"
	"github.com/avs-operator/avs-operator/test/armsim"
	"github.com/avs-operator/avs-operator/test/env"
	"github.com/avs-operator/avs-operator/test/harness"
)

// quiet is a world whose operator has not started.
func quiet(t *testing.T, change ...func(*armsim.Config)) *world {
	t.Helper()
	change = append([]func(*armsim.Config){func(c *armsim.Config) { c.NoVCenters = true }}, change...)
	return &world{azure: harness.StartAzure(t, fast, change...), namespace: cluster.Namespace(t), speed: fast}
}

func TestIdentityByCertificate(t *testing.T) {
	t.Parallel()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "avs-operator"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	var both bytes.Buffer
	_ = pem.Encode(&both, &pem.Block{Type: "CERTIFICATE", Bytes: der})
	_ = pem.Encode(&both, &pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8})

	w := quiet(t, func(c *armsim.Config) { c.Tenants[0].Applications[0].Certificates = []*x509.Certificate{certificate} })
	w.start(t)
	objects := w.azure.Identity(w.namespace)
	secret, identity := harness.ClientSecretOf(objects), harness.IdentityOf(objects)
	secret.StringData = map[string]string{"tls.pem": both.String()}
	identity.Spec.ClientSecretRef, identity.Spec.ClientCertificateRef = nil, &v1alpha1.SecretKeyReference{Name: secret.Name, Key: "tls.pem"}
	cloud := harness.PrivateCloud(w.namespace, "weu")
	cluster.Create(t, append(objects, cloud)...)
	cluster.WaitCondition(t, soon, identity, v1alpha1.ConditionReady, "True")
	if identity.Status.SubscriptionName != "Production" {
		t.Errorf("the subscription's name is %q", identity.Status.SubscriptionName)
	}
	ready(t, cloud)
}

// federated is an identity of the ServiceAccount mover, which Entra trusts by the API server's own keys.
func federated(t *testing.T, subject func(namespace string) string) (*world, *v1alpha1.AzureIdentity) {
	t.Helper()
	w := &world{namespace: cluster.Namespace(t), speed: fast}
	w.azure = harness.StartAzure(t, fast, func(c *armsim.Config) {
		c.NoVCenters = true
		c.Tenants[0].Applications[0].Secrets = nil
		c.Tenants[0].Applications[0].Federated = []armsim.FederatedCredential{{
			Issuer: cluster.ControlPlane.Issuer(), Subject: subject(w.namespace), Keys: cluster.ControlPlane.JWKS,
		}}
	})
	objects := w.azure.Identity(w.namespace)
	identity := harness.IdentityOf(objects)
	identity.Spec.ClientSecretRef, identity.Spec.ServiceAccountRef = nil, &v1alpha1.ObjectReference{Name: "mover"}
	cluster.Create(t, append(harness.Assumable(w.namespace, "mover"), objects[1], identity)...)
	return w, identity
}

func TestIdentityByServiceAccount(t *testing.T) {
	t.Parallel()
	w, identity := federated(t, func(namespace string) string { return "system:serviceaccount:" + namespace + ":mover" })
	w.start(t)
	cloud := harness.PrivateCloud(w.namespace, "weu")
	cluster.Create(t, cloud)
	cluster.WaitCondition(t, soon, identity, v1alpha1.ConditionReady, "True")
	ready(t, cloud)
}

func TestIdentityOfAnotherServiceAccountIsRefused(t *testing.T) {
	t.Parallel()
	w, identity := federated(t, func(namespace string) string { return "system:serviceaccount:" + namespace + ":somebody-else" })
	w.start(t)
	env.Says(t, identityStalled(t, identity, v1alpha1.ReasonCredentialsInvalid), "AADSTS", "correct the credential")
}

// A token goes to no host that a namespace chose.
func TestTokensDoNotGoToForeignHosts(t *testing.T) {
	t.Parallel()
	w, identity := federated(t, func(namespace string) string { return "system:serviceaccount:" + namespace + ":mover" })
	w.operator = harness.StartOperator(t, harness.OperatorOptions{Config: cluster.OperatorConfig(), Speed: w.speed, Namespace: w.namespace,
		Change: func(o *controllers.Options) { o.AllowedEndpoints = nil }})
	env.Says(t, identityStalled(t, identity, v1alpha1.ReasonEndpointNotAllowed), "--allowed-endpoints", "127.0.0.1")
	if n := len(w.azure.Requests()); n != 0 {
		t.Errorf("%d requests went to a host that is not allowed", n)
	}
}

func TestOperatorsOwnIdentityIsNotForEveryNamespace(t *testing.T) {
	t.Parallel()
	w := quiet(t)
	w.start(t)
	objects := w.azure.Identity(w.namespace)
	identity := harness.IdentityOf(objects)
	own := identity.Spec.ClientSecretRef
	identity.Spec.ClientSecretRef, identity.Spec.Operator = nil, &v1alpha1.OperatorIdentity{}
	cluster.Create(t, objects...)
	env.Says(t, identityStalled(t, identity, v1alpha1.ReasonReferenceNotPermitted), "use a credential of this namespace", "--operator-identity-namespaces", w.namespace)
	if n := len(w.azure.Requests()); n != 0 {
		t.Errorf("%d requests were made with the operator's identity", n)
	}
	env.Edit(t, cluster, identity, func(i *v1alpha1.AzureIdentity) { i.Spec.Operator, i.Spec.ClientSecretRef = nil, own })
	cluster.WaitCondition(t, soon, identity, v1alpha1.ConditionReady, "True")
}

// In a namespace that may use it, the operator's own identity is what its environment says, here a client secret.
func TestOperatorsOwnIdentity(t *testing.T) {
	w := quiet(t)
	t.Setenv("AZURE_TENANT_ID", harness.TenantID)
	t.Setenv("AZURE_CLIENT_ID", harness.ClientID)
	t.Setenv("AZURE_CLIENT_SECRET", harness.ClientSecret)
	w.start(t) // without the flag that its message names
	objects := w.azure.Identity(w.namespace)
	identity := harness.IdentityOf(objects)
	identity.Spec = v1alpha1.AzureIdentitySpec{SubscriptionID: w.azure.SubscriptionID, ResourceGroup: harness.ResourceGroup, Cloud: identity.Spec.Cloud, Operator: &v1alpha1.OperatorIdentity{}}
	cloud := harness.PrivateCloud(w.namespace, "weu")
	cluster.Create(t, objects[1], identity, cloud)
	identityStalled(t, identity, v1alpha1.ReasonReferenceNotPermitted)
	w.operator.Stop(t)
	w.operator = harness.StartOperator(t, harness.OperatorOptions{Config: cluster.OperatorConfig(), Speed: w.speed, Namespace: w.namespace, Change: func(o *controllers.Options) {
		o.OperatorIdentityNamespaces = []string{w.namespace}
	}})
	cluster.WaitCondition(t, soon, identity, v1alpha1.ConditionReady, "True")
	ready(t, cloud)
}

func TestIdentityWithoutRightsInTheSubscription(t *testing.T) {
	t.Parallel()
	w := quiet(t, func(c *armsim.Config) {
		c.Subscriptions[0].Contributors = []string{"99999999-0000-0000-0000-000000000000"}
	})
	w.start(t)
	objects := w.azure.Identity(w.namespace)
	cluster.Create(t, objects...)
	env.Says(t, identityStalled(t, harness.IdentityOf(objects), v1alpha1.ReasonForbidden), "AuthorizationFailed", "Contributor")
}

// identityStalled waits until the identity is Stalled for the reason, and returns the message.
func identityStalled(t *testing.T, identity *v1alpha1.AzureIdentity, reason string) string {
	t.Helper()
	var message string
	cluster.WaitFor(t, soon, identity, "reason "+reason, func() error {
		c := meta.FindStatusCondition(identity.Status.Conditions, v1alpha1.ConditionStalled)
		if c == nil || c.Status != metav1.ConditionTrue || c.Reason != reason {
			return fmt.Errorf("Stalled is %+v", c)
		}
		message = c.Message
		return nil
	})
	return message
}

// Two identities share a Secret, and only one of them is needed to the end: the Secret is held, and nobody fights over that.
func TestIdentitiesShareASecretInPeace(t *testing.T) {
	t.Parallel()
	w := quiet(t)
	w.start(t)
	objects := w.azure.Identity(w.namespace)
	other := harness.IdentityOf(objects).DeepCopy()
	other.Name = "another"
	cloud := harness.PrivateCloud(w.namespace, "weu")
	cloud.Spec.DeletionPolicy = v1alpha1.DeletionPolicyDelete
	cluster.Create(t, append(objects, other, cloud)...)
	cluster.WaitCondition(t, soon, other, v1alpha1.ConditionReady, "True")
	ready(t, cloud)
	secret := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: w.namespace, Name: harness.ClientSecretOf(objects).Name}}
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
	cloud := harness.PrivateCloud(w.namespace, "weu")
	cluster.Create(t, cloud)
	ready(t, cloud)
	objects := []azureObject{cloud}
	for i := range 24 {
		key := &v1alpha1.ExpressRouteAuthorization{ObjectMeta: metav1.ObjectMeta{Namespace: w.namespace, Name: fmt.Sprintf("key-%d", i)},
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
		ready(t, object)
	}
	credentials(metav1.ConditionTrue)
	set := func(secret string) {
		t.Helper()
		s := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: w.namespace, Name: "azure-client-secret"}}
		env.Edit(t, cluster, s, func(s *corev1.Secret) { s.Data["clientSecret"] = []byte(secret) })
	}
	set("a-slip-of-the-pen")
	credentials(metav1.ConditionFalse)
	set(harness.ClientSecret)
	credentials(metav1.ConditionTrue)
	for _, object := range objects {
		ready(t, object)
	}
}
