// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// PlacementPolicySpec is the placement policy that is wanted.
// +kubebuilder:validation:XValidation:rule="has(self.clusterRef) != has(self.privateCloudRef)",message="set exactly one of clusterRef and privateCloudRef, which stands for Cluster-1"
// +kubebuilder:validation:XValidation:rule="(has(self.managementPolicy) && self.managementPolicy == 'Observe') || has(self.type)",message="type is needed, VmVm or VmHost (only with managementPolicy Observe it may be left out)"
// +kubebuilder:validation:XValidation:rule="(has(self.managementPolicy) && self.managementPolicy == 'Observe') || has(self.affinityType)",message="affinityType is needed, Affinity or AntiAffinity (only with managementPolicy Observe it may be left out)"
// +kubebuilder:validation:XValidation:rule="(has(self.managementPolicy) && self.managementPolicy == 'Observe') || has(self.vmMembers)",message="vmMembers is needed, the machines that it places (only with managementPolicy Observe it may be left out)"
// +kubebuilder:validation:XValidation:rule="!has(self.type) || self.type != 'VmVm' || (!has(self.hostMembers) && !has(self.affinityStrength) && !has(self.azureHybridBenefitType))",message="a policy of type VmVm places machines beside each other: leave out hostMembers, affinityStrength and azureHybridBenefitType, or make its type VmHost"
// +kubebuilder:validation:XValidation:rule="!has(self.type) || self.type != 'VmHost' || has(self.hostMembers)",message="a policy of type VmHost needs hostMembers, the hosts that its machines run on or keep off"
// +kubebuilder:validation:XValidation:rule="!has(self.type) || self.type != 'VmVm' || !has(self.vmMembers) || size(self.vmMembers) > 1 || self.vmMembers.exists(m, has(m.tag))",message="a policy of type VmVm needs two vmMembers, or one that is a tag"
type PlacementPolicySpec struct {
	AzureSpec `json:",inline"`

	// clusterRef names the Cluster that the policy belongs to. Immutable once Azure was asked for it.
	// +optional
	ClusterRef *ParentReference `json:"clusterRef,omitempty"`

	// privateCloudRef names the PrivateCloud instead, for its Cluster-1. Immutable once Azure was asked for it.
	// +optional
	PrivateCloudRef *ParentReference `json:"privateCloudRef,omitempty"`

	// type: VmVm places machines together or apart; VmHost places them on some hosts or off them. Immutable once Azure was asked for it.
	// +optional
	// +kubebuilder:validation:Enum=VmVm;VmHost
	Type string `json:"type,omitempty"`

	// affinityType: Affinity keeps together, AntiAffinity apart. Immutable once Azure was asked for it.
	// +optional
	// +kubebuilder:validation:Enum=Affinity;AntiAffinity
	AffinityType string `json:"affinityType,omitempty"`

	// state: Disabled keeps the policy without its effect. Absent: as Azure has it, Enabled for a new one.
	// +optional
	// +kubebuilder:validation:Enum=Enabled;Disabled
	State string `json:"state,omitempty"`

	// displayName in vCenter. Absent: the name in Azure. Immutable once Azure was asked for it.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=80
	DisplayName string `json:"displayName,omitempty"`

	// vmMembers are the machines of the cluster that it places. Each entry is one machine by name or instanceUUID, or all that have a tag.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=256
	VMMembers []PlacementMember `json:"vmMembers,omitempty"`

	// hostMembers are the hosts of a VmHost policy, by the name in vCenter or its first label, such as esx03-r12.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=16
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=253
	HostMembers []string `json:"hostMembers,omitempty"`

	// affinityStrength of a VmHost policy: Must is never broken, not even for maintenance. Absent: as Azure has it, Should for a new one.
	// +optional
	// +kubebuilder:validation:Enum=Should;Must
	AffinityStrength string `json:"affinityStrength,omitempty"`

	// azureHybridBenefitType of a VmHost policy: SqlHost brings SQL Server licences along to its hosts. Absent: as Azure has it, None for a
	// new one.
	// +optional
	// +kubebuilder:validation:Enum=SqlHost;None
	AzureHybridBenefitType string `json:"azureHybridBenefitType,omitempty"`
}

