// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package armsim

import (
	"net/http"
	"strings"
	"time"
)

// subscription is a billing scope with its quota and its registration of Microsoft.AVS.
type subscription struct {
	config     Subscription
	registered string        // Registered, Registering, NotRegistered
	due        time.Duration // when Registering ends, by the server's clock

	unregisteredOthers map[string]bool // namespaces beside Microsoft.AVS
}

func newSubscription(c Subscription) *subscription {
	sub := &subscription{config: c, registered: "Registered", unregisteredOthers: map[string]bool{}}
	if c.NotRegistered {
		sub.registered = "NotRegistered"
	}
	return sub
}

func (sub *subscription) path() string { return "/subscriptions/" + sub.config.ID }

func (sub *subscription) body() map[string]any {
	name := sub.config.DisplayName
	if name == "" {
		name = "Subscription " + sub.config.ID
	}
	return map[string]any{
		"id": sub.path(), "subscriptionId": sub.config.ID, "tenantId": sub.config.TenantID, "displayName": name, "state": "Enabled",
		"subscriptionPolicies": map[string]any{"locationPlacementId": "Public_2014-09-01", "quotaId": "EnterpriseAgreement_2014-09-01", "spendingLimit": "Off"},
		"authorizationSource":  "RoleBased",
	}
}

func (s *Server) listSubscriptions(c *call) *answer {
	list := []map[string]any{}
	for _, key := range sortedKeys(s.subscriptions) {
		if sub := s.subscriptions[key]; s.authorize(c, sub, "Microsoft.Resources/subscriptions/read", sub.path()) == nil {
			list = append(list, sub.body())
		}
	}
	a := s.page(c, list)
	if body, ok := a.body.(map[string]any); ok && a.status == http.StatusOK {
		body["count"] = map[string]any{"type": "Total", "value": len(list)}
	}
	return a
}

func (s *Server) listLocations(c *call, sub *subscription) *answer {
	list := []map[string]any{}
	for _, l := range knownLocations {
		list = append(list, map[string]any{
			"id": sub.path() + "/locations/" + l.name, "name": l.name, "displayName": l.display, "regionalDisplayName": l.display, "type": "Region",
		})
	}
	return s.page(c, list)
}

func (sub *subscription) provider() map[string]any {
	names := make([]string, 0, len(knownLocations))
	for _, l := range knownLocations {
		names = append(names, l.display)
	}
	kinds := []any{}
	for _, t := range resourceTypes {
		kinds = append(kinds, map[string]any{
			"resourceType": strings.TrimPrefix(t.name, avs+"/"), "locations": names, "apiVersions": t.versions(), "defaultApiVersion": avsVersions[len(avsVersions)-1],
		})
	}
	return map[string]any{
		"id": sub.path() + "/providers/" + avs, "namespace": avs, "registrationPolicy": "RegistrationRequired",
		"registrationState": sub.registered, "resourceTypes": kinds,
	}
}

func (sub *subscription) unregistered() *answer {
	if sub.registered == "Registered" {
		return nil
	}
	return refuse(http.StatusConflict, "MissingSubscriptionRegistration", "The subscription is not registered to use namespace '%s'. "+
		"See https://aka.ms/rps-not-found for how to register subscriptions.", avs)
}

// providerOperations lists the actions that roles can be made of.
func (s *Server) providerOperations(c *call) *answer {
	list := []map[string]any{}
	add := func(name string) {
		list = append(list, map[string]any{"name": name, "isDataAction": false, "display": map[string]any{"provider": avs, "operation": name}})
	}
	add(avs + "/register/action")
	for _, t := range resourceTypes {
		add(t.name + "/read")
		if t.put != noVerb {
			add(t.name + "/write")
			add(t.name + "/delete")
		}
		for _, action := range sortedKeys(t.actions) {
			add(t.name + "/" + t.actions[action].name + "/action")
		}
	}
	return s.page(c, list)
}

func methodNotAllowed(c *call) *answer {
	return refuse(http.StatusMethodNotAllowed, "MethodNotAllowed", "The HTTP method '%s' is not supported at '%s'.", c.http.Method, c.http.URL.Path)
}
