// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package harness holds what suites that drive the operator share: an Azure to talk to, and the operator itself, run in the suite's own
// process as the ServiceAccount that it is installed with.
package harness

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/test/armsim"
)

// The tenant, application and resource group that suites use unless they need more.
const (
	TenantID     = "72f988bf-0000-0000-0000-00000000aaaa"
	ClientID     = "0f8fad5b-0000-0000-0000-00000000cccc"
	ClientSecret = "a-client-secret-that-works"
	// OtherClientSecret works too: an application may have several.
	OtherClientSecret = "another-client-secret-that-works"
	ResourceGroup     = "rg-avs"
	Location          = "westeurope"
)

// Azure is a simulated Azure with one subscription.
type Azure struct {
	*armsim.Server
	// SubscriptionID is of this Azure alone: tests share an API server, and two subscriptions never have the same id.
	SubscriptionID string
}

var subscriptions atomic.Int64

// StartAzure starts a simulated Azure for the length of the test, at whose end it is asked whether the operator was modest. change adjusts what there is in it.
func StartAzure(t testing.TB, speed float64, change ...func(*armsim.Config)) *Azure {
	t.Helper()
	subscription := fmt.Sprintf("11111111-1111-1111-1111-%012d", subscriptions.Add(1))
	config := armsim.Config{
		Speed:          speed,
		Tenants:        []armsim.Tenant{{ID: TenantID, Applications: []armsim.Application{{ClientID: ClientID, Secrets: []string{ClientSecret, OtherClientSecret}}}}},
		Subscriptions:  []armsim.Subscription{{ID: subscription, TenantID: TenantID, DisplayName: "Production"}},
		ResourceGroups: []armsim.ResourceGroup{{SubscriptionID: subscription, Name: ResourceGroup, Location: Location}},
	}
	for _, f := range change {
		f(&config)
	}
	server, err := armsim.Start(context.WithoutCancel(t.Context()), config)
	if err != nil {
		t.Fatalf("Starting the ARM simulator: %v", err)
	}
	azure := &Azure{Server: server, SubscriptionID: subscription}
	t.Cleanup(func() {
		for _, wrong := range Modest(server.Requests(), speed) {
			t.Error(wrong)
		}
		server.Close()
		useRights(t, server.Requests())
		if t.Failed() {
			t.Logf("the last that was written to Azure:%s", azure.lastWrites())
		}
	})
	return azure
}

// Identity returns the objects of an AzureIdentity named default that logs in here: Secret, ConfigMap with the CA, and the identity.
func (a *Azure) Identity(namespace string) []client.Object {
	meta := func(name string) metav1.ObjectMeta { return metav1.ObjectMeta{Namespace: namespace, Name: name} }
	return []client.Object{
		&corev1.Secret{ObjectMeta: meta("azure-client-secret"), Type: v1alpha1.SecretTypeAzure, StringData: map[string]string{"clientSecret": ClientSecret}},
		&corev1.ConfigMap{ObjectMeta: meta("azure-ca"), Data: map[string]string{"ca.crt": string(a.CAPEM())}},
		&v1alpha1.AzureIdentity{ObjectMeta: meta("default"), Spec: v1alpha1.AzureIdentitySpec{
			TenantID: TenantID, ClientID: ClientID, SubscriptionID: a.SubscriptionID, ResourceGroup: ResourceGroup,
			ClientSecretRef: &v1alpha1.SecretKeyReference{Name: "azure-client-secret", Key: "clientSecret"},
			Cloud: &v1alpha1.AzureCloud{Endpoints: &v1alpha1.AzureEndpoints{
				ActiveDirectoryAuthorityHost: a.URL(), ResourceManager: a.URL(),
				CARef: &v1alpha1.CAReference{Kind: "ConfigMap", Name: "azure-ca"},
			}},
		}},
	}
}

// Assumable is a ServiceAccount of a namespace that AzureIdentities there may act as.
func Assumable(namespace, name string) []client.Object {
	meta := metav1.ObjectMeta{Namespace: namespace, Name: name}
	return []client.Object{&corev1.ServiceAccount{ObjectMeta: meta}, &rbacv1.RoleBinding{
		ObjectMeta: meta, RoleRef: rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: "avs-operator-assumable"},
		Subjects: []rbacv1.Subject{{Kind: rbacv1.ServiceAccountKind, Namespace: namespace, Name: name}},
	}}
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
func (a *Azure) PrivateCloudID(name string) string {
	return "/subscriptions/" + a.SubscriptionID + "/resourceGroups/" + ResourceGroup + "/providers/Microsoft.AVS/privateClouds/" + name
}

// ClientSecretOf is the Secret among what Identity returned.
func ClientSecretOf(objects []client.Object) *corev1.Secret { return objects[0].(*corev1.Secret) }

// IdentityOf is the AzureIdentity among what Identity returned.
func IdentityOf(objects []client.Object) *v1alpha1.AzureIdentity {
	return objects[2].(*v1alpha1.AzureIdentity)
}

// apiVersion of Microsoft.AVS that people use.
const apiVersion = "2025-09-01"

// ByHand sends a request to Azure as a person does who logs in for it, and returns the answer's status and text.
func (a *Azure) ByHand(t testing.TB, method, id, body string) (status int, text string) {
	t.Helper()
	connection := Transport(a.CAPEM())
	defer connection.CloseIdleConnections()
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {ClientID}, "client_secret": {ClientSecret}, "scope": {a.URL() + "/.default"}}
	login, err := connection.PostForm(a.URL()+"/"+TenantID+"/oauth2/v2.0/token", form)
	status, text = answer(t, login, err)
	var token struct {
		AccessToken string `json:"access_token"`
	}
	if err := json.Unmarshal([]byte(text), &token); err != nil || token.AccessToken == "" {
		t.Fatalf("Logging in by hand: %d %s", status, text)
	}
	request, err := http.NewRequestWithContext(t.Context(), method, a.URL()+id+"?api-version="+apiVersion, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+token.AccessToken)
	request.Header.Set("Content-Type", "application/json")
	response, err := connection.Do(request)
	return answer(t, response, err)
}

func answer(t testing.TB, response *http.Response, err error) (status int, text string) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	content, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(content)
}

// Transport is an HTTP client that trusts the certificates, PEM.
func Transport(ca []byte) *http.Client {
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(ca)
	return &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}}}
}
