// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers"
	"github.com/avs-operator/avs-operator/controllers/azure/kind"
	"github.com/avs-operator/avs-operator/controllers/azure/kinds"
	"github.com/avs-operator/avs-operator/test/armsim"
	"github.com/avs-operator/avs-operator/test/harness"
)

// life is one object of one kind, in an Azure and two namespaces of its own.
type life struct {
	t              *testing.T // of the chapter
	kind           kinds.Kind
	schema         harness.Schema
	samples        samples
	sample         *unstructured.Unstructured
	*harness.World        // in the namespace of the private cloud
	team           string // another namespace

	object kind.Object // as it was read last
	id     string      // in Azure
	seen   int         // requests of Azure that earlier chapters made
	made   samples     // surroundings that were applied
}

// begin starts an Azure and an operator for a kind; alive: with vCenters, whatever its sample names.
func begin(t *testing.T, kind kinds.Kind, alive bool) *life {
	t.Helper()
	schema, err := harness.SpecSchema(kind.Name)
	if err != nil {
		t.Fatal(err)
	}
	l := &life{t: t, kind: kind, schema: schema, samples: loadSamples(t), World: harness.NewWorld(t, cluster, speed), team: cluster.Namespace(t)}
	if l.sample, err = l.samples.Of(kind.Name); err != nil {
		t.Fatal(err)
	}
	alive = alive || kind.Once // a script runs in a vCenter, and machines are in one
	for _, object := range append(around(l.samples, l.sample), l.sample) {
		alive = alive || len(machines(object.Object["spec"], false)) > 0
	}
	l.StartAzure(t, harness.Quickly, func(c *armsim.Config) { c.NoVCenters = !alive })
	l.StartOperator(t, func(o *controllers.Options) { o.Namespaces = []string{l.Namespace, l.team} })
	return l
}

// in lives a chapter.
func (l *life) in(t *testing.T, chapter func(*life)) {
	outer := l.t
	defer func() { l.t = outer }()
	l.t = t
	l.mark()
	chapter(l)
}

// mark lets what follows be counted from here.
func (l *life) mark() { l.seen = len(l.Azure.Requests()) }

// writes since the mark, to the object's own resource and to others.
func (l *life) writes() (own, others []armsim.Request) {
	for _, r := range l.Azure.Requests()[l.seen:] {
		action := r.Method == "POST" && (strings.Contains(r.Path, "/rotate") || harness.IsAction(l.kind, r.Method, r.Path))
		switch {
		case !action && r.Method != "PUT" && r.Method != "PATCH" && r.Method != "DELETE":
		case strings.EqualFold(r.Path, l.id), l.kind.ChangedBy != "" && strings.EqualFold(r.Path, l.id+"/"+l.kind.ChangedBy):
			own = append(own, r)
		default:
			others = append(others, r)
		}
	}
	return own, others
}

// wrote fails unless exactly so many writes to the object's own resource were made since the mark, and none to others.
func (l *life) wrote(n int) []armsim.Request {
	l.t.Helper()
	own, others := l.writes()
	if len(own) != n || len(others) > 0 {
		l.t.Errorf("written to it: %s; and to others: %s; want %d", asText(shown(own)), asText(shown(others)), n)
	}
	return own
}

func shown(requests []armsim.Request) []string {
	var out []string
	for _, r := range requests {
		out = append(out, fmt.Sprintf("%s %s %s -> %d", r.Method, r.Path[strings.LastIndex(r.Path, "/")+1:], r.Body, r.Status))
	}
	return out
}

// fresh is the sample as an object of a namespace, to be deleted in Azure with its object unless a chapter says otherwise.
func (l *life) fresh(namespace string) kind.Object {
	l.t.Helper()
	sample := l.sample.DeepCopy()
	sample.SetNamespace(namespace)
	sample.SetAnnotations(map[string]string{v1alpha1.AnnotationConfirmDelete: sample.GetName(), v1alpha1.AnnotationConfirmMachines: sample.GetName()})
	_ = unstructured.SetNestedField(sample.Object, string(v1alpha1.DeletionPolicyDelete), "spec", "deletionPolicy")
	if namespace == l.team {
		l.refersToTheOther(sample)
	}
	return l.typed(sample)
}

