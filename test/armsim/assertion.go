// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package armsim

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

const defaultAssertionAudience = "api://AzureADTokenExchange"

// keysTimeout bounds how long Entra waits for a federated issuer's keys.
const keysTimeout = 10 * time.Second

// checkAssertion tells the two kinds of assertion apart by issuer: a client that signs with its own certificate names itself.
// s.mu is held, and let go while a federated issuer is asked for its keys.
func (s *Server) checkAssertion(c *call, tenant string, app *Application, assertion string) *answer {
	claims := jwt.MapClaims{}
	unverified, _, err := jwt.NewParser().ParseUnverified(assertion, claims)
	if err != nil {
		return entraError(c, http.StatusBadRequest, "invalid_request", 50027, "JWT token is invalid or malformed.")
	}
	issuer, _ := claims.GetIssuer()
	if strings.EqualFold(issuer, app.ClientID) {
		return s.checkCertificateAssertion(c, tenant, app, assertion, unverified)
	}
	federated := slices.Clone(app.Federated)
	s.mu.Unlock()
	defer s.mu.Lock()
	return checkFederatedAssertion(c, federated, assertion, claims)
}

func (s *Server) checkCertificateAssertion(c *call, tenant string, app *Application, assertion string, unverified *jwt.Token) *answer {
	certificate := assertedCertificate(unverified.Header, app.Certificates)
	if certificate == nil {
		return entraError(c, http.StatusUnauthorized, "invalid_client", 700027,
			"The certificate with identifier used to sign the client assertion is not registered on application '%s'.", app.ClientID)
	}
	if time.Now().After(certificate.NotAfter) {
		return entraError(c, http.StatusUnauthorized, "invalid_client", 7000222, "The provided client certificate for app '%s' has expired.", app.ClientID)
	}
	base := s.url + "/" + strings.ToLower(tenant)
	claims := jwt.MapClaims{}
	_, err := jwt.NewParser(jwt.WithValidMethods([]string{"RS256", "PS256"}), jwt.WithExpirationRequired()).
		ParseWithClaims(assertion, claims, func(*jwt.Token) (any, error) { return certificate.PublicKey, nil })
	if err != nil {
		return assertionError(c, err)
	}
	if subject, _ := claims.GetSubject(); !strings.EqualFold(subject, app.ClientID) {
		return entraError(c, http.StatusUnauthorized, "invalid_client", 700021, "Client assertion application identifier doesn't match 'client_id' parameter.")
	}
	audiences, _ := claims.GetAudience()
	for _, a := range audiences {
		if lower := strings.ToLower(a); lower == base+"/oauth2/v2.0/token" || lower == base+"/v2.0" {
			return nil
		}
	}
	return entraError(c, http.StatusUnauthorized, "invalid_client", 700023,
		"Client assertion audience claim does not match Realm issuer. Review the documentation.")
}

// assertedCertificate finds the certificate that a header names: x5t#S256 (MSAL: standard base64), x5t, or kid, which
// go-azure-sdk writes as base64url of the SHA-1 with padding.
func assertedCertificate(header map[string]any, registered []*x509.Certificate) *x509.Certificate {
	for _, certificate := range registered {
		one, two := sha1.Sum(certificate.Raw), sha256.Sum256(certificate.Raw)
		for name, want := range map[string][]byte{"x5t#S256": two[:], "x5t": one[:], "kid": one[:]} {
			text, _ := header[name].(string)
			if got, err := decodeBase64(text); err == nil && string(got) == string(want) {
				return certificate
			}
		}
	}
	return nil
}

// decodeBase64 reads either alphabet, with or without padding: the clients use three of the four forms.
func decodeBase64(text string) ([]byte, error) {
	text = strings.NewReplacer("-", "+", "_", "/").Replace(strings.TrimRight(text, "="))
	return base64.RawStdEncoding.DecodeString(text)
}

func checkFederatedAssertion(c *call, registered []FederatedCredential, assertion string, claims jwt.MapClaims) *answer {
	issuer, _ := claims.GetIssuer()
	subject, _ := claims.GetSubject()
	audiences, _ := claims.GetAudience()
	matching := slices.DeleteFunc(registered, func(f FederatedCredential) bool { return f.Issuer != issuer })
	if len(matching) == 0 {
		return entraError(c, http.StatusUnauthorized, "invalid_client", 700211,
			"No matching federated identity record found for presented assertion issuer '%s'.", issuer)
	}
	// Subjects match byte for byte, as Entra's do: another ServiceAccount of the same cluster is another identity.
	matching = slices.DeleteFunc(matching, func(f FederatedCredential) bool { return f.Subject != subject })
	if len(matching) == 0 {
		return entraError(c, http.StatusUnauthorized, "invalid_client", 700213,
			"No matching federated identity record found for presented assertion subject '%s'.", subject)
	}
	for _, f := range matching {
		want := f.Audience
		if want == "" {
			want = defaultAssertionAudience
		}
		if slices.Contains(audiences, want) {
			return checkFederatedSignature(c, f, assertion)
		}
	}
	return entraError(c, http.StatusUnauthorized, "invalid_client", 700212,
		"No matching federated identity record found for presented assertion audience '%s'.", strings.Join(audiences, ","))
}

