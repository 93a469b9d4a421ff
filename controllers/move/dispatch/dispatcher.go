// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package dispatch decides which machines may start now, for all moves together: what it lets start runs at vCenter at once, and nothing queues
// there. Package schedule decides, purely; statuses, inventories and the tasks of others are fed to it here.
package dispatch

import (
	"cmp"
	"context"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/util/workqueue"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/source"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/connect/vcenters"
	"github.com/avs-operator/avs-operator/controllers/move/schedule"
	"github.com/avs-operator/avs-operator/controllers/outcome"
)

// Grant lets one machine start now. The holder stores it in the status of its VirtualMachineMove (grantedAt, host, sourceHost) before or
// together with the record of its first call, or gives it back with Forget.
type Grant struct {
	// OK says that the machine may start.
	OK bool
	// Host of the target that takes the machine, and host of the source that is charged for it.
	Host, SourceHost v1alpha1.InventoryReference
	// Waits says, for the user, what a machine that may not start waits for.
	Waits string
}

// Options of New.
type Options struct {
	// Client reads from the cache. Its manager's indexer must have been given to IndexInFlight.
	Client   client.Client
	VCenters *vcenters.Pool
	Pace     outcome.Pace
	// HeadroomPercent of vCenter's limits that is left to others even while they do not use it; 0: what others run is subtracted, the
	// rest is used.
	HeadroomPercent int
}

// Dispatcher decides which machines may start now, so that no more is started than vCenter runs at once on any host, datastore and network
// card of both sides. Its memory is only a short cut, rebuilt from the statuses after a restart.
type Dispatcher struct {
	o      Options
	others *others
	start  time.Time // of the dispatcher's clock, which runs at vCenter's pace

	mu       sync.Mutex
	workers  workqueue.TypedRateLimitingInterface[ctrl.Request]
	waiting  *schedule.Queue
	asked    map[types.UID]asked     // who waits
	assumed  map[types.UID]assumed   // who was let start, until the cache shows it
	ended    map[types.UID]time.Time // when those ended whose end the cache does not show yet
	inFlight map[types.UID]bool      // who was under way by the cache when it was last read
	last     map[types.UID]lastHost
}

const (
	// grantExpiry is after how long a grant that nobody stored is given to another, in real time: its machine was paused or deleted meanwhile.
	grantExpiry = 30 * time.Second
	// askExpiry is after how long a machine that does not ask any more does not wait any more. Those that wait ask again every minute.
	askExpiry = 5 * time.Minute
	// replanRecheck is how soon a machine asks again whose WorkloadMove is being planned, in vCenter's time.
	replanRecheck = 5 * time.Second
	// replanRecheckFloor is the same in real time, for when time is scaled: a reconcile of the WorkloadMove is real.
	replanRecheckFloor = 200 * time.Millisecond
	// lastHostExpiry is how long the host of the last attempt is known, in real time: longer than the pause between two attempts.
	lastHostExpiry = time.Hour
)

// New makes a dispatcher that knows nothing yet: it reads what is under way when it is first asked.
func New(o Options) *Dispatcher {
	return &Dispatcher{
		o: o, others: newOthers(o.Pace), start: time.Now(), waiting: schedule.NewQueue(), asked: map[types.UID]asked{},
		assumed: map[types.UID]assumed{}, ended: map[types.UID]time.Time{}, inFlight: map[types.UID]bool{},
		last: map[types.UID]lastHost{},
	}
}

