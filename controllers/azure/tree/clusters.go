// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package tree

// Cluster1 is the first cluster of every private cloud. It is no resource of its own, and no list of clusters shows it, but it has children.
const Cluster1 = "Cluster-1"

// Where ARM has what is said of a cluster: of Cluster-1 in the body of the private cloud, of any other in its own.
const (
	SizeOfCluster1  = "/properties/managementCluster/clusterSize"
	HostsOfCluster1 = "/properties/managementCluster/hosts"
	VSANOfCluster1  = "/properties/managementCluster/vsanDatastoreName"

	SizeOfCluster  = "/properties/clusterSize"
	HostsOfCluster = "/properties/hosts"
	VSANOfCluster  = "/properties/vsanDatastoreName"

	// SKU is that of Cluster-1 in a private cloud.
	SKU = "/sku/name"
)
