// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package machine_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/vmware/govmomi/vim25/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/move/method"
	"github.com/avs-operator/avs-operator/test/harness"
	"github.com/avs-operator/avs-operator/test/vcentersim"
)

// death ends an operator at one of its writes, to the API server or to a vCenter: right before it, or after it with its answer lost. No call
// leaves the process from then on, as if it had been killed.
type death struct {
	mu    sync.Mutex
	at    int  // the write that it dies at, from 1
	after bool // the write is made
	done  int
	dead  bool
	ended chan struct{}
}

var errDead = errors.New("the process is dead")

// write makes one write, unless the process is dead or dies before it.
func (d *death) write(do func() error) error {
	d.mu.Lock()
	if d.dead {
		d.mu.Unlock()
		return errDead
	}
	d.done++
	here := d.done == d.at
	if here && !d.after {
		d.die()
	}
	d.mu.Unlock()
	if here && !d.after {
		return errDead
	}
	err := do()
	if here {
		d.mu.Lock()
		d.die()
		d.mu.Unlock()
		return errDead
	}
	return err
}

// die ends it. The caller holds the lock.
func (d *death) die() {
	d.dead = true
	close(d.ended)
}

func (d *death) gone() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.dead
}

// mortal counts the writes to VirtualMachineMoves: those of VCenters come when they come.
type mortal struct {
	client.Client
	death *death
}

func (m mortal) Patch(ctx context.Context, o client.Object, p client.Patch, options ...client.PatchOption) error {
	return m.death.of(o, func() error { return m.Client.Patch(ctx, o, p, options...) })
}

func (m mortal) Status() client.SubResourceWriter {
	return mortalStatus{m.Client.Status(), m.death}
}

type mortalStatus struct {
	client.SubResourceWriter
	death *death
}

func (m mortalStatus) Patch(ctx context.Context, o client.Object, p client.Patch, options ...client.SubResourcePatchOption) error {
	return m.death.of(o, func() error { return m.SubResourceWriter.Patch(ctx, o, p, options...) })
}

func (d *death) of(o client.Object, do func() error) error {
	if _, ok := o.(*v1alpha1.VirtualMachineMove); ok {
		return d.write(do)
	}
	if d.gone() {
		return errDead
	}
	return do()
}

// mortalWire counts the calls that change a vCenter.
type mortalWire struct {
	http.RoundTripper
	death *death
}

var changing = regexp.MustCompile(`<(?:\w+:)?(RelocateVM_Task|PowerOnVM_Task|PowerOffVM_Task|ShutdownGuest|CancelTask)[ >]`)

