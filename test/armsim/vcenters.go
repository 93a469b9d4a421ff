// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package armsim

import (
	"fmt"
	"hash/fnv"
	"strings"
	"sync"

	"github.com/avs-operator/avs-operator/test/vcentersim"
)

// vcenterSpec is what the vCenter of a private cloud starts with.
type vcenterSpec struct {
	name, password string
	hosts          int
	seed           int64
}

// starting serialises starts: govmomi's simulator fills package-wide templates while it builds an inventory, so two vCenters
// that start at the same moment could mix up their defaults.
var starting sync.Mutex

func (s *Server) startVCenter(spec vcenterSpec) (*vcentersim.VCenter, error) {
	starting.Lock()
	defer starting.Unlock()
	return vcentersim.Start(s.ctx, vcentersim.Config{
		Layout: vcentersim.AVS, Name: spec.name, Username: vcenterUser, Password: spec.password, Hosts: spec.hosts,
		PortGroups: s.config.VCenterPortGroups, Speed: s.config.Speed, Seed: spec.seed, Log: s.log.With("vcenter", spec.name),
	})
}

// VCenter answers the live vCenter of a private cloud; nil before it runs, after it was deleted, and with Config.NoVCenters.
func (s *Server) VCenter(privateCloudID string) *vcentersim.VCenter {
	s.mu.Lock()
	defer s.mu.Unlock()
	if live, ok := s.clouds[strings.ToLower(privateCloudID)]; ok {
		return live.vcenter
	}
	return nil
}

// liveCloud is the vCenter of one private cloud. It starts with the private cloud's creation, so that its address is known
// while Azure still builds, and is closed with its deletion.
type liveCloud struct {
	ready   chan struct{} // closed when the start has ended, either way
	vcenter *vcentersim.VCenter
	err     error

	measuring sync.Mutex
	samples   []sample // oldest first
}

// openCloud starts the vCenter of a new private cloud beside the request. s.mu is held.
func (s *Server) openCloud(r *resource) {
	if s.config.NoVCenters || s.closed {
		return
	}
	live := &liveCloud{ready: make(chan struct{})}
	s.clouds[r.key()] = live
	seed := fnv.New64a()
	fmt.Fprintf(seed, "%d/%s", s.config.Seed, r.key())
	spec := vcenterSpec{name: tenantName(r), password: r.secrets[vcenterPassword], hosts: lookupHosts(r.body, cloudSize), seed: int64(seed.Sum64() >> 1)}
	s.work.Go(func() {
		vcenter, err := s.startVCenter(spec)
		s.mu.Lock()
		defer s.mu.Unlock()
		defer close(live.ready)
		if err != nil {
			live.err = fmt.Errorf("starting the vCenter of %s: %w", r.name, err)
			s.log.Error("Could not start a vCenter", "privateCloud", r.id, "error", err)
			return
		}
		live.vcenter = vcenter
		s.follow(live)
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
func (s *Server) vcenterOf(key string) (*vcentersim.VCenter, error) {
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
func (s *Server) inVCenter(key string, do func(*vcentersim.VCenter) error) func() error {
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
	keep, extra := hostList(ch.sent, cloudHosts), extraOf(ch.r)
	created := ch.create()
	return s.inVCenter(key, func(v *vcentersim.VCenter) error {
		if created || grows == 0 {
			return nil
		}
		return resize(v, managementClusterName, size, keep, extra)
	})
}

// extraOf is the temporary host of an upgrade, which no change of the size counts.
func extraOf(r *resource) string {
	name, _ := r.hidden[extraHost].(string)
	return name
}

func clusterWork(s *Server, ch *change) func() error {
	name, grows, size := ch.r.name, ch.grows(), lookupHosts(ch.after, clusterSize)
	created, removed := ch.create(), ch.remove
	keep, extra := hostList(ch.sent, clusterHosts), extraOf(ch.r)
	return s.inVCenter(ch.cloud().key(), func(v *vcentersim.VCenter) error {
		switch {
		case removed:
			return v.RemoveCluster(name)
		case created:
			return v.AddCluster(name, size)
		case grows != 0:
			return resize(v, name, size, keep, extra)
		}
		return nil
	})
}

func (s *Server) setLivePassword(key, password string) error {
	return s.inVCenter(key, func(v *vcentersim.VCenter) error {
		v.SetPassword(vcenterUser, password)
		return nil
	})()
}