// PlacementMember says which machines: exactly one of its parts.
// +kubebuilder:validation:XValidation:rule="(has(self.name) ? 1 : 0) + (has(self.instanceUUID) ? 1 : 0) + (has(self.tag) ? 1 : 0) == 1",message="set exactly one of name, instanceUUID and tag"
type PlacementMember struct {
	// name of one machine in vCenter; exactly one machine of the cluster must have it.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=80
	Name string `json:"name,omitempty"`
	// instanceUUID of one machine in vCenter.
	// +optional
	// +kubebuilder:validation:MinLength=36
	// +kubebuilder:validation:MaxLength=36
	InstanceUUID string `json:"instanceUUID,omitempty"`
	// tag that machines have in vCenter; all those of the cluster.
	// +optional
	Tag *TagReference `json:"tag,omitempty"`
}

// PlacementPolicyStatus is the placement policy as Azure has it.
type PlacementPolicyStatus struct {
	AzureStatus `json:",inline"`

	// vmMembers are the machines that Azure places, by their managed object id in vCenter, such as vm-42.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=256
	// +kubebuilder:validation:items:MaxLength=512
	VMMembers []string `json:"vmMembers,omitempty"`
	// state in Azure: Enabled or Disabled.
	// +optional
	// +kubebuilder:validation:MaxLength=64
	State string `json:"state,omitempty"`
}

