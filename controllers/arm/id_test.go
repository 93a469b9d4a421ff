// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package arm

import (
	"strings"
	"testing"
)

func TestIDParts(t *testing.T) {
	segment := private.Child("workloadNetworks/default/segments", "web")
	lock := private + "/providers/Microsoft.Authorization/locks/keep"
	subscription := ID("/subscriptions/11111111-1111-1111-1111-111111111111")
	for _, tc := range []struct {
		id                     ID
		name, kind             string
		parent, collection     ID
		subscription, groupFor string
	}{
		{second, "c2", "Microsoft.AVS/privateClouds/clusters", private, private + "/clusters", "11111111-1111-1111-1111-111111111111", "rg"},
		{private, "weu", "Microsoft.AVS/privateClouds", group, group + "/providers/Microsoft.AVS/privateClouds", "11111111-1111-1111-1111-111111111111", "rg"},
		{second.Collection(), "clusters", "Microsoft.AVS/privateClouds/clusters", "", private, "11111111-1111-1111-1111-111111111111", "rg"},
		{segment, "web", "Microsoft.AVS/privateClouds/workloadNetworks/segments", private + "/workloadNetworks/default",
			private + "/workloadNetworks/default/segments", "11111111-1111-1111-1111-111111111111", "rg"},
		{lock, "keep", "Microsoft.Authorization/locks", private, private + "/providers/Microsoft.Authorization/locks", "11111111-1111-1111-1111-111111111111", "rg"},
		{group, "rg", "Microsoft.Resources/resourceGroups", subscription, subscription + "/resourceGroups", "11111111-1111-1111-1111-111111111111", "rg"},
		{subscription, "11111111-1111-1111-1111-111111111111", "Microsoft.Resources/subscriptions", "", "/subscriptions", "11111111-1111-1111-1111-111111111111", ""},
	} {
		if tc.id.Name() != tc.name || tc.id.Type() != tc.kind || tc.id.Collection() != tc.collection || tc.id.SubscriptionID() != tc.subscription ||
			tc.id.ResourceGroup() != tc.groupFor {
			t.Errorf("%s: name %s, type %s, collection %s, subscription %s, group %s",
				tc.id, tc.id.Name(), tc.id.Type(), tc.id.Collection(), tc.id.SubscriptionID(), tc.id.ResourceGroup())
		}
		if tc.parent != "" && tc.id.Parent() != tc.parent {
			t.Errorf("%s: parent %s", tc.id, tc.id.Parent())
		}
	}
	if subscription.Parent() != "" || ID("").Parent() != "" || ID("").Type() != "" {
		t.Error("a subscription has no parent")
	}
	if ID("/Subscriptions/A").Key() != "/subscriptions/a" {
		t.Error("a key is lower case")
	}
}

func TestParseID(t *testing.T) {
	for _, good := range []ID{second, private, group, "/subscriptions/s", "/SUBSCRIPTIONS/s/RESOURCEGROUPS/Grüße-(1)/PROVIDERS/Microsoft.AVS/privateClouds/p"} {
		if _, err := ParseID(string(good)); err != nil {
			t.Errorf("%s: %v", good, err)
		}
	}
	for bad, why := range map[string]string{
		"":                                  "begin with a slash",
		"subscriptions/s":                   "begin with a slash",
		"/subscriptions":                    "must begin with /subscriptions/{subscription}",
		"/resourceGroups/g":                 "must begin with /subscriptions/{subscription}",
		"/subscriptions/s/resourceGroups":   "a name is missing",
		"/subscriptions/s/things/x":         "must go on with /providers",
		"/subscriptions/s/providers/A.B":    "no resource in it",
		"/subscriptions/s/../t":             "relative segment",
		"/subscriptions//resourceGroups/g":  "empty or relative",
		"/subscriptions/s/":                 "empty or relative",
		"/subscriptions/s?api-version=1":    "no ARM name may have",
		"/subscriptions/s%2f..":             "no ARM name may have",
		"/subscriptions/s\n":                "no ARM name may have",
		string(group) + "/providers/A.B/c":  "a name is missing",
		string(private) + "/clusters/c2/d":  "a name is missing",
		string(private) + "/clusters/c2#/d": "no ARM name may have",
	} {
		if _, err := ParseID(bad); err == nil || !strings.Contains(err.Error(), why) {
			t.Errorf("%q: %v, want %q", bad, err, why)
		}
	}
}

// FuzzID: ids are written by users and by Azure; nothing about one may panic, and what parses goes into a URL unchanged.
func FuzzID(f *testing.F) {
	for _, s := range []string{string(second), string(group), "/subscriptions/a/providers/b/c/d/providers/e/f/g", "/", "////", "providers"} {
		f.Add(s)
	}
	a := &Client{hosts: hosts{endpoint: mustURL("https://arm.example")}}
	f.Fuzz(func(t *testing.T, s string) {
		id := ID(s)
		_, _, _, _, _, _ = id.Key(), id.Type(), id.Parent(), id.Collection(), id.ResourceGroup(), id.Name()
		parsed, err := ParseID(s)
		if err != nil {
			return
		}
		u, err := a.address(parsed, "", "1")
		if err != nil || u.Path != s || u.Host != "arm.example" {
			t.Fatalf("%q becomes %v, %v", s, u, err)
		}
		for up := parsed; up != ""; up = up.Parent() {
			if _, err := ParseID(string(up)); err != nil {
				t.Fatalf("the parent %q of %q: %v", up, s, err)
			}
		}
		if parsed.SubscriptionID() == "" || parsed.Type() == "" {
			t.Fatalf("%q has no subscription or type", s)
		}
	})
}

func TestResourceValues(t *testing.T) {
	r, err := resourceFrom(private, []byte(`{"a/b":{"c~d":[{"e":7},"x",null]},"n":1e300,"properties":{"provisioningState":"Cancelled"}}`), zero)
	if err != nil {
		t.Fatal(err)
	}
	if r.Int("/a~1b/c~0d/0/e") != 7 || r.String("/a~1b/c~0d/1") != "x" || r.Int("/n") != 0 || r.String("/a~1b/c~0d/9") != "" || r.Int("/a~1b/c~0d/1") != 0 {
		t.Error("a pointer found something else")
	}
	if v, ok := r.Value("/a~1b/c~0d/2"); !ok || v != nil {
		t.Error("null is a value")
	}
	if got := r.Texts("/a~1b/c~0d"); len(got) != 1 || got[0] != "x" || r.Texts("/n") != nil || (*Resource)(nil).Texts("/n") != nil {
		t.Errorf("the texts of the list are %q", got)
	}
	made := &Resource{Body: map[string]any{"a": int32(3), "b": 4, "c": int64(5), "d": "6"}}
	if made.Int("/a") != 3 || made.Int("/b") != 4 || made.Int("/c") != 5 || made.Int("/d") != 0 {
		t.Error("a number that was put in here is another")
	}
	if _, ok := (*Resource)(nil).Value("/x"); ok {
		t.Error("nothing has no values")
	}
	for state, want := range map[string]bool{"": true, "Succeeded": true, "Failed": true, "Canceled": true, "Cancelled": true, "Building": false,
		"Pending": false, "Cancelling": false, "NewWord": false} {
		if IsTerminal(state) != want {
			t.Errorf("%q is terminal: %t", state, !want)
		}
	}
}
