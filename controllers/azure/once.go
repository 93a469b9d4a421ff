// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package azure

import (
	"context"
	"strings"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/arm"
	"github.com/avs-operator/avs-operator/controllers/outcome"
)

// Kinds whose making is an act (Traits.Once). That it was done is kept in an annotation, with the ARM id: it survives a status that is lost, and
// Azure, which forgets what has run.

// outcomeUnknown follows the id in the annotation when nobody can find out how it ended.
const outcomeUnknown = " outcome-unknown"

// ran notes that the act was done.
func (r *Reconciler[T]) ran(ctx context.Context, s *scope[T], how string) *outcome.Outcome {
	word := string(s.id) + how
	if !r.traits.Once || s.observes() || strings.EqualFold(s.obj.GetAnnotations()[v1alpha1.AnnotationRan], word) {
		return nil
	}
	base := s.obj.DeepCopyObject().(T)
	annotations := s.obj.GetAnnotations()
	if annotations == nil {
		annotations = map[string]string{}
	}
	annotations[v1alpha1.AnnotationRan] = word
	s.obj.SetAnnotations(annotations)
	return r.patchMetadata(ctx, s, base)
}

// hasRun says that the act was done, if it was, although Azure does not have it any more.
func (r *Reconciler[T]) hasRun(s *scope[T]) *outcome.Outcome {
	word, unknown := strings.CutSuffix(s.obj.GetAnnotations()[v1alpha1.AnnotationRan], outcomeUnknown)
	if !r.traits.Once || s.now(arm.ID(word)).Key() != s.id.Key() {
		return nil
	}
	if unknown {
		return outcome.Stall(v1alpha1.ReasonOperationUnknown,
			"%s was begun and is not in Azure any more, so nobody can say how it ended: look at what it was to change. It is not run again by itself; to run it again, make a new object", s.id)
	}
	return outcome.Done(v1alpha1.ReasonReady, "it has run; Azure does not keep it any longer, and it is not run again")
}
