// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// MoveState is what a WorkloadMove should do.
// +kubebuilder:validation:Enum=Plan;Run;Pause;Cancel
type MoveState string

// MoveMethod is a way of moving a machine.
// +kubebuilder:validation:Enum=Auto;Live;Cold
type MoveMethod string

// PowerOff says how a running machine may be powered off for a cold move.
// +kubebuilder:validation:Enum=MustBeOff;Guest;GuestThenHard
type PowerOff string

// PowerOn says what happens with a machine's power after a cold move.
// +kubebuilder:validation:Enum=Restore;Leave
type PowerOn string

// The values of the move enums.
const (
	MoveStatePlan   MoveState = "Plan"
	MoveStateRun    MoveState = "Run"
	MoveStatePause  MoveState = "Pause"
	MoveStateCancel MoveState = "Cancel"

	MoveMethodAuto MoveMethod = "Auto"
	MoveMethodLive MoveMethod = "Live"
	MoveMethodCold MoveMethod = "Cold"

	PowerOffMustBeOff     PowerOff = "MustBeOff"
	PowerOffGuest         PowerOff = "Guest"
	PowerOffGuestThenHard PowerOff = "GuestThenHard"

	PowerOnRestore PowerOn = "Restore"
	PowerOnLeave   PowerOn = "Leave"
)

// WorkloadMoveSpec says what moves, from where, to where and how.
// +kubebuilder:validation:XValidation:rule="self.source.vcenterRef.name == oldSelf.source.vcenterRef.name",message="source is immutable: make a new WorkloadMove"
// +kubebuilder:validation:XValidation:rule="self.target.vcenterRef.name == oldSelf.target.vcenterRef.name",message="target.vcenterRef is immutable: make a new WorkloadMove"
// +kubebuilder:validation:XValidation:rule="self.source.vcenterRef.name != self.target.vcenterRef.name",message="source and target must be two vCenters"
// +kubebuilder:validation:XValidation:rule="!has(oldSelf.state) || oldSelf.state != 'Cancel' || (has(self.state) && self.state == 'Cancel')",message="Cancel is final: to go on, make a new WorkloadMove; machines that are already there count as moved"
type WorkloadMoveSpec struct {
	// state: Plan computes and publishes what would happen; Run moves; Pause lets what runs end and starts nothing; Cancel is final.
	// Absent: Plan.
	// +optional
	State MoveState `json:"state,omitempty"`

	// source of the machines.
	// +required
	Source MoveSource `json:"source,omitzero"`

	// target of the machines.
	// +required
	Target MoveTarget `json:"target,omitzero"`

	// select the machines: one is in when any entry matches, and an entry matches when all its parts do.
	// +required
	// +listType=atomic
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=64
	Select []MachineSelector `json:"select,omitempty"`

	// exclude machines from the selection, in the same way.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=64
	Exclude []MachineSelector `json:"exclude,omitempty"`

	// networks says which network of the target takes the place of each network of the source. Every network of a selected machine
	// must be named. An entry that names one network by path or id goes before one that names several by their name.
	// +optional
	// +listType=map
	// +listMapKey=from
	// +kubebuilder:validation:MaxItems=256
	Networks []NameMapping `json:"networks,omitempty"`

	// datastores says which datastore of the target takes the disks of each datastore of the source. One that is not named goes to
	// target.datastore.
	// +optional
	// +listType=map
	// +listMapKey=from
	// +kubebuilder:validation:MaxItems=256
	Datastores []NameMapping `json:"datastores,omitempty"`

	// method: Live moves running machines while they run and never powers one off; Cold moves machines that are powered off, or powers
	// them off as power says; Auto moves running machines Live and the others Cold. Absent: Auto.
	// +optional
	Method MoveMethod `json:"method,omitempty"`

	// power says how machines are powered off and on for a cold move.
	// +optional
	Power *MovePower `json:"power,omitempty"`

	// waivers accept concerns of the plan, and faults of vCenter's own check before a move, that would keep machines at home. The move
	// itself has the last word: what vCenter refuses, it refuses.
	// +optional
	// +listType=map
	// +listMapKey=concern
	// +kubebuilder:validation:MaxItems=64
	Waivers []MoveWaiver `json:"waivers,omitempty"`
}

