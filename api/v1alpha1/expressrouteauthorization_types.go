// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// ExpressRouteAuthorizationSpec is the ExpressRoute authorization that is wanted.
// +kubebuilder:validation:XValidation:rule="!has(self.expressRouteID) || !has(self.circuit)",message="name the circuit by expressRouteID or by circuit, and not by both"
type ExpressRouteAuthorizationSpec struct {
	AzureSpec `json:",inline"`

	// privateCloudRef names the PrivateCloud that the ExpressRoute authorization belongs to. Immutable once Azure was asked for it.
	// +required
	PrivateCloudRef ParentReference `json:"privateCloudRef,omitzero"`

	// circuit of the private cloud: Primary, or Secondary for that of the second zone. Absent: Primary, or expressRouteID. Immutable once Azure was
	// asked for it.
	// +optional
	// +kubebuilder:validation:Enum=Primary;Secondary
	Circuit string `json:"circuit,omitempty"`

	// expressRouteID is the ARM id of the circuit. Absent: the private cloud's own. Immutable once Azure was asked for it.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=1024
	// +kubebuilder:validation:Pattern=`^/subscriptions/[^/?#]+/resource[Gg]roups/[^/?#]+/providers/[Mm]icrosoft\.[Nn]etwork/express[Rr]oute[Cc]ircuits/[^/?#]+$`
	ExpressRouteID string `json:"expressRouteID,omitempty"`

	// secretName is the Secret to write, in this namespace, with the keys expressRouteAuthorizationKey, expressRouteAuthorizationID and expressRouteID.
	// One that the operator did not make is never touched. Absent: none is written.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	SecretName string `json:"secretName,omitempty"`
}

// ExpressRouteAuthorizationStatus is the ExpressRoute authorization as Azure has it.
type ExpressRouteAuthorizationStatus struct {
	AzureStatus `json:",inline"`

	// expressRouteAuthorizationID is the ARM id of the authorization at the circuit. The key is only in the Secret.
	// +optional
	// +kubebuilder:validation:MaxLength=1024
	ExpressRouteAuthorizationID string `json:"expressRouteAuthorizationID,omitempty"`
}

// ExpressRouteAuthorization is a key with which a gateway or another circuit connects to the private cloud's ExpressRoute circuit.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:scope=Namespaced,shortName=erauth,categories=avs
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`
// +kubebuilder:printcolumn:name="Reason",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].reason`
// +kubebuilder:printcolumn:name="State",type=string,JSONPath=`.status.provisioningState`
// +kubebuilder:printcolumn:name="Since",type=date,JSONPath=`.status.conditions[?(@.type=="Ready")].lastTransitionTime`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:printcolumn:name="PrivateCloud",type=string,priority=1,JSONPath=`.spec.privateCloudRef.name`
// +kubebuilder:printcolumn:name="Operation",type=string,priority=1,JSONPath=`.status.operation.verb`
// +kubebuilder:printcolumn:name="On-Delete",type=string,priority=1,JSONPath=`.status.effective.deletionPolicy`
// +kubebuilder:printcolumn:name="Message",type=string,priority=1,JSONPath=`.status.conditions[?(@.type=="Ready")].message`
// +kubebuilder:validation:XValidation:rule="!(has(self.status) && (has(self.status.operation) || has(self.status.managed) || (has(self.status.provisioningState) && !(has(self.status.conditions) && self.status.conditions.exists(c, c.type == 'Stalled' && c.reason in ['AdoptionRefused', 'AlreadyManaged', 'ImmutableFieldChanged']))))) || (has(self.spec.azureName) == has(oldSelf.spec.azureName) && (!has(self.spec.azureName) || self.spec.azureName == oldSelf.spec.azureName))",message="azureName is immutable: make a new object to manage another ExpressRoute authorization"
// +kubebuilder:validation:XValidation:rule="!(has(self.status) && (has(self.status.operation) || has(self.status.managed) || (has(self.status.provisioningState) && !(has(self.status.conditions) && self.status.conditions.exists(c, c.type == 'Stalled' && c.reason in ['AdoptionRefused', 'AlreadyManaged', 'ImmutableFieldChanged']))))) || (self.spec.privateCloudRef == oldSelf.spec.privateCloudRef)",message="privateCloudRef is immutable: make a new object for the ExpressRoute authorization of another private cloud"
// +kubebuilder:validation:XValidation:rule="!(has(self.status) && (has(self.status.operation) || has(self.status.managed) || (has(self.status.provisioningState) && !(has(self.status.conditions) && self.status.conditions.exists(c, c.type == 'Stalled' && c.reason in ['AdoptionRefused', 'AlreadyManaged', 'ImmutableFieldChanged']))))) || ((has(oldSelf.spec.managementPolicy) && oldSelf.spec.managementPolicy == 'Observe') || (has(self.spec.expressRouteID) == has(oldSelf.spec.expressRouteID) && (!has(self.spec.expressRouteID) || self.spec.expressRouteID == oldSelf.spec.expressRouteID)))",message="expressRouteID is immutable: an authorization stays with its circuit, make another one"
// +kubebuilder:validation:XValidation:rule="!(has(self.status) && (has(self.status.operation) || has(self.status.managed) || (has(self.status.provisioningState) && !(has(self.status.conditions) && self.status.conditions.exists(c, c.type == 'Stalled' && c.reason in ['AdoptionRefused', 'AlreadyManaged', 'ImmutableFieldChanged']))))) || ((has(oldSelf.spec.managementPolicy) && oldSelf.spec.managementPolicy == 'Observe') || (has(self.spec.circuit) == has(oldSelf.spec.circuit) && (!has(self.spec.circuit) || self.spec.circuit == oldSelf.spec.circuit)))",message="circuit is immutable: make a new object for the other circuit"
type ExpressRouteAuthorization struct {
	metav1.TypeMeta `json:",inline"`
	// metadata is the standard object metadata.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitzero"`
	// spec is the ExpressRoute authorization that is wanted.
	// +required
	Spec ExpressRouteAuthorizationSpec `json:"spec,omitzero"`
	// status is the ExpressRoute authorization as Azure has it.
	// +optional
	// +kubebuilder:default:={"observedGeneration":-1}
	Status ExpressRouteAuthorizationStatus `json:"status,omitzero"`
}

// AzureSpec returns the part of the spec that every Azure kind has.
func (e *ExpressRouteAuthorization) AzureSpec() *AzureSpec { return &e.Spec.AzureSpec }

// AzureStatus returns the part of the status that every Azure kind has.
func (e *ExpressRouteAuthorization) AzureStatus() *AzureStatus { return &e.Status.AzureStatus }

// ExpressRouteAuthorizationList is a list of ExpressRouteAuthorization.
//
// +kubebuilder:object:root=true
type ExpressRouteAuthorizationList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []ExpressRouteAuthorization `json:"items"`
}

func init() { register(&ExpressRouteAuthorization{}, &ExpressRouteAuthorizationList{}) }
