// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/yaml"

	"github.com/avs-operator/avs-operator/controllers/azure/kinds"
)

// samples are the objects of config/samples.
type samples []*unstructured.Unstructured

// loadSamples reads the files of config/samples. The one in the file of its kind is that kind's sample.
func loadSamples(t *testing.T) samples {
	t.Helper()
	var files []string
	for _, pattern := range []string{"*.yaml", "*/*.yaml"} {
		found, err := filepath.Glob(filepath.Join("..", "..", "..", "config", "samples", pattern))
		if err != nil || len(found) == 0 {
			t.Fatalf("No samples: %v", err)
		}
		files = append(files, found...)
	}
	var first, rest samples
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		objects, err := documents(content)
		if err != nil {
			t.Fatalf("Reading %s: %v", file, err)
		}
		for _, object := range objects {
			if strings.EqualFold(object.GetKind()+".yaml", filepath.Base(file)) {
				first = append(first, object)
			} else {
				rest = append(rest, object) // what a sample of another kind needs
			}
		}
	}
	return append(first, rest...)
}

func documents(content []byte) (samples, error) {
	var out samples
	reader := utilyaml.NewYAMLReader(bufio.NewReader(bytes.NewReader(content)))
	for {
		document, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err != nil {
			return nil, err
		}
		object := &unstructured.Unstructured{}
		if err := yaml.Unmarshal(document, &object.Object); err != nil {
			return nil, err
		}
		if kind := object.GetKind(); kind != "" && kind != "Kustomization" && kind != "Namespace" {
			out = append(out, object)
		}
	}
}

// of is a copy of the first sample of a kind.
func (s samples) of(t *testing.T, kind string) *unstructured.Unstructured {
	t.Helper()
	for _, object := range s {
		if object.GetKind() == kind {
			return object.DeepCopy()
		}
	}
	t.Fatalf("config/samples has no %s: every kind has a sample", kind)
	return nil
}

// named are the samples that an object names, by any text in its spec that is another sample's name. The identity is each test's own.
func (s samples) named(object *unstructured.Unstructured) samples {
	said := texts(object.Object["spec"])
	var out samples
	for _, other := range s {
		if other.GetKind() == "AzureIdentity" || other.GetKind() == object.GetKind() && other.GetName() == object.GetName() {
			continue
		}
		if slices.Contains(said, other.GetName()) && inScope(other) {
			out = append(out, other.DeepCopy())
		}
	}
	return out
}

// inScope: samples of the other half of the operator are no surroundings of an Azure kind.
func inScope(object *unstructured.Unstructured) bool {
	return object.GetKind() == "Secret" || slices.ContainsFunc(kinds.All, func(k kinds.Kind) bool { return k.Name == object.GetKind() })
}

// around are what an object names, and what that names, first things first.
func (s samples) around(object *unstructured.Unstructured) samples {
	var out samples
	var visit func(*unstructured.Unstructured)
	visit = func(of *unstructured.Unstructured) {
		for _, other := range s.named(of) {
			if slices.ContainsFunc(out, func(o *unstructured.Unstructured) bool { return same(o, other) }) || same(other, object) {
				continue
			}
			visit(other)
			if !slices.ContainsFunc(out, func(o *unstructured.Unstructured) bool { return same(o, other) }) {
				out = append(out, other)
			}
		}
	}
	visit(object)
	return out
}

func same(a, b *unstructured.Unstructured) bool {
	return a.GetKind() == b.GetKind() && a.GetName() == b.GetName()
}

// wanted are the samples that the message of a waiting object asks for: of a kind whose ARM collection it names, or by their own name.
func (s samples) wanted(message string) samples {
	var out samples
	for _, object := range s {
		for _, kind := range kinds.All {
			segment := kind.Segment[strings.LastIndex(kind.Segment, "/")+1:]
			byID := strings.Contains(strings.ToLower(message), "/"+strings.ToLower(segment)+"/")
			byName := slices.Contains(strings.FieldsFunc(message, func(r rune) bool { return strings.ContainsRune(" ,;:()/", r) }), object.GetName())
			if kind.Name == object.GetKind() && (byID || byName) && kind.Name != "PrivateCloud" {
				out = append(out, object.DeepCopy())
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
