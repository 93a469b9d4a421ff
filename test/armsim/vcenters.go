// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package armsim

import (
	"context"
	"fmt"
	"hash/fnv"
)

// vcenter is what the simulator of Azure does with a vCenter.
type vcenter interface {
	URL() string
	Thumbprint() string
	SetPassword(user, password string)
	SetClusterSize(cluster string, hosts int) error
	AddCluster(name string, hosts int) error
	RemoveCluster(name string) error
	ClusterHosts(name string) []string
	Close()
}

// vcenterSpec is what the vCenter of a private cloud starts with.
type vcenterSpec struct {
	name, password string
	hosts          int
	seed           int64
}

// startVCenter starts the vCenter of a private cloud; nil: private clouds have none.
var startVCenter func(ctx context.Context, s *Server, spec vcenterSpec) (vcenter, error)

// liveCloud is the vCenter of one private cloud. It starts with the private cloud's creation, so that its address is known
// while Azure still builds, and is closed with its deletion.
type liveCloud struct {
	ready   chan struct{} // closed when the start has ended, either way
	vcenter vcenter
	err     error
}

// openCloud starts the vCenter of a new private cloud beside the request. s.mu is held.
func (s *Server) openCloud(r *resource) {
	if s.config.NoVCenters || startVCenter == nil || s.closed {
		return
	}
	live := &liveCloud{ready: make(chan struct{})}
	s.clouds[r.key()] = live
	seed := fnv.New64a()
	fmt.Fprintf(seed, "%d/%s", s.config.Seed, r.key())
	spec := vcenterSpec{name: tenantName(r), password: r.secrets[vcenterPassword], hosts: lookupHosts(r.body, cloudSize), seed: int64(seed.Sum64() >> 1)}
	s.work.Go(func() {
		vcenter, err := startVCenter(s.ctx, s, spec)
		s.mu.Lock()
		defer s.mu.Unlock()
		defer close(live.ready)
		if err != nil {
			live.err = fmt.Errorf("starting the vCenter of %s: %w", r.name, err)
			s.log.Error("Could not start a vCenter", "privateCloud", r.id, "error", err)
			return
		}
		live.vcenter = vcenter
		if s.clouds[r.key()] == live {
			s.publishCloud(r)
			finishHosts(s, r, nil)
		}
	})
}

// publishCloud writes the address and the thumbprint of the live vCenter into the private cloud. s.mu is held.
func (s *Server) publishCloud(r *resource) {
	live := s.clouds[r.key()]
	if live == nil || live.vcenter == nil {
		return
	}
	put(r.body, "properties.endpoints.vcsa", live.vcenter.URL()+"/")
	put(r.body, "properties.endpoints.vcenterIp", "127.0.0.1")
	put(r.body, "properties.vcenterCertificateThumbprint", live.vcenter.Thumbprint())
}

// liveHosts are the hosts that the vCenter has in a cluster; nil without a vCenter. s.mu is held.
func (s *Server) liveHosts(cloud *resource, cluster string) []string {
	live := s.clouds[cloud.key()]
	if live == nil || live.vcenter == nil {
		return nil
	}
	return live.vcenter.ClusterHosts(cluster)
}

// closeCloud ends the vCenter of a private cloud that is gone, if it had one. s.mu is held.
func (s *Server) closeCloud(key string) {
	live, ok := s.clouds[key]
	if !ok || s.closed {
		return
	}
	delete(s.clouds, key)
	s.work.Go(live.close)
}

func (l *liveCloud) close() {
	<-l.ready
	if l.vcenter != nil {
		l.vcenter.Close()
	}
}

func (s *Server) closeClouds() {
	s.mu.Lock()
	clouds := s.clouds
	s.clouds = map[string]*liveCloud{}
	s.mu.Unlock()
	for _, live := range clouds {
		live.close()
	}
}

// vcenterOf waits for the vCenter of a private cloud. Without s.mu.
func (s *Server) vcenterOf(key string) (vcenter, error) {
	s.mu.Lock()
	live, ok := s.clouds[key]
	s.mu.Unlock()
	if !ok {
		return nil, nil // NoVCenters, or gone meanwhile: there is nothing to do
	}
	<-live.ready
	return live.vcenter, live.err
}

// inVCenter makes the part of a change that happens in the live vCenter.
func (s *Server) inVCenter(key string, do func(vcenter) error) func() error {
	return func() error {
		vcenter, err := s.vcenterOf(key)
		if err != nil || vcenter == nil {
			return err
		}
		return do(vcenter)
	}
}

func privateCloudWork(s *Server, ch *change) func() error {
	if ch.remove {
		return nil
	}
	key, grows, size := ch.r.key(), ch.grows(), lookupHosts(ch.after, cloudSize)
	created := ch.create()
	return s.inVCenter(key, func(v vcenter) error {
		if created || grows == 0 {
			return nil
		}
		return v.SetClusterSize(managementClusterName, size)
	})
}

func clusterWork(s *Server, ch *change) func() error {
	name, grows, size := ch.r.name, ch.grows(), lookupHosts(ch.after, clusterSize)
	created, removed := ch.create(), ch.remove
	return s.inVCenter(ch.cloud().key(), func(v vcenter) error {
		switch {
		case removed:
			return v.RemoveCluster(name)
		case created:
			return v.AddCluster(name, size)
		case grows != 0:
			return v.SetClusterSize(name, size)
		}
		return nil
	})
}

func (s *Server) setLivePassword(key, password string) error {
	return s.inVCenter(key, func(v vcenter) error {
		v.SetPassword(vcenterUser, password)
		return nil
	})()
}
