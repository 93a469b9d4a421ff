// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// PrivateCloudSpec is the private cloud that is wanted.
// +kubebuilder:validation:XValidation:rule="has(self.azureName) == has(oldSelf.azureName) && (!has(self.azureName) || self.azureName == oldSelf.azureName)",message="azureName is immutable: make a new object to manage another private cloud"
// +kubebuilder:validation:XValidation:rule="has(self.subscriptionID) == has(oldSelf.subscriptionID) && (!has(self.subscriptionID) || self.subscriptionID == oldSelf.subscriptionID)",message="subscriptionID is immutable: Azure cannot move a private cloud to another subscription"
// +kubebuilder:validation:XValidation:rule="has(self.resourceGroup) == has(oldSelf.resourceGroup) && (!has(self.resourceGroup) || self.resourceGroup == oldSelf.resourceGroup)",message="resourceGroup is immutable: Azure cannot move a private cloud to another resource group"
// +kubebuilder:validation:XValidation:rule="(has(oldSelf.managementPolicy) && oldSelf.managementPolicy == 'Observe') || (has(self.location) == has(oldSelf.location) && (!has(self.location) || self.location == oldSelf.location))",message="location is immutable: a private cloud stays in its region"
// +kubebuilder:validation:XValidation:rule="(has(oldSelf.managementPolicy) && oldSelf.managementPolicy == 'Observe') || (has(self.sku) == has(oldSelf.sku) && (!has(self.sku) || self.sku.lowerAscii() == oldSelf.sku.lowerAscii()))",message="sku is immutable: add a Cluster with another sku instead"
// +kubebuilder:validation:XValidation:rule="(has(oldSelf.managementPolicy) && oldSelf.managementPolicy == 'Observe') || (has(self.networkBlock) == has(oldSelf.networkBlock) && (!has(self.networkBlock) || self.networkBlock == oldSelf.networkBlock))",message="networkBlock is immutable: the management network of a private cloud cannot be renumbered"
// +kubebuilder:validation:XValidation:rule="(has(oldSelf.managementPolicy) && oldSelf.managementPolicy == 'Observe') || (has(self.availability) == has(oldSelf.availability) && (!has(self.availability) || self.availability == oldSelf.availability))",message="availability is immutable: the zone of a private cloud cannot be changed"
// +kubebuilder:validation:XValidation:rule="(has(self.managementPolicy) && self.managementPolicy == 'Observe') || has(self.location)",message="location is needed, for example westeurope (only with managementPolicy Observe it may be left out)"
// +kubebuilder:validation:XValidation:rule="(has(self.managementPolicy) && self.managementPolicy == 'Observe') || has(self.sku)",message="sku is needed, for example av36p (only with managementPolicy Observe it may be left out)"
// +kubebuilder:validation:XValidation:rule="(has(self.managementPolicy) && self.managementPolicy == 'Observe') || has(self.networkBlock)",message="networkBlock is needed, for example 10.175.0.0/22 (only with managementPolicy Observe it may be left out)"
// +kubebuilder:validation:XValidation:rule="(has(self.managementPolicy) && self.managementPolicy == 'Observe') || has(self.managementCluster)",message="managementCluster.clusterSize is needed, 3 to 16 hosts (only with managementPolicy Observe it may be left out)"
// +kubebuilder:validation:XValidation:rule="(has(oldSelf.managementPolicy) && oldSelf.managementPolicy == 'Observe') || (has(self.virtualNetworkID) == has(oldSelf.virtualNetworkID) && (!has(self.virtualNetworkID) || self.virtualNetworkID.lowerAscii() == oldSelf.virtualNetworkID.lowerAscii()))",message="virtualNetworkID is immutable: a private cloud stays in its virtual network, or outside of one"
// +kubebuilder:validation:XValidation:rule="!has(self.availability) || !has(self.availability.strategy) || self.availability.strategy != 'DualZone' || !has(self.managementCluster) || (self.managementCluster.clusterSize >= 6 && self.managementCluster.clusterSize % 2 == 0)",message="with availability.strategy DualZone, clusterSize must be even and 6 to 16: half of the hosts stand in each zone"
// +kubebuilder:validation:XValidation:rule="!has(self.virtualNetworkID) || !has(self.sku) || self.sku.lowerAscii() == 'av64'",message="a private cloud in a virtual network has hosts of sku av64 and no other"
// +kubebuilder:validation:XValidation:rule="has(self.virtualNetworkID) || !has(self.sku) || self.sku.lowerAscii() != 'av64' || (has(self.managementPolicy) && self.managementPolicy == 'Observe')",message="sku av64 needs virtualNetworkID; without one, start with another sku and add a Cluster of av64 hosts"
// +kubebuilder:validation:XValidation:rule="!has(self.virtualNetworkID) || !has(self.extendedNetworkBlocks)",message="a private cloud in a virtual network has no extendedNetworkBlocks: leave them out"
// +kubebuilder:validation:XValidation:rule="!has(self.virtualNetworkID) || !has(self.availability) || !has(self.availability.strategy) || self.availability.strategy != 'DualZone'",message="a private cloud in a virtual network cannot have availability.strategy DualZone"
// +kubebuilder:validation:XValidation:rule="!has(self.virtualNetworkID) || !has(self.resourceGroup) || self.virtualNetworkID.lowerAscii().contains('/resourcegroups/' + self.resourceGroup.lowerAscii() + '/')",message="the virtual network must be in the resource group of the private cloud"
// +kubebuilder:validation:XValidation:rule="!has(self.virtualNetworkID) || !has(self.subscriptionID) || self.virtualNetworkID.lowerAscii().startsWith('/subscriptions/' + self.subscriptionID.lowerAscii() + '/')",message="the virtual network must be in the subscription of the private cloud"
// +kubebuilder:validation:XValidation:rule="!has(self.encryption) || self.encryption.status != 'Enabled' || (has(self.systemAssignedIdentity) && self.systemAssignedIdentity == 'Enabled')",message="encryption needs systemAssignedIdentity: Enabled, because the private cloud opens the key vault with its own identity"
type PrivateCloudSpec struct {
	AzureSpec `json:",inline"`

	// identityRef names the AzureIdentity to act with. Absent: the one named default in this namespace.
	// +optional
	IdentityRef *ObjectReference `json:"identityRef,omitempty"`

	// subscriptionID of the private cloud. Absent: the identity's. Immutable.
	// +optional
	// +kubebuilder:validation:MinLength=36
	// +kubebuilder:validation:MaxLength=36
	// +kubebuilder:validation:Pattern=`^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$`
	SubscriptionID string `json:"subscriptionID,omitempty"`

	// resourceGroup of the private cloud; it must exist. Absent: the identity's. Immutable.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=90
	// +kubebuilder:validation:Pattern=`^[-\w\._\(\)]*[-\w_\(\)]$`
	ResourceGroup string `json:"resourceGroup,omitempty"`

	// location is the Azure region, such as westeurope. Immutable.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	// +kubebuilder:validation:Pattern=`^[A-Za-z0-9 ]+$`
	Location string `json:"location,omitempty"`

	// sku of the hosts, such as av36p; upper and lower case mean the same. Immutable.
	// +optional
	// +kubebuilder:validation:MinLength=2
	// +kubebuilder:validation:MaxLength=32
	// +kubebuilder:validation:Pattern=`^[A-Za-z0-9]+$`
	SKU string `json:"sku,omitempty"`

	// networkBlock is the private IPv4 network that vCenter, NSX, hosts and their traffic live in: /22 or larger, not in 172.17.0.0/16,
	// and in use nowhere else. Immutable.
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

	// availability says where in the region the hosts are. Absent: Azure chooses. Immutable.
	// +optional
	Availability *Availability `json:"availability,omitempty"`

	// tags in Azure. Only the keys that are named here are touched.
	// +optional
	// +kubebuilder:validation:MaxProperties=48
	// +kubebuilder:validation:XValidation:rule="self.all(k, size(k) <= 512 && size(self[k]) <= 256)",message="a tag's key has at most 512 characters and its value at most 256"
	// +kubebuilder:validation:XValidation:rule="!('avs-operator-owner' in self)",message="the tag avs-operator-owner is the operator's own: leave it out"
	Tags map[string]TagValue `json:"tags,omitempty"`

	// allowedNamespaces are the namespaces, beside this one, whose objects may stand in this private cloud and so act with its identity; "*"
	// stands for all of them.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=256
	// +kubebuilder:validation:items:MaxLength=63
	// +kubebuilder:validation:items:Pattern=`^(\*|[a-z0-9]([-a-z0-9]*[a-z0-9])?)$`
	AllowedNamespaces []string `json:"allowedNamespaces,omitempty"`

	// extendedNetworkBlocks are further private networks for hosts of sku av64: one /23, or three /25, before the first Cluster of them.
	// Absent: none.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=12
	ExtendedNetworkBlocks []ExtendedNetworkBlock `json:"extendedNetworkBlocks,omitempty"`

	// virtualNetworkID is the ARM id of the virtual network that the private cloud stands in (generation 2). Absent: it stands beside virtual
	// networks and is reached by ExpressRoute (generation 1). Immutable.
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

	// encryption of vSAN with a key of your own. Absent: Microsoft's key.
	// +optional
	Encryption *Encryption `json:"encryption,omitempty"`

	// vcfLicense is the licence of VMware Cloud Foundation that is brought along. It must cover the cores of all hosts.
	// +optional
	VCFLicense *VCFLicense `json:"vcfLicense,omitempty"`

	// deleteLock: Enabled keeps a lock in Azure against deletion by anybody; it is taken off only on the way to a confirmed delete.
	// Absent: no lock is set, and one that this field has set is taken off.
	// +optional
	// +kubebuilder:validation:Enum=Enabled;Disabled
	DeleteLock string `json:"deleteLock,omitempty"`

	// credentials says where the passwords of vCenter and NSX go, and when they change.
	// +optional
	Credentials *PrivateCloudCredentials `json:"credentials,omitempty"`
}

