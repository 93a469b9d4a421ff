// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package api

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"
)

// deepCopy of a JSON value.
func deepCopy(v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := make(map[string]any, len(v))
		for key, value := range v {
			out[key] = deepCopy(value)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i := range v {
			out[i] = deepCopy(v[i])
		}
		return out
	}
	return v
}

// integers turns the floats of encoding/json, which are all integers here, into what the client takes.
func integers(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for key := range v {
			v[key] = integers(v[key])
		}
	case []any:
		for i := range v {
			v[i] = integers(v[i])
		}
	case float64:
		return int64(v)
	}
	return v
}

// merge applies a JSON merge patch: null takes a field away.
func merge(target map[string]any, patch map[string]any) map[string]any {
	target = deepCopy(target).(map[string]any)
	for key, value := range patch {
		inner, isMap := value.(map[string]any)
		old, wasMap := target[key].(map[string]any)
		switch {
		case value == nil:
			delete(target, key)
		case isMap && wasMap:
			target[key] = merge(old, inner)
		case isMap:
			target[key] = merge(map[string]any{}, inner)
		default:
			target[key] = deepCopy(value)
		}
	}
	return target
}

// patched is an object with a merge patch in YAML applied.
func patched(t *testing.T, object map[string]any, patch string) map[string]any {
	t.Helper()
	var content map[string]any
	if err := yaml.Unmarshal([]byte(patch), &content); err != nil {
		t.Fatalf("%s: %v", patch, err)
	}
	return merge(object, integers(content).(map[string]any))
}

// get is the value at a path, nil if there is none. Of lists and maps it is the first.
func get(v any, at path) any {
	for _, step := range at {
		switch value := v.(type) {
		case map[string]any:
			if step == "{}" {
				keys := slices.Sorted(maps.Keys(value))
				if len(keys) == 0 {
					return nil
				}
				step = keys[0]
			}
			v = value[step]
		case []any:
			if len(value) == 0 {
				return nil
			}
			v = value[0]
		default:
			return nil
		}
	}
	return v
}

// with is an object that has the value at the path. What is missing on the way there is made from the schema.
func with(s *schema, object any, at path, value any) any {
	if len(at) == 0 {
		return deepCopy(value)
	}
	step := at[0]
	switch step {
	case "[]":
		list, _ := deepCopy(object).([]any)
		if len(list) == 0 {
			list = []any{s.Items.minimal()}
		}
		list[0] = with(s.Items, list[0], at[1:], value)
		return list
	case "{}":
		inner, _ := deepCopy(object).(map[string]any)
		if len(inner) == 0 {
			inner = map[string]any{"key": s.AdditionalProperties.minimal()}
		}
		key := slices.Sorted(maps.Keys(inner))[0]
		inner[key] = with(s.AdditionalProperties, inner[key], at[1:], value)
		return inner
	}
	inner, ok := deepCopy(object).(map[string]any)
	if !ok {
		inner = s.minimal().(map[string]any)
	}
	below, ok := inner[step]
	if !ok && len(at) > 1 {
		below = s.Properties[step].minimal()
	}
	inner[step] = with(s.Properties[step], below, at[1:], value)
	return inner
}

// put is with, for a whole object.
func (k *kind) put(object map[string]any, at path, value any) map[string]any {
	return with(k.schema, object, at, value).(map[string]any)
}

// without is an object that lacks what is at the path.
func without(object map[string]any, at path) map[string]any {
	out := deepCopy(object).(map[string]any)
	if parent, ok := get(out, at[:len(at)-1]).(map[string]any); ok {
		delete(parent, at[len(at)-1])
	}
	return out
}

// seeds are strings of the forms that our fields take; the first one that a schema accepts is its value.
var seeds = []string{
	"a", "10.175.0.0/22", "10.60.1.1", "10.60.1.1/24", "10.60.1.1-10.60.1.9", "11111111-1111-1111-1111-111111111111",
	"https://example.com", "ldaps://dc.example.com", "1", "1h", "01:00", "0 22 * * 5", "Europe/Oslo", "2027-01-31T00:00:00Z", "a/b",
	"/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/rg-avs/providers/Microsoft.Network/virtualNetworks/vnet",
	"/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/rg-avs/providers/Microsoft.Network/expressRouteCircuits/circuit",
	"/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/rg-avs/providers/Microsoft.AVS/privateClouds/neu",
	"AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD", "2027-01-31", "A",
}

// fits tells whether a string is what the schema, without its CEL rules, takes.
func (s *schema) fits(value string) bool {
	n := int64(len([]rune(value)))
	return (s.MinLength == nil || n >= *s.MinLength) && (s.MaxLength == nil || n <= *s.MaxLength) && s.matches(value) &&
		(s.Format != "date-time" || dateTime.MatchString(value)) && (s.Format != "date" || date.MatchString(value)) &&
		(len(s.Enum) == 0 || slices.Contains(s.Enum, any(value)))
}

