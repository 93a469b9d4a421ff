// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package vcenter

import (
	"slices"
	"strings"

	"github.com/vmware/govmomi/vim25/types"
)

// field takes one property into a value; nil means that the property is unset. What is read and what is kept stand in one
// table a kind, so the stream, the direct reads and the inventory cannot differ. No property that moves by itself is among
// them (quick stats, heartbeats, free space): each change of one would wake the stream for nothing.
type field[T any] map[string]func(*T, any)

func (f field[T]) paths() []string {
	out := make([]string, 0, len(f))
	for p := range f {
		out = append(out, p)
	}
	slices.Sort(out)
	return out
}

var machineFields = field[Machine]{
	"name":                        func(m *Machine, v any) { m.Name = entityName(v) },
	"parent":                      func(m *Machine, v any) { m.parentRef = ref(v) },
	"parentVApp":                  func(m *Machine, v any) { m.vAppRef = ref(v) },
	"config.instanceUuid":         func(m *Machine, v any) { m.InstanceUUID = strings.ToLower(str(v)) },
	"config.uuid":                 func(m *Machine, v any) { m.BIOSUUID = strings.ToLower(str(v)) },
	"config.template":             func(m *Machine, v any) { m.Template = boolean(v) },
	"config.version":              func(m *Machine, v any) { m.HardwareVersion = str(v) },
	"config.changeVersion":        func(m *Machine, v any) { m.ChangeVersion = str(v) },
	"summary.config.numCpu":       func(m *Machine, v any) { m.NumCPU = int32(number(v)) },
	"summary.config.memorySizeMB": func(m *Machine, v any) { m.MemoryMB = int32(number(v)) },
	"runtime.host":                func(m *Machine, v any) { m.Host = ref(v) },
	"runtime.powerState":          func(m *Machine, v any) { m.PowerState = str(v) },
	"runtime.connectionState":     func(m *Machine, v any) { m.ConnectionState = str(v) },
	"resourcePool":                func(m *Machine, v any) { m.ResourcePool = ref(v) },
	"datastore":                   func(m *Machine, v any) { m.Datastores = refs(v) },
	"network":                     func(m *Machine, v any) { m.Networks = refs(v) },
	"guest.toolsRunningStatus":    func(m *Machine, v any) { m.GuestToolsRunning = str(v) == "guestToolsRunning" },
	"guest.hostName":              func(m *Machine, v any) { m.GuestHostName = str(v) },
	"guest.ipAddress":             func(m *Machine, v any) { m.primaryIP = str(v); m.joinIPs() },
}

// machineReadFields are read directly and never watched. disabledMethod need not tell its changes ("vSphere Servers might not generate
// property collector update notifications for this property", says the reference of ManagedEntity), and the addresses of all cards of ten
// thousand guests are told anew with each lease.
var machineReadFields = field[Machine]{
	"guest.net":      func(m *Machine, v any) { m.nicIPs = guestIPs(v); m.joinIPs() },
	"disabledMethod": func(m *Machine, v any) { m.RelocateDisabled = slices.Contains(strs(v), "RelocateVM_Task") },
}

var hostFields = field[Host]{
	"name":                           func(h *Host, v any) { h.Name = entityName(v) },
	"parent":                         func(h *Host, v any) { h.Cluster = ref(v) },
	"runtime.connectionState":        func(h *Host, v any) { h.ConnectionState = str(v) },
	"runtime.powerState":             func(h *Host, v any) { h.PowerState = str(v) },
	"runtime.inMaintenanceMode":      func(h *Host, v any) { h.InMaintenance = boolean(v) },
	"summary.hardware.cpuMhz":        func(h *Host, v any) { h.coreMHz = number(v); h.CPUMHz = h.coreMHz * int64(h.Cores) },
	"summary.hardware.numCpuCores":   func(h *Host, v any) { h.Cores = int32(number(v)); h.CPUMHz = h.coreMHz * int64(h.Cores) },
	"summary.hardware.memorySize":    func(h *Host, v any) { h.MemoryBytes = number(v) },
	"summary.hardware.cpuModel":      func(h *Host, v any) { h.CPUModel = str(v) },
	"hardware.cpuPkg":                func(h *Host, v any) { h.CPUVendor = cpuVendor(v) },
	"summary.maxEVCModeKey":          func(h *Host, v any) { h.EVCMode = str(v) },
	"summary.config.product.version": func(h *Host, v any) { h.Version = str(v) },
	"config.network.pnic":            func(h *Host, v any) { h.NICGbps = fastestNIC(v) },
}

