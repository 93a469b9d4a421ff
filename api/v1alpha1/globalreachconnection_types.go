// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// GlobalReachConnectionSpec is the Global Reach connection that is wanted.
// +kubebuilder:validation:XValidation:rule="(has(self.managementPolicy) && self.managementPolicy == 'Observe') || has(self.authorizationKeySecretRef) || (has(self.peer) && has(self.peer.authorizationRef))",message="authorizationKeySecretRef is needed, the key of an authorization at the peer circuit, or peer.authorizationRef (only with managementPolicy Observe both may be left out)"
// +kubebuilder:validation:XValidation:rule="(has(self.managementPolicy) && self.managementPolicy == 'Observe') || has(self.peerExpressRouteCircuitID) || has(self.peer)",message="peerExpressRouteCircuitID is needed, the ARM id of the other circuit, or peer, its PrivateCloud (only with managementPolicy Observe both may be left out)"
// +kubebuilder:validation:XValidation:rule="!has(self.peerExpressRouteCircuitID) || !has(self.peer)",message="name the other circuit by peerExpressRouteCircuitID or by peer, and not by both"
// +kubebuilder:validation:XValidation:rule="!has(self.authorizationKeySecretRef) || !has(self.peer) || !has(self.peer.authorizationRef)",message="say where the authorization's key is by authorizationKeySecretRef or by peer.authorizationRef, and not by both"
// +kubebuilder:validation:XValidation:rule="!has(self.expressRouteID) || !has(self.circuit)",message="name the circuit on this side by expressRouteID or by circuit, and not by both"
type GlobalReachConnectionSpec struct {
	AzureSpec `json:",inline"`

	// privateCloudRef names the PrivateCloud that the Global Reach connection belongs to. Immutable once Azure was asked for it.
	// +required
	PrivateCloudRef ParentReference `json:"privateCloudRef,omitzero"`

	// authorizationKeySecretRef names the key of an authorization that the owner of the peer circuit has made. Immutable once Azure was asked for it.
	// +optional
	AuthorizationKeySecretRef *SecretKeyReference `json:"authorizationKeySecretRef,omitempty"`

	// peer is the private cloud to join with, if it has an object. Immutable once Azure was asked for it.
	// +optional
	Peer *GlobalReachPeer `json:"peer,omitempty"`

	// peerExpressRouteCircuitID is the ARM id of the circuit to join with. Immutable once Azure was asked for it.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=1024
	// +kubebuilder:validation:Pattern=`^/subscriptions/[^/?#]+/resource[Gg]roups/[^/?#]+/providers/[Mm]icrosoft\.[Nn]etwork/express[Rr]oute[Cc]ircuits/[^/?#]+$`
	PeerExpressRouteCircuitID string `json:"peerExpressRouteCircuitID,omitempty"`

	// circuit of the private cloud that is joined: Primary, or Secondary for that of the second zone. Absent: Primary, or expressRouteID. Immutable
	// once Azure was asked for it.
	// +optional
	// +kubebuilder:validation:Enum=Primary;Secondary
	Circuit string `json:"circuit,omitempty"`

	// expressRouteID is the ARM id of the circuit on this side. Absent: the private cloud's own. Immutable once Azure was asked for it.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=1024
	// +kubebuilder:validation:Pattern=`^/subscriptions/[^/?#]+/resource[Gg]roups/[^/?#]+/providers/[Mm]icrosoft\.[Nn]etwork/express[Rr]oute[Cc]ircuits/[^/?#]+$`
	ExpressRouteID string `json:"expressRouteID,omitempty"`
}

// GlobalReachPeer is a private cloud to join with.
type GlobalReachPeer struct {
	// privateCloudRef names it. One of another namespace must have this one, with the kind GlobalReachConnection, in its allowedNamespaces.
	// +required
	PrivateCloudRef ParentReference `json:"privateCloudRef,omitzero"`

	// circuit of it: Primary, or Secondary for that of the second zone. Absent: Primary.
	// +optional
	// +kubebuilder:validation:Enum=Primary;Secondary
	Circuit string `json:"circuit,omitempty"`

	// authorizationRef names an ExpressRouteAuthorization of it, in this namespace and with a secretName, whose key is used. Absent: the key is
	// in authorizationKeySecretRef.
	// +optional
	AuthorizationRef *ObjectReference `json:"authorizationRef,omitempty"`
}