var date = regexp.MustCompile(`^\d{4}-\d\d-\d\d$`)

var dateTime = regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$`)

func (s *schema) matches(value string) bool {
	return s.Pattern == "" || regexp.MustCompile(s.Pattern).MatchString(value)
}

// strings lists values of the schema.
func (s *schema) strings() []string {
	var out []string
	for _, value := range s.Enum {
		out = append(out, fmt.Sprint(value))
	}
	for _, seed := range seeds {
		if s.fits(seed) {
			out = append(out, seed)
		}
	}
	if len(out) == 0 && s.MinLength != nil {
		if value, ok := s.ofLength(*s.MinLength); ok {
			out = append(out, value)
		}
	}
	return out
}

// ofLength is a string of the length that matches the pattern: a seed with characters put in.
func (s *schema) ofLength(n int64) (string, bool) {
	for _, seed := range append([]string{""}, seeds...) {
		for _, filling := range []string{"a", "1", "0"} {
			for at := len(seed); at >= 0 && n >= int64(len(seed)); at-- {
				if value := seed[:at] + strings.Repeat(filling, int(n)-len(seed)) + seed[at:]; s.fits(value) {
					return value, true
				}
			}
		}
	}
	return "", false
}

// minimal is the smallest value of the schema.
func (s *schema) minimal() any {
	switch s.Type {
	case "object":
		out := map[string]any{}
		for _, name := range s.Required {
			out[name] = s.Properties[name].minimal()
		}
		return out
	case "array":
		out := []any{}
		for i := int64(0); s.MinItems != nil && i < *s.MinItems; i++ {
			out = append(out, s.item(i))
		}
		return out
	case "integer":
		if s.Minimum != nil {
			return *s.Minimum
		}
		return int64(1)
	case "boolean":
		return true
	}
	if values := s.strings(); len(values) > 0 {
		return values[0]
	}
	return ""
}

// item number i of a list: no two are the same, because lists may be sets and maps.
func (s *schema) item(i int64) any { return s.Items.numbered(i, s.ListMapKeys) }

func (s *schema) numbered(i int64, keys []string) any {
	if i == 0 {
		return s.minimal()
	}
	switch s.Type {
	case "object":
		out := s.minimal().(map[string]any)
		for _, key := range keys {
			out[key] = s.Properties[key].numbered(i, nil)
		}
		return out
	case "integer":
		return s.minimal().(int64) + i
	case "string":
		for _, form := range []string{"a%d", "10.%d.0.0/22", "10.60.1.%d", "10.60.1.1-10.60.1.%d", "/subscriptions/%d", "%d", "A%d"} {
			value := fmt.Sprintf(form, i)
			if strings.HasPrefix(form, "10.60") && i > 254 {
				value = fmt.Sprintf("10.60.%d.%d", i/250, i%250)
			}
			if len(s.Enum) == 0 && s.fits(value) {
				return value
			}
		}
		if values := s.strings(); len(values) > 0 {
			return values[int(i)%len(values)]
		}
	}
	return s.minimal()
}

// others are values beside the present one: for a string the same with one character changed, for anything else one leaf of it.
func (s *schema) others(present any) []any {
	var out []any
	switch value := present.(type) {
	case string:
		for _, other := range s.Enum {
			if other != any(value) {
				out = append(out, other)
			}
		}
		for at := len(value) - 1; at >= 0 && len(s.Enum) == 0; at-- {
			for _, c := range []byte{next(value[at]), '0', 'x'} {
				if other := value[:at] + string(c) + value[at+1:]; other != value && s.fits(other) {
					out = append(out, other)
				}
			}
		}
	case int64:
		out = append(out, value+1, value-1)
	case bool:
		out = append(out, !value)
	case []any:
		for i := range value {
			for _, other := range s.Items.others(value[i]) {
				changed := slices.Clone(value)
				changed[i] = other
				out = append(out, changed)
			}
		}
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(value)) {
			for _, other := range s.Properties[name].others(value[name]) {
				changed := maps.Clone(value)
				changed[name] = other
				out = append(out, changed)
			}
		}
		for _, name := range slices.Sorted(maps.Keys(s.Properties)) {
			if _, ok := value[name]; !ok {
				changed := maps.Clone(value)
				changed[name] = s.Properties[name].minimal()
				out = append(out, changed)
			}
		}
	}
	return out
}

// next letter or digit after c.
func next(c byte) byte {
	switch {
	case c == '9':
		return '8'
	case c == 'z', c == 'Z':
		return c - 1
	case c >= '0' && c < '9', c >= 'a' && c < 'z', c >= 'A' && c < 'Z':
		return c + 1
	}
	return c
}

// show is a value as a failure prints it.
func show(v any) string {
	content, err := json.Marshal(v)
	if err != nil {
		return err.Error()
	}
	if len(content) > 1500 {
		content = append(content[:1500], "..."...)
	}
	return string(content)
}
