// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package workload

import (
	"context"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/util/workqueue"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	"sigs.k8s.io/controller-runtime/pkg/source"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/connect/vcenters"
	"github.com/avs-operator/avs-operator/controllers/fair"
)

const (
	// interval is how often the progress of machines and changes of inventories are looked at, at most, in vCenter's time: thousands of
	// machines tell more than a status can be written for.
	interval = 15 * time.Second
	// intervalFloor is the same in real time, for when time is scaled.
	intervalFloor = 300 * time.Millisecond
)

// SetupWithManager registers the reconciler with its watches.
func (r *Reconciler) SetupWithManager(mgr ctrl.Manager) error {
	queue := fair.New(r, 4)
	return ctrl.NewControllerManagedBy(mgr).Named("workloadmove").
		WithOptions(controller.Options{MaxConcurrentReconciles: 8}).
		For(&v1alpha1.WorkloadMove{}, builder.WithPredicates(predicate.Or(predicate.GenerationChangedPredicate{}, predicate.AnnotationChangedPredicate{}))).
		Watches(&v1alpha1.VirtualMachineMove{}, r.delayed()).
		Watches(&v1alpha1.VCenter{}, handler.EnqueueRequestsFromMapFunc(r.users)).
		WatchesRawSource(r.inventories()).
		WatchesRawSource(r.Publisher.Freeze.Wakes(mgr.GetClient(), &v1alpha1.WorkloadMoveList{})).
		WatchesRawSource(queue.Source()).
		Complete(queue)
}

func (r *Reconciler) interval() time.Duration { return r.Pace.RealAtLeast(interval, intervalFloor) }

// delayed wakes the WorkloadMove of a VirtualMachineMove after an interval. Changes that come meanwhile are looked at together.
func (r *Reconciler) delayed() handler.EventHandler {
	type queue = workqueue.TypedRateLimitingInterface[reconcile.Request]
	wake := func(o client.Object, q queue) {
		if name := o.GetLabels()[v1alpha1.LabelMove]; name != "" {
			q.AddAfter(reconcile.Request{NamespacedName: types.NamespacedName{Namespace: o.GetNamespace(), Name: name}}, r.interval())
		}
	}
	return handler.Funcs{
		CreateFunc: func(_ context.Context, e event.CreateEvent, q queue) { wake(e.Object, q) },
		UpdateFunc: func(_ context.Context, e event.UpdateEvent, q queue) { wake(e.ObjectNew, q) },
		DeleteFunc: func(_ context.Context, e event.DeleteEvent, q queue) { wake(e.Object, q) },
	}
}

// users are the WorkloadMoves that use a VCenter.
func (r *Reconciler) users(ctx context.Context, o client.Object) []reconcile.Request {
	var out []reconcile.Request
	for _, name := range r.using(ctx, types.NamespacedName{Namespace: o.GetNamespace(), Name: o.GetName()}) {
		out = append(out, reconcile.Request{NamespacedName: name})
	}
	return out
}

// using lists the WorkloadMoves of a VCenter, of all VCenters if it has no name, that have not come to their end.
func (r *Reconciler) using(ctx context.Context, vc types.NamespacedName) []types.NamespacedName {
	list := &v1alpha1.WorkloadMoveList{}
	if err := r.Client.List(ctx, list, client.InNamespace(vc.Namespace), client.UnsafeDisableDeepCopy); err != nil {
		return nil // the cache is not there yet; its first list reconciles them all
	}
	var out []types.NamespacedName
	for i := range list.Items {
		m := &list.Items[i]
		uses := vc.Name == "" || m.Spec.Source.VCenterRef.Name == vc.Name || m.Spec.Target.VCenterRef.Name == vc.Name
		if uses && !isTrue(m.Status.Conditions, v1alpha1.ConditionComplete, m.Generation) {
			out = append(out, client.ObjectKeyFromObject(m))
		}
	}
	return out
}

// inventories wakes the WorkloadMoves of a vCenter in which something has changed, once an interval. The notifier is never held up.
func (r *Reconciler) inventories() source.Source {
	return source.Func(func(ctx context.Context, q workqueue.TypedRateLimitingInterface[reconcile.Request]) error {
		var mu sync.Mutex
		changed := map[types.NamespacedName]bool{}
		tell := func(vc types.NamespacedName) {
			mu.Lock()
			delete(changed, vc)
			mu.Unlock()
			if ctx.Err() != nil {
				return
			}
			for _, name := range r.using(ctx, vc) {
				q.Add(reconcile.Request{NamespacedName: name})
			}
		}
		cancel := r.VCenters.Subscribe(func(c vcenters.Change) {
			vc := types.NamespacedName{Namespace: c.Namespace, Name: c.Name}
			mu.Lock()
			defer mu.Unlock()
			if !changed[vc] {
				changed[vc] = true
				time.AfterFunc(r.interval(), func() { tell(vc) })
			}
		})
		context.AfterFunc(ctx, cancel)
		return nil
	})
}
