// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package vcentersim

import (
	"slices"
	"sync"
	"time"

	"github.com/vmware/govmomi/vim25/types"
)

// Fault is something to go wrong on purpose. It names either a SOAP method or, with Relocate, the work of a move.
type Fault struct {
	// Method that it applies to, "RelocateVM_Task", "Login", "WaitForUpdatesEx"; empty with Relocate.
	Method string
	// Relocate applies it to a move's task at the source vCenter instead of to a call.
	Relocate bool
	// Check applies it to the task of a CheckRelocate_Task: it ends with With, or with Hang never, unless it is cancelled.
	Check bool
	// Machine narrows the fault to one name: of the machine that moves, that the method is called on, or whose task it is called on. Empty
	// takes any.
	Machine string
	// AtPercent of the transfer when the Relocate fault happens.
	AtPercent int
	// With is the fault that the call returns, or that the task ends with.
	With types.BaseMethodFault
	// Task lets the call be accepted, and applies With and Delay to the work of its task.
	Task bool
	// DropAnswer lets the call happen and closes the connection instead of answering.
	DropAnswer bool
	// Refuse closes the connection before anything happens.
	Refuse bool
	// Delay, real time, before the call or at AtPercent of the move.
	Delay time.Duration
	// Late, real time, is how long the answer takes after the call was carried out.
	Late time.Duration
	// Hang stops the move at AtPercent until it is cancelled, or Until is closed.
	Hang bool
	// Until lets a move that hangs go on when it is closed; nil: never.
	Until <-chan struct{}
	// Hidden lets the move succeed, but the machine shows up at the destination only after this real time.
	Hidden time.Duration
	// Unplugged lets the move succeed with every network card disconnected at the destination, as when its switch has no free port; with
	// Cut the cards are on no network at all.
	Unplugged, Cut bool
	// Lost lets the move succeed although the machine never shows up anywhere.
	Lost bool
	// Times that it happens, default once; -1 for ever.
	Times int
}

// Inject plans a fault. Faults of one kind happen in the order in which they were planned.
func (v *VCenter) Inject(f Fault) {
	setDefault(&f.Times, 1)
	v.faults.mu.Lock()
	defer v.faults.mu.Unlock()
	v.faults.planned = append(v.faults.planned, &f)
}

// ClearFaults forgets every planned fault.
func (v *VCenter) ClearFaults() {
	v.faults.mu.Lock()
	defer v.faults.mu.Unlock()
	v.faults.planned = nil
}

type faultPlan struct {
	mu      sync.Mutex
	planned []*Fault
	live    <-chan struct{}
}

// concerns says whether anything is planned for a method.
func (p *faultPlan) concerns(method string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.ContainsFunc(p.planned, func(f *Fault) bool { return f.Method == method && f.Times != 0 })
}

// take finds the first fault that fits and counts it.
func (p *faultPlan) take(fits func(*Fault) bool) *Fault {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, f := range p.planned {
		if f.Times != 0 && fits(f) {
			if f.Times > 0 {
				f.Times--
			}
			copied := *f
			return &copied
		}
	}
	return nil
}

// of a call, made on the named machine, that what fits is planned for.
func (p *faultPlan) of(method, machine string, fits func(*Fault) bool) *Fault {
	return p.take(func(f *Fault) bool {
		return !f.Relocate && !f.Check && f.Method == method && (f.Machine == "" || f.Machine == machine) && fits(f)
	})
}

// before a call: waits its delay; false when the connection shall close.
func (p *faultPlan) before(method, machine string) bool {
	f := p.of(method, machine, func(f *Fault) bool {
		return (f.Delay > 0 || f.Refuse) && !f.Task && !f.DropAnswer && f.With == nil
	})
	if f == nil {
		return true
	}
	p.wait(f.Delay)
	return !f.Refuse
}

// after a call: how long its answer takes, and whether it is lost.
func (p *faultPlan) after(method, machine string) (late time.Duration, lost bool) {
	f := p.of(method, machine, func(f *Fault) bool { return f.DropAnswer || f.Late > 0 })
	if f == nil {
		return 0, false
	}
	return f.Late, f.DropAnswer
}

// wait lets real time pass, unless the vCenter closes.
func (p *faultPlan) wait(d time.Duration) {
	if d <= 0 {
		return
	}
	select {
	case <-time.After(d):
	case <-p.live:
	}
}

// method is what a call is refused with.
func (p *faultPlan) method(method, machine string) types.BaseMethodFault {
	if f := p.of(method, machine, func(f *Fault) bool { return !f.Task && f.With != nil }); f != nil {
		return f.With
	}
	return nil
}

// check finds the fault of a check; nil when it shall go well.
func (p *faultPlan) check() *Fault { return p.take(func(f *Fault) bool { return f.Check }) }

// task is what happens to the work of a call that was accepted.
func (p *faultPlan) task(method, machine string) types.BaseMethodFault {
	f := p.of(method, machine, func(f *Fault) bool { return f.Task })
	if f == nil {
		return nil
	}
	p.wait(f.Delay)
	return f.With
}

// relocate finds the fault of a move of the machine; nil when it shall go well.
func (p *faultPlan) relocate(machine string) *Fault {
	return p.take(func(f *Fault) bool { return f.Relocate && (f.Machine == "" || f.Machine == machine) })
}
