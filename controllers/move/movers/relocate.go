// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package movers

import (
	"context"
	"fmt"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/vcenter"
)

// Relocate is what the movers by RelocateVM_Task share. vCenter carries the machine over; the operator only asks and follows.
type Relocate struct{}

// Check asks the source vCenter with the very specification that Start sends.
func (Relocate) Check(ctx context.Context, r Request, at Placement) ([]vcenter.Fault, error) {
	relocation, fault := r.relocation(at)
	if fault != nil {
		return []vcenter.Fault{*fault}, nil
	}
	_, faults, err := r.Source.Client.CheckRelocate(ctx, relocation)
	if vcenter.ClassOf(err) == vcenter.NotSupported {
		return []vcenter.Fault{vcenter.Unchecked("this vCenter has no check of relocations")}, nil
	}
	return faults, err
}

// Start asks the source vCenter to relocate the machine.
func (Relocate) Start(ctx context.Context, r Request, at Placement) (vcenter.TaskHandle, error) {
	relocation, fault := r.relocation(at)
	if fault != nil {
		return vcenter.TaskHandle{}, &vcenter.Error{
			Class: vcenter.InvalidRequest, Doing: "start the relocation of " + at.Source.Ref, Server: r.Target.Client.Host(), Fault: fault, Err: fmt.Errorf("%s", fault),
		}
	}
	return r.Source.Client.Relocate(ctx, relocation)
}

// State reads the task: from the stream while it runs, and directly at its end, because only then fault and times are needed.
func (Relocate) State(ctx context.Context, r Request, task v1alpha1.MoveTask) (Progress, error) {
	return TaskState(ctx, r, task)
}

// Find looks for the task by machine, kind, user and queue time.
func (Relocate) Find(ctx context.Context, r Request, task v1alpha1.MoveTask) (string, error) {
	return Find(ctx, r, task)
}

// Cancel asks the source vCenter to end the task, unless it was asked before. One that has ended is no error: its end is read next.
func (Relocate) Cancel(ctx context.Context, r Request, task v1alpha1.MoveTask) error {
	if is, err := TaskNow(ctx, r, task); err != nil || is.Over() || is.Cancelled {
		return err
	}
	err := r.Side(task.At).Client.CancelTask(ctx, task.Ref)
	switch vcenter.ClassOf(err) {
	case vcenter.NotFound, vcenter.InvalidState:
		return nil
	}
	return err
}

// Locate reads at both vCenters where the machine is.
func (Relocate) Locate(ctx context.Context, r Request) (Placement, error) { return Read(ctx, r) }

// relocation is the request to vCenter, every choice made. A network that went away since the plan is a fault like vCenter's own.
func (r Request) relocation(at Placement) (vcenter.Relocation, *vcenter.Fault) {
	t := r.Spec.Target
	out := vcenter.Relocation{
		Machine: at.Source.Ref, Locator: r.Locator, Folder: t.Folder.Ref, ResourcePool: t.ResourcePool.Ref,
		Host: r.Host, Datastore: t.Datastore.Ref,
	}
	for _, disk := range t.Disks {
		out.Disks = append(out.Disks, vcenter.DiskPlacement{Key: disk.Key, Datastore: disk.Datastore.Ref})
	}
	inventory := r.Target.Watcher.Inventory()
	for _, adapter := range t.NetworkAdapters {
		network := inventory.Networks.Get(adapter.Network.Ref)
		if network == nil {
			return out, &vcenter.Fault{Type: "NetworkNotFound", Class: vcenter.FaultNetwork,
				Message: fmt.Sprintf("the target has no network %s (%s) any more", adapter.Network.Name, adapter.Network.Ref)}
		}
		out.NICs = append(out.NICs, vcenter.NICPlacement{Key: adapter.Key, Network: *network})
	}
	return out, nil
}
