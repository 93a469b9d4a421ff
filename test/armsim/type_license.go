// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package armsim

import (
	"fmt"
	"net/http"
	"strconv"
	"time"
)

const (
	vcfLicense    = "properties.vcfLicense"
	vcfLicenseKey = vcfLicense + ".licenseKey"
	firewallKey   = "properties.licenseKey"
)

// licenses are bought from Broadcom and brought along. The key is given back by an action only.
func licenses(cloud *resourceType) *resourceType {
	return &resourceType{
		segment: "licenses", parent: cloud, class: lightClass, since: "2025-09-01",
		put: viaAsyncOperation, remove: viaLocation, creating: "Updating", updating: "Updating",
		required: []string{"properties.kind", "properties.cores", "properties.endDate"}, immutable: []string{"properties.kind"},
		optional: []string{"properties.broadcomSiteId", "properties.broadcomContractNumber", "properties.labels"},
		readOnly: []string{"properties.provisioningState"}, writeOnly: []string{firewallKey}, kept: []string{"systemData"},
		enums:    map[string][]string{"properties.kind": {"VmwareFirewall"}},
		elements: map[string][]string{"properties.labels": {"key", "value"}},
		named:    onlyName("VmwareFirewall"), fill: func(_ *Server, ch *change) { stamp(ch) }, length: ordinaryLength,
		validate: func(_ *Server, ch *change) *answer {
			return checkLicense(ch.after, "properties")
		},
		actions: map[string]action{"getproperties": {name: "getProperties", run: func(_ *Server, _ *scoped, r *resource) *answer {
			return revealed(r, "properties", firewallKey)
		}}},
	}
}

// checkLicense holds for every licence; under is where it stands in body.
func checkLicense(body map[string]any, under string) *answer {
	cores, whole := lookupInt(body, under+".cores")
	end, err := time.Parse(time.RFC3339, lookupString(body, under+".endDate"))
	switch {
	case !whole || cores < 1:
		return invalid("The licence needs 'cores', a whole number above zero.")
	case err != nil:
		return invalid("The value '%s' of 'endDate' is not a time as RFC 3339 writes it.", lookupString(body, under+".endDate"))
	case end.Before(time.Now()):
		return refuse(http.StatusBadRequest, "LicenseExpired", "The licence ended at %s.", end.UTC().Format(time.RFC3339))
	}
	labels, _ := lookup(body, under+".labels")
	list, _ := labels.([]any)
	for _, item := range list {
		label, _ := item.(map[string]any)
		if lookupString(label, "key") == "" || lookupString(label, "value") == "" {
			return invalid("Every label of a licence needs a 'key' and a 'value'.")
		}
	}
	return nil
}

// revealed answers a licence with its key.
func revealed(r *resource, under, key string) *answer {
	v, _ := lookup(r.body, under)
	object, _ := clone(v).(map[string]any)
	if object == nil {
		return refuse(http.StatusNotFound, "ResourceNotFound", "The resource '%s' has no licence.", r.id)
	}
	if r.secrets[key] != "" {
		object["licenseKey"] = r.secrets[key]
	}
	return reply(http.StatusOK, object)
}

// getVCFLicense answers the licence of VMware Cloud Foundation of a private cloud.
func getVCFLicense(_ *Server, in *scoped, r *resource) *answer {
	if in.version() < "2025-09-01" {
		return refuse(http.StatusNotFound, "InvalidResourceType", "The resource type '%s' has no action 'getVcfLicense' at api version '%s'.",
			r.typ.name, in.version())
	}
	return revealed(r, vcfLicense, vcfLicenseKey)
}

// checkVCFLicense wants a licence to cover all cores, also those that a change adds. s.mu is held.
func (s *Server) checkVCFLicense(ch *change) *answer {
	cloud := ch.cloud()
	body := cloud.body
	if ch.parent == nil {
		body = ch.after
	}
	if _, ok := lookup(body, vcfLicense); !ok {
		return nil
	}
	if kind := lookupString(body, vcfLicense+".kind"); ch.parent == nil && kind != "vcf5" {
		return invalid("The value '%s' of '%s.kind' is not one of: vcf5.", kind, vcfLicense)
	}
	if _, sent := lookup(ch.sent, vcfLicense); sent && ch.parent == nil {
		if refused := checkLicense(body, vcfLicense); refused != nil {
			return refused
		}
	}
	needed := 0
	for _, r := range append(s.below(cloud), cloud) {
		if s.resources[r.key()] == r && r.typ.size != "" && r != ch.r {
			needed += r.hosts() * coresOf(lookupString(r.body, "sku.name"))
		}
	}
	needed += lookupHosts(ch.after, ch.typ.size) * coresOf(lookupString(ch.after, "sku.name"))
	_, sent := lookup(ch.sent, vcfLicense)
	if cores, _ := lookupInt(body, vcfLicense+".cores"); (ch.grows() > 0 || sent) && cores < needed {
		return refuse(http.StatusBadRequest, "InsufficientLicense", "The VCF licence covers %d cores, and the hosts of the private cloud need %d.", cores, needed)
	}
	return nil
}

func coresOf(sku string) int {
	for _, k := range hostSKUs {
		if k.name == sku {
			cores, err := strconv.Atoi(k.cores)
			if err != nil {
				panic(fmt.Sprintf("the catalogue has no number of cores for %s: %v", sku, err))
			}
			return cores
		}
	}
	return 0
}
