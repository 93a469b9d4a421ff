// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// CloudLinkSpec is the cloud link that is wanted.
// +kubebuilder:validation:XValidation:rule="has(self.linkedCloudRef) != has(self.linkedCloudID) || (!has(self.linkedCloudRef) && (has(self.managementPolicy) && self.managementPolicy == 'Observe'))",message="set exactly one of linkedCloudRef and linkedCloudID (only with managementPolicy Observe both may be left out)"
// +kubebuilder:validation:XValidation:rule="!has(self.linkedCloudRef) || !(self.linkedCloudRef.name == self.privateCloudRef.name) || has(self.linkedCloudRef.namespace) || has(self.privateCloudRef.namespace)",message="a private cloud cannot be linked to itself: linkedCloudRef must name another one than privateCloudRef"
type CloudLinkSpec struct {
	AzureSpec `json:",inline"`

	// privateCloudRef names the PrivateCloud that the cloud link belongs to. Immutable once Azure was asked for it.
	// +required
	PrivateCloudRef ParentReference `json:"privateCloudRef,omitzero"`

	// linkedCloudRef names the PrivateCloud to link to. One in another namespace must name this namespace, with the kind
	// CloudLink, in its spec.allowedNamespaces.
	// Immutable once Azure was asked for it.
	// +optional
	LinkedCloudRef *ParentReference `json:"linkedCloudRef,omitempty"`

	// linkedCloudID is the ARM id of the private cloud to link to, for one that no PrivateCloud here stands for. Immutable once Azure was asked for it.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=1024
	// +kubebuilder:validation:Pattern=`^/subscriptions/[^/?#]+/resource[Gg]roups/[^/?#]+/providers/[Mm]icrosoft\.[Aa][Vv][Ss]/private[Cc]louds/[^/?#]+$`
	LinkedCloudID string `json:"linkedCloudID,omitempty"`
}

// CloudLinkStatus is the cloud link as Azure has it.
type CloudLinkStatus struct {
	AzureStatus `json:",inline"`

	// linkedCloudID is the ARM id of the other private cloud.
	// +optional
	// +kubebuilder:validation:MaxLength=1024
	LinkedCloudID string `json:"linkedCloudID,omitempty"`
	// status of the link: Active, Building, Deleting, Failed or Disconnected.
	// +optional
	// +kubebuilder:validation:MaxLength=64
	Status string `json:"status,omitempty"`
}

// CloudLink joins the networks of two private clouds of one region.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:scope=Namespaced,categories=avs
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
// +kubebuilder:validation:XValidation:rule="!(has(self.status) && (has(self.status.operation) || has(self.status.managed) || (has(self.status.provisioningState) && !(has(self.status.conditions) && self.status.conditions.exists(c, c.type == 'Stalled' && c.reason in ['AdoptionRefused', 'AlreadyManaged', 'ImmutableFieldChanged']))))) || (has(self.spec.azureName) == has(oldSelf.spec.azureName) && (!has(self.spec.azureName) || self.spec.azureName == oldSelf.spec.azureName))",message="azureName is immutable: make a new object to manage another cloud link"
// +kubebuilder:validation:XValidation:rule="!(has(self.status) && (has(self.status.operation) || has(self.status.managed) || (has(self.status.provisioningState) && !(has(self.status.conditions) && self.status.conditions.exists(c, c.type == 'Stalled' && c.reason in ['AdoptionRefused', 'AlreadyManaged', 'ImmutableFieldChanged']))))) || (self.spec.privateCloudRef == oldSelf.spec.privateCloudRef)",message="privateCloudRef is immutable: make a new object for the cloud link of another private cloud"
// +kubebuilder:validation:XValidation:rule="!(has(self.status) && (has(self.status.operation) || has(self.status.managed) || (has(self.status.provisioningState) && !(has(self.status.conditions) && self.status.conditions.exists(c, c.type == 'Stalled' && c.reason in ['AdoptionRefused', 'AlreadyManaged', 'ImmutableFieldChanged']))))) || ((has(oldSelf.spec.managementPolicy) && oldSelf.spec.managementPolicy == 'Observe') || (has(self.spec.linkedCloudRef) == has(oldSelf.spec.linkedCloudRef) && (!has(self.spec.linkedCloudRef) || self.spec.linkedCloudRef == oldSelf.spec.linkedCloudRef)))",message="linkedCloudRef is immutable: make another CloudLink for another private cloud"
// +kubebuilder:validation:XValidation:rule="!(has(self.status) && (has(self.status.operation) || has(self.status.managed) || (has(self.status.provisioningState) && !(has(self.status.conditions) && self.status.conditions.exists(c, c.type == 'Stalled' && c.reason in ['AdoptionRefused', 'AlreadyManaged', 'ImmutableFieldChanged']))))) || ((has(oldSelf.spec.managementPolicy) && oldSelf.spec.managementPolicy == 'Observe') || (has(self.spec.linkedCloudID) == has(oldSelf.spec.linkedCloudID) && (!has(self.spec.linkedCloudID) || self.spec.linkedCloudID == oldSelf.spec.linkedCloudID)))",message="linkedCloudID is immutable: make another CloudLink for another private cloud"
type CloudLink struct {
	metav1.TypeMeta `json:",inline"`
	// metadata is the standard object metadata.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitzero"`
	// spec is the cloud link that is wanted.
	// +required
	Spec CloudLinkSpec `json:"spec,omitzero"`
	// status is the cloud link as Azure has it.
	// +optional
	// +kubebuilder:default:={"observedGeneration":-1}
	Status CloudLinkStatus `json:"status,omitzero"`
}

// AzureSpec returns the part of the spec that every Azure kind has.
func (c *CloudLink) AzureSpec() *AzureSpec { return &c.Spec.AzureSpec }

// AzureStatus returns the part of the status that every Azure kind has.
func (c *CloudLink) AzureStatus() *AzureStatus { return &c.Status.AzureStatus }

// CloudLinkList is a list of CloudLink.
//
// +kubebuilder:object:root=true
type CloudLinkList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []CloudLink `json:"items"`
}

func init() { register(&CloudLink{}, &CloudLinkList{}) }
