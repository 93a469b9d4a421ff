// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package vcentersim

import (
	"context"
	"slices"
	"sync"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

// move is one RelocateVM_Task: inside this vCenter, or across to the one that spec.service names.
type move struct {
	v    *VCenter
	own  *simulator.Context
	task *simulator.Task
	vm   *simulator.VirtualMachine
	spec types.VirtualMachineRelocateSpec
	cargo

	ctx    context.Context // ends when someone cancels
	cancel context.CancelFunc

	leave []func() // what to give back when the task has ended, last first

	mu        sync.Mutex
	cancelled bool
	committed bool                  // past the point of no return
	broken    types.BaseMethodFault // what a restarted vpxd leaves of it, instead of a cancel
}

// RelocateVMTask answers VirtualMachine.RelocateVM_Task.
func (e *extension) RelocateVMTask(ctx *simulator.Context, req *types.RelocateVM_Task) soap.HasFault {
	body := &methods.RelocateVM_TaskBody{}
	vm, fault := e.machineAt(ctx, req.This)
	if fault == nil {
		fault = e.v.mayRelocate(ctx, vm)
	}
	if fault == nil && !e.v.machines.claim(vm.Self) {
		fault = &types.TaskInProgress{}
	}
	if fault != nil {
		body.Fault_ = simulator.Fault(faultMessage(fault), fault)
		return body
	}
	e.v.disable(ctx, vm, true)
	m := e.v.newMove(ctx, vm, req.Spec)
	body.Res = &types.RelocateVM_TaskResponse{Returnval: m.task.Self}
	e.v.work.Add(1)
	go m.run()
	return body
}

// disable tells in disabledMethod what a machine on its way refuses. A change of that property "does not result in a notification", as its
// reference says, so none is given; nor does it depend on a task that vCenter remembers.
func (v *VCenter) disable(ctx *simulator.Context, vm *simulator.VirtualMachine, on bool) {
	ctx.WithLock(vm, func() {
		vm.DisabledMethod = slices.DeleteFunc(slices.Clone(vm.DisabledMethod), func(m string) bool { return m == "RelocateVM_Task" || m == "MigrateVM_Task" })
		if on {
			vm.DisabledMethod = append(vm.DisabledMethod, "RelocateVM_Task", "MigrateVM_Task")
		}
	})
}

// MigrateVMTask answers VirtualMachine.MigrateVM_Task, which is a relocate that keeps the storage.
func (e *extension) MigrateVMTask(ctx *simulator.Context, req *types.MigrateVM_Task) soap.HasFault {
	res := e.RelocateVMTask(ctx, &types.RelocateVM_Task{
		This: req.This, Priority: req.Priority, Spec: types.VirtualMachineRelocateSpec{Pool: req.Pool, Host: req.Host},
	}).(*methods.RelocateVM_TaskBody)
	body := &methods.MigrateVM_TaskBody{Fault_: res.Fault_}
	if res.Res != nil {
		body.Res = &types.MigrateVM_TaskResponse{Returnval: res.Res.Returnval}
	}
	return body
}

// mayRelocate checks the caller's right at the source, which the method itself asks for.
func (v *VCenter) mayRelocate(ctx *simulator.Context, vm *simulator.VirtualMachine) types.BaseMethodFault {
	var live bool
	ctx.WithLock(vm, func() { live = vm.Runtime.PowerState == poweredOn })
	privilege := pick(live, "Resource.HotMigrate", "Resource.ColdMigrate")
	if user := userOf(ctx); user != "" && !v.accounts.granted(user, privilege) {
		return noPermission(vm.Self, privilege)
	}
	return nil
}

func (v *VCenter) newMove(ctx *simulator.Context, vm *simulator.VirtualMachine, spec types.VirtualMachineRelocateSpec) *move {
	m := &move{v: v, own: v.newContext(userOf(ctx)), vm: vm, spec: spec}
	m.ctx, m.cancel = context.WithCancel(v.ctx)
	m.cargo = v.cargoOf(ctx, vm)
	m.task = v.newTask(ctx, vm.Self, "RelocateVM_Task", "VirtualMachine.relocate", true)
	v.transit.moves.Store(m.task.Self, m)
	return m
}

func (v *VCenter) moveOf(task reference) *move {
	if m, ok := v.transit.moves.Load(task); ok {
		return m.(*move)
	}
	return nil
}

// requestCancel stops the work; false when it is too late.
func (m *move) requestCancel() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.committed {
		return false
	}
	m.cancelled = true
	m.cancel()
	return true
}

// pointOfNoReturn closes the door for CancelTask; false when a cancel came before.
func (m *move) pointOfNoReturn() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.cancelled || m.ctx.Err() != nil {
		return false
	}
	m.committed = true
	return true
}

