// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package azure is the one loop that serves every Azure kind: it converges one resource in Azure toward one custom resource, records every
// write before it is made, and survives being killed on any line. It knows no kind; those are values in package kinds.
package azure

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/component-base/featuregate"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/arm"
	"github.com/avs-operator/avs-operator/controllers/azure/hostlimit"
	"github.com/avs-operator/avs-operator/controllers/azure/kind"
	"github.com/avs-operator/avs-operator/controllers/azure/lane"
	"github.com/avs-operator/avs-operator/controllers/azure/recall"
	"github.com/avs-operator/avs-operator/controllers/azure/redact"
	"github.com/avs-operator/avs-operator/controllers/connect/identities"
	"github.com/avs-operator/avs-operator/controllers/connect/secrets"
	"github.com/avs-operator/avs-operator/controllers/connect/vcenters"
	"github.com/avs-operator/avs-operator/controllers/ledger"
	"github.com/avs-operator/avs-operator/controllers/metrics"
	"github.com/avs-operator/avs-operator/controllers/outcome"
	"github.com/avs-operator/avs-operator/controllers/status"
)

// Shared is what the reconcilers of all kinds have in common.
type Shared struct {
	Client    client.Client
	Live      client.Reader
	Azure     *identities.Clients
	VCenters  *vcenters.Pool
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
	Fingerprints *secrets.Fingerprints

	seats *seats
	hosts *hostlimit.Limit
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

// forget ends everything that is held for an object that is gone.
func (r *Reconciler[T]) forget(key types.NamespacedName) {
	one := r.memory.Forget(key)
	if one == nil || one.Cloud == "" {
		return
	}
	r.Azure.Touch(one.Identity) // it may be let go now that the object is gone from the cache too
	r.leaveLane(key, one.Cloud, one.Busy)
}

// publish writes what was found, and says when to look again.
func (r *Reconciler[T]) publish(ctx context.Context, s *scope[T], o *outcome.Outcome) (ctrl.Result, error) {
	if s.deleting() && !hasFinalizer(s.obj) {
		return ctrl.Result{}, nil // let go: there may be nothing left to write to
	}
	r.unwatchUnused(s)
	if o == nil || o.Kind == outcome.KindDone {
		r.forgetRefusals(s)
	}
	if o != nil && o.Kind == outcome.KindStall && !s.observed {
		r.clearBusy(s)
	}
	if s.recorded {
		var cancel context.CancelFunc
		ctx, cancel = ledger.Storing(ctx)
		defer cancel()
	}
	o, err := r.hideSecrets(ctx, s, o)
	if err != nil {
		return ctrl.Result{}, err
	}
	result, err := r.Publisher.Publish(ctx, s.subject(), status.Report{
		Outcome: r.adviseRetain(s, o), Facts: s.facts, ReadyReason: s.readyReason, ReadyMessage: s.readyMessage,
	})
	if err == nil && s.adopted() && !s.deleting() {
		if o := r.markWritten(ctx, s); o != nil { // of what was taken over without a write
			return r.Publisher.Result(o)
		}
	}
	if err == nil && s.again > 0 && (result.RequeueAfter == 0 || result.RequeueAfter > s.again) {
		result.RequeueAfter = s.again
	}
	return result, err
}

// adviseRetain adds to what may keep a deletion from ending for ever what always ends it. Without that a person might wait for what never comes.
func (r *Reconciler[T]) adviseRetain(s *scope[T], o *outcome.Outcome) *outcome.Outcome {
	const advice = "deletionPolicy: Retain"
	if o == nil || !s.deleting() || s.stays() || strings.Contains(o.Message, advice) {
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
var mayLastForEver = []string{
	v1alpha1.ReasonSuspended, v1alpha1.ReasonReferenceNotFound, v1alpha1.ReasonTakesTooLong, v1alpha1.ReasonKeyVaultDenied,
	v1alpha1.ReasonInsufficientCapacity, v1alpha1.ReasonPortsInUse,
}

// hideSecrets takes the object's secrets out of what is about to be published: Azure, and what runs there, repeat what they were given. A script prints
// its parameters, a refusal quotes the licence key. Nothing is read while nothing new is said.
func (r *Reconciler[T]) hideSecrets(ctx context.Context, s *scope[T], o *outcome.Outcome) (*outcome.Outcome, error) {
	refs, values := r.confidential(s)
	if len(refs)+len(values) == 0 || !r.saysMore(s, o) {
		return o, nil
	}
	known := true
	for _, ref := range refs {
		if strings.HasSuffix(ref.Path, "/username") {
			continue // it is no secret, and often a word that stands everywhere
		}
		text, problem := r.secretText(ctx, s, ref)
		if problem != nil {
			known = known && ref.Once && s.stat().ProvisioningState == "Succeeded" // gone, or not permitted: what it was cannot be told from what is said
			continue
		}
		values = append(values, text)
	}
	said := redact.New(values, known, s.before)
	if o != nil {
		changed := *o
		changed.Message = said.Message(o.Message)
		if o.Err != nil && changed.Message != o.Message {
			changed.Err = fmt.Errorf("%s", changed.Message)
		}
		o = &changed
	}
	for i := range s.facts {
		s.facts[i].Message = said.Fact(s.facts[i].Message)
	}
	s.readyMessage = said.Message(s.readyMessage)
	return o, said.Status(s.obj)
}

// confidential lists what must not be shown: where it is, or the values themselves.
func (r *Reconciler[T]) confidential(s *scope[T]) (refs []kind.SecretValue, values []string) {
	switch {
	case r.kind.Confidential != nil:
		return r.kind.Confidential(s.obj, s.actual)
	case r.kind.Secrets != nil:
		return r.kind.Secrets(s.obj), nil
	}
	return nil, nil
}

// saysMore says that the object is about to say something that it does not say yet.
func (r *Reconciler[T]) saysMore(s *scope[T], o *outcome.Outcome) bool {
	if !equality.Semantic.DeepEqual(s.before.AzureStatus(), s.obj.AzureStatus()) || !equality.Semantic.DeepEqual(any(s.before), any(s.obj)) {
		return true
	}
	ready := meta.FindStatusCondition(s.stat().Conditions, v1alpha1.ConditionReady)
	return o != nil && (ready == nil || ready.Message != o.Message)
}

// unwatchUnused ends the watching of what this reconcile, which got as far as looking, did not look at.
func (r *Reconciler[T]) unwatchUnused(s *scope[T]) {
	if !s.observed || s.client == nil {
		return
	}
	own := recall.ResourceKey(s.client.Principal(), s.id)
	r.memory.Drop(client.ObjectKeyFromObject(s.obj), func(what string) bool { return what == own || s.used[what] })
}
