// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"fmt"
	"time"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
)

// waivable are the blocking concerns of a plan that a waiver may stand for: what vCenter itself refuses or stands, with the machine whole at
// home. Concerns that stand for lost data or identity, or for a machine that cannot be powered on, are not among them, nor those that leave no choice.
var waivable = setOf(ManagedByExtension, FaultTolerance, MACAddressTaken, NetworkIncompatible, DeviceConnected, DevicePassthrough,
	ToolsInstallerMounted, CPUVendorDiffers, CPUFeaturesMissing, TargetWithoutRoom, RelocationNotChecked)

// faultsThatLose are the faults of vCenter's check that no waiver stands for: data, identity, or the power to run would be lost.
var faultsThatLose = setOf("SnapshotCopyNotSupported", "SnapshotMoveNotSupported", "CannotMoveVmWithDeltaDisk", "CannotMoveVmWithNativeDeltaDisk",
	"UncommittedUndoableDisk", "RDMNotPreserved", "RDMConversionNotSupported", "LargeRDMConversionNotSupported", "RDMNotSupported",
	"SharedBusControllerNotSupported", "MultiWriterNotSupported", "SuspendedRelocateNotSupported", "VirtualHardwareVersionNotSupported",
	"NumVirtualCpusNotSupported", "NumVirtualCpusExceedsLimit", "MemorySizeNotSupported", "DuplicateName", "AlreadyExists", "FileAlreadyExists")

func setOf(list ...string) map[string]bool {
	out := make(map[string]bool, len(list))
	for _, name := range list {
		out[name] = true
	}
	return out
}

// Waivable says whether a waiver may stand for a concern of a plan, or for a type of fault.
func Waivable(name string) bool {
	if k, ok := kinds[name]; ok {
		return k.severity != blocking || waivable[name]
	}
	return !faultsThatLose[name]
}

// Waivers are the waivers that count at one moment, by what they stand for.
type Waivers map[string]v1alpha1.MoveWaiver

// WaiversAt are those of a list that count: what their day has passed, or what nothing may stand for, does not.
func WaiversAt(list []v1alpha1.MoveWaiver, now time.Time) Waivers {
	out := Waivers{}
	for _, w := range list {
		if !expired(w, now) && Waivable(w.Concern) {
			out[w.Concern] = w
		}
	}
	return out
}

// expired says whether a waiver's last day, in UTC, is over.
func expired(w v1alpha1.MoveWaiver, now time.Time) bool {
	if w.Until == "" {
		return false
	}
	last, err := time.Parse(time.DateOnly, w.Until)
	return err != nil || !now.Before(last.AddDate(0, 0, 1))
}

// Accept says of a concern or fault by whom it is accepted; false if by nobody.
func (w Waivers) Accept(name string) (words string, ok bool) {
	waiver, ok := w[name]
	if !ok {
		return "", false
	}
	until := ""
	if waiver.Until != "" {
		until = " until " + waiver.Until
	}
	return fmt.Sprintf("waived%s: %s", until, waiver.Reason), true
}
