// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// PublicIPSpec is the public IP that is wanted.
// +kubebuilder:validation:XValidation:rule="(has(self.managementPolicy) && self.managementPolicy == 'Observe') || has(self.numberOfPublicIPs)",message="numberOfPublicIPs is needed, for example 1 (only with managementPolicy Observe it may be left out)"
type PublicIPSpec struct {
	AzureSpec `json:",inline"`

	// privateCloudRef names the PrivateCloud that the public IP belongs to. Immutable once Azure was asked for it.
	// +required
	PrivateCloudRef ParentReference `json:"privateCloudRef,omitzero"`

	// displayName of the block in NSX. Absent: its name in Azure when it is made, and what Azure has later. Immutable once Azure was asked for it.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=255
	DisplayName string `json:"displayName,omitempty"`

	// numberOfPublicIPs in the block. A private cloud has at most 64 together, more after a request to Microsoft. Immutable once Azure was asked for it.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=1024
	NumberOfPublicIPs int32 `json:"numberOfPublicIPs,omitempty"`
}

// PublicIPStatus is the public IP as Azure has it.
type PublicIPStatus struct {
	AzureStatus `json:",inline"`

	// publicIPBlock are the addresses.
	// +optional
	// +kubebuilder:validation:MaxLength=64
	PublicIPBlock string `json:"publicIPBlock,omitempty"`
}

// PublicIP is a block of public addresses at the edge of NSX, for NAT, load balancers and machines.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:scope=Namespaced,categories=avs
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`
// +kubebuilder:printcolumn:name="Reason",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].reason`
// +kubebuilder:printcolumn:name="State",type=string,JSONPath=`.status.provisioningState`
// +kubebuilder:printcolumn:name="Block",type=string,JSONPath=`.status.publicIPBlock`
// +kubebuilder:printcolumn:name="Since",type=date,JSONPath=`.status.conditions[?(@.type=="Ready")].lastTransitionTime`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:printcolumn:name="PrivateCloud",type=string,priority=1,JSONPath=`.spec.privateCloudRef.name`
// +kubebuilder:printcolumn:name="Operation",type=string,priority=1,JSONPath=`.status.operation.verb`
// +kubebuilder:printcolumn:name="On-Delete",type=string,priority=1,JSONPath=`.status.effective.deletionPolicy`
// +kubebuilder:printcolumn:name="Message",type=string,priority=1,JSONPath=`.status.conditions[?(@.type=="Ready")].message`
// +kubebuilder:validation:XValidation:rule="!(has(self.status) && (has(self.status.operation) || has(self.status.managed) || (has(self.status.provisioningState) && !(has(self.status.conditions) && self.status.conditions.exists(c, c.type == 'Stalled' && c.reason in ['AdoptionRefused', 'AlreadyManaged', 'ImmutableFieldChanged']))))) || (has(self.spec.azureName) == has(oldSelf.spec.azureName) && (!has(self.spec.azureName) || self.spec.azureName == oldSelf.spec.azureName))",message="azureName is immutable: make a new object to manage another public IP"
// +kubebuilder:validation:XValidation:rule="!(has(self.status) && (has(self.status.operation) || has(self.status.managed) || (has(self.status.provisioningState) && !(has(self.status.conditions) && self.status.conditions.exists(c, c.type == 'Stalled' && c.reason in ['AdoptionRefused', 'AlreadyManaged', 'ImmutableFieldChanged']))))) || (self.spec.privateCloudRef == oldSelf.spec.privateCloudRef)",message="privateCloudRef is immutable: make a new object for the public IP of another private cloud"
// +kubebuilder:validation:XValidation:rule="!(has(self.status) && (has(self.status.operation) || has(self.status.managed) || (has(self.status.provisioningState) && !(has(self.status.conditions) && self.status.conditions.exists(c, c.type == 'Stalled' && c.reason in ['AdoptionRefused', 'AlreadyManaged', 'ImmutableFieldChanged']))))) || ((has(oldSelf.spec.managementPolicy) && oldSelf.spec.managementPolicy == 'Observe') || (has(self.spec.displayName) == has(oldSelf.spec.displayName) && (!has(self.spec.displayName) || self.spec.displayName == oldSelf.spec.displayName)))",message="displayName is immutable: Azure cannot change public IPs, make another object"
// +kubebuilder:validation:XValidation:rule="!(has(self.status) && (has(self.status.operation) || has(self.status.managed) || (has(self.status.provisioningState) && !(has(self.status.conditions) && self.status.conditions.exists(c, c.type == 'Stalled' && c.reason in ['AdoptionRefused', 'AlreadyManaged', 'ImmutableFieldChanged']))))) || ((has(oldSelf.spec.managementPolicy) && oldSelf.spec.managementPolicy == 'Observe') || (has(self.spec.numberOfPublicIPs) == has(oldSelf.spec.numberOfPublicIPs) && (!has(self.spec.numberOfPublicIPs) || self.spec.numberOfPublicIPs == oldSelf.spec.numberOfPublicIPs)))",message="numberOfPublicIPs is immutable: Azure cannot change public IPs, make another object"
type PublicIP struct {
	metav1.TypeMeta `json:",inline"`
	// metadata is the standard object metadata.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitzero"`
	// spec is the public IP that is wanted.
	// +required
	Spec PublicIPSpec `json:"spec,omitzero"`
	// status is the public IP as Azure has it.
	// +optional
	// +kubebuilder:default:={"observedGeneration":-1}
	Status PublicIPStatus `json:"status,omitzero"`
}

// AzureSpec returns the part of the spec that every Azure kind has.
func (p *PublicIP) AzureSpec() *AzureSpec { return &p.Spec.AzureSpec }

// AzureStatus returns the part of the status that every Azure kind has.
func (p *PublicIP) AzureStatus() *AzureStatus { return &p.Status.AzureStatus }

// PublicIPList is a list of PublicIP.
//
// +kubebuilder:object:root=true
type PublicIPList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []PublicIP `json:"items"`
}

func init() { register(&PublicIP{}, &PublicIPList{}) }