// MoveWaiver accepts one concern or fault by name.
// +kubebuilder:validation:XValidation:rule="!(self.concern in ['SnapshotPresent', 'LinkedDisk', 'ConsolidationNeeded', 'RawDeviceMapping', 'SharedDisk', 'SharedBus', 'Encrypted', 'TrustedPlatformModule', 'Suspended', 'IdentityTaken', 'IdentityNotUnique', 'NameTaken', 'SameName', 'HardwareTooNew', 'HardwareChanged', 'NetworkChanged', 'SnapshotCopyNotSupported', 'SnapshotMoveNotSupported', 'CannotMoveVmWithDeltaDisk', 'CannotMoveVmWithNativeDeltaDisk', 'UncommittedUndoableDisk', 'RDMNotPreserved', 'RDMConversionNotSupported', 'LargeRDMConversionNotSupported', 'RDMNotSupported', 'SharedBusControllerNotSupported', 'MultiWriterNotSupported', 'SuspendedRelocateNotSupported', 'VirtualHardwareVersionNotSupported', 'NumVirtualCpusNotSupported', 'NumVirtualCpusExceedsLimit', 'MemorySizeNotSupported', 'DuplicateName', 'AlreadyExists', 'FileAlreadyExists'])",message="this cannot be waived: the machine would lose data, its identity, or the way to power it on again. Mend what the concern says"
// +kubebuilder:validation:XValidation:rule="!(self.concern in ['MachineNotFound', 'ExcludedMachineNotFound', 'AmbiguousMachine', 'SourceFolderNotFound', 'NothingSelected', 'TooManyMachines', 'ClusterNotFound', 'AmbiguousCluster', 'ResourcePoolNotFound', 'AmbiguousResourcePool', 'ResourcePoolReserved', 'ResourcePoolForbidden', 'FolderNotFound', 'FolderNotUsable', 'DatastoreNotFound', 'AmbiguousDatastore', 'DatastoreNotUsable', 'DatastoreNotInCluster', 'SourceDatastoreNotFound', 'AmbiguousSourceDatastore', 'NetworkNotMapped', 'NetworkNotVisible', 'NetworkNotFound', 'AmbiguousNetwork', 'AmbiguousSourceNetwork', 'NetworkNotInCluster', 'MappingConflict', 'NoUsableHost', 'TemplateSelected', 'DetailsUnknown', 'NotConnected', 'MachineGone', 'PowerOffNotAllowed', 'PoweredOff', 'ToolsNotRunning'])",message="a waiver cannot stand for this: the machine has no place to go, or the spec does not allow how it would get there. Correct the spec or the machine"
type MoveWaiver struct {
	// concern by name, such as DeviceConnected, as status.plan.concerns shows it, or the type of a fault of vCenter, such as
	// NetworksMayNotBeTheSame.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	// +kubebuilder:validation:Pattern=`^[A-Z][A-Za-z0-9]*$`
	Concern string `json:"concern,omitempty"`
	// reason why it may be accepted, for whoever reads the plan.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=256
	Reason string `json:"reason,omitempty"`
	// until is the last day on which it counts, in UTC, such as 2027-03-31. Absent: it always does.
	// +optional
	// +kubebuilder:validation:Format=date
	// +kubebuilder:validation:MinLength=10
	// +kubebuilder:validation:MaxLength=10
	Until string `json:"until,omitempty"`
}

// MoveSource is where machines come from.
type MoveSource struct {
	// vcenterRef names the VCenter that has the machines. Immutable.
	// +required
	VCenterRef ObjectReference `json:"vcenterRef,omitzero"`
}

// MoveTarget is where machines go.
// +kubebuilder:validation:XValidation:rule="has(self.cluster) != has(self.resourcePool)",message="set exactly one of cluster and resourcePool"
type MoveTarget struct {
	// vcenterRef names the VCenter that the machines go to. Immutable.
	// +required
	VCenterRef ObjectReference `json:"vcenterRef,omitzero"`

	// cluster by name, inventory path or managed object id, such as Cluster-1. Its root resource pool is used, or where the account may not
	// place machines in that, as in VMware Cloud on AWS, the one pool below it in which it may.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=512
	Cluster string `json:"cluster,omitempty"`

	// resourcePool by name, inventory path or managed object id.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=512
	ResourcePool string `json:"resourcePool,omitempty"`

	// folder by inventory path, such as /SDDC-Datacenter/vm/Workloads.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=512
	Folder string `json:"folder,omitempty"`

	// datastore that disks go to unless datastores says otherwise, by name, inventory path or managed object id.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=512
	Datastore string `json:"datastore,omitempty"`
}

