// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package armsim

import (
	"crypto/rsa"
	"encoding/base64"
	"fmt"
	"math/big"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/uuid"
)

// tokenLifetime is real time at any speed: with less than 20 minutes left azurerm asks for a token before every call, and
// MSAL stops caching below five.
const tokenLifetime = 3599 * time.Second

const assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

// entra is the directory: who exists, with which credentials, and the key that signs its tokens.
type entra struct {
	url     string
	key     *rsa.PrivateKey
	keyID   string
	tenants map[string]*Tenant // by lower-case id
}

// principal is who a token speaks for.
type principal struct {
	clientID, objectID, tenantID string
}

func newEntra(url string, key *rsa.PrivateKey, tenants []Tenant) *entra {
	e := &entra{url: url, key: key, tenants: map[string]*Tenant{}}
	e.keyID = base64.RawURLEncoding.EncodeToString(key.N.Bytes()[:20])
	for _, t := range tenants {
		t.Applications = slices.Clone(t.Applications)
		e.tenants[strings.ToLower(t.ID)] = &t
	}
	return e
}

func objectID(a Application) string {
	if a.ObjectID != "" {
		return a.ObjectID
	}
	return uuid.NewSHA1(uuid.NameSpaceOID, []byte("servicePrincipal/"+strings.ToLower(a.ClientID))).String()
}

func (e *entra) application(tenant, clientID string) (*Application, bool) {
	t, ok := e.tenants[strings.ToLower(tenant)]
	if !ok {
		return nil, false
	}
	for i := range t.Applications {
		if strings.EqualFold(t.Applications[i].ClientID, clientID) {
			return &t.Applications[i], true
		}
	}
	return nil, false
}

// route answers the requests below /{tenant}/; ok is false for a path that is none of Entra's. s.mu is not held.
func (s *Server) routeEntra(c *call) (*answer, bool) {
	if len(c.segments) < 2 {
		return nil, false
	}
	tenant, rest := c.segments[0], strings.ToLower(strings.Join(c.segments[1:], "/"))
	switch rest {
	case "v2.0/.well-known/openid-configuration":
		if _, ok := s.entra.tenants[strings.ToLower(tenant)]; !ok && !sharedTenant(tenant) {
			return unknownTenant(c, tenant), true
		}
		return s.openIDConfiguration(tenant), true
	case "discovery/v2.0/keys":
		return s.signingKeys(), true
	case "oauth2/v2.0/token":
		if c.http.Method != http.MethodPost {
			return entraError(c, http.StatusBadRequest, "invalid_request", 900561, "The endpoint only accepts POST requests. Received a %s request.",
				c.http.Method), true
		}
		return s.issueToken(c, tenant), true
	}
	return nil, false
}

// sharedTenant reports whether name stands for any tenant, as in discovery.
func sharedTenant(name string) bool {
	return slices.Contains([]string{"common", "organizations", "adfs"}, strings.ToLower(name))
}

// openIDConfiguration has the issuer on this very host and port, because MSAL refuses any other.
func (s *Server) openIDConfiguration(tenant string) *answer {
	base := s.url + "/" + tenant
	return reply(http.StatusOK, map[string]any{
		"issuer":                                base + "/v2.0",
		"authorization_endpoint":                base + "/oauth2/v2.0/authorize",
		"token_endpoint":                        base + "/oauth2/v2.0/token",
		"jwks_uri":                              base + "/discovery/v2.0/keys",
		"response_types_supported":              []string{"code", "id_token", "token"},
		"subject_types_supported":               []string{"pairwise"},
		"id_token_signing_alg_values_supported": []string{"RS256"},
		"token_endpoint_auth_methods_supported": []string{"client_secret_post", "private_key_jwt"},
	})
}

func (s *Server) signingKeys() *answer {
	public := s.entra.key.PublicKey
	return reply(http.StatusOK, map[string]any{"keys": []any{map[string]any{
		"kty": "RSA", "use": "sig", "alg": "RS256", "kid": s.entra.keyID,
		"n": base64.RawURLEncoding.EncodeToString(public.N.Bytes()),
		"e": base64.RawURLEncoding.EncodeToString(big.NewInt(int64(public.E)).Bytes()),
	}}})
}

// issueToken is the client credentials grant.
func (s *Server) issueToken(c *call, tenant string) *answer {
	form := c.form
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.entra.tenants[strings.ToLower(tenant)]; !ok {
		return unknownTenant(c, tenant)
	}
	switch form.Get("grant_type") {
	case "client_credentials":
	case "":
		return entraError(c, http.StatusBadRequest, "invalid_request", 900144, "The request body must contain the following parameter: 'grant_type'.")
	default:
		return entraError(c, http.StatusBadRequest, "unsupported_grant_type", 70003, "The app requested an unsupported grant type '%s'.", form.Get("grant_type"))
	}
	clientID := form.Get("client_id")
	app, ok := s.entra.application(tenant, clientID)
	if !ok {
		return entraError(c, http.StatusBadRequest, "unauthorized_client", 700016, "Application with identifier '%s' was not found in the directory '%s'. "+
			"This can happen if the application has not been installed by the administrator of the tenant or consented to by any user in the tenant.", clientID, tenant)
	}
	audience, refused := s.audience(c, tenant)
	if refused != nil {
		return refused
	}
	method, refused := s.authenticateClient(c, tenant, app)
	if refused != nil {
		return refused
	}
	token, err := s.entra.sign(tenant, app, audience, method, time.Now())
	if err != nil {
		return entraError(c, http.StatusInternalServerError, "server_error", 90033, "A transient error has occurred: %v", err)
	}
	seconds := int(tokenLifetime / time.Second)
	return reply(http.StatusOK, map[string]any{
		"token_type": "Bearer", "expires_in": seconds, "ext_expires_in": seconds, "access_token": token,
	}).with("Cache-Control", "no-store, no-cache")
}

