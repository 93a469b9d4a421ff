// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/test/harness"
)

// isParent: a sample that another namespace refers to rather than has.
func isParent(object *unstructured.Unstructured) bool {
	return object.GetKind() == "PrivateCloud" || object.GetKind() == "Cluster"
}

// exported is the Secret that the object writes; nil if none.
func (l *life) exported() *corev1.Secret {
	l.t.Helper()
	name := secretNameIn(l.spec())
	if name == "" {
		return nil
	}
	secret := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: l.object.GetNamespace(), Name: name}}
	if err := cluster.Admin.Get(l.t.Context(), keyOf(secret), secret); err != nil {
		l.t.Fatalf("The Secret %s that the spec asks for: %v", name, err)
	}
	return secret
}

func secretNameIn(spec map[string]any) string {
	if name, ok := spec["secretName"].(string); ok {
		return name
	}
	for _, inner := range spec {
		if below, ok := inner.(map[string]any); ok {
			if name := secretNameIn(below); name != "" {
				return name
			}
		}
	}
	return ""
}

// let lets the object go and leaves Azure alone.
func (l *life) let() {
	l.t.Helper()
	l.edit(inSpec("deletionPolicy", "Retain"))
	l.gone()
}

// isRestored: an object that comes back from a backup without its status goes on as if nothing had happened: nothing is written to Azure, and
// nothing that runs once runs again.
func (l *life) isRestored() {
	secret := l.exported()
	if secret != nil && (secret.Labels[v1alpha1.LabelManaged] != "true" || !metav1.IsControlledBy(secret, l.object) || len(secret.Data) == 0) {
		l.t.Errorf("the Secret: labels %v, owners %v, %d values", secret.Labels, secret.OwnerReferences, len(secret.Data))
	}
	backup, err := runtime.DefaultUnstructuredConverter.ToUnstructured(l.object)
	if err != nil {
		l.t.Fatal(err)
	}
	l.let()
	if !l.Azure.Made(l.kind, l.id) {
		l.t.Fatal("with Retain it went from Azure")
	}
	if secret != nil {
		if after := l.secretAgain(secret); len(after.OwnerReferences) > 0 {
			l.t.Errorf("the Secret of what stays in Azure goes with the object: %v", after.OwnerReferences)
		}
	}
	delete(backup, "status")
	restored := &unstructured.Unstructured{Object: backup}
	restored.SetGroupVersionKind(l.sample.GroupVersionKind())
	for _, name := range []string{"uid", "resourceVersion", "generation", "creationTimestamp", "managedFields", "deletionTimestamp"} {
		unstructured.RemoveNestedField(restored.Object, "metadata", name)
	}
	l.create(restored)
	l.object = l.typed(restored)
	l.ready()
	l.wrote(0)
	if secret != nil {
		if after := l.secretAgain(secret); !metav1.IsControlledBy(after, l.object) || after.UID != secret.UID {
			l.t.Errorf("the Secret of what was retained is not taken up again: %v", after.OwnerReferences)
		}
	}
}

// nudge asks for a reconcile.
func (l *life) nudge() {
	l.t.Helper()
	l.edit(map[string]any{"metadata": map[string]any{"annotations": map[string]any{
		v1alpha1.AnnotationReconcileRequestedAt: fmt.Sprint(l.seen, len(l.Azure.Requests()))}}})
}

func (l *life) secretAgain(secret *corev1.Secret) *corev1.Secret {
	l.t.Helper()
	fresh := &corev1.Secret{}
	if err := cluster.Admin.Get(l.t.Context(), keyOf(secret), fresh); err != nil {
		l.t.Fatal(err)
	}
	return fresh
}

// isAdopted: what is in Azure before the object is taken over, changed or refused, as adoptionPolicy says.
func (l *life) isAdopted() {
	l.orphan()
	l.again("Never")
	if l.kind.BuiltIn(l.object) {
		l.says(v1alpha1.ConditionStalled, v1alpha1.ReasonAdoptionRefused)
	} else if message := l.says(v1alpha1.ConditionStalled, v1alpha1.ReasonAdoptionRefused); !strings.Contains(message, l.id) {
		l.t.Errorf("the message does not name it: %s", message)
	}
	l.still()
	l.edit(inSpec("adoptionPolicy", nil))
	l.ready()
	if own, others := l.writes(); len(others) > 0 || slices.ContainsFunc(own, func(r request) bool { return !l.onlyOwner(r) }) {
		l.t.Errorf("to adopt what equals the spec, this was written: %s", asText(shown(append(own, others...))))
	}
	paths := l.changeable()
	if len(paths) == 0 {
		return
	}
	l.orphan()
	was := at(l.body(), paths[0])
	l.set(patchAt(paths[0], drifted(was)))
	l.again("")
	if !l.kind.BuiltIn(l.object) {
		if message := l.says(v1alpha1.ConditionStalled, v1alpha1.ReasonAdoptionRefused); !strings.Contains(message, paths[0]) {
			l.t.Errorf("the message does not show the difference: %s", message)
		}
		l.differs(paths[0])
		l.still()
		l.edit(inSpec("adoptionPolicy", "Always"))
	}
	l.has(paths[0], was)
	l.ready()
	l.edit(inSpec("adoptionPolicy", nil))
	l.ready()
}

