// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package decide

import (
	"maps"
	"slices"
	"strings"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/arm"
	"github.com/avs-operator/avs-operator/controllers/azure/body"
	"github.com/avs-operator/avs-operator/controllers/azure/diff"
)

// Azure tags are merged: only those that the spec names are ours. ARM compares their names without case, and keeps the case in which one was
// first written; their values differ by case.

// tags are those in Azure, without the ones that the spec has dropped, with the spec's and the owner's over them. A name is written as Azure has
// it, so that another case of the spec is no difference.
func (s Situation[T]) tags(desired map[string]any, dropped []string) map[string]any {
	var have map[string]any
	if s.Actual != nil {
		have, _ = s.Actual.Body["tags"].(map[string]any)
	}
	want, _ := desired["tags"].(map[string]any)
	owner := s.Owner
	if s.observes() {
		owner = ""
	}
	return mergedTags(have, want, dropped, owner)
}

func mergedTags(have, want map[string]any, dropped []string, owner string) map[string]any {
	out := map[string]any{}
	for name, value := range have {
		if !slices.ContainsFunc(dropped, func(path string) bool { return strings.EqualFold(path, tagPath(name)) }) {
			out[name] = value
		}
	}
	set := func(name string, value any) {
		same := func(there string) bool { return strings.EqualFold(there, name) }
		for _, names := range [][]string{slices.Sorted(maps.Keys(have)), slices.Sorted(maps.Keys(out))} {
			if at := slices.IndexFunc(names, same); at >= 0 {
				name = names[at]
				break
			}
		}
		out[name] = value
	}
	for _, name := range slices.Sorted(maps.Keys(want)) { // of two names that ARM takes for one, the same one always wins
		set(name, want[name])
	}
	if owner != "" {
		set(v1alpha1.TagOwner, owner)
	}
	return out
}

// tagPath is where a tag is in the body.
func tagPath(name string) string {
	return body.Pointer("tags", name)
}

// OwnerOf is what the owner's tag of a resource says, however its name is written; empty if there is none.
func OwnerOf(actual *arm.Resource) string {
	if actual == nil {
		return ""
	}
	tags, _ := actual.Body["tags"].(map[string]any)
	for _, name := range slices.Sorted(maps.Keys(tags)) {
		if text, ok := tags[name].(string); ok && strings.EqualFold(name, v1alpha1.TagOwner) {
			return text
		}
	}
	return ""
}

// droppedTags are those in Azure that the spec does not keep.
func droppedTags(have, want map[string]any) (changes []diff.Change) {
	for name, value := range have {
		if _, kept := want[name]; !kept {
			changes = append(changes, diff.Change{Path: tagPath(name), Actual: value})
		}
	}
	slices.SortFunc(changes, func(a, b diff.Change) int { return strings.Compare(a.Path, b.Path) })
	return changes
}