// TagValue is the value of an Azure tag.
// +kubebuilder:validation:MaxLength=256
type TagValue string

// ManagementCluster is Cluster-1 of a private cloud.
type ManagementCluster struct {
	// clusterSize is the number of hosts, 3 to 16. A size above it in Azure is reported, never shrunk, unless this field was lowered.
	// +required
	// +kubebuilder:validation:Minimum=3
	// +kubebuilder:validation:Maximum=16
	ClusterSize int32 `json:"clusterSize"`
	// scaleIn says which hosts leave when clusterSize is lowered.
	// +optional
	ScaleIn *ScaleIn `json:"scaleIn,omitempty"`
}

// ExtendedNetworkBlock is a private IPv4 network.
// +kubebuilder:validation:MinLength=9
// +kubebuilder:validation:MaxLength=18
// +kubebuilder:validation:XValidation:rule="isCIDR(self) && cidr(self).ip().family() == 4 && cidr(self) == cidr(self).masked() && cidr(self).prefixLength() <= 25",message="an extended network block must be an IPv4 network of /25 or larger in CIDR form without host bits, for example 10.176.0.0/23"
type ExtendedNetworkBlock string

// IdentitySource is a directory whose users can log in to vCenter.
type IdentitySource struct {
	// name of the source.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=128
	Name string `json:"name"`
	// alias of the domain, its NetBIOS name.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	Alias string `json:"alias"`
	// domain by its DNS name.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Domain string `json:"domain"`
	// baseUserDN is where users are searched.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=512
	BaseUserDN string `json:"baseUserDN"`
	// baseGroupDN is where groups are searched.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=512
	BaseGroupDN string `json:"baseGroupDN"`
	// primaryServer is the URL of a domain controller.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:Pattern=`^ldaps?://`
	PrimaryServer string `json:"primaryServer"`
	// secondaryServer is the URL of another one.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:Pattern=`^ldaps?://`
	SecondaryServer string `json:"secondaryServer,omitempty"`
	// ssl: Enabled for ldaps.
	// +optional
	// +kubebuilder:validation:Enum=Enabled;Disabled
	SSL string `json:"ssl,omitempty"`
	// credentialsRef names the account that searches the directory.
	// +required
	CredentialsRef CredentialsReference `json:"credentialsRef,omitzero"`
}

