// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package kinds

import (
	"reflect"
	"testing"
)

// A field that is forgotten is nil, which the compiler cannot tell from one that is not needed.
func TestEveryKindHasWhatItMust(t *testing.T) {
	t.Parallel()
	names, types := map[string]bool{}, map[string]string{}
	for _, k := range All {
		for _, sentence := range k.Lacks() {
			t.Errorf("%s: %s", k.Name, sentence)
		}
		if names[k.Name] {
			t.Errorf("%s is twice in the list", k.Name)
		}
		names[k.Name] = true
		if other := types[k.Type()]; other != "" {
			t.Errorf("%s and %s have the same ARM type %s: correct Traits.Segment of one", k.Name, other, k.Type())
		}
		types[k.Type()] = k.Name
		if got := reflect.TypeOf(k.New()).Elem().Name(); got != k.Name {
			t.Errorf("Traits.Name is %s, and New makes a %s", k.Name, got)
		}
	}
}
