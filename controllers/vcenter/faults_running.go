// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package vcenter

import (
	"reflect"

	"github.com/vmware/govmomi/vim25/types"
)

// onlyWhileRunning are the faults of a relocation that vSphere's reference ties to a machine that runs: "an error only when migrating a
// powered-on virtual machine", or in other words of the same meaning. Their descendants are meant too. What is not here hinders a machine
// that is off as well, and must be known before one is powered off. The reference says of MigrationFault what is left then: files that the
// destination host cannot reach, and what its hardware or software does not support, such as more virtual CPUs ("This is always an error")
// or a newer hardware version.
var onlyWhileRunning = map[string]bool{
	// vMotion itself: its network, licence, protocol and what it cannot do.
	"VMotionInterfaceIssue":        true, // "an error or warning only when migrating a powered-on virtual machine"
	"VMotionProtocolIncompatible":  true,
	"MigrationFeatureNotSupported": true, // its descendants begin with "An operation on a powered-on virtual machine"
	"AffinityConfigured":           true, // "will prevent VMotion. This is an error for powered-on virtual machines"
	"NoGuestHeartbeat":             true,
	"MigrationNotReady":            true, // it is being powered on or resumed
	// What the guest has seen of the processors. It sees them anew when it is powered on.
	"CpuIncompatible":                   true,
	"FeatureRequirementsNotMet":         true,
	"CannotModifyConfigCpuRequirements": true, // "For a powered-off virtual machine, this is a warning"
	"WillModifyConfigCpuRequirements":   true,
	"IncompatibleDefaultDevice":         true, // "an issue with powered-on or suspended migration"
	// Networks that differ in kind or policy: "an error if the virtual machine is currently connected to the network".
	"NetworksMayNotBeTheSame":       true,
	"MismatchedNetworkPolicies":     true,
	"MismatchedVMotionNetworkNames": true,
	// Disks and devices. "Devices that can be disconnected can only be connected if the virtual machine is powered on."
	"HotSnapshotMoveNotSupported":        true, // "because the virtual machine is currently powered on"
	"NonPersistentDisksNotSupported":     true, // "an error for any powered-on migration which involves moving virtual disks"
	"ReadOnlyDisksWithLegacyDestination": true,
	"TooManyDisksOnLegacyHost":           true,
	"RemoteDeviceNotSupported":           true, // "an error when migrating a powered-on virtual machine"
	"FileBackedPortNotSupported":         true, // "an error when migrating a virtual machine with the device connected"
	// That it runs.
	"InvalidPowerState": true,
}

// onlyRunningReasons are those of CannotUseNetwork that stand for MismatchedNetworkPolicies, or name vMotion.
var onlyRunningReasons = map[types.CannotUseNetworkReason]bool{
	types.CannotUseNetworkReasonMismatchedNetworkPolicies:       true,
	types.CannotUseNetworkReasonMismatchedDvsVersionOrVendor:    true,
	types.CannotUseNetworkReasonVMotionToUnsupportedNetworkType: true,
}

// onlyRunning says whether a fault hinders a machine only while it runs.
func onlyRunning(f types.BaseMethodFault) bool {
	switch f := f.(type) {
	case nil:
		return false
	case *types.DisallowedMigrationDeviceAttached: // the device tells
		return f.Fault.Fault != nil && onlyRunning(f.Fault.Fault)
	case *types.CannotAccessVmDevice: // itself, not its descendants: disks and networks are needed by a machine that is off too
		return f.Connected
	case *types.CannotUseNetwork:
		return onlyRunningReasons[types.CannotUseNetworkReason(f.Reason)]
	}
	t := reflect.TypeOf(f)
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	for t.Kind() == reflect.Struct {
		if onlyWhileRunning[t.Name()] {
			return true
		}
		if t.NumField() == 0 || !t.Field(0).Anonymous {
			return false
		}
		t = t.Field(0).Type
	}
	return false
}
