// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package vcentersim

import (
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
	// Machine narrows a Relocate fault to one name; empty takes any.
	Machine string
	// AtPercent of the transfer when the Relocate fault happens.
	AtPercent int
	// With is the fault that the call returns or the task ends with.
	With types.BaseMethodFault
	// DropAnswer lets the call happen and closes the connection instead of answering.
	DropAnswer bool
	// Refuse closes the connection before anything happens.
	Refuse bool
	// Delay, real time, before the call or at AtPercent of the move.
	Delay time.Duration
	// Hang stops the move at AtPercent until it is cancelled.
	Hang bool
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

// before a call: waits its delay; false when the connection shall close.
func (p *faultPlan) before(method string) bool {
	f := p.take(func(f *Fault) bool {
		return !f.Relocate && !f.Check && f.Method == method && (f.Delay > 0 || f.Refuse) && !f.DropAnswer && f.With == nil
	})
	if f == nil {
		return true
	}
	select {
	case <-time.After(f.Delay):
	case <-p.live:
	}
	return !f.Refuse
}

func (p *faultPlan) dropsAnswer(method string) bool {
	return p.take(func(f *Fault) bool { return !f.Relocate && !f.Check && f.Method == method && f.DropAnswer }) != nil
}

func (p *faultPlan) method(method string) types.BaseMethodFault {
	if f := p.take(func(f *Fault) bool { return !f.Relocate && !f.Check && f.Method == method && f.With != nil }); f != nil {
		return f.With
	}
	return nil
}

// check finds the fault of a check; nil when it shall go well.
func (p *faultPlan) check() *Fault { return p.take(func(f *Fault) bool { return f.Check }) }

// relocate finds the fault of a move of the machine; nil when it shall go well.
func (p *faultPlan) relocate(machine string) *Fault {
	return p.take(func(f *Fault) bool { return f.Relocate && (f.Machine == "" || f.Machine == machine) })
}
