// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package decide_test

import (
	"encoding/json"
	"math/rand/v2"
	"reflect"
	"testing"

	"github.com/avs-operator/avs-operator/controllers/arm"
	"github.com/avs-operator/avs-operator/controllers/azure/decide"
)

// aBody is a body with some of a few fields, so that two of them often share some.
func aBody(r *rand.Rand, tagged bool) string {
	properties := map[string]any{}
	for _, name := range []string{"a", "b", "c"} {
		switch r.IntN(4) {
		case 0:
			properties[name] = r.IntN(3)
		case 1:
			properties[name] = []string{"x", "y", "Z"}[r.IntN(3)]
		case 2:
			properties[name] = map[string]any{"d": r.IntN(2), "e": []any{r.IntN(2), "t"}}
		}
	}
	body := map[string]any{"properties": properties}
	if tagged && r.IntN(2) == 0 {
		body["tags"] = map[string]any{[]string{"Env", "env", "cost"}[r.IntN(3)]: []string{"1", "2"}[r.IntN(2)]}
	}
	text, _ := json.Marshal(body)
	return string(text)
}

// merged is what Azure makes of a PATCH (RFC 7396); its tags are replaced as a whole.
func merged(have, patch map[string]any) map[string]any {
	out := map[string]any{}
	for key, value := range have {
		out[key] = value
	}
	for key, value := range patch {
		inner, isMap := value.(map[string]any)
		before, wasMap := out[key].(map[string]any)
		if isMap && wasMap && key != "tags" {
			out[key] = merged(before, inner)
		} else {
			out[key] = value
		}
	}
	return out
}

// copied is a situation that shares nothing with another.
func copied(s situation) situation {
	out := s
	out.Object = s.Object.DeepCopy()
	text, _ := json.Marshal(s.Asked)
	out.Asked = jsonOf(string(text))
	if s.Actual != nil {
		text, _ = json.Marshal(s.Actual.Body)
		out.Actual = &arm.Resource{ID: s.Actual.ID, Body: jsonOf(string(text))}
	}
	return out
}

// FuzzDecide holds what every decision must hold: it changes nothing that it was given, is the same each time, and the writes that follow from one
// another end, with Azure as the spec asks. Nothing is decided about what is being deleted, and nothing is made for who observes.
func FuzzDecide(f *testing.F) {
	for seed := range uint64(64) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, seed uint64) {
		r := rand.New(rand.NewPCG(seed, 7))
		k := []thingKind{plain, tagged, noPatch, aKind(func(k *thingKind) { k.Tagged, k.PutOnly = true, []string{"/properties/b"} }),
			aKind(func(k *thingKind) { k.Revised = true })}[r.IntN(5)]
		s := a(k, aBody(r, k.Tagged), managed())
		if r.IntN(4) > 0 {
			has(aBody(r, k.Tagged))(&s)
		}
		before := copied(s)
		first, second := decide.Decide(s), decide.Decide(before)
		if inShort(first) != inShort(second) || !reflect.DeepEqual(first.Managed, second.Managed) {
			t.Fatalf("the same situation has two decisions:\n\t%s\n\t%s", inShort(first), inShort(second))
		}
		if !reflect.DeepEqual(s.Object, before.Object) || !reflect.DeepEqual(s.Asked, before.Asked) || !reflect.DeepEqual(s.Actual, before.Actual) {
			t.Fatalf("deciding has changed the situation: %v, was %v", s, before)
		}
		for _, part := range []part{leaving, observes} {
			silent := copied(s)
			part(&silent)
			if d := decide.Decide(silent); d.Write != nil && s.Actual == nil {
				t.Fatalf("something is made for whom nothing is written: %s", inShort(d))
			}
		}
		for round := 0; ; round++ {
			d := decide.Decide(s)
			if d.Write == nil {
				if d.Stop != nil || len(d.Drift) > 0 {
					t.Fatalf("it ends with %s", inShort(d))
				}
				break
			}
			if round > 3 {
				t.Fatalf("after %d writes there is another: %s", round, inShort(d))
			}
			text, _ := json.Marshal(d.Write.Body)
			body := jsonOf(string(text))
			if d.Write.Verb == arm.PATCH {
				body = merged(s.Actual.Body, body)
			}
			s.Actual = &arm.Resource{ID: theID, Body: body}
		}
	})
}
