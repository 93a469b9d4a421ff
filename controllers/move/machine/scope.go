// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package machine

import (
	"context"
	"fmt"
	"time"

	"github.com/go-logr/logr"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/ledger"
	"github.com/avs-operator/avs-operator/controllers/move/method"
	"github.com/avs-operator/avs-operator/controllers/move/movers"
	"github.com/avs-operator/avs-operator/controllers/outcome"
	"github.com/avs-operator/avs-operator/controllers/status"
)

// scope is one look at one machine. A field is set by the step that its comment names.
type scope struct {
	*Reconciler
	log    logr.Logger
	move   *v1alpha1.VirtualMachineMove
	before *v1alpha1.VirtualMachineMove // as the API server has it

	intent    intent           // readIntent
	request   movers.Request   // connect
	method    method.Method    // connect
	mover     movers.Mover     // connect
	at        movers.Placement // follow, locate
	direct    bool             // at was read at both vCenters, in this reconcile
	checking  bool             // check: vCenter has not answered yet
	recorded  bool             // record: a call went on record, so that what became of it is stored whatever happens
	keepReady bool             // the outcome is a wait that needs no person: Ready stays True
}

// publish writes what the reconcile found.
func (s *scope) publish(ctx context.Context, o *outcome.Outcome) (ctrl.Result, error) {
	if s.recorded {
		var cancel context.CancelFunc
		ctx, cancel = ledger.Storing(ctx)
		defer cancel()
	}
	return s.Publisher.Publish(ctx, s.subject(), s.report(o))
}

// report is what an outcome means for the conditions.
func (s *scope) report(o *outcome.Outcome) status.Report {
	step := s.move.Status.Step
	otherwise := v1alpha1.ReasonMoving
	if o != nil {
		otherwise = o.Reason
	}
	return status.Report{Outcome: o, KeepReady: s.keepReady, Facts: []status.Fact{
		fact(v1alpha1.ConditionComplete, step == v1alpha1.MoveStepMoved, v1alpha1.ReasonComplete, otherwise),
		fact(v1alpha1.ConditionFailed, step == v1alpha1.MoveStepFailed, otherwise, otherwise),
	}}
}

func (s *scope) subject() status.Subject {
	st := &s.move.Status
	return status.Subject{Before: s.before, Object: s.move, Conditions: &st.Conditions, ObservedGeneration: &st.ObservedGeneration}
}

func fact(condition string, is bool, yes, no string) status.Fact {
	if is {
		return status.Fact{Condition: condition, Status: metav1.ConditionTrue, Reason: yes}
	}
	return status.Fact{Condition: condition, Status: metav1.ConditionFalse, Reason: no}
}

// inProgress is a wait that needs no person: the move is under way, and Ready says so.
func (s *scope) inProgress(step v1alpha1.MoveStep, o *outcome.Outcome) *outcome.Outcome {
	s.move.Status.Step, s.keepReady = step, true
	return o
}

// requeue is a wait for what this process did not see yet: a cache that lags, or a record that another reconcile wrote.
func (s *scope) requeue(format string, args ...any) *outcome.Outcome {
	if s.move.Status.Step.Over() { // as another reconcile has it: a move that is over says nothing else at any look
		return s.verdict().In(s.Pace.Elapsed(100 * time.Millisecond))
	}
	s.keepReady = true
	return outcome.Wait(v1alpha1.ReasonMoving, format, args...).In(s.Pace.Elapsed(100 * time.Millisecond))
}

// discard gives up a call that could not be put on record: what it was decided from is not the present any more.
func (s *scope) discard(err error) *outcome.Outcome {
	s.Turns.Forget(s.move.UID)
	s.move = s.before.DeepCopy()
	if apierrors.IsConflict(err) {
		return s.requeue("the object changed meanwhile")
	}
	return outcome.Retry(v1alpha1.ReasonTransient, fmt.Errorf("putting the call on record: %w", err))
}

// addFinalizer holds the object while its machine is under way: no object goes while its task runs.
func (s *scope) addFinalizer(ctx context.Context) error {
	return s.patchFinalizers(ctx, controllerutil.AddFinalizer)
}

// removeFinalizer lets the object go.
func (s *scope) removeFinalizer(ctx context.Context) *outcome.Outcome {
	if err := s.patchFinalizers(ctx, controllerutil.RemoveFinalizer); client.IgnoreNotFound(err) != nil {
		if apierrors.IsConflict(err) {
			return s.requeue("the object changed meanwhile")
		}
		return outcome.Retry(v1alpha1.ReasonTransient, fmt.Errorf("letting the object go: %w", err))
	}
	return nil
}

// patchFinalizers changes the finalizers, without losing the status in hand: the API server answers with the status that it has.
func (s *scope) patchFinalizers(ctx context.Context, change func(client.Object, string) bool) error {
	stored := s.before.DeepCopy()
	if !change(stored, v1alpha1.Finalizer) {
		return nil
	}
	if err := s.Client.Patch(ctx, stored, client.MergeFromWithOptions(s.before, client.MergeFromWithOptimisticLock{})); err != nil {
		return err
	}
	s.before = stored
	s.move.ResourceVersion, s.move.Finalizers = stored.ResourceVersion, stored.Finalizers
	return nil
}

func (s *scope) now() *metav1.MicroTime {
	t := metav1.NewMicroTime(s.Clock.Now())
	return &t
}

// verdict is what a move that is over says of itself, the same at every look.
func (s *scope) verdict() *outcome.Outcome {
	st := &s.move.Status
	switch st.Step {
	case v1alpha1.MoveStepMoved:
		return outcome.Done(v1alpha1.ReasonComplete, "the machine is at the target, read there")
	case v1alpha1.MoveStepCancelled:
		return outcome.Done(v1alpha1.ReasonCancelled, "%s", messageOf(st.Failure, "the move was cancelled; the machine is at the source"))
	default: // v1alpha1.MoveStepFailed
	}
	reason := v1alpha1.ReasonMoveFailed
	if st.Failure != nil {
		reason = st.Failure.Reason
	}
	return outcome.Stall(reason, "%s", messageOf(st.Failure, "the move failed"))
}

func messageOf(f *v1alpha1.MoveFailure, otherwise string) string {
	if f == nil {
		return otherwise
	}
	return f.Message
}
