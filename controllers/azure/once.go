// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package azure

import (
	"context"
	"strings"
	"time"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/arm"
	"github.com/avs-operator/avs-operator/controllers/azure/body"
	"github.com/avs-operator/avs-operator/controllers/azure/decide"
	"github.com/avs-operator/avs-operator/controllers/ledger"
	"github.com/avs-operator/avs-operator/controllers/metrics"
	"github.com/avs-operator/avs-operator/controllers/outcome"
)

// Kinds whose resource comes and goes without the operator, and is changed by an action (Traits.ChangedBy). To make one is to change it from its
// defaults, to delete it is to put those back.

// locate finds the resource, unless the object has found it before.
func (r *Reconciler[T]) locate(ctx context.Context, s *scope[T], base arm.ID) *outcome.Outcome {
	if kept := r.recordedID(s.obj); kept != "" {
		return r.name(s, base.Child(r.kind.Segment, kept.Name()))
	}
	if s.deleting() && s.obj.GetAnnotations()[v1alpha1.AnnotationAzureID] == "" {
		return r.removeFinalizer(ctx, s) // it never found any, so it changed nothing
	}
	if !s.deleting() {
		if o := r.standing(s); o != nil {
			return o
		}
	}
	name, o := r.kind.Locate(ctx, r.world(s), base+"/"+arm.ID(r.kind.Segment))
	if s.deleting() && o != nil && o.Reason == v1alpha1.ReasonMachineNotFound {
		return r.removeFinalizer(ctx, s) // what it had found is not there any more
	}
	if o != nil {
		return o
	}
	return r.name(s, base.Child(r.kind.Segment, name))
}

// locateAgain looks for the resource anew: what the object had found is not there any more. It keeps the id until there is another, so that whoever
// deletes it meanwhile need not know more.
func (r *Reconciler[T]) locateAgain(ctx context.Context, s *scope[T]) *outcome.Outcome {
	r.kind.Observe(s.obj, &arm.Resource{})
	s.fact(v1alpha1.ConditionInSync, false, v1alpha1.ReasonNotFoundInAzure, "it is not in Azure any more")
	if r.kind.Locate == nil {
		return outcome.Wait(v1alpha1.ReasonNotFoundInAzure, "Azure has no %s", s.id).In(ledger.Recheck.Bound)
	}
	name, o := r.kind.Locate(ctx, r.world(s), s.id.Collection())
	if o != nil {
		return o
	}
	if strings.EqualFold(name, s.id.Name()) {
		return outcome.Wait(v1alpha1.ReasonNotFoundInAzure, "it is not in Azure any more, although Azure lists it: it is looked for again (%s)", s.id).In(time.Minute)
	}
	next := s.id.Collection() + "/" + arm.ID(name)
	if s.obj.GetAnnotations()[v1alpha1.AnnotationAzureID] != "" {
		if o := r.annotate(ctx, s, v1alpha1.AnnotationAzureID, string(next)); o != nil {
			return o
		}
	}
	r.dropOperation(s, metrics.Unanswered)
	s.stat().ID, s.stat().Managed = string(next), nil
	return outcome.Wait(v1alpha1.ReasonNotFoundInAzure, "it is not in Azure any more: %s; the spec now means %s", s.id, next).In(syncPause)
}

// noteRun notes that an act (Traits.Once) was done. It is kept in an annotation, with the ARM id: that survives a status that is lost, and Azure, which
// forgets what has run.
func (r *Reconciler[T]) noteRun(ctx context.Context, s *scope[T], how string) *outcome.Outcome {
	word := string(s.id) + how
	if !r.kind.Once || s.observes() || strings.EqualFold(s.obj.GetAnnotations()[v1alpha1.AnnotationRan], word) {
		return nil
	}
	return r.annotate(ctx, s, v1alpha1.AnnotationRan, word)
}

// noteHandled notes that a one-shot action was done, in the annotation first: it survives a lost status.
func (r *Reconciler[T]) noteHandled(ctx context.Context, s *scope[T], op *v1alpha1.Operation) *outcome.Outcome {
	for _, action := range decide.OneShots(r.kind, s.obj) {
		if action.Name != op.Action || body.Hash(nil, action.Word) != op.BodyHash {
			continue // the word was changed meanwhile: the new one is still to be handled
		}
		if s.obj.GetAnnotations()[action.Annotation] != action.Word {
			if o := r.annotate(ctx, s, action.Annotation, action.Word); o != nil {
				return o
			}
		}
		action.Mirror(action.Word)
	}
	return nil
}

// annotate stores one annotation.
func (r *Reconciler[T]) annotate(ctx context.Context, s *scope[T], key, value string) *outcome.Outcome {
	base := s.obj.DeepCopyObject().(T)
	annotations := s.obj.GetAnnotations()
	if annotations == nil {
		annotations = map[string]string{}
	}
	annotations[key] = value
	s.obj.SetAnnotations(annotations)
	return r.patchMetadata(ctx, s, base)
}
