// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package vcenters

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/connect/identities"
	"github.com/avs-operator/avs-operator/controllers/connect/secrets"
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
func needs(v *v1alpha1.VCenter) []secrets.Reference {
	out := vcenterUses(v)
	if account := migrationAccount(v); account != nil {
		out = append(out, secrets.ToAccount(account.Name))
	}
	if v.Spec.PrivateCloudRef != nil {
		out = append(out, secrets.ToPrivateCloud(v.Spec.PrivateCloudRef.Name))
	}
	return out
}

func (r *Reconciler) holds() secrets.Holds {
	return secrets.Holds{
		Client: r.Client, Live: r.VCenters.o.Live, Finalizer: v1alpha1.FinalizerInUseByMoves, Kinds: []string{"Secret", "ConfigMap", "PrivateCloud"},
		Changed: r.touchIdentityOf,
	}
}

// hold puts the finalizer on a VCenter that machines are under way with, after it has put it on what that refers to, and takes it off
// again. The outcome is not nil while a deleted VCenter waits for them.
func (r *Reconciler) hold(ctx context.Context, v *v1alpha1.VCenter) *outcome.Outcome {
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
	if wanted {
		for _, used := range needs(v) {
			if o := r.holds().Put(ctx, v.Namespace, used); o != nil {
				return o
			}
		}
	}
	if o := r.letGo(ctx, v.Namespace); o != nil {
		return o
	}
	if wanted != held && (wanted && v.DeletionTimestamp.IsZero() || !wanted) {
		if o := r.holds().Set(ctx, v, wanted); o != nil {
			return o
		}
	}
	if wanted && !v.DeletionTimestamp.IsZero() {
		slices.Sort(moves)
		return outcome.Wait(v1alpha1.ReasonDependentsExist, "it is deleted as soon as these machines have come to their end: %s",
			strings.Join(moves, ", ")).In(time.Minute)
	}
	return nil
}

// movesWith names the VirtualMachineMoves that need a VCenter.
func (r *Reconciler) movesWith(ctx context.Context, reader client.Reader, v *v1alpha1.VCenter) ([]string, error) {
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

// touchIdentityOf wakes the identity with which the password of a private cloud's vCenter is asked for.
func (r *Reconciler) touchIdentityOf(o client.Object) {
	if cloud, ok := o.(*v1alpha1.PrivateCloud); ok && r.VCenters.o.Azure != nil {
		r.VCenters.o.Azure.Touch(types.NamespacedName{Namespace: cloud.Namespace, Name: identities.Name(cloud.Spec.IdentityRef)})
	}
}

// letGo ends what is held in a namespace for no machine under way any more.
func (r *Reconciler) letGo(ctx context.Context, namespace string) *outcome.Outcome {
	return r.holds().LetGo(ctx, namespace, func(ctx context.Context, reader client.Reader) (map[secrets.Object]bool, error) {
		moves, vcenters := &v1alpha1.VirtualMachineMoveList{}, &v1alpha1.VCenterList{}
		if err := errors.Join(reader.List(ctx, moves, client.InNamespace(namespace)), reader.List(ctx, vcenters, client.InNamespace(namespace))); err != nil {
			return nil, err
		}
		busy := map[string]bool{}
		for i := range moves.Items {
			for _, name := range underWay(&moves.Items[i]) {
				busy[name] = true
			}
		}
		out := map[secrets.Object]bool{}
		for i := range vcenters.Items {
			for _, used := range needs(&vcenters.Items[i]) {
				out[used.Object] = out[used.Object] || busy[vcenters.Items[i].Name]
			}
		}
		return out, nil
	})
}

// HeldForMoves says whether a VCenter and all that it refers to is held for a machine that is about to start, and else what that waits for.
// The API server is asked: what is being deleted already cannot be held any more, and nothing starts with it.
func (v *Pool) HeldForMoves(ctx context.Context, namespace, name string) *outcome.Outcome {
	object := &v1alpha1.VCenter{}
	if o := v.held(ctx, namespace, name, "VCenter", object, v1alpha1.FinalizerInUseByMoves); o != nil {
		return o
	}
	for _, used := range needs(object) {
		o := secrets.OfKind(used.Kind)
		if waits := v.held(ctx, namespace, used.Name, used.Kind, o, v1alpha1.FinalizerInUseByMoves); waits != nil {
			return waits
		}
		if cloud, ok := o.(*v1alpha1.PrivateCloud); ok && v.o.Azure != nil {
			identity := types.NamespacedName{Namespace: namespace, Name: identities.Name(cloud.Spec.IdentityRef)}
			if waits := v.held(ctx, namespace, identity.Name, "AzureIdentity", &v1alpha1.AzureIdentity{}, v1alpha1.FinalizerInUse); waits != nil {
				v.o.Azure.Touch(identity)
				return waits
			}
		}
	}
	return nil
}

func (v *Pool) held(ctx context.Context, namespace, name, kind string, o client.Object, finalizer string) *outcome.Outcome {
	err := v.o.Live.Reader.Get(ctx, types.NamespacedName{Namespace: namespace, Name: name}, o)
	switch {
	case apierrors.IsNotFound(err):
		return secrets.Missing("%s %s/%s is not there: create it, or correct the name", kind, namespace, name)
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
func (v *Pool) NeededForMoves(ctx context.Context, identity types.NamespacedName) ([]string, error) {
	clouds := &v1alpha1.PrivateCloudList{}
	if err := v.o.Client.List(ctx, clouds, client.InNamespace(identity.Namespace)); err != nil {
		return nil, err
	}
	var out []string
	for i := range clouds.Items {
		cloud := &clouds.Items[i]
		if identities.Name(cloud.Spec.IdentityRef) == identity.Name && controllerutil.ContainsFinalizer(cloud, v1alpha1.FinalizerInUseByMoves) {
			out = append(out, "PrivateCloud "+cloud.Name+" with machines under way")
		}
	}
	return out, nil
}
