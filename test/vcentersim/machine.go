// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package vcentersim

import (
	"fmt"
	"time"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/types"
)

// MachineSpec describes a machine to add. Only Name is needed; the rest has sensible defaults.
type MachineSpec struct {
	Name string
	// Folder as an inventory path, in which a slash of a name is written %2f, below the datacenter's vm folder, "Finance" or "/Oslo/vm/Finance"; missing
	// ones are made.
	Folder string
	// Cluster, Host and Pool by name; default the first cluster, its least loaded host, its root pool.
	Cluster, Host, Pool string
	// Datastore by name, default the host's first; a second entry of Datastores takes the second disk, and so on.
	Datastore  string
	Datastores []string
	// Networks by name, one network card each.
	Networks []string
	// DiskGB is one disk each, thin; default one of 40.
	DiskGB []int
	// UsedPercent of each disk that is really written, default 50: a move carries these bytes.
	UsedPercent int
	Thick       bool
	PoweredOn   bool
	Template    bool
	// Tools: "running" (default when powered on), "notRunning" or "notInstalled".
	Tools string
	// IgnoresShutdown makes the guest accept a shutdown and never do it.
	IgnoresShutdown bool
	// ShutdownTime in vCenter's time, default Config.ShutdownTime.
	ShutdownTime time.Duration
	// Snapshots taken before the start, each the child of the one before.
	Snapshots int
	// CDConnected connects an ISO of the first datastore to the CD drive.
	CDConnected bool
	// RawDisk adds a raw device mapping, which no move carries.
	RawDisk bool
	// EVCMode that the guest needs since it was powered on; default the host's.
	EVCMode         string
	HardwareVersion int // virtual hardware, default 19
	NumCPU          int // default 2
	MemoryMB        int // default 4096
	GuestID         string
	GuestIPs        []string
	Annotation      string
	// InstanceUUID, BIOSUUID and MACs are drawn when empty.
	InstanceUUID, BIOSUUID string
	MACs                   []string
}

// record is a machine as it travels: everything that makes it what it is, nothing of where it stands.
type record struct {
	Name            string
	Config          types.VirtualMachineConfigInfo
	Guest           types.GuestInfo
	PowerState      types.VirtualMachinePowerState
	BootTime        *time.Time
	EVCMode         string
	Snapshots       []string
	Used            map[int32]int64 // bytes written, by disk key
	PowerOffs       int
	IgnoresShutdown bool
	ShutdownTime    time.Duration
	Cut             bool // it arrives on no network
}

// unplug disconnects the record's network cards.
func (r *record) unplug() {
	for _, card := range networkCards(r.Config.Hardware.Device) {
		if card.Connectable != nil {
			connectable := *card.Connectable
			connectable.Connected = false
			card.Connectable = &connectable
		}
	}
}

// AddMachine adds a machine and returns its managed object id, "vm-42".
func (v *VCenter) AddMachine(s MachineSpec) (string, error) {
	if s.Name == "" {
		return "", fmt.Errorf("add a machine: no name")
	}
	s.Name = keptName(s.Name)
	folder, err := v.folder(s.Folder)
	if err != nil {
		return "", fmt.Errorf("add machine %s: %w", s.Name, err)
	}
	p, err := v.placementFor(s)
	if err != nil {
		return "", fmt.Errorf("add machine %s: %w", s.Name, err)
	}
	p.folder = &folder
	ctx := v.newContext("")
	if v.machines.named(folder, s.Name) {
		return "", fmt.Errorf("add machine %s: the name exists in folder %q", s.Name, s.Folder)
	}
	rec, err := v.newRecord(s, &p)
	if err != nil {
		return "", fmt.Errorf("add machine %s: %w", s.Name, err)
	}
	ref := v.admit(ctx, rec, p, nil)
	v.refreshSpaceOf(ctx, p.datastores()...)
	return ref.Value, nil
}

