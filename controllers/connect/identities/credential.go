// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package identities

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/arm"
	"github.com/avs-operator/avs-operator/controllers/connect/dial"
	"github.com/avs-operator/avs-operator/controllers/outcome"
)

// +kubebuilder:rbac:groups="",resources=serviceaccounts/token,verbs=create

// material is everything that an ARM client is made of, read live.
type material struct {
	cloudName, authority, endpoint string
	cloud                          cloud.Configuration
	custom                         bool // not one of the clouds that Microsoft runs
	tenantID, clientID             string
	method                         string // clientSecret, clientCertificate, serviceAccount/<name>, operator
	value                          []byte // the secret or the certificate with its key
	ca                             []byte
	pool                           *x509.CertPool
}

// knownClouds are the clouds that Microsoft runs, and the audience that a federated token must have there.
var knownClouds = map[v1alpha1.AzureCloudName]struct {
	configuration cloud.Configuration
	exchange      string
}{
	"Public":       {cloud.AzurePublic, "api://AzureADTokenExchange"},
	"USGovernment": {cloud.AzureGovernment, "api://AzureADTokenExchangeUSGov"},
	"China":        {cloud.AzureChina, "api://AzureADTokenExchangeChina"},
}

// material reads what the identity refers to. What must not be combined is refused before a secret is read.
func (a *Clients) material(ctx context.Context, identity *v1alpha1.AzureIdentity) (*material, *outcome.Outcome) {
	m := &material{tenantID: identity.Spec.TenantID, clientID: identity.Spec.ClientID}
	if o := a.readCloud(ctx, identity, m); o != nil {
		return nil, o
	}
	if o := a.permitted(identity, m); o != nil {
		return nil, o
	}
	return m, a.readCredential(ctx, identity, m)
}

func (a *Clients) readCloud(ctx context.Context, identity *v1alpha1.AzureIdentity, m *material) *outcome.Outcome {
	m.cloudName = "Public"
	if identity.Spec.Cloud != nil && identity.Spec.Cloud.Name != "" {
		m.cloudName = string(identity.Spec.Cloud.Name)
	}
	if identity.Spec.Cloud == nil || identity.Spec.Cloud.Endpoints == nil {
		m.cloud = knownClouds[v1alpha1.AzureCloudName(m.cloudName)].configuration
		return nil
	}
	e := identity.Spec.Cloud.Endpoints
	m.cloudName, m.custom, m.authority, m.endpoint = "", true, e.ActiveDirectoryAuthorityHost, strings.TrimRight(e.ResourceManager, "/")
	audience := e.Audience
	if audience == "" {
		audience = m.endpoint
	}
	m.cloud = cloud.Configuration{
		ActiveDirectoryAuthorityHost: m.authority,
		Services:                     map[cloud.ServiceName]cloud.ServiceConfiguration{cloud.ResourceManager: {Endpoint: m.endpoint, Audience: audience}},
	}
	if e.CARef == nil {
		return nil
	}
	var o *outcome.Outcome
	m.ca, m.pool, o = a.o.Live.CA(ctx, identity.Namespace, *e.CARef)
	return o
}

func (a *Clients) readCredential(ctx context.Context, identity *v1alpha1.AzureIdentity, m *material) *outcome.Outcome {
	var o *outcome.Outcome
	switch {
	case identity.Spec.ClientSecretRef != nil:
		m.method = "clientSecret"
		m.value, o = a.o.Live.IdentitySecret(ctx, identity.Namespace, *identity.Spec.ClientSecretRef)
	case identity.Spec.ClientCertificateRef != nil:
		m.method = "clientCertificate"
		m.value, o = a.o.Live.IdentityCertificate(ctx, identity.Namespace, *identity.Spec.ClientCertificateRef)
	case identity.Spec.ServiceAccountRef != nil:
		m.method = "serviceAccount/" + identity.Namespace + "/" + identity.Spec.ServiceAccountRef.Name
	default:
		m.method = "operator"
	}
	return o
}

