// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package machine_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/test/vcentersim"
)

// death ends an operator at one of its writes, to the API server or to a vCenter: that write and all later ones do not leave the process,
// as if it had been killed right before.
type death struct {
	mu    sync.Mutex
	at    int // the write that does not happen, from 1
	done  int
	dead  bool
	ended chan struct{}
}

var errDead = errors.New("the process is dead")

func (d *death) write() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.done++
	if d.done == d.at {
		d.dead = true
		close(d.ended)
	}
	if d.dead {
		return errDead
	}
	return nil
}

// mortal counts the writes to VirtualMachineMoves: those of VCenters come when they come.
type mortal struct {
	client.Client
	death *death
}

func (m mortal) Patch(ctx context.Context, o client.Object, p client.Patch, options ...client.PatchOption) error {
	if err := m.death.of(o); err != nil {
		return err
	}
	return m.Client.Patch(ctx, o, p, options...)
}

func (m mortal) Status() client.SubResourceWriter {
	return mortalStatus{m.Client.Status(), m.death}
}

type mortalStatus struct {
	client.SubResourceWriter
	death *death
}

func (m mortalStatus) Patch(ctx context.Context, o client.Object, p client.Patch, options ...client.SubResourcePatchOption) error {
	if err := m.death.of(o); err != nil {
		return err
	}
	return m.SubResourceWriter.Patch(ctx, o, p, options...)
}

func (d *death) of(o client.Object) error {
	if _, ok := o.(*v1alpha1.VirtualMachineMove); !ok {
		return nil
	}
	return d.write()
}

// TestAKillAtEveryWrite kills the operator right before each of the writes that a cold move takes, one after the other, and starts another:
// the machine arrives every time, was shut down once, relocated once and powered on once.
func TestAKillAtEveryWrite(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.picture("weu")
	for at := 1; ; at++ {
		was := w.add(vcentersim.MachineSpec{Name: fmt.Sprintf("kill-%02d", at), PoweredOn: true})
		m := w.cold(was, &v1alpha1.MovePower{PowerOff: v1alpha1.PowerOffGuest})
		w.stop()
		d := &death{at: at, ended: make(chan struct{})}
		w.wrap, w.mayWrite = func(c client.Client) client.Client { return mortal{c, d} }, d.write
		w.start()
		w.create(m)
		reached := w.diesOrEnds(d, m)
		w.stop()
		w.wrap, w.mayWrite = nil, nil
		w.start()
		cluster.WaitCondition(t, time.Minute, m, v1alpha1.ConditionComplete, "True")
		is := w.sameMachine(was)
		if is.PowerState != "poweredOn" || is.PowerOffCount != 1 {
			t.Errorf("Killed at write %d: it is %s and was powered off %d times", at, is.PowerState, is.PowerOffCount)
		}
		for _, c := range []struct {
			v           *vcentersim.VCenter
			method, ref string
		}{{w.source, "ShutdownGuest", was.Ref}, {w.source, "RelocateVM_Task", was.Ref}, {w.target, "PowerOnVM_Task", is.Ref}} {
			if n := callsOn(c.v, c.method, c.ref); n != 1 {
				t.Errorf("Killed at write %d: %s was called %d times", at, c.method, n)
			}
		}
		if !reached {
			t.Logf("A cold move takes %d writes", at-1)
			if at < 10 {
				t.Errorf("only %d writes were seen: the sweep looks at the wrong ones", at-1)
			}
			return
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
		if err := cluster.Admin.Get(ctx, keyOf(m), m); err != nil {
			return err
		}
		if m.Status.Step != v1alpha1.MoveStepMoved || len(m.Finalizers) > 0 {
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
