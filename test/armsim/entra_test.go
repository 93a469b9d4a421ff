// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package armsim

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"io"
	"math/big"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"github.com/golang-jwt/jwt/v5"
)

const (
	issuer  = "https://kubernetes.default.svc"
	subject = "system:serviceaccount:vmware:avs-operator"
)

// newCertificate makes a client's own certificate.
func newCertificate(t *testing.T) (*x509.Certificate, *rsa.PrivateKey) {
	t.Helper()
	key := must(rsa.GenerateKey(rand.Reader, 2048))(t)
	template := &x509.Certificate{SerialNumber: big.NewInt(7), Subject: pkix.Name{CommonName: "client"}, NotBefore: time.Now().Add(-time.Hour),
		NotAfter: time.Now().Add(time.Hour)}
	der := must(x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key))(t)
	return must(x509.ParseCertificate(der))(t), key
}

// kubernetes is an API server's token issuer with an EC key and an RSA key.
type kubernetes struct {
	rsa *rsa.PrivateKey
	ec  *ecdsa.PrivateKey
}

func newKubernetes(t *testing.T) *kubernetes {
	return &kubernetes{rsa: must(rsa.GenerateKey(rand.Reader, 2048))(t), ec: must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))(t)}
}

func (k *kubernetes) keys(context.Context) ([]byte, error) {
	b64 := base64.RawURLEncoding.EncodeToString
	point, err := k.ec.PublicKey.Bytes()
	if err != nil {
		return nil, err
	}
	return json.Marshal(map[string]any{"keys": []any{
		map[string]any{"kty": "RSA", "kid": "r", "n": b64(k.rsa.N.Bytes()), "e": b64(big.NewInt(int64(k.rsa.E)).Bytes())},
		map[string]any{"kty": "EC", "crv": "P-256", "kid": "e", "x": b64(point[1:33]), "y": b64(point[33:])},
	}})
}

func (k *kubernetes) token(t *testing.T, edit ...func(jwt.MapClaims)) string {
	t.Helper()
	claims := jwt.MapClaims{"iss": issuer, "sub": subject, "aud": []string{defaultAssertionAudience}, "iat": time.Now().Unix(),
		"exp": time.Now().Add(time.Hour).Unix()}
	for _, e := range edit {
		e(claims)
	}
	tok := jwt.NewWithClaims(jwt.SigningMethodRS256, claims)
	tok.Header["kid"] = "r"
	return must(tok.SignedString(k.rsa))(t)
}

func withFederation(k *kubernetes) func(*Config) {
	return func(c *Config) {
		c.Tenants[0].Applications[0].Federated = []FederatedCredential{{Issuer: issuer, Subject: subject, Keys: k.keys}}
	}
}

func withCertificate(cert *x509.Certificate) func(*Config) {
	return func(c *Config) { c.Tenants[0].Applications[0].Certificates = []*x509.Certificate{cert} }
}

// usable proves that ARM takes the token.
func usable(t *testing.T, s *Server, text string) {
	t.Helper()
	r := &raw{t: t, s: s, http: httpClient(t, s), token: text}
	r.want(http.StatusOK, http.MethodGet, groupPath+"?api-version=2023-07-01", nil)
}

func TestSecretToken(t *testing.T) {
	s := start(t)
	text := token(t, s, secretCredential(t, s, tenant, client, clientSecret))
	usable(t, s, text)

	keys, err := parseKeys(fetch(t, s, "/"+tenant+"/discovery/v2.0/keys"))
	if err != nil {
		t.Fatal(err)
	}
	claims := jwt.MapClaims{}
	if _, err := jwt.ParseWithClaims(text, claims, func(tok *jwt.Token) (any, error) { return keys[tok.Header["kid"].(string)], nil },
		jwt.WithValidMethods([]string{"RS256"})); err != nil {
		t.Fatalf("the token does not verify with the served keys: %v", err)
	}
	if aud, ok := claims["aud"].(string); !ok || aud != s.URL() {
		t.Errorf("aud is %v; azurerm needs one text", claims["aud"])
	}
	lifetime := claims["exp"].(float64) - claims["iat"].(float64)
	if lifetime < 3599 || claims["appid"] != client || claims["tid"] != tenant || claims["oid"] == "" || claims["oid"] != claims["sub"] {
		t.Errorf("the claims are %v", claims)
	}
	// azidentity needs one request for discovery and one for the token, and none more.
	if n := len(s.Requests()); n != 4 {
		t.Errorf("%d requests, want discovery, token, group and keys: %+v", n, s.Requests())
	}
	for _, req := range s.Requests() {
		if strings.Contains(string(req.Body), clientSecret) {
			t.Errorf("the secret is in the log: %s", req.Body)
		}
	}
}

func fetch(t *testing.T, s *Server, path string) []byte {
	t.Helper()
	resp := must(httpClient(t, s).Get(s.URL() + path))(t)
	defer resp.Body.Close()
	return must(io.ReadAll(resp.Body))(t)
}

