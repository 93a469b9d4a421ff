// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package machine takes one machine through its move: a VirtualMachineMove. No other package changes anything at a vCenter for a move.
package machine

import (
	"context"
	"time"

	"k8s.io/apimachinery/pkg/types"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/connect/vcenters"
	"github.com/avs-operator/avs-operator/controllers/ledger"
	"github.com/avs-operator/avs-operator/controllers/metrics"
	"github.com/avs-operator/avs-operator/controllers/move/dispatch"
	"github.com/avs-operator/avs-operator/controllers/outcome"
	"github.com/avs-operator/avs-operator/controllers/status"
)

// +kubebuilder:rbac:groups=avs-operator.io,resources=virtualmachinemoves,verbs=get;list;watch;patch
// +kubebuilder:rbac:groups=avs-operator.io,resources=virtualmachinemoves/status,verbs=get;patch
// +kubebuilder:rbac:groups=avs-operator.io,resources=workloadmoves;vcenters,verbs=get;list;watch
// +kubebuilder:rbac:groups=events.k8s.io,resources=events,verbs=create;patch

// Reconciler takes one machine through its move. Each reconcile finds out where the machine is, derives the step from that, and acts; the
// status holds only the record of a call, attempts and times, so a reconcile may end at any line and another process may go on.
type Reconciler struct {
	// Client reads from the cache and writes.
	Client client.Client
	// Live reads from the API server itself, where a stale answer would start what must not start.
	Live      client.Reader
	VCenters  *vcenters.Pool
	Turns     Turns
	Publisher *status.Publisher
	// Metrics tells what is done; nil: it is not told.
	Metrics *metrics.Metrics
	Pace    outcome.Pace
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
	checkInterval = 2 * time.Second // until a check of vCenter's is looked at again
	maxAttempts   = 3
)

// resync is a safeguard for a wait that an event ends.
var resync = ledger.Glance.Bound

// steps are taken in order until one says something.
var steps = []func(*scope, context.Context) *outcome.Outcome{
	(*scope).ended,       // moved, failed or cancelled: nothing more, unless a person asks for another try
	(*scope).readIntent,  // what the WorkloadMove wants: run, hold or cancel
	(*scope).connect,     // both vCenters
	(*scope).follow,      // a call under way is followed to its end, whatever else is wanted
	(*scope).locate,      // where the machine is
	(*scope).arrive,      // at the target: compared, powered on again, moved
	(*scope).revert,      // cancelled, or failed for good: as it was, at the source
	(*scope).atSource,    // what follows is about a machine at the source
	(*scope).paused,      // nothing starts while the WorkloadMove is planned or paused
	(*scope).claim,       // a machine belongs to one unfinished move
	(*scope).backOff,     // between attempts
	(*scope).mayPowerOff, // what the machine's power allows
	(*scope).turn,        // vCenter runs only so many at once
	(*scope).start,       // read again, checked, powered off if need be, relocated
}

// Reconcile looks at one machine.
func (r *Reconciler) Reconcile(ctx context.Context, request ctrl.Request) (ctrl.Result, error) {
	move := &v1alpha1.VirtualMachineMove{}
	if err := r.Client.Get(ctx, request.NamespacedName, move); err != nil {
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	s := &scope{Reconciler: r, log: ctrl.LoggerFrom(ctx), before: move.DeepCopy(), move: move}
	s.move.Status.BytesTotal = move.Spec.Bytes
	var o *outcome.Outcome
	for _, step := range steps {
		if o = step(s, ctx); o != nil {
			break
		}
	}
	return s.publish(ctx, o)
}
