// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package kinds

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/arm"
	"github.com/avs-operator/avs-operator/controllers/azure/kinds/ask"
	"github.com/avs-operator/avs-operator/controllers/outcome"
)

const weu = arm.ID("/subscriptions/s/resourceGroups/rg/providers/Microsoft.AVS/privateClouds/weu")

func resourceIn(segment, name string, properties map[string]any) *arm.Resource {
	id := ask.Network(weu, segment) + "/" + arm.ID(name)
	return &arm.Resource{ID: id, Name: name, Body: map[string]any{"id": string(id), "name": name, "properties": properties}}
}

func reasonOf(o *outcome.Outcome) string {
	if o == nil {
		return ""
	}
	return o.Reason
}

func TestChooseGateway(t *testing.T) {
	gateway := func(name, path string) *arm.Resource {
		return resourceIn("gateways", name, map[string]any{"displayName": name, "path": path})
	}
	edge, own, second := gateway("TNT71-T0", "/infra/tier-0s/TNT71-T0"), gateway("TNT71-T1", "/infra/tier-1s/TNT71-T1"), gateway("shop", "/infra/tier-1s/shop")
	for name, c := range map[string]struct {
		there []*arm.Resource
		asked string
		want  string
		why   string
	}{
		"the private cloud's own": {[]*arm.Resource{edge, own, second}, "", "/infra/tier-1s/TNT71-T1", ""},
		"by name":                 {[]*arm.Resource{edge, own, second}, "SHOP", "/infra/tier-1s/shop", ""},
		"one of tier 0":           {[]*arm.Resource{edge, own}, "TNT71-T0", "", v1alpha1.ReasonReferenceNotFound},
		"none":                    {[]*arm.Resource{edge}, "", "", v1alpha1.ReasonReferenceNotFound},
		"without paths":           {[]*arm.Resource{gateway("TNT71-T0", ""), gateway("TNT71-T1", "")}, "", "TNT71-T1", ""},
		"two":                     {[]*arm.Resource{own, gateway("TNT72-T1", "/infra/tier-1s/TNT72-T1")}, "", "", v1alpha1.ReasonInvalidSpec},
	} {
		t.Run(name, func(t *testing.T) {
			got, o := chooseGateway(c.there, c.asked)
			if got != c.want || reasonOf(o) != c.why {
				t.Errorf("%q %+v, want %q %s", got, o, c.want, c.why)
			}
		})
	}
}

func TestMachineID(t *testing.T) {
	machine := func(id, name string) *arm.Resource {
		return resourceIn("virtualMachines", id, map[string]any{"displayName": name})
	}
	there := []*arm.Resource{machine("vm-1", "web"), machine("vm-2", "db"), machine("vm-3", "db"), machine("vm-4", "vm-1")}
	for name, want := range map[string]string{"web": "vm-1", "VM-2": "vm-2", "vm-1": "vm-1", "db": v1alpha1.ReasonAmbiguousMachine,
		"Web": v1alpha1.ReasonMachineNotFound} {
		if got, o := machineID(there, name); got+reasonOf(o) != want {
			t.Errorf("%s: %q %+v, want %s", name, got, o, want)
		}
	}
}

func TestWithoutZone(t *testing.T) {
	service := func(standard string, zones ...any) *arm.Resource {
		return resourceIn("dnsServices", "dns-forwarder",
			map[string]any{"fqdnZones": zones, "defaultDnsZone": standard, "revision": 7.0, "logLevel": "ERROR", "status": "SUCCESS",
				"provisioningState": "Succeeded"})
	}
	whole := func(standard string, zones ...any) map[string]any { // nothing of the service is lost, and its revision goes along
		return map[string]any{"fqdnZones": zones, "defaultDnsZone": standard, "revision": 7.0, "logLevel": "ERROR"}
	}
	for name, c := range map[string]struct {
		service *arm.Resource
		want    map[string]any
	}{
		"not in it":             {service("default-dns-zone", "lab"), nil},
		"the last":              {service("default-dns-zone", "corp"), whole("default-dns-zone", []any{}...)},
		"among others, by path": {service("default-dns-zone", "lab", "/infra/zones/CORP"), whole("default-dns-zone", "lab")},
		"the default":           {service("corp"), whole("default-dns-zone", []any{}...)},
		"both":                  {service("corp", "corp"), whole("default-dns-zone", []any{}...)},
	} {
		t.Run(name, func(t *testing.T) {
			got := withoutZone(c.service, "corp")
			if got != nil {
				got = wholeOf(c.service, got)
			}
			if d := cmp.Diff(c.want, got, cmpopts.EquateEmpty()); d != "" {
				t.Error(d)
			}
		})
	}
}
