// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// AzureIdentitySpec says who the operator is in Azure, and where its resources go unless an object says otherwise.
// +kubebuilder:validation:XValidation:rule="(has(self.serviceAccountRef) ? 1 : 0) + (has(self.clientSecretRef) ? 1 : 0) + (has(self.clientCertificateRef) ? 1 : 0) + (has(self.operator) ? 1 : 0) == 1",message="set exactly one of serviceAccountRef, clientSecretRef, clientCertificateRef and operator"
// +kubebuilder:validation:XValidation:rule="has(self.operator) || (has(self.tenantID) && has(self.clientID))",message="tenantID and clientID are needed unless operator is set"
type AzureIdentitySpec struct {
	// tenantID is the Microsoft Entra tenant, a UUID or a domain name. With operator: the operator's own if absent.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:Pattern=`^[A-Za-z0-9.-]+$`
	TenantID string `json:"tenantID,omitempty"`

	// clientID of the application or managed identity, a UUID. With operator: the operator's own if absent.
	// +optional
	// +kubebuilder:validation:MinLength=36
	// +kubebuilder:validation:MaxLength=36
	// +kubebuilder:validation:Pattern=`^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$`
	ClientID string `json:"clientID,omitempty"`

	// subscriptionID is the Azure subscription of objects that name none.
	// +required
	// +kubebuilder:validation:MinLength=36
	// +kubebuilder:validation:MaxLength=36
	// +kubebuilder:validation:Pattern=`^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$`
	SubscriptionID string `json:"subscriptionID"`

	// resourceGroup of objects that name none.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=90
	// +kubebuilder:validation:Pattern=`^[-\w\._\(\)]*[-\w_\(\)]$`
	ResourceGroup string `json:"resourceGroup,omitempty"`

	// maxHosts bounds the sum of the hosts of all private clouds and clusters that are made with this identity. What would need more is not
	// written, with the reason LimitExceeded. What only observes does not count. Absent: no bound but Azure's own.
	// +optional
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=100000
	MaxHosts *int32 `json:"maxHosts,omitempty"`

	// cloud to talk to. Absent: Azure's public cloud.
	// +optional
	Cloud *AzureCloud `json:"cloud,omitempty"`

	// serviceAccountRef is workload identity: a token of this ServiceAccount is the federated credential.
	// +optional
	ServiceAccountRef *ObjectReference `json:"serviceAccountRef,omitempty"`

	// clientSecretRef is a client secret of the application, in a Secret of type avs-operator.io/azure or one labelled
	// avs-operator.io/use=allowed.
	// +optional
	ClientSecretRef *SecretKeyReference `json:"clientSecretRef,omitempty"`

	// clientCertificateRef is a certificate of the application, PEM, with its private key in the same value or under the Secret's key
	// tls.key. The Secret is of type avs-operator.io/azure or kubernetes.io/tls, or labelled avs-operator.io/use=allowed.
	// +optional
	ClientCertificateRef *SecretKeyReference `json:"clientCertificateRef,omitempty"`

	// operator uses the operator's own identity: workload identity, managed identity or the AZURE_ variables of its Pod. Only in
	// namespaces that the operator's flag --operator-identity-namespaces names.
	// +optional
	Operator *OperatorIdentity `json:"operator,omitempty"`
}

// OperatorIdentity has no settings; its presence chooses the operator's own identity.
type OperatorIdentity struct{}

// AzureCloudName is a cloud that Microsoft runs.
// +kubebuilder:validation:Enum=Public;USGovernment;China
type AzureCloudName string

// AzureCloud is one of the clouds that Microsoft runs, or another by its endpoints.
// +kubebuilder:validation:XValidation:rule="has(self.name) != has(self.endpoints)",message="set exactly one of name and endpoints"
type AzureCloud struct {
	// name of a cloud that Microsoft runs: Public, USGovernment or China.
	// +optional
	Name AzureCloudName `json:"name,omitempty"`

	// endpoints of another cloud, such as a disconnected one. Their hosts must be among those that the operator's flag
	// --allowed-endpoints names.
	// +optional
	Endpoints *AzureEndpoints `json:"endpoints,omitempty"`
}

// AzureEndpoints are the endpoints of a cloud that Microsoft does not run.
type AzureEndpoints struct {
	// activeDirectoryAuthorityHost is Entra's address, an https URL.
	// +required
	// +kubebuilder:validation:MinLength=9
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:Pattern=`^https://[^/?#@]+(/[^?#@]*)?$`
	ActiveDirectoryAuthorityHost string `json:"activeDirectoryAuthorityHost"`

	// resourceManager is ARM's address, an https URL.
	// +required
	// +kubebuilder:validation:MinLength=9
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:Pattern=`^https://[^/?#@]+/?$`
	ResourceManager string `json:"resourceManager"`

	// audience of tokens for ARM. Absent: the address in resourceManager.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Audience string `json:"audience,omitempty"`

	// caRef names the certificates that these endpoints are trusted by. Absent: the system's.
	// +optional
	CARef *CAReference `json:"caRef,omitempty"`
}

// AzureIdentityStatus says whether Entra and ARM accept the identity.
type AzureIdentityStatus struct {
	// observedGeneration is the generation of the spec that the conditions speak of.
	// +optional
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`

	// conditions: Ready; Reconciling or Stalled while true; CredentialsReady.
	// +optional
	// +listType=map
	// +listMapKey=type
	// +kubebuilder:validation:MaxItems=16
	Conditions []metav1.Condition `json:"conditions,omitempty"`

	// subscriptionName is the subscription's display name in Azure.
	// +optional
	// +kubebuilder:validation:MaxLength=256
	SubscriptionName string `json:"subscriptionName,omitempty"`

	// lastHandledReconcileAt echoes the annotation avs-operator.io/reconcile-requested-at that was last acted on.
	// +optional
	// +kubebuilder:validation:MaxLength=64
	LastHandledReconcileAt string `json:"lastHandledReconcileAt,omitempty"`
}

// AzureIdentity is an identity in Microsoft Entra that the operator acts with.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:scope=Namespaced,shortName=azid,categories=avs
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`
// +kubebuilder:printcolumn:name="Reason",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].reason`
// +kubebuilder:printcolumn:name="Subscription",type=string,JSONPath=`.status.subscriptionName`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:printcolumn:name="Message",type=string,priority=1,JSONPath=`.status.conditions[?(@.type=="Ready")].message`
type AzureIdentity struct {
	metav1.TypeMeta `json:",inline"`
	// metadata is the standard object metadata.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitzero"`
	// spec is the identity that is wanted.
	// +required
	Spec AzureIdentitySpec `json:"spec,omitzero"`
	// status is what was found.
	// +optional
	// +kubebuilder:default:={"observedGeneration":-1}
	Status AzureIdentityStatus `json:"status,omitzero"`
}

// AzureIdentityList is a list of AzureIdentity.
//
// +kubebuilder:object:root=true
type AzureIdentityList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []AzureIdentity `json:"items"`
}

func init() { register(&AzureIdentity{}, &AzureIdentityList{}) }
