// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package armsim

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Resource answers what Azure has under an ARM id, for checks: a copy, without regard to casing. It does not count as a
// request and sees no stale replica.
func (s *Server) Resource(id string) (map[string]any, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	key := strings.ToLower(strings.TrimRight(id, "/"))
	if g, ok := s.groups[key]; ok {
		return g.body(), true
	}
	if l, ok := s.locks[key]; ok {
		return l.body(), true
	}
	r, ok := s.resources[key]
	if !ok {
		row, _ := s.row(id)
		return row, row != nil
	}
	return cloneObject(r.body), true
}

// Resources lists the lower-case ids of all Microsoft.AVS resources whose id begins with prefix, sorted; an empty prefix lists all.
func (s *Server) Resources(prefix string) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []string
	for _, e := range s.index.under(strings.ToLower(prefix)) {
		out = append(out, e.key)
	}
	return out
}

// SetInAzure changes a resource at once, as somebody in the portal or at Microsoft's support would: jsonPatch is an RFC 7396
// merge patch of the body. A new size also adds or removes hosts in the live vCenter.
func (s *Server) SetInAzure(id string, jsonPatch map[string]any) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, ok := s.resources[strings.ToLower(id)]
	if !ok {
		return s.restrictInAzure(id, jsonPatch)
	}
	s.lagBehind(r, false)
	before := cloneObject(r.body)
	patch := cloneObject(jsonPatch)
	r.body = merge(r.body, patch)
	if r.target != nil {
		led := merge(r.target, patch)
		clear(r.target)
		maps.Copy(r.target, led)
	}
	ch := &change{typ: r.typ, sub: r.sub, r: r, parent: r.parent, before: before, after: r.body}
	if ch.grows() == 0 {
		return nil
	}
	s.useCapacity(r.location(), ch.grows())
	if r.typ.work != nil {
		work := r.typ.work(s, ch)
		s.mu.Unlock()
		err := work()
		s.mu.Lock()
		if err != nil {
			return fmt.Errorf("changing %s: %w", id, err)
		}
	}
	finishHosts(s, r, ch)
	return nil
}

// RemoveInAzure takes a resource and everything under it away at once.
func (s *Server) RemoveInAzure(id string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, ok := s.resources[strings.ToLower(id)]
	if !ok {
		return fmt.Errorf("removing %s: it does not exist", id)
	}
	s.drop(r)
	return nil
}

// Secret is a write-only value that a resource holds, such as properties.licenseKey or properties.identitySources[NAME].password, and whether it
// holds one: no answer of Azure's shows it.
func (s *Server) Secret(id, path string) (value string, held bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r, ok := s.resources[strings.ToLower(id)]; ok {
		value, held = r.secrets[path]
	}
	return value, held
}

// SetSecret gives a resource a write-only value, as somebody else who changes it would.
func (s *Server) SetSecret(id, path, value string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, ok := s.resources[strings.ToLower(id)]
	if !ok {
		return fmt.Errorf("setting a secret of %s: it does not exist", id)
	}
	r.secrets[path] = value
	return nil
}

// SetSecrets replaces the client secrets of an application.
func (s *Server) SetSecrets(tenantID, clientID string, secrets ...string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	app, ok := s.entra.application(tenantID, clientID)
	if !ok {
		return fmt.Errorf("setting the secrets of application %s in tenant %s: it does not exist", clientID, tenantID)
	}
	app.Secrets = secrets
	return nil
}

// SetAccess replaces the client ids that may read and write in a subscription. When both are empty everybody may.
func (s *Server) SetAccess(subscriptionID string, readers, contributors []string) error {
	return s.inSub(subscriptionID, func(sub *subscription) {
		sub.config.Readers, sub.config.Contributors = readers, contributors
	})
}

// SetHostQuota replaces the host quota of a subscription, by SKU name.
func (s *Server) SetHostQuota(subscriptionID string, quota map[string]int) error {
	return s.inSub(subscriptionID, func(sub *subscription) { sub.config.HostQuota = maps.Clone(quota) })
}

func (s *Server) inSub(id string, f func(*subscription)) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	sub, ok := s.subscriptions[strings.ToLower(id)]
	if !ok {
		return fmt.Errorf("changing subscription %s: it does not exist", id)
	}
	f(sub)
	return nil
}

// SetCapacity says how many hosts a location can still hand out.
func (s *Server) SetCapacity(location string, hosts int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.capacity[normalLocation(location)] = hosts
}

// Writable lists the paths of a resource that its type's schema lets a client write, and the values of those that have only certain ones, for
// checks that play another client. Nothing exists under the id: nothing.
func (s *Server) Writable(id string) (paths []string, enums map[string][]string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, ok := s.resources[strings.ToLower(strings.TrimRight(id, "/"))]
	if !ok {
		return nil, nil
	}
	paths = append(r.typ.writable(), "tags")
	if !r.typ.tracked {
		paths = paths[:len(paths)-1]
	}
	slices.Sort(paths)
	return slices.Compact(paths), maps.Clone(r.typ.enums)
}