// refersToTheOther has an object name private clouds and clusters in the namespace where they are.
func (l *life) refersToTheOther(sample *unstructured.Unstructured) {
	for _, other := range l.samples {
		spec, _ := sample.Object["spec"].(map[string]any)
		for ref, value := range spec {
			named, _ := value.(map[string]any)
			if strings.HasSuffix(ref, "Ref") && isParent(other) && named["name"] == other.GetName() {
				_ = unstructured.SetNestedField(sample.Object, l.Namespace, "spec", ref, "namespace")
			}
		}
	}
}

func (l *life) typed(object *unstructured.Unstructured) kind.Object {
	l.t.Helper()
	typed := l.kind.New()
	if err := runtime.DefaultUnstructuredConverter.FromUnstructuredWithValidation(object.Object, typed, true); err != nil {
		l.t.Fatalf("The sample of %s: %v", l.kind.Name, err)
	}
	return typed
}

func (l *life) create(object client.Object) {
	l.t.Helper()
	if err := cluster.Admin.Create(l.t.Context(), object); err != nil && !apierrors.IsAlreadyExists(err) {
		l.t.Fatalf("Creating %s: %v", object.GetName(), err)
	}
}

// spec as the API server has it.
func (l *life) spec() map[string]any {
	l.t.Helper()
	content, err := runtime.DefaultUnstructuredConverter.ToUnstructured(l.object)
	if err != nil {
		l.t.Fatal(err)
	}
	spec, _ := content["spec"].(map[string]any)
	return spec
}

// edit is a merge patch of the object, which the API server must accept.
func (l *life) edit(patch map[string]any) {
	l.t.Helper()
	if err := l.try(patch); err != nil {
		l.t.Fatalf("Editing %s: %v", l.object.GetName(), err)
	}
}

func (l *life) try(patch map[string]any, options ...client.PatchOption) error {
	content, err := json.Marshal(patch)
	if err != nil {
		return err
	}
	return cluster.Admin.Patch(l.t.Context(), l.unread(), client.RawPatch(types.MergePatchType, content), options...)
}

// accepted says whether the API server would accept an edit.
func (l *life) accepted(patch map[string]any) bool { return l.try(patch, client.DryRunAll) == nil }

func inSpec(name string, value any) map[string]any {
	return map[string]any{"spec": map[string]any{name: value}}
}

// unread is the object by its name alone, to be read anew: what was read before stays as it was.
func (l *life) unread() kind.Object {
	out := l.kind.New()
	out.SetNamespace(l.object.GetNamespace())
	out.SetName(l.object.GetName())
	return out
}

// until waits for what the object says.
func (l *life) until(what string, ok func(*v1alpha1.AzureStatus) error) {
	l.t.Helper()
	fresh := l.unread()
	cluster.WaitFor(l.t, patience, fresh, what, func() error { return ok(fresh.AzureStatus()) })
	l.read(fresh)
}

// read takes note of the object as it is now.
func (l *life) read(fresh kind.Object) {
	l.t.Helper()
	l.object = fresh
	l.agreesWithArgoCD()
}

// agreesWithArgoCD: what Argo CD says of the object is what its conditions say.
func (l *life) agreesWithArgoCD() {
	l.t.Helper()
	content, err := runtime.DefaultUnstructuredConverter.ToUnstructured(l.object)
	if err != nil {
		l.t.Fatal(err)
	}
	s := l.object.AzureStatus()
	ready := meta.FindStatusCondition(s.Conditions, v1alpha1.ConditionReady)
	want := "Progressing"
	switch {
	case ready == nil || s.ObservedGeneration != l.object.GetGeneration():
	case meta.IsStatusConditionTrue(s.Conditions, v1alpha1.ConditionStalled):
		want = "Degraded"
	case ready.Reason == v1alpha1.ReasonSuspended:
		want = "Suspended"
	case ready.Status == metav1.ConditionTrue:
		want = "Healthy"
	}
	if health, message, err := harness.ArgoHealth(&unstructured.Unstructured{Object: content}); err != nil || health != want || message == "" {
		l.t.Errorf("Argo CD says %s %q (%v), want %s: %s", health, message, err, want, asText(s.Conditions))
	}
}

