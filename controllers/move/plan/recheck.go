// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/vcenter"
)

// Recheck looks again at one machine right before it starts, as it was just read at the source: a plan may be weeks old, and a snapshot, a
// mounted installer or another disk since then would be lost, or put in the wrong place, without a word. Returned are the concerns that
// the machine has by itself, and how it differs from what was planned; the blocking ones keep it at home.
func Recheck(spec *v1alpha1.VirtualMachineMoveSpec, d *vcenter.MachineDetails, now time.Time) []v1alpha1.MachineConcern {
	in := &Input{Spec: &v1alpha1.WorkloadMoveSpec{Method: spec.Method, Power: spec.Power, Waivers: spec.Waivers}}
	b := newBook()
	b.waived = WaiversAt(spec.Waivers, now)
	c := &checker{in: in, book: b}
	c.state(d)
	c.disks(d)
	c.devices(d, d.PowerState == vcenter.PoweredOn)
	delete(b.of[d.Ref], RelocateDisabled) // it waits for that by itself
	for _, about := range hardwareChanges(&spec.Target, d) {
		c.say(d, HardwareChanged, about)
	}
	for _, about := range networkChanges(&spec.Target, d) {
		c.say(d, NetworkChanged, about)
	}
	return b.concernsOf(d.Ref)
}

// hardwareChanges are disks and network adapters that are not as they were planned. A disk that the plan does not know would go wherever
// the machine's home goes.
func hardwareChanges(t *v1alpha1.MachineTarget, d *vcenter.MachineDetails) []string {
	var out []string
	disks := map[int32]v1alpha1.DiskPlacement{}
	for _, disk := range t.Disks {
		disks[disk.Key] = disk
	}
	for _, disk := range d.Disks {
		label := cmp.Or(disk.Label, fmt.Sprintf("disk %d", disk.Key))
		was, planned := disks[disk.Key]
		delete(disks, disk.Key)
		switch {
		case !planned:
			out = append(out, label+" is new")
		case was.CapacityBytes != disk.CapacityBytes:
			out = append(out, fmt.Sprintf("%s has %s instead of %s", label, gib(disk.CapacityBytes), gib(was.CapacityBytes)))
		case was.SourceDatastoreRef != "" && was.SourceDatastoreRef != disk.Datastore:
			out = append(out, label+" is on another datastore")
		}
	}
	for key := range disks {
		out = append(out, fmt.Sprintf("disk %d is gone", key))
	}
	adapters := map[int32]bool{}
	for _, a := range t.NetworkAdapters {
		adapters[a.Key] = true
	}
	for _, nic := range d.NICs {
		if !adapters[nic.Key] {
			out = append(out, cmp.Or(nic.Label, nic.MAC)+" is new")
		}
		delete(adapters, nic.Key)
	}
	for key := range adapters {
		out = append(out, fmt.Sprintf("network adapter %d is gone", key))
	}
	return out
}

// networkChanges are network adapters that are connected otherwise than when they were planned.
func networkChanges(t *v1alpha1.MachineTarget, d *vcenter.MachineDetails) []string {
	var out []string
	planned := map[int32]v1alpha1.NetworkAdapterPlacement{}
	for _, a := range t.NetworkAdapters {
		planned[a.Key] = a
	}
	for _, nic := range d.NICs {
		was, ok := planned[nic.Key]
		label := cmp.Or(nic.Label, nic.MAC)
		switch {
		case !ok:
		case was.MACAddress != "" && !strings.EqualFold(was.MACAddress, nic.MAC):
			out = append(out, fmt.Sprintf("%s has MAC address %s instead of %s", label, nic.MAC, was.MACAddress))
		case was.SourceNetworkRef != "" && was.SourceNetworkRef != nic.Network:
			out = append(out, fmt.Sprintf("%s is on %s instead of %s", label, cmp.Or(nic.NetworkName, "no network that the account sees"), was.SourceNetwork))
		case was.Connected != "" && was.Connected != yesOrNo(nic.Plugged(d.PowerState)):
			out = append(out, label+" was connected or disconnected")
		}
	}
	return out
}

// Blocking are the concerns that keep a machine at home.
func Blocking(concerns []v1alpha1.MachineConcern) []v1alpha1.MachineConcern {
	var out []v1alpha1.MachineConcern
	for _, c := range concerns {
		if c.Severity == blocking {
			out = append(out, c)
		}
	}
	return out
}
