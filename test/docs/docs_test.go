// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package docs holds what the documentation shows to what the API server takes: what a newcomer copies must work.
package docs

import (
	"context"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/avs-operator/avs-operator/controllers"
	"github.com/avs-operator/avs-operator/test/env"
)

var cluster *env.Env

func TestMain(m *testing.M) {
	os.Exit(env.Main(m, env.Options{Scheme: controllers.Scheme()}, func(e *env.Env) { cluster = e }))
}

var yamlBlock = regexp.MustCompile("(?s)```yaml\n(.*?)```")

// Every manifest in README and docs/ is taken by the API server as it stands, read by our own kubectl as users' files are.
func TestEveryManifestInTheDocsIsAccepted(t *testing.T) {
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "vmware"}}
	if err := cluster.Admin.Create(t.Context(), namespace); client.IgnoreAlreadyExists(err) != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob("../../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, file := range append(files, "../../README.md") {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, block := range yamlBlock.FindAllStringSubmatch(string(content), -1) {
			if !strings.Contains(block[1], "apiVersion:") {
				continue // a part of a manifest, to explain it
			}
			found++
			accepted(t, filepath.Base(file), block[1])
		}
	}
	if found == 0 {
		t.Error("no manifest was found")
	}
}

func accepted(t *testing.T, from, manifest string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "manifest.yaml")
	if err := os.WriteFile(file, []byte(manifest), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := cluster.ControlPlane.Kubectl(context.Background(), "apply", "--namespace=vmware", "--dry-run=server", "-f", file); err != nil {
		t.Errorf("%s shows a manifest that is refused: %v\n%s\n%s", from, err, out, manifest)
	}
}

// The samples are accepted, and applying them a second time changes nothing.
func TestSamplesApplyTwice(t *testing.T) {
	ctx := t.Context()
	if out, err := cluster.ControlPlane.Kubectl(ctx, "apply", "-k", "../../config/samples"); err != nil {
		t.Fatal(err, out)
	}
	out, err := cluster.ControlPlane.Kubectl(ctx, "apply", "-k", "../../config/samples")
	if err != nil {
		t.Fatal(err, out)
	}
	for _, line := range strings.Split(strings.TrimSpace(out), "\n") {
		if !strings.HasSuffix(line, " unchanged") {
			t.Errorf("applied a second time: %s", line)
		}
	}
}
