// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/vcenter"
)

// vsanSlackPercent of a vSAN datastore's capacity stays free: AVS's service level asks for it, and vSAN rebuilds in it.
const vsanSlackPercent = 25

// demand is what machines need at the target.
type demand struct {
	memory, cpuMHz int64
	storage        map[string]int64 // by datastore: what disks hold now
	full           map[string]int64 // by datastore: what they can grow to
}

// add the need of one machine.
func (n *demand) add(d *vcenter.MachineDetails, disks []v1alpha1.DiskPlacement) {
	if d.PowerState == vcenter.PoweredOn {
		n.memory += int64(d.MemoryMB) << 20
		n.cpuMHz += max(d.CPUUsageMHz, d.CPUReservationMHz)
	}
	thin := map[int32]bool{}
	var capacity, thinCapacity int64
	for _, disk := range d.Disks {
		capacity += disk.CapacityBytes
		if disk.BackingType == "thin" || disk.BackingType == "seSparse" {
			thin[disk.Key] = true
			thinCapacity += disk.CapacityBytes
		}
	}
	// What a machine holds beyond its thick disks is spread over the thin ones by size: vCenter tells it for the machine as a whole.
	held := min(max(d.StorageCommittedBytes-(capacity-thinCapacity), 0), thinCapacity)
	if d.StorageCommittedBytes == 0 {
		held = thinCapacity
	}
	for _, p := range disks {
		n.full[p.Datastore.Ref] += p.CapacityBytes
		if thin[p.Key] && thinCapacity > 0 {
			n.storage[p.Datastore.Ref] += int64(float64(held) * float64(p.CapacityBytes) / float64(thinCapacity))
			continue
		}
		n.storage[p.Datastore.Ref] += p.CapacityBytes
	}
}

// DefaultVSANFactor is what a byte of a disk takes on vSAN where the policy is not known: the default policy of AVS, and vSAN's own, keeps two
// copies (RAID-1, one failure to tolerate).
const DefaultVSANFactor = 2

// factor is how many bytes of a datastore one byte of a disk takes, in words if it is not one: capacity and free space of vSAN are those of its
// devices, and each object lies there as often as its policy says.
func (in *Input) factor(ds *vcenter.Datastore) (float64, string) {
	factor := in.Factor[ds.Ref]
	if factor == 0 {
		factor = 1
		if strings.EqualFold(ds.Type, "vsan") {
			factor = DefaultVSANFactor
		}
	}
	if factor == 1 {
		return 1, ""
	}
	return factor, fmt.Sprintf(", and each byte counted %.4g times as its storage policy keeps it", factor)
}

// fit compares what the machines that shall still move need with what the target has, with room kept for the failure of one host and for
// vSAN's slack. The machines may not fit one after the other in whatever order, so it is all of them or none.
func (to *destination) fit(in *Input, b *book, n *demand) {
	for _, ref := range slices.Sorted(maps.Keys(n.storage)) {
		ds, space := to.inventory.Datastores.Get(ref), in.Space[ref]
		if ds == nil || space.CapacityBytes == 0 {
			continue
		}
		free, kept := space.FreeBytes, ""
		if strings.EqualFold(ds.Type, "vsan") {
			free -= space.CapacityBytes * vsanSlackPercent / 100
			kept = fmt.Sprintf(", with %d %% of it kept free for vSAN", vsanSlackPercent)
		}
		free = max(free, 0)
		factor, words := in.factor(ds)
		kept += words
		need, full := int64(float64(n.storage[ref])*factor), int64(float64(n.full[ref])*factor)
		if need > free {
			b.say(TargetWithoutRoom, fmt.Sprintf("datastore %s lacks %s (%s needed, %s free%s)", ds.Name, gib(need-free), gib(need), gib(free), kept))
		} else if full > free {
			b.say(ThinDisksMayGrow, fmt.Sprintf("%s on %s, which has %s free%s", gib(full), ds.Name, gib(free), kept))
		}
	}
	to.fitCompute(in, b, n)
}

// fitCompute compares memory and CPU.
func (to *destination) fitCompute(in *Input, b *book, n *demand) {
	var memory, cpu, largestMemory, largestCPU, usedMemory, usedCPU int64
	seen := 0
	for _, h := range to.hosts {
		load, ok := in.Load[h.Ref]
		if !ok {
			continue
		}
		seen++
		hostMemory, hostCPU := max(load.MemoryBytes, h.MemoryBytes), max(load.CPUCapacityMHz, h.CPUMHz)
		memory, cpu = memory+hostMemory, cpu+hostCPU
		largestMemory, largestCPU = max(largestMemory, hostMemory), max(largestCPU, hostCPU)
		usedMemory, usedCPU = usedMemory+load.MemoryUsageBytes, usedCPU+max(load.CPUUsageMHz, load.CPUReservedMHz)
	}
	if seen == 0 {
		return
	}
	reserve := "one host kept for failover"
	if len(to.hosts) == 1 {
		largestMemory, largestCPU, reserve = 0, 0, "no host kept for failover"
		if n.memory > 0 {
			b.say(NoFailoverHost, to.cluster.Name)
		}
	}
	if free := max(memory-largestMemory-usedMemory, 0); n.memory > free {
		b.say(TargetWithoutRoom, fmt.Sprintf("cluster %s lacks %s of memory (%s needed, %s free with %s)", to.cluster.Name, gib(n.memory-free),
			gib(n.memory), gib(free), reserve))
	}
	if free := max(cpu-largestCPU-usedCPU, 0); n.cpuMHz > free {
		b.say(TargetWithoutRoom, fmt.Sprintf("cluster %s lacks %d MHz of CPU (%d needed, %d free with %s)", to.cluster.Name, n.cpuMHz-free, n.cpuMHz, free, reserve))
	}
}
