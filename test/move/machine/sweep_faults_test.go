// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package machine_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/vmware/govmomi/vim25/types"
	"k8s.io/apimachinery/pkg/api/meta"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/test/harness"
	"github.com/avs-operator/avs-operator/test/vcentersim"
)

// sampled is of how many cases make test has one.
const sampled = 40

// faultCase is one thing that goes wrong with one call of one machine's move.
type faultCase struct {
	name   string
	target bool // the call is one to the target
	fault  vcentersim.Fault
	// cold moves a running machine cold; comesBack fails its relocation, so that it is powered on at the source.
	cold, comesBack bool
	machine         vcentersim.MachineSpec
	// off says that the machine may stay off in the end, because no power on ever succeeds.
	off bool
}

// faultCases are every call of a live and a cold move, refused, lost, slow or answered late.
func faultCases() []faultCase {
	var out []faultCase
	for _, c := range []faultCase{
		{name: "live relocate", fault: vcentersim.Fault{Method: "RelocateVM_Task"}},
		{name: "cold relocate", fault: vcentersim.Fault{Method: "RelocateVM_Task"}, cold: true},
		{name: "shutdown", fault: vcentersim.Fault{Method: "ShutdownGuest"}, cold: true},
		{name: "power off", fault: vcentersim.Fault{Method: "PowerOffVM_Task"}, cold: true, machine: vcentersim.MachineSpec{Tools: "notRunning"}},
		{name: "power on at the target", fault: vcentersim.Fault{Method: "PowerOnVM_Task"}, cold: true, target: true},
		{name: "power on at the source", fault: vcentersim.Fault{Method: "PowerOnVM_Task"}, cold: true, comesBack: true},
	} {
		out = append(out, refusedCases(c)...)
		for name, how := range map[string]vcentersim.Fault{
			"connection refused": {Refuse: true}, "connection refused thrice": {Refuse: true, Times: 3}, "answer lost": {DropAnswer: true},
			"slow": {Delay: time.Second}, "slower than its deadline": {Delay: 8 * time.Second},
			"answered late": {Late: time.Second}, "answered after its deadline": {Late: 8 * time.Second},
		} {
			c := c
			c.name += ", " + name
			how.Method = c.fault.Method
			c.fault = how
			out = append(out, c)
		}
	}
	slices.SortFunc(out, func(a, b faultCase) int { return strings.Compare(a.name, b.name) })
	return out
}

// refusedCases refuse a call with each fault that may be, by itself or by its task, once or for ever.
func refusedCases(call faultCase) (out []faultCase) {
	for _, with := range append(refusals(), &types.InvalidState{}, &types.ResourceInUse{}, &types.SystemErrorFault{Reason: "internal"}, &types.HostNotConnected{},
		&types.Timedout{}, &types.InsufficientCpuResourcesFault{}, &types.NoCompatibleHost{}) {
		for _, task := range []bool{false, true} {
			for _, times := range []int{1, -1} {
				if task && call.fault.Method == "ShutdownGuest" {
					continue // it has none
				}
				c := call
				c.name = fmt.Sprintf("%s, %T by its task: %v, times: %d", c.name, with, task, times)
				c.fault.With, c.fault.Times, c.fault.Task = with, times, task
				if task && c.fault.Method == "RelocateVM_Task" {
					c.fault = vcentersim.Fault{Relocate: true, AtPercent: 50, With: with, Times: times}
				}
				c.off = times == -1 && c.fault.Method == "PowerOnVM_Task"
				out = append(out, c)
			}
		}
	}
	return out
}

// TestSweepFaults makes every call of a move go wrong in every way: the machine is at one vCenter in the end and runs, unless nothing let it be
// powered on, and the move says where it is and how.
func TestSweepFaults(t *testing.T) {
	t.Parallel()
	chosen := slices.DeleteFunc(faultCases(), func(c faultCase) bool { return !harness.Chosen(c.name, sampled) })
	t.Logf("%d of %d cases", len(chosen), len(faultCases()))
	for i := range slices.Chunk(chosen, 60) { // machines that share two vCenters
		t.Run("", func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.picture("weu")
			var all sync.WaitGroup
			seats := make(chan struct{}, 6)
			for n := range i {
				was, m := w.prepareFault(n, i[n])
				all.Go(func() {
					seats <- struct{}{}
					defer func() { <-seats }()
					w.liveThrough(i[n], was, m)
				})
			}
			all.Wait()
		})
	}
}

