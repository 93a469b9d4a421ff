// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package machine takes one machine through its move: a VirtualMachineMove. It alone changes anything at a vCenter.
package machine

import (
	"context"
	"time"

	"github.com/go-logr/logr"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/connect"
	"github.com/avs-operator/avs-operator/controllers/ledger"
	"github.com/avs-operator/avs-operator/controllers/move/dispatch"
	"github.com/avs-operator/avs-operator/controllers/move/movers"
	"github.com/avs-operator/avs-operator/controllers/move/movers/cold"
	"github.com/avs-operator/avs-operator/controllers/move/movers/vmotion"
	"github.com/avs-operator/avs-operator/controllers/outcome"
	"github.com/avs-operator/avs-operator/controllers/status"
)

// +kubebuilder:rbac:groups=avs-operator.io,resources=virtualmachinemoves,verbs=get;list;watch;patch
// +kubebuilder:rbac:groups=avs-operator.io,resources=virtualmachinemoves/status,verbs=get;patch
// +kubebuilder:rbac:groups=avs-operator.io,resources=workloadmoves;vcenters,verbs=get;list;watch
// +kubebuilder:rbac:groups=events.k8s.io,resources=events,verbs=create;patch

// Reconciler takes one machine through its move. Each pass finds out where the machine is, derives the step from that, and acts; the
// status holds only the record of a call, attempts and times, so a pass may end at any line and another process may go on.
type Reconciler struct {
	// Client reads from the cache and writes.
	Client client.Client
	// Live reads from the API server itself, where a stale answer would start what must not start.
	Live      client.Reader
	VCenters  *connect.VCenters
	Turns     Turns
	Publisher *status.Publisher
	Pace      outcome.Pace
	// Clock is the API server's: what is on record is read by it. Nil: this machine's.
	Clock *ledger.Clock
	// Workers is how many machines are looked at at once; 0: 16.
	Workers int
}

// Turns says which machines may start now; dispatch.Dispatcher does.
type Turns interface {
	Ask(ctx context.Context, m *v1alpha1.VirtualMachineMove) (dispatch.Grant, *outcome.Outcome)
	Forget(uid types.UID)
	Done(uid types.UID)
}

// Waits and limits of a machine's move. Durations are vCenter's time unless a floor makes them real.
const (
	checkPause = 2 * time.Second // until a check of vCenter's is looked at again
	attempts   = 3
)

// glance is a safeguard for a wait that an event ends.
var glance = ledger.Glance.Bound

// machineSteps are taken in order until one says something.
var machineSteps = []func(*pass, context.Context) *outcome.Outcome{
	(*pass).ended,   // moved, failed or cancelled: nothing more, unless a person asks for another try
	(*pass).wanted,  // what the programme wants: run, hold or cancel
	(*pass).connect, // both vCenters
	(*pass).follow,  // a call under way is followed to its end, whatever else is wanted
	(*pass).locate,  // where the machine is
	(*pass).arrive,  // at the target: compared, powered on again, moved
	(*pass).giveUp,  // cancelled, or failed for good: as it was, at the source
	(*pass).present, // what follows is about a machine at the source
	(*pass).hold,    // nothing starts while the programme is planned or paused
	(*pass).claim,   // a machine belongs to one unfinished move
	(*pass).pause,   // between attempts
	(*pass).permit,  // what the machine's power allows
	(*pass).turn,    // vCenter runs only so many at once
	(*pass).begin,   // read again, checked, powered off if need be, relocated
}

// pass is one look at one machine. A field is set by the step that its comment names.
type pass struct {
	*Reconciler
	log    logr.Logger
	move   *v1alpha1.VirtualMachineMove
	before *v1alpha1.VirtualMachineMove // as the API server has it

	wish     wish             // wanted
	request  movers.Request   // connect
	mover    movers.Mover     // connect
	at       movers.Placement // follow, locate
	direct   bool             // at was read at both vCenters, in this pass
	checking bool             // vCenter's check goes on
	fine     bool             // the outcome is a wait that needs no person: Ready stays True
}

// Reconcile looks at one machine.
func (r *Reconciler) Reconcile(ctx context.Context, request ctrl.Request) (ctrl.Result, error) {
	move := &v1alpha1.VirtualMachineMove{}
	if err := r.Client.Get(ctx, request.NamespacedName, move); err != nil {
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	p := &pass{Reconciler: r, log: ctrl.LoggerFrom(ctx), before: move.DeepCopy(), move: move}
	p.move.Status.BytesTotal = move.Spec.Bytes
	var o *outcome.Outcome
	for _, step := range machineSteps {
		if o = step(p, ctx); o != nil {
			break
		}
	}
	return p.publish(ctx, o)
}

// publish writes what the pass found.
func (p *pass) publish(ctx context.Context, o *outcome.Outcome) (ctrl.Result, error) {
	return p.Publisher.Publish(ctx, p.subject(), p.report(o))
}

// report is what an outcome means for the conditions.
func (p *pass) report(o *outcome.Outcome) status.Report {
	step := p.move.Status.Step
	otherwise := v1alpha1.ReasonMoving
	if o != nil {
		otherwise = o.Reason
	}
	return status.Report{Outcome: o, KeepReady: p.fine, Facts: []status.Fact{
		fact(v1alpha1.ConditionComplete, step == v1alpha1.MoveStepMoved, v1alpha1.ReasonComplete, otherwise),
		fact(v1alpha1.ConditionFailed, step == v1alpha1.MoveStepFailed, otherwise, otherwise),
	}}
}

func (p *pass) subject() status.Subject {
	s := &p.move.Status
	return status.Subject{Before: p.before, Object: p.move, Conditions: &s.Conditions, ObservedGeneration: &s.ObservedGeneration}
}

func fact(condition string, is bool, yes, no string) status.Fact {
	if is {
		return status.Fact{Condition: condition, Status: metav1.ConditionTrue, Reason: yes}
	}
	return status.Fact{Condition: condition, Status: metav1.ConditionFalse, Reason: no}
}

// going is a wait that needs no person: the move is under way, and Ready says so.
func (p *pass) going(step v1alpha1.MoveStep, o *outcome.Outcome) *outcome.Outcome {
	p.move.Status.Step, p.fine = step, true
	return o
}

// again is a wait for what this process did not see yet: a cache that lags, or a record that another pass wrote.
func (p *pass) again(format string, args ...any) *outcome.Outcome {
	p.fine = true
	return outcome.Wait(v1alpha1.ReasonMoving, format, args...).In(p.Pace.Elapsed(100 * time.Millisecond))
}

// moverOf is the way that a machine moves.
func moverOf(method v1alpha1.MoveMethod) movers.Mover {
	if method == v1alpha1.MoveMethodCold {
		return cold.Mover{}
	}
	return vmotion.Mover{}
}
