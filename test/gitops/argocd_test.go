// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package gitops holds what Argo CD and Flux say of our objects to what the objects say.
package gitops

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"github.com/avs-operator/avs-operator/test/harness"
)

const argocd = "../../config/argocd"

// TestArgoCDHealthOfRecordedObjects walks config/argocd/health_test.yaml, which has the form of Argo CD's own: objects as an operator left them,
// of every kind, and what Argo CD is to say of each.
func TestArgoCDHealthOfRecordedObjects(t *testing.T) {
	var table struct {
		Tests []struct {
			InputPath    string `json:"inputPath"`
			HealthStatus struct{ Status, Message string }
		}
	}
	read(t, filepath.Join(argocd, "health_test.yaml"), &table)
	recorded, statuses := map[string]bool{}, map[string]bool{}
	for _, c := range table.Tests {
		object := &unstructured.Unstructured{}
		read(t, filepath.Join(argocd, c.InputPath), &object.Object)
		status, message, err := harness.ArgoHealth(object)
		if err != nil || status != c.HealthStatus.Status || message != c.HealthStatus.Message {
			t.Errorf("%s: %s %q (%v), want %s %q", c.InputPath, status, message, err, c.HealthStatus.Status, c.HealthStatus.Message)
		}
		recorded[object.GetKind()], statuses[status] = true, true
	}
	for _, kind := range kinds(t) {
		if !recorded[kind] {
			t.Errorf("no recorded object is a %s", kind)
		}
	}
	for _, status := range []string{"Healthy", "Progressing", "Degraded", "Suspended"} {
		if !statuses[status] {
			t.Errorf("no recorded object is %s", status)
		}
	}
	files, _ := filepath.Glob(filepath.Join(argocd, "testdata", "*.yaml"))
	if len(files) != len(table.Tests) {
		t.Errorf("%d objects are recorded, and %d are tested", len(files), len(table.Tests))
	}
}

// TestArgoCDKnowsEveryKind: the kustomization gives Argo CD the check for each kind that there is, and for no other.
func TestArgoCDKnowsEveryKind(t *testing.T) {
	var kustomization struct {
		ConfigMapGenerator []struct {
			Name  string
			Files []string
		}
	}
	read(t, filepath.Join(argocd, "kustomization.yaml"), &kustomization)
	var want []string
	for _, kind := range kinds(t) {
		want = append(want, "resource.customizations.health.avs-operator.io_"+kind+"=health.lua")
	}
	if g := kustomization.ConfigMapGenerator; len(g) != 1 || g[0].Name != "argocd-cm" || !slices.Equal(g[0].Files, want) {
		t.Errorf("the kustomization has %+v, want %v", g, want)
	}
}

// kinds are those of config/crd, in the order of their files.
func kinds(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob("../../config/crd/bases/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no CRDs: %v", err)
	}
	var out []string
	for _, file := range files {
		var crd struct {
			Spec struct{ Names struct{ Kind string } }
		}
		read(t, file, &crd)
		out = append(out, crd.Spec.Names.Kind)
	}
	return out
}

func read(t *testing.T, file string, into any) {
	t.Helper()
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal(content, into); err != nil {
		t.Fatalf("%s: %v", strings.TrimPrefix(file, "../../"), err)
	}
}
