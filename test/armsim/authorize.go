// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package armsim

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// authenticate checks the bearer token of an ARM request: signature, time, audience, and an issuer that exists here.
func (s *Server) authenticate(c *call) (*principal, *answer) {
	header := c.http.Header.Get("Authorization")
	if header == "" {
		return nil, s.unauthenticated(c, "AuthenticationFailed", "Authentication failed. The 'Authorization' header is missing.")
	}
	text, ok := strings.CutPrefix(header, "Bearer ")
	if !ok {
		return nil, s.unauthenticated(c, "AuthenticationFailedInvalidHeader", "Authentication failed. The 'Authorization' header is provided in an invalid format.")
	}
	claims := jwt.MapClaims{}
	_, err := jwt.NewParser(jwt.WithValidMethods([]string{"RS256"}), jwt.WithExpirationRequired()).
		ParseWithClaims(text, claims, func(*jwt.Token) (any, error) { return &s.entra.key.PublicKey, nil })
	if errors.Is(err, jwt.ErrTokenExpired) {
		expiry, _ := claims.GetExpirationTime()
		return nil, s.expiredToken(c, expiry.Time)
	}
	if err != nil {
		return nil, s.unauthenticated(c, "InvalidAuthenticationToken", "The access token is invalid.")
	}
	audiences, _ := claims.GetAudience()
	if len(audiences) != 1 || strings.TrimRight(audiences[0], "/") != s.url {
		return nil, s.unauthenticated(c, "InvalidAuthenticationTokenAudience", "The access token has been obtained for wrong audience or resource '"+
			strings.Join(audiences, ",")+"'. It should exactly match with one of the allowed audiences '"+s.url+"','"+s.url+"/'.")
	}
	p := &principal{}
	p.clientID, _ = claims["appid"].(string)
	p.objectID, _ = claims["oid"].(string)
	p.tenantID, _ = claims["tid"].(string)
	return p, nil
}

func (s *Server) expiredToken(c *call, at time.Time) *answer {
	return s.unauthenticated(c, "ExpiredAuthenticationToken", "The access token expiry UTC time '"+at.UTC().Format(time.DateTime)+
		"' is earlier than current UTC time '"+time.Now().UTC().Format(time.DateTime)+"'.")
}

func (s *Server) unauthenticated(c *call, code, message string) *answer {
	return refuse(http.StatusUnauthorized, code, "%s", message).with("WWW-Authenticate",
		`Bearer authorization_uri="`+s.url+`/common/oauth2/authorize", error="invalid_token", error_description="`+strings.ReplaceAll(message, `"`, `'`)+`"`)
}

// authorize checks what the principal may do in a subscription. s.mu is held.
func (s *Server) authorize(c *call, sub *subscription, action, scope string) *answer {
	if !strings.EqualFold(c.principal.tenantID, sub.config.TenantID) {
		return s.unauthenticated(c, "InvalidAuthenticationTokenTenant", "The access token is from the wrong issuer 'https://sts.windows.net/"+c.principal.tenantID+
			"/'. It must match the tenant 'https://sts.windows.net/"+strings.ToLower(sub.config.TenantID)+"/' associated with this subscription.")
	}
	is := func(ids []string) bool {
		return slices.ContainsFunc(ids, func(id string) bool { return strings.EqualFold(id, c.principal.clientID) })
	}
	open := len(sub.config.Readers) == 0 && len(sub.config.Contributors) == 0
	if open || is(sub.config.Contributors) || (strings.HasSuffix(action, "/read") && is(sub.config.Readers)) {
		return nil
	}
	return refuse(http.StatusForbidden, "AuthorizationFailed",
		"The client '%s' with object id '%s' does not have authorization to perform action '%s' over scope '%s' "+
			"or the scope is invalid. If access was recently granted, please refresh your credentials.", c.principal.clientID, c.principal.objectID, action, scope)
}
