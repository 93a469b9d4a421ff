// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package armsim

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/avs-operator/avs-operator/test/vcentersim"
)

// Hosts come, go and are replaced, because somebody asked or by themselves.

// What the service knows about hosts and shows only in part.
const (
	underMaintenance = "hostMaintenance" // by lower-case FQDN: Replacement or Upgrade
	extraHost        = "extraHost"       // in the vCenter, and nowhere in Azure
)

// fewerHosts takes a list of hosts that is shorter than the size for a smaller size, as AVS does, and checks that what is
// named exists. before says the hosts that there are.
func fewerHosts(ch *change, size, hosts string) *answer {
	if _, sent := lookup(ch.sent, hosts); !sent || ch.before == nil {
		return nil
	}
	named, refused := textList(ch.sent, hosts)
	if refused != nil {
		return refused
	}
	now := hostList(ch.before, hosts)
	for _, name := range named {
		if !contains(now, name) {
			return invalid("The host '%s' is not one of this cluster.", name)
		}
	}
	if _, sized := lookup(ch.sent, size); !sized && len(named) < len(now) && len(named) > 0 {
		put(ch.after, size, float64(len(named)))
	}
	if wanted, _ := lookupInt(ch.after, size); len(named) > wanted && ch.grows() < 0 {
		return invalid("The list of hosts to keep has %d hosts, more than the cluster size %d.", len(named), wanted)
	}
	return nil
}

// mayShrink refuses to take hosts that placement policies need. s.mu is held.
func (s *Server) mayShrink(ch *change, cluster, hosts string) *answer {
	if ch.grows() >= 0 {
		return nil
	}
	size, _ := lookupInt(ch.after, ch.typ.size)
	keep := hostList(ch.sent, hosts)
	left := keeping(hostList(ch.before, hosts), keep, size)
	for _, policy := range s.policiesOf(ch.cloud(), cluster) {
		if lookupString(policy.body, "properties.state") == "Disabled" {
			continue
		}
		if members := hostList(policy.body, policyMachines); lookupString(policy.body, "properties.type") == "VmVm" &&
			lookupString(policy.body, "properties.affinityType") == "AntiAffinity" && len(members) >= size {
			return refuse(http.StatusConflict, "Conflict",
				"The cluster '%s' cannot be scaled in to %d hosts: the VM-VM anti-affinity policy '%s' has %d virtual machines.",
				cluster, size, policy.name, len(members))
		}
		members := hostList(policy.body, policyHosts)
		if len(members) > 0 && !slices.ContainsFunc(members, func(name string) bool { return contains(left, name) }) {
			return refuse(http.StatusConflict, "Conflict", "The cluster '%s' cannot be scaled in: it would take the last host of the VM-Host policy '%s'.",
				cluster, policy.name)
		}
	}
	return nil
}

// keeping answers which of now stay when size do: those in keep, and then the oldest.
func keeping(now, keep []string, size int) []string {
	out := slices.Clone(now)
	for i := len(out) - 1; i >= 0 && len(out) > size; i-- {
		if !contains(keep, out[i]) {
			out = slices.Delete(out, i, i+1)
		}
	}
	return out[:min(len(out), max(size, 0))]
}

// resize makes the vCenter's cluster have size hosts beside extra. keep stay when others can go.
func resize(v *vcentersim.VCenter, cluster string, size int, keep []string, extra string) error {
	now := slices.DeleteFunc(v.ClusterHosts(cluster), func(name string) bool { return name == extra })
	for n := len(now); n < size; n++ {
		if _, err := v.AddHost(cluster); err != nil {
			return err
		}
	}
	left := keeping(now, keep, size)
	for _, name := range now {
		if !contains(left, name) {
			if err := v.RemoveHost(cluster, name); err != nil {
				return err
			}
		}
	}
	return nil
}

// fitPolicies takes hosts that are gone out of the policies that name them, as the platform does by itself. new takes the
// place of old; an empty new only takes it out. s.mu is held.
func (s *Server) fitPolicies(cloud *resource, cluster, old, with string) {
	for _, policy := range s.policiesOf(cloud, cluster) {
		members := hostList(policy.body, policyHosts)
		at := slices.IndexFunc(members, func(name string) bool { return strings.EqualFold(name, old) })
		if at < 0 {
			continue
		}
		if members = slices.Delete(members, at, at+1); with != "" {
			members = append(members, with)
		}
		put(policy.body, policyHosts, clone(members))
	}
}

// clusterAt finds what has the hosts of a cluster's ARM id: a cluster, or the private cloud for its Cluster-1.
func (s *Server) clusterAt(id string) (r *resource, cluster, hosts string, err error) {
	key := strings.ToLower(strings.TrimRight(id, "/"))
	if cloud, ok := strings.CutSuffix(key, "/clusters/"+strings.ToLower(managementClusterName)); ok {
		if r, ok := s.resources[cloud]; ok {
			return r, managementClusterName, cloudHosts, nil
		}
	}
	if r, ok := s.resources[key]; ok && r.typ.segment == "clusters" {
		return r, r.name, clusterHosts, nil
	}
	return nil, "", "", fmt.Errorf("cluster %s: not found", id)
}

