// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package armsim

import (
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// managedIdentityToken speaks the App Service protocol: IDENTITY_ENDPOINT=<url>/msi/token, IDENTITY_HEADER=anything. The
// identity is the application that the request names, or the only one there is.
func (s *Server) managedIdentityToken(c *call) *answer {
	if c.http.Header.Get("X-IDENTITY-HEADER") == "" {
		return refuse(http.StatusUnauthorized, "invalid_request", "The header X-IDENTITY-HEADER is missing.")
	}
	resource := c.query.Get("resource")
	if !strings.HasPrefix(resource, s.url) {
		return refuse(http.StatusBadRequest, "invalid_resource", "AADSTS500011: The resource principal named %s was not found.", resource)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	clientID, object := c.query.Get("client_id"), c.query.Get("object_id")
	for _, key := range sortedKeys(s.entra.tenants) {
		t := s.entra.tenants[key]
		for i := range t.Applications {
			app := &t.Applications[i]
			if (clientID != "" && !strings.EqualFold(app.ClientID, clientID)) || (object != "" && !strings.EqualFold(objectID(*app), object)) {
				continue
			}
			now := time.Now()
			token, err := s.entra.sign(t.ID, app, resource, "2", now)
			if err != nil {
				return refuse(http.StatusInternalServerError, "server_error", "%v", err)
			}
			return reply(http.StatusOK, map[string]any{
				"access_token": token, "expires_on": strconv.FormatInt(now.Add(tokenLifetime).Unix(), 10), "resource": resource, "token_type": "Bearer",
			})
		}
	}
	return refuse(http.StatusBadRequest, "invalid_request", "No managed identity was found for the request.")
}

var byAppID = regexp.MustCompile(`(?i)appId eq '([^']*)'`)

// servicePrincipals is the one question that azurerm asks Microsoft Graph.
func (s *Server) servicePrincipals(c *call) *answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := []any{}
	if match := byAppID.FindStringSubmatch(c.query.Get("$filter")); match != nil {
		for _, key := range sortedKeys(s.entra.tenants) {
			if app, ok := s.entra.application(key, match[1]); ok {
				list = append(list, map[string]any{"id": objectID(*app), "appId": app.ClientID})
			}
		}
	}
	return reply(http.StatusOK, map[string]any{"value": list})
}