func TestCertificateCredential(t *testing.T) {
	cert, key := newCertificate(t)
	s := start(t, withCertificate(cert))
	for _, chain := range []bool{false, true} {
		cred := must(azidentity.NewClientCertificateCredential(tenant, client, []*x509.Certificate{cert}, key, &azidentity.ClientCertificateCredentialOptions{
			ClientOptions: clientOptions(t, s), DisableInstanceDiscovery: true, SendCertificateChain: chain,
		}))(t)
		usable(t, s, token(t, s, cred))
	}
	other, otherKey := newCertificate(t)
	cred := must(azidentity.NewClientCertificateCredential(tenant, client, []*x509.Certificate{other}, otherKey, &azidentity.ClientCertificateCredentialOptions{
		ClientOptions: clientOptions(t, s), DisableInstanceDiscovery: true,
	}))(t)
	_, err := cred.GetToken(t.Context(), policy.TokenRequestOptions{Scopes: []string{s.URL() + "/.default"}})
	if err == nil || !strings.Contains(err.Error(), "AADSTS700027") {
		t.Errorf("an unknown certificate gives %v, want AADSTS700027", err)
	}
}

// go-azure-sdk signs RS256 and names the certificate in kid, with padding.
func TestCertificateAssertionOfGoAzureSDK(t *testing.T) {
	cert, key := newCertificate(t)
	s := start(t, withCertificate(cert))
	sum := sha1.Sum(cert.Raw)
	url := s.URL() + "/" + tenant + "/oauth2/v2.0/token"
	sign := func(audience, sub string, expiry time.Duration, signer *rsa.PrivateKey) string {
		tok := jwt.NewWithClaims(jwt.SigningMethodRS256, jwt.MapClaims{"iss": client, "sub": sub, "aud": audience, "exp": time.Now().Add(expiry).Unix(), "jti": "1"})
		tok.Header["kid"] = base64.URLEncoding.EncodeToString(sum[:])
		return must(tok.SignedString(signer))(t)
	}
	_, otherKey := newCertificate(t)
	for name, c := range map[string]struct{ assertion, code string }{
		"right":            {sign(url, client, time.Minute, key), ""},
		"another audience": {sign("https://elsewhere/token", client, time.Minute, key), "AADSTS700023"},
		"another subject":  {sign(url, reader, time.Minute, key), "AADSTS700021"},
		"expired":          {sign(url, client, -time.Minute, key), "AADSTS700024"},
		"another key":      {sign(url, client, time.Minute, otherKey), "AADSTS50013"},
	} {
		got := postToken(t, s, tenant, assertionForm(s, c.assertion))
		if text, _ := got["access_token"].(string); c.code == "" && text != "" {
			usable(t, s, text)
		} else if c.code == "" || !strings.Contains(lookupString(got, "error_description"), c.code) {
			t.Errorf("%s: got %v, want %q", name, got, c.code)
		}
	}
}

func assertionForm(s *Server, assertion string) url.Values {
	return url.Values{
		"grant_type": {"client_credentials"}, "client_id": {client}, "scope": {s.URL() + "/.default"},
		"client_assertion": {assertion}, "client_assertion_type": {assertionType},
	}
}

func postToken(t *testing.T, s *Server, tenantID string, form url.Values) map[string]any {
	t.Helper()
	resp := must(httpClient(t, s).PostForm(s.URL()+"/"+tenantID+"/oauth2/v2.0/token", form))(t)
	defer resp.Body.Close()
	var out map[string]any
	if err := json.NewDecoder(resp.Body).Decode(&out); err != nil {
		t.Fatal(err)
	}
	out["status"] = float64(resp.StatusCode)
	return out
}

