// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"
)

// schema of a spec or of a part of it, as the CRD has it.
type schema map[string]any

// specSchema reads a kind's from config/crd.
func specSchema(t *testing.T, kind string) schema {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("..", "..", "..", "config", "crd", "bases", "*.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		crd := map[string]any{}
		if err := yaml.Unmarshal(content, &crd); err != nil {
			t.Fatalf("Reading %s: %v", file, err)
		}
		if named, _, _ := unstructured.NestedString(crd, "spec", "names", "kind"); named != kind {
			continue
		}
		versions, _, _ := unstructured.NestedSlice(crd, "spec", "versions")
		for _, version := range versions {
			v, _ := version.(map[string]any)
			if spec, found, _ := unstructured.NestedMap(v, "schema", "openAPIV3Schema", "properties", "spec"); found {
				return spec
			}
		}
	}
	t.Fatalf("config/crd has no schema of %s", kind)
	return nil
}

// howItIsManaged are fields that say how an object is managed, not what is in Azure, and what stands around it.
var howItIsManaged = []string{"azureName", "managementPolicy", "adoptionPolicy", "deletionPolicy", "suspend", "identityRef", "privateCloudRef", "clusterRef",
	"resourceGroup", "subscriptionID", "allowedNamespaces", "secretName", "credentials", "scaleIn"}

// field of a spec that has a value.
type field struct {
	path   []string
	schema schema
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
func (s schema) fields(spec map[string]any, objects bool) []field {
	var out []field
	properties, _ := s["properties"].(map[string]any)
	for _, name := range slices.Sorted(maps.Keys(properties)) {
		value, has := spec[name]
		if !has || slices.Contains(howItIsManaged, name) {
			continue
		}
		below := schema(properties[name].(map[string]any))
		inner, isObject := value.(map[string]any)
		if !isObject || below["properties"] == nil {
			out = append(out, field{[]string{name}, below, value})
			continue
		}
		if objects {
			out = append(out, field{[]string{name}, below, value})
		}
		for _, f := range below.fields(inner, objects) {
			out = append(out, field{append([]string{name}, f.path...), f.schema, f.value})
		}
	}
	return out
}

// other is a value that the schema may allow and that now is not.
func (s schema) other(now any) (any, bool) {
	if enum, ok := s["enum"].([]any); ok {
		at := slices.IndexFunc(enum, func(one any) bool { return one != now && one != "" })
		if at < 0 {
			return nil, false
		}
		return enum[at], true
	}
	switch now := now.(type) {
	case int64:
		if most, ok := s["maximum"].(float64); ok && float64(now)+1 > most {
			return now - 1, true
		}
		return now + 1, true
	case string:
		return otherText(now), now != ""
	case map[string]any:
		with := maps.Clone(now)
		with["conformance"] = "yes"
		return with, s["additionalProperties"] != nil
	case []any:
		return s.otherList(now)
	}
	return nil, false
}

func otherText(now string) string {
	if now == "" {
		return "other"
	}
	if last := now[len(now)-1]; last >= '0' && last < '9' {
		return now[:len(now)-1] + string(last+1)
	}
	return now + "2"
}

func (s schema) otherList(now []any) (any, bool) {
	if len(now) == 0 {
		return nil, false
	}
	last := now[len(now)-1]
	items, _ := s["items"].(map[string]any)
	if text, isText := last.(string); isText && items["enum"] == nil {
		return append(slices.Clone(now[:len(now)-1]), otherText(text)), true
	}
	if len(now) > 1 {
		return slices.Clone(now[:len(now)-1]), true
	}
	return nil, false
}
