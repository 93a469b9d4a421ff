// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package releases holds what each release stored in an API server, schemas and objects, and shows that this version upgrades and reads it. The
// directories are written by make record-release and never change; what a later version gives up of them stands in lost.txt beside them.
package releases

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/hack/controlplane"
)

// startTimeout bounds the start of a control plane, on a machine that does other things too.
const startTimeout = 3 * time.Minute

// TestEveryReleaseIsUpgradedAndRead installs a release's schemas, stores its objects, upgrades as README says, and then reads every object: nothing
// that was stored is lost, neither to the API server nor to the operator's types, and every object can still be written.
func TestEveryReleaseIsUpgradedAndRead(t *testing.T) {
	releases, err := filepath.Glob("v*")
	if err != nil || len(releases) == 0 {
		t.Fatalf("no release is here: %v", err)
	}
	for _, release := range releases {
		t.Run(release, func(t *testing.T) {
			t.Parallel()
			u := newUpgrade(t, release)
			stored := map[string][]*unstructured.Unstructured{}
			for _, moment := range u.moments(t) {
				stored[moment] = u.store(t, moment)
			}
			u.kubectl(t, "apply", "--server-side", "-k", filepath.Join("..", "..", "..", "config", "default"))
			u.kubectl(t, "wait", "--for=condition=Established", "--timeout=60s", "crd", "--all")
			for _, moment := range slices.Sorted(maps.Keys(stored)) {
				t.Run(moment, func(t *testing.T) {
					for _, object := range stored[moment] {
						u.read(t, object)
					}
				})
			}
			for _, line := range slices.Sorted(maps.Keys(u.lost)) {
				if !u.lost[line] {
					t.Errorf("lost.txt has %q, and nothing of it is lost: take the line out", line)
				}
			}
		})
	}
}

// upgrade is a control plane that had a release and gets this version.
type upgrade struct {
	release string
	plane   *controlplane.ControlPlane
	client  client.Client
	lost    map[string]bool // lines of lost.txt, and whether something is lost that they name
}

func newUpgrade(t *testing.T, release string) *upgrade {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), startTimeout)
	defer cancel()
	plane, err := controlplane.Start(ctx, controlplane.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := plane.Stop(); err != nil {
			t.Error(err)
		}
	})
	scheme := runtime.NewScheme()
	if err := errors.Join(clientgoscheme.AddToScheme(scheme), v1alpha1.AddToScheme(scheme)); err != nil {
		t.Fatal(err)
	}
	u := &upgrade{release: release, plane: plane, lost: map[string]bool{}}
	if u.client, err = client.New(plane.AdminConfig(), client.Options{Scheme: scheme}); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(release, "lost.txt"))
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			u.lost[line] = false
		}
	}
	u.kubectl(t, "apply", "--server-side", "-f", filepath.Join(release, "crds.yaml"))
	u.kubectl(t, "wait", "--for=condition=Established", "--timeout=60s", "crd", "--all")
	return u
}

func (u *upgrade) kubectl(t *testing.T, arguments ...string) {
	t.Helper()
	if out, err := u.plane.Kubectl(t.Context(), arguments...); err != nil {
		t.Fatal(err, out)
	}
}

// moments are the files of objects, without their ending.
func (u *upgrade) moments(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(u.release, "*.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, file := range files {
		if moment := strings.TrimSuffix(filepath.Base(file), ".yaml"); moment != "crds" {
			out = append(out, moment)
		}
	}
	if len(out) == 0 {
		t.Fatalf("release %s has no objects", u.release)
	}
	return out
}

// store makes the objects of one moment, with their statuses, in a namespace of that moment, and returns them as they were recorded.
func (u *upgrade) store(t *testing.T, moment string) []*unstructured.Unstructured {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(u.release, moment+".yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if err := u.client.Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: moment}}); err != nil {
		t.Fatal(err)
	}
	var out []*unstructured.Unstructured
	for reader := utilyaml.NewYAMLOrJSONDecoder(bytes.NewReader(content), 4096); ; {
		object := &unstructured.Unstructured{}
		if err := reader.Decode(&object.Object); errors.Is(err, io.EOF) {
			return out
		} else if err != nil {
			t.Fatal(err)
		}
		if len(object.Object) == 0 {
			continue
		}
		object.SetNamespace(moment)
		out = append(out, object)
		made := object.DeepCopy()
		if err := u.client.Create(t.Context(), made, client.FieldValidation(metav1.FieldValidationStrict)); err != nil {
			t.Fatal(err)
		}
		made.Object["status"] = object.DeepCopy().Object["status"]
		if err := u.client.Status().Update(t.Context(), made, client.FieldValidation(metav1.FieldValidationStrict)); err != nil {
			t.Fatal(err)
		}
	}
}

