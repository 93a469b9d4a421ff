// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package azure is the one loop that serves every Azure kind: it converges one resource in Azure toward one custom resource, records every
// write before it is made, and survives being killed on any line. It knows no kind; those are values in package kinds.
package azure

import (
	"context"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/component-base/featuregate"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/arm"
	"github.com/avs-operator/avs-operator/controllers/azure/kind"
	"github.com/avs-operator/avs-operator/controllers/azure/lane"
	"github.com/avs-operator/avs-operator/controllers/azure/recall"
	"github.com/avs-operator/avs-operator/controllers/connect"
	"github.com/avs-operator/avs-operator/controllers/ledger"
	"github.com/avs-operator/avs-operator/controllers/metrics"
	"github.com/avs-operator/avs-operator/controllers/outcome"
	"github.com/avs-operator/avs-operator/controllers/status"
)

// Shared is what the reconcilers of all kinds have in common.
type Shared struct {
	Client    client.Client
	Live      client.Reader
	Azure     *connect.Azure
	VCenters  *connect.VCenters
	Watcher   *arm.Watcher
	Lanes     *lane.Lanes
	Publisher *status.Publisher
	// Metrics tells what is done; nil: it is not told.
	Metrics *metrics.Metrics
	Pace    outcome.Pace
	// Clock is the API server's: what is on record is read by it.
	Clock *ledger.Clock
	// Owner names this Kubernetes cluster in Azure: the UID of its namespace kube-system.
	Owner string
	// Features are the feature gates.
	Features featuregate.FeatureGate
	// Fingerprints tell write-only values apart without keeping them.
	Fingerprints *connect.Fingerprints

	seats   *seats
	sized   []sized
	budgets budgets
}

// Reconciler converges all objects of one kind.
type Reconciler[T kind.Object] struct {
	*Shared
	kind   kind.Kind[T]
	memory recall.Memory
}

// step of a reconcile. Nil: go on with the next. No step calls another: what two of them need is a function of neither.
type step[T kind.Object] func(context.Context, *scope[T]) *outcome.Outcome

// converging are the steps of an object that stays: who acts; what is under way; whose the resource is; what Azure has; what that means; the write
// that is needed next, decided upon anew on a fresh read; what stands beside the resource; what is written in Kubernetes.
func (r *Reconciler[T]) converging() []step[T] {
	return []step[T]{
		r.credentials, r.resume, r.permitted, r.claim, r.references,
		r.observe, r.decide, r.proveGone, r.decide, r.complete, r.report, r.admit,
		r.next, r.prerequisites, r.heldBack, r.acquireLane, r.readAgain, r.decide, r.admit, r.next, r.mayWrite, r.send,
		r.companion, r.readAgain, r.decide, r.admit, r.companionAgain, r.send,
		r.incomplete, r.export, r.notAsWritten,
	}
}

// deleting are the steps of an object that goes: what stays in Azure is let go as soon as nothing is under way; all else is deleted there first, when
// that is confirmed, its companion is off, and nothing refers to it any more.
func (r *Reconciler[T]) deleting() []step[T] {
	return []step[T]{
		r.retain, r.credentialsForDeletion, r.retain, r.resumeForDeletion, r.retain, r.permitted,
		r.settleCompanion, r.send, r.retain, r.confirmed,
		r.removeCompanion, r.send, r.dependents,
		r.readForDeletion, r.gone, r.notOurs, r.deletable, r.retain,
		r.nextDeletion, r.heldBack, r.acquireLane, r.mayDelete, r.clear, r.send,
	}
}

// Reconcile converges one object.
func (r *Reconciler[T]) Reconcile(ctx context.Context, request ctrl.Request) (ctrl.Result, error) {
	s, result, err := r.fetch(ctx, request)
	if s == nil {
		return result, err
	}
	ctx = r.askAgain(ctx, s)
	steps := r.converging()
	if s.deleting() {
		steps = r.deleting()
	}
	var o *outcome.Outcome
	for _, next := range steps {
		if o = next(ctx, s); o != nil {
			break
		}
	}
	if s.inLane { // no write went on record
		r.releaseLane(s)
	}
	return r.publish(ctx, s, o)
}

// fetch reads the object. One that is gone leaves nothing behind in memory.
func (r *Reconciler[T]) fetch(ctx context.Context, request ctrl.Request) (*scope[T], ctrl.Result, error) {
	if err := r.seats.once(ctx); err != nil {
		return nil, ctrl.Result{}, err
	}
	obj := r.kind.New()
	if err := r.Client.Get(ctx, request.NamespacedName, obj); err != nil {
		if client.IgnoreNotFound(err) == nil {
			r.forget(request.NamespacedName)
		}
		return nil, ctrl.Result{}, client.IgnoreNotFound(err)
	}
	if !obj.GetDeletionTimestamp().IsZero() && !hasFinalizer(obj) {
		r.forget(request.NamespacedName)
		return nil, ctrl.Result{}, nil
	}
	if r.memory.Another(request.NamespacedName, obj.GetUID()) {
		r.forget(request.NamespacedName)
	}
	s := &scope[T]{obj: obj, before: obj.DeepCopyObject().(T), log: log.FromContext(ctx)}
	r.memory.Do(request.NamespacedName, func(m *recall.Object) {
		m.UID = obj.GetUID()
		m.Inquire = m.Inquire || s.reconcileRequested()
	})
	s.stat().Effective = r.effective(s.obj)
	s.stat().LastHandledReconcileAt = obj.GetAnnotations()[v1alpha1.AnnotationReconcileRequestedAt]
	return s, ctrl.Result{}, nil
}

// effective are the policies in force. They say what will be done: what is only observed, and what comes with the private cloud, stays in
// Azure whatever the spec says.
func (r *Reconciler[T]) effective(obj T) *v1alpha1.EffectivePolicies {
	spec := obj.AzureSpec()
	e := &v1alpha1.EffectivePolicies{ManagementPolicy: spec.ManagementPolicy, AdoptionPolicy: spec.AdoptionPolicy, DeletionPolicy: spec.DeletionPolicy}
	if e.ManagementPolicy == "" {
		e.ManagementPolicy = v1alpha1.ManagementPolicyManage
	}
	if e.AdoptionPolicy == "" {
		e.AdoptionPolicy = v1alpha1.AdoptionPolicyIfUnchanged
	}
	if e.DeletionPolicy == "" {
		e.DeletionPolicy = v1alpha1.DeletionPolicyDelete
		if r.kind.Kept {
			e.DeletionPolicy = v1alpha1.DeletionPolicyRetain
		}
	}
	if e.ManagementPolicy == v1alpha1.ManagementPolicyObserve || r.builtIn(obj) {
		e.DeletionPolicy = v1alpha1.DeletionPolicyRetain
	}
	return e
}

// builtIn says that the resource comes with the private cloud.
func (r *Reconciler[T]) builtIn(obj T) bool { return r.kind.BuiltIn != nil && r.kind.BuiltIn(obj) }

// forget ends everything that is held for an object that is gone.
func (r *Reconciler[T]) forget(key types.NamespacedName) {
	one := r.memory.Forget(key)
	if one == nil || one.Cloud == "" {
		return
	}
	r.Azure.Touch(one.Identity) // it may be let go now that the object is gone from the cache too
	r.leaveLane(key, one.Cloud, one.Busy)
}
