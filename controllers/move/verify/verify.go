// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package verify compares a machine that has arrived with the one that was planned. That vCenter says so is not enough: a task's success has been
// false before.
package verify

import (
	"fmt"
	"slices"
	"strings"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/move/explain"
	"github.com/avs-operator/avs-operator/controllers/move/method"
	"github.com/avs-operator/avs-operator/controllers/text"
	"github.com/avs-operator/avs-operator/controllers/vcenter"
)

// Compare tells how a machine at the target differs from the one that was planned: what makes it another machine, or cuts it off, is a
// difference; what a person may want to put right is a concern. A machine that this object did not move may stand anywhere, and may have been
// changed since.
func Compare(spec *v1alpha1.VirtualMachineMoveSpec, is *vcenter.MachineDetails, moved bool) (differences []string, concerns []v1alpha1.MachineConcern) {
	if want := spec.Machine.BIOSUUID; want != "" && !strings.EqualFold(want, is.BIOSUUID) {
		differences = append(differences, fmt.Sprintf("BIOS UUID %s instead of %s", is.BIOSUUID, want))
	}
	if !moved {
		return differences, []v1alpha1.MachineConcern{information("AlreadyAtTarget",
			"the machine was at the target before this move began: it counts as moved, and nothing was done with it")}
	}
	differences = append(differences, disks(spec.Target.Disks, is.Disks)...)
	differences = append(differences, adapters(spec, is)...)
	by, _ := method.Named(spec.Method)
	if want := spec.Target.Folder.Name; strings.HasPrefix(want, "/") && want != is.Folder {
		concerns = append(concerns, warning("FolderDiffers", fmt.Sprintf("the machine is in folder %s instead of %s", is.Folder, want)))
	}
	if want := spec.Source.PowerState; !by.NeedsOff && want != "" && want != is.PowerState {
		concerns = append(concerns, warning("PowerStateDiffers", fmt.Sprintf("the machine is %s; it was %s when it was planned, and this move changed "+
			"nothing about that",
			explain.Power(is.PowerState), explain.Power(want))))
	}
	for _, disk := range is.Disks {
		if want := datastoreOf(spec, disk.Key); want != "" && disk.Datastore != want {
			concerns = append(concerns, warning("DatastoreDiffers", fmt.Sprintf("%s is on datastore %s instead of %s", disk.Label, disk.Datastore, want)))
			break
		}
	}
	return differences, concerns
}

// mostRounding is by how much a disk may be larger at the target. Storage keeps disks in units of its own, whole megabytes for the most part
// and up to a gigabyte behind vVols, and rounds up.
const mostRounding = 1 << 30

// disks compares by size: device keys may change on the way. A disk may have been rounded up, but never lost a byte.
func disks(want []v1alpha1.DiskPlacement, is []vcenter.Disk) []string {
	var planned, found []int64
	for _, d := range want {
		planned = append(planned, d.CapacityBytes)
	}
	for _, d := range is {
		found = append(found, d.CapacityBytes)
	}
	slices.Sort(planned)
	slices.Sort(found)
	same := func(planned, found int64) bool { return found >= planned && found-planned < mostRounding }
	if len(want) == 0 || slices.EqualFunc(planned, found, same) {
		return nil
	}
	return []string{fmt.Sprintf("disks of %v bytes instead of %v", found, planned)}
}

// adapters compares by MAC address, with the network of each, and whether it is connected. The adapters of a machine that is off are
// seen when it is powered on again.
func adapters(spec *v1alpha1.VirtualMachineMoveSpec, is *vcenter.MachineDetails) []string {
	var out []string
	found := map[string]vcenter.NIC{}
	for _, nic := range is.NICs {
		found[strings.ToLower(nic.MAC)] = nic
	}
	telling := is.PowerState == vcenter.PoweredOn || spec.Source.PowerState != vcenter.PoweredOn
	for _, adapter := range spec.Target.NetworkAdapters {
		if adapter.MACAddress == "" {
			continue
		}
		nic, ok := found[strings.ToLower(adapter.MACAddress)]
		switch {
		case !ok:
			out = append(out, fmt.Sprintf("no network adapter with MAC address %s", adapter.MACAddress))
		case nic.Network == "":
			out = append(out, fmt.Sprintf("adapter %s is on no network that the account sees, instead of %s", adapter.MACAddress, adapter.Network.Name))
		case nic.Network != adapter.Network.Ref:
			out = append(out, fmt.Sprintf("adapter %s is connected to %s instead of %s", adapter.MACAddress, nic.NetworkName, adapter.Network.Name))
		case telling && adapter.Connected == "Yes" && !nic.Plugged(is.PowerState):
			out = append(out, fmt.Sprintf("adapter %s is disconnected from %s; it was connected at the source", adapter.MACAddress, adapter.Network.Name))
		}
	}
	return out
}

// datastoreOf is where a disk was to go.
func datastoreOf(spec *v1alpha1.VirtualMachineMoveSpec, key int32) string {
	for _, d := range spec.Target.Disks {
		if d.Key == key {
			return d.Datastore.Ref
		}
	}
	return ""
}

func warning(name, message string) v1alpha1.MachineConcern {
	return v1alpha1.MachineConcern{Name: name, Severity: v1alpha1.SeverityWarning, Message: text.Cut(message, 1024)}
}

func information(name, message string) v1alpha1.MachineConcern {
	return v1alpha1.MachineConcern{Name: name, Severity: v1alpha1.SeverityInformation, Message: text.Cut(message, 1024)}
}
