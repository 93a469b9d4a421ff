// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package vcenter

import (
	"context"
	"errors"
	"fmt"

	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/types"
)

// Relocate starts a relocation at this vCenter, the source, and returns the handle of its task. The class AnswerLost means
// that the task may run; FindTask tells.
func (c *Client) Relocate(ctx context.Context, r Relocation) (TaskHandle, error) {
	doing := "start the relocation of " + r.Machine
	spec, err := c.relocateSpec(ctx, doing, r)
	if err != nil {
		return TaskHandle{}, err
	}
	priority := types.VirtualMachineMovePriority(r.Priority)
	if priority == "" {
		priority = types.VirtualMachineMovePriorityDefaultPriority
	}
	var task types.ManagedObjectReference
	err = c.write(ctx, doing, func(ctx context.Context) error {
		res, err := methods.RelocateVM_Task(ctx, c.vim, &types.RelocateVM_Task{
			This: typedRef("VirtualMachine", r.Machine), Spec: *spec, Priority: priority,
		})
		if err == nil {
			task = res.Returnval
		}
		return err
	})
	if err != nil {
		return TaskHandle{}, err
	}
	return c.handle(ctx, task, r.Machine), nil
}

// relocateSpec says everything explicitly. What is left out has defaults that differ between versions, or means "as it is
// now", which no reference of the other vCenter can mean.
func (c *Client) relocateSpec(ctx context.Context, doing string, r Relocation) (*types.VirtualMachineRelocateSpec, error) {
	if err := r.check(); err != nil {
		return nil, &Error{Class: InvalidRequest, Doing: doing, Server: c.host, Err: err}
	}
	objects, err := c.retrieveRefs(ctx, doing, []types.ManagedObjectReference{typedRef("VirtualMachine", r.Machine)}, "config.hardware.device")
	if err != nil {
		return nil, err
	}
	if len(objects) == 0 {
		return nil, &Error{Class: NotFound, Doing: doing, Server: c.host, Err: errors.New("the machine is not there")}
	}
	devices, _ := prop(objects[0], "config.hardware.device").(types.ArrayOfVirtualDevice)
	spec := &types.VirtualMachineRelocateSpec{
		Folder:       optional("Folder", r.Folder),
		Pool:         optional("ResourcePool", r.ResourcePool),
		Host:         optional("HostSystem", r.Host),
		Datastore:    optional("Datastore", r.Datastore),
		DiskMoveType: string(types.VirtualMachineRelocateDiskMoveOptionsMoveAllDiskBackingsAndDisallowSharing),
	}
	if r.Locator != nil {
		spec.Service = c.serviceLocator(*r.Locator)
	}
	if err := r.placeDisks(spec, devices.VirtualDevice); err != nil {
		return nil, &Error{Class: InvalidRequest, Doing: doing, Server: c.host, Err: err}
	}
	if err := r.connectNICs(spec, devices.VirtualDevice); err != nil {
		return nil, &Error{Class: InvalidRequest, Doing: doing, Server: c.host, Err: err}
	}
	return spec, nil
}

// check refuses what vCenter would read as "where it is now" in another vCenter. govmomi users met faults that name no
// field when one of these was missing.
func (r Relocation) check() error {
	if r.Machine == "" {
		return errors.New("no machine is named")
	}
	l := r.Locator
	if l == nil {
		return nil
	}
	switch {
	case r.Datastore == "", r.ResourcePool == "", r.Folder == "":
		return errors.New("a move to another vCenter needs a folder, a resource pool and a datastore there")
	case r.Host == "":
		return errors.New("a move to another vCenter needs a host there: the API asks for one, whatever DRS would choose")
	case l.URL == "" || l.InstanceUUID == "":
		return errors.New("the locator names no vCenter")
	case l.Thumbprint == "" && l.CertificatePEM == "":
		return errors.New("the locator has no certificate to trust")
	case l.Token.SAML == "" && (l.Username == "" || l.Password == ""):
		return errors.New("the locator has no credentials")
	}
	return nil
}

func optional(kind, moref string) *types.ManagedObjectReference {
	if moref == "" {
		return nil
	}
	r := refOf(moref)
	if r.Type == "ManagedEntity" || kind != "ResourcePool" { // a pool may also be a vApp
		r = typedRef(kind, r.Value)
	}
	return &r
}

// serviceLocator is the locator on the wire. Since vCenter 9 the certificate takes the thumbprint's place: it is sent alone, because the two
// must agree where both are sent, and the thumbprint is deprecated. An older vCenter refuses a request with a field that it does not know.
func (c *Client) serviceLocator(l Locator) *types.ServiceLocator {
	s := &types.ServiceLocator{InstanceUuid: l.InstanceUUID, Url: l.URL, SslThumbprint: l.Thumbprint}
	if u, err := sdkURL(l.URL); err == nil {
		s.Url = u.String()
	}
	if !older(c.about.APIVersion, "9.0.0.0") && l.CertificatePEM != "" {
		s.SslThumbprint, s.SslCertificate = "", l.CertificatePEM
	}
	if l.Token.SAML != "" {
		s.Credential = &types.ServiceLocatorSAMLCredential{Token: l.Token.SAML}
	} else {
		s.Credential = &types.ServiceLocatorNamePassword{Username: l.Username, Password: l.Password}
	}
	return s
}

// placeDisks writes one locator a disk. Where locators were left out, only the configuration files moved and the disks
// stayed behind.
func (r Relocation) placeDisks(spec *types.VirtualMachineRelocateSpec, devices []types.BaseVirtualDevice) error {
	at := map[int32]string{}
	for _, d := range r.Disks {
		at[d.Key] = d.Datastore
	}
	for _, dev := range devices {
		disk, ok := dev.(*types.VirtualDisk)
		if !ok {
			continue
		}
		ds, named := at[disk.Key]
		delete(at, disk.Key)
		if !named {
			ds = r.Datastore
		}
		if ds == "" {
			continue // within one vCenter: it stays where it is
		}
		spec.Disk = append(spec.Disk, types.VirtualMachineRelocateSpecDiskLocator{
			DiskId: disk.Key, Datastore: typedRef("Datastore", ds), DiskMoveType: spec.DiskMoveType,
		})
	}
	for key := range at {
		return fmt.Errorf("the machine has no disk with key %d", key)
	}
	return nil
}
