// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// MaintenanceComponent is a part of a private cloud that Microsoft maintains.
// +kubebuilder:validation:Enum=VCSA;ESXI;NSXT
type MaintenanceComponent string

// Scheduler is who chose the start of a maintenance.
// +kubebuilder:validation:Enum=Policy;Person;Microsoft
type Scheduler string

// MaintenanceAction is what the policy does next about a maintenance.
// +kubebuilder:validation:Enum=Schedule;Reschedule;InitiateChecks
type MaintenanceAction string

// The values of MaintenanceAction.
const (
	MaintenanceActionSchedule       MaintenanceAction = "Schedule"
	MaintenanceActionReschedule     MaintenanceAction = "Reschedule"
	MaintenanceActionInitiateChecks MaintenanceAction = "InitiateChecks"
)

// MaintenancePolicySpec says when Microsoft may maintain a private cloud.
// +kubebuilder:validation:XValidation:rule="self.privateCloudRef == oldSelf.privateCloudRef",message="privateCloudRef is immutable: make a new policy for another private cloud"
type MaintenancePolicySpec struct {
	// privateCloudRef names the PrivateCloud that the policy is for. Of several policies for one, the oldest is followed. Immutable.
	// +required
	PrivateCloudRef ParentReference `json:"privateCloudRef,omitzero"`

	// windows in which a maintenance may run, from its start to its estimated end; windows that touch or overlap are one. Each announced
	// maintenance is scheduled into the first that Azure allows.
	// +required
	// +listType=atomic
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=32
	Windows []Window `json:"windows,omitempty"`

	// components that the policy schedules: VCSA, ESXI, NSXT. Absent: all.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=3
	Components []MaintenanceComponent `json:"components,omitempty"`

	// noticeSeconds is how long before its start a maintenance is scheduled at the latest. Absent: a day.
	// +optional
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=2592000
	NoticeSeconds *int32 `json:"noticeSeconds,omitempty"`

	// managementPolicy: Manage schedules and runs checks; Observe never writes to Azure and shows in status what would be done. Absent: Manage.
	// +optional
	ManagementPolicy ManagementPolicy `json:"managementPolicy,omitempty"`

	// suspend stops new writes; what is scheduled stays where it is.
	// +optional
	Suspend bool `json:"suspend,omitempty"`
}

