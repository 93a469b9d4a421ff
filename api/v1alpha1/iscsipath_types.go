// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// IscsiPathSpec is the iSCSI path that is wanted.
// +kubebuilder:validation:XValidation:rule="!has(self.azureName)",message="azureName cannot be chosen: a private cloud has one iSCSI path, named default"
// +kubebuilder:validation:XValidation:rule="(has(self.managementPolicy) && self.managementPolicy == 'Observe') || has(self.networkBlock)",message="networkBlock is needed, for example 10.200.0.0/24 (only with managementPolicy Observe it may be left out)"
type IscsiPathSpec struct {
	AzureSpec `json:",inline"`

	// privateCloudRef names the PrivateCloud that the iSCSI path belongs to. Immutable once Azure was asked for it.
	// +required
	PrivateCloudRef ParentReference `json:"privateCloudRef,omitzero"`

	// networkBlock is the private IPv4 network that the hosts reach block storage from: /24 or larger, and in use nowhere else. Immutable once Azure was asked for it.
	// +optional
	// +kubebuilder:validation:MinLength=9
	// +kubebuilder:validation:MaxLength=18
	// +kubebuilder:validation:XValidation:rule="isCIDR(self) && cidr(self).ip().family() == 4 && cidr(self) == cidr(self).masked()",message="networkBlock must be an IPv4 network in CIDR form without host bits, for example 10.200.0.0/24"
	// +kubebuilder:validation:XValidation:rule="!isCIDR(self) || cidr(self).prefixLength() <= 24",message="networkBlock must be /24 or larger: use a prefix length of 24 or less"
	NetworkBlock string `json:"networkBlock,omitempty"`
}

// IscsiPathStatus is the iSCSI path as Azure has it.
type IscsiPathStatus struct {
	AzureStatus `json:",inline"`

	// networkBlock in Azure.
	// +optional
	// +kubebuilder:validation:MaxLength=64
	NetworkBlock string `json:"networkBlock,omitempty"`
}

// IscsiPath is the network that the hosts of a private cloud reach block storage from. It stays while a Datastore of an Elastic SAN needs it.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:scope=Namespaced,categories=avs
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`
// +kubebuilder:printcolumn:name="Reason",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].reason`
// +kubebuilder:printcolumn:name="State",type=string,JSONPath=`.status.provisioningState`
// +kubebuilder:printcolumn:name="NetworkBlock",type=string,JSONPath=`.status.networkBlock`
// +kubebuilder:printcolumn:name="Since",type=date,JSONPath=`.status.conditions[?(@.type=="Ready")].lastTransitionTime`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:printcolumn:name="PrivateCloud",type=string,priority=1,JSONPath=`.spec.privateCloudRef.name`
// +kubebuilder:printcolumn:name="Operation",type=string,priority=1,JSONPath=`.status.operation.verb`
// +kubebuilder:printcolumn:name="On-Delete",type=string,priority=1,JSONPath=`.status.effective.deletionPolicy`
// +kubebuilder:printcolumn:name="Message",type=string,priority=1,JSONPath=`.status.conditions[?(@.type=="Ready")].message`
// +kubebuilder:validation:XValidation:rule="!(has(self.status) && (has(self.status.operation) || has(self.status.managed) || (has(self.status.provisioningState) && !(has(self.status.conditions) && self.status.conditions.exists(c, c.type == 'Stalled' && c.reason in ['AdoptionRefused', 'AlreadyManaged', 'ImmutableFieldChanged']))))) || (self.spec.privateCloudRef == oldSelf.spec.privateCloudRef)",message="privateCloudRef is immutable: an iSCSI path stays in its private cloud"
// +kubebuilder:validation:XValidation:rule="!(has(self.status) && (has(self.status.operation) || has(self.status.managed) || (has(self.status.provisioningState) && !(has(self.status.conditions) && self.status.conditions.exists(c, c.type == 'Stalled' && c.reason in ['AdoptionRefused', 'AlreadyManaged', 'ImmutableFieldChanged']))))) || ((has(oldSelf.spec.managementPolicy) && oldSelf.spec.managementPolicy == 'Observe') || (has(self.spec.networkBlock) == has(oldSelf.spec.networkBlock) && (!has(self.spec.networkBlock) || self.spec.networkBlock == oldSelf.spec.networkBlock)))",message="networkBlock is immutable: make a new object after this one is deleted"
type IscsiPath struct {
	metav1.TypeMeta `json:",inline"`
	// metadata is the standard object metadata.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitzero"`
	// spec is the iSCSI path that is wanted.
	// +required
	Spec IscsiPathSpec `json:"spec,omitzero"`
	// status is the iSCSI path as Azure has it.
	// +optional
	// +kubebuilder:default:={"observedGeneration":-1}
	Status IscsiPathStatus `json:"status,omitzero"`
}

// AzureSpec returns the part of the spec that every Azure kind has.
func (i *IscsiPath) AzureSpec() *AzureSpec { return &i.Spec.AzureSpec }

// AzureStatus returns the part of the status that every Azure kind has.
func (i *IscsiPath) AzureStatus() *AzureStatus { return &i.Status.AzureStatus }

// IscsiPathList is a list of IscsiPath.
//
// +kubebuilder:object:root=true
type IscsiPathList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []IscsiPath `json:"items"`
}

func init() { register(&IscsiPath{}, &IscsiPathList{}) }