// placementFor resolves the names of a spec.
func (v *VCenter) placementFor(s MachineSpec) (placement, error) {
	var p placement
	m := v.service.Context.Map
	var host *simulator.HostSystem
	if s.Host != "" {
		for _, e := range m.All("HostSystem") {
			if h := e.(*simulator.HostSystem); h.Name == s.Host {
				host = h
			}
		}
		if host == nil {
			return p, fmt.Errorf("host %s: not found", s.Host)
		}
	}
	cluster := v.cluster(s.Cluster)
	if host != nil {
		cluster, _ = m.Get(*host.Parent).(*simulator.ClusterComputeResource)
	} else if s.Cluster == "" {
		cluster = v.cluster(pick(v.config.Layout == AVS, avsCluster, "Cluster-A"))
	}
	if cluster == nil {
		return p, fmt.Errorf("cluster %s: not found", s.Cluster)
	}
	if host == nil {
		if host = v.quietestHost(cluster); host == nil {
			return p, fmt.Errorf("cluster %s: has no host", cluster.Name)
		}
	}
	p.host, p.pool = &host.Self, cluster.ResourcePool
	if s.Pool != "" {
		pool := v.findPool(cluster, s.Pool)
		if pool == nil {
			return p, fmt.Errorf("pool %s: not found", s.Pool)
		}
		p.pool = pool
	}
	names := s.Datastores
	if s.Datastore != "" {
		names = append([]string{s.Datastore}, names...)
	}
	if len(names) == 0 {
		p.home = &host.Datastore[0]
		return p, nil
	}
	for _, name := range names {
		ds := m.FindByName(keptName(name), host.Datastore)
		if ds == nil {
			return p, fmt.Errorf("datastore %s: not on host %s", name, host.Name)
		}
		ref := ds.Reference()
		p.spread = append(p.spread, ref)
	}
	p.home = &p.spread[0]
	return p, nil
}

func (v *VCenter) quietestHost(c *simulator.ClusterComputeResource) *simulator.HostSystem {
	var best *simulator.HostSystem
	fewest := 0
	ctx := v.newContext("")
	for _, ref := range v.hostsOf(c) {
		h, ok := ctx.Map.Get(ref).(*simulator.HostSystem)
		if !ok {
			continue
		}
		ctx.WithLock(h, func() {
			if !h.Runtime.InMaintenanceMode && (best == nil || len(h.Vm) < fewest) {
				best, fewest = h, len(h.Vm)
			}
		})
	}
	return best
}

func (v *VCenter) findPool(c *simulator.ClusterComputeResource, name string) *types.ManagedObjectReference {
	root, ok := v.service.Context.Map.Get(*c.ResourcePool).(*simulator.ResourcePool)
	if !ok {
		return nil
	}
	found := v.service.Context.Map.FindByName(keptName(name), root.ResourcePool.ResourcePool)
	if found == nil {
		return nil
	}
	ref := found.Reference()
	return &ref
}

// newRecord makes the machine of a spec. It fills p with the backings of its disks and network cards.
func (v *VCenter) newRecord(s MachineSpec, p *placement) (*record, error) {
	setDefault(&s.NumCPU, 2)
	setDefault(&s.MemoryMB, 4096)
	setDefault(&s.HardwareVersion, 19)
	setDefault(&s.UsedPercent, 50)
	setDefault(&s.GuestID, "ubuntu64Guest")
	setDefault(&s.EVCMode, v.config.EVCMode)
	setDefault(&s.InstanceUUID, v.newUUID())
	setDefault(&s.BIOSUUID, v.newUUID())
	if len(s.DiskGB) == 0 {
		s.DiskGB = []int{40}
	}
	setDefault(&s.Tools, pick(s.PoweredOn, "running", "notRunning"))
	devices, used, err := v.devicesFor(s, p)
	if err != nil {
		return nil, err
	}
	r := &record{
		Name: s.Name, PowerState: types.VirtualMachinePowerStatePoweredOff, EVCMode: s.EVCMode, Used: used,
		IgnoresShutdown: s.IgnoresShutdown, ShutdownTime: s.ShutdownTime,
		Config: configFor(s, devices),
	}
	if s.PoweredOn {
		now := time.Now().Add(-time.Duration(1+v.draw(72)) * time.Hour)
		r.PowerState, r.BootTime = types.VirtualMachinePowerStatePoweredOn, &now
	}
	r.Guest = guestFor(s, devices)
	for i := range s.Snapshots {
		r.Snapshots = append(r.Snapshots, fmt.Sprintf("snapshot-%d", i+1))
	}
	return r, nil
}

