// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// VirtualMachineMoveSpec is the move of one machine with every choice made.
// +kubebuilder:validation:XValidation:rule="self == oldSelf",message="a VirtualMachineMove is made by its WorkloadMove and cannot be edited: edit the WorkloadMove, or delete this object to have it made again"
type VirtualMachineMoveSpec struct {
	// machine that moves.
	// +required
	Machine MachineIdentity `json:"machine,omitzero"`

	// source is where the machine was when the plan was made.
	// +required
	Source MachineSource `json:"source,omitzero"`

	// target is where it goes.
	// +required
	Target MachineTarget `json:"target,omitzero"`

	// method: Live or Cold.
	// +required
	Method MoveMethod `json:"method,omitempty"`

	// power says how the machine is powered off and on for a cold move.
	// +optional
	Power *MovePower `json:"power,omitempty"`

	// bytes of all disks.
	// +optional
	Bytes int64 `json:"bytes,omitempty"`

	// waivers of the WorkloadMove.
	// +optional
	// +listType=map
	// +listMapKey=concern
	// +kubebuilder:validation:MaxItems=64
	Waivers []MoveWaiver `json:"waivers,omitempty"`
}

// MachineIdentity tells a machine from every other.
type MachineIdentity struct {
	// name of the machine when it was selected; its identity is instanceUUID.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=80
	Name string `json:"name,omitempty"`
	// instanceUUID that vCenter gave the machine; a move keeps it.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	InstanceUUID string `json:"instanceUUID,omitempty"`
	// biosUUID of the machine; a move keeps it.
	// +optional
	// +kubebuilder:validation:MaxLength=64
	BIOSUUID string `json:"biosUUID,omitempty"`
}

// InventoryReference is a managed object of a vCenter.
type InventoryReference struct {
	// ref is the managed object id in that vCenter, such as group-v12.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=128
	Ref string `json:"ref,omitempty"`
	// name or inventory path, for people.
	// +optional
	// +kubebuilder:validation:MaxLength=512
	Name string `json:"name,omitempty"`
}

// MachineSource is where a machine comes from.
type MachineSource struct {
	// vcenterRef names the VCenter.
	// +required
	VCenterRef ObjectReference `json:"vcenterRef,omitzero"`
	// vcenterInstanceUUID is the instance UUID of that vCenter when the plan was made.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	VCenterInstanceUUID string `json:"vcenterInstanceUUID,omitempty"`
	// folder that the machine was in, an inventory path.
	// +optional
	// +kubebuilder:validation:MaxLength=512
	Folder string `json:"folder,omitempty"`
	// powerState that the machine had: poweredOn, poweredOff or suspended.
	// +optional
	// +kubebuilder:validation:MaxLength=16
	PowerState string `json:"powerState,omitempty"`
	// hostName that the machine ran on.
	// +optional
	// +kubebuilder:validation:MaxLength=253
	HostName string `json:"hostName,omitempty"`
}

// MachineTarget is where a machine goes, every choice made.
type MachineTarget struct {
	// vcenterRef names the VCenter.
	// +required
	VCenterRef ObjectReference `json:"vcenterRef,omitzero"`
	// vcenterInstanceUUID is the instance UUID of that vCenter when the plan was made.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	VCenterInstanceUUID string `json:"vcenterInstanceUUID,omitempty"`
	// cluster whose hosts may take the machine.
	// +required
	Cluster InventoryReference `json:"cluster,omitzero"`
	// resourcePool that the machine goes into.
	// +required
	ResourcePool InventoryReference `json:"resourcePool,omitzero"`
	// folder that the machine goes into.
	// +required
	Folder InventoryReference `json:"folder,omitzero"`
	// datastore of the machine's home.
	// +required
	Datastore InventoryReference `json:"datastore,omitzero"`
	// disks and the datastore of each.
	// +optional
	// +listType=map
	// +listMapKey=key
	// +kubebuilder:validation:MaxItems=256
	Disks []DiskPlacement `json:"disks,omitempty"`
	// networkAdapters and the network of each.
	// +optional
	// +listType=map
	// +listMapKey=key
	// +kubebuilder:validation:MaxItems=16
	NetworkAdapters []NetworkAdapterPlacement `json:"networkAdapters,omitempty"`
}