// Encryption of vSAN with a key of your own.
// +kubebuilder:validation:XValidation:rule="self.status != 'Enabled' || has(self.keyVault)",message="encryption with status Enabled needs keyVault, where the key is"
type Encryption struct {
	// status: Enabled or Disabled.
	// +required
	// +kubebuilder:validation:Enum=Enabled;Disabled
	Status string `json:"status"`
	// keyVault is where the key is. The private cloud's identity must be let in there before.
	// +optional
	KeyVault *KeyVault `json:"keyVault,omitempty"`
}

// KeyVault is where a key is.
type KeyVault struct {
	// url of the key vault, such as https://contoso.vault.azure.net.
	// +required
	// +kubebuilder:validation:MinLength=9
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:Pattern=`^https://[^/?#@]+/?$`
	URL string `json:"url"`
	// keyName in the key vault.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=127
	// +kubebuilder:validation:Pattern=`^[0-9A-Za-z-]+$`
	KeyName string `json:"keyName"`
	// keyVersion to stay with. Absent: always the newest.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	// +kubebuilder:validation:Pattern=`^[0-9A-Za-z]+$`
	KeyVersion string `json:"keyVersion,omitempty"`
}

// VCFLicense is a licence of VMware Cloud Foundation.
// +kubebuilder:validation:XValidation:rule="has(self.licenseKeySecretRef)",message="vcfLicense needs licenseKeySecretRef, a Secret with the key that Broadcom sold"
// +kubebuilder:validation:XValidation:rule="has(self.cores) && has(self.endDate)",message="vcfLicense needs cores, the number that the licence covers, and endDate"
type VCFLicense struct {
	LicenseTerms `json:",inline"`
}

