// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package azure

import (
	"context"
	"fmt"
	"strings"
	"sync"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/arm"
	"github.com/avs-operator/avs-operator/controllers/connect"
	"github.com/avs-operator/avs-operator/controllers/watch"
)

// +kubebuilder:rbac:groups="",resources=namespaces,resourceNames=kube-system,verbs=get

// workers reconcile one kind at once. None of them ever waits for Azure longer than one exchange takes.
const workers = 8

// Setup registers the reconciler of one kind with the manager.
func Setup[T Object](mgr ctrl.Manager, shared *Shared, kind Kind[T]) error {
	r := &Reconciler[T]{Shared: shared, kind: kind, traits: kind.Traits()}
	if shared.seats == nil {
		shared.seats = &seats{shared: shared}
	}
	shared.seats.add(r)
	if err := mgr.GetFieldIndexer().IndexField(context.Background(), kind.New(), azureIDIndex, indexAzureID); err != nil {
		return fmt.Errorf("index %s by ARM id: %w", r.traits.Name, err)
	}
	b := ctrl.NewControllerManagedBy(mgr).Named(strings.ToLower(r.traits.Name)).
		WithOptions(controller.Options{MaxConcurrentReconciles: workers}).
		For(kind.New(), builder.WithPredicates(predicate.Or(predicate.GenerationChangedPredicate{}, predicate.AnnotationChangedPredicate{}))).
		WatchesRawSource(watch.Source(shared.Watcher.Subscribe, r.changed)).
		WatchesRawSource(watch.Source(shared.Lanes.OnFree, r.called)).
		Watches(&v1alpha1.AzureIdentity{}, handler.EnqueueRequestsFromMapFunc(r.usersOfIdentity))
	if _, child := kind.(Child[T]); child {
		b = b.Watches(&v1alpha1.PrivateCloud{}, handler.EnqueueRequestsFromMapFunc(r.childrenOf))
	}
	if _, exporter := kind.(Exporter[T]); exporter {
		b = b.WatchesMetadata(&corev1.Secret{}, handler.EnqueueRequestForOwner(mgr.GetScheme(), mgr.GetRESTMapper(), kind.New(), handler.OnlyControllerOwner()),
			builder.WithPredicates(notCreated))
	}
	return b.Complete(r)
}

// notCreated drops the creation of a Secret of ours: we know.
var notCreated = predicate.Funcs{CreateFunc: func(event.CreateEvent) bool { return false }}

func indexAzureID(object client.Object) []string {
	if id := object.GetAnnotations()[v1alpha1.AnnotationAzureID]; id != "" {
		return []string{strings.ToLower(id)}
	}
	return nil
}

// changed names the objects that a change in Azure is about.
func (r *Reconciler[T]) changed(change arm.Change) []types.NamespacedName {
	var out []types.NamespacedName
	r.memory.mu.Lock()
	defer r.memory.mu.Unlock()
	exact := change.Principal + " " + change.ID.Key()
	whole := change.Principal + " " + change.Collection.Key() + "/"
	for key, m := range r.memory.objects {
		if change.ID != "" && m.watched == exact || change.ID == "" && strings.HasPrefix(m.watched, whole) {
			out = append(out, key)
		}
	}
	return out
}

// called names the object whose turn it is in a lane.
func (r *Reconciler[T]) called(holder string) []types.NamespacedName {
	if key, ok := r.objectOf(holder); ok {
		return []types.NamespacedName{key}
	}
	return nil
}

// usersOfIdentity wakes what may wait for an identity: everything of this kind in its namespace that is not ready.
func (r *Reconciler[T]) usersOfIdentity(ctx context.Context, identity client.Object) []reconcile.Request {
	return r.requests(ctx, func(o Object) bool { return o.GetNamespace() == identity.GetNamespace() }, client.InNamespace(identity.GetNamespace()))
}

// childrenOf wakes what is in a private cloud.
func (r *Reconciler[T]) childrenOf(ctx context.Context, cloud client.Object) []reconcile.Request {
	return r.requests(ctx, func(o Object) bool { return r.isIn(o, client.ObjectKeyFromObject(cloud)) }, client.InNamespace(cloud.GetNamespace()))
}

func (r *Reconciler[T]) isIn(object Object, cloud types.NamespacedName) bool {
	child, ok := r.kind.(Child[T])
	typed, is := object.(T)
	return ok && is && object.GetNamespace() == cloud.Namespace && child.PrivateCloudRef(typed).Name == cloud.Name
}

