// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package machine

import (
	"context"
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/types"
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
	"github.com/avs-operator/avs-operator/controllers/vcenter"
	"github.com/avs-operator/avs-operator/controllers/watch"
)

// Indexes of the cache over VirtualMachineMoves.
const (
	indexIdentity = "identity" // source vCenter and machine: who claims a machine
	indexMachine  = "machine"  // instance UUID, lower case: whom a machine's change concerns
	indexTask     = "task"     // reference of the task on record
	indexVCenter  = "vcenter"  // namespace/name of either vCenter, of moves that are not over
)

// SetupWithManager registers the reconciler with its indexes and watches. turns wakes machines whose turn has come.
func (r *Reconciler) SetupWithManager(mgr ctrl.Manager, turns source.Source) error {
	for name, of := range map[string]func(*v1alpha1.VirtualMachineMove) []string{
		indexIdentity: func(m *v1alpha1.VirtualMachineMove) []string { return []string{identityOf(m)} },
		indexMachine: func(m *v1alpha1.VirtualMachineMove) []string {
			return []string{strings.ToLower(m.Spec.Machine.InstanceUUID)}
		},
		indexTask:    taskOf,
		indexVCenter: vcentersOf,
	} {
		err := mgr.GetFieldIndexer().IndexField(context.Background(), &v1alpha1.VirtualMachineMove{}, name, func(o client.Object) []string {
			return of(o.(*v1alpha1.VirtualMachineMove))
		})
		if err != nil {
			return fmt.Errorf("indexing VirtualMachineMoves by %s: %w", name, err)
		}
	}
	workers := max(r.Workers, 16)
	queue := fair.New(r, workers)
	return ctrl.NewControllerManagedBy(mgr).Named("virtualmachinemove").
		WithOptions(controller.Options{MaxConcurrentReconciles: 2 * workers}).
		For(&v1alpha1.VirtualMachineMove{}).
		Watches(&v1alpha1.VirtualMachineMove{}, handler.EnqueueRequestsFromMapFunc(r.rivals), builder.WithPredicates(letsGo())).
		Watches(&v1alpha1.WorkloadMove{}, handler.EnqueueRequestsFromMapFunc(r.children), builder.WithPredicates(wantsOtherwise())).
		WatchesRawSource(watch.Source(r.VCenters.Subscribe, r.concerned)).
		WatchesRawSource(turns).
		WatchesRawSource(r.Publisher.Freeze.Wakes(mgr.GetClient(), &v1alpha1.VirtualMachineMoveList{})).
		WatchesRawSource(queue.Source()).
		Complete(queue)
}

func taskOf(m *v1alpha1.VirtualMachineMove) []string {
	if m.Status.Task == nil || m.Status.Task.Ref == "" {
		return nil
	}
	return []string{m.Status.Task.Ref}
}

func vcentersOf(m *v1alpha1.VirtualMachineMove) []string {
	if m.Status.Step.Over() {
		return nil
	}
	return []string{m.Namespace + "/" + m.Spec.Source.VCenterRef.Name, m.Namespace + "/" + m.Spec.Target.VCenterRef.Name}
}

// letsGo passes the events by which a move may let go of its machine.
func letsGo() predicate.Predicate {
	return predicate.Funcs{
		CreateFunc: func(event.CreateEvent) bool { return false },
		UpdateFunc: func(e event.UpdateEvent) bool {
			was, ok1 := e.ObjectOld.(*v1alpha1.VirtualMachineMove)
			is, ok2 := e.ObjectNew.(*v1alpha1.VirtualMachineMove)
			return ok1 && ok2 && !was.Status.Step.Over() && is.Status.Step.Over()
		},
	}
}

// wantsOtherwise passes the events by which a WorkloadMove may want something else of its machines, or has planned them anew.
func wantsOtherwise() predicate.Predicate {
	return predicate.Funcs{UpdateFunc: func(e event.UpdateEvent) bool {
		was, ok1 := e.ObjectOld.(*v1alpha1.WorkloadMove)
		is, ok2 := e.ObjectNew.(*v1alpha1.WorkloadMove)
		return ok1 && ok2 && (was.Generation != is.Generation || was.Status.ObservedGeneration != is.Status.ObservedGeneration)
	}}
}

// rivals are the other moves of the same machine.
func (r *Reconciler) rivals(ctx context.Context, o client.Object) []reconcile.Request {
	gone, ok := o.(*v1alpha1.VirtualMachineMove)
	if !ok {
		return nil
	}
	var out []reconcile.Request
	for _, name := range r.by(ctx, indexIdentity, identityOf(gone)) {
		if name != client.ObjectKeyFromObject(gone) {
			out = append(out, reconcile.Request{NamespacedName: name})
		}
	}
	return out
}

// children are the machines of a workload.
func (r *Reconciler) children(ctx context.Context, o client.Object) []reconcile.Request {
	list := &v1alpha1.VirtualMachineMoveList{}
	if err := r.Client.List(ctx, list, client.InNamespace(o.GetNamespace()), client.MatchingLabels{v1alpha1.LabelMove: o.GetName()}); err != nil {
		return nil // the cache is not there yet; its first list reconciles them all
	}
	var out []reconcile.Request
	for i := range list.Items {
		if !list.Items[i].Status.Step.Over() {
			out = append(out, reconcile.Request{NamespacedName: client.ObjectKeyFromObject(&list.Items[i])})
		}
	}
	return out
}

// concerned are the moves that a change in a vCenter concerns.
func (r *Reconciler) concerned(change vcenters.Change) []types.NamespacedName {
	ctx := context.Background()
	switch change.Change.Kind {
	case vcenter.ChangeMachine:
		return r.by(ctx, indexMachine, strings.ToLower(change.Change.InstanceUUID))
	case vcenter.ChangeTask:
		return r.by(ctx, indexTask, change.Change.Ref)
	case vcenter.ChangeConnection:
		return r.by(ctx, indexVCenter, change.Namespace+"/"+change.Name)
	default:
		return nil
	}
}

// by lists unfinished moves by an index.
func (r *Reconciler) by(ctx context.Context, index, value string) []types.NamespacedName {
	list := &v1alpha1.VirtualMachineMoveList{}
	if value == "" || r.Client.List(ctx, list, client.MatchingFields{index: value}) != nil {
		return nil
	}
	var out []types.NamespacedName
	for i := range list.Items {
		if !list.Items[i].Status.Step.Over() {
			out = append(out, client.ObjectKeyFromObject(&list.Items[i]))
		}
	}
	return out
}
