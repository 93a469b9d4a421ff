// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package connect

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/outcome"
)

// What a machine under way needs is held until it has come to its end: when a namespace goes, everything in it is deleted at once, in no order,
// and a machine whose vCenter's account went first could be neither followed nor powered on again.

// +kubebuilder:rbac:groups=avs-operator.io,resources=vcenters;privateclouds,verbs=patch

// indexUnderWay finds the VirtualMachineMoves that need a VCenter, by its name.
const indexUnderWay = "vcenters.underWay"

// underWay names the VCenters that a move needs: from before its first call until it is let go, both.
func underWay(m *v1alpha1.VirtualMachineMove) []string {
	if !controllerutil.ContainsFinalizer(m, v1alpha1.Finalizer) {
		return nil
	}
	return []string{m.Spec.Source.VCenterRef.Name, m.Spec.Target.VCenterRef.Name}
}

// beginsOrEnds passes the events by which a move may begin or cease to need its VCenters.
var beginsOrEnds = predicate.Funcs{UpdateFunc: func(e event.UpdateEvent) bool {
	return controllerutil.ContainsFinalizer(e.ObjectOld, v1alpha1.Finalizer) != controllerutil.ContainsFinalizer(e.ObjectNew, v1alpha1.Finalizer)
}}

// both are the VCenters of a VirtualMachineMove.
func both(_ context.Context, o client.Object) []reconcile.Request {
	m, ok := o.(*v1alpha1.VirtualMachineMove)
	if !ok {
		return nil
	}
	return []reconcile.Request{
		{NamespacedName: types.NamespacedName{Namespace: m.Namespace, Name: m.Spec.Source.VCenterRef.Name}},
		{NamespacedName: types.NamespacedName{Namespace: m.Namespace, Name: m.Spec.Target.VCenterRef.Name}},
	}
}

// needs is everything that a VCenter refers to.
func needs(v *v1alpha1.VCenter) []object {
	out := vcenterUses(v)
	if account := migrationAccount(v); account != nil {
		out = append(out, object{"Secret", account.Name})
	}
	if v.Spec.PrivateCloudRef != nil {
		out = append(out, object{"PrivateCloud", v.Spec.PrivateCloudRef.Name})
	}
	return out
}

// ofKind is an empty object of a kind that a VCenter refers to: of Secrets and ConfigMaps only the metadata.
func ofKind(used object) client.Object {
	if used.kind == "PrivateCloud" {
		return &v1alpha1.PrivateCloud{}
	}
	m := &metav1.PartialObjectMetadata{}
	m.SetGroupVersionKind(corev1.SchemeGroupVersion.WithKind(used.kind))
	return m
}

// hold puts the finalizer on a VCenter that machines are under way with, after it has put it on what that refers to, and takes it off
// again. The outcome is not nil while a deleted VCenter waits for them.
func (r *VCenterReconciler) hold(ctx context.Context, v *v1alpha1.VCenter) *outcome.Outcome {
	moves, err := r.movesWith(ctx, r.Client, v)
	held := controllerutil.ContainsFinalizer(v, v1alpha1.FinalizerInUseByMoves)
	if err == nil && len(moves) == 0 && held {
		moves, err = r.movesWith(ctx, r.VCenters.o.Live.Reader, v) // before it is let go, the API server itself is asked
	}
	if err != nil {
		return outcome.Retry(v1alpha1.ReasonTransient, fmt.Errorf("reading the machines under way with VCenter %s: %w", v.Name, err))
	}
	wanted := len(moves) > 0
	if !wanted && !held {
		return nil
	}
	for _, used := range needs(v) {
		if o := r.holdUsed(ctx, v, used, wanted); o != nil {
			return o
		}
	}
	if wanted != held && (wanted && v.DeletionTimestamp.IsZero() || !wanted) {
		if o := r.setHold(ctx, v, wanted); o != nil {
			return o
		}
	}
	if wanted && !v.DeletionTimestamp.IsZero() {
		return outcome.Wait(v1alpha1.ReasonDependentsExist, "it is deleted as soon as these machines have come to their end: %s", strings.Join(moves[:min(len(moves), 10)], ", ")).In(time.Minute)
	}
	return nil
}

// movesWith names the VirtualMachineMoves that need a VCenter.
func (r *VCenterReconciler) movesWith(ctx context.Context, reader client.Reader, v *v1alpha1.VCenter) ([]string, error) {
	options := []client.ListOption{client.InNamespace(v.Namespace)}
	if reader == r.Client {
		options = append(options, client.MatchingFields{indexUnderWay: v.Name}, client.UnsafeDisableDeepCopy)
	}
	list := &v1alpha1.VirtualMachineMoveList{}
	if err := reader.List(ctx, list, options...); err != nil {
		return nil, err
	}
	var out []string
	for i := range list.Items {
		if slices.Contains(underWay(&list.Items[i]), v.Name) {
			out = append(out, list.Items[i].Name)
		}
	}
	return out, nil
}