// BeginMaintenance marks a host as being replaced (Replacement) or upgraded (Upgrade); an empty reason ends it.
func (s *Server) BeginMaintenance(clusterID, fqdn, reason string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, _, hosts, err := s.clusterAt(clusterID)
	if err != nil {
		return fmt.Errorf("marking a host: %w", err)
	}
	if !contains(hostList(r.body, hosts), fqdn) {
		return fmt.Errorf("marking a host: %s is not in %s", fqdn, clusterID)
	}
	r.markHost(fqdn, reason)
	return nil
}

func (r *resource) markHost(fqdn, reason string) {
	marks, _ := r.hidden[underMaintenance].(map[string]any)
	marks = cloneObject(marks)
	if marks == nil {
		marks = map[string]any{}
	}
	if delete(marks, strings.ToLower(fqdn)); reason != "" {
		marks[strings.ToLower(fqdn)] = reason
	}
	r.hide(underMaintenance, marks)
}

// hostKind is General, or Specialized for a host that the platform keeps for purposes of its own.
func (r *resource) hostKind(fqdn string) string {
	if special, _ := r.hidden["specialized/"+strings.ToLower(fqdn)].(bool); special {
		return "Specialized"
	}
	return "General"
}

// SetSpecialized says whether a host is of the kind Specialized.
func (s *Server) SetSpecialized(clusterID, fqdn string, special bool) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, _, _, err := s.clusterAt(clusterID)
	if err != nil {
		return fmt.Errorf("setting the kind of a host: %w", err)
	}
	r.hide("specialized/"+strings.ToLower(fqdn), special)
	return nil
}

// ReplaceHost exchanges a host that has failed for a new one, as Azure does by itself: the list of hosts changes, the size
// does not. It answers the new host's name.
func (s *Server) ReplaceHost(clusterID, fqdn string) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, cluster, hosts, err := s.clusterAt(clusterID)
	if err != nil {
		return "", fmt.Errorf("replacing a host: %w", err)
	}
	now := hostList(r.body, hosts)
	at := slices.IndexFunc(now, func(name string) bool { return strings.EqualFold(name, fqdn) })
	if at < 0 {
		return "", fmt.Errorf("replacing a host: %s is not in %s", fqdn, clusterID)
	}
	fresh := hostNames(r, now, max(1, lookupHosts(r.body, "properties.clusterId")), len(now)+1)[len(now)]
	if v := s.liveVCenter(r.root()); v != nil {
		s.mu.Unlock()
		name, err := v.AddHost(cluster)
		if err == nil {
			err = v.RemoveHost(cluster, now[at])
		}
		s.mu.Lock()
		if err != nil {
			return "", fmt.Errorf("replacing the host %s: %w", fqdn, err)
		}
		fresh = name
	}
	now = append(slices.Delete(now, at, at+1), fresh)
	for _, body := range []map[string]any{r.body, r.target} {
		if body != nil {
			put(body, hosts, clone(now))
		}
	}
	r.markHost(fqdn, "")
	s.fitPolicies(r.root(), cluster, fqdn, fresh)
	return fresh, nil
}

// AddMaintenanceHost adds the temporary host of an upgrade: it is in the vCenter, and Azure neither counts nor shows it. The
// hosts that Azure shows say Upgrade. It answers the host's name; without a live vCenter there is none.
func (s *Server) AddMaintenanceHost(clusterID string) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, cluster, hosts, err := s.clusterAt(clusterID)
	if err != nil {
		return "", fmt.Errorf("adding a maintenance host: %w", err)
	}
	if name, _ := r.hidden[extraHost].(string); name != "" {
		return "", errors.New("adding a maintenance host: there is one already")
	}
	name := ""
	if v := s.liveVCenter(r.root()); v != nil {
		s.mu.Unlock()
		name, err = v.AddHost(cluster)
		s.mu.Lock()
		if err != nil {
			return "", fmt.Errorf("adding a maintenance host: %w", err)
		}
	}
	r.hide(extraHost, name)
	for _, fqdn := range hostList(r.body, hosts) {
		r.markHost(fqdn, "Upgrade")
	}
	return name, nil
}

// RemoveMaintenanceHost ends the upgrade.
func (s *Server) RemoveMaintenanceHost(clusterID string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, cluster, hosts, err := s.clusterAt(clusterID)
	if err != nil {
		return fmt.Errorf("removing a maintenance host: %w", err)
	}
	name, _ := r.hidden[extraHost].(string)
	if v := s.liveVCenter(r.root()); v != nil && name != "" {
		s.mu.Unlock()
		err = v.RemoveHost(cluster, name)
		s.mu.Lock()
		if err != nil {
			return fmt.Errorf("removing a maintenance host: %w", err)
		}
	}
	delete(r.hidden, extraHost)
	for _, fqdn := range hostList(r.body, hosts) {
		r.markHost(fqdn, "")
	}
	return nil
}

// liveVCenter is the vCenter of a private cloud when it runs; nil: none. s.mu is held.
func (s *Server) liveVCenter(cloud *resource) *vcentersim.VCenter {
	if live := s.clouds[cloud.key()]; live != nil {
		return live.vcenter
	}
	return nil
}
