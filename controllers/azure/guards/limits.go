// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package guards

import (
	"fmt"
	"slices"
	"strings"
)

// What Azure makes at most, and from where on Microsoft alerts.
const (
	minHosts, maxHosts = 3, 16 // of a cluster
	minStretched       = 6     // of a cluster in two zones
	maxCloudHosts      = 96
	maxClusters        = 12
	alertHosts         = 14
	alertCloudHosts    = 90
)

// total of hosts.
func total(pools []Pool) int {
	sum := 0
	for _, pool := range pools {
		sum += max(pool.Hosts, 0)
	}
	return sum
}

// Within refuses clusters that would be more or larger than Azure makes them. pools are all clusters of a private cloud as they would be.
func Within(pools []Pool) *Refusal {
	if len(pools) > maxClusters {
		return refuse(Limit, "the private cloud would have %d clusters and Azure makes at most %d: add hosts to a cluster that is there, "+
			"or make another private cloud", len(pools), maxClusters)
	}
	for _, pool := range pools {
		if pool.Hosts > maxHosts {
			return refuse(Limit, "%s would have %s and Azure makes at most %d", pool.Cluster, hosts(pool.Hosts), maxHosts)
		}
	}
	if sum := total(pools); sum > maxCloudHosts {
		return refuse(Limit, "the private cloud would have %s and Azure makes at most %d, %d fewer: make another private cloud for the others",
			hosts(sum), maxCloudHosts, sum-maxCloudHosts)
	}
	return nil
}

// NearLimit says where Microsoft alerts because a cluster or the private cloud is almost as large as it can be; empty if nowhere.
func NearLimit(pools []Pool) string {
	var parts []string
	for _, pool := range pools {
		if pool.Hosts >= alertHosts {
			parts = append(parts, fmt.Sprintf("%s has %d of at most %d hosts", pool.Cluster, pool.Hosts, maxHosts))
		}
	}
	if sum := total(pools); sum >= alertCloudHosts {
		parts = append(parts, fmt.Sprintf("the private cloud has %d of at most %d hosts", sum, maxCloudHosts))
	}
	return strings.Join(parts, "; ")
}

// Even refuses a size that two zones cannot share.
func Even(cluster string, stretched bool, size int) *Refusal {
	switch {
	case !stretched || size >= minStretched && size%2 == 0:
		return nil
	case size < minStretched:
		return refuse(Combination,
			"%s would have %s, and the private cloud is stretched over two zones, where a cluster has an even number from %d to %d: set clusterSize to %d",
			cluster, hosts(size), minStretched, maxHosts, minStretched)
	}
	return refuse(Combination, "%s would have %s, and the private cloud is stretched over two zones, where each zone has half of them: "+
		"set clusterSize to %d or %d", cluster, hosts(size), size-1, size+1)
}

// What is peculiar to AV64: in the first generation it only extends a private cloud of certain others, and needs addresses of its own.
const av64 = "av64"

var seeds = []string{"av36", "av36p", "av48", "av52"}

// Extension is a cluster that is to stand beside Cluster-1.
type Extension struct {
	SKU string
	// First is the SKU of Cluster-1, FirstHosts its size.
	First      string
	FirstHosts int
	// SecondGeneration says that the private cloud is in a virtual network.
	SecondGeneration bool
	// ExtendedBlocks of the private cloud.
	ExtendedBlocks []string
}

// Fits refuses a SKU that cannot stand beside that of Cluster-1.
func (e Extension) Fits() *Refusal {
	sku, first := strings.ToLower(e.SKU), strings.ToLower(e.First)
	switch {
	case e.SecondGeneration && sku != av64:
		return refuse(Combination,
			"the private cloud is in a virtual network (second generation), where all hosts are %s: a cluster of %s needs another private cloud", av64, sku)
	case sku == first:
		return nil
	case sku != av64:
		return refuse(Combination, "a cluster of %s cannot stand in a private cloud that began with %s: only %s and %s can", sku, first, first, av64)
	case !slices.Contains(seeds, first):
		return refuse(Combination, "a cluster of %s needs a private cloud that began with one of %s, and this one began with %s",
			av64, strings.Join(seeds, ", "), first)
	case e.FirstHosts < minHosts:
		return refuse(Combination, "a cluster of %s needs at least %d hosts of %s in Cluster-1 and there are %d", av64, minHosts, first, e.FirstHosts)
	}
	return enoughAddresses(e.ExtendedBlocks)
}

// enoughAddresses: one /23, or three /25.
func enoughAddresses(blocks []string) *Refusal {
	large, small := 0, 0
	for _, block := range blocks {
		switch {
		case strings.HasSuffix(block, "/23"):
			large++
		case strings.HasSuffix(block, "/25"):
			small++
		}
	}
	if large >= 1 || small >= 3 {
		return nil
	}
	return refuse(Combination, "hosts of %s need addresses of their own, one block of /23 or three of /25, and the private cloud has %d and %d: "+
		"set extendedNetworkBlocks on the PrivateCloud", av64, large, small)
}

// CanExtend reports whether blocks are enough for AV64.
func CanExtend(blocks []string) bool { return enoughAddresses(blocks) == nil }
