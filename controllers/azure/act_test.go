// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package azure

import (
	"reflect"
	"testing"
)

func TestWhatIsEmptiedIsTakenAwayToo(t *testing.T) {
	body := map[string]any{"properties": map[string]any{
		"vcfLicense": map[string]any{"kind": "vcf5", "labels": map[string]any{"a": "b"}}, "internet": "Enabled",
	}}
	for _, path := range []string{"/properties/vcfLicense/kind", "/properties/vcfLicense/labels/a", "/properties/none/such", "/properties/internet"} {
		remove(body, path)
	}
	if want := map[string]any{"properties": map[string]any{}}; !reflect.DeepEqual(body, want) {
		t.Errorf("what is left is %v", body)
	}
}
