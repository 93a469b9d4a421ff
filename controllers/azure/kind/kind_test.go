// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package kind

import (
	"strings"
	"testing"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/arm"
	"github.com/avs-operator/avs-operator/controllers/azure/diff"
)

func whole() Kind[*v1alpha1.Segment] {
	return Kind[*v1alpha1.Segment]{
		Traits:  Traits{Name: "Segment", Segment: "segments"},
		New:     func() *v1alpha1.Segment { return &v1alpha1.Segment{} },
		Desired: func(*v1alpha1.Segment) map[string]any { return nil },
		Observe: func(*v1alpha1.Segment, *arm.Resource) {},
		Parent:  func(*v1alpha1.Segment) Parent { return Parent{} },
	}
}

func TestLacksSaysWhatIsForgotten(t *testing.T) {
	t.Parallel()
	for forgotten, change := range map[string]func(*Kind[*v1alpha1.Segment]){
		"":                               func(*Kind[*v1alpha1.Segment]) {},
		"Traits.Name is empty":           func(k *Kind[*v1alpha1.Segment]) { k.Name = "" },
		"Traits.Segment is empty":        func(k *Kind[*v1alpha1.Segment]) { k.Segment = "" },
		"New is nil":                     func(k *Kind[*v1alpha1.Segment]) { k.New = nil },
		"Desired is nil":                 func(k *Kind[*v1alpha1.Segment]) { k.Desired = nil },
		"Observe is nil":                 func(k *Kind[*v1alpha1.Segment]) { k.Observe = nil },
		"exactly one of Root and Parent": func(k *Kind[*v1alpha1.Segment]) { k.Parent = nil },
		"Root needs":                     func(k *Kind[*v1alpha1.Segment]) { k.Root, k.Parent = &Root[*v1alpha1.Segment]{}, nil },
		"Hosts needs":                    func(k *Kind[*v1alpha1.Segment]) { k.Hosts = &Hosts[*v1alpha1.Segment]{Path: "/properties/size"} },
		"Export needs":                   func(k *Kind[*v1alpha1.Segment]) { k.Export = &Export[*v1alpha1.Segment]{} },
		"Traits.Defaults is empty":       func(k *Kind[*v1alpha1.Segment]) { k.ChangedBy = "restrictMovement" },
		"exclude each other":             func(k *Kind[*v1alpha1.Segment]) { k.Revised, k.NoPatch = true, true },
	} {
		k := whole()
		change(&k)
		if got := strings.Join(k.Lacks(), "; "); forgotten == "" && got != "" || !strings.Contains(got, forgotten) {
			t.Errorf("lacks %q, want %q", got, forgotten)
		}
	}
	k := whole()
	k.Root = &Root[*v1alpha1.Segment]{}
	if got := strings.Join(k.Lacks(), "; "); !strings.Contains(got, "exactly one of Root and Parent") {
		t.Errorf("of a kind with both it says %q", got)
	}
}

func TestAWriteTouchesWhatIsBelow(t *testing.T) {
	t.Parallel()
	write := Intent{Changes: []diff.Change{{Path: "/properties/a/b"}, {Path: "/sku"}}}
	for path, want := range map[string]bool{"/properties/a": true, "/properties/a/b": true, "/properties/a/b/c": false, "/sku": true, "/sk": false,
		"/properties/b": false} {
		if write.Touches(path) != want {
			t.Errorf("the write touches %s: %v", path, !want)
		}
	}
}