// ready waits until the object is Ready as it stands now.
func (l *life) ready() {
	l.t.Helper()
	fresh := l.unread()
	cluster.WaitReady(l.t, fresh)
	l.read(fresh)
	l.id = fresh.AzureStatus().ID
}

// says waits until the object is not Ready for a reason, Stalled or Reconciling as progress says, and returns the message.
func (l *life) says(progress, reason string) string {
	l.t.Helper()
	fresh := l.unread()
	message := cluster.WaitProgress(l.t, fresh, progress, reason)
	l.read(fresh)
	return message
}

// gone waits for the end of the object.
func (l *life) gone() {
	l.t.Helper()
	cluster.Remove(l.t, l.object)
}

// body is what Azure has.
func (l *life) body() map[string]any {
	l.t.Helper()
	body, ok := l.Azure.Resource(l.id)
	if !ok {
		l.t.Fatalf("%s is not in Azure", l.id)
	}
	return body
}

// set changes Azure behind the operator's back.
func (l *life) set(patch map[string]any) {
	l.t.Helper()
	l.Azure.Set(l.t, l.id, patch)
}

// has waits until Azure has a value at a path.
func (l *life) has(path string, want any) {
	l.t.Helper()
	cluster.Eventually(l.t, patience, fmt.Sprintf("%s in Azure to be %s", path, asText(want)), func(context.Context) error {
		if body, ok := l.Azure.Resource(l.id); !ok {
			return errors.New("it is not in Azure")
		} else if got := at(body, path); asText(got) != asText(want) {
			return fmt.Errorf("it is %s (is it what Azure cannot change? Traits.Immutable names that)", asText(got))
		}
		return nil
	}, l.object)
}

// managed are the leaves that the object has set in Azure.
func (l *life) managed() []string {
	return slices.DeleteFunc(slices.Clone(l.object.AzureStatus().Managed), func(path string) bool { return path == "/id" || at(l.body(), path) == nil })
}

// changeable are those of them that Azure can change.
func (l *life) changeable() []string {
	return slices.DeleteFunc(l.managed(), func(path string) bool {
		return l.kind.Once || under(path, l.kind.Immutable) || under(path, l.kind.Rules.WriteOnly)
	})
}

// under says that a path is one of others or lies below one.
func under(path string, others []string) bool {
	return slices.ContainsFunc(others, func(o string) bool { return path == o || strings.HasPrefix(path, o+"/") })
}

// at is the value at a JSON pointer.
func at(body map[string]any, pointer string) any {
	var here any = body
	for _, token := range tokens(pointer) {
		fields, _ := here.(map[string]any)
		here = fields[token]
	}
	return here
}

// patchAt is a merge patch that sets a value at a JSON pointer.
func patchAt(pointer string, value any) map[string]any {
	path := tokens(pointer)
	for i := len(path) - 1; i >= 0; i-- {
		value = map[string]any{path[i]: value}
	}
	patch, _ := value.(map[string]any)
	return patch
}

func tokens(pointer string) []string {
	parts := strings.Split(strings.TrimPrefix(pointer, "/"), "/")
	for i := range parts {
		parts[i] = strings.NewReplacer("~1", "/", "~0", "~").Replace(parts[i])
	}
	return parts
}

// leaves are the JSON pointers of a body's scalars and lists.
func leaves(body map[string]any, prefix string) []string {
	var out []string
	for _, key := range slices.Sorted(maps.Keys(body)) {
		path := prefix + "/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(key)
		if inner, ok := body[key].(map[string]any); ok {
			out = append(out, leaves(inner, path)...)
		} else {
			out = append(out, path)
		}
	}
	return out
}

func asText(value any) string { return harness.AsText(value) }

// asked is what a write to the object's resource asks for.
func (l *life) asked(r armsim.Request) map[string]any {
	l.t.Helper()
	body, err := harness.AskedFor(l.kind, r)
	if err != nil {
		l.t.Fatal(err)
	}
	return body
}

// verb by which the object's resource is made, or deleted.
func (l *life) verb(usual string) string {
	if l.kind.ChangedBy != "" {
		return "POST"
	}
	return usual
}
