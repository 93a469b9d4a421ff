// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// DatastoreSpec is the datastore that is wanted.
// +kubebuilder:validation:XValidation:rule="has(self.clusterRef) != has(self.privateCloudRef)",message="set exactly one of clusterRef and privateCloudRef, which stands for Cluster-1"
// +kubebuilder:validation:XValidation:rule="((has(self.managementPolicy) && self.managementPolicy == 'Observe') && (has(self.netAppVolume) ? 1 : 0) + (has(self.elasticSanVolume) ? 1 : 0) + (has(self.pureStorageVolume) ? 1 : 0) == 0) || (has(self.netAppVolume) ? 1 : 0) + (has(self.elasticSanVolume) ? 1 : 0) + (has(self.pureStorageVolume) ? 1 : 0) == 1",message="set exactly one of netAppVolume, elasticSanVolume and pureStorageVolume"
type DatastoreSpec struct {
	AzureSpec `json:",inline"`

	// clusterRef names the Cluster that the datastore belongs to. Immutable once Azure was asked for it.
	// +optional
	ClusterRef *ParentReference `json:"clusterRef,omitempty"`

	// privateCloudRef names the PrivateCloud instead, for its Cluster-1. Immutable once Azure was asked for it.
	// +optional
	PrivateCloudRef *ParentReference `json:"privateCloudRef,omitempty"`

	// netAppVolume is a volume of Azure NetApp Files, mounted over NFS. Immutable once Azure was asked for it.
	// +optional
	NetAppVolume *NetAppVolume `json:"netAppVolume,omitempty"`

	// elasticSanVolume is a volume of an Elastic SAN, attached over iSCSI: it needs the private cloud's IscsiPath, except in a virtual network.
	// Immutable once Azure was asked for it.
	// +optional
	ElasticSanVolume *ElasticSanVolume `json:"elasticSanVolume,omitempty"`

	// pureStorageVolume is a volume of Pure Storage.
	// +optional
	PureStorageVolume *PureStorageVolume `json:"pureStorageVolume,omitempty"`
}

// NetAppVolume is a volume of Azure NetApp Files.
type NetAppVolume struct {
	// id of the volume.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=512
	// +kubebuilder:validation:XValidation:rule="self.lowerAscii().startsWith('/subscriptions/')",message="id must be an Azure resource id, which begins with /subscriptions/"
	ID string `json:"id"`
}

// ElasticSanVolume is a volume of an Elastic SAN.
type ElasticSanVolume struct {
	// targetID is the ARM id of the volume's iSCSI target.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=512
	// +kubebuilder:validation:XValidation:rule="self.lowerAscii().startsWith('/subscriptions/')",message="targetID must be an Azure resource id, which begins with /subscriptions/"
	TargetID string `json:"targetID"`
}

// PureStorageVolume is a volume of Pure Storage.
type PureStorageVolume struct {
	// storagePoolID is the ARM id of the storage pool.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=512
	// +kubebuilder:validation:XValidation:rule="self.lowerAscii().startsWith('/subscriptions/')",message="storagePoolID must be an Azure resource id, which begins with /subscriptions/"
	StoragePoolID string `json:"storagePoolID"`
	// sizeGB of the volume, in gigabytes.
	// +required
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=2147483647
	SizeGB int32 `json:"sizeGB"`
}

// DatastoreStatus is the datastore as Azure has it.
type DatastoreStatus struct {
	AzureStatus `json:",inline"`

	// status of the datastore as the hosts see it: Unknown, Accessible, Inaccessible, Attached, Detached, LostCommunication or DeadOrError.
	// +optional
	// +kubebuilder:validation:MaxLength=64
	Status string `json:"status,omitempty"`
}