// MachineSelector chooses machines of the source.
// +kubebuilder:validation:XValidation:rule="has(self.names) || has(self.folder)",message="name at least one of names and folder"
type MachineSelector struct {
	// folder by inventory path, such as /Oslo/vm/Finance; machines in folders below it are in as well.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=512
	Folder string `json:"folder,omitempty"`

	// names of machines; * stands for any characters and ? for one. A name without either must match exactly one machine.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=1000
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=80
	Names []string `json:"names,omitempty"`
}

// NameMapping maps a network or datastore of the source to one of the target. Where several have one name, each is named by its inventory
// path, such as /Oslo/network/VLAN-120, its managed object id, such as dvportgroup-120, or the path of its NSX segment, such as
// /infra/segments/finance-web.
type NameMapping struct {
	// from is the name, path, id or segment in the source vCenter.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=512
	From string `json:"from,omitempty"`
	// to is the name, path, id or segment in the target vCenter.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=512
	To string `json:"to,omitempty"`
}

// MovePower says how machines are powered off and on for a cold move. Its fields are not called off and on, because YAML 1.1, which
// kubectl reads, takes those words for booleans even as keys.
type MovePower struct {
	// powerOff: MustBeOff moves only machines that are powered off already; Guest asks the guest to shut down and leaves the machine
	// running if it does not in time; GuestThenHard powers it off then. Absent: MustBeOff.
	// +optional
	PowerOff PowerOff `json:"powerOff,omitempty"`
	// timeoutSeconds that the guest has to shut down. Absent: 600.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=86400
	TimeoutSeconds int32 `json:"timeoutSeconds,omitempty"`
	// powerOn: Restore powers a machine on at the target if the move powered it off; Leave leaves it off. Absent: Restore.
	// +optional
	PowerOn PowerOn `json:"powerOn,omitempty"`
}

// Severity of a concern.
// +kubebuilder:validation:Enum=Blocking;Warning;Information
type Severity string

// The values of Severity.
const (
	SeverityBlocking    Severity = "Blocking"
	SeverityWarning     Severity = "Warning"
	SeverityInformation Severity = "Information"
)