// audience reads the resource out of the first scope: azidentity sends three more after it.
func (s *Server) audience(c *call, tenant string) (string, *answer) {
	scopes := strings.Fields(c.form.Get("scope"))
	if len(scopes) == 0 || !strings.HasSuffix(scopes[0], "/.default") {
		return "", entraError(c, http.StatusBadRequest, "invalid_scope", 1002012, "The provided value for scope %s is not valid. "+
			"Client credential flows must have a scope value with /.default suffixed to the resource identifier (application ID URI).", c.form.Get("scope"))
	}
	audience := strings.TrimSuffix(scopes[0], "/.default")
	if !strings.HasPrefix(audience, s.url) {
		return "", entraError(c, http.StatusBadRequest, "invalid_resource", 500011, "The resource principal named %s was not found in the tenant named %s. "+
			"This can happen if the application has not been installed by the administrator of the tenant or consented to by any user in the tenant.", audience, tenant)
	}
	return audience, nil
}

// authenticateClient answers how the client proved who it is: "1" by secret, "2" by an assertion, as Entra's appidacr says.
func (s *Server) authenticateClient(c *call, tenant string, app *Application) (string, *answer) {
	if assertion := strings.TrimSpace(c.form.Get("client_assertion")); assertion != "" {
		if got := c.form.Get("client_assertion_type"); got != assertionType {
			return "", entraError(c, http.StatusBadRequest, "invalid_request", 900144,
				"The client_assertion_type '%s' is not supported; it must be '%s'.", got, assertionType)
		}
		return "2", s.checkAssertion(c, tenant, app, assertion)
	}
	secret := c.form.Get("client_secret")
	if secret == "" {
		return "", entraError(c, http.StatusUnauthorized, "invalid_client", 7000218,
			"The request body must contain the following parameter: 'client_assertion' or 'client_secret'.")
	}
	if !slices.Contains(app.Secrets, secret) {
		return "", entraError(c, http.StatusUnauthorized, "invalid_client", 7000215, "Invalid client secret provided. Ensure the secret being sent in the request "+
			"is the client secret value, not the client secret ID, for a secret added to app '%s'.", app.ClientID)
	}
	return "1", nil
}

// sign makes an access token with the claims of an Entra v1.0 app-only token. aud is a string and exp a number: azurerm
// cannot read anything else.
func (e *entra) sign(tenant string, app *Application, audience, method string, now time.Time) (string, error) {
	object := objectID(*app)
	issuer := "https://sts.windows.net/" + strings.ToLower(tenant) + "/"
	token := jwt.NewWithClaims(jwt.SigningMethodRS256, jwt.MapClaims{
		"aud": audience, "iss": issuer, "idp": issuer,
		"iat": now.Unix(), "nbf": now.Unix(), "exp": now.Add(tokenLifetime).Unix(),
		"appid": app.ClientID, "appidacr": method, "idtyp": "app",
		"oid": object, "sub": object, "tid": strings.ToLower(tenant),
		"uti": base64.RawURLEncoding.EncodeToString([]byte(uuid.NewString())[:16]), "ver": "1.0",
	})
	token.Header["kid"] = e.keyID
	token.Header["x5t"] = e.keyID
	signed, err := token.SignedString(e.key)
	if err != nil {
		return "", fmt.Errorf("signing an access token: %w", err)
	}
	return signed, nil
}

func unknownTenant(c *call, tenant string) *answer {
	return entraError(c, http.StatusBadRequest, "invalid_request", 90002, "Tenant '%s' not found. Check to make sure you have the correct tenant ID "+
		"and are signing into the correct cloud. Check with your subscription administrator, this may happen if there are no active "+
		"subscriptions for the tenant.", tenant)
}

// entraError makes the error shape of the token endpoint.
func entraError(c *call, status int, code string, number int, format string, args ...any) *answer {
	now := time.Now().UTC().Format("2006-01-02 15:04:05Z")
	trace := uuid.NewString()
	return reply(status, map[string]any{
		"error": code,
		"error_description": fmt.Sprintf("AADSTS%d: %s Trace ID: %s Correlation ID: %s Timestamp: %s",
			number, fmt.Sprintf(format, args...), trace, c.correlation, now),
		"error_codes":    []int{number},
		"timestamp":      now,
		"trace_id":       trace,
		"correlation_id": c.correlation,
	})
}
