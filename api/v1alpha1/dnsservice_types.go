// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// DNSServiceSpec is the DNS service that is wanted.
type DNSServiceSpec struct {
	AzureSpec `json:",inline"`

	// privateCloudRef names the PrivateCloud that the DNS service belongs to. Immutable once Azure was asked for it.
	// +required
	PrivateCloudRef ParentReference `json:"privateCloudRef,omitzero"`

	// displayName of the service in NSX. Absent: its name in Azure when it is made, and what Azure has later.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=255
	DisplayName string `json:"displayName,omitempty"`

	// dnsServiceIP is the address that the service listens on. Absent: what Azure has, which dns-forwarder always does.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=45
	// +kubebuilder:validation:XValidation:rule="isIP(self)",message="dnsServiceIP must be an IP address"
	DNSServiceIP string `json:"dnsServiceIP,omitempty"`

	// defaultDNSZone answers for domains that no other zone names: the name of a DNSZone of this namespace, or a zone's name in Azure.
	// Absent: what Azure has.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	DefaultDNSZone string `json:"defaultDNSZone,omitempty"`

	// fqdnZones answer for their domains, at most 5: names of DNSZones of this namespace, or zones' names in Azure. They are waited for, and a
	// DNSZone that is being deleted is left out. []: none. Absent: what Azure has.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MinItems=0
	// +kubebuilder:validation:MaxItems=5
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=253
	FQDNZones []string `json:"fqdnZones,omitempty"`

	// logLevel of the service. Absent: what Azure has, INFO at first.
	// +optional
	LogLevel DNSLogLevel `json:"logLevel,omitempty"`
}

// DNSLogLevel is how much a DNS service logs.
// +kubebuilder:validation:Enum=DEBUG;INFO;WARNING;ERROR;FATAL
type DNSLogLevel string

// DNSServiceStatus is the DNS service as Azure has it.
type DNSServiceStatus struct {
	AzureStatus `json:",inline"`

	// dnsServiceIP is the address that the service listens on.
	// +optional
	// +kubebuilder:validation:MaxLength=64
	DNSServiceIP string `json:"dnsServiceIP,omitempty"`
	// defaultDNSZone as Azure has it.
	// +optional
	// +kubebuilder:validation:MaxLength=1024
	DefaultDNSZone string `json:"defaultDNSZone,omitempty"`
	// fqdnZones as Azure has them.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=16
	// +kubebuilder:validation:items:MaxLength=1024
	FQDNZones []string `json:"fqdnZones,omitempty"`
	// status is SUCCESS when NSX has realised it, FAILURE when it could not.
	// +optional
	// +kubebuilder:validation:MaxLength=64
	Status string `json:"status,omitempty"`
}

// DNSService answers the workloads' DNS queries, from the servers of its zones. A private cloud comes with one, named dns-forwarder, which is
// adopted, never made and never deleted: set azureName, or name the object dns-forwarder.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:scope=Namespaced,categories=avs
// +kubebuilder:validation:XValidation:rule="(has(self.spec.managementPolicy) && self.spec.managementPolicy == 'Observe') || has(self.spec.dnsServiceIP) || (has(self.spec.azureName) ? self.spec.azureName : self.metadata.name).lowerAscii() == 'dns-forwarder'",message="dnsServiceIP is needed for another DNS service than the one that the private cloud comes with: to manage that one, set azureName: dns-forwarder"
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`
// +kubebuilder:printcolumn:name="Reason",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].reason`
// +kubebuilder:printcolumn:name="State",type=string,JSONPath=`.status.provisioningState`
// +kubebuilder:printcolumn:name="Address",type=string,JSONPath=`.status.dnsServiceIP`
// +kubebuilder:printcolumn:name="Since",type=date,JSONPath=`.status.conditions[?(@.type=="Ready")].lastTransitionTime`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:printcolumn:name="PrivateCloud",type=string,priority=1,JSONPath=`.spec.privateCloudRef.name`
// +kubebuilder:printcolumn:name="Operation",type=string,priority=1,JSONPath=`.status.operation.verb`
// +kubebuilder:printcolumn:name="On-Delete",type=string,priority=1,JSONPath=`.status.effective.deletionPolicy`
// +kubebuilder:printcolumn:name="Message",type=string,priority=1,JSONPath=`.status.conditions[?(@.type=="Ready")].message`
// +kubebuilder:validation:XValidation:rule="!(has(self.status) && (has(self.status.operation) || has(self.status.managed) || (has(self.status.provisioningState) && !(has(self.status.conditions) && self.status.conditions.exists(c, c.type == 'Stalled' && c.reason in ['AdoptionRefused', 'AlreadyManaged', 'ImmutableFieldChanged']))))) || (has(self.spec.azureName) == has(oldSelf.spec.azureName) && (!has(self.spec.azureName) || self.spec.azureName == oldSelf.spec.azureName))",message="azureName is immutable: make a new object to manage another DNS service"
// +kubebuilder:validation:XValidation:rule="!(has(self.status) && (has(self.status.operation) || has(self.status.managed) || (has(self.status.provisioningState) && !(has(self.status.conditions) && self.status.conditions.exists(c, c.type == 'Stalled' && c.reason in ['AdoptionRefused', 'AlreadyManaged', 'ImmutableFieldChanged']))))) || (self.spec.privateCloudRef == oldSelf.spec.privateCloudRef)",message="privateCloudRef is immutable: make a new object for the DNS service of another private cloud"
type DNSService struct {
	metav1.TypeMeta `json:",inline"`
	// metadata is the standard object metadata.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitzero"`
	// spec is the DNS service that is wanted.
	// +required
	Spec DNSServiceSpec `json:"spec,omitzero"`
	// status is the DNS service as Azure has it.
	// +optional
	// +kubebuilder:default:={"observedGeneration":-1}
	Status DNSServiceStatus `json:"status,omitzero"`
}

// AzureSpec returns the part of the spec that every Azure kind has.
func (d *DNSService) AzureSpec() *AzureSpec { return &d.Spec.AzureSpec }

// AzureStatus returns the part of the status that every Azure kind has.
func (d *DNSService) AzureStatus() *AzureStatus { return &d.Status.AzureStatus }

// DNSServiceList is a list of DNSService.
//
// +kubebuilder:object:root=true
type DNSServiceList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []DNSService `json:"items"`
}

func init() { register(&DNSService{}, &DNSServiceList{}) }
