// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package vcenter

import (
	"reflect"
	"slices"
	"strings"

	"github.com/vmware/govmomi/vim25/types"
)

// faultClasses groups vSphere's fault types. A type that is not listed has the class of its nearest listed ancestor, as
// vSphere's own hierarchy has it: CpuIncompatible1ECX is a CpuIncompatible.
var faultClasses = map[string]FaultClass{}

func init() {
	for class, names := range map[FaultClass]string{
		FaultCertificate: "SSLVerifyFault SSLDisabledFault",
		FaultCredentials: "InvalidLogin NotAuthenticated PasswordExpired",
		FaultPrivilege:   "NoPermission AuthMinimumAdminPermission RestrictedByAdministrator NoPermissionOnHost NoPermissionOnNasVolume",
		FaultNameTaken:   "DuplicateName AlreadyExists FileAlreadyExists",
		FaultSpace:       "NoDiskSpace InsufficientStorageSpace InsufficientStorageIops FileTooLarge",
		FaultDatastore:   "InvalidDatastore DatastoreNotWritableOnHost InaccessibleDatastore StorageVmotionIncompatible NoCompatibleDatastore",
		FaultNetwork: "NetworksMayNotBeTheSame MismatchedNetworkPolicies MismatchedVMotionNetworkNames CannotAccessNetwork " +
			"VirtualEthernetCardNotSupported InvalidNetworkResource InvalidNetworkInType NetworkInaccessible DVPortNotSupported CannotUseNetwork " +
			"DvsFault",
		FaultHost: "HostNotConnected HostNotReachable HostCommunication NoHost NoCompatibleHost NoCompatibleHardAffinityHost " +
			"NoCompatibleSoftAffinityHost InvalidHostState InvalidHostConnectionState HostConfigFault NoActiveHostInCluster " +
			"InsufficientResourcesFault InsufficientHostCapacityFault InsufficientFailoverResourcesFault VMotionInterfaceIssue " +
			"VMotionNotConfigured VMotionNotLicensed VMotionNotSupported VMotionLinkDown VMotionLinkCapacityLow " +
			"VMotionProtocolIncompatible VMotionAcrossNetworkNotSupported MigrationDisabled WillLoseHAProtection HAErrorsAtDest " +
			"DrsVmotionIncompatibleFault DatacenterMismatch",
		FaultCPU: "CpuIncompatible FeatureRequirementsNotMet EVCAdmissionFailed WillModifyConfigCpuRequirements CpuHotPlugNotSupported " +
			"NumVirtualCpusNotSupported NumVirtualCoresPerSocketNotSupported NumVirtualCpusExceedsLimit VirtualHardwareVersionNotSupported CpuCompatibilityUnknown",
		FaultSnapshot: "SnapshotCopyNotSupported SnapshotFault SnapshotMoveNotSupported CannotMoveVmWithDeltaDisk CannotMoveVmWithNativeDeltaDisk " +
			"UncommittedUndoableDisk DeltaDiskFormatNotSupported",
		FaultCancelled: "RequestCanceled",
		FaultTimedOut:  "Timedout",
		FaultDevice: "DeviceNotSupported DisallowedMigrationDeviceAttached RDMNotPreserved RDMConversionNotSupported " +
			"LargeRDMConversionNotSupported RDMNotSupported CannotAccessVmComponent CannotAccessLocalSource InvalidDeviceSpec " +
			"VirtualHardwareCompatibilityIssue ToolsInstallationInProgress AffinityConfigured " +
			"MemorySizeNotSupported VirtualDiskModeNotSupported MissingController DisallowedDiskModeChange",
		FaultBusy: "TaskInProgress ResourceInUse ConcurrentAccess FileLocked LimitExceeded TooManyConcurrentNativeClones " +
			"MethodDisabled",
		FaultState:    "InvalidState SuspendedRelocateNotSupported ToolsUnavailable",
		FaultNotFound: "NotFound ManagedObjectNotFound",
		FaultInvalid:  "InvalidArgument InvalidRequest InvalidType InvalidProperty InvalidName NotSupported NotImplemented MethodNotFound InvalidFolder",
	} {
		for _, n := range strings.Fields(names) {
			faultClasses[n] = class
		}
	}
}

// newFault describes a fault with the messages of its causes. Where the outermost type says nothing (SystemError,
// VmConfigFault), the class is that of the first cause that does.
func newFault(lf *types.LocalizedMethodFault) *Fault {
	if lf == nil {
		return nil
	}
	f := &Fault{Class: FaultOther}
	var words []string
	say := func(s string) {
		if s = strings.TrimSpace(s); s != "" && !slices.Contains(words, s) {
			words = append(words, s)
		}
	}
	for depth := 0; lf != nil && depth < 8; depth++ {
		say(lf.LocalizedMessage)
		if lf.Fault == nil {
			break
		}
		if f.Type == "" {
			f.Type = faultType(lf.Fault)
		}
		if f.Class == FaultOther {
			f.Class = faultClass(lf.Fault)
		}
		addObject(f, lf.Fault)
		m := lf.Fault.GetMethodFault()
		if m == nil {
			break
		}
		for _, lm := range m.FaultMessage {
			say(lm.Message)
		}
		lf = m.FaultCause
	}
	f.Message = strings.Join(words, " ")
	return f
}

func faultType(f types.BaseMethodFault) string {
	t := reflect.TypeOf(f)
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return strings.TrimSuffix(t.Name(), "Fault_")
}

// faultClass climbs from the fault's type to its ancestors, which govmomi embeds as first field.
func faultClass(f types.BaseMethodFault) FaultClass {
	t := reflect.TypeOf(f)
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	for {
		if c, ok := faultClasses[t.Name()]; ok {
			return c
		}
		if t.Kind() != reflect.Struct || t.NumField() == 0 || !t.Field(0).Anonymous {
			return FaultOther
		}
		t = t.Field(0).Type
	}
}

// addObject keeps what the fault names: which privilege is missing where, or which object is gone.
func addObject(f *Fault, mf types.BaseMethodFault) {
	switch p := mf.(type) {
	case *types.ManagedObjectNotFound:
		if f.Object == "" {
			f.Object = p.Obj.Value
		}
	case *types.NoPermission:
		if f.Privilege != "" {
			return
		}
		f.Privilege = p.PrivilegeId
		if p.Object != nil {
			f.Object = p.Object.Value
		}
	}
}
