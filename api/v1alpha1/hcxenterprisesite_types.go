// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// HCXEnterpriseSiteSpec is the HCX enterprise site that is wanted.
type HCXEnterpriseSiteSpec struct {
	AzureSpec `json:",inline"`

	// privateCloudRef names the PrivateCloud that the HCX enterprise site belongs to. Immutable once Azure was asked for it.
	// +required
	PrivateCloudRef ParentReference `json:"privateCloudRef,omitzero"`

	// secretName is the Secret to write, in this namespace, with the keys activationKey.
	// One that the operator did not make is never touched. Absent: none is written.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	SecretName string `json:"secretName,omitempty"`
}

// HCXEnterpriseSiteStatus is the HCX enterprise site as Azure has it.
type HCXEnterpriseSiteStatus struct {
	AzureStatus `json:",inline"`

	// status of the key: Available, Consumed, Deactivated or Deleted.
	// +optional
	// +kubebuilder:validation:MaxLength=64
	Status string `json:"status,omitempty"`
}

// HCXEnterpriseSite is an activation key with which an HCX Connector elsewhere pairs with the private cloud. It needs the HCX add-on.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:scope=Namespaced,shortName=hcxsite,categories=avs
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`
// +kubebuilder:printcolumn:name="Reason",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].reason`
// +kubebuilder:printcolumn:name="State",type=string,JSONPath=`.status.provisioningState`
// +kubebuilder:printcolumn:name="Status",type=string,JSONPath=`.status.status`
// +kubebuilder:printcolumn:name="Since",type=date,JSONPath=`.status.conditions[?(@.type=="Ready")].lastTransitionTime`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:printcolumn:name="PrivateCloud",type=string,priority=1,JSONPath=`.spec.privateCloudRef.name`
// +kubebuilder:printcolumn:name="Operation",type=string,priority=1,JSONPath=`.status.operation.verb`
// +kubebuilder:printcolumn:name="On-Delete",type=string,priority=1,JSONPath=`.status.effective.deletionPolicy`
// +kubebuilder:printcolumn:name="Message",type=string,priority=1,JSONPath=`.status.conditions[?(@.type=="Ready")].message`
// +kubebuilder:validation:XValidation:rule="!(has(self.status) && (has(self.status.operation) || has(self.status.managed) || (has(self.status.provisioningState) && !(has(self.status.conditions) && self.status.conditions.exists(c, c.type == 'Stalled' && c.reason in ['AdoptionRefused', 'AlreadyManaged', 'ImmutableFieldChanged']))))) || (has(self.spec.azureName) == has(oldSelf.spec.azureName) && (!has(self.spec.azureName) || self.spec.azureName == oldSelf.spec.azureName))",message="azureName is immutable: make a new object to manage another HCX enterprise site"
// +kubebuilder:validation:XValidation:rule="!(has(self.status) && (has(self.status.operation) || has(self.status.managed) || (has(self.status.provisioningState) && !(has(self.status.conditions) && self.status.conditions.exists(c, c.type == 'Stalled' && c.reason in ['AdoptionRefused', 'AlreadyManaged', 'ImmutableFieldChanged']))))) || (self.spec.privateCloudRef == oldSelf.spec.privateCloudRef)",message="privateCloudRef is immutable: make a new object for the HCX enterprise site of another private cloud"
type HCXEnterpriseSite struct {
	metav1.TypeMeta `json:",inline"`
	// metadata is the standard object metadata.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitzero"`
	// spec is the HCX enterprise site that is wanted.
	// +required
	Spec HCXEnterpriseSiteSpec `json:"spec,omitzero"`
	// status is the HCX enterprise site as Azure has it.
	// +optional
	// +kubebuilder:default:={"observedGeneration":-1}
	Status HCXEnterpriseSiteStatus `json:"status,omitzero"`
}

// AzureSpec returns the part of the spec that every Azure kind has.
func (h *HCXEnterpriseSite) AzureSpec() *AzureSpec { return &h.Spec.AzureSpec }

// AzureStatus returns the part of the status that every Azure kind has.
func (h *HCXEnterpriseSite) AzureStatus() *AzureStatus { return &h.Status.AzureStatus }

// HCXEnterpriseSiteList is a list of HCXEnterpriseSite.
//
// +kubebuilder:object:root=true
type HCXEnterpriseSiteList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []HCXEnterpriseSite `json:"items"`
}

func init() { register(&HCXEnterpriseSite{}, &HCXEnterpriseSiteList{}) }
