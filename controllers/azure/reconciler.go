// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package azure

import (
	"context"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/component-base/featuregate"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/arm"
	"github.com/avs-operator/avs-operator/controllers/azure/kind"
	"github.com/avs-operator/avs-operator/controllers/azure/lane"
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
	kind   *kind.Kind[T]
	traits kind.Traits
	memory memory
}

// step of a reconcile. Nil: go on.
type step[T kind.Object] func(context.Context, *scope[T]) *outcome.Outcome

// Reconcile converges one object. It reads like a contents page; every step stands in a file of its own name.
func (r *Reconciler[T]) Reconcile(ctx context.Context, request ctrl.Request) (ctrl.Result, error) {
	s, result, err := r.fetch(ctx, request)
	if s == nil {
		return result, err
	}
	ctx = r.anew(ctx, s)
	steps := []step[T]{
		r.credentials, r.resume, r.permitted, r.claim, r.references, r.observe, r.complete, r.report, r.guard, r.act, r.beside, r.whole, r.export, r.asWritten,
	}
	if s.deleting() {
		steps = []step[T]{
			r.letGo, r.credentialsToTheEnd, r.resumeToTheEnd, r.permitted, r.confirm, r.unlock, r.dependents, r.observeDirectly, r.remove,
		}
	}
	for _, next := range steps {
		if o := next(ctx, s); o != nil {
			return r.publish(ctx, s, o)
		}
	}
	return r.publish(ctx, s, nil)
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
	if r.memory.another(request.NamespacedName, obj.GetUID()) {
		r.forget(request.NamespacedName)
	}
	s := &scope[T]{obj: obj, before: obj.DeepCopyObject().(T), log: log.FromContext(ctx)}
	r.memory.do(request.NamespacedName, func(m *remembered) {
		m.uid = obj.GetUID()
		m.inquire = m.inquire || s.askedAnew()
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
		if r.traits.Kept {
			e.DeletionPolicy = v1alpha1.DeletionPolicyRetain
		}
	}
	if e.ManagementPolicy == v1alpha1.ManagementPolicyObserve || r.builtIn(obj) {
		e.DeletionPolicy = v1alpha1.DeletionPolicyRetain
	}
	return e
}

// publish writes what was found, and says when to look again.
func (r *Reconciler[T]) publish(ctx context.Context, s *scope[T], o *outcome.Outcome) (ctrl.Result, error) {
	if s.deleting() && !hasFinalizer(s.obj) {
		return ctrl.Result{}, nil // let go: there may be nothing left to write to
	}
	r.settle(s)
	if o == nil || o.Kind == outcome.KindDone {
		r.converged(s)
	}
	if o != nil && o.Kind == outcome.KindStall && !s.observed {
		r.unbusy(s)
	}
	o, err := r.keepSecret(ctx, s, o)
	if err != nil {
		return ctrl.Result{}, err
	}
	result, err := r.Publisher.Publish(ctx, s.subject(), status.Report{
		Outcome: r.orRetain(s, o), Facts: s.facts, ReadyReason: s.readyReason, ReadyMessage: s.readyMessage,
	})
	if err == nil && s.adopted() && !s.deleting() {
		if o := r.commit(ctx, s); o != nil { // of what was taken over without a write
			return ctrl.Result{RequeueAfter: conflictPause}, nil
		}
	}
	if err == nil && s.again > 0 && (result.RequeueAfter == 0 || result.RequeueAfter > s.again) {
		result.RequeueAfter = s.again
	}
	return result, err
}

// orRetain adds to what may keep a deletion from ending for ever what always ends it. Without that a person might wait for what never comes.
func (r *Reconciler[T]) orRetain(s *scope[T], o *outcome.Outcome) *outcome.Outcome {
	const advice = "deletionPolicy: Retain"
	if o == nil || !s.deleting() || r.stays(s) || strings.Contains(o.Message, advice) {
		return o
	}
	if endless := o.Kind == outcome.KindStall || s.lingers || slices.Contains(mayLastForEver, o.Reason); !endless {
		return o
	}
	said := *o
	said.Message += "; to leave Azure alone and let this object go, set " + advice
	return &said
}

// mayLastForEver are reasons of waits that end only when somebody, here or in Azure, does something.
var mayLastForEver = []string{v1alpha1.ReasonSuspended, v1alpha1.ReasonReferenceNotFound, v1alpha1.ReasonTakesTooLong, v1alpha1.ReasonKeyVaultDenied, v1alpha1.ReasonInsufficientCapacity}

// holder names an object in the lanes.
func (r *Reconciler[T]) holder(key types.NamespacedName) string {
	return r.traits.Name + "/" + key.String()
}

// objectOf is the object that a holder of the lanes names, if it is of this kind.
func (r *Reconciler[T]) objectOf(holder string) (types.NamespacedName, bool) {
	rest, ok := strings.CutPrefix(holder, r.traits.Name+"/")
	if !ok {
		return types.NamespacedName{}, false
	}
	namespace, name, ok := strings.Cut(rest, "/")
	return types.NamespacedName{Namespace: namespace, Name: name}, ok
}

// forget ends everything that is held for an object that is gone.
func (r *Reconciler[T]) forget(key types.NamespacedName) {
	one := r.memory.forget(key)
	if one == nil || one.cloud == "" {
		return
	}
	r.Azure.Touch(one.identity) // it may be let go now that the object is gone from the cache too
	r.leaveLane(key, one.cloud, one.busy)
}

// leaveLane gives up what an object had in the lane of a private cloud that it is in no longer: its turn, its waiting, and the resource that the lane
// was told Azure works on, because nobody is left who would say that it is over.
func (r *Reconciler[T]) leaveLane(key types.NamespacedName, cloud, busy string) {
	if cloud == "" {
		return
	}
	r.memory.settled(key, cloud)
	r.Lanes.Release(cloud, r.traits.Lane, r.holder(key))
	if busy != "" {
		r.Lanes.Busy(cloud, r.traits.Lane, busy, "")
	}
}
