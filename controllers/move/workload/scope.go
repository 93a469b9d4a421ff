// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package workload

import (
	"context"
	"fmt"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/connect/vcenters"
	"github.com/avs-operator/avs-operator/controllers/move/plan"
	"github.com/avs-operator/avs-operator/controllers/outcome"
	"github.com/avs-operator/avs-operator/controllers/status"
)

// scope is one look at one WorkloadMove. A field is set by the step that its comment names.
type scope struct {
	*Reconciler
	workload *v1alpha1.WorkloadMove
	before   *v1alpha1.WorkloadMove // as the API server has it

	machines       []*v1alpha1.VirtualMachineMove // listMachines
	source, target *vcenters.Connected            // connect
	plan           *plan.Plan                     // makePlan
	learned        []status.Fact                  // conditions, in the order in which they were learned
	keepReady      bool                           // the outcome is a wait that needs no person: Ready stays True
	released       bool                           // delete: the finalizer is off, and no status is left to write
}

func (s *scope) subject() status.Subject {
	st := &s.workload.Status
	return status.Subject{Before: s.before, Object: s.workload, Conditions: &st.Conditions, ObservedGeneration: &st.ObservedGeneration}
}

// learn notes a positive condition; what is learned last counts.
func (s *scope) learn(condition string, is bool, reason, message string) {
	f := status.Fact{Condition: condition, Status: metav1.ConditionFalse, Reason: reason, Message: message}
	if is {
		f.Status = metav1.ConditionTrue
	}
	s.learned = append(s.learned, f)
}

// setFinalizer changes the finalizers without losing the status in hand.
func (s *scope) setFinalizer(ctx context.Context, change func(client.Object, string) bool) *outcome.Outcome {
	stored := s.before.DeepCopy()
	if !change(stored, v1alpha1.Finalizer) {
		return nil
	}
	err := s.Client.Patch(ctx, stored, client.MergeFromWithOptions(s.before, client.MergeFromWithOptimisticLock{}))
	switch {
	case apierrors.IsNotFound(err):
		return nil
	case apierrors.IsConflict(err):
		return outcome.Wait(v1alpha1.ReasonReconciling, "the object changed meanwhile").In(s.Pace.Elapsed(50 * time.Millisecond))
	case err != nil:
		return outcome.Retry(v1alpha1.ReasonTransient, fmt.Errorf("changing the finalizers: %w", err))
	}
	s.before = stored
	s.workload.ResourceVersion, s.workload.Finalizers = stored.ResourceVersion, stored.Finalizers
	return nil
}

// stateOf a move: Plan if none is given.
func stateOf(move *v1alpha1.WorkloadMove) v1alpha1.MoveState {
	if move.Spec.State == "" {
		return v1alpha1.MoveStatePlan
	}
	return move.Spec.State
}

// connect finds both vCenters. A fault of one of them is told by its own object, and heals without an edit of this one.
func (s *scope) connect(ctx context.Context) *outcome.Outcome {
	for name, to := range map[string]**vcenters.Connected{s.workload.Spec.Source.VCenterRef.Name: &s.source, s.workload.Spec.Target.VCenterRef.Name: &s.target} {
		c, o := s.VCenters.Get(ctx, s.workload.Namespace, name)
		if o != nil {
			reason := v1alpha1.ReasonReferenceNotReady
			if o.Reason == v1alpha1.ReasonReferenceNotFound {
				reason = o.Reason
			}
			wait := outcome.Wait(reason, "VCenter %s cannot be used now (%s): %s", name, o.Reason,
				o.Message).About(v1alpha1.ConditionReferencesReady).In(max(o.After, time.Minute))
			wait.Quiet = o.Quiet
			return wait
		}
		*to = c
	}
	s.learn(v1alpha1.ConditionReferencesReady, true, v1alpha1.ReasonReady, "")
	if source, target := s.source.Client.About().InstanceUUID, s.target.Client.About().InstanceUUID; source == target {
		return outcome.Stall(v1alpha1.ReasonInvalidSpec, "VCenters %s and %s are the same vCenter (%s): source and target must be two",
			s.workload.Spec.Source.VCenterRef.Name, s.workload.Spec.Target.VCenterRef.Name, source)
	}
	return nil
}
