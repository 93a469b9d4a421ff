// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package kinds

import (
	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/arm"
	"github.com/avs-operator/avs-operator/controllers/azure/kinds/hosts"
	"github.com/avs-operator/avs-operator/controllers/azure/tree"
)

func privateCloudObserve(c *v1alpha1.PrivateCloud, actual *arm.Resource) {
	s := &c.Status
	s.ClusterSize = int32(actual.Int(tree.SizeOfCluster1)) //nolint:gosec // at most 16
	s.Selector = hosts.Selector
	s.Hosts = actual.Texts(tree.HostsOfCluster1)
	s.VSANDatastoreName = actual.String(tree.VSANOfCluster1)
	s.SKU = actual.String(tree.SKU)
	s.NetworkBlock = actual.String("/properties/networkBlock")
	s.VirtualNetworkID = actual.String("/properties/virtualNetworkId")
	s.ManagementNetwork = actual.String("/properties/managementNetwork")
	s.ProvisioningNetwork = actual.String("/properties/provisioningNetwork")
	s.VMotionNetwork = actual.String("/properties/vmotionNetwork")
	s.ExternalCloudLinks = actual.Texts("/properties/externalCloudLinks")
	s.NSXPublicIPQuotaRaised = actual.String("/properties/nsxPublicIpQuotaRaised")
	if _, ok := actual.Value("/properties/endpoints"); ok {
		s.Endpoints = endpointsOf(actual)
	}
	if circuit := circuitOf(actual, "/properties/circuit"); circuit != nil {
		s.Circuit = circuit
	}
	s.SecondaryCircuit = circuitOf(actual, "/properties/secondaryCircuit")
	s.Availability = nil
	if strategy := actual.String("/properties/availability/strategy"); strategy != "" {
		s.Availability = &v1alpha1.AvailabilityStatus{
			Strategy:      strategy,
			Zone:          int32(actual.Int("/properties/availability/zone")),          //nolint:gosec // at most 9
			SecondaryZone: int32(actual.Int("/properties/availability/secondaryZone")), //nolint:gosec // at most 9
		}
	}
	s.SystemAssignedIdentity = nil
	if principal := actual.String("/identity/principalId"); principal != "" {
		s.SystemAssignedIdentity = &v1alpha1.PrivateCloudIdentityStatus{PrincipalID: principal, TenantID: actual.String("/identity/tenantId")}
	}
	s.Encryption = encryptionOf(actual)
	s.VCFLicense = licenseStatus(actual, hosts.VCFLicense)
}

func endpointsOf(actual *arm.Resource) *v1alpha1.PrivateCloudEndpoints {
	return &v1alpha1.PrivateCloudEndpoints{
		VCenter:                      actual.String("/properties/endpoints/vcsa"),
		VCenterIP:                    actual.String("/properties/endpoints/vcenterIp"),
		VCenterCertificateThumbprint: actual.String("/properties/vcenterCertificateThumbprint"),
		NSXTManager:                  actual.String("/properties/endpoints/nsxtManager"),
		NSXTManagerIP:                actual.String("/properties/endpoints/nsxtManagerIp"),
		NSXTCertificateThumbprint:    actual.String("/properties/nsxtCertificateThumbprint"),
		HCXCloudManager:              actual.String("/properties/endpoints/hcxCloudManager"),
		HCXCloudManagerIP:            actual.String("/properties/endpoints/hcxCloudManagerIp"),
	}
}

// circuitOf is an ExpressRoute circuit, nil if there is none.
func circuitOf(actual *arm.Resource, at string) *v1alpha1.Circuit {
	if _, ok := actual.Value(at); !ok {
		return nil
	}
	return &v1alpha1.Circuit{
		ExpressRouteID:               actual.String(at + "/expressRouteID"),
		ExpressRoutePrivatePeeringID: actual.String(at + "/expressRoutePrivatePeeringID"),
		PrimarySubnet:                actual.String(at + "/primarySubnet"),
		SecondarySubnet:              actual.String(at + "/secondarySubnet"),
	}
}

func encryptionOf(actual *arm.Resource) *v1alpha1.EncryptionStatus {
	status := actual.String(encryption + "/status")
	if status == "" {
		return nil
	}
	const vault = encryption + "/keyVaultProperties"
	version := actual.String(vault + "/keyVersion")
	if version == "" {
		version = actual.String(vault + "/autoDetectedKeyVersion")
	}
	return &v1alpha1.EncryptionStatus{Status: status, KeyState: actual.String(vault + "/keyState"), KeyVersion: version,
		VersionType: actual.String(vault + "/versionType")}
}
