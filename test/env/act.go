// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package env

import (
	"context"
	"strings"
	"testing"
	"time"

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
