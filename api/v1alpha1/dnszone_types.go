// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// DNSZoneSpec is the DNS zone that is wanted.
// +kubebuilder:validation:XValidation:rule="(has(self.managementPolicy) && self.managementPolicy == 'Observe') || has(self.dnsServerIPs)",message="dnsServerIPs is needed, 1 to 3 DNS servers (only with managementPolicy Observe it may be left out)"
type DNSZoneSpec struct {
	AzureSpec `json:",inline"`

	// privateCloudRef names the PrivateCloud that the DNS zone belongs to. Immutable once Azure was asked for it.
	// +required
	PrivateCloudRef ParentReference `json:"privateCloudRef,omitzero"`

	// displayName of the zone in NSX. Absent: its name in Azure when it is made, and what Azure has later.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=255
	DisplayName string `json:"displayName,omitempty"`

	// domain is the list of domains that the zone answers for. default-dns-zone has none.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=16
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=253
	// +kubebuilder:validation:items:Pattern=`^[A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9_])?$`
	Domain []string `json:"domain,omitempty"`

	// dnsServerIPs are the servers to ask, 1 to 3, in this order.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=3
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=45
	// +kubebuilder:validation:XValidation:rule="self.all(a, isIP(a))",message="each of dnsServerIPs must be an IP address"
	DNSServerIPs []string `json:"dnsServerIPs,omitempty"`

	// sourceIP is the address that queries come from. Absent: the service's own.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=45
	// +kubebuilder:validation:XValidation:rule="isIP(self)",message="sourceIP must be an IP address"
	SourceIP string `json:"sourceIP,omitempty"`
}

// DNSZoneStatus is the DNS zone as Azure has it.
type DNSZoneStatus struct {
	AzureStatus `json:",inline"`
}

// DNSZone forwards queries for its domains to its servers, once a DNSService names it. A private cloud comes with one for all other domains,
// default-dns-zone, which is adopted, never made and never deleted: set azureName, or name the object default-dns-zone.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:scope=Namespaced,categories=avs
// +kubebuilder:validation:XValidation:rule="(has(self.spec.managementPolicy) && self.spec.managementPolicy == 'Observe') || has(self.spec.domain) || (has(self.spec.azureName) ? self.spec.azureName : self.metadata.name).lowerAscii() == 'default-dns-zone'",message="domain is needed: only default-dns-zone, which the private cloud comes with, has none"
// +kubebuilder:validation:XValidation:rule="!has(self.spec.domain) || (has(self.spec.azureName) ? self.spec.azureName : self.metadata.name).lowerAscii() != 'default-dns-zone'",message="default-dns-zone answers for all domains that no other zone names: leave domain out"
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`
// +kubebuilder:printcolumn:name="Reason",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].reason`
// +kubebuilder:printcolumn:name="State",type=string,JSONPath=`.status.provisioningState`
// +kubebuilder:printcolumn:name="Domain",type=string,JSONPath=`.spec.domain`
// +kubebuilder:printcolumn:name="Since",type=date,JSONPath=`.status.conditions[?(@.type=="Ready")].lastTransitionTime`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:printcolumn:name="PrivateCloud",type=string,priority=1,JSONPath=`.spec.privateCloudRef.name`
// +kubebuilder:printcolumn:name="Operation",type=string,priority=1,JSONPath=`.status.operation.verb`
// +kubebuilder:printcolumn:name="On-Delete",type=string,priority=1,JSONPath=`.status.effective.deletionPolicy`
// +kubebuilder:printcolumn:name="Message",type=string,priority=1,JSONPath=`.status.conditions[?(@.type=="Ready")].message`
// +kubebuilder:validation:XValidation:rule="!(has(self.status) && (has(self.status.operation) || has(self.status.managed) || (has(self.status.provisioningState) && !(has(self.status.conditions) && self.status.conditions.exists(c, c.type == 'Stalled' && c.reason in ['AdoptionRefused', 'AlreadyManaged', 'ImmutableFieldChanged']))))) || (has(self.spec.azureName) == has(oldSelf.spec.azureName) && (!has(self.spec.azureName) || self.spec.azureName == oldSelf.spec.azureName))",message="azureName is immutable: make a new object to manage another DNS zone"
// +kubebuilder:validation:XValidation:rule="!(has(self.status) && (has(self.status.operation) || has(self.status.managed) || (has(self.status.provisioningState) && !(has(self.status.conditions) && self.status.conditions.exists(c, c.type == 'Stalled' && c.reason in ['AdoptionRefused', 'AlreadyManaged', 'ImmutableFieldChanged']))))) || (self.spec.privateCloudRef == oldSelf.spec.privateCloudRef)",message="privateCloudRef is immutable: make a new object for the DNS zone of another private cloud"
type DNSZone struct {
	metav1.TypeMeta `json:",inline"`
	// metadata is the standard object metadata.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitzero"`
	// spec is the DNS zone that is wanted.
	// +required
	Spec DNSZoneSpec `json:"spec,omitzero"`
	// status is the DNS zone as Azure has it.
	// +optional
	// +kubebuilder:default:={"observedGeneration":-1}
	Status DNSZoneStatus `json:"status,omitzero"`
}

// AzureSpec returns the part of the spec that every Azure kind has.
func (d *DNSZone) AzureSpec() *AzureSpec { return &d.Spec.AzureSpec }

// AzureStatus returns the part of the status that every Azure kind has.
func (d *DNSZone) AzureStatus() *AzureStatus { return &d.Status.AzureStatus }

// DNSZoneList is a list of DNSZone.
//
// +kubebuilder:object:root=true
type DNSZoneList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []DNSZone `json:"items"`
}

func init() { register(&DNSZone{}, &DNSZoneList{}) }