// DiskPlacement places one disk.
type DiskPlacement struct {
	// key of the device in the machine.
	// +required
	Key int32 `json:"key"`
	// capacityBytes of the disk.
	// +optional
	CapacityBytes int64 `json:"capacityBytes,omitempty"`
	// sourceDatastore by name.
	// +optional
	// +kubebuilder:validation:MaxLength=128
	SourceDatastore string `json:"sourceDatastore,omitempty"`
	// sourceDatastoreRef is its managed object id.
	// +optional
	// +kubebuilder:validation:MaxLength=128
	SourceDatastoreRef string `json:"sourceDatastoreRef,omitempty"`
	// datastore of the target.
	// +required
	Datastore InventoryReference `json:"datastore,omitzero"`
}

// NetworkAdapterPlacement connects one network adapter.
type NetworkAdapterPlacement struct {
	// key of the device in the machine.
	// +required
	Key int32 `json:"key"`
	// macAddress of the adapter; a move keeps it.
	// +optional
	// +kubebuilder:validation:MaxLength=32
	MACAddress string `json:"macAddress,omitempty"`
	// sourceNetwork by name.
	// +optional
	// +kubebuilder:validation:MaxLength=128
	SourceNetwork string `json:"sourceNetwork,omitempty"`
	// sourceNetworkRef is its managed object id.
	// +optional
	// +kubebuilder:validation:MaxLength=128
	SourceNetworkRef string `json:"sourceNetworkRef,omitempty"`
	// connected: Yes if the adapter was connected when the plan was made, or would be when the machine is powered on.
	// +optional
	// +kubebuilder:validation:Enum=Yes;No
	Connected string `json:"connected,omitempty"`
	// network of the target.
	// +required
	Network InventoryReference `json:"network,omitzero"`
}

// MoveStep is what is being done with a machine.
// +kubebuilder:validation:Enum=Waiting;Blocked;ShuttingDown;Relocating;PoweringOn;Verifying;Moved;Failed;Cancelled
type MoveStep string

// The steps of a machine's move.
const (
	MoveStepWaiting      MoveStep = "Waiting"
	MoveStepBlocked      MoveStep = "Blocked"
	MoveStepShuttingDown MoveStep = "ShuttingDown"
	MoveStepRelocating   MoveStep = "Relocating"
	MoveStepPoweringOn   MoveStep = "PoweringOn"
	MoveStepVerifying    MoveStep = "Verifying"
	MoveStepMoved        MoveStep = "Moved"
	MoveStepFailed       MoveStep = "Failed"
	MoveStepCancelled    MoveStep = "Cancelled"
)

// Over says that a step is the last one.
func (s MoveStep) Over() bool {
	return s == MoveStepMoved || s == MoveStepFailed || s == MoveStepCancelled
}

// Values of status.poweredOffByMove.
const (
	PoweredOffByMoveYes     = "Yes"
	PoweredOffByMoveNo      = "No"
	PoweredOffByMoveUnknown = "Unknown"
)

// MoveTaskKind is a call that changes a vCenter.
// +kubebuilder:validation:Enum=Relocate;ShutdownGuest;PowerOff;PowerOn
type MoveTaskKind string

// The kinds of calls.
const (
	MoveTaskRelocate      MoveTaskKind = "Relocate"
	MoveTaskShutdownGuest MoveTaskKind = "ShutdownGuest"
	MoveTaskPowerOff      MoveTaskKind = "PowerOff"
	MoveTaskPowerOn       MoveTaskKind = "PowerOn"
)

// MoveSide is one of the two vCenters of a move.
// +kubebuilder:validation:Enum=Source;Target
type MoveSide string

// The two sides.
const (
	MoveSideSource MoveSide = "Source"
	MoveSideTarget MoveSide = "Target"
)

// MoveTaskFormat is the format of the records that this version writes. One in another format is followed by looking at both vCenters,
// never by guessing.
const MoveTaskFormat = 1

