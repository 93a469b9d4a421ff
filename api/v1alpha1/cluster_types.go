// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// ClusterSpec is the cluster of hosts that is wanted.
// +kubebuilder:validation:XValidation:rule="!has(self.azureName) || self.azureName.lowerAscii() != 'cluster-1'",message="Cluster-1 comes with the private cloud: set managementCluster of the PrivateCloud instead"
// +kubebuilder:validation:XValidation:rule="(has(self.managementPolicy) && self.managementPolicy == 'Observe') || has(self.sku)",message="sku is needed, for example av36p (only with managementPolicy Observe it may be left out)"
// +kubebuilder:validation:XValidation:rule="(has(self.managementPolicy) && self.managementPolicy == 'Observe') || has(self.clusterSize)",message="clusterSize is needed, 3 to 16 hosts (only with managementPolicy Observe it may be left out)"
type ClusterSpec struct {
	AzureSpec `json:",inline"`

	// privateCloudRef names the PrivateCloud that the cluster belongs to. Immutable once Azure was asked for it.
	// +required
	PrivateCloudRef ParentReference `json:"privateCloudRef,omitzero"`

	// sku of the hosts, such as av36p; upper and lower case mean the same. Immutable once Azure was asked for it.
	// +optional
	// +kubebuilder:validation:MinLength=2
	// +kubebuilder:validation:MaxLength=32
	// +kubebuilder:validation:Pattern=`^[A-Za-z0-9]+$`
	SKU string `json:"sku,omitempty"`

	// clusterSize is the number of hosts, 3 to 16. A size above it in Azure is reported, never shrunk, unless this field was lowered.
	// +optional
	// +kubebuilder:validation:Minimum=3
	// +kubebuilder:validation:Maximum=16
	ClusterSize *int32 `json:"clusterSize,omitempty"`

	// scaleIn says which hosts leave when clusterSize is lowered. It works only with the feature gate ScaleInHosts.
	// +optional
	ScaleIn *ScaleIn `json:"scaleIn,omitempty"`
}

// ClusterStatus is the cluster as Azure has it.
type ClusterStatus struct {
	AzureStatus `json:",inline"`

	// clusterSize is the number of hosts.
	// +optional
	ClusterSize int32 `json:"clusterSize,omitempty"`
	// appliedClusterSize is the size that the spec asked for when Azure last had it. Hosts leave only when the spec goes below it.
	// +optional
	AppliedClusterSize int32 `json:"appliedClusterSize,omitempty"`
	// selector matches nothing; the scale subresource needs one.
	// +optional
	// +kubebuilder:validation:MaxLength=128
	Selector string `json:"selector,omitempty"`
	// clusterID is the number of the cluster in its private cloud.
	// +optional
	ClusterID int32 `json:"clusterID,omitempty"`
	// hosts of the cluster.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=32
	// +kubebuilder:validation:items:MaxLength=253
	Hosts []string `json:"hosts,omitempty"`
	// vsanDatastoreName is the name of the cluster's vSAN datastore.
	// +optional
	// +kubebuilder:validation:MaxLength=128
	VSANDatastoreName string `json:"vsanDatastoreName,omitempty"`
}

// Cluster is a further cluster of hosts in a private cloud. Cluster-1 is the PrivateCloud's managementCluster.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:subresource:scale:specpath=.spec.clusterSize,statuspath=.status.clusterSize,selectorpath=.status.selector
// +kubebuilder:resource:scope=Namespaced,shortName=avscluster,categories=avs
// +kubebuilder:validation:XValidation:rule="has(self.spec.azureName) || self.metadata.name != 'cluster-1'",message="Cluster-1 comes with the private cloud: set managementCluster of the PrivateCloud instead, or give another azureName"
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`
// +kubebuilder:printcolumn:name="Reason",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].reason`
// +kubebuilder:printcolumn:name="State",type=string,JSONPath=`.status.provisioningState`
// +kubebuilder:printcolumn:name="Hosts",type=integer,JSONPath=`.status.clusterSize`
// +kubebuilder:printcolumn:name="Since",type=date,JSONPath=`.status.conditions[?(@.type=="Ready")].lastTransitionTime`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:printcolumn:name="PrivateCloud",type=string,priority=1,JSONPath=`.spec.privateCloudRef.name`
// +kubebuilder:printcolumn:name="SKU",type=string,priority=1,JSONPath=`.spec.sku`
// +kubebuilder:printcolumn:name="Operation",type=string,priority=1,JSONPath=`.status.operation.verb`
// +kubebuilder:printcolumn:name="On-Delete",type=string,priority=1,JSONPath=`.status.effective.deletionPolicy`
// +kubebuilder:printcolumn:name="Message",type=string,priority=1,JSONPath=`.status.conditions[?(@.type=="Ready")].message`
// +kubebuilder:validation:XValidation:rule="!(has(self.status) && (has(self.status.operation) || has(self.status.managed) || (has(self.status.provisioningState) && !(has(self.status.conditions) && self.status.conditions.exists(c, c.type == 'Stalled' && c.reason in ['AdoptionRefused', 'AlreadyManaged', 'ImmutableFieldChanged']))))) || (has(self.spec.azureName) == has(oldSelf.spec.azureName) && (!has(self.spec.azureName) || self.spec.azureName == oldSelf.spec.azureName))",message="azureName is immutable: make a new object to manage another cluster"
// +kubebuilder:validation:XValidation:rule="!(has(self.status) && (has(self.status.operation) || has(self.status.managed) || (has(self.status.provisioningState) && !(has(self.status.conditions) && self.status.conditions.exists(c, c.type == 'Stalled' && c.reason in ['AdoptionRefused', 'AlreadyManaged', 'ImmutableFieldChanged']))))) || (self.spec.privateCloudRef == oldSelf.spec.privateCloudRef)",message="privateCloudRef is immutable: a cluster stays in its private cloud"
// +kubebuilder:validation:XValidation:rule="!(has(self.status) && (has(self.status.operation) || has(self.status.managed) || (has(self.status.provisioningState) && !(has(self.status.conditions) && self.status.conditions.exists(c, c.type == 'Stalled' && c.reason in ['AdoptionRefused', 'AlreadyManaged', 'ImmutableFieldChanged']))))) || ((has(oldSelf.spec.managementPolicy) && oldSelf.spec.managementPolicy == 'Observe') || (has(self.spec.sku) == has(oldSelf.spec.sku) && (!has(self.spec.sku) || self.spec.sku.lowerAscii() == oldSelf.spec.sku.lowerAscii())))",message="sku is immutable: make another Cluster for other hosts"
type Cluster struct {
	metav1.TypeMeta `json:",inline"`
	// metadata is the standard object metadata.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitzero"`
	// spec is the cluster that is wanted.
	// +required
	Spec ClusterSpec `json:"spec,omitzero"`
	// status is the cluster as Azure has it.
	// +optional
	// +kubebuilder:default:={"observedGeneration":-1}
	Status ClusterStatus `json:"status,omitzero"`
}

// AzureSpec returns the part of the spec that every Azure kind has.
func (c *Cluster) AzureSpec() *AzureSpec { return &c.Spec.AzureSpec }

// AzureStatus returns the part of the status that every Azure kind has.
func (c *Cluster) AzureStatus() *AzureStatus { return &c.Status.AzureStatus }

// ClusterList is a list of Cluster.
//
// +kubebuilder:object:root=true
type ClusterList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []Cluster `json:"items"`
}

func init() { register(&Cluster{}, &ClusterList{}) }
