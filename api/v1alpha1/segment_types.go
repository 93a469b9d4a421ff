// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// SegmentSpec is the segment that is wanted.
// +kubebuilder:validation:XValidation:rule="(has(self.managementPolicy) && self.managementPolicy == 'Observe') || has(self.subnet)",message="subnet is needed: at least its gatewayAddress (only with managementPolicy Observe it may be left out)"
type SegmentSpec struct {
	AzureSpec `json:",inline"`

	// privateCloudRef names the PrivateCloud that the segment belongs to. Immutable once Azure was asked for it.
	// +required
	PrivateCloudRef ParentReference `json:"privateCloudRef,omitzero"`

	// displayName of the segment in NSX, and of its port group in vCenter. Absent: its name in Azure when it is made, and what Azure has
	// later.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=255
	DisplayName string `json:"displayName,omitempty"`

	// connectedGateway is the gateway of tier 1 that the segment is connected to: its name, such as TNT71-T1, or its path in NSX. Absent: the
	// one that the private cloud comes with, whose name has TNT in it. Immutable once Azure was asked for it.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=255
	ConnectedGateway string `json:"connectedGateway,omitempty"`

	// subnet of the segment.
	// +optional
	Subnet *SegmentSubnet `json:"subnet,omitempty"`
}

// SegmentSubnet is the addresses of a segment.
// +kubebuilder:validation:XValidation:rule="isCIDR(self.gatewayAddress) && (!(cidr(self.gatewayAddress) == cidr(self.gatewayAddress).masked()) || cidr(self.gatewayAddress).prefixLength() >= 31)",message="gatewayAddress must be the gateway's own address with the length of its subnet, for example 10.60.1.1/24"
// +kubebuilder:validation:XValidation:rule="!has(self.dhcpRanges) || !isCIDR(self.gatewayAddress) || self.dhcpRanges.all(r, isCIDR(r) ? cidr(self.gatewayAddress).masked().containsCIDR(r) : (r.split('-').size() <= 2 && r.split('-').all(a, isIP(a) && cidr(self.gatewayAddress).masked().containsIP(a))))",message="each of dhcpRanges must lie within the subnet of gatewayAddress, as 10.60.1.10-10.60.1.200 or 10.60.1.64/26"
type SegmentSubnet struct {
	// gatewayAddress is the gateway's address in the segment with the length of its subnet, such as 10.60.1.1/24.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	GatewayAddress string `json:"gatewayAddress"`

	// dhcpRanges are handed out by the DHCP server of the gateway: 10.60.1.10-10.60.1.200 or 10.60.1.64/26. Absent: none.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MinItems=0
	// +kubebuilder:validation:MaxItems=16
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=96
	// +kubebuilder:validation:items:Pattern=`^[0-9A-Fa-f.:/-]+$`
	DHCPRanges []string `json:"dhcpRanges,omitempty"`
}

// SegmentStatus is the segment as Azure has it.
type SegmentStatus struct {
	AzureStatus `json:",inline"`

	// connectedGateway as Azure has it.
	// +optional
	// +kubebuilder:validation:MaxLength=1024
	ConnectedGateway string `json:"connectedGateway,omitempty"`
	// ports of the segment that are in use. It is not deleted while there are any.
	// +optional
	Ports int32 `json:"ports,omitempty"`
	// status is SUCCESS when NSX has realised it, FAILURE when it could not.
	// +optional
	// +kubebuilder:validation:MaxLength=64
	Status string `json:"status,omitempty"`
}

// Segment is a network for workloads in NSX, and a port group in the private cloud's vCenter.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:scope=Namespaced,shortName=avsseg,categories=avs
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`
// +kubebuilder:printcolumn:name="Reason",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].reason`
// +kubebuilder:printcolumn:name="State",type=string,JSONPath=`.status.provisioningState`
// +kubebuilder:printcolumn:name="Subnet",type=string,JSONPath=`.spec.subnet.gatewayAddress`
// +kubebuilder:printcolumn:name="Ports",type=integer,JSONPath=`.status.ports`
// +kubebuilder:printcolumn:name="Since",type=date,JSONPath=`.status.conditions[?(@.type=="Ready")].lastTransitionTime`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:printcolumn:name="PrivateCloud",type=string,priority=1,JSONPath=`.spec.privateCloudRef.name`
// +kubebuilder:printcolumn:name="Operation",type=string,priority=1,JSONPath=`.status.operation.verb`
// +kubebuilder:printcolumn:name="On-Delete",type=string,priority=1,JSONPath=`.status.effective.deletionPolicy`
// +kubebuilder:printcolumn:name="Message",type=string,priority=1,JSONPath=`.status.conditions[?(@.type=="Ready")].message`
// +kubebuilder:validation:XValidation:rule="!(has(self.status) && (has(self.status.operation) || has(self.status.managed) || (has(self.status.provisioningState) && !(has(self.status.conditions) && self.status.conditions.exists(c, c.type == 'Stalled' && c.reason in ['AdoptionRefused', 'AlreadyManaged', 'ImmutableFieldChanged']))))) || (has(self.spec.azureName) == has(oldSelf.spec.azureName) && (!has(self.spec.azureName) || self.spec.azureName == oldSelf.spec.azureName))",message="azureName is immutable: make a new object to manage another segment"
// +kubebuilder:validation:XValidation:rule="!(has(self.status) && (has(self.status.operation) || has(self.status.managed) || (has(self.status.provisioningState) && !(has(self.status.conditions) && self.status.conditions.exists(c, c.type == 'Stalled' && c.reason in ['AdoptionRefused', 'AlreadyManaged', 'ImmutableFieldChanged']))))) || (self.spec.privateCloudRef == oldSelf.spec.privateCloudRef)",message="privateCloudRef is immutable: make a new object for the segment of another private cloud"
// +kubebuilder:validation:XValidation:rule="!(has(self.status) && (has(self.status.operation) || has(self.status.managed) || (has(self.status.provisioningState) && !(has(self.status.conditions) && self.status.conditions.exists(c, c.type == 'Stalled' && c.reason in ['AdoptionRefused', 'AlreadyManaged', 'ImmutableFieldChanged']))))) || ((has(oldSelf.spec.managementPolicy) && oldSelf.spec.managementPolicy == 'Observe') || (has(self.spec.connectedGateway) == has(oldSelf.spec.connectedGateway) && (!has(self.spec.connectedGateway) || self.spec.connectedGateway == oldSelf.spec.connectedGateway)))",message="connectedGateway is immutable: make another segment at the other gateway"
type Segment struct {
	metav1.TypeMeta `json:",inline"`
	// metadata is the standard object metadata.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitzero"`
	// spec is the segment that is wanted.
	// +required
	Spec SegmentSpec `json:"spec,omitzero"`
	// status is the segment as Azure has it.
	// +optional
	// +kubebuilder:default:={"observedGeneration":-1}
	Status SegmentStatus `json:"status,omitzero"`
}

// AzureSpec returns the part of the spec that every Azure kind has.
func (s *Segment) AzureSpec() *AzureSpec { return &s.Spec.AzureSpec }

// AzureStatus returns the part of the status that every Azure kind has.
func (s *Segment) AzureStatus() *AzureStatus { return &s.Status.AzureStatus }

// SegmentList is a list of Segment.
//
// +kubebuilder:object:root=true
type SegmentList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []Segment `json:"items"`
}

func init() { register(&Segment{}, &SegmentList{}) }
