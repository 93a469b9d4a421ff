// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package vcenter

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"testing"
)

// A table must agree with a map, and every table that was ever made must stay as it was.
func TestTableAgreesWithAMap(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	type version struct {
		table Table[int]
		want  map[string]int
	}
	now := version{want: map[string]int{}}
	var all []version
	for range 200 {
		e, want := now.table.edit(), maps.Clone(now.want)
		for range random.IntN(20) {
			key := fmt.Sprintf("vm-%d", random.IntN(400))
			if random.IntN(3) == 0 {
				e.remove(key)
				delete(want, key)
			} else {
				v := random.Int()
				e.set(key, &v)
				want[key] = v
			}
			if got := e.get(key); (got != nil) != (want[key] != 0) {
				t.Fatalf("the edit holds %v for %s", got, key)
			}
		}
		now = version{e.table(), want}
		all = append(all, now)
	}
	for i, v := range all {
		got := map[string]int{}
		for k, p := range v.table.All() {
			got[k] = *p
		}
		if !maps.Equal(got, v.want) || v.table.Len() != len(v.want) {
			t.Fatalf("version %d differs: %d entries, Len %d, want %d", i, len(got), v.table.Len(), len(v.want))
		}
		for k, want := range v.want {
			if p := v.table.Get(k); p == nil || *p != want {
				t.Fatalf("version %d: %s", i, k)
			}
		}
	}
}

func TestAnEmptyTable(t *testing.T) {
	var e Table[int]
	if e.Get("x") != nil || e.Len() != 0 {
		t.Error("the zero table holds something")
	}
	for range e.All() {
		t.Error("the zero table yields something")
	}
	one := 1
	if n := NewTable(map[string]*int{"a": &one}); n.Len() != 1 || *n.Get("a") != 1 {
		t.Error("NewTable lost its entry")
	}
}
