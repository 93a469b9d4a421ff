// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/azure/kinds"
)

// TestApplyingEverySampleTwiceChangesNothing applies the samples of all kinds at once, as `kubectl apply -k` does, in the order of their file
// names, waits until all are Ready, and applies them again: nothing is changed, neither here nor in Azure.
func TestApplyingEverySampleTwiceChangesNothing(t *testing.T) {
	t.Parallel()
	l := begin(t, kinds.All[len(kinds.All)-1], true)
	l.seen = 0
	var text strings.Builder
	var applied samples
	for _, object := range l.samples {
		if !inScope(object) {
			continue
		}
		object = object.DeepCopy()
		object.SetNamespace(l.namespace)
		content, err := yaml.Marshal(object.Object)
		if err != nil {
			t.Fatal(err)
		}
		text.WriteString(string(content) + "---\n")
		applied = append(applied, object)
	}
	file := filepath.Join(t.TempDir(), "samples.yaml")
	if err := os.WriteFile(file, []byte(text.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := cluster.ControlPlane.Kubectl(t.Context(), "apply", "-f", file); err != nil {
		t.Fatal(err, out)
	}
	for _, clouds := range []bool{true, false} {
		for _, object := range applied {
			if object.GetKind() == "Secret" || (object.GetKind() == "PrivateCloud") != clouds {
				continue
			}
			cluster.WaitCondition(t, 2*patience, object, v1alpha1.ConditionReady, "True")
			if vcenter := l.azure.VCenter(l.azure.PrivateCloudID(object.GetName())); clouds && vcenter != nil {
				l.addMachines(vcenter)
			}
		}
	}
	l.mark()
	before := l.versions(applied)
	out, err := cluster.ControlPlane.Kubectl(t.Context(), "apply", "-f", file)
	if err != nil {
		t.Fatal(err, out)
	}
	for line := range strings.Lines(out) {
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
	if refused := slices.DeleteFunc(l.azure.Requests(), func(r request) bool { return r.Status != 409 && r.Status != 429 }); len(refused) > 0 {
		t.Errorf("Azure refused on the way: %s", asText(shown(refused)))
	}
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
