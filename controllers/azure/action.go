// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package azure

import (
	"context"
	"strings"
	"time"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/arm"
	"github.com/avs-operator/avs-operator/controllers/azure/diff"
	"github.com/avs-operator/avs-operator/controllers/metrics"
	"github.com/avs-operator/avs-operator/controllers/outcome"
)

// Kinds whose resource comes and goes without the operator, and is changed by an action (Traits.ChangedBy). To make one is to change it from its
// defaults, to delete it is to put those back.

// locate finds the resource, unless the object has found it before.
func (r *Reconciler[T]) locate(ctx context.Context, s *scope[T], base arm.ID) *outcome.Outcome {
	if kept := r.recordedID(s.obj); kept != "" {
		return r.name(s, base.Child(r.traits.Segment, kept.Name()))
	}
	if s.deleting() && s.obj.GetAnnotations()[v1alpha1.AnnotationAzureID] == "" {
		return r.release(ctx, s) // it never found any, so it changed nothing
	}
	if !s.deleting() {
		if o := r.references(ctx, s); o != nil {
			return o
		}
	}
	name, o := r.kind.Locate(ctx, r.world(s), base+"/"+arm.ID(r.traits.Segment))
	if s.deleting() && o != nil && o.Reason == v1alpha1.ReasonMachineNotFound {
		return r.release(ctx, s) // what it had found is not there any more
	}
	if o != nil {
		return o
	}
	return r.name(s, base.Child(r.traits.Segment, name))
}

// lost looks for the resource anew: what the object had found is not there any more. It keeps the id until there is another, so that whoever
// deletes it meanwhile need not know more.
func (r *Reconciler[T]) lost(ctx context.Context, s *scope[T]) *outcome.Outcome {
	if !s.direct { // a list is no proof
		if o := r.observeDirectly(ctx, s); o != nil {
			return o
		}
		if s.actual != nil {
			return r.guard(ctx, s)
		}
	}
	r.kind.Observe(s.obj, &arm.Resource{})
	s.fact(v1alpha1.ConditionInSync, false, v1alpha1.ReasonNotFoundInAzure, "it is not in Azure any more")
	if r.kind.Locate == nil {
		return outcome.Wait(v1alpha1.ReasonNotFoundInAzure, "Azure has no %s", s.id).In(requiredRecheck)
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
		base := s.obj.DeepCopyObject().(T)
		s.obj.GetAnnotations()[v1alpha1.AnnotationAzureID] = string(next)
		if o := r.patchMetadata(ctx, s, base); o != nil {
			return o
		}
	}
	r.dropOperation(s, metrics.Unanswered)
	s.stat().ID, s.stat().Managed = string(next), nil
	return outcome.Wait(v1alpha1.ReasonNotFoundInAzure, "it is not in Azure any more: %s; the spec now means %s", s.id, next).In(syncPause)
}

// byAction says that an operation is a change by the kind's action, and not one of its one-shot actions.
func (r *Reconciler[T]) byAction(op *v1alpha1.Operation) bool {
	return op != nil && r.traits.ChangedBy != "" && op.Action == r.traits.ChangedBy
}

// pristine says that the resource is as it is when nobody has changed it by the action.
func (r *Reconciler[T]) pristine(s *scope[T]) bool {
	return r.traits.ChangedBy != "" && s.actual != nil && len(diff.Compare(r.untouched(), s.actual.Body, r.traits.Rules)) == 0
}

// untouched is that state.
func (r *Reconciler[T]) untouched() map[string]any {
	var all []diff.Change
	for path, value := range r.traits.Defaults {
		all = append(all, diff.Change{Path: path, Desired: value})
	}
	return diff.Patch(all)
}

// farewell is the write that ends what the object has made.
func (r *Reconciler[T]) farewell() *write {
	if r.traits.ChangedBy == "" {
		return &write{verb: arm.DELETE, reason: v1alpha1.ReasonDeleting, message: r.deletingWords()}
	}
	return &write{verb: arm.POST, action: r.traits.ChangedBy, body: actionBody(r.untouched()), reason: v1alpha1.ReasonDeleting, message: r.puttingBack()}
}

// actionBody is what an action takes: the properties, which in the resource lie one deeper.
func actionBody(body map[string]any) map[string]any {
	properties, _ := body["properties"].(map[string]any)
	return properties
}

func (r *Reconciler[T]) puttingBack() string {
	return "Azure ends the " + r.traits.Name + " by " + r.traits.ChangedBy
}
