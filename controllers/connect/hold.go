// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package connect

import (
	"context"
	"fmt"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/outcome"
)

// +kubebuilder:rbac:groups=avs-operator.io,resources=azureidentities,verbs=patch
// +kubebuilder:rbac:groups="",resources=secrets;configmaps,verbs=patch

// Held says that an identity, and what it refers to, outlives whatever must still be deleted in Azure with it.
func Held(identity *v1alpha1.AzureIdentity) bool {
	return controllerutil.ContainsFinalizer(identity, v1alpha1.FinalizerInUse)
}

// Touch wakes an identity: what it is needed for has changed.
func (a *Azure) Touch(identity types.NamespacedName) {
	a.mu.Lock()
	listeners := make([]func(types.NamespacedName), 0, len(a.listeners))
	for _, f := range a.listeners {
		listeners = append(listeners, f)
	}
	a.mu.Unlock()
	for _, f := range listeners {
		f(identity)
	}
}

// Subscribe tells which identities were touched.
func (a *Azure) Subscribe(f func(types.NamespacedName)) (cancel func()) {
	a.mu.Lock()
	defer a.mu.Unlock()
	id := a.nextID
	a.nextID++
	a.listeners[id] = f
	return func() {
		a.mu.Lock()
		defer a.mu.Unlock()
		delete(a.listeners, id)
	}
}

// hold keeps the identity and what it refers to while something must still be deleted in Azure with it: when a namespace goes, everything
// in it is deleted at once, in no order, and a private cloud whose credentials went first could never be deleted.
func (r *IdentityReconciler) hold(ctx context.Context, identity *v1alpha1.AzureIdentity) *outcome.Outcome {
	needed, err := r.NeededBy(ctx, client.ObjectKeyFromObject(identity))
	if err != nil {
		return outcome.Retry(v1alpha1.ReasonTransient, err)
	}
	deleting := !identity.DeletionTimestamp.IsZero()
	wanted := len(needed) > 0
	for _, used := range usedBy(identity) {
		held := wanted
		if !held {
			if held, err = r.neededByAnother(ctx, used, identity); err != nil {
				return outcome.Retry(v1alpha1.ReasonTransient, err)
			}
		}
		if o := r.holdObject(ctx, identity.Namespace, used, held); o != nil {
			return o
		}
	}
	if wanted != Held(identity) && (!deleting || !wanted) {
		base := identity.DeepCopy()
		if wanted {
			controllerutil.AddFinalizer(identity, v1alpha1.FinalizerInUse)
		} else {
			controllerutil.RemoveFinalizer(identity, v1alpha1.FinalizerInUse)
		}
		if err := r.Client.Patch(ctx, identity, client.MergeFromWithOptions(base, client.MergeFromWithOptimisticLock{})); client.IgnoreNotFound(err) != nil {
			return outcome.Retry(v1alpha1.ReasonTransient, fmt.Errorf("writing the finalizer: %w", err)).In(20 * time.Millisecond)
		}
	}
	if deleting && wanted {
		return outcome.Wait(v1alpha1.ReasonDependentsExist, "it is still needed, above all to delete these in Azure: %s", strings.Join(needed[:min(len(needed), 10)], ", ")).In(time.Minute)
	}
	return nil
}

// neededByAnother says that another identity, with which something is still to be deleted, uses the same Secret or ConfigMap.
func (r *IdentityReconciler) neededByAnother(ctx context.Context, used object, identity *v1alpha1.AzureIdentity) (bool, error) {
	for _, other := range r.identitiesUsing(ctx, used, identity.Namespace) {
		if other.Name == identity.Name {
			continue
		}
		if needed, err := r.NeededBy(ctx, other.NamespacedName); err != nil || len(needed) > 0 {
			return true, err
		}
	}
	return false, nil
}

// holdObject puts the finalizer on a Secret or ConfigMap, or takes it off.
func (r *IdentityReconciler) holdObject(ctx context.Context, namespace string, used object, wanted bool) *outcome.Outcome {
	meta := &metav1.PartialObjectMetadata{}
	meta.SetGroupVersionKind(corev1.SchemeGroupVersion.WithKind(used.kind))
	err := r.Client.Get(ctx, types.NamespacedName{Namespace: namespace, Name: used.name}, meta)
	if apierrors.IsNotFound(err) {
		return nil // what waits for it says so
	}
	if err != nil {
		return outcome.Retry(v1alpha1.ReasonTransient, err)
	}
	base := meta.DeepCopy()
	changed := false
	if wanted && meta.DeletionTimestamp.IsZero() {
		changed = controllerutil.AddFinalizer(meta, v1alpha1.FinalizerInUse)
	} else if !wanted {
		changed = controllerutil.RemoveFinalizer(meta, v1alpha1.FinalizerInUse)
	}
	if !changed {
		return nil
	}
	if err := r.Client.Patch(ctx, meta, client.MergeFromWithOptions(base, client.MergeFromWithOptimisticLock{})); client.IgnoreNotFound(err) != nil {
		return outcome.Retry(v1alpha1.ReasonTransient, fmt.Errorf("writing the finalizer of %s %s: %w", used.kind, used.name, err)).In(20 * time.Millisecond)
	}
	return nil
}
