// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package armsim

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/avs-operator/avs-operator/test/vcentersim"
)

// measured are the samples of a private cloud that a query is about: its live vCenter's, or without one what its vSAN datastores are by the
// sizes of its clusters. s.mu is held.
func (s *Server) measured(cloud *resource, q *metricQuery) []sample {
	if live := s.clouds[cloud.key()]; live != nil && live.vcenter != nil {
		live.measure()                                                                  // so that a private cloud that has just been built shows something
		return live.between(q.from.Truncate(q.step), q.to.Truncate(q.step).Add(q.step)) // the last interval is answered as far as it has come
	}
	if cloud.state() == "Building" || !s.config.NoVCenters {
		return nil
	}
	// The newest interval, so that a query that ended a moment ago finds it.
	one := sample{at: q.to.Add(-time.Nanosecond)}
	for _, r := range append(s.siblings(cloud), cloud) {
		if store := s.storeOf(r); store.Capacity > 0 {
			one.stores = append(one.stores, store)
		}
	}
	return []sample{one}
}

const (
	diskUsedKey  = "diskUsed/" // and the datastore's name in lower case
	idleDiskUsed = 0.2         // what the management machines take
)

// storeOf is the vSAN datastore of a cluster, or for a private cloud of its Cluster-1, in bytes as its hosts bring them.
func (s *Server) storeOf(r *resource) vcentersim.DatastoreUsage {
	path, hosts := "properties.vsanDatastoreName", len(hostList(r.body, clusterHosts))
	if r.parent == nil {
		path, hosts = "properties.managementCluster.vsanDatastoreName", len(hostList(r.body, cloudHosts))
	}
	store := vcentersim.DatastoreUsage{Name: lookupString(r.body, path)}
	for _, k := range hostSKUs {
		if terabytes, err := strconv.ParseFloat(k.storageTB, 64); err == nil && strings.EqualFold(k.name, lookupString(r.body, "sku.name")) {
			store.Capacity = int64(float64(hosts) * terabytes * 1e12)
		}
	}
	store.Used = int64(float64(store.Capacity) * idleDiskUsed)
	if used, ok := r.root().hidden[diskUsedKey+strings.ToLower(store.Name)].(float64); ok {
		store.Used = int64(used)
	}
	return store
}

// SetDiskUsed says how many bytes of a vSAN datastore are used, in a private cloud without a live vCenter.
func (s *Server) SetDiskUsed(privateCloudID, datastore string, bytes int64) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	cloud, ok := s.resources[strings.ToLower(privateCloudID)]
	if !ok || cloud.parent != nil || !s.config.NoVCenters {
		return fmt.Errorf("setting the disk usage of %s: there is no such private cloud, or its vCenter is live", privateCloudID)
	}
	cloud.hide(diskUsedKey+strings.ToLower(datastore), float64(bytes))
	return nil
}
