// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package azure

import (
	"context"
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
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
	"github.com/avs-operator/avs-operator/controllers/azure/hostlimit"
	"github.com/avs-operator/avs-operator/controllers/azure/kind"
	"github.com/avs-operator/avs-operator/controllers/azure/recall"
	"github.com/avs-operator/avs-operator/controllers/azure/tree"
	"github.com/avs-operator/avs-operator/controllers/connect/identities"
	"github.com/avs-operator/avs-operator/controllers/fair"
	"github.com/avs-operator/avs-operator/controllers/watch"
)

// +kubebuilder:rbac:groups="",resources=namespaces,resourceNames=kube-system,verbs=get

// workers reconcile one kind at once, and half of them at most one namespace: none waits for Azure longer than one exchange takes, but that may be
// long where a user chose the host.
const (
	workers     = 16
	ofNamespace = 8
)

// Setup registers the reconciler of one kind with the manager.
func Setup[T kind.Object](mgr ctrl.Manager, shared *Shared, k *kind.Kind[T]) error {
	r := &Reconciler[T]{Shared: shared, kind: *k}
	if shared.seats == nil {
		shared.seats = &seats{shared: shared}
		shared.hosts = &hostlimit.Limit{Live: shared.Live, Owner: shared.Owner}
	}
	shared.seats.add(r)
	if k.Hosts != nil {
		shared.hosts.Kinds = append(shared.hosts.Kinds,
			hostlimit.Kind{List: func(ctx context.Context) ([]kind.Object, error) { return r.list(ctx, r.Live) }, Cloud: r.cloudOf})
	}
	if err := mgr.GetFieldIndexer().IndexField(context.Background(), k.New(), azureIDIndex, indexAzureID); err != nil {
		return fmt.Errorf("index %s by ARM id: %w", r.kind.Name, err)
	}
	list, err := newList(mgr.GetClient(), k.New())
	if err != nil {
		return fmt.Errorf("list %s: %w", r.kind.Name, err)
	}
	b := ctrl.NewControllerManagedBy(mgr).Named(strings.ToLower(r.kind.Name)).
		WithOptions(controller.Options{MaxConcurrentReconciles: workers}).
		For(k.New(), builder.WithPredicates(predicate.Or(predicate.GenerationChangedPredicate{}, predicate.AnnotationChangedPredicate{}))).
		WatchesRawSource(watch.Source(shared.Watcher.Subscribe, r.changed)).
		WatchesRawSource(watch.Source(shared.Lanes.OnFree, r.called)).
		WatchesRawSource(shared.Publisher.Freeze.Wakes(mgr.GetClient(), list)).
		Watches(&v1alpha1.AzureIdentity{}, handler.EnqueueRequestsFromMapFunc(r.usersOfIdentity)).
		WatchesRawSource(watch.Source(shared.Azure.Renewed, r.renewed))
	if k.Parent != nil {
		if err := mgr.GetFieldIndexer().IndexField(context.Background(), k.New(), parentIndex, r.below); err != nil {
			return fmt.Errorf("index %s by parent: %w", r.kind.Name, err)
		}
		b = b.Watches(&v1alpha1.PrivateCloud{}, handler.EnqueueRequestsFromMapFunc(r.childrenOfCloud), builder.WithPredicates(tree.ParentChanged))
	}
	if k.Links != nil {
		if err := mgr.GetFieldIndexer().IndexField(context.Background(), k.New(), linkIndex, r.links); err != nil {
			return fmt.Errorf("index %s by the other private clouds: %w", r.kind.Name, err)
		}
		b = b.Watches(&v1alpha1.PrivateCloud{}, handler.EnqueueRequestsFromMapFunc(r.linkedTo), builder.WithPredicates(tree.ParentChanged))
	}
	for _, other := range k.Follows {
		b = b.Watches(other, handler.EnqueueRequestsFromMapFunc(r.every), builder.WithPredicates(tree.ParentChanged))
	}
	if r.kind.InCluster {
		b = b.Watches(&v1alpha1.Cluster{}, handler.EnqueueRequestsFromMapFunc(r.childrenOfCluster), builder.WithPredicates(tree.ParentChanged))
	}
	if k.Export != nil {
		b = b.WatchesMetadata(&corev1.Secret{}, handler.EnqueueRequestForOwner(mgr.GetScheme(), mgr.GetRESTMapper(), k.New(), handler.OnlyControllerOwner()),
			builder.WithPredicates(notCreated))
	}
	if k.Export != nil && k.Export.Outdated != nil {
		b = b.WatchesRawSource(watch.Source(shared.VCenters.AccountsChanged, r.outdated))
	}
	if k.Secrets != nil {
		if err := mgr.GetFieldIndexer().IndexField(context.Background(), k.New(), secretIndex, r.secretsOf); err != nil {
			return fmt.Errorf("index %s by Secret: %w", r.kind.Name, err)
		}
		b = b.WatchesMetadata(&corev1.Secret{}, handler.EnqueueRequestsFromMapFunc(r.usersOfSecret))
	}
	queue := fair.New(r, ofNamespace)
	return b.WatchesRawSource(queue.Source()).Complete(queue)
}

