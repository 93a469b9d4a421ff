// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package armsim

import (
	"net/http"
	"strings"
)

// otherNamespaces are resource providers that every subscription has beside Microsoft.AVS. Only their registration is here:
// Terraform's azurerm wants all of these registered before it does anything, unless it is told not to look.
var otherNamespaces = strings.Fields(`Microsoft.ApiManagement Microsoft.AppConfiguration Microsoft.AppPlatform Microsoft.Authorization Microsoft.Automation
	Microsoft.Blueprint Microsoft.BotService Microsoft.Cache Microsoft.Cdn Microsoft.CognitiveServices Microsoft.Compute Microsoft.ContainerInstance
	Microsoft.ContainerRegistry Microsoft.ContainerService Microsoft.CostManagement Microsoft.CustomProviders Microsoft.DBforMariaDB Microsoft.DBforMySQL
	Microsoft.DBforPostgreSQL Microsoft.DataFactory Microsoft.DataLakeAnalytics Microsoft.DataLakeStore Microsoft.DataMigration Microsoft.DataProtection
	Microsoft.Databricks Microsoft.DesktopVirtualization Microsoft.DevTestLab Microsoft.Devices Microsoft.DocumentDB Microsoft.EventGrid Microsoft.EventHub
	Microsoft.GuestConfiguration Microsoft.HDInsight Microsoft.HealthcareApis Microsoft.Insights Microsoft.KeyVault Microsoft.Kusto Microsoft.Logic
	Microsoft.MachineLearningServices Microsoft.Maintenance Microsoft.ManagedIdentity Microsoft.ManagedServices Microsoft.Management Microsoft.Maps
	Microsoft.MarketplaceOrdering Microsoft.MixedReality Microsoft.Network Microsoft.NotificationHubs Microsoft.OperationalInsights
	Microsoft.OperationsManagement Microsoft.PolicyInsights Microsoft.PowerBIDedicated Microsoft.RecoveryServices Microsoft.Relay Microsoft.Resources
	Microsoft.Search Microsoft.Security Microsoft.SecurityInsights Microsoft.ServiceBus Microsoft.ServiceFabric Microsoft.SignalRService Microsoft.Sql
	Microsoft.Storage Microsoft.StreamAnalytics Microsoft.TimeSeriesInsights Microsoft.Web`)

// otherNamespace answers the spelling of a namespace beside Microsoft.AVS.
func otherNamespace(name string) (string, bool) {
	for _, known := range otherNamespaces {
		if strings.EqualFold(known, name) {
			return known, true
		}
	}
	return "", false
}

// registration serves /providers, /providers/{namespace}, and its register and unregister.
func (s *Server) registration(in *scoped) *answer {
	method := in.http.Method
	if len(in.rest) == 1 {
		list := []map[string]any{in.sub.provider()}
		for _, name := range otherNamespaces {
			list = append(list, in.sub.otherProvider(name))
		}
		return s.page(in.call, list)
	}
	other, isOther := otherNamespace(in.rest[1])
	register, unregister := in.is(2, "register"), in.is(2, "unregister")
	switch {
	case !isOther && !in.is(1, avs):
		return invalidNamespace(in.rest[1])
	case len(in.rest) == 2 && method == http.MethodGet:
	case len(in.rest) != 3 || method != http.MethodPost || !register && !unregister:
		return methodNotAllowed(in.call)
	case isOther:
		in.sub.unregisteredOthers[other] = unregister
	case register:
		s.register(in.sub)
	default:
		in.sub.registered = "NotRegistered"
	}
	if isOther {
		return reply(http.StatusOK, in.sub.otherProvider(other))
	}
	return reply(http.StatusOK, in.sub.provider())
}

func (sub *subscription) otherProvider(name string) map[string]any {
	state := "Registered"
	if sub.unregisteredOthers[name] {
		state = "NotRegistered"
	}
	return map[string]any{
		"id": sub.path() + "/providers/" + name, "namespace": name, "registrationPolicy": "RegistrationRequired", "registrationState": state,
		"resourceTypes": []any{},
	}
}

func invalidNamespace(name string) *answer {
	if known, ok := otherNamespace(name); ok {
		return refuse(http.StatusNotFound, "InvalidResourceType", "The resource type could not be found in the namespace '%s'.", known)
	}
	return refuse(http.StatusNotFound, "InvalidResourceNamespace", "The resource namespace '%s' is invalid.", name)
}

// register begins the registration of Microsoft.AVS.
func (s *Server) register(sub *subscription) {
	if sub.registered != "NotRegistered" {
		return
	}
	sub.registered = "Registering"
	sub.due = s.after(s.draw(s.config.Durations.Register, "register/"+sub.config.ID), s.registering(sub))
}

// registering ends a registration, unless it was taken back meanwhile.
func (s *Server) registering(sub *subscription) func() {
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if sub.registered == "Registering" {
			sub.registered = "Registered"
		}
	}
}

// listTenants lists the tenants that the caller's identity belongs to: its own.
func (s *Server) listTenants(c *call) *answer {
	id := c.principal.tenantID
	return s.page(c, []map[string]any{{
		"id": "/tenants/" + id, "tenantId": id, "displayName": "Tenant " + id, "countryCode": "NO", "tenantCategory": "Home", "tenantType": "AAD",
	}})
}
