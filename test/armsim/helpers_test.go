// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package armsim

import (
	"bytes"
	"context"
	"crypto/sha1"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/arm"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/avs/armavs"
)

const (
	tenant       = "aaaaaaaa-0000-4000-8000-000000000001"
	otherTenant  = "aaaaaaaa-0000-4000-8000-000000000002"
	subID        = "bbbbbbbb-0000-4000-8000-000000000001"
	client       = "cccccccc-0000-4000-8000-000000000001"
	reader       = "cccccccc-0000-4000-8000-000000000002"
	stranger     = "cccccccc-0000-4000-8000-000000000003"
	otherClient  = "cccccccc-0000-4000-8000-000000000004"
	clientSecret = "s3cr3t-of-the-client"
	groupPath    = "/subscriptions/" + subID + "/resourceGroups/rg-avs"
	cloudPath    = groupPath + "/providers/Microsoft.AVS/privateClouds/weu"
)

// quick is a speed at which the longest operation takes less than a second.
const quick = 40_000

func testConfig() Config {
	app := func(id string) Application { return Application{ClientID: id, Secrets: []string{clientSecret}} }
	return Config{
		Speed: quick, Seed: 1, NoVCenters: true,
		Tenants: []Tenant{
			{ID: tenant, Applications: []Application{app(client), app(reader), app(stranger)}},
			{ID: otherTenant, Applications: []Application{app(otherClient)}},
		},
		Subscriptions:  []Subscription{{ID: subID, TenantID: tenant, DisplayName: "Test", Readers: []string{reader}, Contributors: []string{client}}},
		ResourceGroups: []ResourceGroup{{SubscriptionID: subID, Name: "rg-avs", Location: "westeurope"}},
	}
}

// halfDay makes an operation last about a second at the speed quick, long enough to be seen running on a busy machine.
var halfDay = Span{Min: 12 * time.Hour, Max: 12 * time.Hour}

func lasting(spans func(*Durations) []*Span) func(*Config) {
	return func(c *Config) {
		for _, span := range spans(&c.Durations) {
			*span = halfDay
		}
	}
}

