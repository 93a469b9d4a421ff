// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package azure

import (
	"context"
	"fmt"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/azure/kind"
	"github.com/avs-operator/avs-operator/controllers/azure/tree"
	"github.com/avs-operator/avs-operator/controllers/outcome"
)

// Until something was written to Azure for an object, what cannot be changed later can: messages advise it, such as another SKU, location or block.
// So the ARM id is worked out anew from each spec. From the first write on it stays, and the API server refuses the edits.

// written says that something was written to Azure for the object, or that it took over what is there. The annotation outlives a status that is
// lost, as in a backup that was restored.
func written(obj kind.Object) bool {
	_, marked := obj.GetAnnotations()[v1alpha1.AnnotationWritten]
	return marked || tree.Begun(obj)
}

// commit notes that from now on the id stays. It comes after the record of the first write, which has the API server refuse edits, and before the
// write itself: so an edit is either in time, and then the write is for it, or refused. It is one key and rests on nothing, so it needs no
// precondition.
func (r *Reconciler[T]) markWritten(ctx context.Context, s *scope[T]) *outcome.Outcome {
	if _, marked := s.obj.GetAnnotations()[v1alpha1.AnnotationWritten]; marked || s.observes() {
		return nil
	}
	stored := r.kind.New()
	stored.SetNamespace(s.obj.GetNamespace())
	stored.SetName(s.obj.GetName())
	mark := fmt.Sprintf(`{"metadata":{"uid":%q,"annotations":{%q:"true"}}}`, s.obj.GetUID(), v1alpha1.AnnotationWritten)
	if err := r.Client.Patch(ctx, stored, client.RawPatch(types.MergePatchType, []byte(mark))); err != nil {
		return outcome.Retry(v1alpha1.ReasonTransient, fmt.Errorf("noting the first write: %w", err)).In(conflictPause)
	}
	s.before = stored
	s.obj.SetAnnotations(stored.GetAnnotations())
	s.obj.SetResourceVersion(stored.GetResourceVersion())
	s.obj.SetManagedFields(stored.GetManagedFields())
	return nil
}