// Availability places the hosts of a private cloud in zones.
// +kubebuilder:validation:XValidation:rule="!has(self.strategy) || self.strategy != 'DualZone' || (has(self.zone) && has(self.secondaryZone) && self.zone != self.secondaryZone)",message="strategy DualZone needs two different zones, in zone and secondaryZone"
// +kubebuilder:validation:XValidation:rule="!has(self.secondaryZone) || (has(self.strategy) && self.strategy == 'DualZone')",message="secondaryZone is for strategy DualZone: leave it out, or set that strategy"
type Availability struct {
	// strategy: SingleZone, or DualZone for a cluster that is stretched over two zones.
	// +optional
	// +kubebuilder:validation:Enum=SingleZone;DualZone
	Strategy string `json:"strategy,omitempty"`
	// zone number in the region.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=9
	Zone int32 `json:"zone,omitempty"`
	// secondaryZone number in the region, of strategy DualZone.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=9
	SecondaryZone int32 `json:"secondaryZone,omitempty"`
}

// PrivateCloudCredentials says where the passwords of vCenter and NSX go, and when they change.
type PrivateCloudCredentials struct {
	// secretName is the Secret to write, in this namespace, with the keys vcenterUsername, vcenterPassword, nsxtUsername, nsxtPassword,
	// vcenterURL, nsxtURL and hcxURL. One that the operator did not make is never touched. Absent: none is written.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	SecretName string `json:"secretName,omitempty"`
	// vcenterRotation: change the word to change cloudadmin's password in vCenter. A word that is seen for the first time is noted, not
	// acted on.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	VCenterRotation string `json:"vcenterRotation,omitempty"`
	// nsxtRotation is the same for NSX.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	NSXTRotation string `json:"nsxtRotation,omitempty"`
}

