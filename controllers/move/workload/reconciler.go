// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package workload plans a WorkloadMove, makes a VirtualMachineMove a machine, and counts how far they are.
package workload

import (
	"context"
	"fmt"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/connect"
	"github.com/avs-operator/avs-operator/controllers/move/plan"
	"github.com/avs-operator/avs-operator/controllers/outcome"
	"github.com/avs-operator/avs-operator/controllers/status"
	"github.com/avs-operator/avs-operator/controllers/text"
)

// +kubebuilder:rbac:groups=avs-operator.io,resources=workloadmoves,verbs=get;list;watch;patch
// +kubebuilder:rbac:groups=avs-operator.io,resources=workloadmoves/status,verbs=get;patch
// +kubebuilder:rbac:groups=avs-operator.io,resources=workloadmoves/finalizers,verbs=update
// +kubebuilder:rbac:groups=avs-operator.io,resources=virtualmachinemoves,verbs=create;delete;get;list;watch

// Reconciler plans a WorkloadMove, makes one VirtualMachineMove a machine, and counts how far they are. It changes nothing at any
// vCenter: only a VirtualMachineMove does.
type Reconciler struct {
	// Client reads from the cache and writes.
	Client client.Client
	// Live reads from the API server itself, where a child that the cache does not show yet would be forgotten.
	Live      client.Reader
	VCenters  *connect.VCenters
	Turns     Turns
	Publisher *status.Publisher
	Pace      outcome.Pace

	facts facts
}

// Turns takes machines out of the line that are not to start; dispatch.Dispatcher does.
type Turns interface {
	Forget(uid types.UID)
}

// programmeSteps are taken in order until one says something.
var programmeSteps = []func(*programme, context.Context) *outcome.Outcome{
	(*programme).children, // what it has made
	(*programme).leave,    // deleted: let go once nothing runs
	(*programme).rest,     // complete or cancelled: nothing more, until it is edited
	(*programme).vcenters, // both vCenters
	(*programme).plan,     // what would happen
	(*programme).revise,   // what has not started follows the plan
	(*programme).multiply, // what is missing is made
	(*programme).verdict,  // how far it is
}

// programme is one look at one WorkloadMove. A field is set by the step that its comment names.
type programme struct {
	*Reconciler
	move   *v1alpha1.WorkloadMove
	before *v1alpha1.WorkloadMove // as the API server has it

	own            []*v1alpha1.VirtualMachineMove // children
	source, target *connect.Connected             // vcenters
	made           *plan.Plan                     // plan
	learned        []status.Fact
	fine           bool // the outcome is a wait that needs no person: Ready stays True
	gone           bool // leave: the finalizer is off, and there is nobody left to tell
}

