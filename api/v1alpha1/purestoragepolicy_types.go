// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// PureStoragePolicySpec is the storage policy that is wanted.
// +kubebuilder:validation:XValidation:rule="(has(self.managementPolicy) && self.managementPolicy == 'Observe') || has(self.storagePolicyDefinition)",message="storagePolicyDefinition is needed, the policy as Pure Storage defines it (only with managementPolicy Observe it may be left out)"
// +kubebuilder:validation:XValidation:rule="(has(self.managementPolicy) && self.managementPolicy == 'Observe') || has(self.storagePoolID)",message="storagePoolID is needed, the ARM id of the storage pool (only with managementPolicy Observe it may be left out)"
type PureStoragePolicySpec struct {
	AzureSpec `json:",inline"`

	// privateCloudRef names the PrivateCloud that the policy belongs to. Immutable once Azure was asked for it.
	// +required
	PrivateCloudRef ParentReference `json:"privateCloudRef,omitzero"`

	// storagePolicyDefinition is the policy as Pure Storage defines it.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=4096
	StoragePolicyDefinition string `json:"storagePolicyDefinition,omitempty"`

	// storagePoolID is the ARM id of the storage pool.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=512
	// +kubebuilder:validation:XValidation:rule="self.lowerAscii().startsWith('/subscriptions/')",message="storagePoolID must be an Azure resource id, which begins with /subscriptions/"
	StoragePoolID string `json:"storagePoolID,omitempty"`
}

// PureStoragePolicyStatus is the storage policy as Azure has it.
type PureStoragePolicyStatus struct {
	AzureStatus `json:",inline"`
}

// PureStoragePolicy is a storage policy of Pure Storage in a private cloud.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:scope=Namespaced,categories=avs
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`
// +kubebuilder:printcolumn:name="Reason",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].reason`
// +kubebuilder:printcolumn:name="State",type=string,JSONPath=`.status.provisioningState`
// +kubebuilder:printcolumn:name="Since",type=date,JSONPath=`.status.conditions[?(@.type=="Ready")].lastTransitionTime`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:printcolumn:name="PrivateCloud",type=string,priority=1,JSONPath=`.spec.privateCloudRef.name`
// +kubebuilder:printcolumn:name="Operation",type=string,priority=1,JSONPath=`.status.operation.verb`
// +kubebuilder:printcolumn:name="On-Delete",type=string,priority=1,JSONPath=`.status.effective.deletionPolicy`
// +kubebuilder:printcolumn:name="Message",type=string,priority=1,JSONPath=`.status.conditions[?(@.type=="Ready")].message`
// +kubebuilder:validation:XValidation:rule="!(has(self.status) && (has(self.status.operation) || has(self.status.managed) || (has(self.status.provisioningState) && !(has(self.status.conditions) && self.status.conditions.exists(c, c.type == 'Stalled' && c.reason in ['AdoptionRefused', 'AlreadyManaged', 'ImmutableFieldChanged']))))) || (has(self.spec.azureName) == has(oldSelf.spec.azureName) && (!has(self.spec.azureName) || self.spec.azureName == oldSelf.spec.azureName))",message="azureName is immutable: make a new object to manage another policy"
// +kubebuilder:validation:XValidation:rule="!(has(self.status) && (has(self.status.operation) || has(self.status.managed) || (has(self.status.provisioningState) && !(has(self.status.conditions) && self.status.conditions.exists(c, c.type == 'Stalled' && c.reason in ['AdoptionRefused', 'AlreadyManaged', 'ImmutableFieldChanged']))))) || (self.spec.privateCloudRef == oldSelf.spec.privateCloudRef)",message="privateCloudRef is immutable: a storage policy stays in its private cloud"
type PureStoragePolicy struct {
	metav1.TypeMeta `json:",inline"`
	// metadata is the standard object metadata.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitzero"`
	// spec is the storage policy that is wanted.
	// +required
	Spec PureStoragePolicySpec `json:"spec,omitzero"`
	// status is the storage policy as Azure has it.
	// +optional
	// +kubebuilder:default:={"observedGeneration":-1}
	Status PureStoragePolicyStatus `json:"status,omitzero"`
}

// AzureSpec returns the part of the spec that every Azure kind has.
func (p *PureStoragePolicy) AzureSpec() *AzureSpec { return &p.Spec.AzureSpec }

// AzureStatus returns the part of the status that every Azure kind has.
func (p *PureStoragePolicy) AzureStatus() *AzureStatus { return &p.Status.AzureStatus }

// PureStoragePolicyList is a list of PureStoragePolicy.
//
// +kubebuilder:object:root=true
type PureStoragePolicyList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []PureStoragePolicy `json:"items"`
}

func init() { register(&PureStoragePolicy{}, &PureStoragePolicyList{}) }