// GlobalReachConnectionStatus is the Global Reach connection as Azure has it.
type GlobalReachConnectionStatus struct {
	AzureStatus `json:",inline"`

	// addressPrefix is the network of the connection itself.
	// +optional
	// +kubebuilder:validation:MaxLength=64
	AddressPrefix string `json:"addressPrefix,omitempty"`
	// circuitConnectionStatus: Connected, Connecting or Disconnected.
	// +optional
	// +kubebuilder:validation:MaxLength=64
	CircuitConnectionStatus string `json:"circuitConnectionStatus,omitempty"`
}

// GlobalReachConnection joins the private cloud's ExpressRoute circuit with another one, so that both sides reach each other.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:scope=Namespaced,categories=avs
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`
// +kubebuilder:printcolumn:name="Reason",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].reason`
// +kubebuilder:printcolumn:name="State",type=string,JSONPath=`.status.provisioningState`
// +kubebuilder:printcolumn:name="Connection",type=string,JSONPath=`.status.circuitConnectionStatus`
// +kubebuilder:printcolumn:name="Since",type=date,JSONPath=`.status.conditions[?(@.type=="Ready")].lastTransitionTime`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:printcolumn:name="PrivateCloud",type=string,priority=1,JSONPath=`.spec.privateCloudRef.name`
// +kubebuilder:printcolumn:name="Operation",type=string,priority=1,JSONPath=`.status.operation.verb`
// +kubebuilder:printcolumn:name="On-Delete",type=string,priority=1,JSONPath=`.status.effective.deletionPolicy`
// +kubebuilder:printcolumn:name="Message",type=string,priority=1,JSONPath=`.status.conditions[?(@.type=="Ready")].message`
// +kubebuilder:validation:XValidation:rule="!(has(self.status) && (has(self.status.operation) || has(self.status.managed) || (has(self.status.provisioningState) && !(has(self.status.conditions) && self.status.conditions.exists(c, c.type == 'Stalled' && c.reason in ['AdoptionRefused', 'AlreadyManaged', 'ImmutableFieldChanged']))))) || (has(self.spec.azureName) == has(oldSelf.spec.azureName) && (!has(self.spec.azureName) || self.spec.azureName == oldSelf.spec.azureName))",message="azureName is immutable: make a new object to manage another Global Reach connection"
// +kubebuilder:validation:XValidation:rule="!(has(self.status) && (has(self.status.operation) || has(self.status.managed) || (has(self.status.provisioningState) && !(has(self.status.conditions) && self.status.conditions.exists(c, c.type == 'Stalled' && c.reason in ['AdoptionRefused', 'AlreadyManaged', 'ImmutableFieldChanged']))))) || (self.spec.privateCloudRef == oldSelf.spec.privateCloudRef)",message="privateCloudRef is immutable: make a new object for the Global Reach connection of another private cloud"
// +kubebuilder:validation:XValidation:rule="!(has(self.status) && (has(self.status.operation) || has(self.status.managed) || (has(self.status.provisioningState) && !(has(self.status.conditions) && self.status.conditions.exists(c, c.type == 'Stalled' && c.reason in ['AdoptionRefused', 'AlreadyManaged', 'ImmutableFieldChanged']))))) || ((has(oldSelf.spec.managementPolicy) && oldSelf.spec.managementPolicy == 'Observe') || (has(self.spec.authorizationKeySecretRef) == has(oldSelf.spec.authorizationKeySecretRef) && (!has(self.spec.authorizationKeySecretRef) || self.spec.authorizationKeySecretRef == oldSelf.spec.authorizationKeySecretRef)))",message="authorizationKeySecretRef is immutable: Azure cannot change a Global Reach connection, make another one"
// +kubebuilder:validation:XValidation:rule="!(has(self.status) && (has(self.status.operation) || has(self.status.managed) || (has(self.status.provisioningState) && !(has(self.status.conditions) && self.status.conditions.exists(c, c.type == 'Stalled' && c.reason in ['AdoptionRefused', 'AlreadyManaged', 'ImmutableFieldChanged']))))) || ((has(oldSelf.spec.managementPolicy) && oldSelf.spec.managementPolicy == 'Observe') || (has(self.spec.peerExpressRouteCircuitID) == has(oldSelf.spec.peerExpressRouteCircuitID) && (!has(self.spec.peerExpressRouteCircuitID) || self.spec.peerExpressRouteCircuitID == oldSelf.spec.peerExpressRouteCircuitID)))",message="peerExpressRouteCircuitID is immutable: Azure cannot change a Global Reach connection, make another one"
// +kubebuilder:validation:XValidation:rule="!(has(self.status) && (has(self.status.operation) || has(self.status.managed) || (has(self.status.provisioningState) && !(has(self.status.conditions) && self.status.conditions.exists(c, c.type == 'Stalled' && c.reason in ['AdoptionRefused', 'AlreadyManaged', 'ImmutableFieldChanged']))))) || ((has(oldSelf.spec.managementPolicy) && oldSelf.spec.managementPolicy == 'Observe') || (has(self.spec.expressRouteID) == has(oldSelf.spec.expressRouteID) && (!has(self.spec.expressRouteID) || self.spec.expressRouteID == oldSelf.spec.expressRouteID)))",message="expressRouteID is immutable: Azure cannot change a Global Reach connection, make another one"
// +kubebuilder:validation:XValidation:rule="!(has(self.status) && (has(self.status.operation) || has(self.status.managed) || (has(self.status.provisioningState) && !(has(self.status.conditions) && self.status.conditions.exists(c, c.type == 'Stalled' && c.reason in ['AdoptionRefused', 'AlreadyManaged', 'ImmutableFieldChanged']))))) || ((has(oldSelf.spec.managementPolicy) && oldSelf.spec.managementPolicy == 'Observe') || (has(self.spec.circuit) == has(oldSelf.spec.circuit) && (!has(self.spec.circuit) || self.spec.circuit == oldSelf.spec.circuit)))",message="circuit is immutable: make a new object for the other circuit"
// +kubebuilder:validation:XValidation:rule="!(has(self.status) && (has(self.status.operation) || has(self.status.managed) || (has(self.status.provisioningState) && !(has(self.status.conditions) && self.status.conditions.exists(c, c.type == 'Stalled' && c.reason in ['AdoptionRefused', 'AlreadyManaged', 'ImmutableFieldChanged']))))) || ((has(oldSelf.spec.managementPolicy) && oldSelf.spec.managementPolicy == 'Observe') || (has(self.spec.peer) == has(oldSelf.spec.peer) && (!has(self.spec.peer) || self.spec.peer == oldSelf.spec.peer)))",message="peer is immutable: make a new object for another peer"
type GlobalReachConnection struct {
	metav1.TypeMeta `json:",inline"`
	// metadata is the standard object metadata.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitzero"`
	// spec is the Global Reach connection that is wanted.
	// +required
	Spec GlobalReachConnectionSpec `json:"spec,omitzero"`
	// status is the Global Reach connection as Azure has it.
	// +optional
	// +kubebuilder:default:={"observedGeneration":-1}
	Status GlobalReachConnectionStatus `json:"status,omitzero"`
}

// AzureSpec returns the part of the spec that every Azure kind has.
func (g *GlobalReachConnection) AzureSpec() *AzureSpec { return &g.Spec.AzureSpec }

// AzureStatus returns the part of the status that every Azure kind has.
func (g *GlobalReachConnection) AzureStatus() *AzureStatus { return &g.Status.AzureStatus }

// GlobalReachConnectionList is a list of GlobalReachConnection.
//
// +kubebuilder:object:root=true
type GlobalReachConnectionList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []GlobalReachConnection `json:"items"`
}

func init() { register(&GlobalReachConnection{}, &GlobalReachConnectionList{}) }