// permitted keeps what the operator may do out of the hands of whoever may write an AzureIdentity: its own identity only where the flag says
// so, and nothing, neither a token nor a secret of the namespace, to a host that a user of a namespace chose.
func (a *Clients) permitted(identity *v1alpha1.AzureIdentity, m *material) *outcome.Outcome {
	if identity.Spec.Operator != nil && !slices.Contains(a.o.OperatorIdentityNamespaces, identity.Namespace) {
		return outcome.Stall(v1alpha1.ReasonReferenceNotPermitted,
			"the operator's own identity may not be used in namespace %s: use a credential of this namespace, "+
				"or have the operator's flag --operator-identity-namespaces name it", identity.Namespace).About(v1alpha1.ConditionCredentialsReady)
	}
	if !m.custom {
		return nil
	}
	for _, address := range []string{m.authority, m.endpoint} {
		u, err := url.Parse(address)
		if err != nil || !slices.Contains(a.o.AllowedEndpoints, u.Hostname()) && !slices.Contains(a.o.AllowedEndpoints, u.Host) {
			return outcome.Stall(v1alpha1.ReasonEndpointNotAllowed,
				"custom endpoints work only on hosts that the operator's flag --allowed-endpoints names: have it name the host of %s, "+
					"or use one of the clouds that Microsoft runs (spec.cloud.name)", address).About(v1alpha1.ConditionCredentialsReady)
		}
	}
	return nil
}

// connect makes the client. It sends nothing.
func (a *Clients) connect(identity *v1alpha1.AzureIdentity, m *material, principal string) (*arm.Client, *outcome.Outcome) {
	local := a.o.Local
	if !m.custom || identity.Spec.Operator != nil { // the operator's own login asks the metadata service of its machine
		local = nil
	}
	transport := transportFor(m.pool, local, a.o.Resolve, m.custom)
	if a.o.WrapTransport != nil {
		transport.Transport = a.o.WrapTransport(transport.Transport)
	}
	credential, err := a.credential(identity, m, loginTransport{transport})
	if err != nil {
		return nil, outcome.Stall(v1alpha1.ReasonCredentialsInvalid, "the credential of AzureIdentity %s/%s cannot be used: %s",
			identity.Namespace, identity.Name, err).About(v1alpha1.ConditionCredentialsReady)
	}
	c, err := arm.NewClient(arm.Options{
		Credential: credential, Cloud: m.cloud, Regional: a.regional(m), Transport: transport, Principal: principal, Speed: float64(a.o.Pace),
		Limiters: a.limiters, Quota: a.quota(identity.Namespace, m.custom), MayWrite: a.o.MayWrite, Observe: a.o.Observe, ObserveLogin: a.o.ObserveLogin,
		UserAgent: a.o.UserAgent,
	})
	if err != nil {
		return nil, outcome.Stall(v1alpha1.ReasonInvalidSpec, "AzureIdentity %s/%s: %s",
			identity.Namespace, identity.Name, err).About(v1alpha1.ConditionCredentialsReady)
	}
	return c, nil
}

// regional says whether Azure's links may lead to hosts below the endpoint, such as westeurope.management.azure.com. In the clouds that Microsoft
// runs all of them are Microsoft's; below another host anything may be, unless the flag says that it is all one.
func (a *Clients) regional(m *material) bool {
	if !m.custom {
		return true
	}
	u, err := url.Parse(m.endpoint)
	return err == nil && slices.ContainsFunc(a.o.AllowedEndpoints, func(allowed string) bool {
		return strings.EqualFold(allowed, "*."+u.Hostname()) || strings.EqualFold(allowed, "*."+u.Host)
	})
}