func start(t testing.TB, edit ...func(*Config)) *Server {
	t.Helper()
	c := testConfig()
	for _, e := range edit {
		e(&c)
	}
	s, err := Start(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

func httpClient(t testing.TB, s *Server) *http.Client {
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(s.CAPEM()) {
		t.Fatal("CAPEM holds no certificate")
	}
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}, ForceAttemptHTTP2: true}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

func clientOptions(t testing.TB, s *Server) policy.ClientOptions {
	return policy.ClientOptions{Cloud: s.Cloud(), Transport: httpClient(t, s), Retry: policy.RetryOptions{MaxRetries: -1}}
}

func secretCredential(t testing.TB, s *Server, tenantID, id, secret string) azcore.TokenCredential {
	t.Helper()
	cred, err := azidentity.NewClientSecretCredential(tenantID, id, secret, &azidentity.ClientSecretCredentialOptions{
		ClientOptions: clientOptions(t, s), DisableInstanceDiscovery: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	return cred
}

func token(t testing.TB, s *Server, cred azcore.TokenCredential) string {
	t.Helper()
	got, err := cred.GetToken(t.Context(), policy.TokenRequestOptions{Scopes: []string{s.URL() + "/.default"}})
	if err != nil {
		t.Fatal(err)
	}
	return got.Token
}

func factory(t testing.TB, s *Server) *armavs.ClientFactory {
	t.Helper()
	f, err := armavs.NewClientFactory(subID, secretCredential(t, s, tenant, client, clientSecret),
		&arm.ClientOptions{ClientOptions: clientOptions(t, s), DisableRPRegistration: true})
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// raw speaks plain HTTP with a token, for what typed clients cannot say.
type raw struct {
	t     testing.TB
	s     *Server
	http  *http.Client
	token string
}

func newRaw(t testing.TB, s *Server) *raw { return newRawAs(t, s, tenant, client) }

func newRawAs(t testing.TB, s *Server, tenantID, id string) *raw {
	t.Helper()
	return &raw{t: t, s: s, http: httpClient(t, s), token: token(t, s, secretCredential(t, s, tenantID, id, clientSecret))}
}

type response struct {
	status int
	header http.Header
	body   map[string]any
}

func (r response) code() string    { return lookupString(r.body, "error.code") }
func (r response) message() string { return lookupString(r.body, "error.message") }

const version = "?api-version=2025-09-01"

// do sends body (a string as it is, else as JSON) and answers whatever came; path gets an api-version when it has no query.
func (r *raw) do(method, path string, body any, headers ...string) response {
	r.t.Helper()
	out, err := r.try(method, path, body, headers...)
	if err != nil {
		r.t.Fatalf("%s %s: %v", method, path, err)
	}
	return out
}

func (r *raw) try(method, path string, body any, headers ...string) (response, error) {
	r.t.Helper()
	var content io.Reader
	switch body := body.(type) {
	case nil:
	case string:
		content = strings.NewReader(body)
	default:
		text, err := json.Marshal(body)
		if err != nil {
			r.t.Fatal(err)
		}
		content = bytes.NewReader(text)
	}
	if !strings.HasPrefix(path, "https://") {
		path = r.s.URL() + path
	}
	if !strings.Contains(path, "?") {
		path += version
	}
	req, err := http.NewRequestWithContext(r.t.Context(), method, path, content)
	if err != nil {
		r.t.Fatal(err)
	}
	if r.token != "" {
		req.Header.Set("Authorization", "Bearer "+r.token)
	}
	req.Header.Set("Content-Type", "application/json")
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	resp, err := r.http.Do(req)
	if err != nil {
		return response{}, err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return response{}, err
	}
	out := response{status: resp.StatusCode, header: resp.Header}
	if len(text) > 0 && json.Unmarshal(text, &out.body) != nil {
		r.t.Fatalf("%s %s answered %d with %q", method, path, resp.StatusCode, text)
	}
	return out, nil
}

func (r *raw) want(status int, method, path string, body any, headers ...string) response {
	r.t.Helper()
	got := r.do(method, path, body, headers...)
	if got.status != status {
		r.t.Fatalf("%s %s answered %d %v, want %d", method, path, got.status, got.body, status)
	}
	return got
}

// follow polls what an answer names until the operation has ended.
func (r *raw) follow(of response) response {
	r.t.Helper()
	url, location := of.header.Get("Azure-AsyncOperation"), of.header.Get("Location")
	for range 2000 {
		if url != "" {
			if got := r.want(http.StatusOK, http.MethodGet, url, nil); lookupString(got.body, "status") != inProgress {
				return got
			}
		} else if got := r.do(http.MethodGet, location, nil); got.status != http.StatusAccepted {
			return got
		}
		time.Sleep(5 * time.Millisecond)
	}
	r.t.Fatalf("the operation of %v never ended", of)
	return response{}
}

func privateCloud(edit ...string) map[string]any {
	body := map[string]any{
		"location": "West Europe", "sku": map[string]any{"name": "AV36P"}, "tags": map[string]any{"team": "platform"},
		"properties": map[string]any{"networkBlock": "10.175.0.0/22", "managementCluster": map[string]any{"clusterSize": 3}},
	}
	for i := 0; i+1 < len(edit); i += 2 {
		var v any
		if err := json.Unmarshal([]byte(edit[i+1]), &v); err != nil {
			panic(err)
		}
		put(body, edit[i], v)
	}
	return body
}

// build makes the private cloud "weu" and waits for it.
func (r *raw) build(edit ...string) {
	r.t.Helper()
	if got := r.follow(r.want(http.StatusCreated, http.MethodPut, cloudPath, privateCloud(edit...))); lookupString(got.body, "status") != succeeded {
		r.t.Fatalf("building the private cloud ended in %v", got.body)
	}
}

// finish polls a typed client's poller without its own pace of at least a second.
func finish[T any](t testing.TB, p *runtime.Poller[T]) (T, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	for !p.Done() {
		if _, err := p.Poll(ctx); err != nil {
			var none T
			return none, err
		}
		time.Sleep(5 * time.Millisecond)
	}
	return p.Result(ctx)
}

// must fails the test on an error: must(f())(t).
func must[T any](v T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func azureError(t testing.TB, err error) *azcore.ResponseError {
	t.Helper()
	var out *azcore.ResponseError
	if !errors.As(err, &out) {
		t.Fatalf("got %v, want an answer of Azure", err)
	}
	return out
}

func typedCloud() armavs.PrivateCloud {
	return armavs.PrivateCloud{
		Location: to.Ptr("westeurope"), SKU: &armavs.SKU{Name: to.Ptr("AV36P")},
		Properties: &armavs.PrivateCloudProperties{
			NetworkBlock: to.Ptr("10.175.0.0/22"), ManagementCluster: &armavs.ManagementCluster{ClusterSize: to.Ptr[int32](3)},
		},
	}
}

func decode(text string) (any, error) {
	var v any
	err := json.Unmarshal([]byte(text), &v)
	return v, err
}

func tokenOptions(s *Server) policy.TokenRequestOptions {
	return policy.TokenRequestOptions{Scopes: []string{s.URL() + "/.default"}}
}

// servedCertificate answers the certificate that the server behind u shows.
func servedCertificate(u *url.URL) (*x509.Certificate, error) {
	c, err := tls.DialWithDialer(&net.Dialer{Timeout: 5 * time.Second}, "tcp", u.Host, &tls.Config{InsecureSkipVerify: true})
	if err != nil {
		return nil, err
	}
	defer c.Close()
	return c.ConnectionState().PeerCertificates[0], nil
}

// servedThumbprint is its SHA-1, as vSphere writes it.
func servedThumbprint(t testing.TB, u *url.URL) string {
	t.Helper()
	sum := sha1.Sum(must(servedCertificate(u))(t).Raw)
	return strings.ReplaceAll(fmt.Sprintf("% X", sum), " ", ":")
}