// MoveTask is the write-ahead record of one call that changes a vCenter: stored before the call, so that its task is found again by
// machine, kind, user and queue time if the answer is lost.
type MoveTask struct {
	// format of this record.
	// +required
	Format int32 `json:"format"`
	// kind of call: Relocate, ShutdownGuest, PowerOff or PowerOn.
	// +required
	Kind MoveTaskKind `json:"kind"`
	// at is the vCenter that was called: Source or Target.
	// +required
	At MoveSide `json:"at"`
	// state of the record.
	// +required
	State OperationState `json:"state"`
	// entity is the managed object id of the machine in the vCenter that was called.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=128
	Entity string `json:"entity"`
	// user that the call was made as.
	// +optional
	// +kubebuilder:validation:MaxLength=253
	User string `json:"user,omitempty"`
	// recordedAt is the moment of the record in that vCenter's own clock.
	// +required
	RecordedAt metav1.MicroTime `json:"recordedAt"`
	// deadline after which the call is not made any more, in the operator's clock.
	// +required
	Deadline metav1.MicroTime `json:"deadline"`
	// guestDeadline is when a guest that was asked to shut down counts as unwilling, in the operator's clock.
	// +optional
	GuestDeadline *metav1.MicroTime `json:"guestDeadline,omitempty"`
	// ref is the managed object id of the task, once it is known.
	// +optional
	// +kubebuilder:validation:MaxLength=128
	Ref string `json:"ref,omitempty"`
	// percent that the task showed when that was last written down: at most every few minutes.
	// +optional
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=100
	Percent int32 `json:"percent,omitempty"`
	// percentAt is when it was first seen to show that much, in the operator's clock.
	// +optional
	PercentAt *metav1.MicroTime `json:"percentAt,omitempty"`
	// forgottenAt is when vCenter was first seen not to know the task any more, after a restart of vCenter for example, in the operator's
	// clock; absent: it knows the task. What such a task did is not decided before both vCenters have had time to settle from there.
	// +optional
	ForgottenAt *metav1.MicroTime `json:"forgottenAt,omitempty"`
}

// MovePowerOn is what became so far of powering a machine on again that its move powered off. It is there from the first refusal on.
type MovePowerOn struct {
	// attempts that failed.
	// +required
	// +kubebuilder:validation:Minimum=0
	Attempts int32 `json:"attempts"`
	// message says why the last one failed.
	// +optional
	// +kubebuilder:validation:MaxLength=2048
	Message string `json:"message,omitempty"`
	// retryAfter is the earliest moment of the next attempt; absent: there is none before a person asks for one.
	// +optional
	RetryAfter *metav1.MicroTime `json:"retryAfter,omitempty"`
}

// MoveFailure is why the last attempt failed.
type MoveFailure struct {
	// reason is one CamelCase word.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	Reason string `json:"reason,omitempty"`
	// message says what happened and what to do.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=4096
	Message string `json:"message,omitempty"`
}

// MachineConcern is one concern about one machine.
type MachineConcern struct {
	// name of the concern, one CamelCase word.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	Name string `json:"name,omitempty"`
	// severity: Blocking, Warning or Information.
	// +required
	Severity Severity `json:"severity,omitempty"`
	// message says what it means and what to do.
	// +optional
	// +kubebuilder:validation:MaxLength=1024
	Message string `json:"message,omitempty"`
}