// transportFor is a transport that trusts the pool; nil: what the system trusts. It keeps away from local addresses, if there is a guard. Of the
// names in resolve it asks no DNS.
func transportFor(pool *x509.CertPool, local *dial.LocalAddresses, resolve map[string]string, custom bool) *http.Client {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	dialWithin := ordinaryDial
	if custom {
		dialWithin = customDial
		transport.TLSHandshakeTimeout = customDial
	}
	transport.DialContext = local.Guard(transport, net.Dialer{Timeout: dialWithin, KeepAlive: 30 * time.Second})
	if dial := transport.DialContext; len(resolve) > 0 {
		transport.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
			if host, port, err := net.SplitHostPort(address); err == nil && resolve[strings.ToLower(host)] != "" {
				address = net.JoinHostPort(resolve[strings.ToLower(host)], port)
			}
			return dial(ctx, network, address)
		}
	}
	transport.TLSClientConfig = &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: pool}
	transport.HTTP2 = arm.Pings()
	// A redirect of the login, 307 or 308, would carry the secret to wherever it points. Neither Entra ID nor ARM redirects what is asked here.
	return &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// credential makes the azidentity credential that the spec asks for.
func (a *Clients) credential(identity *v1alpha1.AzureIdentity, m *material, transport policy.Transporter) (azcore.TokenCredential, error) {
	options := azcore.ClientOptions{Cloud: m.cloud, Transport: transport}
	switch {
	case m.method == "clientSecret":
		return azidentity.NewClientSecretCredential(m.tenantID, m.clientID, strings.TrimSpace(string(m.value)),
			&azidentity.ClientSecretCredentialOptions{ClientOptions: options, DisableInstanceDiscovery: m.custom})
	case m.method == "clientCertificate":
		certificates, key, err := azidentity.ParseCertificates(m.value, nil)
		if err != nil {
			return nil, fmt.Errorf("the certificate and its private key must both be PEM, in one value: %w", err)
		}
		return azidentity.NewClientCertificateCredential(m.tenantID, m.clientID, certificates, key,
			&azidentity.ClientCertificateCredentialOptions{ClientOptions: options, DisableInstanceDiscovery: m.custom})
	case identity.Spec.ServiceAccountRef != nil:
		return azidentity.NewClientAssertionCredential(m.tenantID, m.clientID, a.assertion(identity, m),
			&azidentity.ClientAssertionCredentialOptions{ClientOptions: options, DisableInstanceDiscovery: m.custom})
	case m.clientID != "":
		return azidentity.NewWorkloadIdentityCredential(&azidentity.WorkloadIdentityCredentialOptions{
			ClientOptions: options, DisableInstanceDiscovery: m.custom, ClientID: m.clientID, TenantID: m.tenantID})
	}
	return azidentity.NewDefaultAzureCredential(&azidentity.DefaultAzureCredentialOptions{
		ClientOptions: options, DisableInstanceDiscovery: m.custom, TenantID: m.tenantID})
}

// assertion asks the API server for a token of the ServiceAccount each time Entra ID needs one: nothing to mount, nothing to rotate.
func (a *Clients) assertion(identity *v1alpha1.AzureIdentity, m *material) func(context.Context) (string, error) {
	audience := knownClouds["Public"].exchange
	if known, ok := knownClouds[v1alpha1.AzureCloudName(m.cloudName)]; ok {
		audience = known.exchange
	}
	account := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: identity.Namespace, Name: identity.Spec.ServiceAccountRef.Name}}
	return func(ctx context.Context) (string, error) {
		seconds := int64(3600)
		request := &authenticationv1.TokenRequest{Spec: authenticationv1.TokenRequestSpec{Audiences: []string{audience}, ExpirationSeconds: &seconds}}
		if err := a.o.Client.SubResource("token").Create(ctx, account, request, &client.SubResourceCreateOptions{}); err != nil {
			return "", fmt.Errorf("asking for a token of ServiceAccount %s/%s: %w", account.Namespace, account.Name, err)
		}
		return request.Status.Token, nil
	}
}