// PrivateCloudStatus is the private cloud as Azure has it.
type PrivateCloudStatus struct {
	AzureStatus `json:",inline"`

	// clusterSize is the number of hosts of Cluster-1.
	// +optional
	ClusterSize int32 `json:"clusterSize,omitempty"`
	// appliedClusterSize is the size that the spec asked for when Azure last had it. Hosts leave only when the spec goes below it.
	// +optional
	AppliedClusterSize int32 `json:"appliedClusterSize,omitempty"`
	// selector matches nothing; the scale subresource needs one.
	// +optional
	// +kubebuilder:validation:MaxLength=128
	Selector string `json:"selector,omitempty"`
	// hosts of Cluster-1.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=32
	// +kubebuilder:validation:items:MaxLength=253
	Hosts []string `json:"hosts,omitempty"`
	// endpoints of the management appliances. They may be there before the private cloud is ready.
	// +optional
	Endpoints *PrivateCloudEndpoints `json:"endpoints,omitempty"`
	// circuit is the ExpressRoute circuit of the private cloud.
	// +optional
	Circuit *Circuit `json:"circuit,omitempty"`
	// secondaryCircuit is the one of the second zone, of a private cloud that is stretched over two.
	// +optional
	SecondaryCircuit *Circuit `json:"secondaryCircuit,omitempty"`
	// sku of the hosts of Cluster-1.
	// +optional
	// +kubebuilder:validation:MaxLength=32
	SKU string `json:"sku,omitempty"`
	// networkBlock in Azure, in CIDR form.
	// +optional
	// +kubebuilder:validation:MaxLength=64
	NetworkBlock string `json:"networkBlock,omitempty"`
	// virtualNetworkID is the virtual network that it stands in; none for generation 1.
	// +optional
	// +kubebuilder:validation:MaxLength=1024
	VirtualNetworkID string `json:"virtualNetworkID,omitempty"`
	// availability as Azure chose or was told.
	// +optional
	Availability *AvailabilityStatus `json:"availability,omitempty"`
	// vsanDatastoreName is the name of Cluster-1's vSAN datastore.
	// +optional
	// +kubebuilder:validation:MaxLength=128
	VSANDatastoreName string `json:"vsanDatastoreName,omitempty"`
	// externalCloudLinks are the ARM ids of cloud links from other private clouds.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=64
	// +kubebuilder:validation:items:MaxLength=1024
	ExternalCloudLinks []string `json:"externalCloudLinks,omitempty"`
	// nsxPublicIPQuotaRaised: Enabled if NSX may have more than 64 public addresses.
	// +optional
	// +kubebuilder:validation:MaxLength=16
	NSXPublicIPQuotaRaised string `json:"nsxPublicIPQuotaRaised,omitempty"`
	// identity of the private cloud in Entra ID; a key vault must let it in before encryption can be enabled.
	// +optional
	Identity *PrivateCloudIdentityStatus `json:"identity,omitempty"`
	// encryption as Azure has it.
	// +optional
	Encryption *EncryptionStatus `json:"encryption,omitempty"`
	// vcfLicense is what Azure says of the licence, without the key.
	// +optional
	VCFLicense *LicenseTermsStatus `json:"vcfLicense,omitempty"`
	// managementNetwork is the network of vCenter and NSX, in CIDR form.
	// +optional
	// +kubebuilder:validation:MaxLength=64
	ManagementNetwork string `json:"managementNetwork,omitempty"`
	// provisioningNetwork in CIDR form.
	// +optional
	// +kubebuilder:validation:MaxLength=64
	ProvisioningNetwork string `json:"provisioningNetwork,omitempty"`
	// vmotionNetwork in CIDR form.
	// +optional
	// +kubebuilder:validation:MaxLength=64
	VMotionNetwork string `json:"vmotionNetwork,omitempty"`
	// rotations are the rotation words that were handled last.
	// +optional
	Rotations *Rotations `json:"rotations,omitempty"`
}

// PrivateCloudEndpoints are the addresses of a private cloud's management appliances.
type PrivateCloudEndpoints struct {
	// vcenter is vCenter's URL.
	// +optional
	// +kubebuilder:validation:MaxLength=512
	VCenter string `json:"vcenter,omitempty"`
	// vcenterIP is vCenter's address.
	// +optional
	// +kubebuilder:validation:MaxLength=64
	VCenterIP string `json:"vcenterIP,omitempty"`
	// vcenterCertificateThumbprint is the thumbprint of vCenter's certificate, hex.
	// +optional
	// +kubebuilder:validation:MaxLength=128
	VCenterCertificateThumbprint string `json:"vcenterCertificateThumbprint,omitempty"`
	// nsxtManager is the URL of NSX Manager.
	// +optional
	// +kubebuilder:validation:MaxLength=512
	NSXTManager string `json:"nsxtManager,omitempty"`
	// nsxtManagerIP is NSX Manager's address.
	// +optional
	// +kubebuilder:validation:MaxLength=64
	NSXTManagerIP string `json:"nsxtManagerIP,omitempty"`
	// nsxtCertificateThumbprint is the thumbprint of NSX Manager's certificate, hex.
	// +optional
	// +kubebuilder:validation:MaxLength=128
	NSXTCertificateThumbprint string `json:"nsxtCertificateThumbprint,omitempty"`
	// hcxCloudManager is the URL of HCX Cloud Manager.
	// +optional
	// +kubebuilder:validation:MaxLength=512
	HCXCloudManager string `json:"hcxCloudManager,omitempty"`
	// hcxCloudManagerIP is HCX Cloud Manager's address.
	// +optional
	// +kubebuilder:validation:MaxLength=64
	HCXCloudManagerIP string `json:"hcxCloudManagerIP,omitempty"`
}

