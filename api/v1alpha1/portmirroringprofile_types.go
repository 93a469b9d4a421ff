// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// PortMirroringProfileSpec is the port mirroring profile that is wanted.
// +kubebuilder:validation:XValidation:rule="(has(self.managementPolicy) && self.managementPolicy == 'Observe') || has(self.direction)",message="direction is needed: INGRESS, EGRESS or BIDIRECTIONAL (only with managementPolicy Observe it may be left out)"
// +kubebuilder:validation:XValidation:rule="(has(self.managementPolicy) && self.managementPolicy == 'Observe') || has(self.source)",message="source is needed: the VM group whose traffic is copied (only with managementPolicy Observe it may be left out)"
// +kubebuilder:validation:XValidation:rule="(has(self.managementPolicy) && self.managementPolicy == 'Observe') || has(self.destination)",message="destination is needed: the VM group that gets the copies (only with managementPolicy Observe it may be left out)"
type PortMirroringProfileSpec struct {
	AzureSpec `json:",inline"`

	// privateCloudRef names the PrivateCloud that the port mirroring profile belongs to. Immutable once Azure was asked for it.
	// +required
	PrivateCloudRef ParentReference `json:"privateCloudRef,omitzero"`

	// displayName of the profile in NSX. Absent: its name in Azure when it is made, and what Azure has later.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=255
	DisplayName string `json:"displayName,omitempty"`

	// direction of the traffic that is copied.
	// +optional
	Direction PortMirroringDirection `json:"direction,omitempty"`

	// source is the VM group whose traffic is copied: the name of a VMGroup of this namespace, or a group's name in Azure. It is waited for.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Source string `json:"source,omitempty"`

	// destination is the VM group that gets the copies, named in the same way.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Destination string `json:"destination,omitempty"`
}

// PortMirroringDirection is the direction of traffic.
// +kubebuilder:validation:Enum=INGRESS;EGRESS;BIDIRECTIONAL
type PortMirroringDirection string

// PortMirroringProfileStatus is the port mirroring profile as Azure has it.
type PortMirroringProfileStatus struct {
	AzureStatus `json:",inline"`

	// status is SUCCESS when NSX has realised it, FAILURE when it could not.
	// +optional
	// +kubebuilder:validation:MaxLength=64
	Status string `json:"status,omitempty"`
}

// PortMirroringProfile copies the traffic of the machines of one VM group to those of another.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:scope=Namespaced,categories=avs
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`
// +kubebuilder:printcolumn:name="Reason",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].reason`
// +kubebuilder:printcolumn:name="State",type=string,JSONPath=`.status.provisioningState`
// +kubebuilder:printcolumn:name="Direction",type=string,JSONPath=`.spec.direction`
// +kubebuilder:printcolumn:name="Since",type=date,JSONPath=`.status.conditions[?(@.type=="Ready")].lastTransitionTime`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:printcolumn:name="PrivateCloud",type=string,priority=1,JSONPath=`.spec.privateCloudRef.name`
// +kubebuilder:printcolumn:name="Operation",type=string,priority=1,JSONPath=`.status.operation.verb`
// +kubebuilder:printcolumn:name="On-Delete",type=string,priority=1,JSONPath=`.status.effective.deletionPolicy`
// +kubebuilder:printcolumn:name="Message",type=string,priority=1,JSONPath=`.status.conditions[?(@.type=="Ready")].message`
// +kubebuilder:validation:XValidation:rule="!(has(self.status) && (has(self.status.operation) || has(self.status.managed) || (has(self.status.provisioningState) && !(has(self.status.conditions) && self.status.conditions.exists(c, c.type == 'Stalled' && c.reason in ['AdoptionRefused', 'AlreadyManaged', 'ImmutableFieldChanged']))))) || (has(self.spec.azureName) == has(oldSelf.spec.azureName) && (!has(self.spec.azureName) || self.spec.azureName == oldSelf.spec.azureName))",message="azureName is immutable: make a new object to manage another port mirroring profile"
// +kubebuilder:validation:XValidation:rule="!(has(self.status) && (has(self.status.operation) || has(self.status.managed) || (has(self.status.provisioningState) && !(has(self.status.conditions) && self.status.conditions.exists(c, c.type == 'Stalled' && c.reason in ['AdoptionRefused', 'AlreadyManaged', 'ImmutableFieldChanged']))))) || (self.spec.privateCloudRef == oldSelf.spec.privateCloudRef)",message="privateCloudRef is immutable: make a new object for the port mirroring profile of another private cloud"
type PortMirroringProfile struct {
	metav1.TypeMeta `json:",inline"`
	// metadata is the standard object metadata.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitzero"`
	// spec is the port mirroring profile that is wanted.
	// +required
	Spec PortMirroringProfileSpec `json:"spec,omitzero"`
	// status is the port mirroring profile as Azure has it.
	// +optional
	// +kubebuilder:default:={"observedGeneration":-1}
	Status PortMirroringProfileStatus `json:"status,omitzero"`
}

// AzureSpec returns the part of the spec that every Azure kind has.
func (p *PortMirroringProfile) AzureSpec() *AzureSpec { return &p.Spec.AzureSpec }

// AzureStatus returns the part of the status that every Azure kind has.
func (p *PortMirroringProfile) AzureStatus() *AzureStatus { return &p.Status.AzureStatus }

// PortMirroringProfileList is a list of PortMirroringProfile.
//
// +kubebuilder:object:root=true
type PortMirroringProfileList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []PortMirroringProfile `json:"items"`
}

func init() { register(&PortMirroringProfile{}, &PortMirroringProfileList{}) }