func (m *move) run() {
	defer m.v.work.Done()
	defer m.cancel()
	defer m.v.transit.moves.Delete(m.task.Self)
	defer m.giveBack() // after the task has ended: who waits for room must not run beside it
	result, fault := m.carry()
	if fault != nil && m.ctx.Err() != nil {
		fault = m.ended()
	}
	m.v.disable(m.own, m.vm, false)
	m.v.machines.release(m.vm.Self)
	if fault != nil {
		m.v.log.Info("Relocate failed", "machine", m.name, "task", m.task.Self.Value, "fault", typeName(fault))
		m.v.post(m.own, &types.VmRelocateFailedEvent{
			VmRelocateSpecEvent: types.VmRelocateSpecEvent{VmEvent: m.v.vmEvent(m.own, m.vm)},
			Reason:              types.LocalizedMethodFault{Fault: fault, LocalizedMessage: faultMessage(fault)},
		})
		m.v.taskFailed(m.own, m.task, fault)
		return
	}
	m.v.log.Info("Relocated", "machine", m.name, "task", m.task.Self.Value, "result", result.Value)
	m.v.taskSucceeded(m.own, m.task, result)
}

// ended is what a move ends with that was stopped from outside.
func (m *move) ended() types.BaseMethodFault {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.broken != nil {
		return m.broken
	}
	return &types.RequestCanceled{}
}

func (m *move) giveBack() {
	for _, f := range slices.Backward(m.leave) {
		f()
	}
}

// carry does the work: check, wait for room in both budgets, copy, switch over.
func (m *move) carry() (reference, types.BaseMethodFault) {
	var none reference
	d, fault := m.v.destination(m.ctx, m.spec, userOf(m.own))
	if fault != nil {
		return none, fault
	}
	m.leave = append(m.leave, d.close)
	plan, findings := d.check(m.ctx, m.v.subjectOf(m.own, m.vm), m.spec)
	if len(findings.errors) > 0 {
		return none, findings.errors[0]
	}
	seat, fault := m.acquire(d, plan)
	if fault != nil {
		return none, fault
	}
	m.leave = append(m.leave, seat.release)
	m.v.taskRunning(m.own, m.task)
	m.announce()
	planned := m.v.faults.relocate(m.name)
	if fault := m.transfer(planned, seat); fault != nil {
		return none, fault
	}
	if !m.pointOfNoReturn() {
		return none, &types.RequestCanceled{}
	}
	m.v.updateTask(m.own, m.task, types.PropertyChange{Name: "info.cancelable", Val: false})
	return m.switchOver(seat, planned)
}

func (m *move) announce() {
	event := m.v.vmEvent(m.own, m.vm)
	switch {
	case m.live && m.spec.Service != nil:
		m.v.post(m.own, &types.VmEmigratingEvent{VmEvent: event})
	case m.live:
		m.v.post(m.own, &types.VmBeingHotMigratedEvent{VmEvent: event, DestHost: *event.Host, DestDatacenter: event.Datacenter, DestDatastore: event.Ds})
	default:
		m.v.post(m.own, &types.VmBeingRelocatedEvent{
			VmRelocateSpecEvent: types.VmRelocateSpecEvent{VmEvent: event}, DestHost: *event.Host, DestDatacenter: event.Datacenter, DestDatastore: event.Ds,
		})
	}
}

// switchOver hands the machine to the destination and takes it out here. From here on a cancel comes too late.
func (m *move) switchOver(s *seat, planned *Fault) (reference, types.BaseMethodFault) {
	ctx := context.WithoutCancel(m.ctx)
	if !s.d.remote {
		if err := m.v.place(m.own, m.vm, s.plan.placement); err != nil {
			return reference{}, &types.ManagedObjectNotFound{Obj: m.vm.Self}
		}
		m.v.post(m.own, &types.VmMigratedEvent{
			VmEvent: m.v.vmEvent(m.own, m.vm), SourceHost: *m.v.hostArgument(*m.from.host), SourceDatastore: m.v.storeArgument(*m.from.home),
		})
		return m.vm.Self, nil
	}
	r := m.v.recordOf(m.own, m.vm)
	var hold holding
	if planned != nil {
		hold = holding{Hidden: planned.Hidden, Lost: planned.Lost, Cut: planned.Cut}
		if planned.Unplugged || planned.Cut {
			r.unplug()
		}
	}
	ref, fault := s.d.deliver(ctx, s.remote, r, hold)
	if fault != nil {
		return ref, fault
	}
	s.remote = "" // taken
	event := m.v.vmEvent(m.own, m.vm)
	m.v.dismiss(m.own, m.vm)
	m.v.post(m.own, &types.VmRelocatedEvent{VmRelocateSpecEvent: types.VmRelocateSpecEvent{VmEvent: event}, SourceHost: *event.Host})
	return ref, nil
}
