// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package vcentersim

import (
	"time"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

const (
	poweredOn  = types.VirtualMachinePowerStatePoweredOn
	poweredOff = types.VirtualMachinePowerStatePoweredOff
)

// PowerOnVM_Task: method names follow govmomi's dispatcher, which turns Foo_Task into FooTask.

// PowerOnVMTask answers VirtualMachine.PowerOnVM_Task.
func (e *extension) PowerOnVMTask(ctx *simulator.Context, req *types.PowerOnVM_Task) soap.HasFault {
	body := &methods.PowerOnVM_TaskBody{}
	vm, fault := e.machineAt(ctx, req.This)
	if fault == nil {
		fault = e.v.mayPower(ctx, vm, poweredOn)
	}
	if fault != nil {
		body.Fault_ = simulator.Fault(faultMessage(fault), fault)
		return body
	}
	body.Res = &types.PowerOnVM_TaskResponse{Returnval: e.v.runTask(ctx, vm.Self, "PowerOnVM_Task", "VirtualMachine.powerOn",
		func(own *simulator.Context) types.BaseMethodFault { return e.v.setPower(own, vm, poweredOn) })}
	return body
}

// PowerOffVMTask answers VirtualMachine.PowerOffVM_Task.
func (e *extension) PowerOffVMTask(ctx *simulator.Context, req *types.PowerOffVM_Task) soap.HasFault {
	body := &methods.PowerOffVM_TaskBody{}
	vm, fault := e.machineAt(ctx, req.This)
	if fault == nil {
		fault = e.v.mayPower(ctx, vm, poweredOff)
	}
	if fault != nil {
		body.Fault_ = simulator.Fault(faultMessage(fault), fault)
		return body
	}
	body.Res = &types.PowerOffVM_TaskResponse{Returnval: e.v.runTask(ctx, vm.Self, "PowerOffVM_Task", "VirtualMachine.powerOff",
		func(own *simulator.Context) types.BaseMethodFault { return e.v.setPower(own, vm, poweredOff) })}
	return body
}

// ShutdownGuest asks the guest, which needs VMware Tools, takes its time, and may ignore it.
func (e *extension) ShutdownGuest(ctx *simulator.Context, req *types.ShutdownGuest) soap.HasFault {
	body := &methods.ShutdownGuestBody{}
	vm, fault := e.machineAt(ctx, req.This)
	if fault == nil {
		fault = e.canShutDown(ctx, vm)
	}
	if fault != nil {
		body.Fault_ = simulator.Fault(faultMessage(fault), fault)
		return body
	}
	v := e.v
	own := v.newContext(userOf(ctx))
	v.post(own, &types.VmGuestShutdownEvent{VmEvent: v.vmEvent(ctx, vm)})
	if known := v.machines.read(vm.Self); !known.ignoresShutdown {
		wait := known.shutdownTime
		setDefault(&wait, v.config.ShutdownTime)
		v.later(scaled(wait, v.config.Speed), func() { _ = v.setPower(own, vm, poweredOff) })
	}
	body.Res = &types.ShutdownGuestResponse{}
	return body
}

func (e *extension) canShutDown(ctx *simulator.Context, vm *simulator.VirtualMachine) (fault types.BaseMethodFault) {
	ctx.WithLock(vm, func() {
		switch {
		case vm.Runtime.PowerState != poweredOn:
			fault = &types.InvalidPowerState{RequestedState: poweredOn, ExistingState: vm.Runtime.PowerState}
		case vm.Guest == nil || vm.Guest.ToolsRunningStatus != string(types.VirtualMachineToolsRunningStatusGuestToolsRunning):
			fault = &types.ToolsUnavailable{}
		}
	})
	return fault
}

// later does work after a real time, unless the vCenter closes first.
func (v *VCenter) later(d time.Duration, work func()) {
	v.work.Add(1)
	go func() {
		defer v.work.Done()
		select {
		case <-time.After(d):
			work()
		case <-v.ctx.Done():
		}
	}()
}

func (e *extension) machineAt(ctx *simulator.Context, ref reference) (*simulator.VirtualMachine, types.BaseMethodFault) {
	vm, ok := ctx.Map.Get(ref).(*simulator.VirtualMachine)
	if !ok {
		return nil, &types.ManagedObjectNotFound{Obj: ref}
	}
	return vm, nil
}

// mayPower is what the method itself refuses, without a task: its reference lists InvalidPowerState, and NotSupported of a template, among
// the faults of the call.
func (v *VCenter) mayPower(ctx *simulator.Context, vm *simulator.VirtualMachine, to types.VirtualMachinePowerState) (fault types.BaseMethodFault) {
	ctx.WithLock(vm, func() {
		switch {
		case vm.Runtime.PowerState == to:
			fault = &types.InvalidPowerState{RequestedState: to, ExistingState: vm.Runtime.PowerState}
		case to == poweredOn && vm.Config.Template:
			fault = &types.NotSupported{}
		}
	})
	return fault
}

// setPower changes the state of a machine and of its guest, network cards and Tools with it.
func (v *VCenter) setPower(ctx *simulator.Context, vm *simulator.VirtualMachine, to types.VirtualMachinePowerState) (fault types.BaseMethodFault) {
	if ctx.Map.Get(vm.Self) == nil {
		return &types.ManagedObjectNotFound{Obj: vm.Self}
	}
	if v.machines.read(vm.Self).moving {
		return &types.TaskInProgress{}
	}
	ctx.WithLock(vm, func() {
		if vm.Runtime.PowerState == to {
			fault = &types.InvalidPowerState{RequestedState: to, ExistingState: vm.Runtime.PowerState}
			return
		}
		if to == poweredOn && vm.Config.Template {
			fault = &types.InvalidState{}
			return
		}
		ctx.Update(vm, powerChanges(vm, to))
	})
	if fault != nil {
		return fault
	}
	if to == poweredOn {
		v.post(ctx, &types.VmStartingEvent{VmEvent: v.vmEvent(ctx, vm)}, &types.VmPoweredOnEvent{VmEvent: v.vmEvent(ctx, vm)})
	} else {
		v.post(ctx, &types.VmPoweredOffEvent{VmEvent: v.vmEvent(ctx, vm)})
	}
	return nil
}

func powerChanges(vm *simulator.VirtualMachine, to types.VirtualMachinePowerState) []types.PropertyChange {
	on := to == poweredOn
	devices := cloneDevices(vm.Config.Hardware.Device)
	for _, d := range devices {
		if c := d.GetVirtualDevice().Connectable; c != nil {
			c.Connected = on && c.StartConnected
		}
	}
	guest := *vm.Guest
	installed := guest.ToolsStatus != types.VirtualMachineToolsStatusToolsNotInstalled
	guest.GuestState = string(pick(on, types.VirtualMachineGuestStateRunning, types.VirtualMachineGuestStateNotRunning))
	guest.ToolsRunningStatus = string(types.VirtualMachineToolsRunningStatusGuestToolsNotRunning)
	if on && installed {
		guest.ToolsRunningStatus = string(types.VirtualMachineToolsRunningStatusGuestToolsRunning)
	}
	if installed {
		guest.ToolsStatus = pick(on, types.VirtualMachineToolsStatusToolsOk, types.VirtualMachineToolsStatusToolsNotRunning)
	}
	var boot types.AnyType
	if on {
		boot = time.Now().UTC()
	}
	return []types.PropertyChange{
		{Name: "runtime.powerState", Val: to}, {Name: "summary.runtime.powerState", Val: to},
		{Name: "runtime.bootTime", Val: boot}, {Name: "summary.runtime.bootTime", Val: boot},
		{Name: "guest", Val: &guest},
		{Name: "config.hardware.device", Val: devices},
	}
}