// Ask asks for a start of m, and may be called again: a machine that has a grant gets the same one again. A machine that has to wait is woken
// through Source when its turn has come; asking again every minute of vCenter's time keeps its place, and is the safeguard for what nobody
// tells, such as the end of what others run. The outcome is not nil when one of the two vCenters cannot be asked.
func (d *Dispatcher) Ask(ctx context.Context, m *v1alpha1.VirtualMachineMove) (Grant, *outcome.Outcome) {
	if g, ok := d.granted(m); ok {
		return g, nil
	}
	waits, soon, err := d.prevented(ctx, m)
	if err != nil {
		return Grant{}, outcome.Retry(v1alpha1.ReasonTransient, err)
	}
	if waits != "" {
		d.leave(m.UID)
		if soon {
			d.wakeAfter(client.ObjectKeyFromObject(m), d.o.Pace.RealAtLeast(replanRecheck, replanRecheckFloor))
		}
		return Grant{Waits: waits}, nil
	}
	source, target, o := d.sides(ctx, m)
	if o != nil {
		d.leave(m.UID)
		return Grant{}, o
	}
	a, waits := d.job(m, source, target, d.lastHost(m.UID))
	if waits != "" {
		d.leave(m.UID)
		return Grant{Waits: waits}, nil
	}
	for _, side := range []*vcenters.Connected{source, target} {
		if err := d.others.look(ctx, side, side == target); err != nil {
			return Grant{}, outcome.Retry(v1alpha1.ReasonUnreachable, err)
		}
	}
	return d.enter(ctx, m, a)
}

// enter lets m wait, decides for all that wait, and tells what that means for m.
func (d *Dispatcher) enter(ctx context.Context, m *v1alpha1.VirtualMachineMove, a asked) (Grant, *outcome.Outcome) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if given, ok := d.assumed[m.UID]; ok {
		return given.grant, nil
	}
	d.asked[m.UID] = a
	d.waiting.Put(a.job)
	state, err := d.decide(ctx, m.UID)
	if err != nil {
		return Grant{}, outcome.Retry(v1alpha1.ReasonTransient, err)
	}
	if given, ok := d.assumed[m.UID]; ok {
		return given.grant, nil
	}
	return Grant{Waits: d.why(state, &a.job)}, nil
}

// fewWait is how many machines may wait for each to be told its own reason. Reasons change with every start and end, each change is a write
// to the API server, and among thousands nobody reads them one by one.
const fewWait = 16

// why says what a machine waits for. The caller holds the lock.
func (d *Dispatcher) why(state schedule.State, j *schedule.Job) string {
	if d.waiting.Len() > fewWait {
		return "vCenter runs only so many moves at once on each host and datastore: this machine starts when its turn comes"
	}
	return cmp.Or(schedule.Why(state, j, d.others.name), "machines that take longer, or have waited longer, start first")
}

// granted is the grant that m has already.
func (d *Dispatcher) granted(m *v1alpha1.VirtualMachineMove) (Grant, bool) {
	if s := &m.Status; s.GrantedAt != nil && s.Host != nil && !s.Step.Over() {
		g := Grant{OK: true, Host: *s.Host}
		if s.SourceHost != nil {
			g.SourceHost = *s.SourceHost
		}
		return g, true
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	given, ok := d.assumed[m.UID]
	return given.grant, ok
}

// Forget gives a grant back that could not be stored, or takes a machine out that does not want to start now.
func (d *Dispatcher) Forget(uid types.UID) {
	d.mu.Lock()
	defer d.mu.Unlock()
	_, given := d.assumed[uid]
	d.drop(uid)
	if given {
		d.next()
	}
}

// Done tells that a machine has ended, or will not start after all, and wakes the next ones. Done may be called again and again.
func (d *Dispatcher) Done(uid types.UID) {
	d.mu.Lock()
	defer d.mu.Unlock()
	_, given := d.assumed[uid]
	_, known := d.ended[uid]
	shown := d.inFlight[uid] && !known
	d.drop(uid)
	if shown || given {
		d.ended[uid] = time.Now()
	}
	if given || shown {
		d.next()
	}
}

// Source wakes VirtualMachineMoves that may start now.
func (d *Dispatcher) Source() source.Source {
	return source.Func(func(_ context.Context, workers workqueue.TypedRateLimitingInterface[ctrl.Request]) error {
		d.mu.Lock()
		defer d.mu.Unlock()
		d.workers = workers
		return nil
	})
}

// wakeAfter lets a machine be looked at again.
func (d *Dispatcher) wakeAfter(name types.NamespacedName, after time.Duration) {
	d.mu.Lock()
	workers := d.workers
	d.mu.Unlock()
	if workers != nil {
		workers.AddAfter(ctrl.Request{NamespacedName: name}, after)
	}
}

// leave takes a machine out that cannot start now.
func (d *Dispatcher) leave(uid types.UID) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.drop(uid)
}
