// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package diff

import (
	"encoding/json"
	"maps"
	"strconv"
	"strings"
)

// equal decides for scalars and arrays, and for objects inside arrays, where again only what desired names counts.
func (c *comparer) equal(at path, desired, actual any) bool {
	if desired == nil || at.matchesAny(c.uncompared) {
		return true
	}
	switch want := desired.(type) {
	case map[string]any:
		have, isObject := actual.(map[string]any)
		if !isObject && actual != nil {
			return false
		}
		for key, value := range want {
			if !c.equal(at.with(key), value, have[key]) {
				return false
			}
		}
		for key, value := range have {
			if _, named := want[key]; !named && value != nil && value != "" && at.with(key).matchesAny(c.optional) {
				return false
			}
		}
		return true
	case []any:
		have, isArray := actual.([]any)
		if !isArray && actual != nil {
			return false
		}
		want, have = nonNull(want), nonNull(have)
		if at.matchesAny(c.sets) {
			return c.equalSets(at, want, have)
		}
		return c.equalArrays(at, want, have)
	}
	return equalScalars(desired, actual, func(a, b string) bool { return at.equalText(a, b, c.ignoreCase) })
}

func (c *comparer) equalArrays(at path, want, have []any) bool {
	if len(want) != len(have) {
		return false
	}
	for i := range want {
		if !c.equal(at.with(strconv.Itoa(i)), want[i], have[i]) {
			return false
		}
	}
	return true
}

// equalSets reports whether each desired element has an actual one of its own that it agrees with, and none is left over. A
// desired element may name less than Azure has, so one may agree with several; taking the first that fits could leave
// another without, hence the augmenting paths (Kuhn's matching).
func (c *comparer) equalSets(at path, want, have []any) bool {
	if a, b, ok := c.texts(at, want, have); ok {
		return maps.Equal(a, b)
	}
	want, have = distinct(want), distinct(have)
	if len(want) != len(have) {
		return false
	}
	owner := make([]int, len(have)) // which desired element has this actual one, -1: none
	for i := range owner {
		owner[i] = -1
	}
	var place func(i int, tried []bool) bool
	place = func(i int, tried []bool) bool {
		for j := range have {
			if tried[j] || !c.equal(at.with(strconv.Itoa(i)), want[i], have[j]) {
				continue
			}
			tried[j] = true
			if owner[j] < 0 || place(owner[j], tried) {
				owner[j] = i
				return true
			}
		}
		return false
	}
	for i := range want {
		if !place(i, make([]bool, len(have))) {
			return false
		}
	}
	return true
}

// texts are two sets as sets of normal texts, if all their elements are texts: by far the usual case, and the only one that is large.
func (c *comparer) texts(at path, want, have []any) (a, b map[string]bool, ok bool) {
	fold := at.with("0").matchesAny(c.ignoreCase)
	a, okA := textSet(want, fold)
	b, okB := textSet(have, fold)
	return a, b, okA && okB
}

func textSet(elements []any, fold bool) (map[string]bool, bool) {
	out := make(map[string]bool, len(elements))
	for _, e := range elements {
		text, ok := e.(string)
		if !ok {
			return nil, false
		}
		if fold || isID(text) {
			text = strings.ToLower(text)
		}
		out[text] = true
	}
	return out, true
}

// distinct drops elements that are written the same, so that a value given twice is the same set as given once.
func distinct(elements []any) []any {
	seen := make(map[string]bool, len(elements))
	out := make([]any, 0, len(elements))
	for _, e := range elements {
		text, err := json.Marshal(e)
		if err == nil && seen[string(text)] {
			continue
		}
		seen[string(text)] = true
		out = append(out, e)
	}
	return out
}