// WorkloadMoveStatus says what would happen and how far it is.
type WorkloadMoveStatus struct {
	// observedGeneration is the generation of the spec that the conditions speak of.
	// +optional
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`

	// conditions: Ready, Planned, Complete, Failed; Reconciling or Stalled while true; NewMachines once the selection is made.
	// +optional
	// +listType=map
	// +listMapKey=type
	// +kubebuilder:validation:MaxItems=16
	Conditions []metav1.Condition `json:"conditions,omitempty"`

	// state that is acted on.
	// +optional
	State MoveState `json:"state,omitempty"`

	// selection is which machines this move is about: made when it first runs, and made anew when state goes from Plan to Run. A machine
	// that appears later is left alone.
	// +optional
	Selection *MoveSelection `json:"selection,omitempty"`

	// plan that was made last.
	// +optional
	Plan *MovePlan `json:"plan,omitempty"`

	// total machines of this move.
	// +optional
	Total int32 `json:"total,omitempty"`
	// waiting machines have not started.
	// +optional
	Waiting int32 `json:"waiting,omitempty"`
	// moving machines are under way now.
	// +optional
	Moving int32 `json:"moving,omitempty"`
	// moved machines are at the target, read there.
	// +optional
	Moved int32 `json:"moved,omitempty"`
	// failed machines are whole at the source unless their own status says otherwise.
	// +optional
	Failed int32 `json:"failed,omitempty"`
	// blocked machines cannot move as they are.
	// +optional
	Blocked int32 `json:"blocked,omitempty"`
	// cancelled machines stay at the source.
	// +optional
	Cancelled int32 `json:"cancelled,omitempty"`
	// progress is Moved of Total, as users read it, such as 12/20.
	// +optional
	// +kubebuilder:validation:MaxLength=32
	Progress string `json:"progress,omitempty"`
	// bytesTotal of all disks.
	// +optional
	BytesTotal int64 `json:"bytesTotal,omitempty"`
	// bytesMoved of machines that have moved, and of those under way by their progress.
	// +optional
	BytesMoved int64 `json:"bytesMoved,omitempty"`
	// startedAt is when the first machine started.
	// +optional
	StartedAt *metav1.Time `json:"startedAt,omitempty"`
	// finishedAt is when the last machine ended.
	// +optional
	FinishedAt *metav1.Time `json:"finishedAt,omitempty"`
	// estimatedEnd by what was measured so far.
	// +optional
	EstimatedEnd *metav1.Time `json:"estimatedEnd,omitempty"`
	// lastHandledReconcileAt echoes the annotation avs-operator.io/reconcile-requested-at that was last acted on.
	// +optional
	// +kubebuilder:validation:MaxLength=64
	LastHandledReconcileAt string `json:"lastHandledReconcileAt,omitempty"`
}

// MoveSelection is the machines that select and exclude meant at one moment.
type MoveSelection struct {
	// madeAt is when the selection was made.
	// +optional
	MadeAt *metav1.Time `json:"madeAt,omitempty"`
	// hash of select and exclude as they were. What is edited since can take machines out of the selection, and never adds one.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	Hash string `json:"hash,omitempty"`
	// machines by instance UUID.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=20000
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=64
	Machines []string `json:"machines,omitempty"`
}

// MovePlan is what would happen.
type MovePlan struct {
	// hash of the plan: the same plan has the same hash.
	// +optional
	// +kubebuilder:validation:MaxLength=64
	Hash string `json:"hash,omitempty"`
	// machines that are selected.
	// +optional
	Machines int32 `json:"machines,omitempty"`
	// blocked machines.
	// +optional
	Blocked int32 `json:"blocked,omitempty"`
	// bytes of all disks.
	// +optional
	Bytes int64 `json:"bytes,omitempty"`
	// estimatedSeconds that the move takes once it runs.
	// +optional
	EstimatedSeconds int64 `json:"estimatedSeconds,omitempty"`
	// concerns of all machines, by name.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=64
	Concerns []ConcernSummary `json:"concerns,omitempty"`
}

// ConcernSummary is one concern and the machines that have it.
type ConcernSummary struct {
	// name of the concern, one CamelCase word.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	Name string `json:"name,omitempty"`
	// severity: Blocking, Warning or Information.
	// +required
	Severity Severity `json:"severity,omitempty"`
	// machines that have it; 0 if it is of the whole move.
	// +optional
	Machines int32 `json:"machines,omitempty"`
	// message says what it means and what to do.
	// +optional
	// +kubebuilder:validation:MaxLength=1024
	Message string `json:"message,omitempty"`
	// examples are the first names.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=5
	// +kubebuilder:validation:items:MaxLength=80
	Examples []string `json:"examples,omitempty"`
}

// WorkloadMove moves machines from one vCenter into another: one object a programme of moves.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:scope=Namespaced,shortName=wmove,categories=avs
// +kubebuilder:validation:XValidation:rule="size(self.metadata.name) <= 52",message="the name has at most 52 characters, because the names of its VirtualMachineMoves begin with it"
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`
// +kubebuilder:printcolumn:name="Reason",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].reason`
// +kubebuilder:printcolumn:name="State",type=string,JSONPath=`.status.state`
// +kubebuilder:printcolumn:name="Moved",type=string,JSONPath=`.status.progress`
// +kubebuilder:printcolumn:name="Moving",type=integer,JSONPath=`.status.moving`
// +kubebuilder:printcolumn:name="Failed",type=integer,JSONPath=`.status.failed`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:printcolumn:name="Blocked",type=integer,priority=1,JSONPath=`.status.blocked`
// +kubebuilder:printcolumn:name="Estimated-End",type=string,priority=1,JSONPath=`.status.estimatedEnd`
// +kubebuilder:printcolumn:name="Message",type=string,priority=1,JSONPath=`.status.conditions[?(@.type=="Ready")].message`
type WorkloadMove struct {
	metav1.TypeMeta `json:",inline"`
	// metadata is the standard object metadata.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitzero"`
	// spec is the move that is wanted.
	// +required
	Spec WorkloadMoveSpec `json:"spec,omitzero"`
	// status says what would happen and how far it is.
	// +optional
	// +kubebuilder:default:={"observedGeneration":-1}
	Status WorkloadMoveStatus `json:"status,omitzero"`
}

// WorkloadMoveList is a list of WorkloadMove.
//
// +kubebuilder:object:root=true
type WorkloadMoveList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []WorkloadMove `json:"items"`
}

func init() { register(&WorkloadMove{}, &WorkloadMoveList{}) }
