// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// DHCPConfigurationSpec is the DHCP configuration that is wanted.
// +kubebuilder:validation:XValidation:rule="has(self.server) != has(self.relay) || (!has(self.server) && (has(self.managementPolicy) && self.managementPolicy == 'Observe'))",message="set exactly one of server and relay (only with managementPolicy Observe both may be left out)"
type DHCPConfigurationSpec struct {
	AzureSpec `json:",inline"`

	// privateCloudRef names the PrivateCloud that the DHCP configuration belongs to. Immutable once Azure was asked for it.
	// +required
	PrivateCloudRef ParentReference `json:"privateCloudRef,omitzero"`

	// displayName of the configuration in NSX. Absent: its name in Azure when it is made, and what Azure has later.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=255
	DisplayName string `json:"displayName,omitempty"`

	// server hands out addresses itself.
	// +optional
	Server *DHCPServer `json:"server,omitempty"`

	// relay passes requests on.
	// +optional
	Relay *DHCPRelay `json:"relay,omitempty"`
}

// DHCPServer hands out addresses itself.
type DHCPServer struct {
	// serverAddress is the server's own address with the length of its subnet, such as 10.60.255.1/30.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	// +kubebuilder:validation:XValidation:rule="isCIDR(self)",message="serverAddress must be an address with the length of its subnet, for example 10.60.255.1/30"
	ServerAddress string `json:"serverAddress"`

	// leaseTimeSeconds is how long an address is lent, in seconds. Absent: 86400, a day.
	// +optional
	// +kubebuilder:validation:Minimum=60
	// +kubebuilder:validation:Maximum=4294967295
	LeaseTimeSeconds int64 `json:"leaseTimeSeconds,omitempty"`
}

// DHCPRelay passes requests on.
type DHCPRelay struct {
	// serverAddresses of the DHCP servers elsewhere, 1 to 3: such as 10.1.0.4, or with the length of their subnet, such as 10.1.0.4/24.
	// +required
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=3
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=49
	// +kubebuilder:validation:XValidation:rule="self.all(a, isIP(a) || isCIDR(a))",message="each of serverAddresses must be an IP address, for example 10.1.0.4 or, with the length of its subnet, 10.1.0.4/24"
	ServerAddresses []string `json:"serverAddresses"`
}

// DHCPConfigurationStatus is the DHCP configuration as Azure has it.
type DHCPConfigurationStatus struct {
	AzureStatus `json:",inline"`

	// segments that are served.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=1024
	// +kubebuilder:validation:items:MaxLength=1024
	Segments []string `json:"segments,omitempty"`
}

// DHCPConfiguration serves addresses to the segments of the private cloud, or relays their requests to a DHCP server elsewhere.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:scope=Namespaced,shortName=avsdhcp,categories=avs
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`
// +kubebuilder:printcolumn:name="Reason",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].reason`
// +kubebuilder:printcolumn:name="State",type=string,JSONPath=`.status.provisioningState`
// +kubebuilder:printcolumn:name="Since",type=date,JSONPath=`.status.conditions[?(@.type=="Ready")].lastTransitionTime`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:printcolumn:name="PrivateCloud",type=string,priority=1,JSONPath=`.spec.privateCloudRef.name`
// +kubebuilder:printcolumn:name="Operation",type=string,priority=1,JSONPath=`.status.operation.verb`
// +kubebuilder:printcolumn:name="On-Delete",type=string,priority=1,JSONPath=`.status.effective.deletionPolicy`
// +kubebuilder:printcolumn:name="Message",type=string,priority=1,JSONPath=`.status.conditions[?(@.type=="Ready")].message`
// +kubebuilder:validation:XValidation:rule="!(has(self.status) && (has(self.status.operation) || has(self.status.managed) || (has(self.status.provisioningState) && !(has(self.status.conditions) && self.status.conditions.exists(c, c.type == 'Stalled' && c.reason in ['AdoptionRefused', 'AlreadyManaged', 'ImmutableFieldChanged']))))) || (has(self.spec.azureName) == has(oldSelf.spec.azureName) && (!has(self.spec.azureName) || self.spec.azureName == oldSelf.spec.azureName))",message="azureName is immutable: make a new object to manage another DHCP configuration"
// +kubebuilder:validation:XValidation:rule="!(has(self.status) && (has(self.status.operation) || has(self.status.managed) || (has(self.status.provisioningState) && !(has(self.status.conditions) && self.status.conditions.exists(c, c.type == 'Stalled' && c.reason in ['AdoptionRefused', 'AlreadyManaged', 'ImmutableFieldChanged']))))) || (self.spec.privateCloudRef == oldSelf.spec.privateCloudRef)",message="privateCloudRef is immutable: make a new object for the DHCP configuration of another private cloud"
// +kubebuilder:validation:XValidation:rule="!(has(self.status) && (has(self.status.operation) || has(self.status.managed) || (has(self.status.provisioningState) && !(has(self.status.conditions) && self.status.conditions.exists(c, c.type == 'Stalled' && c.reason in ['AdoptionRefused', 'AlreadyManaged', 'ImmutableFieldChanged']))))) || ((has(oldSelf.spec.managementPolicy) && oldSelf.spec.managementPolicy == 'Observe') || (has(self.spec.server) == has(oldSelf.spec.server) && has(self.spec.relay) == has(oldSelf.spec.relay)))",message="a DHCP configuration cannot change between server and relay: make another one"
type DHCPConfiguration struct {
	metav1.TypeMeta `json:",inline"`
	// metadata is the standard object metadata.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitzero"`
	// spec is the DHCP configuration that is wanted.
	// +required
	Spec DHCPConfigurationSpec `json:"spec,omitzero"`
	// status is the DHCP configuration as Azure has it.
	// +optional
	// +kubebuilder:default:={"observedGeneration":-1}
	Status DHCPConfigurationStatus `json:"status,omitzero"`
}

// AzureSpec returns the part of the spec that every Azure kind has.
func (d *DHCPConfiguration) AzureSpec() *AzureSpec { return &d.Spec.AzureSpec }

// AzureStatus returns the part of the status that every Azure kind has.
func (d *DHCPConfiguration) AzureStatus() *AzureStatus { return &d.Status.AzureStatus }

// DHCPConfigurationList is a list of DHCPConfiguration.
//
// +kubebuilder:object:root=true
type DHCPConfigurationList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []DHCPConfiguration `json:"items"`
}

func init() { register(&DHCPConfiguration{}, &DHCPConfigurationList{}) }
