// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package vcenter

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"net"
	"net/http"
	"time"
)

// Endpoint says where a vCenter is, how to trust it and whom to be there.
type Endpoint struct {
	// URL is https://host[:port] or https://host[:port]/sdk, without credentials.
	URL string
	// Address is dialled instead of the name in URL: host or host:port. The certificate must still say URL's name.
	Address string
	// Thumbprint pins the leaf certificate: SHA-1 (20 bytes) or SHA-256 (32 bytes) in hex, with or without colons.
	Thumbprint string
	// RootCAs verifies the chain and the name where Thumbprint is empty. Nil with no Thumbprint: the system's roots.
	RootCAs *x509.CertPool
	// Username and Password are those of a vCenter account. They are never logged and stand in no error.
	Username, Password string
	// Speed divides every duration that stands for vCenter's time; 0 and 1 are real time.
	Speed float64
	// UserAgent is sent with every request; vCenter shows it in its session list.
	UserAgent string
	// MayWrite is asked right before each call that changes vCenter; an error stops the call, unsent. Nil: always.
	MayWrite func() error
	// Guard remembers refused logins. Share one among all clients of a process: five refusals lock an account,
	// however many clients cause them. Nil: this client has its own.
	Guard *LoginGuard
	// Confine makes the transport dial only where this vCenter may be, and returns how; nil: anywhere. The dialer is the one to do it with.
	Confine func(*http.Transport, net.Dialer) DialFunc
	// Observe is told of each call after it ended, of logins too; nil: nobody is.
	Observe func(Call)
	// WrapTransport stands around the transport of every exchange, for tests; nil: nothing does.
	WrapTransport func(http.RoundTripper) http.RoundTripper
}

// Call is one SOAP call, for metrics: its method, how long it took on the wall clock, and its error. Answered says that the vCenter answered, if
// only with a fault. Updates are the objects of which a call for updates brought news.
type Call struct {
	Method   string
	Duration time.Duration
	Err      error
	Answered bool
	Updates  int
}

// DialFunc is how a transport dials.
type DialFunc = func(ctx context.Context, network, address string) (net.Conn, error)

// String names the endpoint without its password; GoString and MarshalJSON do the same.
func (e Endpoint) String() string { return "Endpoint{" + e.URL + " as " + e.Username + "}" }

// GoString is String, so that %#v does not show the password.
func (e Endpoint) GoString() string { return e.String() }

// MarshalJSON leaves the password out.
func (e Endpoint) MarshalJSON() ([]byte, error) { return json.Marshal(e.String()) }

// About is what a vCenter says of itself.
type About struct {
	InstanceUUID string // identity of the vCenter: half of a machine's identity
	Name         string // "VMware vCenter Server"
	Version      string // "8.0.3"
	Build        string
	APIVersion   string // "8.0.3.0"
}

// Certificate is the leaf that a vCenter presented.
type Certificate struct {
	ThumbprintSHA1   string // AA:BB:..., what a service locator takes before vCenter 9
	ThumbprintSHA256 string
	PEM              string
	NotAfter         time.Time
}

// DiskPlacement puts one disk on a datastore of the destination.
type DiskPlacement struct {
	Key       int32  // device key at the source
	Datastore string // moref at the destination
}

// NICPlacement connects one network card to a network of the destination.
type NICPlacement struct {
	Key     int32 // device key at the source
	Network Network
}

// Relocation is where one machine shall be. All references but Machine are morefs of the destination.
type Relocation struct {
	Machine      string   // moref at this (source) vCenter
	Locator      *Locator // the other vCenter; nil: the move stays in this one
	Folder       string
	ResourcePool string
	Host         string
	Datastore    string          // home of the machine, and of each disk that Disks does not name
	Disks        []DiskPlacement // disks that go elsewhere
	NICs         []NICPlacement
	Priority     string // lowPriority, highPriority or defaultPriority; empty: defaultPriority
}

// TaskHandle finds a task again, also from another process and after its answer was lost. It fits in a status.
type TaskHandle struct {
	Ref          string    `json:"ref"`
	Entity       string    `json:"entity,omitempty"`
	User         string    `json:"user,omitempty"`
	QueuedAt     time.Time `json:"queuedAt,omitzero"` // by that vCenter's own clock
	ActivationID string    `json:"activationID,omitempty"`
}

// TaskState is vCenter's own word for where a task is.
type TaskState string

// The states of a task.
const (
	TaskQueued  TaskState = "queued"
	TaskRunning TaskState = "running"
	TaskSuccess TaskState = "success"
	TaskError   TaskState = "error"
)