var clusterFields = field[Cluster]{
	"name":            func(c *Cluster, v any) { c.Name = entityName(v) },
	"parent":          func(c *Cluster, v any) { c.parent = ref(v) },
	"resourcePool":    func(c *Cluster, v any) { c.ResourcePool = ref(v) },
	"host":            func(c *Cluster, v any) { c.Hosts = refs(v) },
	"datastore":       func(c *Cluster, v any) { c.Datastores = refs(v) },
	"network":         func(c *Cluster, v any) { c.Networks = refs(v) },
	"configurationEx": takeClusterConfig,
}

// clusterSummary is read when a cluster changes and never watched: the summary carries usage, which moves by itself, and
// vCenter refuses the path of this one part because the property is declared with its base type.
const clusterSummary = "summary"

var clusterReadFields = field[Cluster]{
	clusterSummary: func(c *Cluster, v any) {
		s, _ := v.(types.ClusterComputeResourceSummary)
		c.EVCMode = s.CurrentEVCModeKey
	},
}

var poolFields = field[ResourcePool]{
	"name":   func(p *ResourcePool, v any) { p.Name = entityName(v) },
	"parent": func(p *ResourcePool, v any) { p.Parent = ref(v) },
	"owner":  func(p *ResourcePool, v any) { p.Owner = ref(v) },
}

var vAppFields = field[ResourcePool]{
	"parentFolder": func(p *ResourcePool, v any) { p.vAppFolder = ref(v) },
}

var datastoreFields = field[Datastore]{
	"name":                    func(d *Datastore, v any) { d.Name = entityName(v) },
	"parent":                  func(d *Datastore, v any) { d.parent = ref(v) },
	"summary.type":            func(d *Datastore, v any) { d.Type = str(v) },
	"summary.url":             func(d *Datastore, v any) { d.URL = str(v) },
	"summary.capacity":        func(d *Datastore, v any) { d.CapacityBytes = number(v) },
	"summary.accessible":      func(d *Datastore, v any) { d.Accessible = boolean(v) },
	"summary.maintenanceMode": func(d *Datastore, v any) { d.MaintenanceMode = str(v) },
	"host":                    func(d *Datastore, v any) { d.Hosts = mounts(v) },
}

var networkFields = field[Network]{
	"name":   func(n *Network, v any) { n.Name = entityName(v) },
	"parent": func(n *Network, v any) { n.parent = ref(v) },
	"host":   func(n *Network, v any) { n.Hosts = refs(v) },
}

// portgroupFields reads the configuration whole: its newer parts are unknown properties to vCenters before 7, and one unknown
// path fails the whole filter.
var portgroupFields = field[Network]{
	"config": func(n *Network, v any) {
		c, _ := v.(types.DVPortgroupConfigInfo)
		n.PortgroupKey, n.SegmentPath, n.SegmentID, n.switchRef = c.Key, c.SegmentId, c.LogicalSwitchUuid, ""
		if c.DistributedVirtualSwitch != nil {
			n.switchRef = c.DistributedVirtualSwitch.Value
		}
	},
	"tag": func(n *Network, v any) {
		a, _ := v.(types.ArrayOfTag)
		n.Uplink = slices.ContainsFunc(a.Tag, func(t types.Tag) bool { return t.Key == "SYSTEM/DVS.UPLINKPG" })
	},
}

