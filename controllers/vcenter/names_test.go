// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package vcenter

import "testing"

func TestNamesAreComparedAsPeopleGaveThem(t *testing.T) {
	for sent, given := range map[string]string{
		"web-01": "web-01", "a%2fb": "a/b", "a%2Fb": "a/b", "a%5cb": `a\b`, "100%25": "100%", "%252f": "%2f", "%": "%", "a%zz": "a%zz",
	} {
		if got := UnescapeName(sent); got != given {
			t.Errorf("%q is shown as %q, want %q", sent, got, given)
		}
		if !SameName(sent, given) || !SameName(given, sent) {
			t.Errorf("%q is not the same as %q", sent, given)
		}
	}
	if SameName("a%2fb", `a\b`) {
		t.Error("two names are the same")
	}
}