func TestFederatedAssertion(t *testing.T) {
	k := newKubernetes(t)
	s := start(t, withFederation(k))
	cred := must(azidentity.NewClientAssertionCredential(tenant, client, func(context.Context) (string, error) { return k.token(t), nil },
		&azidentity.ClientAssertionCredentialOptions{ClientOptions: clientOptions(t, s), DisableInstanceDiscovery: true}))(t)
	usable(t, s, token(t, s, cred))

	// A token file with a trailing newline, as the kubelet's projection is read by azidentity.
	file := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(file, []byte(k.token(t)+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	workload := must(azidentity.NewWorkloadIdentityCredential(&azidentity.WorkloadIdentityCredentialOptions{
		ClientOptions: clientOptions(t, s), DisableInstanceDiscovery: true, TenantID: tenant, ClientID: client, TokenFilePath: file,
	}))(t)
	usable(t, s, token(t, s, workload))

	tok := jwt.NewWithClaims(jwt.SigningMethodES256,
		jwt.MapClaims{"iss": issuer, "sub": subject, "aud": defaultAssertionAudience, "exp": time.Now().Add(time.Hour).Unix()})
	tok.Header["kid"] = "e"
	if got := postToken(t, s, tenant, assertionForm(s, must(tok.SignedString(k.ec))(t))); got["access_token"] == nil {
		t.Errorf("an ES256 assertion gives %v", got)
	}
}

func TestFederatedAssertionRefused(t *testing.T) {
	k, impostor := newKubernetes(t), newKubernetes(t)
	s := start(t, withFederation(k))
	set := func(name string, value any) func(jwt.MapClaims) {
		return func(c jwt.MapClaims) { c[name] = value }
	}
	for name, c := range map[string]struct{ assertion, code string }{
		"another issuer":         {k.token(t, set("iss", "https://elsewhere")), "AADSTS700211"},
		"another ServiceAccount": {k.token(t, set("sub", "system:serviceaccount:vmware:default")), "AADSTS700213"},
		"another casing":         {k.token(t, set("sub", strings.ToUpper(subject))), "AADSTS700213"},
		"another audience":       {k.token(t, set("aud", "https://kubernetes.default.svc")), "AADSTS700212"},
		"expired":                {k.token(t, set("exp", time.Now().Add(-time.Minute).Unix())), "AADSTS700024"},
		"without expiry":         {k.token(t, func(c jwt.MapClaims) { delete(c, "exp") }), "AADSTS700024"},
		"another key":            {impostor.token(t), "AADSTS50013"},
		"no token":               {"nonsense", "AADSTS50027"},
	} {
		got := postToken(t, s, tenant, assertionForm(s, c.assertion))
		if !strings.Contains(lookupString(got, "error_description"), c.code) || got["access_token"] != nil {
			t.Errorf("%s: got %v, want %s", name, got, c.code)
		}
	}
}

func TestTokenRefused(t *testing.T) {
	s := start(t)
	form := func(edit ...string) url.Values {
		f := url.Values{"grant_type": {"client_credentials"}, "client_id": {client}, "client_secret": {clientSecret},
			"scope": {s.URL() + "/.default openid offline_access profile"}}
		for i := 0; i < len(edit); i += 2 {
			f.Set(edit[i], edit[i+1])
		}
		return f
	}
	for name, c := range map[string]struct {
		tenant string
		form   url.Values
		status float64
		err    string
		number float64
	}{
		"unknown tenant":   {"nobody", form(), 400, "invalid_request", 90002},
		"unknown client":   {tenant, form("client_id", otherClient), 400, "unauthorized_client", 700016},
		"wrong secret":     {tenant, form("client_secret", "no"), 401, "invalid_client", 7000215},
		"no secret":        {tenant, form("client_secret", ""), 401, "invalid_client", 7000218},
		"scope":            {tenant, form("scope", "openid"), 400, "invalid_scope", 1002012},
		"foreign resource": {tenant, form("scope", "https://elsewhere/.default"), 400, "invalid_resource", 500011},
		"grant":            {tenant, form("grant_type", "password"), 400, "unsupported_grant_type", 70003},
		"no grant":         {tenant, form("grant_type", ""), 400, "invalid_request", 900144},
	} {
		got := postToken(t, s, c.tenant, c.form)
		codes, _ := got["error_codes"].([]any)
		if got["status"] != c.status || got["error"] != c.err || len(codes) != 1 || codes[0] != c.number {
			t.Errorf("%s: got %v", name, got)
		}
	}
	// A replaced secret counts at once, the old one no more.
	if err := s.SetSecrets(tenant, client, "new"); err != nil {
		t.Fatal(err)
	}
	if got := postToken(t, s, tenant, form()); got["status"] != float64(401) {
		t.Errorf("the old secret gives %v", got["status"])
	}
	if got := postToken(t, s, tenant, form("client_secret", "new")); got["status"] != float64(200) {
		t.Errorf("the new secret gives %v", got)
	}
}

func TestManagedIdentity(t *testing.T) {
	s := start(t)
	t.Setenv("IDENTITY_ENDPOINT", s.URL()+"/msi/token")
	t.Setenv("IDENTITY_HEADER", "x")
	cred := must(azidentity.NewManagedIdentityCredential(&azidentity.ManagedIdentityCredentialOptions{
		ClientOptions: clientOptions(t, s), ID: azidentity.ClientID(client),
	}))(t)
	usable(t, s, token(t, s, cred))
}

func TestCloudMetadata(t *testing.T) {
	s := start(t)
	var m map[string]any
	if err := json.Unmarshal(fetch(t, s, "/metadata/endpoints?api-version=2022-09-01"), &m); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		"name": "AzureCloud", "resourceManager": s.URL() + "/", "microsoftGraphResourceId": s.URL() + "/graph/",
		"authentication.loginEndpoint": s.URL(), "authentication.tenant": "common", "authentication.identityProvider": "AAD",
	} {
		if got := lookupString(m, path); got != want {
			t.Errorf("%s is %q, want %q", path, got, want)
		}
	}
	if lookupString(m, "suffixes.storage") == "" || lookupString(m, "suffixes.keyVaultDns") == "" {
		t.Errorf("suffixes are %v", m["suffixes"])
	}
	if got := string(fetch(t, s, "//metadata/endpoints?api-version=2018-01-01")); !strings.Contains(got, "westeurope") {
		t.Errorf("the locations are %s", got)
	}
	// The Graph token that azurerm asks for first.
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {client}, "client_secret": {clientSecret}, "scope": {s.URL() + "/graph//.default"}}
	if got := postToken(t, s, tenant, form); got["access_token"] == nil {
		t.Errorf("a Graph token: %v", got)
	}
}
