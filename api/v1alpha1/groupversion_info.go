// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package v1alpha1 holds the custom resources that users write: private clouds and their parts in Azure VMware Solution, and the
// moves of virtual machines into and out of them.
//
// +kubebuilder:object:generate=true
// +groupName=avs-operator.io
package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// GroupVersion of every kind in this package.
var GroupVersion = schema.GroupVersion{Group: "avs-operator.io", Version: "v1alpha1"}

// AddToScheme registers every kind of this package.
func AddToScheme(scheme *runtime.Scheme) error {
	scheme.AddKnownTypes(GroupVersion,
		&AzureIdentity{}, &AzureIdentityList{},
		&PrivateCloud{}, &PrivateCloudList{},
		&Cluster{}, &ClusterList{},
		&Datastore{}, &DatastoreList{},
		&PlacementPolicy{}, &PlacementPolicyList{},
		&Addon{}, &AddonList{},
		&IscsiPath{}, &IscsiPathList{},
		&License{}, &LicenseList{},
		&PureStoragePolicy{}, &PureStoragePolicyList{},
		&ScriptExecution{}, &ScriptExecutionList{},
		&CloudLink{}, &CloudLinkList{},
		&DHCPConfiguration{}, &DHCPConfigurationList{},
		&DNSService{}, &DNSServiceList{},
		&DNSZone{}, &DNSZoneList{},
		&ExpressRouteAuthorization{}, &ExpressRouteAuthorizationList{},
		&GlobalReachConnection{}, &GlobalReachConnectionList{},
		&HCXEnterpriseSite{}, &HCXEnterpriseSiteList{},
		&PortMirroringProfile{}, &PortMirroringProfileList{},
		&PublicIP{}, &PublicIPList{},
		&Segment{}, &SegmentList{},
		&VMGroup{}, &VMGroupList{},
		&VCenter{}, &VCenterList{},
		&WorkloadMove{}, &WorkloadMoveList{},
		&VirtualMachineMove{}, &VirtualMachineMoveList{},
		&MaintenancePolicy{}, &MaintenancePolicyList{},
	)
	metav1.AddToGroupVersion(scheme, GroupVersion)
	return nil
}
