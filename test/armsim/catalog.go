// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package armsim

import (
	"net/http"
	"slices"
	"strings"
)

// azureLocation is a region that offers Azure VMware Solution here.
type azureLocation struct{ name, display string }

var knownLocations = []azureLocation{
	{"westeurope", "West Europe"}, {"northeurope", "North Europe"}, {"uksouth", "UK South"}, {"francecentral", "France Central"},
	{"germanywestcentral", "Germany West Central"}, {"norwayeast", "Norway East"}, {"swedencentral", "Sweden Central"}, {"switzerlandnorth", "Switzerland North"},
	{"eastus", "East US"}, {"eastus2", "East US 2"}, {"centralus", "Central US"}, {"southcentralus", "South Central US"}, {"westus", "West US"},
	{"westus2", "West US 2"}, {"canadacentral", "Canada Central"}, {"brazilsouth", "Brazil South"}, {"japaneast", "Japan East"},
	{"southeastasia", "Southeast Asia"}, {"australiaeast", "Australia East"},
}

// normalLocation is ARM's normal form: "West Europe" is westeurope.
func normalLocation(name string) string {
	return strings.ToLower(strings.ReplaceAll(name, " ", ""))
}

func knownLocation(name string) bool {
	return slices.ContainsFunc(knownLocations, func(l azureLocation) bool { return l.name == normalLocation(name) })
}

// hostSKU is a kind of host. Sizes are those of the service's documentation.
type hostSKU struct {
	name      string
	hostType  string
	cores     string
	ramGB     string
	cacheTB   string
	storageTB string
}

var hostSKUs = []hostSKU{
	{"av36", "he", "36", "576", "3.2", "15.20"},
	{"av36p", "he2", "36", "768", "1.5", "19.20"},
	{"av36t", "he", "36", "576", "3.2", "15.20"},
	{"av36pt", "he2", "36", "768", "1.5", "19.20"},
	{"av48", "he3", "48", "1024", "0", "25.60"},
	{"av48t", "he3", "48", "1024", "0", "25.60"},
	{"av52", "hf", "52", "1536", "1.5", "38.40"},
	{"av52t", "hf", "52", "1536", "1.5", "38.40"},
	{"av64", "hs", "64", "1024", "3.84", "15.36"},
}

func knownSKU(name string) bool {
	return slices.ContainsFunc(hostSKUs, func(k hostSKU) bool { return strings.EqualFold(k.name, name) })
}

func skuNames() []string {
	var out []string
	for _, k := range hostSKUs {
		out = append(out, k.name)
	}
	return out
}

func (s *Server) listSKUs(c *call) *answer {
	locations, info := []string{}, []any{}
	for _, l := range knownLocations {
		locations = append(locations, l.name)
		info = append(info, map[string]any{"location": l.name, "zones": []string{"1", "2", "3"}, "zoneDetails": []any{}})
	}
	list := []map[string]any{}
	for _, kind := range []string{"privateClouds", "privateClouds/clusters"} {
		for _, k := range hostSKUs {
			capabilities := []any{}
			for _, pair := range [][2]string{{"CpuCoreCount", k.cores}, {"RamGB", k.ramGB}, {"StorageCacheTB", k.cacheTB}, {"StorageTB", k.storageTB},
				{"HostType", k.hostType}} {
				capabilities = append(capabilities, map[string]any{"name": pair[0], "value": pair[1]})
			}
			list = append(list, map[string]any{
				"resourceType": kind, "name": k.name, "tier": "Standard", "size": k.name,
				"locations": locations, "locationInfo": info, "capabilities": capabilities, "restrictions": []any{},
			})
		}
	}
	return s.page(c, list)
}

// defaultHostQuota is what a subscription without a configured quota has of each SKU.
const defaultHostQuota = 64

func (sub *subscription) quota(sku string) int {
	if sub.config.HostQuota == nil {
		return defaultHostQuota
	}
	for name, hosts := range sub.config.HostQuota {
		if strings.EqualFold(name, sku) {
			return hosts
		}
	}
	return 0
}

// usedHosts counts hosts of one SKU in a subscription; hosts on their way count already.
func (s *Server) usedHosts(sub *subscription, sku string) int {
	used := 0
	for key, r := range s.resources {
		if r.typ.size == "" || !strings.HasPrefix(key, strings.ToLower(sub.path())+"/") || !strings.EqualFold(lookupString(r.body, "sku.name"), sku) {
			continue
		}
		used += r.hosts()
	}
	return used
}

// hosts is the larger of the size that r has and the one that it is getting.
func (r *resource) hosts() int {
	now, _ := lookupInt(r.body, r.typ.size)
	then, _ := lookupInt(r.target, r.typ.size)
	return max(now, then)
}

func (s *Server) checkQuota(in *scoped, location string) *answer {
	if len(in.raw) > 0 { // Microsoft's description gives it none, where its neighbour checkTrialAvailability has one
		return refuse(http.StatusBadRequest, "InvalidRequestContent", "The request content was invalid: checkQuotaAvailability takes no body.")
	}
	if !knownLocation(location) {
		return refuse(http.StatusBadRequest, "LocationNotAvailableForResourceType",
			"The provided location '%s' is not available for resource type '%s/locations'.", location, avs)
	}
	// The answer is by family, which SKUs share: the quota of one of them, less what all of them use.
	quota, used, enabled := map[string]int{}, map[string]int{}, "Disabled"
	for _, k := range hostSKUs {
		quota[k.hostType] = max(quota[k.hostType], in.sub.quota(k.name))
		used[k.hostType] += s.usedHosts(in.sub, k.name)
		if in.sub.quota(k.name) > 0 {
			enabled = "Enabled"
		}
	}
	remaining := map[string]any{}
	for family, hosts := range quota {
		remaining[family] = max(0, hosts-used[family])
	}
	return reply(http.StatusOK, map[string]any{"hostsRemaining": remaining, "quotaEnabled": enabled})
}

// roomFor refuses hosts beyond the subscription's quota or the location's capacity.
func (s *Server) roomFor(sub *subscription, sku, location string, more int, newTenant bool) *answer {
	if more <= 0 {
		return nil
	}
	if left := sub.quota(sku) - s.usedHosts(sub, sku); more > left {
		return refuse(http.StatusConflict, "QuotaExceeded", "The operation needs %d more hosts of SKU %s, and the quota of subscription '%s' has %d left. "+
			"Request host quota for Azure VMware Solution.", more, strings.ToLower(sku), sub.config.ID, max(0, left))
	}
	if free, limited := s.capacity[location]; limited && more > free {
		if newTenant {
			return refuse(http.StatusConflict, "Conflict", "No capacity for new tenants in %s", location)
		}
		return refuse(http.StatusConflict, "Conflict", "No capacity for additional hosts in %s", location)
	}
	return nil
}

// take or give back (negative) hosts of a location's capacity.
func (s *Server) useCapacity(location string, hosts int) {
	if free, limited := s.capacity[location]; limited {
		s.capacity[location] = free - hosts
	}
}
