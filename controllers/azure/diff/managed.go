// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package diff

import (
	"maps"
	"slices"
)

// MostManaged bounds what Managed returns, because it is kept in status.
const MostManaged = 128

// Managed are the paths of the leaves that desired names, sorted: arrays and scalars, nulls not. When there are more than
// MostManaged, the deepest are told by their parent, and so on until they fit.
func Managed(desired map[string]any) []string {
	var leaves []path
	collect(nil, desired, &leaves)
	for len(leaves) > MostManaged {
		deepest := 0
		for _, leaf := range leaves {
			deepest = max(deepest, len(leaf))
		}
		if deepest <= 1 {
			break
		}
		leaves = fold(leaves, deepest)
	}
	out := make([]string, 0, len(leaves))
	for _, leaf := range leaves {
		out = append(out, leaf.String())
	}
	slices.Sort(out)
	out = slices.Compact(out)
	return out[:min(len(out), MostManaged)]
}

func collect(at path, v any, leaves *[]path) {
	switch v := v.(type) {
	case nil:
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(v)) {
			collect(at.with(key), v[key], leaves)
		}
	default:
		*leaves = append(*leaves, at)
	}
}

// fold replaces the leaves of one depth by their parents.
func fold(leaves []path, depth int) []path {
	seen := map[string]bool{}
	out := make([]path, 0, len(leaves))
	for _, leaf := range leaves {
		leaf = leaf[:min(len(leaf), depth-1)]
		if text := leaf.String(); !seen[text] {
			seen[text] = true
			out = append(out, leaf)
		}
	}
	return out
}

// Dropped are the managed paths that desired names no longer: to be taken away, or set back to the service's default.
func Dropped(managed []string, desired map[string]any) []string {
	var out []string
	for _, pointer := range managed {
		if at := parsePath(pointer); len(at) > 0 && !names(desired, at) {
			out = append(out, pointer)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// names reports whether there is a leaf at or below a path.
func names(v any, at path) bool {
	for _, part := range at {
		fields, ok := v.(map[string]any)
		if !ok {
			return false
		}
		v = fields[part]
	}
	var leaves []path
	collect(nil, v, &leaves)
	return len(leaves) > 0
}
