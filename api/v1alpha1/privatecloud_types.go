// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// PrivateCloudSpec is the private cloud that is wanted.
// +kubebuilder:validation:XValidation:rule="(has(self.managementPolicy) && self.managementPolicy == 'Observe') || has(self.location)",message="location is needed, for example westeurope (only with managementPolicy Observe it may be left out)"
// +kubebuilder:validation:XValidation:rule="(has(self.managementPolicy) && self.managementPolicy == 'Observe') || has(self.sku)",message="sku is needed, for example av36p (only with managementPolicy Observe it may be left out)"
// +kubebuilder:validation:XValidation:rule="(has(self.managementPolicy) && self.managementPolicy == 'Observe') || has(self.networkBlock)",message="networkBlock is needed, for example 10.175.0.0/22 (only with managementPolicy Observe it may be left out)"
// +kubebuilder:validation:XValidation:rule="(has(self.managementPolicy) && self.managementPolicy == 'Observe') || has(self.managementCluster)",message="managementCluster.clusterSize is needed, 3 to 16 hosts (only with managementPolicy Observe it may be left out)"
// +kubebuilder:validation:XValidation:rule="!has(self.zones) || !has(self.availability)",message="say where the hosts stand with zones or with availability, and not with both"
// +kubebuilder:validation:XValidation:rule="!((has(self.availability) && has(self.availability.strategy) && self.availability.strategy == 'DualZone') || (has(self.zones) && size(self.zones) == 2)) || !has(self.managementCluster) || (self.managementCluster.clusterSize >= 6 && self.managementCluster.clusterSize % 2 == 0)",message="with two zones (availability.strategy DualZone), clusterSize must be even and 6 to 16: half of the hosts stand in each zone"
// +kubebuilder:validation:XValidation:rule="!has(self.virtualNetworkID) || !has(self.sku) || self.sku.lowerAscii() == 'av64'",message="a private cloud in a virtual network has hosts of sku av64 and no other"
// +kubebuilder:validation:XValidation:rule="has(self.virtualNetworkID) || !has(self.sku) || self.sku.lowerAscii() != 'av64' || (has(self.managementPolicy) && self.managementPolicy == 'Observe')",message="sku av64 needs virtualNetworkID; without one, start with another sku and add a Cluster of av64 hosts"
// +kubebuilder:validation:XValidation:rule="!has(self.virtualNetworkID) || !has(self.extendedNetworkBlocks)",message="a private cloud in a virtual network has no extendedNetworkBlocks: leave them out"
// +kubebuilder:validation:XValidation:rule="!has(self.virtualNetworkID) || !((has(self.availability) && has(self.availability.strategy) && self.availability.strategy == 'DualZone') || (has(self.zones) && size(self.zones) == 2))",message="a private cloud in a virtual network cannot have availability.strategy DualZone, nor two zones"
// +kubebuilder:validation:XValidation:rule="!has(self.virtualNetworkID) || !has(self.resourceGroup) || self.virtualNetworkID.lowerAscii().contains('/resourcegroups/' + self.resourceGroup.lowerAscii() + '/')",message="the virtual network must be in the resource group of the private cloud"
// +kubebuilder:validation:XValidation:rule="!has(self.virtualNetworkID) || !has(self.subscriptionID) || self.virtualNetworkID.lowerAscii().startsWith('/subscriptions/' + self.subscriptionID.lowerAscii() + '/')",message="the virtual network must be in the subscription of the private cloud"
// +kubebuilder:validation:XValidation:rule="!has(self.encryption) || self.encryption.status != 'Enabled' || (has(self.systemAssignedIdentity) && self.systemAssignedIdentity == 'Enabled')",message="encryption needs systemAssignedIdentity: Enabled, because the private cloud opens the key vault with its own identity"
type PrivateCloudSpec struct {
	AzureSpec `json:",inline"`

	// identityRef names the AzureIdentity to act with. Absent: the one named default in this namespace.
	// +optional
	IdentityRef *ObjectReference `json:"identityRef,omitempty"`

	// subscriptionID of the private cloud. Absent: the identity's. Once Azure was asked for it, it changes only after the private cloud was moved and is
	// not found where it was: it says where it is now, and orders nothing.
	// +optional
	// +kubebuilder:validation:MinLength=36
	// +kubebuilder:validation:MaxLength=36
	// +kubebuilder:validation:Pattern=`^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$`
	SubscriptionID string `json:"subscriptionID,omitempty"`

	// resourceGroup of the private cloud; it must exist. Absent: the identity's. It changes as subscriptionID does.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=90
	// +kubebuilder:validation:Pattern=`^[-\w\._\(\)]*[-\w_\(\)]$`
	ResourceGroup string `json:"resourceGroup,omitempty"`

	// location is the Azure region, such as westeurope. Immutable once Azure was asked for it.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	// +kubebuilder:validation:Pattern=`^[A-Za-z0-9 ]+$`
	Location string `json:"location,omitempty"`

	// sku of the hosts, such as av36p; upper and lower case mean the same. Immutable once Azure was asked for it.
	// +optional
	// +kubebuilder:validation:MinLength=2
	// +kubebuilder:validation:MaxLength=32
	// +kubebuilder:validation:Pattern=`^[A-Za-z0-9]+$`
	SKU string `json:"sku,omitempty"`

	// networkBlock is the private IPv4 network that vCenter, NSX, hosts and their traffic live in: /22 or larger, not in 172.17.0.0/16,
	// and in use nowhere else. Immutable once Azure was asked for it.
	// +optional
	// +kubebuilder:validation:MinLength=9
	// +kubebuilder:validation:MaxLength=18
	// +kubebuilder:validation:XValidation:rule="isCIDR(self) && cidr(self).ip().family() == 4 && cidr(self) == cidr(self).masked()",message="networkBlock must be an IPv4 network in CIDR form without host bits, for example 10.175.0.0/22"
	// +kubebuilder:validation:XValidation:rule="!isCIDR(self) || cidr(self).prefixLength() <= 22",message="networkBlock must be /22 or larger: use a prefix length of 22 or less"
	// +kubebuilder:validation:XValidation:rule="!isCIDR(self) || cidr(self).ip().family() != 4 || ((cidr('10.0.0.0/8').containsCIDR(self) || cidr('172.16.0.0/12').containsCIDR(self) || cidr('192.168.0.0/16').containsCIDR(self)) && !cidr('172.17.0.0/16').containsCIDR(self) && !cidr(self).containsCIDR('172.17.0.0/16'))",message="networkBlock must be private (within 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16) and outside 172.17.0.0/16, which Azure VMware Solution keeps for itself"
	NetworkBlock string `json:"networkBlock,omitempty"`

	// managementCluster is Cluster-1, which comes with the private cloud.
	// +optional
	ManagementCluster *ManagementCluster `json:"managementCluster,omitempty"`

	// internet: Enabled gives the machines managed outbound internet access. Absent: as Azure has it, Disabled for a new one.
	// +optional
	// +kubebuilder:validation:Enum=Enabled;Disabled
	Internet string `json:"internet,omitempty"`

	// availability says where in the region the hosts are. Absent: Azure chooses, unless zones says it. Immutable once Azure was asked for it.
	// +optional
	Availability *Availability `json:"availability,omitempty"`

	// zones in the region that the hosts stand in, such as ["1"], as Azure has them beside availability; two stretch the private cloud over both.
	// Absent: as availability says. Immutable once Azure was asked for it.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=2
	Zones []Zone `json:"zones,omitempty"`

	// tags in Azure. Only the keys that are named here are touched.
	// +optional
	// +kubebuilder:validation:MaxProperties=48
	// +kubebuilder:validation:XValidation:rule="self.all(k, size(k) <= 512 && size(self[k]) <= 256)",message="a tag's key has at most 512 characters and its value at most 256"
	// +kubebuilder:validation:XValidation:rule="!('avs-operator-owner' in self)",message="the tag avs-operator-owner is the operator's own: leave it out"
	Tags map[string]TagValue `json:"tags,omitempty"`

	// allowedNamespaces are the namespaces, beside this one, whose objects may stand in this private cloud and so act with its identity, each
	// with the kinds that it may have there.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=256
	AllowedNamespaces []AllowedNamespace `json:"allowedNamespaces,omitempty"`

	// extendedNetworkBlocks are further private networks for hosts of sku av64: one /23, or three /25, before the first Cluster of them.
	// Absent: none.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=12
	ExtendedNetworkBlocks []ExtendedNetworkBlock `json:"extendedNetworkBlocks,omitempty"`

	// virtualNetworkID is the ARM id of the virtual network that the private cloud stands in (generation 2). Absent: it stands beside virtual
	// networks and is reached by ExpressRoute (generation 1). Immutable once Azure was asked for it.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=512
	// +kubebuilder:validation:XValidation:rule="self.lowerAscii().matches('^/subscriptions/[^/]+/resourcegroups/[^/]+/providers/microsoft.network/virtualnetworks/[^/]+$')",message="virtualNetworkID must be the id of a virtual network: /subscriptions/.../resourceGroups/.../providers/Microsoft.Network/virtualNetworks/..."
	VirtualNetworkID string `json:"virtualNetworkID,omitempty"`

	// dnsZoneType: where vCenter's and NSX's names are resolved. Absent: as Azure has it.
	// +optional
	// +kubebuilder:validation:Enum=Public;Private
	DNSZoneType string `json:"dnsZoneType,omitempty"`

	// identitySources are directories whose users can log in to vCenter. Absent: as Azure has it, none for a new one.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=8
	IdentitySources []IdentitySource `json:"identitySources,omitempty"`

	// systemAssignedIdentity: Enabled gives the private cloud an identity of its own in Entra ID.
	// +optional
	// +kubebuilder:validation:Enum=Enabled;Disabled
	SystemAssignedIdentity string `json:"systemAssignedIdentity,omitempty"`

	// encryption of vSAN with a key of your own. A new private cloud is made without it, because its identity, which opens the key vault, comes into
	// being only then; it is encrypted as soon as the vault lets status.systemAssignedIdentity.principalID in. Absent: Microsoft's key.
	// +optional
	Encryption *Encryption `json:"encryption,omitempty"`

	// vcfLicense is the licence of VMware Cloud Foundation that is brought along. It must cover the cores of all hosts.
	// +optional
	VCFLicense *VCFLicense `json:"vcfLicense,omitempty"`

	// deleteLock: Enabled keeps a lock in Azure against deletion by anybody; it is taken off only on the way to a confirmed delete, when nothing
	// else holds that back, and comes back if the deletion is called off.
	// Absent: no lock is set, and one that this field has set is taken off.
	// +optional
	// +kubebuilder:validation:Enum=Enabled;Disabled
	DeleteLock string `json:"deleteLock,omitempty"`

	// deleteLockName is the name of that lock in Azure. A lock of that name that the operator did not make is left alone, whatever deleteLock
	// says. Absent: avs-operator.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=90
	// +kubebuilder:validation:Pattern=`^[-\w\.\(\)]+$`
	DeleteLockName string `json:"deleteLockName,omitempty"`

	// credentials says where the passwords of vCenter and NSX go, and when they change.
	// +optional
	Credentials *PrivateCloudCredentials `json:"credentials,omitempty"`
}

