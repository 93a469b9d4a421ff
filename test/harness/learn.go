// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package harness

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/avs-operator/avs-operator/test/armsim"
	"github.com/avs-operator/avs-operator/test/env"
)

// attempt is how long one edit may take to show that Azure takes it.
const attempt = 15 * time.Second

// Learn finds out, in a life of its own, which edit of the subject Azure takes, and which change in Azure undoes it: that is the drift that
// the operator has to mend.
func (s *Subject) Learn(t testing.TB, cluster *env.Env, hub *Hub) {
	t.Helper()
	l := NewLife(t, cluster, hub, s)
	defer l.end()
	l.Begin(Create)
	l.Reached(Create)
	before, _ := l.Azure.Resource(l.id)
	for _, edit := range s.Edits {
		if l.takes(edit) {
			s.Edit = edit
			break
		}
	}
	if s.Edit == nil {
		return
	}
	undo := map[string]any{}
	for _, r := range l.Azure.Requests()[l.seen:] {
		if !isWrite(r) || r.Status/100 != 2 {
			continue
		}
		if sent, err := AskedFor(s.Kind, r); err == nil {
			Merge(undo, undone(before, sent))
		}
	}
	if len(undo) == 0 {
		return
	}
	s.Drift = undo
	l.seen = len(l.Azure.Requests())
	l.Begin(Drift)
	if !l.within(attempt, Drift) || len(Effects(l.Azure.Requests()[l.seen:])) == 0 {
		s.Drift = nil
	}
}

// takes tries an edit. One that the API server or Azure refuses, or that asks Azure for nothing, is taken back.
func (l *Life) takes(edit map[string]any) bool {
	l.t.Helper()
	l.seen = len(l.Azure.Requests())
	base, err := runtime.DefaultUnstructuredConverter.ToUnstructured(l.object)
	if err != nil {
		l.t.Fatal(err)
	}
	content, err := json.Marshal(map[string]any{"spec": edit})
	if err != nil {
		l.t.Fatal(err)
	}
	patch := client.RawPatch(types.MergePatchType, content)
	if err := l.Cluster.Admin.Patch(l.t.Context(), l.object.DeepCopyObject().(client.Object), patch, client.DryRunAll); err != nil {
		return false
	}
	l.patch(map[string]any{"spec": edit})
	if l.within(attempt, Edit) && len(Effects(l.Azure.Requests()[l.seen:])) > 0 {
		return true
	}
	spec, _, _ := unstructured.NestedMap(base, "spec")
	back, err := client.MergeFrom(l.object.DeepCopyObject().(client.Object)).Data(l.withSpec(spec))
	if err == nil {
		err = l.Cluster.Admin.Patch(l.t.Context(), l.object, client.RawPatch(types.MergePatchType, back))
	}
	if err != nil {
		l.t.Fatalf("Taking an edit of %s back: %v", l.Subject, err)
	}
	l.Reached(Edit)
	return false
}

// withSpec is the object with another spec.
func (l *Life) withSpec(spec map[string]any) client.Object {
	fresh := l.Subject.Kind.New()
	content, err := runtime.DefaultUnstructuredConverter.ToUnstructured(l.object)
	if err == nil {
		content["spec"] = spec
		err = runtime.DefaultUnstructuredConverter.FromUnstructured(content, fresh)
	}
	if err != nil {
		l.t.Fatal(err)
	}
	return fresh
}

// within waits for the end of a phase and says whether it came.
func (l *Life) within(d time.Duration, phase Phase) bool {
	for deadline := time.Now().Add(d); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		if l.reached(context.WithoutCancel(l.t.Context()), phase) == nil {
			return true
		}
	}
	return false
}

// undone is the part of a body that a request changed, as it was before: a merge patch.
func undone(before, sent map[string]any) map[string]any {
	out := map[string]any{}
	for key, value := range sent {
		inner, isMap := value.(map[string]any)
		have, both := before[key].(map[string]any)
		switch {
		case key == "id" || key == "name" || key == "type" || key == "revision" || value == "***":
		case isMap && (both || before[key] == nil):
			if below := undone(have, inner); len(below) > 0 {
				out[key] = below
			}
		case AsText(before[key]) != AsText(value):
			out[key] = before[key]
		}
	}
	return out
}

// Reference is a subject's life without a fault.
type Reference map[Phase]End

// Live goes through all phases with nothing going wrong, and says what the oracles hold against it.
func (s *Subject) Live(t testing.TB, cluster *env.Env, hub *Hub, change ...func(*armsim.Config)) (Reference, []string) {
	t.Helper()
	l := NewLife(t, cluster, hub, s, change...)
	out := Reference{}
	var wrongs []string
	for _, phase := range s.Phases() {
		l.Arm(0, "")
		l.Begin(phase)
		end, wrong := l.Finish(phase)
		out[phase], wrongs = end, append(wrongs, wrong...)
	}
	if left := l.Azure.Resources(l.id); (len(left) > 0 || l.Azure.Made(s.Kind, l.id)) && !s.Kind.BuiltIn(s.New("any")) {
		wrongs = append(wrongs, fmt.Sprintf("O2: left in Azure after all: %s %v", l.id, left))
	}
	return out, append(wrongs, l.Close()...)
}
