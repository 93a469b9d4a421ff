// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package vcentersim

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"

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
	committed bool // past the point of no return
}

// cargo is what a move carries, read once at its start.
type cargo struct {
	name      string
	live      bool
	diskBytes map[int32]int64
	memory    int64
	from      placement
}

func (c cargo) total() int64 {
	var n int64
	for _, b := range c.diskBytes {
		n += b
	}
	if c.live {
		n += c.memory + c.memory/4 // pages change while they are copied
	}
	return n
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
	m := e.v.newMove(ctx, vm, req.Spec)
	body.Res = &types.RelocateVM_TaskResponse{Returnval: m.task.Self}
	e.v.work.Add(1)
	go m.run()
	return body
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

func (v *VCenter) cargoOf(ctx *simulator.Context, vm *simulator.VirtualMachine) cargo {
	known := v.known(ctx, vm)
	c := cargo{diskBytes: map[int32]int64{}}
	ctx.WithLock(vm, func() {
		c.name, c.live = vm.Name, vm.Runtime.PowerState == poweredOn
		c.memory = int64(vm.Config.Hardware.MemoryMB) << 20
		c.from = placement{folder: vm.Parent, pool: vm.ResourcePool, host: vm.Runtime.Host, disks: map[int32]reference{}}
		if len(vm.Datastore) > 0 {
			c.from.home = &vm.Datastore[0]
		}
	})
	for key, d := range known.disks {
		c.diskBytes[key] = d.used
		c.from.disks[key] = d.datastore
	}
	return c
}

// known is the machine's entry in the book. What was made over the API, a machine or a disk, enters it here: as
// written in full, or by half when thin.
func (v *VCenter) known(ctx *simulator.Context, vm *simulator.VirtualMachine) entry {
	e := v.machines.read(vm.Self)
	disks := maps.Clone(e.disks)
	if disks == nil {
		disks = map[int32]diskUse{}
	}
	ctx.WithLock(vm, func() {
		e.name, e.folder = vm.Name, *vm.Parent
		for _, d := range disksOf(vm.Config.Hardware.Device) {
			if _, ok := disks[d.Key]; ok || len(vm.Datastore) == 0 {
				continue
			}
			capacity := max(d.CapacityInBytes, d.CapacityInKB<<10)
			use := diskUse{datastore: vm.Datastore[0], used: capacity, capacity: capacity}
			if flat, ok := d.Backing.(*types.VirtualDiskFlatVer2BackingInfo); ok {
				if flat.ThinProvisioned != nil && *flat.ThinProvisioned {
					use.used /= 2
				}
				if flat.Datastore != nil {
					use.datastore = *flat.Datastore
				}
			}
			disks[d.Key] = use
		}
	})
	if len(disks) != len(e.disks) {
		e.disks = disks
		v.machines.put(vm.Self, &e)
	}
	return e
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
		fault = &types.RequestCanceled{}
	}
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

// seat is room for the move at both ends.
type seat struct {
	d       *destination
	local   []charge
	v       *VCenter
	done    bool
	storage bool
	remote  string // the reservation's id at another vCenter
	plan    plan
}

// acquire takes the budgets of both vCenters, always that of the lower instance UUID first: two vCenters that move
// toward each other would otherwise wait for each other for ever.
func (m *move) acquire(d *destination, p plan) (*seat, types.BaseMethodFault) {
	s := &seat{d: d, v: m.v, plan: p}
	hosts := []reference{*m.from.host}
	stores := m.from.datastores()
	s.storage = d.remote || p.movesStorage(m.from)
	hostChanges := d.remote || *p.host != *m.from.host
	c := costOf(m.live, hostChanges, s.storage)
	if !d.remote {
		hosts = append(hosts, *p.host)
		stores = append(stores, p.datastores()...)
	}
	charges := c.charges(hosts, stores)
	takeHere := func() types.BaseMethodFault {
		if m.v.budget.acquire(m.ctx, charges) != nil {
			return &types.RequestCanceled{}
		}
		s.local = charges
		return nil
	}
	takeThere := func() (fault types.BaseMethodFault) {
		s.remote, fault = d.reserve(m.ctx, m.cargo, p)
		return fault
	}
	order := []func() types.BaseMethodFault{takeHere, takeThere}
	if d.instanceUUID < m.v.InstanceUUID() {
		slices.Reverse(order)
	}
	for _, take := range order {
		if fault := take(); fault != nil {
			s.release()
			return nil, fault
		}
	}
	return s, nil
}

func (s *seat) release() {
	if s.done {
		return
	}
	s.done = true
	s.v.budget.release(s.local)
	s.d.abandon(s.remote)
}

// transfer lets the time pass that the bytes need, and tells how far it is.
func (m *move) transfer(planned *Fault, s *seat) types.BaseMethodFault {
	total := float64(m.total())
	if !s.storage {
		total = float64(pick(m.live, m.memory+m.memory/4, 0))
	}
	m.v.link.join()
	defer m.v.link.leave()
	told, last, moved := int32(-1), time.Now(), 0.0
	beat := time.Now()
	for moved < total || told < 0 {
		expected := total / (m.v.link.share() * m.v.config.Speed) // real seconds
		step := min(max(time.Duration(expected*float64(time.Second)/100), 2*time.Millisecond), 250*time.Millisecond)
		if !m.pause(step) {
			return &types.RequestCanceled{}
		}
		now := time.Now()
		moved += m.v.link.share() * m.v.config.Speed * now.Sub(last).Seconds()
		last = now
		percent := int32(min(99, 100*moved/max(total, 1))) //nolint:gosec // 0..99.
		if percent != told {
			told = percent
			m.v.updateTask(m.own, m.task, types.PropertyChange{Name: "info.progress", Val: percent})
		}
		if fault := m.strike(planned, percent); fault != nil {
			return fault
		}
		if now.Sub(beat) > 2*time.Second {
			beat = now
			if fault := s.d.beat(m.ctx, s.remote); fault != nil {
				return fault
			}
		}
	}
	return nil
}

// strike does the planned fault when its percentage is reached.
func (m *move) strike(planned *Fault, percent int32) types.BaseMethodFault {
	if planned == nil || int(percent) < min(planned.AtPercent, 99) {
		return nil
	}
	if planned.Delay > 0 && !m.pause(planned.Delay) {
		return &types.RequestCanceled{}
	}
	planned.Delay = 0
	if planned.Hang {
		<-m.ctx.Done()
		return &types.RequestCanceled{}
	}
	return planned.With
}

func (m *move) pause(d time.Duration) bool {
	select {
	case <-time.After(d):
		return true
	case <-m.ctx.Done():
		return false
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
		hold = holding{Hidden: planned.Hidden, Lost: planned.Lost}
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

// recordOf reads the machine for its journey.
func (v *VCenter) recordOf(ctx *simulator.Context, vm *simulator.VirtualMachine) *record {
	known := v.known(ctx, vm)
	r := &record{
		Used: map[int32]int64{}, PowerOffs: known.powerOffs, IgnoresShutdown: known.ignoresShutdown, ShutdownTime: known.shutdownTime,
	}
	for key, d := range known.disks {
		r.Used[key] = d.used
	}
	ctx.WithLock(vm, func() {
		r.Name, r.PowerState, r.BootTime, r.EVCMode = vm.Name, vm.Runtime.PowerState, vm.Runtime.BootTime, vm.Runtime.MinRequiredEVCModeKey
		r.Config, r.Guest = *vm.Config, *vm.Guest
		r.Config.Hardware.Device = cloneDevices(vm.Config.Hardware.Device)
		if vm.Snapshot != nil {
			r.Snapshots = snapshotNames(vm.Snapshot.RootSnapshotList)
		}
	})
	return r
}
