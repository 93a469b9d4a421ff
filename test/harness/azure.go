// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package harness holds what suites that drive the operator share: an Azure to talk to, and the operator itself, run in the suite's own
// process as the ServiceAccount that it is installed with.
package harness

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/test/armsim"
)

// The one tenant, application, subscription and resource group that suites use unless they need more.
const (
	TenantID       = "72f988bf-0000-0000-0000-00000000aaaa"
	ClientID       = "0f8fad5b-0000-0000-0000-00000000cccc"
	ClientSecret   = "a-client-secret-that-works"
	SubscriptionID = "11111111-1111-1111-1111-111111111111"
	ResourceGroup  = "rg-avs"
	Location       = "westeurope"
)

// AzureConfig is a simulated Azure with that tenant, application, subscription and group.
func AzureConfig(speed float64) armsim.Config {
	return armsim.Config{
		Speed:          speed,
		Tenants:        []armsim.Tenant{{ID: TenantID, Applications: []armsim.Application{{ClientID: ClientID, Secrets: []string{ClientSecret}}}}},
		Subscriptions:  []armsim.Subscription{{ID: SubscriptionID, TenantID: TenantID, DisplayName: "Production"}},
		ResourceGroups: []armsim.ResourceGroup{{SubscriptionID: SubscriptionID, Name: ResourceGroup, Location: Location}},
	}
}

// StartAzure starts a simulated Azure for the length of the test.
func StartAzure(t testing.TB, config armsim.Config) *armsim.Server {
	t.Helper()
	server, err := armsim.Start(t.Context(), config)
	if err != nil {
		t.Fatalf("Starting the ARM simulator: %v", err)
	}
	t.Cleanup(server.Close)
	return server
}

// Identity returns the objects of an AzureIdentity named default that logs in at server: Secret, ConfigMap with its CA, and the identity.
func Identity(server *armsim.Server, namespace string) []client.Object {
	meta := func(name string) metav1.ObjectMeta { return metav1.ObjectMeta{Namespace: namespace, Name: name} }
	return []client.Object{
		&corev1.Secret{ObjectMeta: meta("azure-client-secret"), StringData: map[string]string{"clientSecret": ClientSecret}},
		&corev1.ConfigMap{ObjectMeta: meta("azure-ca"), Data: map[string]string{"ca.crt": string(server.CAPEM())}},
		&v1alpha1.AzureIdentity{ObjectMeta: meta("default"), Spec: v1alpha1.AzureIdentitySpec{
			TenantID: TenantID, ClientID: ClientID, SubscriptionID: SubscriptionID, ResourceGroup: ResourceGroup,
			ClientSecretRef: &v1alpha1.SecretKeyReference{Name: "azure-client-secret", Key: "clientSecret"},
			Cloud: &v1alpha1.AzureCloud{Endpoints: &v1alpha1.AzureEndpoints{
				ActiveDirectoryAuthorityHost: server.URL(), ResourceManager: server.URL(),
				CARef: &v1alpha1.CAReference{Kind: "ConfigMap", Name: "azure-ca"},
			}},
		}},
	}
}

// PrivateCloud is a private cloud of three hosts that Azure accepts.
func PrivateCloud(namespace, name string) *v1alpha1.PrivateCloud {
	return &v1alpha1.PrivateCloud{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name},
		Spec: v1alpha1.PrivateCloudSpec{
			Location: Location, SKU: "av36p", NetworkBlock: "10.175.0.0/22",
			ManagementCluster: &v1alpha1.ManagementCluster{ClusterSize: 3},
		},
	}
}

// PrivateCloudID is the ARM id of a private cloud in the usual group.
func PrivateCloudID(name string) string {
	return "/subscriptions/" + SubscriptionID + "/resourceGroups/" + ResourceGroup + "/providers/Microsoft.AVS/privateClouds/" + name
}
