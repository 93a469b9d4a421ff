// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
)

// record keeps what the API server stores at one moment of the demo, for the releases that later versions must read: every object of ours, as it is
// stored, records in flight among them. It does nothing unless it was asked for. moment is a file name without its ending.
func (d *demo) record(ctx context.Context, moment string) error {
	if d.keep == "" {
		return nil
	}
	scheme, err := newScheme()
	if err != nil {
		return fmt.Errorf("record the objects: %w", err)
	}
	c, err := client.New(d.plane.AdminConfig(), client.Options{Scheme: scheme})
	if err != nil {
		return fmt.Errorf("record the objects: %w", err)
	}
	var kinds []string
	for kind := range scheme.KnownTypes(v1alpha1.GroupVersion) {
		made, err := scheme.New(v1alpha1.GroupVersion.WithKind(kind))
		if _, ours := made.(client.ObjectList); err == nil && ours {
			kinds = append(kinds, kind)
		}
	}
	slices.Sort(kinds)
	var out bytes.Buffer
	for _, kind := range kinds {
		list := &unstructured.UnstructuredList{}
		list.SetGroupVersionKind(v1alpha1.GroupVersion.WithKind(kind))
		if err := c.List(ctx, list); err != nil {
			return fmt.Errorf("record the objects: %w", err)
		}
		for i := range list.Items {
			object := &list.Items[i]
			for _, field := range []string{"managedFields", "resourceVersion", "uid"} { // the API server's own
				unstructured.RemoveNestedField(object.Object, "metadata", field)
			}
			annotations := object.GetAnnotations()
			delete(annotations, "kubectl.kubernetes.io/last-applied-configuration")
			object.SetAnnotations(annotations)
			text, err := yaml.Marshal(object.Object)
			if err != nil {
				return fmt.Errorf("record the objects: %w", err)
			}
			out.WriteString("---\n")
			out.Write(text)
		}
	}
	return os.WriteFile(filepath.Join(d.keep, moment+".yaml"), out.Bytes(), 0o644)
}

// recordSchemas keeps the schemas of this version's kinds, without the descriptions that nobody validates by.
func recordSchemas(root, directory string) error {
	files, err := filepath.Glob(filepath.Join(root, "config", "crd", "bases", "*.yaml"))
	if err != nil {
		return err
	}
	var out bytes.Buffer
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		var definition map[string]any
		if err := yaml.Unmarshal(content, &definition); err != nil {
			return fmt.Errorf("read %s: %w", file, err)
		}
		withoutDescriptions(definition)
		text, err := yaml.Marshal(definition)
		if err != nil {
			return err
		}
		fmt.Fprintf(&out, "---\n%s", text)
	}
	return os.WriteFile(filepath.Join(directory, "crds.yaml"), out.Bytes(), 0o644)
}

// withoutDescriptions takes the texts out of a schema; a field that is called description is a schema, and stays.
func withoutDescriptions(part any) {
	switch part := part.(type) {
	case map[string]any:
		if _, text := part["description"].(string); text {
			delete(part, "description")
		}
		for _, inner := range part {
			withoutDescriptions(inner)
		}
	case []any:
		for _, inner := range part {
			withoutDescriptions(inner)
		}
	}
}

// recordingInto checks the directory that -record names: it is made, and a release that was recorded is never recorded over.
func recordingInto(directory string) error {
	if _, err := os.Stat(directory); err == nil {
		return fmt.Errorf("record into %s: it is there already, and what a release stored does not change: "+
			"name another, or delete it if it was never released", directory)
	}
	return os.MkdirAll(directory, 0o755)
}
