// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package diff compares what a spec desires with what Azure has, and derives the smallest request. It is pure: bodies in,
// changes out, over JSON as encoding/json decodes it. No function changes its arguments.
package diff

import (
	"maps"
	"slices"
	"strings"

	"github.com/avs-operator/avs-operator/controllers/azure/body"
)

// Rules say what a type's paths mean. All are JSON pointers; "*" stands for any one key or element.
type Rules struct {
	// Sets are arrays whose order means nothing. ServerFilled paths are Azure's to fill and WriteOnly ones are never
	// returned: neither is compared. Values at IgnoreCase differ by more than case or not at all.
	Sets, IgnoreCase, ServerFilled, WriteOnly []string
	// Optional paths inside elements of arrays, which Azure never fills: an element that does not name one must not have it.
	Optional []string
}

// Change is one path where Azure differs. Actual is nil where Azure has nothing. An array is one change, whole.
type Change struct {
	Path            string
	Desired, Actual any
}

// Compare finds what desired names and actual has otherwise, sorted by path. What desired does not name is not compared: it
// belongs to Azure or to somebody else. A null names nothing, because the API refuses nulls.
func Compare(desired, actual map[string]any, r Rules) []Change {
	c := newComparer(r)
	c.object(nil, desired, actual)
	slices.SortFunc(c.changes, func(a, b Change) int { return strings.Compare(a.Path, b.Path) })
	return c.changes
}

// comparer is Rules with the patterns parsed once: a set of a thousand machines asks for them a million times.
type comparer struct {
	sets, ignoreCase, uncompared, writeOnly, optional []path

	changes []Change
}

func newComparer(r Rules) *comparer {
	c := &comparer{sets: parsePaths(r.Sets), ignoreCase: parsePaths(r.IgnoreCase), writeOnly: parsePaths(r.WriteOnly), optional: parsePaths(r.Optional)}
	c.uncompared = append(parsePaths(r.ServerFilled), c.writeOnly...)
	return c
}

func (c *comparer) object(at path, desired, actual map[string]any) {
	for _, key := range slices.Sorted(maps.Keys(desired)) {
		c.value(at.with(key), desired[key], actual[key])
	}
}

func (c *comparer) value(at path, desired, actual any) {
	if desired == nil || at.matchesAny(c.uncompared) {
		return
	}
	if want, ok := desired.(map[string]any); ok {
		have, _ := actual.(map[string]any)
		c.object(at, want, have)
		return
	}
	if !c.equal(at, desired, actual) {
		c.changes = append(c.changes, Change{Path: at.String(), Desired: withoutNulls(desired), Actual: body.CloneValue(actual)})
	}
}