// prepareFault makes the machine and its move, and plans what goes wrong.
func (w *world) prepareFault(n int, c faultCase) (vcentersim.MachineState, *v1alpha1.VirtualMachineMove) {
	s := c.machine
	s.Name, s.PoweredOn, s.DiskGB = fmt.Sprintf("sweep-%02d", n), true, []int{10}
	was := w.add(s)
	c.fault.Machine = was.Name
	at := w.Source
	if c.target {
		at = w.Target
	}
	at.Inject(c.fault)
	if c.comesBack {
		w.Source.Inject(vcentersim.Fault{Relocate: true, Machine: was.Name, AtPercent: 50, With: &types.DuplicateName{Name: was.Name}, Times: -1})
	}
	if !c.cold {
		return was, w.planned(was, v1alpha1.MoveMethodLive)
	}
	return was, w.cold(was, &v1alpha1.MovePower{PowerOff: v1alpha1.PowerOffGuestThenHard, TimeoutSeconds: 600})
}

// liveThrough takes a move to its end and holds what it says against the truth.
func (w *world) liveThrough(c faultCase, was vcentersim.MachineState, m *v1alpha1.VirtualMachineMove) {
	ctx := context.WithoutCancel(w.t.Context())
	if err := cluster.Admin.Create(ctx, m); err != nil {
		w.t.Errorf("%s: %v", c.name, err)
		return
	}
	over := []v1alpha1.MoveStep{v1alpha1.MoveStepMoved, v1alpha1.MoveStepFailed, v1alpha1.MoveStepCancelled}
	for until := time.Now().Add(5 * time.Minute); ; time.Sleep(100 * time.Millisecond) {
		err := cluster.Admin.Get(ctx, client.ObjectKeyFromObject(m), m)
		if err == nil && slices.Contains(over, m.Status.Step) && len(m.Finalizers) == 0 {
			break
		}
		if time.Now().After(until) {
			w.t.Errorf("%s: it has no end: %v\n%s", c.name, err, cluster.Describe(ctx, m))
			return
		}
	}
	for _, wrong := range w.wrongs(was, m, c.off) {
		w.t.Errorf("%s: %s\n%s", c.name, wrong, cluster.Describe(ctx, m))
	}
}

// wrongs is what a move that has ended did or says wrongly.
func (w *world) wrongs(was vcentersim.MachineState, m *v1alpha1.VirtualMachineMove, mayBeOff bool) (out []string) {
	here, there := find(w.Source, was.Name), find(w.Target, was.Name)
	if (here == nil) == (there == nil) {
		return []string{fmt.Sprintf("it is at the source: %v, at the target: %v", here != nil, there != nil)}
	}
	is, where := here, "at the source"
	if is == nil {
		is, where = there, "at the target"
	}
	state := map[string]string{"poweredOn": "running", "poweredOff": "powered off"}[is.PowerState]
	if is.InstanceUUID != was.InstanceUUID || is.BIOSUUID != was.BIOSUUID || !slices.Equal(is.MACs, was.MACs) || !slices.Equal(is.Disks, was.Disks) {
		out = append(out, fmt.Sprintf("it is %+v and was %+v", is, was))
	}
	if is.PowerState != was.PowerState && !mayBeOff {
		out = append(out, "it ran, and is "+is.PowerState+" "+where)
	}
	if is.PowerOffCount > 1 || is.PowerOffCount > 0 && m.Spec.Method == v1alpha1.MoveMethodLive {
		out = append(out, fmt.Sprintf("it was powered off %d times", is.PowerOffCount))
	}
	if (m.Status.Step == v1alpha1.MoveStepMoved) != (there != nil && state == "running") {
		out = append(out, fmt.Sprintf("it is %s %s, and the move says %s", state, where, m.Status.Step))
	}
	if m.Status.Step == v1alpha1.MoveStepFailed {
		ready := meta.FindStatusCondition(m.Status.Conditions, v1alpha1.ConditionReady)
		if ready == nil || !strings.Contains(ready.Message, where+" and "+state) {
			out = append(out, fmt.Sprintf("the move does not say that it is %s and %s", where, state))
		}
	}
	if m.Status.Task != nil || m.Status.GrantedAt != nil || (m.Status.PoweredOffByMove == "Yes") != (is.PowerState == "poweredOff") {
		out = append(out, fmt.Sprintf("something is left behind: %+v", m.Status))
	}
	return out
}
