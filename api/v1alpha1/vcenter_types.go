// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// VCenterSpec says which vCenter this is, and how to reach and trust it.
// +kubebuilder:validation:XValidation:rule="has(self.url) != has(self.privateCloudRef)",message="set exactly one of url and privateCloudRef"
// +kubebuilder:validation:XValidation:rule="has(self.url) == has(oldSelf.url) && has(self.privateCloudRef) == has(oldSelf.privateCloudRef) && (!has(self.privateCloudRef) || self.privateCloudRef.name == oldSelf.privateCloudRef.name)",message="a VCenter cannot change between url and privateCloudRef, nor to another private cloud: make a new object"
// +kubebuilder:validation:XValidation:rule="!has(self.url) || has(self.credentialsRef)",message="credentialsRef is needed with url: name a Secret of type kubernetes.io/basic-auth"
// +kubebuilder:validation:XValidation:rule="!has(self.url) || has(self.trust)",message="trust is needed with url: give the certificate's thumbprint or a caRef"
// +kubebuilder:validation:XValidation:rule="!has(self.privateCloudRef) || (!has(self.address) && !has(self.trust))",message="with privateCloudRef, Azure reports address and thumbprint: leave address and trust out"
type VCenterSpec struct {
	// url of vCenter, such as https://vcenter.oslo.example.com.
	// +optional
	// +kubebuilder:validation:MinLength=9
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:Pattern=`^https://[^/?#@]+(/sdk)?/?$`
	URL string `json:"url,omitempty"`

	// privateCloudRef names the PrivateCloud whose vCenter this is: it brings url, address, thumbprint and, unless credentialsRef names
	// an account, cloudadmin. Immutable.
	// +optional
	PrivateCloudRef *ObjectReference `json:"privateCloudRef,omitempty"`

	// credentialsRef names the account to log in with.
	// +optional
	CredentialsRef *CredentialsReference `json:"credentialsRef,omitempty"`

	// address is dialled instead of the name in url, which the certificate must still say: a host or host:port.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:Pattern=`^[A-Za-z0-9.:\[\]-]+$`
	Address string `json:"address,omitempty"`

	// trust says how vCenter's certificate is recognised.
	// +optional
	Trust *VCenterTrust `json:"trust,omitempty"`

	// migration is what the other vCenter gets when machines come here.
	// +optional
	Migration *VCenterMigration `json:"migration,omitempty"`
}

// VCenterTrust says how vCenter's certificate is recognised.
// +kubebuilder:validation:XValidation:rule="has(self.thumbprint) != has(self.caRef)",message="set exactly one of thumbprint and caRef"
type VCenterTrust struct {
	// thumbprint of the certificate, SHA-1 or SHA-256, as hex pairs with or without colons.
	// +optional
	// +kubebuilder:validation:MinLength=40
	// +kubebuilder:validation:MaxLength=95
	// +kubebuilder:validation:XValidation:rule="self.replace(':', '').matches('^([0-9a-fA-F]{40}|[0-9a-fA-F]{64})$')",message="thumbprint must be a SHA-1 (20 bytes) or SHA-256 (32 bytes) in hex, for example AA:BB:CC:..."
	Thumbprint string `json:"thumbprint,omitempty"`

	// caRef names the certificates that sign vCenter's.
	// +optional
	CARef *CAReference `json:"caRef,omitempty"`
}

// VCenterMigration is what the other vCenter gets when machines come to this one.
type VCenterMigration struct {
	// url by which the other vCenter reaches this one, if not by spec.url.
	// +optional
	// +kubebuilder:validation:MinLength=9
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:Pattern=`^https://[^/?#@]+(/sdk)?/?$`
	URL string `json:"url,omitempty"`

	// credentialsRef names an account of its own that the other vCenter logs in with here, and is recommended. Absent: a SAML token, which lives
	// five minutes by vCenter's default and which a vCenter of another single sign-on domain may refuse. The account in spec.credentialsRef is
	// never handed out.
	// +optional
	CredentialsRef *CredentialsReference `json:"credentialsRef,omitempty"`
}

// VCenterStatus is what was found.
type VCenterStatus struct {
	// observedGeneration is the generation of the spec that the conditions speak of.
	// +optional
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`

	// conditions: Ready; Reconciling or Stalled while true; CredentialsReady, ReferencesReady.
	// +optional
	// +listType=map
	// +listMapKey=type
	// +kubebuilder:validation:MaxItems=16
	Conditions []metav1.Condition `json:"conditions,omitempty"`

	// url that is used, with privateCloudRef the one that Azure reports.
	// +optional
	// +kubebuilder:validation:MaxLength=512
	URL string `json:"url,omitempty"`

	// version of vCenter.
	// +optional
	// +kubebuilder:validation:MaxLength=64
	Version string `json:"version,omitempty"`

	// instanceUUID of vCenter.
	// +optional
	// +kubebuilder:validation:MaxLength=64
	InstanceUUID string `json:"instanceUUID,omitempty"`

	// inventory counts what the account sees.
	// +optional
	Inventory *InventoryCounts `json:"inventory,omitempty"`

	// lastHandledReconcileAt echoes the annotation avs-operator.io/reconcile-requested-at that was last acted on.
	// +optional
	// +kubebuilder:validation:MaxLength=64
	LastHandledReconcileAt string `json:"lastHandledReconcileAt,omitempty"`
}

// InventoryCounts counts what an account sees in a vCenter.
type InventoryCounts struct {
	// virtualMachines without templates.
	// +required
	VirtualMachines int32 `json:"virtualMachines"`
	// hosts in all clusters.
	// +optional
	Hosts int32 `json:"hosts,omitempty"`
	// clusters of hosts.
	// +optional
	Clusters int32 `json:"clusters,omitempty"`
	// datastores of every type.
	// +optional
	Datastores int32 `json:"datastores,omitempty"`
	// networks and port groups.
	// +optional
	Networks int32 `json:"networks,omitempty"`
}

// VCenter is a vCenter that machines move out of or into.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:scope=Namespaced,shortName=avsvc,categories=avs
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`
// +kubebuilder:printcolumn:name="Reason",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].reason`
// +kubebuilder:printcolumn:name="Version",type=string,JSONPath=`.status.version`
// +kubebuilder:printcolumn:name="Machines",type=integer,JSONPath=`.status.inventory.virtualMachines`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:printcolumn:name="URL",type=string,priority=1,JSONPath=`.status.url`
// +kubebuilder:printcolumn:name="Message",type=string,priority=1,JSONPath=`.status.conditions[?(@.type=="Ready")].message`
type VCenter struct {
	metav1.TypeMeta `json:",inline"`
	// metadata is the standard object metadata.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitzero"`
	// spec is the vCenter that is meant.
	// +required
	Spec VCenterSpec `json:"spec,omitzero"`
	// status is what was found.
	// +optional
	// +kubebuilder:default:={"observedGeneration":-1}
	Status VCenterStatus `json:"status,omitzero"`
}

// VCenterList is a list of VCenter.
//
// +kubebuilder:object:root=true
type VCenterList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []VCenter `json:"items"`
}

func init() { register(&VCenter{}, &VCenterList{}) }
