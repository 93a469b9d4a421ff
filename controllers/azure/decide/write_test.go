// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package decide_test

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/arm"
	"github.com/avs-operator/avs-operator/controllers/azure/decide"
	"github.com/avs-operator/avs-operator/controllers/azure/diff"
	"github.com/avs-operator/avs-operator/controllers/azure/kind"
)

// byField splits changes of a and b into two requests, b first.
func byField(k *thingKind) {
	k.Concerns = func(_ *thing, changes []diff.Change) (out [][]diff.Change) {
		for _, path := range []string{"/properties/b", "/properties/a"} {
			for _, change := range changes {
				if change.Path == path {
					out = append(out, []diff.Change{change})
				}
			}
		}
		return out
	}
}

// rotates asks once for each word of the spec's display name.
func rotates(k *thingKind) {
	k.OneShots = func(s *thing) []kind.OneShot {
		return []kind.OneShot{{Name: "rotate", Annotation: "rotated", Word: s.Spec.DisplayName, Reason: v1alpha1.ReasonRotating, Mirror: func(string) {}}}
	}
}

func word(of string) part { return func(s *situation) { s.Object.Spec.DisplayName = of } }

func TestUpdates(t *testing.T) {
	const two, none = `{"properties":{"a":1,"b":2}}`, `{"properties":{"c":3}}`
	const both = " | drift /properties/a >1 | drift /properties/b >2 | InSync False Drifted"
	whole := with(func(k *thingKind) { k.Revised = true })
	put := with(func(k *thingKind) { k.PutOnly = []string{"/properties/b"} })
	decideAll(t, []row{
		{"the smallest PATCH", a(plain, two, has(`{"properties":{"a":1,"b":3}}`), managed()),
			`PATCH {"properties":{"b":2}} as Updating | drift /properties/b 3>2 | InSync False Drifted`, "Azure changes the Segment"},
		{"one concern each, in order", a(plain, two, with(byField), has(none), managed()), `PATCH {"properties":{"b":2}} as Updating` + both, ""},
		{"an object of NSX is written whole", a(plain, two, whole, has(none), managed()), `PATCH {"properties":{"a":1,"b":2,"c":3}} as Updating` + both, ""},
		{"a type without PATCH", a(noPatch, two, has(none), managed()), `PUT Update {"properties":{"a":1,"b":2,"c":3}} as Updating` + both, ""},
		{"a path that only a PUT takes", a(plain, two, put, has(none), managed()), `PUT Update {"properties":{"a":1,"b":2,"c":3}} as Updating` + both, ""},
		{"a PUT carries back no state", a(noPatch, two, has(`{"id":"x","name":"y","properties":{"provisioningState":"Succeeded","c":3}}`), managed()),
			`PUT Update {"properties":{"a":1,"b":2,"c":3}} as Updating` + both, ""},
		{"what the spec dropped goes by a PUT", a(noPatch, `{"properties":{"a":1}}`, has(`{"properties":{"a":1,"b":2}}`), managed("/properties/a", "/properties/b")),
			`PUT Update {"properties":{"a":1}} as Updating | drift /properties/b 2> | InSync False Drifted`, ""},
		{"tags go whole", a(tagged, `{"properties":{},"tags":{"x":"1"}}`,
			has(`{"properties":{},"tags":{"theirs":"2","avs-operator-owner":"here/ns/one"}}`), managed()),
			`PATCH {"tags":{"avs-operator-owner":"here/ns/one","theirs":"2","x":"1"}} as Updating | drift /tags/x >"1" | InSync False Drifted`, ""},
	})
}

func TestCanceledCreationsAreMadeAgain(t *testing.T) {
	const canceled = `{"properties":{"a":1,"provisioningState":"Canceled"}}`
	decideAll(t, []row{
		{"as it is", a(plain, spec1, has(canceled), managed()), `PUT Create {"properties":{"a":1}} as Creating` + inSync, ""},
		{"in the other spelling", a(plain, spec1, has(`{"properties":{"a":1,"provisioningState":"Cancelled"}}`), managed()),
			`PUT Create {"properties":{"a":1}} as Creating` + inSync, ""},
		{"a difference comes first", a(plain, spec1, has(`{"properties":{"a":2,"provisioningState":"Canceled"}}`), managed()),
			`PATCH {"properties":{"a":1}} as Updating` + drifted, ""},
		{"an act is not repeated", a(once, spec1, has(canceled), managed()), "nothing" + inSync, ""},
		{"for who observes nothing is", a(plain, spec1, has(canceled), observes), "nothing" + inSync, ""},
	})
}