// onlyOwner says that a write sets nothing but the tag that names the owner.
func (l *life) onlyOwner(r request) bool {
	for _, leaf := range leaves(l.asked(r), "") {
		if !strings.HasPrefix(leaf, "/tags/") {
			return false
		}
	}
	return l.kind.Tagged
}

// orphan leaves the resource in Azure without an object and without a sign of one.
func (l *life) orphan() {
	l.t.Helper()
	secret := l.exported()
	l.let()
	if secret != nil {
		if err := cluster.Admin.Delete(l.t.Context(), secret); err != nil {
			l.t.Fatal(err)
		}
	}
	if l.kind.Tagged {
		l.set(map[string]any{"tags": map[string]any{v1alpha1.TagOwner: nil}})
	}
	l.mark()
}

// again makes the object anew.
func (l *life) again(adoption v1alpha1.AdoptionPolicy) {
	l.t.Helper()
	l.object = l.fresh(l.Namespace)
	l.object.AzureSpec().AdoptionPolicy = adoption
	l.create(l.object)
}

// isDeletedWithoutAWord: without a deletionPolicy it stays in Azure or goes as the guide's first page says of its kind, and status says so
// beforehand. What comes with a private cloud stays. Then the manifest is applied again, and finds or makes it.
func (l *life) isDeletedWithoutAWord() {
	if l.kind.Once {
		return // an act that is done twice may not have the same end: the next chapter deletes it without a word
	}
	policy := guideSays(l.t, l.kind.Name)
	if l.kind.BuiltIn(l.object) {
		policy = v1alpha1.DeletionPolicyRetain
	}
	l.edit(inSpec("deletionPolicy", nil))
	l.until("what its deletion will do", func(s *v1alpha1.AzureStatus) error {
		if s.ObservedGeneration != l.generation() || s.Effective.DeletionPolicy != policy {
			return fmt.Errorf("effective: %s, want %s", asText(s.Effective), policy)
		}
		return nil
	})
	secret := l.exported()
	l.gone()
	if stays := l.Azure.Made(l.kind, l.id); stays != (policy == v1alpha1.DeletionPolicyRetain) {
		l.t.Errorf("without a deletionPolicy it stays in Azure: %t; the guide says %s", stays, policy)
	}
	if secret != nil && policy == v1alpha1.DeletionPolicyRetain { // it is good as long as the resource is, and has no owner now
		if err := cluster.Admin.Delete(l.t.Context(), secret); err != nil {
			l.t.Fatal(err)
		}
	}
	l.again("")
	l.ready()
}

// guideSays is the row of the guide's table that names a kind.
func guideSays(t *testing.T, kind string) v1alpha1.DeletionPolicy {
	t.Helper()
	content, err := os.ReadFile(filepath.Join("..", "..", "..", "docs", "guide.md"))
	if err != nil {
		t.Fatal(err)
	}
	rows := regexp.MustCompile("(?m)^\\| `(Retain|Delete)` \\| (.*?) \\|").FindAllStringSubmatch(string(content), -1)
	for _, row := range rows {
		if strings.Contains(row[2], "`"+kind+"`") {
			return v1alpha1.DeletionPolicy(row[1])
		}
	}
	t.Fatalf("docs/guide.md does not say what deleting a %s does: write it into one of the %d rows below \"What deleting an object does\"", kind, len(rows))
	return ""
}

