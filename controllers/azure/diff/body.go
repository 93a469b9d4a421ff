// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package diff

import (
	"maps"
	"slices"
	"strconv"

	"github.com/avs-operator/avs-operator/controllers/azure/body"
)

// Patch is the smallest body that makes the changes: a merge patch with only their paths, arrays whole. No changes: empty.
func Patch(changes []Change) map[string]any {
	out := map[string]any{}
	for _, change := range changes {
		at := parsePath(change.Path)
		if len(at) == 0 {
			continue
		}
		here := out
		for _, part := range at[:len(at)-1] {
			next, ok := here[part].(map[string]any)
			if !ok {
				next = map[string]any{}
				here[part] = next
			}
			here = next
		}
		here[at[len(at)-1]] = body.CloneValue(change.Desired)
	}
	return out
}

// alwaysReadOnly are the parts of every ARM resource that a PUT must not carry back.
var alwaysReadOnly = []string{"/id", "/name", "/type", "/etag", "/systemData", "/properties/provisioningState"}

// PutBody is a whole body for types that can only be replaced: what Azure has, without nulls and read-only parts (patterns, beside
// those of every resource), and desired over it. From the spec alone, a PUT would take away what others have set.
func PutBody(actual, desired map[string]any, r Rules, readOnly []string) map[string]any {
	c := newComparer(r)
	out, _ := c.strip(nil, actual, append(parsePaths(readOnly), parsePaths(alwaysReadOnly)...)).(map[string]any)
	if out == nil {
		out = map[string]any{}
	}
	c.overlay(nil, out, desired)
	return out
}

func (c *comparer) strip(at path, v any, readOnly []path) any {
	if v == nil || len(at) > 0 && at.matchesAny(readOnly) {
		return nil
	}
	switch v := v.(type) {
	case map[string]any:
		out := make(map[string]any, len(v))
		for key, value := range v {
			if kept := c.strip(at.with(key), value, readOnly); kept != nil {
				out[key] = kept
			}
		}
		return out
	case []any:
		out := make([]any, 0, len(v))
		for i, value := range v {
			if kept := c.strip(at.with(strconv.Itoa(i)), value, readOnly); kept != nil {
				out = append(out, kept)
			}
		}
		return out
	}
	return v
}

// overlay writes desired over what is there. An array that agrees stays as Azure has it: its elements hold more than the spec names.
func (c *comparer) overlay(at path, over, desired map[string]any) {
	for _, key := range slices.Sorted(maps.Keys(desired)) {
		here := at.with(key)
		switch want := desired[key].(type) {
		case nil:
		case map[string]any:
			have, ok := over[key].(map[string]any)
			if !ok {
				have = map[string]any{}
				over[key] = have
			}
			c.overlay(here, have, want)
		case []any:
			if have, ok := over[key]; !ok || here.matchesAny(c.writeOnly) || !c.equal(here, want, have) {
				over[key] = c.strip(here, want, nil)
			}
		default:
			over[key] = want
		}
	}
}

// Redact hides the values at the secret paths (patterns), also inside a change that is an array or an object.
func Redact(changes []Change, secretPaths []string) []Change {
	secrets := parsePaths(secretPaths)
	out := make([]Change, len(changes))
	for i, c := range changes {
		at := parsePath(c.Path)
		out[i] = Change{Path: c.Path, Desired: redact(at, c.Desired, secrets), Actual: redact(at, c.Actual, secrets)}
	}
	return out
}

func redact(at path, v any, secrets []path) any {
	if v == nil {
		return nil
	}
	for _, s := range secrets {
		if s.covers(at) {
			return body.Hidden
		}
	}
	switch v := v.(type) {
	case map[string]any:
		out := make(map[string]any, len(v))
		for key, value := range v {
			out[key] = redact(at.with(key), value, secrets)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, value := range v {
			out[i] = redact(at.with(strconv.Itoa(i)), value, secrets)
		}
		return out
	}
	return v
}
