// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// AddonSpec is the add-on that is wanted.
// +kubebuilder:validation:XValidation:rule="!has(self.azureName)",message="azureName cannot be chosen: Azure names an add-on by what it is"
// +kubebuilder:validation:XValidation:rule="(has(self.hcx) ? 1 : 0) + (has(self.srm) ? 1 : 0) + (has(self.vr) ? 1 : 0) + (has(self.arc) ? 1 : 0) == 1",message="set exactly one of hcx, srm, vr and arc"
type AddonSpec struct {
	AzureSpec `json:",inline"`

	// privateCloudRef names the PrivateCloud that the add-on belongs to. Immutable once Azure was asked for it.
	// +required
	PrivateCloudRef ParentReference `json:"privateCloudRef,omitzero"`

	// hcx is VMware HCX, which moves machines between sites.
	// +optional
	HCX *AddonHCX `json:"hcx,omitempty"`

	// srm is VMware Site Recovery Manager.
	// +optional
	SRM *AddonSRM `json:"srm,omitempty"`

	// vr is vSphere Replication, which Site Recovery Manager needs.
	// +optional
	VR *AddonVR `json:"vr,omitempty"`

	// arc connects vCenter to Azure Arc.
	// +optional
	Arc *AddonArc `json:"arc,omitempty"`
}

// AddonHCX is how HCX is installed.
type AddonHCX struct {
	// offer that is licensed.
	// +required
	// +kubebuilder:validation:Enum=VMware MaaS Cloud Provider;VMware MaaS Cloud Provider (Enterprise)
	Offer string `json:"offer"`
	// managementNetwork of HCX in CIDR form; needed in a virtual network.
	// +optional
	// +kubebuilder:validation:MinLength=9
	// +kubebuilder:validation:MaxLength=18
	// +kubebuilder:validation:XValidation:rule="isCIDR(self)",message="managementNetwork must be a network in CIDR form, for example 10.76.4.0/24"
	ManagementNetwork string `json:"managementNetwork,omitempty"`
	// uplinkNetwork of HCX in CIDR form; needed in a virtual network.
	// +optional
	// +kubebuilder:validation:MinLength=9
	// +kubebuilder:validation:MaxLength=18
	// +kubebuilder:validation:XValidation:rule="isCIDR(self)",message="uplinkNetwork must be a network in CIDR form, for example 10.76.5.0/24"
	UplinkNetwork string `json:"uplinkNetwork,omitempty"`
}

// AddonSRM is how Site Recovery Manager is installed.
type AddonSRM struct {
	// licenseKeySecretRef names the licence key. Absent: it is installed for evaluation.
	// +optional
	LicenseKeySecretRef *SecretKeyReference `json:"licenseKeySecretRef,omitempty"`
}

// AddonVR is how vSphere Replication is installed.
type AddonVR struct {
	// vrsCount is the number of replication servers.
	// +required
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=10
	VRSCount int32 `json:"vrsCount"`
}

// AddonArc is what Azure Arc knows of the private cloud.
type AddonArc struct {
	// vCenter is the ARM id of the vCenter in Azure Arc.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=512
	// +kubebuilder:validation:XValidation:rule="self.lowerAscii().startsWith('/subscriptions/')",message="vCenter must be an Azure resource id, which begins with /subscriptions/"
	VCenter string `json:"vCenter"`
}

// AddonStatus is the add-on as Azure has it.
type AddonStatus struct {
	AzureStatus `json:",inline"`

	// addonType as Azure names it: HCX, SRM, VR or Arc.
	// +optional
	// +kubebuilder:validation:MaxLength=16
	AddonType string `json:"addonType,omitempty"`
}

// Addon is software that Azure installs beside vCenter: HCX, Site Recovery Manager, vSphere Replication or the agent of Azure Arc.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:scope=Namespaced,categories=avs
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`
// +kubebuilder:printcolumn:name="Reason",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].reason`
// +kubebuilder:printcolumn:name="State",type=string,JSONPath=`.status.provisioningState`
// +kubebuilder:printcolumn:name="Type",type=string,JSONPath=`.status.addonType`
// +kubebuilder:printcolumn:name="Since",type=date,JSONPath=`.status.conditions[?(@.type=="Ready")].lastTransitionTime`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:printcolumn:name="PrivateCloud",type=string,priority=1,JSONPath=`.spec.privateCloudRef.name`
// +kubebuilder:printcolumn:name="Operation",type=string,priority=1,JSONPath=`.status.operation.verb`
// +kubebuilder:printcolumn:name="On-Delete",type=string,priority=1,JSONPath=`.status.effective.deletionPolicy`
// +kubebuilder:printcolumn:name="Message",type=string,priority=1,JSONPath=`.status.conditions[?(@.type=="Ready")].message`
// +kubebuilder:validation:XValidation:rule="!(has(self.status) && (has(self.status.operation) || has(self.status.managed) || (has(self.status.provisioningState) && !(has(self.status.conditions) && self.status.conditions.exists(c, c.type == 'Stalled' && c.reason in ['AdoptionRefused', 'AlreadyManaged', 'ImmutableFieldChanged']))))) || (self.spec.privateCloudRef == oldSelf.spec.privateCloudRef)",message="privateCloudRef is immutable: an add-on stays in its private cloud"
// +kubebuilder:validation:XValidation:rule="!(has(self.status) && (has(self.status.operation) || has(self.status.managed) || (has(self.status.provisioningState) && !(has(self.status.conditions) && self.status.conditions.exists(c, c.type == 'Stalled' && c.reason in ['AdoptionRefused', 'AlreadyManaged', 'ImmutableFieldChanged']))))) || (has(self.spec.hcx) == has(oldSelf.spec.hcx) && has(self.spec.srm) == has(oldSelf.spec.srm) && has(self.spec.vr) == has(oldSelf.spec.vr) && has(self.spec.arc) == has(oldSelf.spec.arc))",message="an add-on cannot become another one: make a new object"
type Addon struct {
	metav1.TypeMeta `json:",inline"`
	// metadata is the standard object metadata.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitzero"`
	// spec is the add-on that is wanted.
	// +required
	Spec AddonSpec `json:"spec,omitzero"`
	// status is the add-on as Azure has it.
	// +optional
	// +kubebuilder:default:={"observedGeneration":-1}
	Status AddonStatus `json:"status,omitzero"`
}

// AzureSpec returns the part of the spec that every Azure kind has.
func (a *Addon) AzureSpec() *AzureSpec { return &a.Spec.AzureSpec }

// AzureStatus returns the part of the status that every Azure kind has.
func (a *Addon) AzureStatus() *AzureStatus { return &a.Status.AzureStatus }

// AddonList is a list of Addon.
//
// +kubebuilder:object:root=true
type AddonList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []Addon `json:"items"`
}

func init() { register(&Addon{}, &AddonList{}) }
