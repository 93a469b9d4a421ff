// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package harness

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"github.com/avs-operator/avs-operator/test/env"
)

// Schema of a kind's spec, as its CRD has it.
type Schema map[string]any

// SpecSchema reads it from config/crd.
func SpecSchema(kind string) (Schema, error) {
	root, err := env.RepositoryRoot()
	if err != nil {
		return nil, err
	}
	files, err := filepath.Glob(filepath.Join(root, "config", "crd", "bases", "*.yaml"))
	if err != nil {
		return nil, err
	}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		crd := map[string]any{}
		if err := yaml.Unmarshal(content, &crd); err != nil {
			return nil, fmt.Errorf("reading %s: %w", file, err)
		}
		if named, _, _ := unstructured.NestedString(crd, "spec", "names", "kind"); named != kind {
			continue
		}
		versions, _, _ := unstructured.NestedSlice(crd, "spec", "versions")
		for _, version := range versions {
			if v, ok := version.(map[string]any); ok {
				spec, found, err := unstructured.NestedMap(v, "schema", "openAPIV3Schema", "properties", "spec")
				if found && err == nil {
					return spec, nil
				}
			}
		}
	}
	return nil, fmt.Errorf("config/crd has no schema of %s", kind)
}

// common are fields of every Azure kind, which say how it is managed and not what it is.
var common = []string{"azureName", "managementPolicy", "adoptionPolicy", "deletionPolicy", "suspend", "identityRef", "privateCloudRef", "clusterRef",
	"resourceGroup", "subscriptionID", "allowedNamespaces", "secretName"}

// Edits are changes to a spec that its schema allows, each a merge patch of the spec: what the spec has gets another value, sizes first,
// because they cost most; then what it might have is added. Whether Azure takes them is for Azure to say.
func (s Schema) Edits(spec map[string]any) []map[string]any {
	var present, absent []map[string]any
	s.edits(spec, func(patch map[string]any, has bool) {
		if has {
			present = append(present, patch)
		} else {
			absent = append(absent, patch)
		}
	})
	return append(present, absent...)
}

func (s Schema) edits(value map[string]any, found func(patch map[string]any, has bool)) {
	properties, _ := s["properties"].(map[string]any)
	names := slices.Collect(maps.Keys(properties))
	slices.SortFunc(names, func(a, b string) int { return strings.Compare(rank(a)+a, rank(b)+b) })
	for _, name := range names {
		if slices.Contains(common, name) || strings.HasSuffix(name, "Ref") {
			continue
		}
		field := Schema(properties[name].(map[string]any))
		now, has := value[name]
		if inner, ok := now.(map[string]any); ok && field["properties"] != nil {
			field.edits(inner, func(patch map[string]any, has bool) { found(map[string]any{name: patch}, has) })
			continue
		}
		if other, ok := field.Other(now); ok && !falls(now, other) { // fewer hosts are another matter: they take a consent
			found(map[string]any{name: other}, has)
		}
	}
}

// rank puts sizes first and what people read second.
func rank(name string) string {
	lower := strings.ToLower(name)
	switch {
	case strings.Contains(lower, "size"):
		return "0"
	case lower == "displayname" || lower == "description":
		return "1"
	}
	return "2"
}

// Other is a value that the schema may allow and that now is not.
func (s Schema) Other(now any) (any, bool) {
	if enum, ok := s["enum"].([]any); ok {
		at := slices.IndexFunc(enum, func(one any) bool { return one != now && one != "" })
		if at < 0 {
			return nil, false
		}
		return enum[at], true
	}
	switch s["type"] {
	case "integer":
		n, has := number(now)
		if most, ok := number(s["maximum"]); ok && n+1 > most {
			return int64(n - 1), has
		}
		return int64(n + 1), has
	case "string":
		text, _ := now.(string)
		return OtherText(text), text != ""
	case "object":
		if _, isMap := s["additionalProperties"]; isMap {
			return map[string]any{"swept": "yes"}, true
		}
	case "array":
		return s.otherList(now)
	}
	return nil, false
}

// OtherText ends otherwise: with the next digit, where it ends with one.
func OtherText(text string) string {
	if text == "" {
		return "other"
	}
	if last := text[len(text)-1]; last >= '0' && last < '9' {
		return text[:len(text)-1] + string(last+1)
	}
	return text + "2"
}

// otherList has another last entry, or none.
func (s Schema) otherList(now any) (any, bool) {
	list, _ := now.([]any)
	if len(list) == 0 {
		return nil, false
	}
	items, _ := s["items"].(map[string]any)
	if text, isText := list[len(list)-1].(string); isText && items["enum"] == nil {
		return append(slices.Clone(list[:len(list)-1]), OtherText(text)), true
	}
	return slices.Clone(list[:len(list)-1]), len(list) > 1
}

// falls says that a number is lower than it was.
func falls(was, is any) bool {
	before, had := number(was)
	after, has := number(is)
	return had && has && after < before
}

func number(value any) (float64, bool) {
	switch n := value.(type) {
	case int64:
		return float64(n), true
	case float64:
		return n, true
	}
	return 0, false
}

// words are the fields of a spec that hold a word which starts an action when it changes, such as vcenterRotation.
func (s Schema) words(word string) map[string]any {
	properties, _ := s["properties"].(map[string]any)
	out := map[string]any{}
	for name, field := range properties {
		inner := Schema(field.(map[string]any))
		if strings.HasSuffix(name, "Rotation") && inner["type"] == "string" {
			out[name] = word
		} else if below := inner.words(word); len(below) > 0 {
			out[name] = below
		}
	}
	return out
}

// Merge applies an RFC 7396 merge patch.
func Merge(target, patch map[string]any) {
	for key, value := range patch {
		inner, isMap := value.(map[string]any)
		have, both := target[key].(map[string]any)
		switch {
		case value == nil:
			delete(target, key)
		case isMap && both:
			Merge(have, inner)
		case isMap:
			fresh := map[string]any{}
			Merge(fresh, inner)
			target[key] = fresh
		default:
			target[key] = value
		}
	}
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

func newReader(content []byte) *bufio.Reader { return bufio.NewReader(bytes.NewReader(content)) }

func ignoreEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}
