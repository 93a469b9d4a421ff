// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package vcenter

import (
	"context"

	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/types"
)

// ShutdownGuest asks the guest, through Tools, to shut down. It returns when Tools took the request; the guest needs its
// time and may ignore it. Without Tools the class is InvalidState.
func (c *Client) ShutdownGuest(ctx context.Context, ref string) error {
	return c.write(ctx, "shut down the guest of "+ref, func(ctx context.Context) error {
		_, err := methods.ShutdownGuest(ctx, c.vim, &types.ShutdownGuest{This: typedRef("VirtualMachine", ref)})
		return err
	})
}

// PowerOff takes the power away, as pulling the plug does.
func (c *Client) PowerOff(ctx context.Context, ref string) (TaskHandle, error) {
	var task types.ManagedObjectReference
	err := c.write(ctx, "power off "+ref, func(ctx context.Context) error {
		res, err := methods.PowerOffVM_Task(ctx, c.vim, &types.PowerOffVM_Task{This: typedRef("VirtualMachine", ref)})
		if err == nil {
			task = res.Returnval
		}
		return err
	})
	if err != nil {
		return TaskHandle{}, err
	}
	return c.handle(ctx, task, ref), nil
}

// PowerOn powers a machine on, where it is registered or where DRS wants it.
func (c *Client) PowerOn(ctx context.Context, ref string) (TaskHandle, error) {
	var task types.ManagedObjectReference
	err := c.write(ctx, "power on "+ref, func(ctx context.Context) error {
		res, err := methods.PowerOnVM_Task(ctx, c.vim, &types.PowerOnVM_Task{This: typedRef("VirtualMachine", ref)})
		if err == nil {
			task = res.Returnval
		}
		return err
	})
	if err != nil {
		return TaskHandle{}, err
	}
	return c.handle(ctx, task, ref), nil
}
