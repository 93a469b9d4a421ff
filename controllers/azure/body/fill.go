// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package body

// Set puts a value into a body if the spec names it: a zero is what the spec leaves out.
func Set[V comparable](of map[string]any, name string, value V) {
	var zero V
	if value != zero {
		of[name] = value
	}
}

// List is a list of texts as a body has it.
func List[S ~string](values []S) []any {
	out := make([]any, 0, len(values))
	for _, value := range values {
		out = append(out, string(value))
	}
	return out
}

// Properties is the part of a body that a kind fills; it is made if there is none.
func Properties(of map[string]any) map[string]any {
	properties, ok := of["properties"].(map[string]any)
	if !ok {
		properties = map[string]any{}
		of["properties"] = properties
	}
	return properties
}
