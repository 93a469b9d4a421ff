// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package decide_test

import (
	"slices"
	"testing"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/arm"
	"github.com/avs-operator/avs-operator/controllers/azure/decide"
)

// sentFor is the operation of the write that is decided in a situation.
func sentFor(t *testing.T, s situation) *v1alpha1.Operation {
	t.Helper()
	w := decide.Decide(s).Write
	if w == nil {
		t.Fatal("nothing is written")
	}
	return &v1alpha1.Operation{Verb: string(w.Verb), Action: w.Action, Purpose: w.Purpose, Generation: s.Object.Generation, BodyHash: hashOf(t, s, w)}
}

func TestAgrees(t *testing.T) {
	const old, failed = `{"properties":{"a":2}}`, `{"properties":{"a":2,"provisioningState":"Failed"}}`
	done := func(a string) part { return has(`{"properties":{"a":` + a + `,"provisioningState":"Succeeded"}}`) }
	patch := sentFor(t, a(plain, spec1, has(old), managed()))
	put := sentFor(t, a(noPatch, spec1, has(old), managed()))
	create := sentFor(t, a(plain, spec1))
	otherPatch := *patch
	otherPatch.BodyHash = "other"
	edited := *patch
	edited.Generation--
	later := with(func(k *thingKind) { k.Later = []string{"/properties/b"} })
	for _, row := range []struct {
		name string
		situation
		op   *v1alpha1.Operation
		want bool
	}{
		{"a DELETE, and it is gone", a(plain, spec1), &v1alpha1.Operation{Verb: string(arm.DELETE)}, true},
		{"a DELETE, and it is there", a(plain, spec1, done("1")), &v1alpha1.Operation{Verb: string(arm.DELETE)}, false},
		{"a creation, and nothing is there", a(plain, spec1), create, false},
		{"Azure still works on it", a(plain, spec1, has(`{"properties":{"a":1,"provisioningState":"Updating"}}`)), patch, false},
		{"the change is there", a(plain, spec1, done("1"), managed()), patch, true},
		{"the change is missing", a(plain, spec1, done("2"), managed()), patch, false},
		{"another operation's change is missing", a(plain, spec1, done("2"), managed()), &otherPatch, true},
		{"the spec was edited meanwhile", a(plain, spec1, done("2"), managed()), &edited, true},
		{"it failed", a(plain, spec1, has(failed), managed()), patch, true},
		{"a one-shot", a(plain, spec1, done("2"), managed()), &v1alpha1.Operation{Verb: string(arm.POST), Action: "rotate", Generation: 3}, true},
		{"what the spec refers to is unknown", a(plain, spec1, done("2"), managed(), unresolved), patch, true},
		{"a PUT that still differs", a(noPatch, spec1, done("2"), managed()), put, false},
		{"a PUT that is there", a(noPatch, spec1, done("1"), managed()), put, true},
		{"a creation without what follows later", a(plain, `{"properties":{"a":1,"b":2}}`, done("1"), later), create, true},
		{"a creation without the rest", a(plain, spec1, done("2"), later), create, false},
	} {
		t.Run(row.name, func(t *testing.T) {
			if got := row.Agrees(row.op); got != row.want {
				t.Errorf("it agrees: %t, and should be %t", got, row.want)
			}
		})
	}
}

func TestSent(t *testing.T) {
	for name, row := range map[string]struct {
		situation
		want []string
	}{
		"what the spec sets, whatever is there": {a(plain, spec1, has(`{"properties":{"theirs":2}}`)), []string{"/id", "/properties/a"}},
		"unresolved":                            {a(plain, spec1, unresolved), []string{decide.ManagedAtAll}},
	} {
		if got := row.Sent(); !slices.Equal(got, row.want) {
			t.Errorf("%s: %v, and should be %v", name, got, row.want)
		}
	}
}