// PlacementPolicy is a rule of DRS in a cluster: which machines run together, apart, on some hosts or off them.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:scope=Namespaced,shortName=ppol,categories=avs
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`
// +kubebuilder:printcolumn:name="Reason",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].reason`
// +kubebuilder:printcolumn:name="State",type=string,JSONPath=`.status.provisioningState`
// +kubebuilder:printcolumn:name="Type",type=string,JSONPath=`.spec.type`
// +kubebuilder:printcolumn:name="Policy",type=string,JSONPath=`.status.state`
// +kubebuilder:printcolumn:name="Since",type=date,JSONPath=`.status.conditions[?(@.type=="Ready")].lastTransitionTime`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:printcolumn:name="Cluster",type=string,priority=1,JSONPath=`.spec.clusterRef.name`
// +kubebuilder:printcolumn:name="PrivateCloud",type=string,priority=1,JSONPath=`.spec.privateCloudRef.name`
// +kubebuilder:printcolumn:name="Operation",type=string,priority=1,JSONPath=`.status.operation.verb`
// +kubebuilder:printcolumn:name="On-Delete",type=string,priority=1,JSONPath=`.status.effective.deletionPolicy`
// +kubebuilder:printcolumn:name="Message",type=string,priority=1,JSONPath=`.status.conditions[?(@.type=="Ready")].message`
// +kubebuilder:validation:XValidation:rule="!(has(self.status) && (has(self.status.operation) || has(self.status.managed) || (has(self.status.provisioningState) && !(has(self.status.conditions) && self.status.conditions.exists(c, c.type == 'Stalled' && c.reason in ['AdoptionRefused', 'AlreadyManaged', 'ImmutableFieldChanged']))))) || (has(self.spec.azureName) == has(oldSelf.spec.azureName) && (!has(self.spec.azureName) || self.spec.azureName == oldSelf.spec.azureName))",message="azureName is immutable: make a new object to manage another policy"
// +kubebuilder:validation:XValidation:rule="!(has(self.status) && (has(self.status.operation) || has(self.status.managed) || (has(self.status.provisioningState) && !(has(self.status.conditions) && self.status.conditions.exists(c, c.type == 'Stalled' && c.reason in ['AdoptionRefused', 'AlreadyManaged', 'ImmutableFieldChanged']))))) || (has(self.spec.clusterRef) == has(oldSelf.spec.clusterRef) && (!has(self.spec.clusterRef) || self.spec.clusterRef == oldSelf.spec.clusterRef))",message="clusterRef is immutable: a policy stays in its cluster"
// +kubebuilder:validation:XValidation:rule="!(has(self.status) && (has(self.status.operation) || has(self.status.managed) || (has(self.status.provisioningState) && !(has(self.status.conditions) && self.status.conditions.exists(c, c.type == 'Stalled' && c.reason in ['AdoptionRefused', 'AlreadyManaged', 'ImmutableFieldChanged']))))) || (has(self.spec.privateCloudRef) == has(oldSelf.spec.privateCloudRef) && (!has(self.spec.privateCloudRef) || self.spec.privateCloudRef == oldSelf.spec.privateCloudRef))",message="privateCloudRef is immutable: a policy stays in its cluster"
// +kubebuilder:validation:XValidation:rule="!(has(self.status) && (has(self.status.operation) || has(self.status.managed) || (has(self.status.provisioningState) && !(has(self.status.conditions) && self.status.conditions.exists(c, c.type == 'Stalled' && c.reason in ['AdoptionRefused', 'AlreadyManaged', 'ImmutableFieldChanged']))))) || ((has(oldSelf.spec.managementPolicy) && oldSelf.spec.managementPolicy == 'Observe') || (has(self.spec.type) == has(oldSelf.spec.type) && (!has(self.spec.type) || self.spec.type == oldSelf.spec.type)))",message="type is immutable: make a new object for another kind of policy"
// +kubebuilder:validation:XValidation:rule="!(has(self.status) && (has(self.status.operation) || has(self.status.managed) || (has(self.status.provisioningState) && !(has(self.status.conditions) && self.status.conditions.exists(c, c.type == 'Stalled' && c.reason in ['AdoptionRefused', 'AlreadyManaged', 'ImmutableFieldChanged']))))) || ((has(oldSelf.spec.managementPolicy) && oldSelf.spec.managementPolicy == 'Observe') || (has(self.spec.affinityType) == has(oldSelf.spec.affinityType) && (!has(self.spec.affinityType) || self.spec.affinityType == oldSelf.spec.affinityType)))",message="affinityType is immutable: make a new object for the contrary"
// +kubebuilder:validation:XValidation:rule="!(has(self.status) && (has(self.status.operation) || has(self.status.managed) || (has(self.status.provisioningState) && !(has(self.status.conditions) && self.status.conditions.exists(c, c.type == 'Stalled' && c.reason in ['AdoptionRefused', 'AlreadyManaged', 'ImmutableFieldChanged']))))) || ((has(oldSelf.spec.managementPolicy) && oldSelf.spec.managementPolicy == 'Observe') || (has(self.spec.displayName) == has(oldSelf.spec.displayName) && (!has(self.spec.displayName) || self.spec.displayName == oldSelf.spec.displayName)))",message="displayName is immutable: Azure cannot rename a policy"
type PlacementPolicy struct {
	metav1.TypeMeta `json:",inline"`
	// metadata is the standard object metadata.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitzero"`
	// spec is the placement policy that is wanted.
	// +required
	Spec PlacementPolicySpec `json:"spec,omitzero"`
	// status is the placement policy as Azure has it.
	// +optional
	// +kubebuilder:default:={"observedGeneration":-1}
	Status PlacementPolicyStatus `json:"status,omitzero"`
}

// AzureSpec returns the part of the spec that every Azure kind has.
func (p *PlacementPolicy) AzureSpec() *AzureSpec { return &p.Spec.AzureSpec }

// AzureStatus returns the part of the status that every Azure kind has.
func (p *PlacementPolicy) AzureStatus() *AzureStatus { return &p.Status.AzureStatus }

// PlacementPolicyList is a list of PlacementPolicy.
//
// +kubebuilder:object:root=true
type PlacementPolicyList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []PlacementPolicy `json:"items"`
}

func init() { register(&PlacementPolicy{}, &PlacementPolicyList{}) }
