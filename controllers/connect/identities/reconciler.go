// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package identities makes ARM clients of AzureIdentities. Both halves of the operator use it, so one identity has one client, one limiter and one memory
// of refused logins, however many objects use it.
package identities

import (
	"context"
	"fmt"
	"sync"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/arm"
	"github.com/avs-operator/avs-operator/controllers/connect/rulings"
	"github.com/avs-operator/avs-operator/controllers/connect/secrets"
	"github.com/avs-operator/avs-operator/controllers/fair"
	"github.com/avs-operator/avs-operator/controllers/outcome"
	"github.com/avs-operator/avs-operator/controllers/status"
	"github.com/avs-operator/avs-operator/controllers/watch"
)

// +kubebuilder:rbac:groups=avs-operator.io,resources=azureidentities,verbs=get;list;watch
// +kubebuilder:rbac:groups=avs-operator.io,resources=azureidentities/status,verbs=get;patch
// +kubebuilder:rbac:groups=events.k8s.io,resources=events,verbs=create;patch

// Reconciler asks Entra ID and ARM whether they accept an AzureIdentity, once for each change of it or of its credential, and says
// so in its status.
type Reconciler struct {
	Client    client.Client
	Azure     *Clients
	Publisher *status.Publisher
	// NeededBy names what must still be deleted in Azure with an identity.
	NeededBy func(ctx context.Context, identity types.NamespacedName) ([]string, error)

	mu       sync.Mutex
	verified map[types.NamespacedName]verification
}

// verification is who was accepted last, and what for. Being woken because an object that uses the identity is gone is no reason to ask again.
type verification struct {
	client       *arm.Client // another one as soon as the spec or a value that it refers to has changed
	requested    string
	subscription string
}

// Workers look at identities at once; one namespace holds a few of them.
const (
	workers     = 8
	ofNamespace = 3
)

// SetupWithManager registers the reconciler, its watches included.
func (r *Reconciler) SetupWithManager(mgr ctrl.Manager) error {
	users := func(kind string) handler.EventHandler {
		return handler.EnqueueRequestsFromMapFunc(func(ctx context.Context, o client.Object) []reconcile.Request {
			return secrets.OrHolder(r.identitiesUsing(ctx, secrets.Object{Kind: kind, Name: o.GetName()}, o.GetNamespace()), o, v1alpha1.FinalizerInUse)
		})
	}
	queue := fair.New(r, ofNamespace)
	return ctrl.NewControllerManagedBy(mgr).Named("azureidentity").
		For(&v1alpha1.AzureIdentity{},
			builder.WithPredicates(predicate.Or(predicate.GenerationChangedPredicate{}, predicate.AnnotationChangedPredicate{}, secrets.FinalizersChanged))).
		WatchesMetadata(&corev1.Secret{}, users("Secret")).
		WatchesMetadata(&corev1.ConfigMap{}, users("ConfigMap")).
		WatchesRawSource(watch.Source(r.Azure.Touched, func(touched types.NamespacedName) []types.NamespacedName { return []types.NamespacedName{touched} })).
		WatchesRawSource(r.Publisher.Freeze.Wakes(mgr.GetClient(), &v1alpha1.AzureIdentityList{})).
		WatchesRawSource(queue.Source()).
		WithOptions(controller.Options{MaxConcurrentReconciles: workers}).
		Complete(queue)
}

// identitiesUsing lists the identities of a namespace that refer to the object.
func (r *Reconciler) identitiesUsing(ctx context.Context, used secrets.Object, namespace string) []reconcile.Request {
	list := &v1alpha1.AzureIdentityList{}
	if err := r.Client.List(ctx, list, client.InNamespace(namespace)); err != nil {
		return nil // the cache is not there yet; its first list reconciles them all
	}
	var out []reconcile.Request
	for i := range list.Items {
		if secrets.RefersTo(usedBy(&list.Items[i]), used) {
			out = append(out, reconcile.Request{NamespacedName: client.ObjectKeyFromObject(&list.Items[i])})
		}
	}
	return out
}

// Reconcile looks at one identity.
func (r *Reconciler) Reconcile(ctx context.Context, request ctrl.Request) (ctrl.Result, error) {
	identity := &v1alpha1.AzureIdentity{}
	if request.Name == "" { // something is held for an identity that nobody knows of
		return r.Publisher.Result(r.letGo(ctx, request.Namespace))
	}
	if err := r.Client.Get(ctx, request.NamespacedName, identity); apierrors.IsNotFound(err) {
		r.forget(request.NamespacedName)
		return r.Publisher.Result(r.letGo(ctx, request.Namespace))
	} else if err != nil {
		return ctrl.Result{}, err
	}
	o := r.hold(ctx, identity)
	if !identity.DeletionTimestamp.IsZero() && !Held(identity) {
		r.forget(request.NamespacedName)
		return ctrl.Result{}, nil
	}
	before := identity.DeepCopy()
	identity.Status.LastHandledReconcileAt = identity.Annotations[v1alpha1.AnnotationReconcileRequestedAt]
	var subscription string
	if o == nil {
		subscription, o = r.verify(ctx, identity)
	}
	report := status.Report{Outcome: o}
	if o == nil {
		identity.Status.SubscriptionName = subscription
		report.ReadyMessage = fmt.Sprintf("Entra ID accepts the identity, and it sees subscription %s", identity.Spec.SubscriptionID)
		report.Facts = []status.Fact{
			{Condition: v1alpha1.ConditionCredentialsReady, Status: metav1.ConditionTrue, Reason: v1alpha1.ReasonReady, Message: "the credential was accepted"},
			{Condition: v1alpha1.ConditionReferencesReady, Status: metav1.ConditionTrue, Reason: v1alpha1.ReasonReady, Message: "everything it refers to is there"},
		}
	}
	return r.Publisher.Publish(ctx, status.Subject{
		Before: before, Object: identity, Conditions: &identity.Status.Conditions, ObservedGeneration: &identity.Status.ObservedGeneration,
	}, report)
}

// forget drops what is kept for an identity that is gone, its client with the secret above all.
func (r *Reconciler) forget(key types.NamespacedName) {
	r.Azure.Forget(key)
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.verified, key)
}

// verify reads the subscription: the smallest question that needs a token that Entra ID gives and rights that ARM accepts.
func (r *Reconciler) verify(ctx context.Context, identity *v1alpha1.AzureIdentity) (string, *outcome.Outcome) {
	c, o := r.Azure.ClientOf(ctx, identity)
	if o != nil {
		return "", o
	}
	requested := identity.Annotations[v1alpha1.AnnotationReconcileRequestedAt]
	r.mu.Lock()
	last := r.verified[client.ObjectKeyFromObject(identity)]
	r.mu.Unlock()
	if last.client == c && last.requested == requested {
		return last.subscription, nil
	}
	var subscription struct {
		DisplayName string `json:"displayName"`
		State       string `json:"state"`
	}
	err := c.GetPath(ctx, "/subscriptions/"+identity.Spec.SubscriptionID, "2022-12-01", &subscription)
	switch {
	case err == nil:
		r.mu.Lock()
		defer r.mu.Unlock()
		if r.verified == nil {
			r.verified = map[types.NamespacedName]verification{}
		}
		r.verified[client.ObjectKeyFromObject(identity)] = verification{client: c, requested: requested, subscription: subscription.DisplayName}
		return subscription.DisplayName, nil
	case apierrors.IsNotFound(err): // the ServiceAccount of a federated identity
		return "", secrets.Missing("%s", err)
	}
	return "", rulings.OfAzure(err)
}
