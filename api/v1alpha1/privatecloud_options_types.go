// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

// What the spec of a PrivateCloud is made of.

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
	// scaleIn says which hosts leave when clusterSize is lowered. It works only with the feature gate ScaleInHosts.
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

// Zone is the number of a zone in the region.
// +kubebuilder:validation:MaxLength=16
// +kubebuilder:validation:XValidation:rule="self.matches('^[1-9]$')",message="a zone is the number of a zone in the region, for example \"1\", in quotes"
type Zone string

// Availability places the hosts of a private cloud in zones.
// +kubebuilder:validation:XValidation:rule="!has(self.strategy) || self.strategy != 'DualZone' || (has(self.zone) == has(self.secondaryZone) && (!has(self.zone) || self.zone != self.secondaryZone))",message="strategy DualZone has two different zones, in zone and secondaryZone, or neither: then Azure chooses them"
// +kubebuilder:validation:XValidation:rule="!has(self.secondaryZone) || (has(self.strategy) && self.strategy == 'DualZone')",message="secondaryZone is for strategy DualZone: leave it out, or set that strategy"
type Availability struct {
	// strategy: SingleZone, or DualZone for a cluster that is stretched over two zones.
	// +optional
	// +kubebuilder:validation:Enum=SingleZone;DualZone
	Strategy string `json:"strategy,omitempty"`
	// zone number in the region. Absent: Azure chooses.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=9
	Zone int32 `json:"zone,omitempty"`
	// secondaryZone number in the region, of strategy DualZone. Absent: Azure chooses.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=9
	SecondaryZone int32 `json:"secondaryZone,omitempty"`
}

// InitialPasswords are given to a private cloud when it is made, and never again.
// +kubebuilder:validation:XValidation:rule="has(self.vcenterSecretRef) || has(self.nsxtSecretRef)",message="initial needs vcenterSecretRef or nsxtSecretRef: leave it out to have Azure make up both passwords"
type InitialPasswords struct {
	// vcenterSecretRef is cloudadmin's password in vCenter: 8 to 20 characters, among them a lower-case and an upper-case letter, a digit and a
	// special character. Absent: Azure makes one up.
	// +optional
	VCenterSecretRef *SecretKeyReference `json:"vcenterSecretRef,omitempty"`
	// nsxtSecretRef is cloudadmin's password in NSX: likewise, of 12 to 127 characters. Absent: Azure makes one up.
	// +optional
	NSXTSecretRef *SecretKeyReference `json:"nsxtSecretRef,omitempty"`
}

// PrivateCloudCredentials says where the passwords of vCenter and NSX go, and when they change.
type PrivateCloudCredentials struct {
	// secretName is the Secret to write, in this namespace, with the keys vcenterUsername, vcenterPassword, nsxtUsername, nsxtPassword,
	// vcenterURL, nsxtURL and hcxURL. One that the operator did not make is never touched. Absent: none is written.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	SecretName string `json:"secretName,omitempty"`
	// initial are the first passwords. Absent: Azure makes them up.
	// +optional
	Initial *InitialPasswords `json:"initial,omitempty"`
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