// VirtualMachineMoveStatus says how far the machine is.
type VirtualMachineMoveStatus struct {
	// observedGeneration is the generation of the spec that the conditions speak of.
	// +optional
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`

	// conditions: Ready, Complete, Failed; Reconciling or Stalled while true.
	// +optional
	// +listType=map
	// +listMapKey=type
	// +kubebuilder:validation:MaxItems=16
	Conditions []metav1.Condition `json:"conditions,omitempty"`

	// step that the machine is at.
	// +optional
	Step MoveStep `json:"step,omitempty"`
	// progress of the relocation, percent, in steps.
	// +optional
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=100
	Progress int32 `json:"progress,omitempty"`
	// bytesTotal of all disks.
	// +optional
	BytesTotal int64 `json:"bytesTotal,omitempty"`
	// bytesMoved by progress.
	// +optional
	BytesMoved int64 `json:"bytesMoved,omitempty"`
	// host of the target that takes the machine.
	// +optional
	Host *InventoryReference `json:"host,omitempty"`
	// grantedAt is when the schedule let the machine start; absent while it waits for its turn.
	// +optional
	GrantedAt *metav1.MicroTime `json:"grantedAt,omitempty"`
	// sourceHost that is charged for the move, a managed object id.
	// +optional
	SourceHost *InventoryReference `json:"sourceHost,omitempty"`
	// poweredOffByMove: Yes while the machine is off, or about to be, because this move powers it off; it is powered on again. Unknown while it runs
	// and a call that was never answered may still power it off: then it becomes Yes.
	// +optional
	// +kubebuilder:validation:Enum=Yes;No;Unknown
	PoweredOffByMove string `json:"poweredOffByMove,omitempty"`
	// powerOn is what became of powering the machine on again, once that has failed.
	// +optional
	PowerOn *MovePowerOn `json:"powerOn,omitempty"`
	// task is the call in flight, or the last one.
	// +optional
	Task *MoveTask `json:"task,omitempty"`
	// attempts of the move: one ends when the machine has arrived, or with the first call or check that fails.
	// +optional
	Attempts int32 `json:"attempts,omitempty"`
	// failure of the last attempt, until another begins. It is final unless retryAfter is there.
	// +optional
	Failure *MoveFailure `json:"failure,omitempty"`
	// retryAfter is the earliest moment of the next attempt; absent: there is none.
	// +optional
	RetryAfter *metav1.MicroTime `json:"retryAfter,omitempty"`
	// targetRef is the machine's managed object id at the target, once it is there.
	// +optional
	// +kubebuilder:validation:MaxLength=128
	TargetRef string `json:"targetRef,omitempty"`
	// startedAt is when the first call was made.
	// +optional
	StartedAt *metav1.Time `json:"startedAt,omitempty"`
	// finishedAt is when the machine was seen at its end.
	// +optional
	FinishedAt *metav1.Time `json:"finishedAt,omitempty"`
	// concerns about this machine.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=32
	Concerns []MachineConcern `json:"concerns,omitempty"`
	// lastHandledRetryAt echoes the annotation avs-operator.io/retry-requested-at that was last acted on.
	// +optional
	// +kubebuilder:validation:MaxLength=64
	LastHandledRetryAt string `json:"lastHandledRetryAt,omitempty"`
}

// Begun says that the machine is not as it was: a call is on record, or it was powered off. Such a machine is not left in between.
func (s *VirtualMachineMoveStatus) Begun() bool {
	return s.Task != nil || s.PoweredOffByMove == PoweredOffByMoveYes
}

// VirtualMachineMove is the move of one machine. A WorkloadMove makes one for each machine that it selects.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:scope=Namespaced,shortName=vmmove,categories=avs
// +kubebuilder:selectablefield:JSONPath=`.spec.machine.instanceUUID`
// +kubebuilder:printcolumn:name="Machine",type=string,JSONPath=`.spec.machine.name`
// +kubebuilder:printcolumn:name="Step",type=string,JSONPath=`.status.step`
// +kubebuilder:printcolumn:name="Progress",type=integer,JSONPath=`.status.progress`
// +kubebuilder:printcolumn:name="Reason",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].reason`
// +kubebuilder:printcolumn:name="Method",type=string,JSONPath=`.spec.method`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:printcolumn:name="Host",type=string,priority=1,JSONPath=`.status.host.name`
// +kubebuilder:printcolumn:name="Message",type=string,priority=1,JSONPath=`.status.conditions[?(@.type=="Ready")].message`
type VirtualMachineMove struct {
	metav1.TypeMeta `json:",inline"`
	// metadata is the standard object metadata.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitzero"`
	// spec is the move with every choice made.
	// +required
	Spec VirtualMachineMoveSpec `json:"spec,omitzero"`
	// status says how far the machine is.
	// +optional
	// +kubebuilder:default:={"observedGeneration":-1}
	Status VirtualMachineMoveStatus `json:"status,omitzero"`
}

// VirtualMachineMoveList is a list of VirtualMachineMove.
//
// +kubebuilder:object:root=true
type VirtualMachineMoveList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []VirtualMachineMove `json:"items"`
}

func init() { register(&VirtualMachineMove{}, &VirtualMachineMoveList{}) }
