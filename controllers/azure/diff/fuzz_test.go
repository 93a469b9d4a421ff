// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package diff

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// seeds are pairs of bodies that have broken comparers before: sets, nulls, numbers, keys that look like indexes.
var seeds = [][2]string{
	{`{"a":1}`, `{"a":1.0}`},
	{`{"properties":{"identitySources":[{"name":"a"},{}]}}`, `{"properties":{"identitySources":[{"name":"b"},{"name":"a"}]}}`},
	{`{"properties":{"groups":{"0":{"members":["a","b","a"]}}}}`, `{"properties":{"groups":{"0":{"members":["b","a"]}}}}`},
	{`{"a":{"b":{"c":null}},"d":[null,[]]}`, `{"a":"x","d":{}}`},
	{`{"":{"/":{"~":"x"}},"*":1}`, `{}`},
	{`{"location":"West Europe","sku":{"name":"AV36"},"id":"/subscriptions/S"}`, `{"location":"westeurope","sku":{"name":"av36"},"id":"/SUBSCRIPTIONS/s"}`},
	{`{"a":9007199254740993,"b":1e300,"c":-0}`, `{"a":9007199254740992,"b":1e301,"c":0}`},
}

// FuzzCompare holds what every caller rests on, for any two bodies: nothing differs from itself; a patch makes the difference go
// away; so does a PUT; the same question has the same answer; no argument is changed.
func FuzzCompare(f *testing.F) {
	for _, s := range seeds {
		f.Add(s[0], s[1], true)
		f.Add(s[1], s[0], false)
	}
	f.Fuzz(func(t *testing.T, a, b string, exact bool) {
		desired, actual, ok := pair(a, b, exact)
		if !ok {
			return
		}
		if self := Compare(desired, desired, rules); len(self) > 0 {
			t.Fatalf("%s differs from itself: %v", a, self)
		}
		changes := Compare(desired, actual, rules)
		if d := cmp.Diff(changes, Compare(desired, actual, rules)); d != "" {
			t.Fatalf("not the same twice: %s", d)
		}
		for i := 1; i < len(changes); i++ {
			if changes[i-1].Path >= changes[i].Path {
				t.Fatalf("not sorted: %v", changes)
			}
		}
		patch := Patch(changes)
		if left := Compare(desired, apply(actual, patch), rules); len(left) > 0 {
			t.Fatalf("%s over %s by %v leaves %v", a, b, patch, left)
		}
		if len(changes) == 0 && len(patch) > 0 {
			t.Fatalf("a patch for nothing: %v", patch)
		}
		if left := Compare(desired, PutBody(actual, desired, rules, nil), rules); len(left) > 0 {
			t.Fatalf("a PUT of %s over %s leaves %v", a, b, left)
		}
		againDesired, againActual, _ := pair(a, b, exact)
		if d := cmp.Diff(againDesired, desired) + cmp.Diff(againActual, actual); d != "" {
			t.Fatalf("an argument was changed: %s", d)
		}
	})
}

// FuzzManaged: what is named now has not been dropped; what is named no longer has; the list fits into status.
func FuzzManaged(f *testing.F) {
	for _, s := range seeds {
		f.Add(s[0], s[1], false)
	}
	f.Fuzz(func(t *testing.T, a, b string, exact bool) {
		was, is, ok := pair(a, b, exact)
		if !ok {
			return
		}
		managed := Managed(was)
		if len(managed) > MostManaged {
			t.Fatalf("%d paths", len(managed))
		}
		if got := Dropped(managed, was); len(got) > 0 {
			t.Fatalf("%s drops %q of itself", a, got)
		}
		if got := Dropped(managed, nil); len(got) != len(managed) {
			t.Fatalf("nothing named, and only %q of %q dropped", got, managed)
		}
		_ = Dropped(managed, is)
	})
}

// FuzzRedact: no text at a secret path survives.
func FuzzRedact(f *testing.F) {
	f.Add(`{"properties":{"vcenterPassword":"s3cr3t","identitySources":[{"password":"s3cr3t"}]}}`)
	f.Fuzz(func(t *testing.T, a string) {
		desired, _, ok := pair(a, `{}`, false)
		if !ok {
			return
		}
		changes := Compare(desired, nil, Rules{})
		for _, c := range Redact(changes, []string{"/properties", "/a/*"}) {
			text, _ := json.Marshal(c.Desired)
			at := parsePath(c.Path)
			if (at[0] == "properties" || at[0] == "a" && len(at) > 1) && string(text) != `"(hidden)"` {
				t.Fatalf("%s shows %s", c.Path, text)
			}
		}
	})
}

// pair decodes two bodies, with exact numbers or as floats.
func pair(a, b string, exact bool) (x, y map[string]any, ok bool) {
	for text, into := range map[*string]*map[string]any{&a: &x, &b: &y} {
		d := json.NewDecoder(strings.NewReader(*text))
		if exact {
			d.UseNumber()
		}
		if d.Decode(into) != nil {
			return nil, nil, false
		}
	}
	return x, y, true
}