func checkFederatedSignature(c *call, f FederatedCredential, assertion string) *answer {
	ctx, cancel := context.WithTimeout(c.http.Context(), keysTimeout)
	defer cancel()
	document, err := f.Keys(ctx)
	if err != nil {
		return entraError(c, http.StatusUnauthorized, "invalid_client", 700284, "The keys of the issuer '%s' could not be read: %v.", f.Issuer, err)
	}
	keys, err := parseKeys(document)
	if err != nil {
		return entraError(c, http.StatusUnauthorized, "invalid_client", 700284, "The keys of the issuer '%s' could not be read: %v.", f.Issuer, err)
	}
	_, err = jwt.NewParser(jwt.WithValidMethods([]string{"RS256", "RS384", "RS512", "ES256", "ES384", "ES512"}), jwt.WithExpirationRequired()).
		Parse(assertion, func(t *jwt.Token) (any, error) {
			kid, _ := t.Header["kid"].(string)
			if key, ok := keys[kid]; ok {
				return key, nil
			}
			return nil, fmt.Errorf("no key %q", kid)
		})
	if err != nil {
		return assertionError(c, err)
	}
	return nil
}

func assertionError(c *call, err error) *answer {
	if errors.Is(err, jwt.ErrTokenExpired) || errors.Is(err, jwt.ErrTokenNotValidYet) || errors.Is(err, jwt.ErrTokenRequiredClaimMissing) {
		return entraError(c, http.StatusUnauthorized, "invalid_client", 700024, "Client assertion is not within its valid time range. Current time: %s.",
			time.Now().UTC().Format(time.RFC3339))
	}
	return entraError(c, http.StatusUnauthorized, "invalid_client", 50013, "Assertion failed signature validation.")
}

// parseKeys reads the RSA and EC keys of a JWKS document, by key id.
func parseKeys(document []byte) (map[string]any, error) {
	var set struct {
		Keys []struct{ Kty, Kid, N, E, Crv, X, Y string }
	}
	if err := json.Unmarshal(document, &set); err != nil {
		return nil, fmt.Errorf("reading a JWKS document: %w", err)
	}
	keys := map[string]any{}
	for _, k := range set.Keys {
		switch k.Kty {
		case "RSA":
			n, errN := decodeBase64(k.N)
			e, errE := decodeBase64(k.E)
			exponent := new(big.Int).SetBytes(e)
			if errN != nil || errE != nil || !exponent.IsInt64() || exponent.Int64() < 3 || exponent.Int64() > 1<<31-1 {
				return nil, fmt.Errorf("key %q of a JWKS document is no RSA key", k.Kid)
			}
			keys[k.Kid] = &rsa.PublicKey{N: new(big.Int).SetBytes(n), E: int(exponent.Int64())}
		case "EC":
			key, err := parseCurveKey(k.Crv, k.X, k.Y)
			if err != nil {
				return nil, fmt.Errorf("key %q of a JWKS document: %w", k.Kid, err)
			}
			keys[k.Kid] = key
		}
	}
	return keys, nil
}

func parseCurveKey(name, x, y string) (*ecdsa.PublicKey, error) {
	curve, ok := map[string]elliptic.Curve{"P-256": elliptic.P256(), "P-384": elliptic.P384(), "P-521": elliptic.P521()}[name]
	if !ok {
		return nil, fmt.Errorf("unknown curve %q", name)
	}
	bytesX, errX := decodeBase64(x)
	bytesY, errY := decodeBase64(y)
	if errX != nil || errY != nil {
		return nil, errors.New("its coordinates are not base64")
	}
	size := (curve.Params().BitSize + 7) / 8
	if len(bytesX) > size || len(bytesY) > size {
		return nil, errors.New("its coordinates are too long")
	}
	point := make([]byte, 1+2*size) // SEC 1: 04, X, Y, each coordinate at full length
	point[0] = 4
	copy(point[1+size-len(bytesX):], bytesX)
	copy(point[1+2*size-len(bytesY):], bytesY)
	key, err := ecdsa.ParseUncompressedPublicKey(curve, point)
	if err != nil {
		return nil, fmt.Errorf("its point: %w", err)
	}
	return key, nil
}
