// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package body_test

import (
	"reflect"
	"testing"

	"github.com/avs-operator/avs-operator/controllers/azure/body"
)

func TestWhatIsEmptiedIsTakenAwayToo(t *testing.T) {
	t.Parallel()
	of := map[string]any{"properties": map[string]any{
		"vcfLicense": map[string]any{"kind": "vcf5", "labels": map[string]any{"a": "b"}}, "internet": "Enabled",
	}}
	for _, path := range []string{"/properties/vcfLicense/kind", "/properties/vcfLicense/labels/a", "/properties/none/such", "/properties/internet"} {
		body.Remove(of, path)
	}
	if want := map[string]any{"properties": map[string]any{}}; !reflect.DeepEqual(of, want) {
		t.Errorf("what is left is %v", of)
	}
}

func TestPutAndContainer(t *testing.T) {
	t.Parallel()
	of := map[string]any{"properties": map[string]any{"list": []any{map[string]any{"name": "a"}, map[string]any{"name": "b"}}, "one": map[string]any{}}}
	copied := body.Clone(of)
	for path, want := range map[string]bool{
		"/properties/list/1/secret": true, "/properties/one/secret": true, "/properties/list/2/secret": false,
		"/properties/list/x/secret": false, "/properties/none/secret": false,
	} {
		if got := body.Put(of, path, "v"); got != want {
			t.Errorf("Put at %s: %v", path, got)
		}
	}
	if reflect.DeepEqual(of, copied) {
		t.Error("nothing was put")
	}
	if path, value := body.Container(of, "/properties/list/1/secret"); path != "/properties/list" || len(value.([]any)) != 2 {
		t.Errorf("what holds an element of a list is %s: %v", path, value)
	}
	if path, value := body.Container(of, "/properties/one/secret"); path != "/properties/one/secret" || value != body.Hidden {
		t.Errorf("what holds a field is %s: %v", path, value)
	}
}

func TestMergeAndUnder(t *testing.T) {
	t.Parallel()
	over := map[string]any{"a": 1, "in": map[string]any{"x": 1}}
	body.Merge(over, map[string]any{"a": 2, "b": 3, "in": map[string]any{"x": 2, "y": 3}})
	if want := map[string]any{"a": 1, "b": 3, "in": map[string]any{"x": 1, "y": 3}}; !reflect.DeepEqual(over, want) {
		t.Errorf("merged is %v", over)
	}
	for path, want := range map[string]bool{"/sku": true, "/sku/name": true, "/skuName": false, "/properties/sku": false} {
		if got := body.Under(path, []string{"/sku"}); got != want {
			t.Errorf("%s under /sku: %v", path, got)
		}
	}
}

// Names with a slash or a tilde, as tags may have, stand in pointers as RFC 6901 writes them.
func TestPointersAreEscaped(t *testing.T) {
	t.Parallel()
	of := map[string]any{"tags": map[string]any{"team/a~b": "1", "team": map[string]any{"a~b": "2"}}, "a/b": []any{map[string]any{"c": "3"}}}
	if !body.Put(of, "/tags/team~1a~0b", "4") || of["tags"].(map[string]any)["team/a~b"] != "4" {
		t.Errorf("put is %v", of)
	}
	if path, value := body.Container(of, "/a~1b/0/c"); path != "/a~1b" || len(value.([]any)) != 1 {
		t.Errorf("what holds an element of a list is %s: %v", path, value)
	}
	places := map[string]bool{}
	body.MapTexts("", of, func(place, text string) string { places[place] = true; return text })
	for _, place := range []string{"/tags/team~1a~0b", "/tags/team/a~0b", "/a~1b/0/c"} {
		if !places[place] {
			t.Errorf("no text is at %s: %v", place, places)
		}
	}
	body.Remove(of, "/tags/team~1a~0b")
	if want := map[string]any{"team": map[string]any{"a~b": "2"}}; !reflect.DeepEqual(of["tags"], want) {
		t.Errorf("what is left of the tags is %v", of["tags"])
	}
	for _, pointer := range []string{"", "/", "/a~01/~1"} {
		if got := body.Pointer(body.Tokens(pointer)...); got != pointer {
			t.Errorf("%q is written %q", pointer, got)
		}
	}
}