// isDeleted: the resource goes with its object, by one request, and without one when it is gone already. What comes with a private cloud stays.
func (l *life) isDeleted() {
	if l.kind.Once {
		l.edit(inSpec("deletionPolicy", nil))
		if says := guideSays(l.t, l.kind.Name); says != v1alpha1.DeletionPolicyDelete {
			l.t.Errorf("the guide says %s", says)
		}
	}
	l.gone()
	own, _ := l.writes()
	if there := l.Azure.Made(l.kind, l.id); there != l.kind.BuiltIn(l.object) {
		l.t.Errorf("%s is in Azure: %t", l.id, there)
	}
	if deletes := len(own); !l.kind.BuiltIn(l.object) && (deletes != 1 || own[0].Method != l.verb("DELETE")) {
		l.t.Errorf("it was deleted by %s", asText(shown(own)))
	}
	if l.kind.BuiltIn(l.object) || l.kind.Once { // an act that is done twice may not have the same end
		return
	}
	l.again("")
	l.ready()
	l.edit(inSpec("suspend", true)) // or it would be made again first
	if l.kind.ChangedBy != "" {
		l.set(harness.Untouched(l.kind))
	} else if err := l.Azure.RemoveInAzure(l.id); err != nil {
		l.t.Fatal(err)
	}
	l.mark()
	if err := cluster.Admin.Delete(l.t.Context(), l.object); err != nil {
		l.t.Fatal(err)
	}
	l.edit(inSpec("suspend", nil))
	cluster.WaitGone(l.t, patience, l.object)
	if own, _ := l.writes(); slices.ContainsFunc(own, func(r request) bool { return r.Method == l.verb("DELETE") && r.Status/100 == 2 && r.Status != 204 }) {
		l.t.Errorf("what was gone already was deleted: %s", asText(shown(own)))
	}
}

// takesNewSecrets: a value of a Secret that the spec names goes to Azure with one request when it changes, and is shown nowhere.
func (l *life) takesNewSecrets() {
	for _, value := range l.object.AzureStatus().WriteOnly {
		l.mark()
		canary := "canary-" + strings.ToLower(strings.NewReplacer("/", "-", "~", "").Replace(value.Path)) + "-0123456789"
		was, name := l.changeSecrets(canary)
		if under(value.Path, l.kind.Immutable) {
			l.says(v1alpha1.ConditionStalled, v1alpha1.ReasonImmutableField)
			l.restoreSecret(name, was)
			l.ready()
			l.wrote(0)
			continue
		}
		l.until("the new value to be in Azure", func(s *v1alpha1.AzureStatus) error {
			at := slices.IndexFunc(s.WriteOnly, func(w v1alpha1.WriteOnlyValue) bool { return w.Path == value.Path })
			if at < 0 || s.WriteOnly[at].HMAC == value.HMAC || s.Operation != nil {
				return errors.New("status has the old value's hash")
			}
			return nil
		})
		l.ready()
		if !l.kind.Once {
			l.wrote(1)
		}
		l.discreet(canary)
		l.restoreSecret(name, was)
		l.until("the old value to be in Azure again", func(s *v1alpha1.AzureStatus) error {
			if !slices.Contains(s.WriteOnly, value) || s.Operation != nil {
				return errors.New("status has another value's hash")
			}
			return nil
		})
		l.ready()
		return // all values were changed at once: one request takes them all
	}
}

// changeSecrets gives every value of the Secrets of the spec another text, in one go.
func (l *life) changeSecrets(text string) (was map[string][]byte, name string) {
	l.t.Helper()
	for _, object := range l.made {
		if object.GetKind() != "Secret" || object.GetNamespace() != l.object.GetNamespace() || !slices.Contains(texts(l.spec()), object.GetName()) {
			continue
		}
		secret := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: object.GetNamespace(), Name: object.GetName()}}
		secret = l.secretAgain(secret)
		was, name = secret.Data, secret.Name
		next := map[string][]byte{}
		for key := range secret.Data {
			next[key] = []byte(text)
		}
		secret.Data = next
		if err := cluster.Admin.Update(l.t.Context(), secret); err != nil {
			l.t.Fatal(err)
		}
		return was, name
	}
	l.t.Fatal("the spec reads a Secret, and the samples have none")
	return nil, ""
}

func (l *life) restoreSecret(name string, data map[string][]byte) {
	l.t.Helper()
	secret := l.secretAgain(&corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: l.object.GetNamespace(), Name: name}})
	secret.Data = data
	if err := cluster.Admin.Update(l.t.Context(), secret); err != nil {
		l.t.Fatal(err)
	}
}

// discreet looks for a secret where people look.
func (l *life) discreet(secret string) {
	l.t.Helper()
	events := &corev1.EventList{}
	if err := cluster.Admin.List(l.t.Context(), events); err != nil {
		l.t.Fatal(err)
	}
	for _, text := range []string{asText(l.object), asText(events)} {
		if strings.Contains(text, secret) {
			l.t.Errorf("a secret is shown: %s", text[:min(len(text), 2000)])
		}
	}
}
