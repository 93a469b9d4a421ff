// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// LicenseSpec is the licence that is wanted.
// +kubebuilder:validation:XValidation:rule="!has(self.azureName)",message="azureName cannot be chosen: Azure names a licence by its kind"
// +kubebuilder:validation:XValidation:rule="(has(self.managementPolicy) && self.managementPolicy == 'Observe') || has(self.licenseKeySecretRef)",message="licenseKeySecretRef is needed, a Secret with the key that Broadcom sold (only with managementPolicy Observe it may be left out)"
// +kubebuilder:validation:XValidation:rule="(has(self.managementPolicy) && self.managementPolicy == 'Observe') || has(self.cores)",message="cores is needed, the number of cores that the licence covers (only with managementPolicy Observe it may be left out)"
// +kubebuilder:validation:XValidation:rule="(has(self.managementPolicy) && self.managementPolicy == 'Observe') || has(self.endDate)",message="endDate is needed, for example 2027-12-31 (only with managementPolicy Observe it may be left out)"
type LicenseSpec struct {
	AzureSpec `json:",inline"`

	// privateCloudRef names the PrivateCloud that the licence belongs to. Immutable once Azure was asked for it.
	// +required
	PrivateCloudRef ParentReference `json:"privateCloudRef,omitzero"`

	// kind of the licence, which is its name in Azure too: VmwareFirewall is the distributed firewall of vDefend. Immutable once Azure was asked for it.
	// +required
	// +kubebuilder:validation:Enum=VmwareFirewall
	Kind string `json:"kind"`

	LicenseTerms `json:",inline"`
}

// LicenseStatus is the licence as Azure has it.
type LicenseStatus struct {
	AzureStatus `json:",inline"`

	// license is what Azure says of it, without the key.
	// +optional
	License *LicenseTermsStatus `json:"license,omitempty"`
}

// License is a licence of VMware's that was bought from Broadcom and is brought along.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:scope=Namespaced,categories=avs
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`
// +kubebuilder:printcolumn:name="Reason",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].reason`
// +kubebuilder:printcolumn:name="State",type=string,JSONPath=`.status.provisioningState`
// +kubebuilder:printcolumn:name="Cores",type=integer,JSONPath=`.status.license.cores`
// +kubebuilder:printcolumn:name="Ends",type=string,JSONPath=`.status.license.endDate`
// +kubebuilder:printcolumn:name="Since",type=date,JSONPath=`.status.conditions[?(@.type=="Ready")].lastTransitionTime`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:printcolumn:name="PrivateCloud",type=string,priority=1,JSONPath=`.spec.privateCloudRef.name`
// +kubebuilder:printcolumn:name="Operation",type=string,priority=1,JSONPath=`.status.operation.verb`
// +kubebuilder:printcolumn:name="On-Delete",type=string,priority=1,JSONPath=`.status.effective.deletionPolicy`
// +kubebuilder:printcolumn:name="Message",type=string,priority=1,JSONPath=`.status.conditions[?(@.type=="Ready")].message`
// +kubebuilder:validation:XValidation:rule="!(has(self.status) && (has(self.status.operation) || has(self.status.managed) || (has(self.status.provisioningState) && !(has(self.status.conditions) && self.status.conditions.exists(c, c.type == 'Stalled' && c.reason in ['AdoptionRefused', 'AlreadyManaged', 'ImmutableFieldChanged']))))) || (self.spec.privateCloudRef == oldSelf.spec.privateCloudRef)",message="privateCloudRef is immutable: a licence stays in its private cloud"
// +kubebuilder:validation:XValidation:rule="!(has(self.status) && (has(self.status.operation) || has(self.status.managed) || (has(self.status.provisioningState) && !(has(self.status.conditions) && self.status.conditions.exists(c, c.type == 'Stalled' && c.reason in ['AdoptionRefused', 'AlreadyManaged', 'ImmutableFieldChanged']))))) || (has(self.spec.kind) == has(oldSelf.spec.kind) && (!has(self.spec.kind) || self.spec.kind == oldSelf.spec.kind))",message="kind is immutable: make a new object for another licence"
type License struct {
	metav1.TypeMeta `json:",inline"`
	// metadata is the standard object metadata.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitzero"`
	// spec is the licence that is wanted.
	// +required
	Spec LicenseSpec `json:"spec,omitzero"`
	// status is the licence as Azure has it.
	// +optional
	// +kubebuilder:default:={"observedGeneration":-1}
	Status LicenseStatus `json:"status,omitzero"`
}

// AzureSpec returns the part of the spec that every Azure kind has.
func (l *License) AzureSpec() *AzureSpec { return &l.Spec.AzureSpec }

// AzureStatus returns the part of the status that every Azure kind has.
func (l *License) AzureStatus() *AzureStatus { return &l.Status.AzureStatus }

// LicenseList is a list of License.
//
// +kubebuilder:object:root=true
type LicenseList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []License `json:"items"`
}

func init() { register(&License{}, &LicenseList{}) }