func (m mortalWire) RoundTrip(r *http.Request) (answer *http.Response, err error) {
	if m.death.gone() {
		return nil, errDead
	}
	if r.Body == nil {
		return m.RoundTripper.RoundTrip(r)
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	if !changing.Match(body) {
		return m.RoundTripper.RoundTrip(r)
	}
	err = m.death.write(func() error {
		answer, err = m.RoundTripper.RoundTrip(r) //nolint:bodyclose // the caller closes it.
		return err
	})
	if err != nil && answer != nil {
		_ = answer.Body.Close()
		answer = nil
	}
	return answer, err
}

// killed lets a move be made by an operator that dies at one of its writes, and by the next one, and returns whether it came so far.
func (w *world) killed(d *death, m *v1alpha1.VirtualMachineMove) (died bool) {
	w.t.Helper()
	w.stop()
	d.ended = make(chan struct{})
	w.wrap = func(c client.Client) client.Client { return mortal{c, d} }
	w.wire = func(t http.RoundTripper) http.RoundTripper { return mortalWire{t, d} }
	w.start()
	cluster.Create(w.t, m)
	died = w.diesOrEnds(d, m)
	w.stop()
	w.wrap, w.wire = nil, nil
	w.start()
	return died
}

// abreast is how many operators are killed side by side, each at writes of its own.
const abreast = 4

// TestAKillAtEveryWrite kills the operator right before each of the writes that a cold move takes, and starts another: the machine arrives
// every time, was shut down once, relocated once and powered on once.
func TestAKillAtEveryWrite(t *testing.T) {
	t.Parallel()
	for first := 1; first <= abreast; first++ {
		t.Run(fmt.Sprintf("from %d", first), func(t *testing.T) {
			t.Parallel()
			killsFrom(t, first)
		})
	}
}

// killsFrom kills at the first write and at each that is so many further as there are beside it.
func killsFrom(t *testing.T, first int) {
	w := newWorld(t)
	w.picture("weu")
	for at := first; ; at += abreast {
		was := w.add(vcentersim.MachineSpec{Name: fmt.Sprintf("kill-%02d", at), PoweredOn: true})
		m := w.cold(was, guestPower)
		reached := w.killed(&death{at: at}, m)
		cluster.WaitCondition(t, time.Minute, m, v1alpha1.ConditionComplete, "True")
		is := w.sameMachine(was)
		if is.PowerState != "poweredOn" || is.PowerOffCount != 1 {
			t.Errorf("Killed at write %d: it is %s and was powered off %d times", at, is.PowerState, is.PowerOffCount)
		}
		w.calledOnce(at, was, is, "ShutdownGuest", "RelocateVM_Task", "PowerOnVM_Task")
		if !reached {
			t.Logf("A cold move takes fewer than %d writes", at)
			if at < 10 {
				t.Errorf("fewer than %d writes were seen: the sweep looks at the wrong ones", at)
			}
			return
		}
	}
}

// calledOnce fails unless each call was made once on the machine, at whichever side.
func (w *world) calledOnce(at int, was, is vcentersim.MachineState, methods ...string) {
	w.t.Helper()
	for _, method := range methods {
		n := callsOn(w.Source, method, was.Ref)
		if is.Ref != "" && find(w.Target, was.Name) != nil {
			n += callsOn(w.Target, method, is.Ref)
		}
		if n != 1 {
			w.t.Errorf("Killed at write %d: %s was called %d times; it ended as %s", at, method, n, w.endOf(was.InstanceUUID))
		}
	}
}

// endOf says how the move of a machine ended, for messages.
func (w *world) endOf(instanceUUID string) string {
	w.t.Helper()
	list := &v1alpha1.VirtualMachineMoveList{}
	if err := cluster.Admin.List(w.t.Context(), list, client.InNamespace(w.Namespace)); err != nil {
		return err.Error()
	}
	for _, m := range list.Items {
		if m.Spec.Machine.InstanceUUID == instanceUUID {
			return fmt.Sprintf("%s after %d attempts: %+v", m.Status.Step, m.Status.Attempts, m.Status.Failure)
		}
	}
	return "nothing: it is gone"
}

// mostWrites is more than any move takes.
const mostWrites = 20

// way to move that is swept: back ends at the source, methods are its calls to a vCenter.
type way struct {
	name    string
	method  v1alpha1.MoveMethod
	back    bool
	methods []string
}

var ways = []way{
	{"live", v1alpha1.MoveMethodLive, false, []string{"RelocateVM_Task"}},
	{"live that comes back", v1alpha1.MoveMethodLive, true, []string{"RelocateVM_Task"}},
	{"cold", v1alpha1.MoveMethodCold, false, []string{"ShutdownGuest", "RelocateVM_Task", "PowerOnVM_Task"}},
	{"cold that comes back", v1alpha1.MoveMethodCold, true, []string{"ShutdownGuest", "RelocateVM_Task", "PowerOnVM_Task"}},
}

// TestSweepKills kills the operator right before each write, and after each with its answer lost, of every way to move, with an end at the
// target or back at the source.
func TestSweepKills(t *testing.T) {
	t.Parallel()
	for _, m := range method.All {
		if !slices.ContainsFunc(ways, func(way way) bool { return way.method == m.Name }) {
			t.Errorf("No operator is killed while a machine moves %s: ways lacks it", m.Name)
		}
	}
	for _, way := range ways {
		for _, after := range []bool{false, true} {
			name := fmt.Sprintf("%s, after the write: %v", way.name, after)
			var chosen []int
			for at := 1; at <= mostWrites; at++ {
				if harness.Chosen(fmt.Sprintf("kill %s %d", name, at), sampled) {
					chosen = append(chosen, at)
				}
			}
			if len(chosen) == 0 {
				continue
			}
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				w := newWorld(t)
				w.picture("weu")
				for _, at := range chosen {
					was := w.add(vcentersim.MachineSpec{Name: fmt.Sprintf("kill-%02d", at), PoweredOn: true})
					if way.back {
						w.Source.Inject(vcentersim.Fault{Relocate: true, Machine: was.Name, AtPercent: 50, With: &types.DuplicateName{Name: was.Name}, Times: -1})
					}
					m := w.planned(was, way.method)
					m.Spec.Power = guestPower
					reached := w.killed(&death{at: at, after: after}, m)
					cluster.WaitFor(t, time.Minute, m, "its end", func() error {
						if s := m.Status.Step; s != v1alpha1.MoveStepMoved && s != v1alpha1.MoveStepFailed || len(m.Finalizers) > 0 {
							return fmt.Errorf("the step is %s, finalizers %v", s, m.Finalizers)
						}
						return nil
					})
					for _, wrong := range w.wrongs(was, m, false) {
						t.Errorf("%s, killed at write %d: %s", name, at, wrong)
					}
					is := was
					if there := find(w.Target, was.Name); there != nil {
						is = *there
					}
					w.calledOnce(at, was, is, way.methods...)
					if !reached {
						t.Logf("it takes fewer than %d writes", at)
						return
					}
				}
			})
		}
	}
}

// diesOrEnds waits until the operator is dead, or the move has ended and been let go without that.
func (w *world) diesOrEnds(d *death, m *v1alpha1.VirtualMachineMove) (died bool) {
	w.t.Helper()
	cluster.Eventually(w.t, time.Minute, "death or the end", func(ctx context.Context) error {
		select {
		case <-d.ended:
			died = true
			return nil
		default:
		}
		if err := cluster.Admin.Get(ctx, client.ObjectKeyFromObject(m), m); err != nil {
			return err
		}
		if s := m.Status.Step; s != v1alpha1.MoveStepMoved && s != v1alpha1.MoveStepFailed || len(m.Finalizers) > 0 {
			return fmt.Errorf("the step is %s, finalizers %v", m.Status.Step, m.Finalizers)
		}
		return nil
	}, m)
	return died
}

// callsOn counts the calls of a SOAP method on one object.
func callsOn(v *vcentersim.VCenter, method, ref string) int {
	n := 0
	for _, r := range v.Requests() {
		if r.Method == method && r.Object == ref {
			n++
		}
	}
	return n
}
