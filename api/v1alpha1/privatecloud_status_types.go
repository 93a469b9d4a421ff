// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import "strings"

// PrivateCloudStatus is the private cloud as Azure has it.
type PrivateCloudStatus struct {
	AzureStatus `json:",inline"`

	// formerIDs are the ARM ids that the private cloud had before it was moved to another subscription or resource group, the latest last.
	// What stood in it there is found in it at status.id.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=8
	// +kubebuilder:validation:items:MaxLength=1024
	FormerIDs []string `json:"formerIDs,omitempty"`

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
	// systemAssignedIdentity is the identity of the private cloud in Entra ID. It comes into being with the private cloud, and a key vault must let
	// it in before encryption can be enabled.
	// +optional
	SystemAssignedIdentity *PrivateCloudIdentityStatus `json:"systemAssignedIdentity,omitempty"`
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

// Now is an ARM id since the private cloud was moved: what was at a former place of it, or in it there, is where it is now. Any other id stays as it is.
func (c *PrivateCloud) Now(id string) string {
	for _, former := range c.Status.FormerIDs {
		if rest, in := inside(id, former); in {
			return c.Status.ID + rest
		}
	}
	return id
}

// Formerly are the ids that what has an ARM id in the private cloud had before it was moved.
func (c *PrivateCloud) Formerly(id string) (out []string) {
	rest, in := inside(id, c.Status.ID)
	if !in || rest == "" {
		return nil
	}
	for _, former := range c.Status.FormerIDs {
		out = append(out, former+rest)
	}
	return out
}

// inside cuts the id of what something is, or is in, off its own id. ARM compares ids without case.
func inside(id, of string) (rest string, in bool) {
	n := len(of)
	if n == 0 || len(id) < n || !strings.EqualFold(id[:n], of) || len(id) > n && id[n] != '/' {
		return "", false
	}
	return id[n:], true
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
