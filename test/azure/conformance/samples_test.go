// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/avs-operator/avs-operator/controllers/azure/kinds"
	"github.com/avs-operator/avs-operator/test/harness"
)

// samples are the objects of config/samples.
type samples = harness.Samples

// loadSamples reads them.
func loadSamples(t *testing.T) samples {
	t.Helper()
	out, err := harness.LoadSamples()
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// inScope: samples of the other half of the operator are no surroundings of an Azure kind.
func inScope(object *unstructured.Unstructured) bool {
	return object.GetKind() == "Secret" || slices.ContainsFunc(kinds.All, func(k kinds.Kind) bool { return k.Name == object.GetKind() })
}

// around are what an object stands on: what it refers to, and what that refers to, first things first.
func around(all samples, object *unstructured.Unstructured) samples {
	return slices.DeleteFunc(all.Above(object), func(o *unstructured.Unstructured) bool { return !inScope(o) })
}

// wanted are the samples that the message of a waiting object asks for: of a kind whose ARM collection it names, or by their own name.
func wanted(all samples, message string) samples {
	var out samples
	for _, object := range all.All() {
		for _, kind := range kinds.All {
			segment := kind.Segment[strings.LastIndex(kind.Segment, "/")+1:]
			byID := strings.Contains(strings.ToLower(message), "/"+strings.ToLower(segment)+"/")
			byName := slices.Contains(strings.FieldsFunc(message, func(r rune) bool { return strings.ContainsRune(" ,;:()/", r) }), object.GetName())
			if kind.Name == object.GetKind() && (byID || byName) && kind.Name != "PrivateCloud" {
				out = append(out, object)
			}
		}
	}
	return out
}

// texts are all texts in a value.
func texts(value any) []string {
	var out []string
	switch at := value.(type) {
	case string:
		out = append(out, at)
	case map[string]any:
		for _, inner := range at {
			out = append(out, texts(inner)...)
		}
	case []any:
		for _, inner := range at {
			out = append(out, texts(inner)...)
		}
	}
	return out
}

// machines are the virtual machines that a spec names: texts below a field whose name speaks of machines or members.
func machines(spec any, inside bool) []string {
	var out []string
	switch at := spec.(type) {
	case string:
		if inside {
			out = append(out, at)
		}
	case map[string]any:
		for key, inner := range at {
			lower := strings.ToLower(key)
			speaks := strings.Contains(lower, "machine") || strings.Contains(lower, "member")
			out = append(out, machines(inner, inside && key != "instanceUUID" && key != "tag" || speaks)...)
		}
	case []any:
		for _, inner := range at {
			out = append(out, machines(inner, inside)...)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func describe(objects samples) string {
	var out []string
	for _, object := range objects {
		out = append(out, fmt.Sprintf("%s %s", object.GetKind(), object.GetName()))
	}
	return strings.Join(out, ", ")
}