// segmentType is the type of opaque networks that NSX makes.
const segmentType = "nsx.LogicalSwitch"

var opaqueFields = field[Network]{
	"summary": func(n *Network, v any) {
		if s, ok := v.(types.OpaqueNetworkSummary); ok {
			n.OpaqueID, n.OpaqueType, n.SegmentID = s.OpaqueNetworkId, s.OpaqueNetworkType, ""
			if s.OpaqueNetworkType == segmentType {
				n.SegmentID = s.OpaqueNetworkId
			}
		}
	},
}

var switchFields = field[dvSwitch]{
	"uuid": func(s *dvSwitch, v any) { s.UUID = str(v) },
	"name": func(s *dvSwitch, v any) { s.Name = entityName(v) },
}

var folderFields = field[Folder]{
	"name":      func(f *Folder, v any) { f.Name = entityName(v) },
	"parent":    func(f *Folder, v any) { f.parent = ref(v) },
	"childType": func(f *Folder, v any) { f.Kinds = strs(v) },
}

var datacenterFields = field[Datacenter]{
	"name":       func(d *Datacenter, v any) { d.Name = entityName(v) },
	"parent":     func(d *Datacenter, v any) { d.parent = ref(v) },
	"vmFolder":   func(d *Datacenter, v any) { d.VMFolder = ref(v) },
	"hostFolder": func(d *Datacenter, v any) { d.HostFolder = ref(v) },
}

func takeClusterConfig(c *Cluster, v any) {
	c.DRSEnabled, c.DRSAutomated, c.HAEnabled, c.ExpressStorage = false, false, false, false
	x, ok := v.(types.ClusterConfigInfoEx)
	if !ok {
		return
	}
	c.DRSEnabled = x.DrsConfig.Enabled != nil && *x.DrsConfig.Enabled
	c.DRSAutomated = c.DRSEnabled && x.DrsConfig.DefaultVmBehavior == types.DrsBehaviorFullyAutomated
	c.HAEnabled = x.DasConfig.Enabled != nil && *x.DasConfig.Enabled
	c.ExpressStorage = x.VsanConfigInfo != nil && x.VsanConfigInfo.VsanEsaEnabled != nil && *x.VsanConfigInfo.VsanEsaEnabled
}

// joinIPs puts the address that Tools calls primary first; the cards' addresses follow.
func (m *Machine) joinIPs() {
	m.GuestIPs = nil
	if m.primaryIP != "" {
		m.GuestIPs = append(m.GuestIPs, m.primaryIP)
	}
	for _, ip := range m.nicIPs {
		if ip != m.primaryIP {
			m.GuestIPs = append(m.GuestIPs, ip)
		}
	}
}

func guestIPs(v any) []string {
	a, _ := v.(types.ArrayOfGuestNicInfo)
	var out []string
	for _, n := range a.GuestNicInfo {
		out = append(out, n.IpAddress...)
	}
	return out
}

func cpuVendor(v any) string {
	if a, ok := v.(types.ArrayOfHostCpuPackage); ok && len(a.HostCpuPackage) > 0 {
		return a.HostCpuPackage[0].Vendor
	}
	return ""
}

func fastestNIC(v any) int {
	a, _ := v.(types.ArrayOfPhysicalNic)
	best := int32(0)
	for _, n := range a.PhysicalNic {
		if n.LinkSpeed != nil {
			best = max(best, n.LinkSpeed.SpeedMb)
		}
	}
	return int(best / 1000)
}

// mounts are the hosts that can reach a datastore now.
func mounts(v any) []string {
	a, _ := v.(types.ArrayOfDatastoreHostMount)
	var out []string
	for _, m := range a.DatastoreHostMount {
		if m.MountInfo.Accessible == nil || *m.MountInfo.Accessible {
			out = append(out, m.Key.Value)
		}
	}
	return out
}
