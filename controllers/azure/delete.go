// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package azure

import (
	"context"
	"fmt"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/arm"
	"github.com/avs-operator/avs-operator/controllers/outcome"
)

// letGo ends the life of an object whose resource stays in Azure. Nothing outside is needed for that, so a lost identity does not hold it.
func (r *Reconciler[T]) letGo(ctx context.Context, s *scope[T]) *outcome.Outcome {
	if s.stat().Operation != nil || !r.stays(s) {
		return nil
	}
	if o := r.dependents(ctx, s); o != nil {
		return o
	}
	if o := r.releaseSecret(ctx, s); o != nil {
		return o
	}
	return r.release(ctx, s)
}

// stays says that the resource stays in Azure.
func (r *Reconciler[T]) stays(s *scope[T]) bool {
	return s.observes() || s.stat().Effective.DeletionPolicy == v1alpha1.DeletionPolicyRetain
}

// confirm holds a deletion in Azure back until it may be.
func (r *Reconciler[T]) confirm(ctx context.Context, s *scope[T]) *outcome.Outcome {
	if r.stays(s) { // Retain was set, or the operation has ended, while the object waited
		return r.letGo(ctx, s)
	}
	if s.spec().Suspend {
		return outcome.Wait(v1alpha1.ReasonSuspended, "suspended: the deletion waits until spec.suspend is taken away")
	}
	if r.traits.Expensive && s.obj.GetAnnotations()[v1alpha1.AnnotationConfirmDelete] != s.obj.GetName() {
		return outcome.Wait(v1alpha1.ReasonConfirmationNeeded,
			"deleting it in Azure cannot be undone: confirm with the annotation %s=%s, or set deletionPolicy: Retain to leave Azure alone", v1alpha1.AnnotationConfirmDelete, s.obj.GetName())
	}
	return nil
}

// dependents makes a parent wait for the objects that refer to it: without it they could not be let go in order.
func (r *Reconciler[T]) dependents(ctx context.Context, s *scope[T]) *outcome.Outcome {
	names, err := r.seats.below(ctx, r.holder(client.ObjectKeyFromObject(s.obj)))
	if err != nil {
		return outcome.Retry(v1alpha1.ReasonTransient, err)
	}
	if len(names) > 0 {
		return outcome.Wait(v1alpha1.ReasonDependentsExist, "these still refer to it and go first: %s", strings.Join(names[:min(len(names), 10)], ", ")).In(time.Minute)
	}
	return nil
}

// remove deletes the resource in Azure, if it is there, and then lets the object go.
func (r *Reconciler[T]) remove(ctx context.Context, s *scope[T]) *outcome.Outcome {
	if s.actual == nil {
		s.stat().Operation = nil
		r.released(s)
		return r.release(ctx, s)
	}
	if len(s.stat().Managed) == 0 && s.stat().Operation == nil && s.actual.String("/tags/"+v1alpha1.TagOwner) != r.ownerOf(s.obj) {
		return r.release(ctx, s) // it was never adopted: it is not ours to delete
	}
	if state := s.actual.ProvisioningState(); !arm.IsTerminal(state) {
		return outcome.Wait(v1alpha1.ReasonAzureBusy, "Azure works on it (%s), and it is not deleted before that ends", state).In(time.Minute)
	}
	w := &write{verb: arm.DELETE, reason: v1alpha1.ReasonDeleting, message: r.deletingWords()}
	if o := r.turn(s, w); o != nil {
		return o
	}
	if departure, ok := r.kind.(Departure[T]); ok {
		o := departure.MayGo(ctx, r.world(s))
		if o != nil {
			r.released(s)
			return o
		}
	}
	return r.send(ctx, s, *w)
}

// release takes the finalizer off: from here on the object is gone.
func (r *Reconciler[T]) release(ctx context.Context, s *scope[T]) *outcome.Outcome {
	base := s.obj.DeepCopyObject().(T)
	controllerutil.RemoveFinalizer(s.obj, v1alpha1.Finalizer)
	err := r.Client.Patch(ctx, s.obj, client.MergeFromWithOptions(base, client.MergeFromWithOptimisticLock{}))
	switch {
	case err == nil || apierrors.IsNotFound(err):
		controllerutil.RemoveFinalizer(s.obj, v1alpha1.Finalizer)
		return outcome.Done(v1alpha1.ReasonDeleting, "let go")
	case apierrors.IsConflict(err):
		s.obj = base
		return outcome.Retry(v1alpha1.ReasonTransient, err).In(conflictPause)
	}
	s.obj = base
	return outcome.Retry(v1alpha1.ReasonTransient, fmt.Errorf("taking the finalizer off: %w", err))
}
