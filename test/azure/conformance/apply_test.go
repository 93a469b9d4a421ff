// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/azure/kinds"
	"github.com/avs-operator/avs-operator/test/harness"
)

// TestApplyingEverySampleTwiceChangesNothing applies the samples of all kinds at once, as `kubectl apply -k` does, waits until all are Ready, and
// applies them again: nothing is changed, neither here nor in Azure. config/samples becomes Ready by itself, without one machine in vCenter, as
// whoever waits for a whole apply needs it; what is for after a move follows when the machines are there. What Argo CD says agrees.
func TestApplyingEverySampleTwiceChangesNothing(t *testing.T) {
	t.Parallel()
	l := begin(t, kinds.All[len(kinds.All)-1], true)
	l.seen = 0
	file := filepath.Join(t.TempDir(), "samples.yaml")
	var applied, written samples // as they are, and as the files have them
	for _, directory := range []string{"samples", "samples/after-move"} {
		objects := l.kustomized(directory)
		if applied = append(applied, objects...); len(objects) == 0 {
			t.Fatalf("config/%s has no object of Azure's kinds", directory)
		}
		for _, object := range objects {
			written = append(written, object.DeepCopy())
		}
		l.apply(file, written)
		for _, object := range objects {
			if object.GetKind() == "Secret" {
				continue
			}
			cluster.WaitCondition(t, 2*patience, object, v1alpha1.ConditionReady, "True")
			if health, message, err := harness.ArgoHealth(object); err != nil || health != "Healthy" {
				t.Errorf("Argo CD says of %s %s: %s %q (%v)", object.GetKind(), object.GetName(), health, message, err)
			}
		}
		for _, object := range objects {
			if vcenter := l.Azure.VCenter(l.Azure.PrivateCloudID(object.GetName())); object.GetKind() == "PrivateCloud" && vcenter != nil {
				l.addMachines(vcenter)
			}
		}
	}
	l.mark()
	before := l.versions(applied)
	for line := range strings.Lines(l.apply(file, written)) {
		// Of a Secret with stringData kubectl cannot know whether it changes anything; its version tells.
		if !strings.HasSuffix(strings.TrimSpace(line), " unchanged") && !strings.HasPrefix(line, "secret/") {
			t.Errorf("applied again: %s", line)
		}
	}
	l.still()
	for name, version := range l.versions(applied) {
		if before[name] != version {
			t.Errorf("%s was written", name)
		}
	}
	if refused := slices.DeleteFunc(l.Azure.Requests(), func(r request) bool { return r.Status != 409 && r.Status != 429 }); len(refused) > 0 {
		t.Errorf("Azure refused on the way: %s", asText(shown(refused)))
	}
}

// kustomized are the objects that kubectl makes of a directory of config, those of Azure's kinds and their Secrets, in the life's namespace.
func (l *life) kustomized(directory string) samples {
	l.t.Helper()
	out, err := cluster.ControlPlane.Kubectl(l.t.Context(), "kustomize", filepath.Join("..", "..", "..", "config", filepath.FromSlash(directory)))
	if err != nil {
		l.t.Fatal(err, out)
	}
	objects, err := harness.Documents([]byte(out))
	if err != nil {
		l.t.Fatal(err)
	}
	objects = slices.DeleteFunc(objects, func(o *unstructured.Unstructured) bool { return !inScope(o) })
	for _, object := range objects {
		object.SetNamespace(l.Namespace)
	}
	return objects
}

// apply has kubectl apply objects from a file, and is what it prints.
func (l *life) apply(file string, objects samples) string {
	l.t.Helper()
	var text strings.Builder
	for _, object := range objects {
		content, err := yaml.Marshal(object.Object)
		if err != nil {
			l.t.Fatal(err)
		}
		text.WriteString(string(content) + "---\n")
	}
	if err := os.WriteFile(file, []byte(text.String()), 0o600); err != nil {
		l.t.Fatal(err)
	}
	out, err := cluster.ControlPlane.Kubectl(l.t.Context(), "apply", "-f", file)
	if err != nil {
		l.t.Fatal(err, out)
	}
	return out
}

// versions of objects, by name.
func (l *life) versions(objects samples) map[string]string {
	l.t.Helper()
	out := map[string]string{}
	for _, object := range objects {
		fresh := object.DeepCopy()
		if err := cluster.Admin.Get(l.t.Context(), keyOf(object), fresh); err != nil {
			l.t.Fatal(err)
		}
		out[object.GetKind()+" "+object.GetName()] = fresh.GetResourceVersion()
	}
	return out
}
