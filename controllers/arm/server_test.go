// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package arm

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
)

const (
	group   ID = "/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/rg"
	private    = group + "/providers/Microsoft.AVS/privateClouds/weu"
	second     = private + "/clusters/c2"
	secret     = "the-client-secret"
)

// asked is one request as the server saw it.
type asked struct {
	method, path, query, token, correlation, contentType string
	body                                                 string
}

// azure is a real HTTPS server that is Entra ID below /entra and scripted elsewhere.
type azure struct {
	*httptest.Server
	t      *testing.T
	answer func(http.ResponseWriter, *http.Request)
	login  func(http.ResponseWriter, *http.Request) // nil: a token

	mu     sync.Mutex
	asked  []asked
	logins int
}

func newAzure(t *testing.T, http2 bool, answer func(http.ResponseWriter, *http.Request)) *azure {
	t.Helper()
	a := &azure{t: t, answer: answer}
	a.Server = httptest.NewUnstartedServer(http.HandlerFunc(a.serve))
	a.EnableHTTP2 = http2
	a.Config.ErrorLog = nil
	a.StartTLS()
	t.Cleanup(a.Close)
	return a
}

func (a *azure) serve(w http.ResponseWriter, r *http.Request) {
	if strings.Contains(r.URL.Path, "openid-configuration") {
		fmt.Fprintf(w, `{"token_endpoint":"%[1]s/t/oauth2/v2.0/token","authorization_endpoint":"%[1]s/t/authorize","issuer":"%[1]s/t/v2.0"}`, a.URL)
		return
	}
	if strings.HasSuffix(r.URL.Path, "/token") {
		a.mu.Lock()
		a.logins++
		login := a.login
		a.mu.Unlock()
		if login != nil {
			login(w, r)
			return
		}
		fmt.Fprint(w, `{"token_type":"Bearer","expires_in":3599,"access_token":"a-token"}`)
		return
	}
	body, _ := io.ReadAll(r.Body)
	a.mu.Lock()
	a.asked = append(a.asked, asked{r.Method, r.URL.Path, r.URL.RawQuery, r.Header.Get("Authorization"), r.Header.Get("x-ms-correlation-request-id"),
		r.Header.Get("Content-Type"), string(body)})
	answer := a.answer
	a.mu.Unlock()
	answer(w, r)
}

func (a *azure) requests() []asked {
	a.mu.Lock()
	defer a.mu.Unlock()
	return append([]asked(nil), a.asked...)
}

func (a *azure) countLogins() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.logins
}

func (a *azure) cloud() cloud.Configuration {
	return cloud.Configuration{ActiveDirectoryAuthorityHost: a.URL + "/", Services: map[cloud.ServiceName]cloud.ServiceConfiguration{
		cloud.ResourceManager: {Endpoint: a.URL, Audience: a.URL},
	}}
}

func (a *azure) client(change ...func(*Options)) *Client {
	a.t.Helper()
	credential, err := azidentity.NewClientSecretCredential("t", "client", secret, &azidentity.ClientSecretCredentialOptions{
		ClientOptions:            policy.ClientOptions{Cloud: a.cloud(), Transport: a.Client(), Retry: policy.RetryOptions{MaxRetries: -1}},
		DisableInstanceDiscovery: true,
	})
	if err != nil {
		a.t.Fatal(err)
	}
	o := Options{Credential: credential, Cloud: a.cloud(), Transport: a.Client(), Principal: "client", UserAgent: "avs-operator/test"}
	for _, f := range change {
		f(&o)
	}
	c, err := NewClient(o)
	if err != nil {
		a.t.Fatal(err)
	}
	return c
}

// reply answers with a status, a JSON body and headers in pairs.
func reply(w http.ResponseWriter, status int, body string, headers ...string) {
	for i := 0; i+1 < len(headers); i += 2 {
		w.Header().Set(headers[i], headers[i+1])
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	fmt.Fprint(w, body)
}

func armError(code, message string) string {
	text, _ := json.Marshal(map[string]any{"error": map[string]string{"code": code, "message": message}})
	return string(text)
}

func put(id ID) Write {
	return Write{ID: id, Types: []string{id.Type()}, Verb: PUT, Body: []byte(`{"location":"westeurope"}`),
		OperationID: "22222222-2222-2222-2222-222222222222", Deadline: time.Now().Add(10 * time.Second)}
}

func wantClass(t *testing.T, err error, want Class) {
	t.Helper()
	if got := ClassOf(err); got != want {
		t.Fatalf("class %q, want %q, of: %v", got, want, err)
	}
	if err != nil && (strings.Contains(err.Error(), "a-token") || strings.Contains(err.Error(), secret)) {
		t.Fatalf("the error tells a secret: %v", err)
	}
}

func soon(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}

// insecure trusts any certificate, so that only the host check can keep a token from another host.
func insecure() *http.Client {
	return &http.Client{Transport: &http.Transport{ForceAttemptHTTP2: true, TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}
}

var zero time.Time

func mustURL(s string) *url.URL {
	u, err := url.Parse(s)
	if err != nil {
		panic(err)
	}
	return u
}