// PrivateCloud is a private cloud of Azure VMware Solution: vCenter, vSAN and NSX on dedicated hosts in Azure.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:subresource:scale:specpath=.spec.managementCluster.clusterSize,statuspath=.status.clusterSize,selectorpath=.status.selector
// +kubebuilder:resource:scope=Namespaced,shortName=avspc,categories=avs
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`
// +kubebuilder:printcolumn:name="Reason",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].reason`
// +kubebuilder:printcolumn:name="State",type=string,JSONPath=`.status.provisioningState`
// +kubebuilder:printcolumn:name="Hosts",type=integer,JSONPath=`.status.clusterSize`
// +kubebuilder:printcolumn:name="Since",type=date,JSONPath=`.status.conditions[?(@.type=="Ready")].lastTransitionTime`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:printcolumn:name="Location",type=string,priority=1,JSONPath=`.spec.location`
// +kubebuilder:printcolumn:name="SKU",type=string,priority=1,JSONPath=`.spec.sku`
// +kubebuilder:printcolumn:name="Operation",type=string,priority=1,JSONPath=`.status.operation.verb`
// +kubebuilder:printcolumn:name="On-Delete",type=string,priority=1,JSONPath=`.status.effective.deletionPolicy`
// +kubebuilder:printcolumn:name="Message",type=string,priority=1,JSONPath=`.status.conditions[?(@.type=="Ready")].message`
// +kubebuilder:validation:XValidation:rule="!(has(self.status) && (has(self.status.operation) || has(self.status.managed) || (has(self.status.provisioningState) && !(has(self.status.conditions) && self.status.conditions.exists(c, c.type == 'Stalled' && c.reason in ['AdoptionRefused', 'AlreadyManaged', 'ImmutableFieldChanged']))))) || (has(self.spec.azureName) == has(oldSelf.spec.azureName) && (!has(self.spec.azureName) || self.spec.azureName == oldSelf.spec.azureName))",message="azureName is immutable: make a new object to manage another private cloud"
// +kubebuilder:validation:XValidation:rule="!(has(self.status) && (has(self.status.operation) || (has(self.status.provisioningState) && (has(self.status.managed) || !(has(self.status.conditions) && self.status.conditions.exists(c, c.type == 'Stalled' && c.reason in ['AdoptionRefused', 'AlreadyManaged', 'ImmutableFieldChanged'])))))) || (has(self.spec.subscriptionID) == has(oldSelf.spec.subscriptionID) && (!has(self.spec.subscriptionID) || self.spec.subscriptionID == oldSelf.spec.subscriptionID))",message="subscriptionID is immutable while Azure shows the private cloud where it is: if it was moved to another subscription, edit it once this object says that it is not there any more"
// +kubebuilder:validation:XValidation:rule="!(has(self.status) && (has(self.status.operation) || (has(self.status.provisioningState) && (has(self.status.managed) || !(has(self.status.conditions) && self.status.conditions.exists(c, c.type == 'Stalled' && c.reason in ['AdoptionRefused', 'AlreadyManaged', 'ImmutableFieldChanged'])))))) || (has(self.spec.resourceGroup) == has(oldSelf.spec.resourceGroup) && (!has(self.spec.resourceGroup) || self.spec.resourceGroup == oldSelf.spec.resourceGroup))",message="resourceGroup is immutable while Azure shows the private cloud where it is: if it was moved to another resource group, edit it once this object says that it is not there any more"
// +kubebuilder:validation:XValidation:rule="!(has(self.status) && (has(self.status.operation) || has(self.status.managed) || (has(self.status.provisioningState) && !(has(self.status.conditions) && self.status.conditions.exists(c, c.type == 'Stalled' && c.reason in ['AdoptionRefused', 'AlreadyManaged', 'ImmutableFieldChanged']))))) || ((has(oldSelf.spec.managementPolicy) && oldSelf.spec.managementPolicy == 'Observe') || (has(self.spec.location) == has(oldSelf.spec.location) && (!has(self.spec.location) || self.spec.location == oldSelf.spec.location)))",message="location is immutable: a private cloud stays in its region"
// +kubebuilder:validation:XValidation:rule="!(has(self.status) && (has(self.status.operation) || has(self.status.managed) || (has(self.status.provisioningState) && !(has(self.status.conditions) && self.status.conditions.exists(c, c.type == 'Stalled' && c.reason in ['AdoptionRefused', 'AlreadyManaged', 'ImmutableFieldChanged']))))) || ((has(oldSelf.spec.managementPolicy) && oldSelf.spec.managementPolicy == 'Observe') || (has(self.spec.sku) == has(oldSelf.spec.sku) && (!has(self.spec.sku) || self.spec.sku.lowerAscii() == oldSelf.spec.sku.lowerAscii())))",message="sku is immutable: add a Cluster with another sku instead"
// +kubebuilder:validation:XValidation:rule="!(has(self.status) && (has(self.status.operation) || has(self.status.managed) || (has(self.status.provisioningState) && !(has(self.status.conditions) && self.status.conditions.exists(c, c.type == 'Stalled' && c.reason in ['AdoptionRefused', 'AlreadyManaged', 'ImmutableFieldChanged']))))) || ((has(oldSelf.spec.managementPolicy) && oldSelf.spec.managementPolicy == 'Observe') || (has(self.spec.networkBlock) == has(oldSelf.spec.networkBlock) && (!has(self.spec.networkBlock) || self.spec.networkBlock == oldSelf.spec.networkBlock)))",message="networkBlock is immutable: the management network of a private cloud cannot be renumbered"
// +kubebuilder:validation:XValidation:rule="!(has(self.status) && (has(self.status.operation) || has(self.status.managed) || (has(self.status.provisioningState) && !(has(self.status.conditions) && self.status.conditions.exists(c, c.type == 'Stalled' && c.reason in ['AdoptionRefused', 'AlreadyManaged', 'ImmutableFieldChanged']))))) || ((has(oldSelf.spec.managementPolicy) && oldSelf.spec.managementPolicy == 'Observe') || (has(self.spec.availability) == has(oldSelf.spec.availability) && (!has(self.spec.availability) || self.spec.availability == oldSelf.spec.availability)))",message="availability is immutable: the zone of a private cloud cannot be changed"
// +kubebuilder:validation:XValidation:rule="!(has(self.status) && (has(self.status.operation) || has(self.status.managed) || (has(self.status.provisioningState) && !(has(self.status.conditions) && self.status.conditions.exists(c, c.type == 'Stalled' && c.reason in ['AdoptionRefused', 'AlreadyManaged', 'ImmutableFieldChanged']))))) || ((has(oldSelf.spec.managementPolicy) && oldSelf.spec.managementPolicy == 'Observe') || (has(self.spec.zones) == has(oldSelf.spec.zones) && (!has(self.spec.zones) || self.spec.zones == oldSelf.spec.zones)))",message="zones is immutable: the hosts of a private cloud stay in their zones"
// +kubebuilder:validation:XValidation:rule="!(has(self.status) && (has(self.status.operation) || has(self.status.managed) || (has(self.status.provisioningState) && !(has(self.status.conditions) && self.status.conditions.exists(c, c.type == 'Stalled' && c.reason in ['AdoptionRefused', 'AlreadyManaged', 'ImmutableFieldChanged']))))) || !has(self.spec.credentials) || !has(self.spec.credentials.initial) || (has(oldSelf.spec.credentials) && has(oldSelf.spec.credentials.initial) && self.spec.credentials.initial == oldSelf.spec.credentials.initial)",message="credentials.initial is for a private cloud that is yet to be made: take it out, and change a password with vcenterRotation or nsxtRotation"
// +kubebuilder:validation:XValidation:rule="!(has(self.status) && (has(self.status.operation) || has(self.status.managed) || (has(self.status.provisioningState) && !(has(self.status.conditions) && self.status.conditions.exists(c, c.type == 'Stalled' && c.reason in ['AdoptionRefused', 'AlreadyManaged', 'ImmutableFieldChanged']))))) || ((has(oldSelf.spec.managementPolicy) && oldSelf.spec.managementPolicy == 'Observe') || (has(self.spec.virtualNetworkID) == has(oldSelf.spec.virtualNetworkID) && (!has(self.spec.virtualNetworkID) || self.spec.virtualNetworkID.lowerAscii() == oldSelf.spec.virtualNetworkID.lowerAscii())))",message="virtualNetworkID is immutable: a private cloud stays in its virtual network, or outside of one"
type PrivateCloud struct {
	metav1.TypeMeta `json:",inline"`
	// metadata is the standard object metadata.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitzero"`
	// spec is the private cloud that is wanted.
	// +required
	Spec PrivateCloudSpec `json:"spec,omitzero"`
	// status is the private cloud as Azure has it.
	// +optional
	// +kubebuilder:default:={"observedGeneration":-1}
	Status PrivateCloudStatus `json:"status,omitzero"`
}

// AzureSpec returns the part of the spec that every Azure kind has.
func (c *PrivateCloud) AzureSpec() *AzureSpec { return &c.Spec.AzureSpec }

// AzureStatus returns the part of the status that every Azure kind has.
func (c *PrivateCloud) AzureStatus() *AzureStatus { return &c.Status.AzureStatus }

// PrivateCloudList is a list of PrivateCloud.
//
// +kubebuilder:object:root=true
type PrivateCloudList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []PrivateCloud `json:"items"`
}

func init() { register(&PrivateCloud{}, &PrivateCloudList{}) }
