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
		"/properties/list/1/secret": true, "/properties/one/secret": true, "/properties/list/2/secret": false, "/properties/list/x/secret": false, "/properties/none/secret": false,
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
