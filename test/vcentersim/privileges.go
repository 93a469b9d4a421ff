// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package vcentersim

import (
	"slices"
	"strings"

	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/simulator/esx"
	"github.com/vmware/govmomi/vim25/types"
)

// Role is a named set of privileges that an account holds on the whole inventory.
type Role string

const (
	// Administrator holds every privilege.
	Administrator Role = "Administrator"
	// CloudAdmin is the role that AVS gives its customers (Microsoft, "AVS identity architecture"): machines, pools,
	// folders, tags and networks, but no host, cluster, switch, storage profile or user administration.
	CloudAdmin Role = "CloudAdmin"
	// ReadOnly sees everything and changes nothing.
	ReadOnly Role = "ReadOnly"
)

// allPrivileges are those of vCenter's own Admin role.
var allPrivileges = slices.Clone(object.AuthorizationRoleList(esx.RoleList).ByName("Admin").Privilege)

// Whole groups that CloudAdmin holds, and single privileges of the groups that it holds in part.
var (
	cloudAdminGroups = []string{
		"ContentLibrary.", "Folder.", "InventoryService.Tagging.", "ScheduledTask.", "System.", "VirtualMachine.Config.",
		"VirtualMachine.GuestOperations.", "VirtualMachine.Hbr.", "VirtualMachine.Interact.", "VirtualMachine.Inventory.",
		"VirtualMachine.Provisioning.", "VirtualMachine.State.", "VirtualMachine.Namespace.",
	}
	cloudAdminSingles = []string{
		"Authorization.ModifyPermissions", "Authorization.ModifyRoles", "Cryptographer.Access",
		"Datastore.AllocateSpace", "Datastore.Browse", "Datastore.Config", "Datastore.DeleteFile", "Datastore.FileManagement",
		"Datastore.UpdateVirtualMachineMetadata",
		"Global.CancelTask", "Global.GlobalTag", "Global.Health", "Global.LogEvent", "Global.ManageCustomFields",
		"Global.ServiceManagers", "Global.SetCustomField", "Global.SystemTag", "Host.Hbr.HbrManagement", "Network.Assign",
		"Resource.ApplyRecommendation", "Resource.AssignVAppToPool", "Resource.AssignVMToPool", "Resource.ColdMigrate",
		"Resource.CreatePool", "Resource.DeletePool", "Resource.EditPool", "Resource.HotMigrate", "Resource.MovePool",
		"Resource.QueryVMotion", "Resource.RenamePool", "Sessions.GlobalMessage", "Sessions.ValidateSession", "StorageProfile.View",
		"VApp.ApplicationConfig", "VApp.AssignResourcePool", "VApp.AssignVApp", "VApp.AssignVM", "VApp.Clone", "VApp.Create",
		"VApp.Delete", "VApp.Export", "VApp.Import", "VApp.InstanceConfig", "VApp.ManagedByConfig", "VApp.Move", "VApp.PowerOff",
		"VApp.PowerOn", "VApp.Rename", "VApp.ResourceConfig", "VApp.Suspend", "VApp.Unregister",
	}
)

func (r Role) grants(privilege string) bool {
	switch r {
	case Administrator:
		return true
	case CloudAdmin:
		return slices.Contains(cloudAdminSingles, privilege) ||
			slices.ContainsFunc(cloudAdminGroups, func(group string) bool { return strings.HasPrefix(privilege, group) })
	default:
		return strings.HasPrefix(privilege, "System.")
	}
}

