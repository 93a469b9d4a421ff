// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package env

import (
	"context"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// Create makes objects, as their user does.
func (e *Env) Create(t testing.TB, objects ...client.Object) {
	t.Helper()
	for _, object := range objects {
		if err := e.Admin.Create(t.Context(), object); err != nil {
			t.Fatalf("Creating %T %s: %v", object, object.GetName(), err)
		}
	}
}

// Delete asks for an object's end, and does not wait for it.
func (e *Env) Delete(t testing.TB, object client.Object) {
	t.Helper()
	if err := e.Admin.Delete(t.Context(), object); err != nil {
		t.Fatalf("Deleting %T %s: %v", object, object.GetName(), err)
	}
}

// Remove deletes objects as their user does, all at once, and waits until none is there.
func (e *Env) Remove(t testing.TB, objects ...client.Object) {
	t.Helper()
	for _, object := range objects {
		e.Delete(t, object)
	}
	for _, object := range objects {
		e.WaitGone(t, Patience, object)
	}
}

// Get reads an object as the API server has it.
func (e *Env) Get(t testing.TB, object client.Object) {
	t.Helper()
	if err := e.Admin.Get(t.Context(), client.ObjectKeyFromObject(object), object); err != nil {
		t.Fatalf("Reading %T %s: %v", object, object.GetName(), err)
	}
}

// Patch changes an object by a merge patch, which the API server must take.
func (e *Env) Patch(t testing.TB, object client.Object, patch string) {
	t.Helper()
	if err := e.Admin.Patch(t.Context(), object, MergePatch(patch)); err != nil {
		t.Fatalf("Patching %T %s: %v", object, object.GetName(), err)
	}
}

// PatchStatus changes an object's status by a merge patch of the object, as the operator does.
func (e *Env) PatchStatus(t testing.TB, object client.Object, patch string) {
	t.Helper()
	if err := e.Admin.Status().Patch(t.Context(), object, MergePatch(patch)); err != nil {
		t.Fatalf("Patching the status of %T %s: %v", object, object.GetName(), err)
	}
}

// Backup is an object as the API server has it, without its status and what a restore leaves out.
func (e *Env) Backup(t testing.TB, object client.Object) *unstructured.Unstructured {
	t.Helper()
	kind, err := e.Admin.GroupVersionKindFor(object)
	if err != nil {
		t.Fatal(err)
	}
	out := &unstructured.Unstructured{}
	out.SetGroupVersionKind(kind)
	out.SetNamespace(object.GetNamespace())
	out.SetName(object.GetName())
	e.Get(t, out)
	delete(out.Object, "status")
	for _, name := range []string{"uid", "resourceVersion", "generation", "creationTimestamp", "managedFields", "deletionTimestamp",
		"deletionGracePeriodSeconds"} {
		unstructured.RemoveNestedField(out.Object, "metadata", name)
	}
	return out
}

// MergePatch is one in JSON.
func MergePatch(patch string) client.Patch {
	return client.RawPatch(types.MergePatchType, []byte(patch))
}

// Edit changes an object as its user does: what was read is changed and written, anew if somebody else was faster.
func Edit[T client.Object](t testing.TB, e *Env, object T, change func(T)) {
	t.Helper()
	e.Eventually(t, time.Minute, "an edit", func(ctx context.Context) error {
		if err := e.Admin.Get(ctx, client.ObjectKeyFromObject(object), object); err != nil {
			return err
		}
		base := object.DeepCopyObject().(T)
		change(object)
		return e.Admin.Patch(ctx, object, client.MergeFromWithOptions(base, client.MergeFromWithOptimisticLock{}))
	})
}

// Says fails the test unless a message has all the words.
func Says(t testing.TB, message string, words ...string) {
	t.Helper()
	for _, word := range words {
		if !strings.Contains(message, word) {
			t.Errorf("the message does not say %q: %s", word, message)
		}
	}
}
