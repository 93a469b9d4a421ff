// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package harness

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/yaml"

	"github.com/avs-operator/avs-operator/test/env"
)

// Samples are the objects of config/samples.
type Samples []*unstructured.Unstructured

// fromFile is the annotation of a loaded sample that says which file it is from, until it is used.
const fromFile = "harness/file"

// LoadSamples reads config/samples and the kustomizations beside it.
func LoadSamples() (Samples, error) {
	root, err := env.RepositoryRoot()
	if err != nil {
		return nil, err
	}
	var files []string
	for _, pattern := range []string{"*.yaml", "*/*.yaml"} {
		found, err := filepath.Glob(filepath.Join(root, "config", "samples", pattern))
		if err != nil {
			return nil, err
		}
		files = append(files, found...)
	}
	var out Samples
	for _, file := range files {
		if filepath.Base(file) == "kustomization.yaml" {
			continue
		}
		content, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		documents, err := Documents(content)
		if err != nil {
			return nil, fmt.Errorf("reading %s: %w", file, err)
		}
		for _, object := range documents {
			object.SetAnnotations(mergedStrings(object.GetAnnotations(), map[string]string{fromFile: file}))
		}
		out = append(out, documents...)
	}
	return out, nil
}

// Documents are the objects in a text of YAML.
func Documents(content []byte) (Samples, error) {
	var out Samples
	reader := utilyaml.NewYAMLReader(newReader(content))
	for {
		document, err := reader.Read()
		if err != nil {
			return out, ignoreEOF(err)
		}
		object := &unstructured.Unstructured{}
		if err := yaml.Unmarshal(document, &object.Object); err != nil {
			return nil, err
		}
		if object.GetKind() != "" {
			out = append(out, object)
		}
	}
}

// All returns copies of all of them, as the files have them.
func (s Samples) All() Samples {
	var out Samples
	for _, object := range s {
		object = object.DeepCopy()
		annotations := object.GetAnnotations()
		delete(annotations, fromFile)
		object.SetAnnotations(annotations)
		out = append(out, object)
	}
	return out
}

// Of returns a copy of a kind's own sample: the one in the file of its name.
func (s Samples) Of(kind string) (*unstructured.Unstructured, error) {
	for _, object := range s {
		if object.GetKind() == kind && filepath.Base(object.GetAnnotations()[fromFile]) == strings.ToLower(kind)+".yaml" {
			return object.DeepCopy(), nil
		}
	}
	return nil, fmt.Errorf("config/samples has no %s.yaml with a %s", strings.ToLower(kind), kind)
}

// Above are copies of what an object refers to by name, what stands before it in its file, what else it needs, and what these refer to,
// first things first. What is in no sample is left out: the identity is each test's own.
func (s Samples) Above(object *unstructured.Unstructured, needs ...*unstructured.Unstructured) Samples {
	var out Samples
	var visit func(of *unstructured.Unstructured)
	add := func(candidate *unstructured.Unstructured) {
		known := slices.ContainsFunc(out, func(o *unstructured.Unstructured) bool { return SameObject(o, candidate) })
		if !known && !SameObject(candidate, object) && candidate.GetKind() != "AzureIdentity" && candidate.GetKind() != "Namespace" {
			visit(candidate)
			copied := candidate.DeepCopy()
			copied.SetAnnotations(nil)
			out = append(out, copied)
		}
	}
	seen := map[*unstructured.Unstructured]bool{}
	visit = func(of *unstructured.Unstructured) {
		if seen[of] {
			return
		}
		seen[of] = true
		for _, candidate := range s {
			if SameObject(candidate, of) {
				break
			}
			if candidate.GetAnnotations()[fromFile] == of.GetAnnotations()[fromFile] {
				add(candidate)
			}
		}
		for _, reference := range references(of.Object["spec"]) {
			for _, candidate := range s {
				if candidate.GetName() == reference.name && (strings.EqualFold(candidate.GetKind(), reference.kind) || reference.kind == anyKind) {
					add(candidate)
				}
			}
		}
	}
	visit(object)
	for _, need := range needs {
		add(need)
	}
	return out
}

// SameObject says that two objects have one kind and name.
func SameObject(a, b *unstructured.Unstructured) bool {
	return a.GetKind() == b.GetKind() && a.GetName() == b.GetName()
}

func mergedStrings(a, b map[string]string) map[string]string {
	out := map[string]string{}
	maps.Copy(out, a)
	maps.Copy(out, b)
	return out
}

type reference struct{ kind, name string }

// anyKind is what a plain text may name, such as the VMGroup of a PortMirroringProfile.
const anyKind = ""

// references are the fields called <kind>Ref with a name in them; one that ends in SecretRef or CredentialsRef names a Secret.
func references(spec any) []reference {
	var out []reference
	switch here := spec.(type) {
	case map[string]any:
		for _, key := range sortedKeys(here) {
			if found, is := referenceIn(key, here[key]); is {
				out = append(out, found)
				continue
			}
			if text, isText := here[key].(string); isText && key != "displayName" && key != "description" && !strings.HasSuffix(key, "Name") {
				out = append(out, reference{anyKind, text})
			}
			out = append(out, references(here[key])...)
		}
	case []any:
		for _, one := range here {
			if text, isText := one.(string); isText {
				out = append(out, reference{anyKind, text})
			}
			out = append(out, references(one)...)
		}
	}
	return out
}

// referenceIn is a field that names an object of the kind that its own name begins with.
func referenceIn(key string, value any) (reference, bool) {
	target, _ := value.(map[string]any)
	kind, isReference := strings.CutSuffix(key, "Ref")
	name, _ := target["name"].(string)
	lower := strings.ToLower(kind)
	switch {
	case strings.HasSuffix(lower, "secret"), strings.HasSuffix(lower, "credentials"):
		kind = "Secret"
	case strings.HasSuffix(lower, "cloud"):
		kind = "PrivateCloud" // such as linkedCloudRef
	}
	return reference{kind, name}, isReference && name != ""
}