// AvailabilityStatus is where the hosts are.
type AvailabilityStatus struct {
	// strategy: SingleZone or DualZone.
	// +optional
	// +kubebuilder:validation:MaxLength=32
	Strategy string `json:"strategy,omitempty"`
	// zone number in the region.
	// +optional
	Zone int32 `json:"zone,omitempty"`
	// secondaryZone number in the region.
	// +optional
	SecondaryZone int32 `json:"secondaryZone,omitempty"`
}

// PrivateCloudIdentityStatus is the identity of a private cloud in Entra ID.
type PrivateCloudIdentityStatus struct {
	// principalID is the object id of its service principal.
	// +optional
	// +kubebuilder:validation:MaxLength=64
	PrincipalID string `json:"principalID,omitempty"`
	// tenantID of the directory.
	// +optional
	// +kubebuilder:validation:MaxLength=64
	TenantID string `json:"tenantID,omitempty"`
}

// EncryptionStatus is the encryption of vSAN as Azure has it.
type EncryptionStatus struct {
	// status: Enabled or Disabled.
	// +optional
	// +kubebuilder:validation:MaxLength=16
	Status string `json:"status,omitempty"`
	// keyState: Connected, or AccessDenied when the key vault does not let the private cloud's identity in any more.
	// +optional
	// +kubebuilder:validation:MaxLength=32
	KeyState string `json:"keyState,omitempty"`
	// keyVersion in use.
	// +optional
	// +kubebuilder:validation:MaxLength=128
	KeyVersion string `json:"keyVersion,omitempty"`
	// versionType: Fixed, or AutoDetected when the newest version is followed.
	// +optional
	// +kubebuilder:validation:MaxLength=32
	VersionType string `json:"versionType,omitempty"`
}

// Circuit is the ExpressRoute circuit that a private cloud comes with.
type Circuit struct {
	// expressRouteID is the circuit's ARM id; Microsoft support asks for it.
	// +optional
	// +kubebuilder:validation:MaxLength=1024
	ExpressRouteID string `json:"expressRouteID,omitempty"`
	// expressRoutePrivatePeeringID is the ARM id of its private peering.
	// +optional
	// +kubebuilder:validation:MaxLength=1024
	ExpressRoutePrivatePeeringID string `json:"expressRoutePrivatePeeringID,omitempty"`
	// primarySubnet in CIDR form.
	// +optional
	// +kubebuilder:validation:MaxLength=64
	PrimarySubnet string `json:"primarySubnet,omitempty"`
	// secondarySubnet in CIDR form.
	// +optional
	// +kubebuilder:validation:MaxLength=64
	SecondarySubnet string `json:"secondarySubnet,omitempty"`
}

// Rotations are the rotation words that were handled last.
type Rotations struct {
	// vcenter is the last word of credentials.vcenterRotation that was handled.
	// +optional
	// +kubebuilder:validation:MaxLength=64
	VCenter string `json:"vcenter,omitempty"`
	// nsxt is the last word of credentials.nsxtRotation that was handled.
	// +optional
	// +kubebuilder:validation:MaxLength=64
	NSXT string `json:"nsxt,omitempty"`
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
// +kubebuilder:printcolumn:name="Message",type=string,priority=1,JSONPath=`.status.conditions[?(@.type=="Ready")].message`
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
