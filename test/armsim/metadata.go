// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package armsim

import "net/http"

// cloudMetadata is ARM's description of the cloud. azurerm refuses it without any one of these fields, and takes another
// tenant or identity provider for Azure Stack.
func (s *Server) cloudMetadata(c *call) *answer {
	if c.query.Get("api-version") == "2018-01-01" { // azurerm's enhanced validation of locations
		locations := make([]string, 0, len(knownLocations))
		for _, l := range knownLocations {
			locations = append(locations, l.name)
		}
		return reply(http.StatusOK, map[string]any{"cloudEndpoint": map[string]any{
			"public": map[string]any{"endpoint": c.http.Host, "locations": locations},
		}})
	}
	if c.query.Get("api-version") == "2019-05-01" {
		return reply(http.StatusOK, []any{s.cloudForCLI()})
	}
	return reply(http.StatusOK, map[string]any{
		"name":                     "AzureCloud",
		"portal":                   s.url + "/portal",
		"resourceManager":          s.url + "/",
		"microsoftGraphResourceId": s.url + "/graph/",
		"authentication": map[string]any{
			"loginEndpoint": s.url, "tenant": "common", "identityProvider": "AAD", "audiences": []string{s.url + "/"},
		},
		"suffixes": map[string]any{"storage": "core.sim.local", "keyVaultDns": "vault.sim.local"},
	})
}

// cloudForCLI is the older form, a list of clouds, which az reads (ARM_CLOUD_METADATA_URL). It is not called AzureCloud, because
// az takes login.microsoftonline.com for the login address of a cloud of that name, whatever the document says.
func (s *Server) cloudForCLI() map[string]any {
	return map[string]any{
		"name": "AvsSimulator", "portal": s.url + "/portal", "resourceManager": s.url + "/", "graph": s.url + "/graph/", "graphAudience": s.url + "/graph/",
		"authentication": map[string]any{
			"loginEndpoint": s.url, "tenant": "common", "identityProvider": "AAD", "audiences": []string{s.url + "/", s.url},
		},
		"sqlManagement": s.url + "/sql/", "batch": s.url + "/batch/", "gallery": s.url + "/gallery/", "media": s.url + "/media/",
		"vmImageAliasDoc": s.url + "/images", "activeDirectoryDataLake": s.url + "/datalake/", "microsoftGraphResourceId": s.url + "/graph/",
		"suffixes": map[string]any{"storage": "core.sim.local", "keyVaultDns": ".vault.sim.local", "sqlServerHostname": ".sql.sim.local",
			"acrLoginServer": ".acr.sim.local"},
	}
}
