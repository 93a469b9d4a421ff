// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package docs holds what the documentation shows to what the API server takes: what a newcomer copies must work.
package docs

import (
	"context"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/avs-operator/avs-operator/test/env"
	"github.com/avs-operator/avs-operator/test/harness"
)

var cluster *env.Env

func TestMain(m *testing.M) { harness.Main(m, &cluster, 0) }

var yamlBlock = regexp.MustCompile("(?s)```yaml\n(.*?)```")

// Every manifest in README and docs/ is taken by the API server as it stands, read by our own kubectl as users' files are.
func TestEveryManifestInTheDocsIsAccepted(t *testing.T) {
	for _, name := range []string{"vmware", "team-finance"} {
		namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}}
		if err := cluster.Admin.Create(t.Context(), namespace); client.IgnoreAlreadyExists(err) != nil {
			t.Fatal(err)
		}
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
	if out, err := cluster.ControlPlane.Kubectl(context.Background(), "apply", "--dry-run=server", "-f", file); err != nil {
		t.Errorf("%s shows a manifest that is refused: %v\n%s\n%s", from, err, out, manifest)
	}
}

// The samples are accepted, and applying them a second time changes nothing.
func TestSamplesApplyTwice(t *testing.T) {
	ctx := t.Context()
	if out, err := cluster.ControlPlane.Kubectl(ctx, "apply", "-k", "../../config/samples"); err != nil {
		t.Fatal(err, out)
	}
	if out, err := cluster.ControlPlane.Kubectl(ctx, "apply", "-k", "../../config/samples/after-move"); err != nil {
		t.Fatal(err, out)
	}
	out, err := cluster.ControlPlane.Kubectl(ctx, "apply", "-k", "../../config/samples")
	if err != nil {
		t.Fatal(err, out)
	}
	for _, line := range strings.Split(strings.TrimSpace(out), "\n") {
		// Of a Secret with stringData kubectl cannot know whether it changes anything.
		if !strings.HasSuffix(line, " unchanged") && !strings.HasPrefix(line, "secret/") {
			t.Errorf("applied a second time: %s", line)
		}
	}
}

// What config/argocd adds to Argo CD's settings leaves what else is in there.
func TestArgoCDKeepsItsOtherSettings(t *testing.T) {
	ctx := t.Context()
	for _, object := range []client.Object{
		&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "argocd"}},
		&corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: "argocd", Name: "argocd-cm", Labels: map[string]string{"app.kubernetes.io/part-of": "argocd"}},
			Data: map[string]string{"url": "https://argocd.example.com"}},
	} {
		if err := cluster.Admin.Create(ctx, object); err != nil {
			t.Fatal(err)
		}
	}
	if out, err := cluster.ControlPlane.Kubectl(ctx, "apply", "--server-side", "-k", "../../config/argocd"); err != nil {
		t.Fatal(err, out)
	}
	settings := &corev1.ConfigMap{}
	if err := cluster.Admin.Get(ctx, client.ObjectKey{Namespace: "argocd", Name: "argocd-cm"}, settings); err != nil {
		t.Fatal(err)
	}
	check, err := os.ReadFile("../../config/argocd/health.lua")
	if err != nil {
		t.Fatal(err)
	}
	if settings.Data["url"] == "" || settings.Data["resource.customizations.health.avs-operator.io_PrivateCloud"] != string(check) {
		t.Errorf("the settings are %v", settings.Data)
	}
}

// The page about adding a kind says how many lines its example takes; that is true, and stays within what a kind may cost.
func TestAKindCostsWhatTheDocsSay(t *testing.T) {
	const most = 130
	page, err := os.ReadFile("../../docs/kinds.md")
	if err != nil {
		t.Fatal(err)
	}
	total, files := 1, 1 // the one line in the list of kinds
	for said, file := range map[string]string{
		"api/v1alpha1/<kind>_types.go":      "api/v1alpha1/purestoragepolicy_types.go",
		"controllers/azure/kinds/<kind>.go": "controllers/azure/kinds/purestoragepolicy.go",
		"config/samples/<kind>.yaml":        "config/samples/purestoragepolicy.yaml",
	} {
		content, err := os.ReadFile(filepath.Join("../..", file))
		if err != nil {
			t.Fatal(err)
		}
		_, body, header := strings.Cut(string(content), "// SPDX-License-Identifier: Apache-2.0\n\n")
		if !header {
			body = string(content)
		}
		lines := strings.Count(body, "\n")
		total, files = total+lines, files+1
		if row := regexp.MustCompile("\\| `" + regexp.QuoteMeta(said) + "` \\|.*\\| (\\d+) \\|").FindStringSubmatch(string(page)); row == nil ||
			row[1] != strconv.Itoa(lines) {
			t.Errorf("docs/kinds.md says %v of %s, which has %d lines", row, file, lines)
		}
	}
	if total > most || files > 4 {
		t.Errorf("the shortest kind takes %d lines in %d files, more than %d in 4", total, files, most)
	}
}