// MaintenancePolicyStatus is what Microsoft has announced, and what becomes of it.
type MaintenancePolicyStatus struct {
	// observedGeneration is the generation of the spec that the conditions speak of.
	// +optional
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`
	// conditions: Ready; Reconciling or Stalled while true; CredentialsReady, ReferencesReady.
	// +optional
	// +listType=map
	// +listMapKey=type
	// +kubebuilder:validation:MaxItems=16
	Conditions []metav1.Condition `json:"conditions,omitempty"`
	// operation is the write in flight, if any. It is stored before the request is sent.
	// +optional
	Operation *Operation `json:"operation,omitempty"`
	// refusals are the requests that Azure refused, so that the same is not asked too often, also by the next process.
	// +optional
	// +listType=map
	// +listMapKey=request
	// +kubebuilder:validation:MaxItems=8
	Refusals []Refusal `json:"refusals,omitempty"`
	// maintenances that are announced or under way, the next first, then the last ones that are over.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=64
	Maintenances []MaintenanceStatus `json:"maintenances,omitempty"`
	// announced is how many maintenances are not over yet.
	// +optional
	Announced int32 `json:"announced,omitempty"`
	// nextStartTime is when the next one is scheduled for.
	// +optional
	NextStartTime *metav1.Time `json:"nextStartTime,omitempty"`
	// effective shows what the operator decided for fields that the spec leaves out.
	// +optional
	Effective *EffectiveMaintenancePolicy `json:"effective,omitempty"`
	// lastHandledReconcileAt echoes the annotation avs-operator.io/reconcile-requested-at that was last acted on.
	// +optional
	// +kubebuilder:validation:MaxLength=64
	LastHandledReconcileAt string `json:"lastHandledReconcileAt,omitempty"`
}

// EffectiveMaintenancePolicy is what is in force.
type EffectiveMaintenancePolicy struct {
	// managementPolicy in force.
	// +optional
	ManagementPolicy ManagementPolicy `json:"managementPolicy,omitempty"`
	// noticeSeconds in force.
	// +optional
	NoticeSeconds int32 `json:"noticeSeconds"`
}

// MaintenanceStatus is one maintenance.
type MaintenanceStatus struct {
	// name in Azure.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Name string `json:"name"`
	// component that is maintained: VCSA, ESXI or NSXT.
	// +optional
	// +kubebuilder:validation:MaxLength=64
	Component string `json:"component,omitempty"`
	// displayName that Microsoft gave it.
	// +optional
	// +kubebuilder:validation:MaxLength=512
	DisplayName string `json:"displayName,omitempty"`
	// clusterID is the number of the cluster that it is for; absent: the whole private cloud.
	// +optional
	ClusterID int32 `json:"clusterID,omitempty"`
	// state: NotScheduled, Scheduled, InProgress, Success, Failed or Canceled.
	// +optional
	// +kubebuilder:validation:MaxLength=64
	State string `json:"state,omitempty"`
	// scheduledStartTime that Azure has.
	// +optional
	ScheduledStartTime *metav1.Time `json:"scheduledStartTime,omitempty"`
	// scheduledBy says who chose it: Policy, Person or Microsoft. Only what the policy chose is ever moved by it.
	// +optional
	ScheduledBy Scheduler `json:"scheduledBy,omitempty"`
	// estimatedDurationMinutes that it is to take.
	// +optional
	EstimatedDurationMinutes int32 `json:"estimatedDurationMinutes,omitempty"`
	// readiness as the last checks found it: Ready, NotReady, DataNotAvailable or NotApplicable.
	// +optional
	// +kubebuilder:validation:MaxLength=64
	Readiness string `json:"readiness,omitempty"`
	// failedChecks stand in its way.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=32
	FailedChecks []FailedCheck `json:"failedChecks,omitempty"`
	// nextAction of the policy: Schedule, Reschedule or InitiateChecks; absent: none now.
	// +optional
	NextAction MaintenanceAction `json:"nextAction,omitempty"`
	// message says what is done about it, and why.
	// +optional
	// +kubebuilder:validation:MaxLength=2048
	Message string `json:"message,omitempty"`
}

// FailedCheck is what stands in the way of a maintenance.
type FailedCheck struct {
	// name of the check, such as EPC_CDROM_EMULATEMODE.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=128
	Name string `json:"name"`
	// resources that it is about, as Azure names them.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=16
	// +kubebuilder:validation:items:MaxLength=1024
	Resources []string `json:"resources,omitempty"`
	// meaning of the failure.
	// +optional
	// +kubebuilder:validation:MaxLength=1024
	Meaning string `json:"meaning,omitempty"`
	// action that mends it.
	// +optional
	// +kubebuilder:validation:MaxLength=1024
	Action string `json:"action,omitempty"`
}

// MaintenancePolicy schedules what Microsoft announces for a private cloud into windows that suit its owner, and shows what stands in the way.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:scope=Namespaced,path=maintenancepolicies,shortName=avsmaint,categories=avs
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`
// +kubebuilder:printcolumn:name="Reason",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].reason`
// +kubebuilder:printcolumn:name="Announced",type=integer,JSONPath=`.status.announced`
// +kubebuilder:printcolumn:name="Next",type=string,format=date-time,JSONPath=`.status.nextStartTime`
// +kubebuilder:printcolumn:name="Since",type=date,JSONPath=`.status.conditions[?(@.type=="Ready")].lastTransitionTime`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:printcolumn:name="PrivateCloud",type=string,priority=1,JSONPath=`.spec.privateCloudRef.name`
// +kubebuilder:printcolumn:name="Operation",type=string,priority=1,JSONPath=`.status.operation.action`
// +kubebuilder:printcolumn:name="Message",type=string,priority=1,JSONPath=`.status.conditions[?(@.type=="Ready")].message`
type MaintenancePolicy struct {
	metav1.TypeMeta `json:",inline"`
	// metadata is the standard object metadata.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitzero"`
	// spec says when Microsoft may maintain the private cloud.
	// +required
	Spec MaintenancePolicySpec `json:"spec,omitzero"`
	// status is what Microsoft has announced, and what becomes of it.
	// +optional
	// +kubebuilder:default:={"observedGeneration":-1}
	Status MaintenancePolicyStatus `json:"status,omitzero"`
}

// MaintenancePolicyList is a list of MaintenancePolicy.
//
// +kubebuilder:object:root=true
type MaintenancePolicyList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []MaintenancePolicy `json:"items"`
}

func init() { register(&MaintenancePolicy{}, &MaintenancePolicyList{}) }