func TestOneShots(t *testing.T) {
	handled := noted("rotated", "first")
	decideAll(t, []row{
		{"a new word", a(plain, spec1, with(rotates), word("second"), handled, has(spec1), managed()), "POST rotate second as RotatingPassword" + inSync,
			"Azure runs rotate"},
		{"a word that was handled", a(plain, spec1, with(rotates), word("first"), handled, has(spec1), managed()), "nothing" + inSync, ""},
		{"no word", a(plain, spec1, with(rotates), handled, has(spec1), managed()), "nothing" + inSync, ""},
		{"the spec comes first", a(plain, spec1, with(rotates), word("second"), handled, has(`{"properties":{"a":2}}`), managed()),
			`PATCH {"properties":{"a":1}} as Updating` + drifted, ""},
		{"nobody observes one", a(plain, spec1, with(rotates), word("second"), handled, has(spec1), observes), "nothing" + inSync, ""},
	})
}

func TestDeletions(t *testing.T) {
	t.Parallel()
	if w := decide.Deletion(plain.Traits); w.Verb != arm.DELETE || w.Body != nil || w.What() != "its deletion" || w.Reason != v1alpha1.ReasonDeleting {
		t.Errorf("what was made is deleted by %+v", w)
	}
	w := decide.Deletion(byAction.Traits)
	if want := map[string]any{"restrictMovement": "Disabled"}; w.Verb != arm.POST || w.Action != "restrictMovement" || !reflect.DeepEqual(w.Body, want) ||
		w.What() != "restrictMovement" {
		t.Errorf("what an action changed is put back by %+v", w)
	}
	if got := (&decide.Write{Verb: arm.PUT, Purpose: v1alpha1.OperationCreates}).What() + ", " +
		(&decide.Write{Verb: arm.PATCH}).What(); got != "its creation, its update" {
		t.Errorf("writes are called %s", got)
	}
}

// A list that holds write-only values goes out as the spec has it, because the values go in by their place; and what a write carries counts by its hash.
func TestWriteOnlyValuesInAWrite(t *testing.T) {
	t.Parallel()
	s := a(secretive, `{"properties":{"name":"n","sources":[{"user":"u"}]}}`, with(func(k *thingKind) { k.NoPatch = true }), managed(),
		has(`{"properties":{"name":"old","sources":[{"user":"w"},{"user":"u"}]}}`),
		secrets(secret("/properties/sources/0/password", "one"), onceOnly(secret("/properties/first", "two"))),
		given(v1alpha1.WriteOnlyValue{Path: "/properties/sources/0/password", HMAC: "one"}))
	w := decide.Decide(s).Write
	if w == nil || w.Verb != arm.PUT {
		t.Fatalf("the write is %+v", w)
	}
	sources, _ := json.Marshal(w.Body["properties"].(map[string]any)["sources"])
	if string(sources) != `[{"user":"u"}]` {
		t.Errorf("the list goes out as %s", sources)
	}
	hash, carried, err := s.Hash(w)
	if err != nil || len(carried) != 1 || carried[0].HMAC != "one" {
		t.Errorf("it carries %v (%v): what Azure takes only at first stays out", carried, err)
	}
	if text, _ := json.Marshal(w.Body); strings.Contains(string(text), "hidden") {
		t.Errorf("hashing has changed the body: %s", text)
	}
	other := s
	other.Secrets = []decide.Secret{secret("/properties/sources/0/password", "another")}
	if again, _, _ := other.Hash(w); again == hash {
		t.Error("another password has the same hash")
	}
	beside := &decide.Write{Verb: arm.PUT, Target: "/x", Body: w.Body}
	if _, carried, _ := s.Hash(beside); len(carried) != 0 {
		t.Errorf("a write to another resource carries %v", carried)
	}
}