func (r *Reconciler[T]) requests(ctx context.Context, which func(Object) bool, options ...client.ListOption) []reconcile.Request {
	objects, err := r.list(ctx, r.Client, options...)
	if err != nil {
		return nil // the cache is not there yet; its first list reconciles them all
	}
	var out []reconcile.Request
	for _, object := range objects {
		if which(object) {
			out = append(out, reconcile.Request{NamespacedName: client.ObjectKeyFromObject(object)})
		}
	}
	return out
}

// seats knows the reconcilers of all kinds. Before the first of them works, every stored operation takes its seat in the lanes, so that
// a new leader does not begin what the old one's operation would collide with.
type seats struct {
	shared *Shared
	kinds  []seatable

	mu   sync.Mutex
	done bool
}

type seatable interface {
	seat(ctx context.Context) error
	inCloud(ctx context.Context, cloud types.NamespacedName) ([]string, error)
	deletable(ctx context.Context, identity types.NamespacedName) ([]string, error)
}

func (s *seats) add(kind seatable) { s.kinds = append(s.kinds, kind) }

// once seats every stored operation, the first time that it works.
func (s *seats) once(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.done {
		return nil
	}
	for _, kind := range s.kinds {
		if err := kind.seat(ctx); err != nil {
			return fmt.Errorf("seating stored operations: %w", err)
		}
	}
	s.done = true
	return nil
}

func (r *Reconciler[T]) seat(ctx context.Context) error {
	objects, err := r.list(ctx, r.Client)
	if err != nil {
		return err
	}
	for _, object := range objects {
		if id := object.GetAnnotations()[v1alpha1.AnnotationAzureID]; id != "" && object.AzureStatus().Operation != nil {
			r.Lanes.Seat(cloudKey(arm.ID(id)), r.traits.Lane, r.holder(client.ObjectKeyFromObject(object)))
		}
	}
	return nil
}

// NeededBy names the objects that must still be deleted in Azure with an identity.
func (s *Shared) NeededBy(ctx context.Context, identity types.NamespacedName) ([]string, error) {
	if s.seats == nil {
		return nil, nil
	}
	var out []string
	for _, kind := range s.seats.kinds {
		names, err := kind.deletable(ctx, identity)
		if err != nil {
			return nil, err
		}
		out = append(out, names...)
	}
	return out, nil
}

func (r *Reconciler[T]) deletable(ctx context.Context, identity types.NamespacedName) ([]string, error) {
	objects, err := r.list(ctx, r.Client, client.InNamespace(identity.Namespace))
	if err != nil {
		return nil, err
	}
	var out []string
	for _, object := range objects {
		e := r.effective(object.AzureSpec())
		if !hasFinalizer(object) || e.ManagementPolicy == v1alpha1.ManagementPolicyObserve || e.DeletionPolicy == v1alpha1.DeletionPolicyRetain {
			continue
		}
		name, err := r.identityOf(ctx, object)
		if err != nil {
			return nil, err
		}
		if name == identity.Name {
			out = append(out, r.traits.Name+" "+object.GetName())
		}
	}
	return out, nil
}

// identityOf names the identity that an object acts with.
func (r *Reconciler[T]) identityOf(ctx context.Context, object Object) (string, error) {
	var ref *v1alpha1.ObjectReference
	if root, ok := r.kind.(Root[T]); ok {
		ref = root.IdentityRef(object.(T))
	} else {
		cloud := &v1alpha1.PrivateCloud{}
		key := types.NamespacedName{Namespace: object.GetNamespace(), Name: r.kind.(Child[T]).PrivateCloudRef(object.(T)).Name}
		if err := r.Client.Get(ctx, key, cloud); err != nil {
			return "", client.IgnoreNotFound(err)
		}
		ref = cloud.Spec.IdentityRef
	}
	if ref == nil {
		return connect.DefaultIdentity, nil
	}
	return ref.Name, nil
}

// childrenOf names all objects that refer to a private cloud.
func (s *seats) childrenOf(ctx context.Context, cloud types.NamespacedName) ([]string, error) {
	var out []string
	for _, kind := range s.kinds {
		names, err := kind.inCloud(ctx, cloud)
		if err != nil {
			return nil, err
		}
		out = append(out, names...)
	}
	return out, nil
}

func (r *Reconciler[T]) inCloud(ctx context.Context, cloud types.NamespacedName) ([]string, error) {
	objects, err := r.list(ctx, r.Client, client.InNamespace(cloud.Namespace))
	if err != nil {
		return nil, err
	}
	var out []string
	for _, object := range objects {
		if r.isIn(object, cloud) {
			out = append(out, r.traits.Name+" "+object.GetName())
		}
	}
	return out, nil
}
