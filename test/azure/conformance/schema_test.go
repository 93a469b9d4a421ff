// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"maps"
	"slices"
	"strings"

	"github.com/avs-operator/avs-operator/test/harness"
)

// howItIsManaged are fields that say how an object is managed, not what is in Azure, and what stands around it.
var howItIsManaged = []string{"azureName", "managementPolicy", "adoptionPolicy", "deletionPolicy", "suspend", "identityRef", "privateCloudRef", "clusterRef",
	"resourceGroup", "subscriptionID", "allowedNamespaces", "secretName", "credentials", "scaleIn"}

// field of a spec that has a value.
type field struct {
	path   []string
	schema harness.Schema
	value  any
}

func (f field) String() string { return strings.Join(f.path, ".") }

// patch is a merge patch of the whole object that sets the field; nil drops it.
func (f field) patch(value any) map[string]any {
	for i := len(f.path) - 1; i >= 0; i-- {
		value = map[string]any{f.path[i]: value}
	}
	return map[string]any{"spec": value}
}

// fields that have a value in a spec: leaves, and with objects what holds leaves too, which may be dropped as a whole.
func fields(s harness.Schema, spec map[string]any, objects bool) []field {
	var out []field
	properties, _ := s["properties"].(map[string]any)
	for _, name := range slices.Sorted(maps.Keys(properties)) {
		value, has := spec[name]
		if !has || slices.Contains(howItIsManaged, name) {
			continue
		}
		below := harness.Schema(properties[name].(map[string]any))
		inner, isObject := value.(map[string]any)
		if !isObject || below["properties"] == nil {
			out = append(out, field{[]string{name}, below, value})
			continue
		}
		if objects {
			out = append(out, field{[]string{name}, below, value})
		}
		for _, f := range fields(below, inner, objects) {
			out = append(out, field{append([]string{name}, f.path...), f.schema, f.value})
		}
	}
	return out
}
