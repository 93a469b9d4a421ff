// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package policies

import (
	"crypto/x509"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/test/armsim"
	"github.com/avs-operator/avs-operator/test/env"
	"github.com/avs-operator/avs-operator/test/harness"
)

const (
	otherTenant = "aaaaaaaa-0000-0000-0000-000000000001"
	otherClient = "bbbbbbbb-0000-0000-0000-000000000001"
	otherSecret = "another-client-secret-that-works"
)

// Identities of two tenants and three subscriptions in two clouds work side by side in one namespace, each with its own private cloud of the
// same name, and none writes where another belongs.
func TestSeveralTenantsSubscriptionsAndClouds(t *testing.T) {
	t.Parallel()
	const thirdSubscription = "33333333-3333-3333-3333-333333333333"
	w := newWorld(t, func(c *armsim.Config) {
		c.Tenants = append(c.Tenants, armsim.Tenant{ID: otherTenant, Applications: []armsim.Application{{ClientID: otherClient, Secrets: []string{otherSecret}}}})
		c.Subscriptions = append(c.Subscriptions, armsim.Subscription{ID: thirdSubscription, TenantID: otherTenant, DisplayName: "Other tenant"})
		c.ResourceGroups = append(c.ResourceGroups, armsim.ResourceGroup{SubscriptionID: thirdSubscription, Name: harness.ResourceGroup, Location: harness.Location})
	})
	sovereign := harness.StartAzure(t, speed, harness.NoVCenters, harness.Quickly)
	w.StartOperator(t)

	objects := w.Azure.Identity(w.Namespace)
	tenant := harness.IdentityOf(objects)
	tenant.Name, tenant.Spec.TenantID, tenant.Spec.ClientID, tenant.Spec.SubscriptionID = "tenant", otherTenant, otherClient, thirdSubscription
	tenant.Spec.ClientSecretRef = &v1alpha1.SecretKeyReference{Name: "tenant-secret", Key: "clientSecret"}
	cluster.Create(t, &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: w.Namespace, Name: "tenant-secret"}, Type: v1alpha1.SecretTypeAzure,
		StringData: map[string]string{"clientSecret": otherSecret}}, tenant)

	objects = sovereign.Identity(w.Namespace)
	cloudIdentity := harness.IdentityOf(objects)
	cloudIdentity.Name, cloudIdentity.Spec.Cloud.Endpoints.CARef.Name = "sovereign", "sovereign-ca"
	objects[1].SetName("sovereign-ca")
	cluster.Create(t, objects[1], cloudIdentity)

	blocks := map[string]string{"default": "10.175.0.0/22", "tenant": "10.176.0.0/22", "sovereign": "10.177.0.0/22"}
	for name, block := range blocks {
		cloud := w.privateCloud(name, "weu")
		cloud.Spec.IdentityRef, cloud.Spec.NetworkBlock = &v1alpha1.ObjectReference{Name: name}, block
		path := w.iscsiPath(name)
		path.Spec.PrivateCloudRef.Name = name
		cluster.Create(t, cloud, path)
	}
	for name := range blocks {
		path := w.iscsiPath(name)
		cluster.WaitReady(t, path)
	}
	for azure, want := range map[*harness.Azure][]string{
		w.Azure: {w.Azure.PrivateCloudID("weu"),
			"/subscriptions/" + thirdSubscription + "/resourceGroups/" + harness.ResourceGroup + "/providers/Microsoft.AVS/privateClouds/weu"},
		sovereign: {sovereign.PrivateCloudID("weu")},
	} {
		for _, id := range want {
			if _, ok := azure.Resource(id + "/iscsiPaths/default"); !ok {
				t.Errorf("%s has no iSCSI path", id)
			}
		}
		if n := len(accepted(azure)); n != 2*len(want) {
			t.Errorf("written to Azure: %v", accepted(azure))
		}
	}
	// One login that is refused holds nobody else up.
	if err := w.Azure.SetSecrets(otherTenant, otherClient, "rotated-away"); err != nil {
		t.Fatal(err)
	}
	first := w.privateCloud("default", "weu")
	env.Edit(t, cluster, first, func(c *v1alpha1.PrivateCloud) { c.Spec.ManagementCluster.ClusterSize = 4 })
	third := w.privateCloud("sovereign", "weu")
	env.Edit(t, cluster, third, func(c *v1alpha1.PrivateCloud) { c.Spec.ManagementCluster.ClusterSize = 4 })
	cluster.WaitReady(t, first, third)
}

