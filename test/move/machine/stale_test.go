// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package machine_test

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/test/harness"
	"github.com/avs-operator/avs-operator/test/vcentersim"
)

// lagging reads from a cache that has not heard of the latest: programmes are in state Run still, and a move knows of no other.
type lagging struct {
	client.Client
	caughtUp *atomic.Bool
}

func (l lagging) Get(ctx context.Context, key client.ObjectKey, o client.Object, options ...client.GetOption) error {
	err := l.Client.Get(ctx, key, o, options...)
	if programme, ok := o.(*v1alpha1.WorkloadMove); ok && !l.caughtUp.Load() {
		programme.Spec.State, programme.Status.ObservedGeneration = v1alpha1.MoveStateRun, programme.Generation
	}
	return err
}

func (l lagging) List(ctx context.Context, list client.ObjectList, options ...client.ListOption) error {
	o := (&client.ListOptions{}).ApplyOptions(options)
	ofVCenter := o.FieldSelector != nil && strings.Contains(o.FieldSelector.String(), "vcenters.") // who needs a VCenter is no news
	if _, ok := list.(*v1alpha1.VirtualMachineMoveList); ok && !ofVCenter && !l.caughtUp.Load() {
		return nil
	}
	return l.Client.List(ctx, list, options...)
}

// lag starts the operator again, with a cache that lags until the returned switch is set.
func (w *world) lag() *atomic.Bool {
	w.stop()
	caughtUp := &atomic.Bool{}
	w.wrap = func(c client.Client) client.Client { return lagging{c, caughtUp} }
	w.start()
	return caughtUp
}

// startsNothing fails if the machine is relocated within a second.
func (w *world) startsNothing(m *v1alpha1.VirtualMachineMove) {
	w.t.Helper()
	cluster.Consistently(w.t, time.Second, "nothing is relocated", func(context.Context) error {
		if n := harness.Calls(w.Source, "RelocateVM_Task"); n != 0 {
			return fmt.Errorf("RelocateVM_Task was called %d times", n)
		}
		return nil
	}, m)
}

func TestAStaleCacheStartsNothingThatWasCancelled(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	programme := w.programme("finance", v1alpha1.MoveStateCancel)
	was := w.add(vcentersim.MachineSpec{Name: "stale-01", PoweredOn: true})
	m := owned(w.planned(was, v1alpha1.MoveMethodLive), programme)
	caughtUp := w.lag()
	cluster.Create(w.t, m)
	cluster.WaitFor(t, time.Minute, m, "a start that is taken back", func() error {
		if len(m.Finalizers) == 0 { // held since the first record
			return fmt.Errorf("the status is %+v", m.Status)
		}
		return nil
	})
	w.startsNothing(m)
	caughtUp.Store(true)
	w.reach(m, v1alpha1.MoveStepCancelled)
	w.untouched(was)
}

func TestAStaleCacheStartsNothingThatAnotherMoveHas(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	held := w.programme("first", v1alpha1.MoveStatePlan)
	was := w.add(vcentersim.MachineSpec{Name: "stale-02", PoweredOn: true})
	first, second := owned(w.planned(was, v1alpha1.MoveMethodLive), held), w.planned(was, v1alpha1.MoveMethodLive)
	cluster.Create(w.t, first)
	w.reach(first, v1alpha1.MoveStepWaiting)
	time.Sleep(time.Second + 100*time.Millisecond) // creation times have whole seconds
	w.lag()
	w.want(held, v1alpha1.MoveStatePlan) // as it was; the cache believes in Run, and the API server is asked
	cluster.Create(w.t, second)
	cluster.WaitNotReady(w.t, second, v1alpha1.ReasonClaimedByAnother, first.Name)
	w.startsNothing(second)
	w.untouched(was)
}

// former reads one move as it once was.
type former struct {
	client.Client
	view *v1alpha1.VirtualMachineMove
}

func (f former) Get(ctx context.Context, key client.ObjectKey, o client.Object, options ...client.GetOption) error {
	if m, ok := o.(*v1alpha1.VirtualMachineMove); ok && key == client.ObjectKeyFromObject(f.view) {
		f.view.DeepCopyInto(m)
		return nil
	}
	return f.Client.Get(ctx, key, o, options...)
}

// TestAFormerLeaderWithAnOldViewStartsNothing lets two operators believe that they lead, of which one sees the move as it was before the
// other started it: the record is what stops it, not vCenter.
func TestAFormerLeaderWithAnOldViewStartsNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	was := w.add(vcentersim.MachineSpec{Name: "old-01", PoweredOn: true})
	w.Source.Inject(vcentersim.Fault{Relocate: true, AtPercent: 50, Delay: 5 * time.Second})
	m := w.planned(was, v1alpha1.MoveMethodLive)
	m.Finalizers = []string{v1alpha1.Finalizer} // so that only the record is written before the call
	cluster.Create(w.t, m)
	view := m.DeepCopy()
	w.reach(m, v1alpha1.MoveStepRelocating)
	w.wrap = func(c client.Client) client.Client { return former{c, view} }
	w.start()
	w.picture("oslo")
	w.relocatedOnce(m, was)
}