// TaskRelocate and the other kinds are description ids as vCenter reports them.
const (
	TaskRelocate = "VirtualMachine.relocate"
	TaskPowerOn  = "VirtualMachine.powerOn"
	TaskPowerOff = "VirtualMachine.powerOff"
)

// Task is a task as its vCenter tells it. Times are by that vCenter's clock.
type Task struct {
	Ref          string
	Kind         string // description id: VirtualMachine.relocate
	Entity       string // moref of the object that the task works on
	EntityType   string // VirtualMachine, HostSystem, ...
	EntityName   string
	User         string
	State        TaskState
	Progress     int32 // percent; 0 while unknown
	Fault        *Fault
	Result       string // moref of the result, if the result is an object: after a relocation the machine AT THE DESTINATION
	Cancelled    bool   // a cancel was asked for
	Cancelable   bool
	QueuedAt     time.Time
	StartedAt    time.Time // zero while queued
	CompletedAt  time.Time // zero until done
	ActivationID string
}

// Done says that the task will not change any more.
func (t *Task) Done() bool { return t.State == TaskSuccess || t.State == TaskError }

// TaskQuery selects tasks of the recent past. Empty parts match everything.
type TaskQuery struct {
	Entity      string    // moref of a virtual machine
	Kind        string    // description id, compared without case
	User        string    // with or without the domain in front; compared without case
	QueuedAfter time.Time // by that vCenter's clock, inclusive
}

// Disk is one virtual disk of a machine.
type Disk struct {
	Key           int32
	Label         string // "Hard disk 1"
	CapacityBytes int64
	Datastore     string // moref
	Mode          string // persistent, independent_persistent, ...
	Sharing       string // sharingNone or sharingMultiWriter; empty: none
	BackingType   string // thin, thick, eagerZeroedThick, rdm, seSparse or the backing's type name
	Parent        bool   // the disk is a delta: a snapshot or a linked clone stands under it
}

// NIC is one network card of a machine.
type NIC struct {
	Key         int32
	Label       string
	MAC         string
	Kind        string // VirtualVmxnet3, VirtualE1000, VirtualSriovEthernetCard, ...
	Network     string // moref; empty when this account cannot see the network
	NetworkName string
	Connected   bool // now; never of a machine that is powered off
	// StartConnected says that it is connected when the machine is powered on.
	StartConnected bool
}

// Power states of a machine or a host, as vSphere writes them.
const (
	PoweredOn  = "poweredOn"
	PoweredOff = "poweredOff"
	Suspended  = "suspended"
)

// Plugged says whether the card of a machine in this power state is connected, or will be once it is powered on.
func (n NIC) Plugged(powerState string) bool {
	if powerState == PoweredOn {
		return n.Connected
	}
	return n.StartConnected
}

// Device is a device that may hinder a move.
type Device struct {
	Key       int32
	Kind      string // VirtualCdrom, VirtualUSB, VirtualPCIPassthrough, VirtualTPM, ...
	Label     string
	Backing   string // ISO path, host device or type of the backing
	Connected bool
}

// MachineDetails is what a plan needs and a watch should not carry: read directly, once.
type MachineDetails struct {
	Machine
	Disks                                  []Disk
	NICs                                   []NIC
	Devices                                []Device // CD-ROMs, floppies, serial, parallel, USB, passthrough, TPM, shared SCSI controllers
	Snapshots                              int
	StorageCommittedBytes                  int64
	StorageUncommittedBytes                int64
	Encrypted                              bool
	FaultTolerance                         bool
	ConsolidationNeeded                    bool
	ToolsInstallerMounted                  bool
	ManagedBy                              string // key of the extension that owns the machine
	Annotation                             string
	CustomAttributes                       map[string]string // by name
	GuestFullName                          string
	CPUReservationMHz, MemoryReservationMB int64
	MemoryUsageBytes, CPUUsageMHz          int64
	MinRequiredEVCMode                     string
}

// Space is a datastore's room now.
type Space struct{ CapacityBytes, FreeBytes, UncommittedBytes int64 }

// HostLoad is what runs on a host now.
type HostLoad struct {
	CPUUsageMHz, CPUCapacityMHz      int64
	MemoryUsageBytes, MemoryBytes    int64
	CPUReservedMHz, MemoryReservedMB int64 // sum over the machines that run there
	Machines                         int   // powered on
}

// PoolLoad is what a resource pool may still give.
type PoolLoad struct {
	CPUUnreservedMHz, MemoryUnreservedBytes int64
}
