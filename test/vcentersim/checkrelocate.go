// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package vcentersim

import (
	"context"
	"sync"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

// CheckRelocateTask answers VirtualMachineProvisioningChecker.CheckRelocate_Task from the same checks as a move's. With
// no host given it tests every host that could take the machine and returns a result for each.
func (e *extension) CheckRelocateTask(ctx *simulator.Context, req *types.CheckRelocate_Task) soap.HasFault {
	body := &methods.CheckRelocate_TaskBody{}
	vm, fault := e.machineAt(ctx, req.Vm)
	if fault != nil {
		body.Fault_ = simulator.Fault(faultMessage(fault), fault)
		return body
	}
	v := e.v
	planned := v.faults.check()
	t := v.newTask(ctx, vm.Self, "CheckRelocate_Task", "VirtualMachineProvisioningChecker.checkRelocate", true)
	own := v.newContext(userOf(ctx))
	cancelled := make(chan struct{})
	v.transit.checks.Store(t.Self, sync.OnceFunc(func() { close(cancelled) }))
	v.work.Add(1)
	go func() {
		defer v.work.Done()
		defer v.transit.checks.Delete(t.Self)
		v.taskRunning(own, t)
		if planned != nil && planned.Hang {
			select {
			case <-cancelled:
			case <-v.ctx.Done():
			}
			v.taskFailed(own, t, &types.RequestCanceled{})
			return
		}
		if planned != nil && planned.With != nil {
			v.taskFailed(own, t, planned.With)
			return
		}
		v.taskSucceeded(own, t, types.ArrayOfCheckResult{CheckResult: v.checkRelocate(own, vm, req.Spec)})
	}()
	body.Res = &types.CheckRelocate_TaskResponse{Returnval: t.Self}
	return body
}

func (v *VCenter) checkRelocate(own *simulator.Context, vm *simulator.VirtualMachine, spec types.VirtualMachineRelocateSpec) []types.CheckResult {
	ctx, cancel := context.WithTimeout(v.ctx, patience)
	defer cancel()
	d, fault := v.destination(ctx, spec, userOf(own))
	if fault != nil {
		return []types.CheckResult{checkResult(vm.Self, nil, findings{errors: []types.BaseMethodFault{fault}})}
	}
	defer d.close()
	s := v.subjectOf(own, vm)
	hosts := []*reference{spec.Host}
	if spec.Host == nil && spec.Pool != nil {
		y := &survey{d: d, ctx: ctx, s: s, spec: spec}
		if y.pool(); len(y.out.errors) == 0 {
			hosts = nil
			for _, h := range y.candidates() {
				hosts = append(hosts, &h.Self)
			}
		}
	}
	var results []types.CheckResult
	for _, host := range hosts {
		at := spec
		at.Host = host
		_, found := d.check(ctx, s, at)
		results = append(results, checkResult(vm.Self, host, found))
	}
	return results
}

func checkResult(vm reference, host *reference, f findings) types.CheckResult {
	r := types.CheckResult{Vm: &vm, Host: host}
	for _, fault := range f.errors {
		r.Error = append(r.Error, types.LocalizedMethodFault{Fault: fault, LocalizedMessage: faultMessage(fault)})
	}
	for _, fault := range f.warnings {
		r.Warning = append(r.Warning, types.LocalizedMethodFault{Fault: fault, LocalizedMessage: faultMessage(fault)})
	}
	return r
}