// methodPrivileges is what a method asks for on its object, for the methods that a limited account may not call or
// that a test would want to forbid. A method that is not here asks for nothing beyond a session, as reads do.
var methodPrivileges = map[string]string{
	"AddAuthorizationRole": "Authorization.ModifyRoles", "RemoveAuthorizationRole": "Authorization.ModifyRoles",
	"UpdateAuthorizationRole": "Authorization.ModifyRoles", "SetEntityPermissions": "Authorization.ModifyPermissions",
	"ResetEntityPermissions": "Authorization.ModifyPermissions", "RemoveEntityPermission": "Authorization.ModifyPermissions",

	"AddHost_Task": "Host.Inventory.AddHostToCluster", "AddStandaloneHost_Task": "Host.Inventory.AddStandaloneHost",
	"CreateClusterEx": "Host.Inventory.CreateCluster", "CreateCluster": "Host.Inventory.CreateCluster",
	"ReconfigureComputeResource_Task": "Host.Inventory.EditCluster", "ReconfigureCluster_Task": "Host.Inventory.EditCluster",
	"MoveInto_Task": "Host.Inventory.MoveHost", "MoveHostInto_Task": "Host.Inventory.MoveHost",
	"EnterMaintenanceMode_Task": "Host.Config.Maintenance", "ExitMaintenanceMode_Task": "Host.Config.Maintenance",
	"DisconnectHost_Task": "Host.Config.Connection", "ReconnectHost_Task": "Host.Config.Connection",
	"RebootHost_Task": "Host.Config.Maintenance", "ShutdownHost_Task": "Host.Config.Maintenance",
	"CreateLocalDatastore": "Host.Config.Storage", "CreateNasDatastore": "Host.Config.Storage",
	"CreateVmfsDatastore": "Host.Config.Storage", "RemoveDatastore": "Host.Config.Storage",
	"AddVirtualSwitch": "Host.Config.Network", "AddPortGroup": "Host.Config.Network", "RemovePortGroup": "Host.Config.Network",
	"UpdateNetworkConfig": "Host.Config.Network", "UpdateOptions": "Global.Settings",
	"CreateUser": "Host.Local.ManageUserGroups", "UpdateUser": "Host.Local.ManageUserGroups", "RemoveUser": "Host.Local.ManageUserGroups",

	"CreateDVS_Task": "DVSwitch.Create", "ReconfigureDvs_Task": "DVSwitch.Modify", "AddDVPortgroup_Task": "DVPortgroup.Create",
	"CreateDVPortgroup_Task": "DVPortgroup.Create", "ReconfigureDVPortgroup_Task": "DVPortgroup.Modify",
	"CreateDatacenter": "Datacenter.Create", "CreateStoragePod": "Datastore.Config",
	"TerminateSession": "Sessions.TerminateSession", "ImpersonateUser": "Sessions.ImpersonateUser",
	"AddLicense": "Global.Licenses", "RemoveLicense": "Global.Licenses", "RegisterExtension": "Extension.Register",

	"CreateFolder": "Folder.Create", "MoveIntoFolder_Task": "VirtualMachine.Inventory.Move",
	"CreateResourcePool": "Resource.CreatePool", "UpdateConfig": "Resource.EditPool", "DestroyChildren": "Resource.DeletePool",
	"CreateVM_Task": "VirtualMachine.Inventory.Create", "RegisterVM_Task": "VirtualMachine.Inventory.Register",
	"UnregisterVM": "VirtualMachine.Inventory.Unregister", "CloneVM_Task": "VirtualMachine.Provisioning.Clone",
	"ReconfigVM_Task": "VirtualMachine.Config.Settings", "PowerOnVM_Task": "VirtualMachine.Interact.PowerOn",
	"PowerOffVM_Task": "VirtualMachine.Interact.PowerOff", "ShutdownGuest": "VirtualMachine.Interact.PowerOff",
	"ResetVM_Task": "VirtualMachine.Interact.Reset", "SuspendVM_Task": "VirtualMachine.Interact.Suspend",
	"CreateSnapshot_Task": "VirtualMachine.State.CreateSnapshot", "CreateSnapshotEx_Task": "VirtualMachine.State.CreateSnapshot",
	"RemoveSnapshot_Task": "VirtualMachine.State.RemoveSnapshot", "RemoveAllSnapshots_Task": "VirtualMachine.State.RemoveSnapshot",
	"MarkAsTemplate": "VirtualMachine.Provisioning.MarkAsTemplate", "MarkAsVirtualMachine": "VirtualMachine.Provisioning.MarkAsVM",
	"ImportVApp": "VApp.Import", "AddCustomFieldDef": "Global.ManageCustomFields", "SetField": "Global.SetCustomField",
	"setCustomValue": "Global.SetCustomField", "CancelTask": "Global.CancelTask",
}

// kindPrivileges is for methods that every managed entity has: what they ask for depends on the object's type.
var kindPrivileges = map[string]map[string]string{
	"Destroy_Task": {
		"VirtualMachine": "VirtualMachine.Inventory.Delete", "Folder": "Folder.Delete", "ResourcePool": "Resource.DeletePool",
		"HostSystem": "Host.Inventory.RemoveHostFromCluster", "ClusterComputeResource": "Host.Inventory.DeleteCluster",
		"Datacenter": "Datacenter.Delete", "DistributedVirtualPortgroup": "DVPortgroup.Delete",
		"DistributedVirtualSwitch": "DVSwitch.Delete", "VmwareDistributedVirtualSwitch": "DVSwitch.Delete", "Datastore": "Datastore.Delete",
	},
	"Rename_Task": {
		"VirtualMachine": "VirtualMachine.Config.Rename", "Folder": "Folder.Rename", "ResourcePool": "Resource.RenamePool",
		"ClusterComputeResource": "Host.Inventory.RenameCluster", "Datacenter": "Datacenter.Rename",
		"DistributedVirtualPortgroup": "DVPortgroup.Modify", "Datastore": "Datastore.Rename",
	},
}

// requiredPrivilege of a method call; empty when any session may make it.
func requiredPrivilege(method string, this types.ManagedObjectReference) string {
	if byKind, ok := kindPrivileges[method]; ok {
		return byKind[this.Type]
	}
	return methodPrivileges[method]
}

func noPermission(object types.ManagedObjectReference, privilege string) *types.NoPermission {
	return &types.NoPermission{Object: &object, PrivilegeId: privilege}
}