// read looks at an object after the upgrade, as the API server has it and as the operator reads it, and writes it.
func (u *upgrade) read(t *testing.T, was *unstructured.Unstructured) {
	t.Helper()
	what := was.GetKind() + " " + was.GetName()
	is := &unstructured.Unstructured{}
	is.SetGroupVersionKind(was.GroupVersionKind())
	if err := u.client.Get(t.Context(), client.ObjectKeyFromObject(was), is); err != nil {
		t.Errorf("%s: %v", what, err)
		return
	}
	u.kept(t, what+" in the API server", was, is.Object)

	made, err := u.client.Scheme().New(v1alpha1.GroupVersion.WithKind(was.GetKind()))
	if err != nil {
		t.Errorf("%s: %v", what, err)
		return
	}
	typed := made.(client.Object)
	if err := u.client.Get(t.Context(), client.ObjectKeyFromObject(was), typed); err != nil {
		t.Errorf("%s as the operator reads it: %v", what, err)
		return
	}
	u.kept(t, what+" as the operator reads it", was, plain(t, typed))

	typed.SetLabels(map[string]string{"upgraded": "yes"})
	maps.Copy(typed.GetLabels(), was.GetLabels())
	if err := u.client.Update(t.Context(), typed); err != nil {
		t.Errorf("%s cannot be edited: %v", what, err)
		return
	}
	if err := u.client.Status().Update(t.Context(), typed); err != nil {
		t.Errorf("the status of %s cannot be written: %v", what, err)
	}
}

// kept fails for each part of a stored object that is not there any more, or is another, unless lost.txt names it.
func (u *upgrade) kept(t *testing.T, what string, was *unstructured.Unstructured, is map[string]any) {
	t.Helper()
	before, after := plain(t, was.Object), plain(t, is)
	for _, part := range []string{"spec", "status"} {
		for _, path := range missing(part, before[part], after[part]) {
			if line := was.GetKind() + " " + path; !u.isLost(line) {
				t.Errorf("%s has lost or changed %s: if that is meant, write %q into %s/lost.txt and say so under Breaking in CHANGELOG.md", what, path, line, u.release)
			}
		}
	}
	read := &unstructured.Unstructured{Object: is}
	for key, value := range was.GetAnnotations() {
		if read.GetAnnotations()[key] != value {
			t.Errorf("%s has not got the annotation %s any more", what, key)
		}
	}
	if !slices.Equal(read.GetFinalizers(), was.GetFinalizers()) {
		t.Errorf("%s has the finalizers %v, had %v", what, read.GetFinalizers(), was.GetFinalizers())
	}
}

// plain is an object as JSON has it, so that numbers are of one type.
func plain(t *testing.T, object any) map[string]any {
	t.Helper()
	text, err := json.Marshal(object)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]any{}
	if err := json.Unmarshal(text, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

func (u *upgrade) isLost(path string) bool {
	if _, named := u.lost[path]; named {
		u.lost[path] = true
		return true
	}
	return false
}

// missing are the paths of what is in was and not, or with another value, in is. What is new in is may be. Items of lists have no number in a path.
func missing(path string, was, is any) []string {
	switch was := was.(type) {
	case map[string]any:
		fields, ok := is.(map[string]any)
		if !ok {
			if len(was) == 0 { // an empty structure says nothing
				return nil
			}
			return []string{path}
		}
		var out []string
		for _, key := range slices.Sorted(maps.Keys(was)) {
			out = append(out, missing(path+"."+key, was[key], fields[key])...)
		}
		return out
	case []any:
		items, ok := is.([]any)
		if !ok || len(items) != len(was) {
			return []string{path}
		}
		var out []string
		for i := range was {
			out = append(out, missing(path+"[]", was[i], items[i])...)
		}
		return slices.Compact(out)
	}
	if was == is || zero(was) && is == nil {
		return nil
	}
	return []string{path}
}

func zero(value any) bool { return value == nil || reflect.ValueOf(value).IsZero() }