// Reconcile looks at one WorkloadMove.
func (r *Reconciler) Reconcile(ctx context.Context, request ctrl.Request) (ctrl.Result, error) {
	move := &v1alpha1.WorkloadMove{}
	if err := r.Client.Get(ctx, request.NamespacedName, move); err != nil {
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	p := &programme{Reconciler: r, before: move.DeepCopy(), move: move}
	p.enter()
	var o *outcome.Outcome
	for _, step := range programmeSteps {
		if o = step(p, ctx); o != nil {
			break
		}
	}
	if p.gone {
		return ctrl.Result{}, nil
	}
	p.count()
	return r.Publisher.Publish(ctx, p.subject(), status.Report{Outcome: o, KeepReady: p.fine, Facts: p.said()})
}

func (p *programme) subject() status.Subject {
	s := &p.move.Status
	return status.Subject{Before: p.before, Object: p.move, Conditions: &s.Conditions, ObservedGeneration: &s.ObservedGeneration}
}

// enter notes what is acted on, before any step.
func (p *programme) enter() {
	s := &p.move.Status
	if s.ObservedGeneration != p.move.Generation && p.move.Spec.State != v1alpha1.MoveStateCancel {
		// Until the edit is planned, nothing may start by the plan before it.
		p.learn(v1alpha1.ConditionPlanned, false, v1alpha1.ReasonPlanning, "the WorkloadMove was edited and is not planned again yet")
	}
	s.State = stateOf(p.move)
	p.unchoose()
	if asked := p.move.Annotations[v1alpha1.AnnotationReconcileRequestedAt]; asked != s.LastHandledReconcileAt {
		s.LastHandledReconcileAt = text.Cut(asked, 64)
		p.facts.forget(p.move.UID)
	}
}

// stateOf a move: Plan if none is given.
func stateOf(move *v1alpha1.WorkloadMove) v1alpha1.MoveState {
	if move.Spec.State == "" {
		return v1alpha1.MoveStatePlan
	}
	return move.Spec.State
}

// asked says whether the user asks for another look.
func (p *programme) asked() bool {
	return p.before.Status.LastHandledReconcileAt != p.move.Status.LastHandledReconcileAt
}

// rest leaves a programme alone that has reached its end: what would be selected by now is another programme's business.
func (p *programme) rest(context.Context) *outcome.Outcome {
	if p.move.Spec.State == v1alpha1.MoveStateCancel {
		return p.verdictOfCancel()
	}
	if isTrue(p.before.Status.Conditions, v1alpha1.ConditionComplete, p.move.Generation) && !p.asked() && len(p.unfinished()) == 0 {
		p.learn(v1alpha1.ConditionComplete, true, v1alpha1.ReasonComplete, "")
		return p.complete()
	}
	return nil
}

// leave lets a deleted programme go once no machine is under way. Until then its children, who see that it is deleted, cancel what runs.
func (p *programme) leave(ctx context.Context) *outcome.Outcome {
	if p.move.DeletionTimestamp.IsZero() {
		return nil
	}
	if !controllerutil.ContainsFinalizer(p.move, v1alpha1.Finalizer) {
		p.gone = true
		return outcome.Done(v1alpha1.ReasonDeleting, "nothing is under way")
	}
	list := &v1alpha1.VirtualMachineMoveList{}
	if err := p.Live.List(ctx, list, client.InNamespace(p.move.Namespace), client.MatchingLabels{v1alpha1.LabelMove: p.move.Name}); err != nil {
		return outcome.Retry(v1alpha1.ReasonTransient, fmt.Errorf("reading the machines that may be under way: %w", err))
	}
	busy := 0
	for i := range list.Items {
		if m := &list.Items[i]; ownedBy(m, p.move) && active(m) {
			busy++
		}
	}
	if busy > 0 {
		p.fine = false
		return outcome.Wait(v1alpha1.ReasonDeleting, "%s under way: what runs is cancelled or ends, and the WorkloadMove goes after that", are(busy, "machine is", "machines are")).In(30 * time.Second)
	}
	if o := p.setFinalizer(ctx, controllerutil.RemoveFinalizer); o != nil {
		return o
	}
	p.facts.drop(p.move.UID)
	p.gone = true
	return outcome.Done(v1alpha1.ReasonDeleting, "nothing is under way")
}

// setFinalizer changes the finalizers without losing the status in hand.
func (p *programme) setFinalizer(ctx context.Context, change func(client.Object, string) bool) *outcome.Outcome {
	stored := p.before.DeepCopy()
	if !change(stored, v1alpha1.Finalizer) {
		return nil
	}
	err := p.Client.Patch(ctx, stored, client.MergeFromWithOptions(p.before, client.MergeFromWithOptimisticLock{}))
	switch {
	case apierrors.IsNotFound(err):
		return nil
	case apierrors.IsConflict(err):
		return outcome.Wait(v1alpha1.ReasonReconciling, "the object changed meanwhile").In(p.Pace.Elapsed(50 * time.Millisecond))
	case err != nil:
		return outcome.Retry(v1alpha1.ReasonTransient, fmt.Errorf("changing the finalizers: %w", err))
	}
	p.before = stored
	p.move.ResourceVersion, p.move.Finalizers = stored.ResourceVersion, stored.Finalizers
	return nil
}

// vcenters finds both vCenters. What is wrong with one of them is said by its own object, and heals without an edit of this one.
func (p *programme) vcenters(ctx context.Context) *outcome.Outcome {
	for name, to := range map[string]**connect.Connected{p.move.Spec.Source.VCenterRef.Name: &p.source, p.move.Spec.Target.VCenterRef.Name: &p.target} {
		c, o := p.VCenters.Get(ctx, p.move.Namespace, name)
		if o != nil {
			reason := v1alpha1.ReasonReferenceNotReady
			if o.Reason == v1alpha1.ReasonReferenceNotFound {
				reason = o.Reason
			}
			wait := outcome.Wait(reason, "VCenter %s cannot be used now (%s): %s", name, o.Reason, o.Message).About(v1alpha1.ConditionReferencesReady).In(max(o.After, time.Minute))
			wait.Quiet = o.Quiet
			return wait
		}
		*to = c
	}
	p.learn(v1alpha1.ConditionReferencesReady, true, v1alpha1.ReasonReady, "")
	if s, t := p.source.Client.About().InstanceUUID, p.target.Client.About().InstanceUUID; s == t {
		return outcome.Stall(v1alpha1.ReasonInvalidSpec, "VCenters %s and %s are the same vCenter (%s): source and target must be two", p.move.Spec.Source.VCenterRef.Name, p.move.Spec.Target.VCenterRef.Name, s)
	}
	return nil
}

// learn notes a positive condition; what is learned last counts.
func (p *programme) learn(condition string, is bool, reason, message string) {
	f := status.Fact{Condition: condition, Status: metav1.ConditionFalse, Reason: reason, Message: message}
	if is {
		f.Status = metav1.ConditionTrue
	}
	p.learned = append(p.learned, f)
}
