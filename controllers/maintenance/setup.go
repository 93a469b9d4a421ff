// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package maintenance says when Microsoft may maintain a private cloud: it makes the windows of a MaintenancePolicy true.
package maintenance

import (
	"context"
	"fmt"
	"slices"

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
	"github.com/avs-operator/avs-operator/controllers/azure"
	"github.com/avs-operator/avs-operator/controllers/azure/lane"
	"github.com/avs-operator/avs-operator/controllers/azure/tree"
	"github.com/avs-operator/avs-operator/controllers/connect/identities"
	"github.com/avs-operator/avs-operator/controllers/fair"
	"github.com/avs-operator/avs-operator/controllers/watch"
)

// +kubebuilder:rbac:groups=avs-operator.io,resources=maintenancepolicies,verbs=get;list;watch;patch
// +kubebuilder:rbac:groups=avs-operator.io,resources=maintenancepolicies/status,verbs=get;patch

// cloudIndex finds policies by the private cloud that they are for: <namespace>/<name>.
const cloudIndex = "privateCloud"

// workers reconcile policies at once. None of them waits for Azure longer than one exchange takes.
const (
	workers     = 8
	ofNamespace = 4
)

// Setup registers the reconciler with the manager. The kinds have been set up before it.
func Setup(mgr ctrl.Manager, shared *azure.Shared) error {
	r := &Reconciler{Shared: shared}
	shared.SeatAlso(r.seat)
	if err := mgr.GetFieldIndexer().IndexField(context.Background(), &v1alpha1.MaintenancePolicy{}, cloudIndex, indexCloud); err != nil {
		return fmt.Errorf("index MaintenancePolicy by private cloud: %w", err)
	}
	queue := fair.New(r, ofNamespace)
	err := ctrl.NewControllerManagedBy(mgr).Named("maintenancepolicy").
		WithOptions(controller.Options{MaxConcurrentReconciles: workers}).
		For(&v1alpha1.MaintenancePolicy{}, builder.WithPredicates(predicate.Or(predicate.GenerationChangedPredicate{}, predicate.AnnotationChangedPredicate{}))).
		WatchesRawSource(watch.Source(shared.Watcher.Subscribe, r.changed)).
		WatchesRawSource(watch.Source(shared.Lanes.OnFree, called)).
		WatchesRawSource(shared.Publisher.Freeze.Wakes(mgr.GetClient(), &v1alpha1.MaintenancePolicyList{})).
		Watches(&v1alpha1.MaintenancePolicy{}, handler.EnqueueRequestsFromMapFunc(r.peers), builder.WithPredicates(predicate.GenerationChangedPredicate{})).
		Watches(&v1alpha1.PrivateCloud{}, handler.EnqueueRequestsFromMapFunc(r.policiesOf), builder.WithPredicates(tree.ParentChanged)).
		Watches(&v1alpha1.AzureIdentity{}, handler.EnqueueRequestsFromMapFunc(r.usersOfIdentity)).
		WatchesRawSource(queue.Source()).
		Complete(queue)
	if err != nil {
		return fmt.Errorf("setting up MaintenancePolicies: %w", err)
	}
	return nil
}

func indexCloud(object client.Object) []string {
	policy, ok := object.(*v1alpha1.MaintenancePolicy)
	if !ok {
		return nil
	}
	return []string{tree.KeyOf(policy.Namespace, policy.Spec.PrivateCloudRef).String()}
}

// seat puts the stored operations of policies into the lanes.
func (r *Reconciler) seat(ctx context.Context) error {
	list := &v1alpha1.MaintenancePolicyList{}
	if err := r.Client.List(ctx, list, client.UnsafeDisableDeepCopy); err != nil {
		return err
	}
	for i := range list.Items {
		if op := list.Items[i].Status.Operation; op != nil && op.Target != "" {
			r.Lanes.Seat(tree.CloudKey(arm.ID(op.Target)), lane.Light, holder(client.ObjectKeyFromObject(&list.Items[i])))
		}
	}
	return nil
}

// changed names the policies whose private cloud's maintenances changed.
func (r *Reconciler) changed(change arm.Change) []types.NamespacedName {
	what := change.Principal + " " + change.Collection.Key()
	var out []types.NamespacedName
	r.recall.each(func(key types.NamespacedName, m *policyRecall) {
		if m.watched == what {
			out = append(out, key)
		}
	})
	return out
}

// peers wakes every policy for the same private cloud: which of them is the oldest may have changed.
func (r *Reconciler) peers(ctx context.Context, object client.Object) []reconcile.Request {
	return slices.DeleteFunc(r.indexed(ctx, indexCloud(object)...), func(q reconcile.Request) bool {
		return q.NamespacedName == client.ObjectKeyFromObject(object)
	})
}

func (r *Reconciler) policiesOf(ctx context.Context, cloud client.Object) []reconcile.Request {
	return r.indexed(ctx, client.ObjectKeyFromObject(cloud).String())
}

// usersOfIdentity wakes the policies for private clouds that act with an identity.
func (r *Reconciler) usersOfIdentity(ctx context.Context, identity client.Object) []reconcile.Request {
	clouds := &v1alpha1.PrivateCloudList{}
	if err := r.Client.List(ctx, clouds, client.InNamespace(identity.GetNamespace()), client.UnsafeDisableDeepCopy); err != nil {
		return nil // the cache is not there yet; its first list reconciles them all
	}
	var out []reconcile.Request
	for i := range clouds.Items {
		if identities.Name(clouds.Items[i].Spec.IdentityRef) == identity.GetName() {
			out = append(out, r.policiesOf(ctx, &clouds.Items[i])...)
		}
	}
	return out
}

func (r *Reconciler) indexed(ctx context.Context, clouds ...string) []reconcile.Request {
	var out []reconcile.Request
	for _, cloud := range clouds {
		list := &v1alpha1.MaintenancePolicyList{}
		if err := r.Client.List(ctx, list, client.MatchingFields{cloudIndex: cloud}, client.UnsafeDisableDeepCopy); err != nil {
			return nil // the cache is not there yet; its first list reconciles them all
		}
		for i := range list.Items {
			out = append(out, reconcile.Request{NamespacedName: client.ObjectKeyFromObject(&list.Items[i])})
		}
	}
	return out
}
