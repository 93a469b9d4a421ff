// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package vcenter

import (
	"time"
)

// Machine is a virtual machine as the watcher keeps it. Values are immutable: a change makes a new one. Names here, and those of all
// other objects, are as the vSphere Client shows them; see UnescapeName. Paths are as CleanPath makes them.
type Machine struct {
	Ref, Name         string // moref such as "vm-42"
	InstanceUUID      string // identity within its vCenter, lower case
	BIOSUUID          string
	Folder            string // inventory path of the folder: /Oslo/vm/Finance
	Host              string // moref
	ResourcePool      string // moref; empty for a template
	PowerState        string // poweredOn, poweredOff, suspended
	ConnectionState   string // connected, disconnected, orphaned, inaccessible, invalid
	Template          bool
	Datastores        []string // morefs
	Networks          []string // morefs
	GuestToolsRunning bool
	GuestIPs          []string // of a watched machine the primary one; read directly all of them
	GuestHostName     string
	NumCPU            int32
	MemoryMB          int32
	HardwareVersion   string // vmx-19
	ChangeVersion     string
	RelocateDisabled  bool // vCenter lists RelocateVM_Task as disabled at present; known of a machine that was read directly

	parentRef, vAppRef string // folder, or vApp of a machine that has no folder; the path above is derived from them
	primaryIP          string
	nicIPs             []string
}

// Host is an ESXi host.
type Host struct {
	Ref, Name       string
	Cluster         string // moref of the cluster or of the single compute resource
	ConnectionState string // connected, disconnected, notResponding
	PowerState      string
	InMaintenance   bool
	CPUMHz          int64 // all cores together
	MemoryBytes     int64
	Cores           int32
	CPUModel        string
	CPUVendor       string
	EVCMode         string // highest mode that the host supports
	Version         string
	NICGbps         int // fastest physical link; 0 while unknown

	coreMHz int64
}

// Cluster is a cluster, or a compute resource with a single host.
type Cluster struct {
	Ref, Name, Path      string
	ResourcePool         string // root pool
	Hosts                []string
	DRSEnabled           bool
	DRSAutomated         bool // DRS places and moves machines itself
	HAEnabled            bool
	EVCMode              string
	ExpressStorage       bool // its vSAN has the Express Storage Architecture
	Datastores, Networks []string

	parent string
}

// ResourcePool is a resource pool or a vApp.
type ResourcePool struct {
	Ref, Name, Path string
	Owner           string // moref of the cluster
	Parent          string // moref of the pool or cluster above

	vAppFolder string // folder in which a vApp shows
}

// Datastore is a datastore without what changes by itself; its room is read by Client.DatastoreSpace.
type Datastore struct {
	Ref, Name, Type string // VMFS, NFS, vsan, ...
	URL             string
	CapacityBytes   int64
	Accessible      bool
	MaintenanceMode string   // normal, enteringMaintenance, inMaintenance
	Hosts           []string // that have it mounted and accessible
	Path            string

	parent string
}

// Network is a network that a card can be connected to.
type Network struct {
	Ref, Name    string
	Kind         string // Network, DistributedVirtualPortgroup or OpaqueNetwork
	PortgroupKey string // distributed port group
	SwitchUUID   string // distributed port group
	SegmentPath  string // NSX segment, if the network is one: its path in NSX's policy, /infra/segments/web
	SegmentID    string // NSX segment: the UUID of its logical switch, the same for a port group and an opaque network of one segment
	OpaqueID     string // opaque network
	OpaqueType   string // opaque network: nsx.LogicalSwitch
	Uplink       bool   // a distributed switch's uplink group: no machine belongs there
	Hosts        []string
	Path         string

	parent, switchRef string
}

// Folder is a folder, or a vApp's place in the tree.
type Folder struct {
	Ref, Name string
	Path      string   // /Oslo/vm/Finance; the root folder is /
	Kinds     []string // what it may hold: VirtualMachine, Folder, ...

	parent string
}

// Datacenter is a datacenter and the roots of its four trees.
type Datacenter struct {
	Ref, Name, Path      string
	VMFolder, HostFolder string

	parent string
}

// Inventory is one immutable picture of a vCenter. Tables share what did not change, so a new picture costs what
// changed and not what exists.
type Inventory struct {
	Machines      Table[Machine]
	Hosts         Table[Host]
	Clusters      Table[Cluster]
	ResourcePools Table[ResourcePool]
	Datastores    Table[Datastore]
	Networks      Table[Network]
	Folders       Table[Folder]
	Datacenters   Table[Datacenter]
	At            time.Time // when the last change in it was received
	Version       uint64    // grows with each change

	byInstanceUUID, byName Table[[]string]
	switches               Table[dvSwitch]
}

type dvSwitch struct{ UUID, Name string }
