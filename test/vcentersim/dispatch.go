// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package vcentersim

import (
	"reflect"
	"slices"
	"time"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"
)

// extension carries the methods that this package answers instead of govmomi's simulator. It stands in the registry
// under a reference of its own, and the dispatcher points calls at it by rewriting Method.This, which govmomi reads
// again after its Handler: replacing the machines themselves with a wrapper would break the places in the simulator
// that assert their concrete type.
type extension struct {
	mo.ServiceInstance // a managed object type, for code that inspects every registered object
	v                  *VCenter
}

// Lock and Unlock do nothing: methods here take the locks of the objects that they change.
func (*extension) Lock()   {}
func (*extension) Unlock() {}

var extensionRef = types.ManagedObjectReference{Type: "VCenterSim", Value: "extension"}

// redirected lists the methods that the extension answers, by the type of the object that they are called on.
var redirected = map[string]map[string]bool{
	"VirtualMachine":                    set("RelocateVM_Task", "PowerOnVM_Task", "PowerOffVM_Task", "ShutdownGuest", "MigrateVM_Task"),
	"Task":                              set("CancelTask"),
	"ServiceInstance":                   set("CurrentTime"),
	"VirtualMachineProvisioningChecker": set("CheckRelocate_Task"),
	"AuthorizationManager": set("FetchUserPrivilegeOnEntities", "HasUserPrivilegeOnEntities", "HasPrivilegeOnEntities",
		"HasPrivilegeOnEntity"),
	"PropertyCollector": set("CreateFilter", "CreatePropertyCollector", "DestroyPropertyCollector", "WaitForUpdatesEx",
		"WaitForUpdates", "CheckForUpdates", "CancelWaitForUpdates"),
	"TaskManager":          set("CreateCollectorForTasks"),
	"TaskHistoryCollector": set("ReadNextTasks", "ReadPreviousTasks", "SetCollectorPageSize", "RewindCollector", "ResetCollector", "DestroyCollector"),
	"PropertyFilter":       set("DestroyPropertyFilter"),
	"ViewManager":          set("CreateContainerView", "CreateListView"),
	"ContainerView":        set("DestroyView"),
	"ListView":             set("DestroyView", "ModifyListView", "ResetListView"),
	"Datastore":            set("RefreshDatastore", "RefreshDatastoreStorageInfo"),
}

func set(names ...string) map[string]bool {
	m := map[string]bool{}
	for _, n := range names {
		m[n] = true
	}
	return m
}

func (v *VCenter) installDispatch() {
	e := &extension{v: v}
	e.Self = extensionRef
	registry := v.service.Context.Map
	registry.Put(e)
	registry.AddHandler(v.hub)
	registry.Handler = v.dispatch
}

// dispatch runs before every method: session, journal, privilege, then where the call goes.
func (v *VCenter) dispatch(ctx *simulator.Context, m *simulator.Method) (mo.Reference, types.BaseMethodFault) {
	this := m.This
	keepNames(m.Body)
	inside := v.isInternal(ctx)
	if !inside {
		v.journal.add(Request{Method: m.Name, User: userOf(ctx), Object: this.Value, At: time.Now()})
	}
	if ctx.Session != nil {
		if !inside {
			if fault := v.admitCall(ctx, m); fault != nil {
				return nil, fault
			}
		}
		if redirected[this.Type][m.Name] {
			m.This = extensionRef
		}
		return nil, nil
	}
	if m.Name == "Login" { // "NoPermission: if the user and password are valid, but the user has no access granted", says its reference
		if fault := v.faults.method(m.Name, ""); fault != nil {
			return nil, fault
		}
	}
	return nil, nil
}

// admitCall checks that the session lives and may make the call.
func (v *VCenter) admitCall(ctx *simulator.Context, m *simulator.Method) types.BaseMethodFault {
	if m.Name == "Logout" {
		defer v.sessions.end(ctx.Session.Key)
	}
	if _, ok := v.sessions.touch(ctx); !ok {
		return &types.NotAuthenticated{NoPermission: *noPermission(m.This, "System.View")}
	}
	if p := requiredPrivilege(m.Name, m.This); p != "" && !v.granted(ctx.Session.UserName, p, m.This) {
		return noPermission(m.This, p)
	}
	if m.This.Type == "VirtualMachine" && excluded[m.Name] && v.machines.read(m.This).moving {
		return &types.TaskInProgress{}
	}
	if vm, ok := ctx.Map.Get(m.This).(*simulator.VirtualMachine); ok {
		var disabled bool
		ctx.WithLock(vm, func() { disabled = slices.Contains(vm.DisabledMethod, m.Name) })
		if disabled && !v.machines.read(m.This).moving { // of one on its way the method itself says TaskInProgress
			return &types.MethodDisabled{}
		}
	}
	return v.faults.method(m.Name, v.machineOf(m.This.Value))
}

// excluded are the changes that a machine on its way refuses.
var excluded = set("ReconfigVM_Task", "Destroy_Task", "UnregisterVM", "PowerOnVM_Task", "PowerOffVM_Task", "SuspendVM_Task", "ResetVM_Task",
	"ShutdownGuest", "MarkAsTemplate", "CloneVM_Task", "CreateSnapshot_Task", "CreateSnapshotEx_Task", "RemoveAllSnapshots_Task", "Rename_Task")

func (v *VCenter) isInternal(ctx *simulator.Context) bool {
	return ctx.Session != nil && ctx.Session.UserName == ""
}

func userOf(ctx *simulator.Context) string {
	if ctx.Session == nil {
		return ""
	}
	return ctx.Session.UserName
}

// login checks a password for every door: SOAP, token service, REST.
func (v *VCenter) login(user, password string) error {
	err := v.accounts.check(user, password)
	if err != nil {
		v.log.Info("Login refused", "user", user, "reason", err.Error())
	}
	return err
}

func typeName(x any) string {
	t := reflect.TypeOf(x)
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return t.Name()
}
