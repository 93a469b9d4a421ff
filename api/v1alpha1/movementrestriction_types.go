// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// MovementRestrictionSpec says which machine stays on its host.
// +kubebuilder:validation:XValidation:rule="!has(self.azureName)",message="azureName cannot be chosen: Azure names machines by itself, and virtualMachine says which one is meant"
// +kubebuilder:validation:XValidation:rule="has(self.clusterRef) != has(self.privateCloudRef)",message="set exactly one of clusterRef and privateCloudRef, which stands for Cluster-1"
type MovementRestrictionSpec struct {
	AzureSpec `json:",inline"`

	// clusterRef names the Cluster that the machine runs in. Immutable once Azure was asked for it.
	// +optional
	ClusterRef *ParentReference `json:"clusterRef,omitempty"`

	// privateCloudRef names the PrivateCloud instead, for its Cluster-1. Immutable once Azure was asked for it.
	// +optional
	PrivateCloudRef *ParentReference `json:"privateCloudRef,omitempty"`

	// virtualMachine is the machine. Once it is found the object keeps to it, also when it is renamed, until it is gone from the cluster; then it
	// is looked for again. With managementPolicy Observe it is looked for each time. Immutable once Azure was asked for it.
	// +required
	VirtualMachine RestrictedMachine `json:"virtualMachine,omitzero"`

	// restrictMovement: with Enabled DRS does not move the machine to another host; Disabled sees to it that DRS may. Absent: Enabled. When the
	// object is deleted the restriction is lifted, unless deletionPolicy is Retain.
	// +optional
	// +kubebuilder:validation:Enum=Enabled;Disabled
	RestrictMovement string `json:"restrictMovement,omitempty"`
}

// RestrictedMachine says which machine: exactly one of its parts.
// +kubebuilder:validation:MinProperties=1
// +kubebuilder:validation:XValidation:rule="has(self.name) != has(self.instanceUUID)",message="set exactly one of name and instanceUUID"
type RestrictedMachine struct {
	// name in vCenter; exactly one machine of the cluster must have it.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=80
	Name string `json:"name,omitempty"`
	// instanceUUID in vCenter.
	// +optional
	// +kubebuilder:validation:MinLength=36
	// +kubebuilder:validation:MaxLength=36
	InstanceUUID string `json:"instanceUUID,omitempty"`
}

// MovementRestrictionStatus is the machine as Azure has it.
type MovementRestrictionStatus struct {
	AzureStatus `json:",inline"`

	// machine is its name in vCenter.
	// +optional
	// +kubebuilder:validation:MaxLength=256
	Machine string `json:"machine,omitempty"`
	// restrictMovement in Azure: Enabled or Disabled.
	// +optional
	// +kubebuilder:validation:MaxLength=64
	RestrictMovement string `json:"restrictMovement,omitempty"`
}

// MovementRestriction keeps DRS from moving one machine of a cluster to another host. The machine itself is vCenter's: it is neither made nor
// deleted.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:scope=Namespaced,shortName=avsrestrict,categories=avs
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`
// +kubebuilder:printcolumn:name="Reason",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].reason`
// +kubebuilder:printcolumn:name="State",type=string,JSONPath=`.status.provisioningState`
// +kubebuilder:printcolumn:name="Machine",type=string,JSONPath=`.status.machine`
// +kubebuilder:printcolumn:name="Restricted",type=string,JSONPath=`.status.restrictMovement`
// +kubebuilder:printcolumn:name="Since",type=date,JSONPath=`.status.conditions[?(@.type=="Ready")].lastTransitionTime`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:printcolumn:name="Cluster",type=string,priority=1,JSONPath=`.spec.clusterRef.name`
// +kubebuilder:printcolumn:name="PrivateCloud",type=string,priority=1,JSONPath=`.spec.privateCloudRef.name`
// +kubebuilder:printcolumn:name="Operation",type=string,priority=1,JSONPath=`.status.operation.verb`
// +kubebuilder:printcolumn:name="On-Delete",type=string,priority=1,JSONPath=`.status.effective.deletionPolicy`
// +kubebuilder:printcolumn:name="Message",type=string,priority=1,JSONPath=`.status.conditions[?(@.type=="Ready")].message`
// +kubebuilder:validation:XValidation:rule="!(has(self.status) && (has(self.status.operation) || has(self.status.managed) || (has(self.status.provisioningState) && !(has(self.status.conditions) && self.status.conditions.exists(c, c.type == 'Stalled' && c.reason in ['AdoptionRefused', 'AlreadyManaged', 'ImmutableFieldChanged']))))) || (has(self.spec.clusterRef) == has(oldSelf.spec.clusterRef) && (!has(self.spec.clusterRef) || self.spec.clusterRef == oldSelf.spec.clusterRef))",message="clusterRef is immutable: make a new object for a machine of another cluster"
// +kubebuilder:validation:XValidation:rule="!(has(self.status) && (has(self.status.operation) || has(self.status.managed) || (has(self.status.provisioningState) && !(has(self.status.conditions) && self.status.conditions.exists(c, c.type == 'Stalled' && c.reason in ['AdoptionRefused', 'AlreadyManaged', 'ImmutableFieldChanged']))))) || (has(self.spec.privateCloudRef) == has(oldSelf.spec.privateCloudRef) && (!has(self.spec.privateCloudRef) || self.spec.privateCloudRef == oldSelf.spec.privateCloudRef))",message="privateCloudRef is immutable: make a new object for a machine of another private cloud"
// +kubebuilder:validation:XValidation:rule="!(has(self.status) && (has(self.status.operation) || has(self.status.managed) || (has(self.status.provisioningState) && !(has(self.status.conditions) && self.status.conditions.exists(c, c.type == 'Stalled' && c.reason in ['AdoptionRefused', 'AlreadyManaged', 'ImmutableFieldChanged']))))) || (self.spec.virtualMachine == oldSelf.spec.virtualMachine)",message="virtualMachine is immutable: make a new object for another machine"
type MovementRestriction struct {
	metav1.TypeMeta `json:",inline"`
	// metadata is the standard object metadata.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitzero"`
	// spec says which machine stays on its host.
	// +required
	Spec MovementRestrictionSpec `json:"spec,omitzero"`
	// status is the machine as Azure has it.
	// +optional
	// +kubebuilder:default:={"observedGeneration":-1}
	Status MovementRestrictionStatus `json:"status,omitzero"`
}

// AzureSpec returns the part of the spec that every Azure kind has.
func (m *MovementRestriction) AzureSpec() *AzureSpec { return &m.Spec.AzureSpec }

// AzureStatus returns the part of the status that every Azure kind has.
func (m *MovementRestriction) AzureStatus() *AzureStatus { return &m.Status.AzureStatus }

// MovementRestrictionList is a list of MovementRestriction.
//
// +kubebuilder:object:root=true
type MovementRestrictionList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []MovementRestriction `json:"items"`
}

func init() { register(&MovementRestriction{}, &MovementRestrictionList{}) }