// cloudOf is the PrivateCloud that an object of a kind with hosts is or is in.
func (r *Reconciler[T]) cloudOf(object kind.Object) types.NamespacedName {
	if r.kind.Parent != nil {
		if parent := r.kind.Parent(object.(T)).PrivateCloud; parent != nil {
			return tree.KeyOf(object.GetNamespace(), *parent)
		}
	}
	return client.ObjectKeyFromObject(object)
}

// notCreated drops the creation of a Secret of ours: we know.
var notCreated = predicate.Funcs{CreateFunc: func(event.CreateEvent) bool { return false }}

// changed names the objects that a change in Azure is about.
func (r *Reconciler[T]) changed(change arm.Change) []types.NamespacedName {
	users := r.memory.UsersOf(change)
	if cloud := cloudOfChange(change); cloud != "" {
		users = append(users, r.memory.NoteChange(cloud)...)
	}
	return users
}

// every wakes all objects of the kind.
func (r *Reconciler[T]) every(ctx context.Context, _ client.Object) []reconcile.Request {
	objects, err := r.list(ctx, r.Client)
	if err != nil {
		return nil // the cache is not there yet; its first list reconciles them all
	}
	return requestsFor(objects)
}

// outdated names the object of a private cloud of which Azure has given other accounts than before, and has it look into its Secret again.
func (r *Reconciler[T]) outdated(id arm.ID) (out []types.NamespacedName) {
	objects, err := r.list(context.Background(), r.Client, client.MatchingFields{azureIDIndex: id.Key()})
	if err != nil {
		return nil // the cache is not there yet; its first list reconciles them all
	}
	for _, object := range objects {
		key := client.ObjectKeyFromObject(object)
		r.memory.Do(key, func(m *recall.Object) { m.Doubts++ })
		out = append(out, key)
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

// renewed names the users of an identity that has another credential: what was refused to the former one is asked again.
func (r *Reconciler[T]) renewed(identity types.NamespacedName) (out []types.NamespacedName) {
	for _, user := range r.usersOf(context.Background(), identity) {
		out = append(out, user.NamespacedName)
	}
	return out
}

func (r *Reconciler[T]) usersOfIdentity(ctx context.Context, identity client.Object) []reconcile.Request {
	return r.usersOf(ctx, client.ObjectKeyFromObject(identity))
}

// usersOf are what may wait for an identity: private clouds of its namespace, and what is in them, wherever that is.
func (r *Reconciler[T]) usersOf(ctx context.Context, identity types.NamespacedName) []reconcile.Request {
	clouds := &v1alpha1.PrivateCloudList{}
	if err := r.Client.List(ctx, clouds, client.InNamespace(identity.Namespace)); err != nil {
		return nil // the cache is not there yet; its first list reconciles them all
	}
	var out []reconcile.Request
	for i := range clouds.Items {
		cloud := &clouds.Items[i]
		switch {
		case identities.Name(cloud.Spec.IdentityRef) != identity.Name:
		case r.kind.Root != nil:
			out = append(out, reconcile.Request{NamespacedName: client.ObjectKeyFromObject(cloud)})
		default:
			out = append(out, r.childrenOfCloud(ctx, cloud)...)
		}
	}
	return out
}

// linkedTo wakes what refers to a private cloud that it does not stand in.
func (r *Reconciler[T]) linkedTo(ctx context.Context, cloud client.Object) []reconcile.Request {
	objects, err := r.list(ctx, r.Client, client.MatchingFields{linkIndex: client.ObjectKeyFromObject(cloud).String()})
	if err != nil {
		return nil // the cache is not there yet; its first list reconciles them all
	}
	return requestsFor(objects)
}

// childrenOfCloud wakes what is in a private cloud.
func (r *Reconciler[T]) childrenOfCloud(ctx context.Context, cloud client.Object) []reconcile.Request {
	objects, err := r.inCloud(ctx, cloud)
	if err != nil {
		return nil // the cache is not there yet; its first list reconciles them all
	}
	return requestsFor(objects)
}

// childrenOfCluster wakes what stands below a cluster.
func (r *Reconciler[T]) childrenOfCluster(ctx context.Context, cluster client.Object) []reconcile.Request {
	objects, err := r.list(ctx, r.Client, client.MatchingFields{parentIndex: "Cluster/" + client.ObjectKeyFromObject(cluster).String()})
	if err != nil {
		return nil
	}
	return requestsFor(objects)
}

// usersOfSecret wakes what refers to a Secret.
func (r *Reconciler[T]) usersOfSecret(ctx context.Context, secret client.Object) []reconcile.Request {
	names := []string{secret.GetName()}
	if writer := metav1.GetControllerOf(secret); writer != nil {
		names = append(names, writes(writer.Kind, writer.Name))
	}
	var out []reconcile.Request
	for _, name := range names {
		objects, err := r.list(ctx, r.Client, client.InNamespace(secret.GetNamespace()), client.MatchingFields{secretIndex: name})
		if err != nil {
			return nil // the cache is not there yet; its first list reconciles them all
		}
		out = append(out, requestsFor(objects)...)
	}
	return out
}