// Datastore is storage from outside of the hosts, attached to a cluster. It stays while a machine has a disk on it.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:scope=Namespaced,categories=avs
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`
// +kubebuilder:printcolumn:name="Reason",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].reason`
// +kubebuilder:printcolumn:name="State",type=string,JSONPath=`.status.provisioningState`
// +kubebuilder:printcolumn:name="Status",type=string,JSONPath=`.status.status`
// +kubebuilder:printcolumn:name="Since",type=date,JSONPath=`.status.conditions[?(@.type=="Ready")].lastTransitionTime`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:printcolumn:name="Cluster",type=string,priority=1,JSONPath=`.spec.clusterRef.name`
// +kubebuilder:printcolumn:name="PrivateCloud",type=string,priority=1,JSONPath=`.spec.privateCloudRef.name`
// +kubebuilder:printcolumn:name="Operation",type=string,priority=1,JSONPath=`.status.operation.verb`
// +kubebuilder:printcolumn:name="On-Delete",type=string,priority=1,JSONPath=`.status.effective.deletionPolicy`
// +kubebuilder:printcolumn:name="Message",type=string,priority=1,JSONPath=`.status.conditions[?(@.type=="Ready")].message`
// +kubebuilder:validation:XValidation:rule="!(has(self.status) && (has(self.status.operation) || has(self.status.managed) || (has(self.status.provisioningState) && !(has(self.status.conditions) && self.status.conditions.exists(c, c.type == 'Stalled' && c.reason in ['AdoptionRefused', 'AlreadyManaged', 'ImmutableFieldChanged']))))) || (has(self.spec.azureName) == has(oldSelf.spec.azureName) && (!has(self.spec.azureName) || self.spec.azureName == oldSelf.spec.azureName))",message="azureName is immutable: make a new object to manage another datastore"
// +kubebuilder:validation:XValidation:rule="!(has(self.status) && (has(self.status.operation) || has(self.status.managed) || (has(self.status.provisioningState) && !(has(self.status.conditions) && self.status.conditions.exists(c, c.type == 'Stalled' && c.reason in ['AdoptionRefused', 'AlreadyManaged', 'ImmutableFieldChanged']))))) || (has(self.spec.clusterRef) == has(oldSelf.spec.clusterRef) && (!has(self.spec.clusterRef) || self.spec.clusterRef == oldSelf.spec.clusterRef))",message="clusterRef is immutable: a datastore stays in its cluster"
// +kubebuilder:validation:XValidation:rule="!(has(self.status) && (has(self.status.operation) || has(self.status.managed) || (has(self.status.provisioningState) && !(has(self.status.conditions) && self.status.conditions.exists(c, c.type == 'Stalled' && c.reason in ['AdoptionRefused', 'AlreadyManaged', 'ImmutableFieldChanged']))))) || (has(self.spec.privateCloudRef) == has(oldSelf.spec.privateCloudRef) && (!has(self.spec.privateCloudRef) || self.spec.privateCloudRef == oldSelf.spec.privateCloudRef))",message="privateCloudRef is immutable: a datastore stays in its cluster"
// +kubebuilder:validation:XValidation:rule="!(has(self.status) && (has(self.status.operation) || has(self.status.managed) || (has(self.status.provisioningState) && !(has(self.status.conditions) && self.status.conditions.exists(c, c.type == 'Stalled' && c.reason in ['AdoptionRefused', 'AlreadyManaged', 'ImmutableFieldChanged']))))) || ((has(oldSelf.spec.managementPolicy) && oldSelf.spec.managementPolicy == 'Observe') || (has(self.spec.netAppVolume) == has(oldSelf.spec.netAppVolume) && (!has(self.spec.netAppVolume) || self.spec.netAppVolume == oldSelf.spec.netAppVolume)))",message="netAppVolume is immutable: attach another volume by another Datastore"
// +kubebuilder:validation:XValidation:rule="!(has(self.status) && (has(self.status.operation) || has(self.status.managed) || (has(self.status.provisioningState) && !(has(self.status.conditions) && self.status.conditions.exists(c, c.type == 'Stalled' && c.reason in ['AdoptionRefused', 'AlreadyManaged', 'ImmutableFieldChanged']))))) || ((has(oldSelf.spec.managementPolicy) && oldSelf.spec.managementPolicy == 'Observe') || (has(self.spec.elasticSanVolume) == has(oldSelf.spec.elasticSanVolume) && (!has(self.spec.elasticSanVolume) || self.spec.elasticSanVolume == oldSelf.spec.elasticSanVolume)))",message="elasticSanVolume is immutable: attach another volume by another Datastore"
// +kubebuilder:validation:XValidation:rule="!(has(self.status) && (has(self.status.operation) || has(self.status.managed) || (has(self.status.provisioningState) && !(has(self.status.conditions) && self.status.conditions.exists(c, c.type == 'Stalled' && c.reason in ['AdoptionRefused', 'AlreadyManaged', 'ImmutableFieldChanged']))))) || ((has(oldSelf.spec.managementPolicy) && oldSelf.spec.managementPolicy == 'Observe') || (has(self.spec.pureStorageVolume) == has(oldSelf.spec.pureStorageVolume) && (!has(self.spec.pureStorageVolume) || self.spec.pureStorageVolume.storagePoolID == oldSelf.spec.pureStorageVolume.storagePoolID)))",message="pureStorageVolume is immutable but for its sizeGB: attach another volume by another Datastore"
type Datastore struct {
	metav1.TypeMeta `json:",inline"`
	// metadata is the standard object metadata.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitzero"`
	// spec is the datastore that is wanted.
	// +required
	Spec DatastoreSpec `json:"spec,omitzero"`
	// status is the datastore as Azure has it.
	// +optional
	// +kubebuilder:default:={"observedGeneration":-1}
	Status DatastoreStatus `json:"status,omitzero"`
}

// AzureSpec returns the part of the spec that every Azure kind has.
func (d *Datastore) AzureSpec() *AzureSpec { return &d.Spec.AzureSpec }

// AzureStatus returns the part of the status that every Azure kind has.
func (d *Datastore) AzureStatus() *AzureStatus { return &d.Status.AzureStatus }

// DatastoreList is a list of Datastore.
//
// +kubebuilder:object:root=true
type DatastoreList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []Datastore `json:"items"`
}

func init() { register(&Datastore{}, &DatastoreList{}) }
