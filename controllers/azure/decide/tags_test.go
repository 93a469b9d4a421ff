// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package decide

import (
	"reflect"
	"testing"

	"github.com/avs-operator/avs-operator/controllers/arm"
)

func TestNamesOfTagsAreComparedWithoutCase(t *testing.T) {
	have := map[string]any{"Env": "prod", "costCenter": "17", "theirs": "x", "AVS-Operator-Owner": "old"}
	got := mergedTags(have, map[string]any{"env": "Prod", "new": "y"}, []string{"/tags/COSTCENTER"}, "me")
	if want := map[string]any{"Env": "Prod", "theirs": "x", "new": "y", "AVS-Operator-Owner": "me"}; !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if changes := droppedTags(have, got); len(changes) != 1 || changes[0].Path != "/tags/costCenter" {
		t.Errorf("dropped are %v", changes)
	}
	if owner := OwnerOf(&arm.Resource{Body: map[string]any{"tags": have}}); owner != "old" {
		t.Errorf("the owner is %q", owner)
	}
}