func configFor(s MachineSpec, devices []types.BaseVirtualDevice) types.VirtualMachineConfigInfo {
	allocation := types.DefaultResourceConfigSpec()
	now := time.Now()
	return types.VirtualMachineConfigInfo{
		Name: s.Name, Uuid: s.BIOSUUID, InstanceUuid: s.InstanceUUID, Annotation: s.Annotation, Template: s.Template,
		GuestId: s.GuestID, GuestFullName: s.GuestID, Version: fmt.Sprintf("vmx-%d", s.HardwareVersion), Firmware: "efi",
		ChangeVersion: now.UTC().Format(time.RFC3339Nano), Modified: now, CreateDate: &now,
		Hardware: types.VirtualHardware{
			NumCPU: int32(s.NumCPU), NumCoresPerSocket: types.NewInt32(1), MemoryMB: int32(s.MemoryMB), Device: devices, //nolint:gosec // small.
		},
		Tools:              &types.ToolsConfigInfo{ToolsVersion: 12389},
		ExtraConfig:        []types.BaseOptionValue{&types.OptionValue{Key: "nvram", Value: s.Name + ".nvram"}},
		BootOptions:        &types.VirtualMachineBootOptions{},
		CpuAllocation:      &allocation.CpuAllocation,
		MemoryAllocation:   &allocation.MemoryAllocation,
		LatencySensitivity: &types.LatencySensitivity{Level: types.LatencySensitivitySensitivityLevelNormal},
		Flags:              types.VirtualMachineFlagInfo{SnapshotDisabled: types.NewBool(false)},
	}
}

func guestFor(s MachineSpec, devices []types.BaseVirtualDevice) types.GuestInfo {
	g := types.GuestInfo{
		GuestId: s.GuestID, GuestState: string(types.VirtualMachineGuestStateNotRunning),
		ToolsStatus:        types.VirtualMachineToolsStatusToolsNotRunning,
		ToolsRunningStatus: string(types.VirtualMachineToolsRunningStatusGuestToolsNotRunning),
		ToolsVersion:       "12389", ToolsVersionStatus2: string(types.VirtualMachineToolsVersionStatusGuestToolsCurrent),
	}
	if s.Tools == "notInstalled" {
		g.ToolsStatus, g.ToolsVersion = types.VirtualMachineToolsStatusToolsNotInstalled, "0"
		g.ToolsVersionStatus2 = string(types.VirtualMachineToolsVersionStatusGuestToolsNotInstalled)
	}
	if !s.PoweredOn {
		return g
	}
	g.GuestState = string(types.VirtualMachineGuestStateRunning)
	if s.Tools != "running" {
		return g
	}
	g.ToolsStatus = types.VirtualMachineToolsStatusToolsOk
	g.ToolsRunningStatus = string(types.VirtualMachineToolsRunningStatusGuestToolsRunning)
	g.HostName, g.GuestFamily = s.Name, "linuxGuest"
	g.IpStack = nil
	for i, card := range networkCards(devices) {
		nic := types.GuestNicInfo{Network: s.Networks[i], MacAddress: card.MacAddress, Connected: true, DeviceConfigId: card.Key}
		if i < len(s.GuestIPs) {
			nic.IpAddress = []string{s.GuestIPs[i]}
			setDefault(&g.IpAddress, s.GuestIPs[i])
		}
		g.Net = append(g.Net, nic)
	}
	return g
}