// Credentials change while operations run, without a restart and without a second request: the client secret, then to a certificate, then to
// another certificate, then to the token of a ServiceAccount.
func TestCredentialsAreRotatedWhileOperationsRun(t *testing.T) {
	t.Parallel()
	one, onePEM := harness.Certificate(t, 1)
	two, twoPEM := harness.Certificate(t, 2)
	namespace := cluster.Namespace(t)
	w := &world{&harness.World{Cluster: cluster, Namespace: namespace, Speed: speed}}
	w.Azure = harness.StartAzure(t, speed, harness.NoVCenters, harness.Quickly, func(c *armsim.Config) {
		c.Durations.CreatePrivateCloud, c.Durations.AddHosts = armsim.Span{Min: 2 * time.Hour, Max: 2 * time.Hour}, armsim.Span{Min: time.Hour, Max: time.Hour}
		app := &c.Tenants[0].Applications[0]
		app.Secrets = append(app.Secrets, otherSecret)
		app.Certificates = []*x509.Certificate{one, two}
		app.Federated = []armsim.FederatedCredential{{Issuer: cluster.ControlPlane.Issuer(), Subject: "system:serviceaccount:" + namespace + ":mover",
			Keys: cluster.ControlPlane.JWKS}}
	})
	objects := w.Azure.Identity(namespace)
	secret, identity := harness.ClientSecretOf(objects), harness.IdentityOf(objects)
	cluster.Create(t, objects...)
	cluster.Create(t, harness.Assumable(namespace, "mover")...)
	w.StartOperator(t)
	cloud := w.privateCloud("weu", "")
	cluster.Create(t, cloud)
	cluster.WaitReconciling(t, cloud, v1alpha1.ReasonCreating)

	// The old secret ends in the middle of the creation; the new one is there.
	env.Edit(t, cluster, secret, func(s *corev1.Secret) { s.Data["clientSecret"] = []byte(otherSecret) })
	if err := w.Azure.SetSecrets(harness.TenantID, harness.ClientID, otherSecret); err != nil {
		t.Fatal(err)
	}
	cluster.WaitReady(t, cloud)

	change := func(size int32, to func(*v1alpha1.AzureIdentitySpec), values map[string][]byte) {
		t.Helper()
		env.Edit(t, cluster, cloud, func(c *v1alpha1.PrivateCloud) { c.Spec.ManagementCluster.ClusterSize = size })
		cluster.WaitReconciling(t, cloud, v1alpha1.ReasonUpdating)
		if values != nil {
			env.Edit(t, cluster, secret, func(s *corev1.Secret) { s.Data = values })
		}
		env.Edit(t, cluster, identity, func(i *v1alpha1.AzureIdentity) { to(&i.Spec) })
		cluster.WaitReady(t, cloud)
		if cloud.Status.ClusterSize != size {
			t.Errorf("ready with %d hosts, not %d", cloud.Status.ClusterSize, size)
		}
	}
	byCertificate := func(s *v1alpha1.AzureIdentitySpec) {
		s.ClientSecretRef, s.ClientCertificateRef = nil, &v1alpha1.SecretKeyReference{Name: secret.Name, Key: "tls.pem"}
	}
	change(4, byCertificate, map[string][]byte{"tls.pem": []byte(onePEM), "clientSecret": []byte(otherSecret)})
	if err := w.Azure.SetSecrets(harness.TenantID, harness.ClientID); err != nil {
		t.Fatal(err)
	}
	change(5, byCertificate, map[string][]byte{"tls.pem": []byte(twoPEM)})
	change(6, func(s *v1alpha1.AzureIdentitySpec) {
		s.ClientCertificateRef, s.ServiceAccountRef = nil, &v1alpha1.ObjectReference{Name: "mover"}
	}, nil)
	cluster.Delete(t, secret)
	change(7, func(*v1alpha1.AzureIdentitySpec) {}, nil)
	w.wrote(t, "PUT privateclouds/weu", "PATCH privateclouds/weu", "PATCH privateclouds/weu", "PATCH privateclouds/weu", "PATCH privateclouds/weu")
}
