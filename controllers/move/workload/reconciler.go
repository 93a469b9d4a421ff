// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package workload plans a WorkloadMove, makes a VirtualMachineMove a machine, and counts how far they are.
package workload

import (
	"context"

	"k8s.io/apimachinery/pkg/types"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/connect/vcenters"
	"github.com/avs-operator/avs-operator/controllers/outcome"
	"github.com/avs-operator/avs-operator/controllers/status"
	"github.com/avs-operator/avs-operator/controllers/text"
)

// +kubebuilder:rbac:groups=avs-operator.io,resources=workloadmoves,verbs=get;list;watch;patch
// +kubebuilder:rbac:groups=avs-operator.io,resources=workloadmoves/status,verbs=get;patch
// +kubebuilder:rbac:groups=avs-operator.io,resources=workloadmoves/finalizers,verbs=update
// +kubebuilder:rbac:groups=avs-operator.io,resources=virtualmachinemoves,verbs=create;delete;get;list;watch

// Reconciler plans a WorkloadMove, makes one VirtualMachineMove a machine, and counts how far they are. Nothing is changed at any
// vCenter: only a VirtualMachineMove does that.
type Reconciler struct {
	// Client reads from the cache and writes.
	Client client.Client
	// Live reads from the API server itself, where a child that the cache does not show yet would be forgotten.
	Live      client.Reader
	VCenters  *vcenters.Pool
	Turns     Turns
	Publisher *status.Publisher
	Pace      outcome.Pace

	cache cache
}

// Turns takes machines out of the line that are not to start; dispatch.Dispatcher does.
type Turns interface {
	Forget(uid types.UID)
}

// steps are taken in order until one says something.
var steps = []func(*scope, context.Context) *outcome.Outcome{
	(*scope).listMachines,   // the VirtualMachineMoves that are there
	(*scope).delete,         // a deleted WorkloadMove goes once nothing runs
	(*scope).ended,          // a complete or cancelled one stays as it is until it is edited
	(*scope).connect,        // both vCenters
	(*scope).makePlan,       // what would happen
	(*scope).dropReplanned,  // VirtualMachineMoves that have not started follow the plan
	(*scope).createMachines, // VirtualMachineMoves that are missing are made
	(*scope).verdict,        // how far the machines are
}

// Reconcile looks at one WorkloadMove.
func (r *Reconciler) Reconcile(ctx context.Context, request ctrl.Request) (ctrl.Result, error) {
	workload := &v1alpha1.WorkloadMove{}
	if err := r.Client.Get(ctx, request.NamespacedName, workload); err != nil {
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	s := &scope{Reconciler: r, before: workload.DeepCopy(), workload: workload}
	s.begin()
	var o *outcome.Outcome
	for _, step := range steps {
		if o = step(s, ctx); o != nil {
			break
		}
	}
	if s.released {
		return ctrl.Result{}, nil
	}
	s.count()
	return r.Publisher.Publish(ctx, s.subject(), status.Report{Outcome: o, KeepReady: s.keepReady, Facts: s.conditions()})
}

// begin notes what is acted on, before any step.
func (s *scope) begin() {
	st := &s.workload.Status
	if st.ObservedGeneration != s.workload.Generation && s.workload.Spec.State != v1alpha1.MoveStateCancel {
		// Until the edit is planned, nothing may start by the plan before it.
		s.learn(v1alpha1.ConditionPlanned, false, v1alpha1.ReasonPlanning, "the WorkloadMove was edited and is not planned again yet")
	}
	st.State = stateOf(s.workload)
	s.dropSelection()
	if asked := s.workload.Annotations[v1alpha1.AnnotationReconcileRequestedAt]; asked != st.LastHandledReconcileAt {
		st.LastHandledReconcileAt = text.Cut(asked, 64)
		s.cache.forget(s.workload.UID)
	}
}

// requested says whether the user asks for another look.
func (s *scope) requested() bool {
	return s.before.Status.LastHandledReconcileAt != s.workload.Status.LastHandledReconcileAt
}

// ended leaves a WorkloadMove alone that has reached its end: without it, machines that match its selection by now would be planned into it.
func (s *scope) ended(context.Context) *outcome.Outcome {
	if s.workload.Spec.State == v1alpha1.MoveStateCancel {
		return s.verdictOfCancel()
	}
	if isTrue(s.before.Status.Conditions, v1alpha1.ConditionComplete, s.workload.Generation) && !s.requested() && len(s.unfinished()) == 0 {
		s.learn(v1alpha1.ConditionComplete, true, v1alpha1.ReasonComplete, "")
		return s.complete()
	}
	return nil
}
