// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package vcentersim

import (
	"fmt"
	"reflect"

	"github.com/vmware/govmomi/vim25/types"
)

// faultOf turns a fault that came over the wire as a value into the pointer that faults are in Go.
func faultOf(x any) types.BaseMethodFault {
	if x == nil {
		return nil
	}
	if f, ok := x.(types.BaseMethodFault); ok {
		return f
	}
	p := reflect.New(reflect.TypeOf(x))
	p.Elem().Set(reflect.ValueOf(x))
	f, _ := p.Interface().(types.BaseMethodFault)
	return f
}

// faultMessage is the sentence that vCenter shows for a fault.
func faultMessage(fault types.BaseMethodFault) string {
	switch f := fault.(type) {
	case *types.SSLVerifyFault:
		return "The SSL certificate of the remote service cannot be validated. Its thumbprint is " + f.Thumbprint + "."
	case *types.InvalidLogin:
		return "Cannot complete login due to an incorrect user name or password."
	case *types.NoPermission:
		return "Permission to perform this operation was denied. Required privilege: " + f.PrivilegeId + "."
	case *types.DuplicateName:
		return fmt.Sprintf("The name '%s' already exists.", f.Name)
	case *types.NoDiskSpace:
		return fmt.Sprintf("There is insufficient disk space on datastore '%s'.", f.Datastore)
	case *types.CannotAccessNetwork:
		return fmt.Sprintf("Currently connected network interface '%s' uses network '%s', which is not accessible.", f.Device, f.Backing)
	case *types.NetworksMayNotBeTheSame:
		return fmt.Sprintf("A live machine cannot go from a distributed port group to the standard network '%s'.", f.Name)
	case *types.HostNotConnected:
		return "Unable to communicate with the remote host, since it is disconnected."
	case *types.InvalidHostState:
		return "The operation is not allowed in the current state of the host."
	case *types.CpuIncompatible:
		return "The host's CPU hardware is incompatible with the virtual machine."
	case *types.FeatureRequirementsNotMet:
		return "The target host does not support the virtual machine's current hardware requirements."
	case *types.VirtualHardwareVersionNotSupported:
		return fmt.Sprintf("The virtual machine's hardware version is not supported on host '%s'.", f.HostName)
	case *types.SnapshotCopyNotSupported:
		return "The virtual machine has snapshots, and this placement of its disks cannot preserve them."
	case *types.DisallowedMigrationDeviceAttached:
		return "The virtual machine is using a device that prevents migration."
	case *types.RequestCanceled:
		return "The task was canceled by a user."
	case *types.Timedout:
		return "Operation timed out."
	case *types.NoHost:
		return fmt.Sprintf("Unable to contact the specified host (%s).", f.Name)
	case *types.ManagedObjectNotFound:
		return fmt.Sprintf("The object '%s' has already been deleted or has not been completely created.", f.Obj)
	case *types.InvalidArgument:
		return "A specified parameter was not correct: " + f.InvalidProperty
	case *types.ToolsUnavailable:
		return "Cannot complete operation because VMware Tools is not running in this virtual machine."
	case *types.TaskInProgress:
		return "The operation is not allowed because a relocate of the virtual machine is in progress."
	}
	return typeName(fault)
}
