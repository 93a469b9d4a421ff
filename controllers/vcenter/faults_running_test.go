// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package vcenter

import (
	"testing"

	"github.com/vmware/govmomi/vim25/types"
)

func TestEveryFaultOfARunningMachineExists(t *testing.T) {
	find := types.TypeFunc()
	for name := range onlyWhileRunning {
		if _, ok := find(name); !ok {
			t.Errorf("vSphere has no fault %s", name)
		}
	}
}

// TestWhatPoweringOffRemoves tells faults that a powered-off machine has no more from those that it keeps.
func TestWhatPoweringOffRemoves(t *testing.T) {
	device := func(f types.BaseMethodFault) types.BaseMethodFault {
		return &types.DisallowedMigrationDeviceAttached{Fault: types.LocalizedMethodFault{Fault: f}}
	}
	inside := func(f types.BaseMethodFault) types.BaseMethodFault {
		outer := &types.SystemError{}
		outer.FaultCause = &types.LocalizedMethodFault{Fault: f}
		return outer
	}
	for _, c := range []struct {
		fault   types.BaseMethodFault
		removed bool
	}{
		{&types.VMotionNotConfigured{}, true},
		{&types.VMotionLinkDown{}, true},
		{&types.VMotionAcrossNetworkNotSupported{}, true},
		{&types.AffinityConfigured{}, true},
		{&types.CpuIncompatible1ECX{}, true},
		{&types.FeatureRequirementsNotMet{}, true},
		{&types.NetworksMayNotBeTheSame{}, true},
		{&types.InvalidPowerState{}, true},
		{&types.CannotUseNetwork{Reason: string(types.CannotUseNetworkReasonVMotionToUnsupportedNetworkType)}, true},
		{&types.CannotUseNetwork{Reason: string(types.CannotUseNetworkReasonNetworkUnderMaintenance)}, false},
		{&types.HotSnapshotMoveNotSupported{}, true},
		{device(&types.RemoteDeviceNotSupported{}), true},
		{device(&types.CannotAccessVmDevice{Connected: true}), true},
		{&types.CannotAccessVmDevice{Connected: true}, true},
		{inside(&types.VMotionNotConfigured{}), true},

		{&types.CannotAccessVmDevice{}, false},
		{&types.NumVirtualCpusNotSupported{}, false},
		{&types.NumVirtualCoresPerSocketNotSupported{}, false},
		{&types.NumVirtualCpusExceedsLimit{}, false},
		{&types.NotEnoughLogicalCpus{}, false},
		{&types.VirtualHardwareVersionNotSupported{}, false},
		{&types.MemorySizeNotSupported{}, false},
		{&types.SuspendedRelocateNotSupported{}, false},
		{&types.InvalidState{}, false},
		{&types.SnapshotCopyNotSupported{}, false},
		{&types.CannotAccessNetwork{CannotAccessVmDevice: types.CannotAccessVmDevice{Connected: true}}, false},
		{&types.CannotAccessVmDisk{CannotAccessVmDevice: types.CannotAccessVmDevice{Connected: true}}, false},
		{device(&types.RDMNotSupported{}), false},
		{device(&types.DeviceNotSupported{}), false},
		{device(nil), false},
		{&types.InsufficientMemoryResourcesFault{}, false},
		{&types.NoPermission{}, false},
		{&types.DuplicateName{}, false},
		{&types.SystemError{}, false},
		{inside(&types.NumVirtualCpusNotSupported{}), false},
	} {
		if f := newFault(&types.LocalizedMethodFault{Fault: c.fault}); f.OnlyRunning != c.removed {
			t.Errorf("powering off removes %s: %v, want %v", f.Type, f.OnlyRunning, c.removed)
		}
	}
}