// holdUsed holds what a VCenter refers to, or lets it go unless another VCenter needs it.
func (r *VCenterReconciler) holdUsed(ctx context.Context, v *v1alpha1.VCenter, used object, wanted bool) *outcome.Outcome {
	if !wanted {
		needed, err := r.neededByAnother(ctx, v, used)
		if err != nil {
			return outcome.Retry(v1alpha1.ReasonTransient, err)
		}
		wanted = needed
	}
	o := ofKind(used)
	if err := r.Client.Get(ctx, types.NamespacedName{Namespace: v.Namespace, Name: used.name}, o); err != nil {
		if apierrors.IsNotFound(err) {
			return nil // what waits for it says so
		}
		return outcome.Retry(v1alpha1.ReasonTransient, err)
	}
	if controllerutil.ContainsFinalizer(o, v1alpha1.FinalizerInUseByMoves) == wanted || wanted && !o.GetDeletionTimestamp().IsZero() {
		return nil
	}
	if failed := r.setHold(ctx, o, wanted); failed != nil {
		return failed
	}
	if cloud, ok := o.(*v1alpha1.PrivateCloud); ok && r.VCenters.o.Azure != nil { // its password is asked for with the identity
		r.VCenters.o.Azure.Touch(types.NamespacedName{Namespace: cloud.Namespace, Name: IdentityName(cloud.Spec.IdentityRef)})
	}
	return nil
}

func (r *VCenterReconciler) setHold(ctx context.Context, o client.Object, wanted bool) *outcome.Outcome {
	base := o.DeepCopyObject().(client.Object) //nolint:forcetypeassert // a copy of a client.Object is one.
	if wanted {
		controllerutil.AddFinalizer(o, v1alpha1.FinalizerInUseByMoves)
	} else {
		controllerutil.RemoveFinalizer(o, v1alpha1.FinalizerInUseByMoves)
	}
	err := r.Client.Patch(ctx, o, client.MergeFromWithOptions(base, client.MergeFromWithOptimisticLock{}))
	if client.IgnoreNotFound(err) != nil {
		return outcome.Retry(v1alpha1.ReasonTransient, fmt.Errorf("writing the finalizer of %T %s: %w", o, o.GetName(), err)).In(20 * time.Millisecond)
	}
	return nil
}

// neededByAnother says that another VCenter, with which machines are under way, refers to the same.
func (r *VCenterReconciler) neededByAnother(ctx context.Context, v *v1alpha1.VCenter, used object) (bool, error) {
	for _, request := range r.using(ctx, v.Namespace, func(other *v1alpha1.VCenter) bool {
		return other.Name != v.Name && slices.Contains(needs(other), used)
	}) {
		moves, err := r.movesWith(ctx, r.Client, &v1alpha1.VCenter{ObjectMeta: metav1.ObjectMeta{Namespace: request.Namespace, Name: request.Name}})
		if err != nil || len(moves) > 0 {
			return true, err
		}
	}
	return false, nil
}

// HeldForMoves says whether a VCenter and all that it refers to is held for a machine that is about to start, and else what that waits for.
// The API server is asked: what is being deleted already cannot be held any more, and nothing starts with it.
func (v *VCenters) HeldForMoves(ctx context.Context, namespace, name string) *outcome.Outcome {
	object := &v1alpha1.VCenter{}
	if o := v.held(ctx, namespace, name, "VCenter", object, v1alpha1.FinalizerInUseByMoves); o != nil {
		return o
	}
	for _, used := range needs(object) {
		o := ofKind(used)
		if waits := v.held(ctx, namespace, used.name, used.kind, o, v1alpha1.FinalizerInUseByMoves); waits != nil {
			return waits
		}
		if cloud, ok := o.(*v1alpha1.PrivateCloud); ok && v.o.Azure != nil {
			identity := types.NamespacedName{Namespace: namespace, Name: IdentityName(cloud.Spec.IdentityRef)}
			if waits := v.held(ctx, namespace, identity.Name, "AzureIdentity", &v1alpha1.AzureIdentity{}, v1alpha1.FinalizerInUse); waits != nil {
				v.o.Azure.Touch(identity)
				return waits
			}
		}
	}
	return nil
}

func (v *VCenters) held(ctx context.Context, namespace, name, kind string, o client.Object, finalizer string) *outcome.Outcome {
	err := v.o.Live.Reader.Get(ctx, types.NamespacedName{Namespace: namespace, Name: name}, o)
	switch {
	case apierrors.IsNotFound(err):
		return missing("%s %s/%s is not there: create it, or correct the name", kind, namespace, name)
	case err != nil:
		return outcome.Retry(v1alpha1.ReasonTransient, err)
	case !o.GetDeletionTimestamp().IsZero():
		return outcome.Wait(v1alpha1.ReasonReferenceNotReady, "%s %s/%s is being deleted: nothing starts with it any more", kind, namespace, name).In(time.Minute)
	case !controllerutil.ContainsFinalizer(o, finalizer):
		return outcome.Wait(v1alpha1.ReasonReconciling, "%s %s/%s is not held for the move yet", kind, namespace, name).In(v.o.Pace.Elapsed(50 * time.Millisecond))
	}
	return nil
}

// NeededForMoves names the private clouds whose vCenter machines are under way with, and whose password is asked for with the identity.
func (v *VCenters) NeededForMoves(ctx context.Context, identity types.NamespacedName) ([]string, error) {
	clouds := &v1alpha1.PrivateCloudList{}
	if err := v.o.Client.List(ctx, clouds, client.InNamespace(identity.Namespace)); err != nil {
		return nil, err
	}
	var out []string
	for i := range clouds.Items {
		cloud := &clouds.Items[i]
		if IdentityName(cloud.Spec.IdentityRef) == identity.Name && controllerutil.ContainsFinalizer(cloud, v1alpha1.FinalizerInUseByMoves) {
			out = append(out, "PrivateCloud "+cloud.Name+" with machines under way")
		}
	}
	return out, nil
}
