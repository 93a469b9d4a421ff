// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package armsim

import (
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"maps"
	"strings"
)

// readState reads what Save wrote.
func readState(from io.Reader) (*savedState, error) {
	state := &savedState{}
	if err := json.NewDecoder(from).Decode(state); err != nil {
		return nil, fmt.Errorf("reading the saved state: %w", err)
	}
	if state.Format != stateFormat {
		return nil, fmt.Errorf("reading the saved state: its format is %d, and this program reads %d", state.Format, stateFormat)
	}
	return state, nil
}

func readTokenKey(text string) (*rsa.PrivateKey, error) {
	block, _ := pem.Decode([]byte(text))
	if block == nil {
		return nil, errors.New("reading the token signing key: it is not PEM")
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("reading the token signing key: %w", err)
	}
	key, ok := parsed.(*rsa.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("reading the token signing key: it is a %T, not an RSA key", parsed)
	}
	return key, nil
}

// restore takes a saved state over. The clock does not run yet and nothing is served, so no operation can end before the
// vCenters are as they were. What Config names besides exists as well; what both name is as it was saved. s.mu is held.
func (s *Server) restore(state *savedState) error {
	s.clock.added = state.Time
	for _, saved := range state.Subscriptions {
		sub := newSubscription(saved.Config)
		sub.registered, sub.unregisteredOthers = saved.Registered, saved.UnregisteredOthers
		if sub.unregisteredOthers == nil {
			sub.unregisteredOthers = map[string]bool{}
		}
		if sub.registered == "Registering" {
			sub.due = s.after(saved.Left, s.registering(sub))
		}
		s.subscriptions[strings.ToLower(sub.config.ID)] = sub
	}
	for _, saved := range state.Groups {
		g := newGroup(saved.Subscription, saved.Name, saved.Location, saved.Tags)
		s.groups[g.key()] = g
	}
	for _, saved := range state.Resources {
		if err := s.restoreResource(saved); err != nil {
			return err
		}
	}
	for _, l := range state.Locks {
		s.locks[l.key()] = l
	}
	for key, saved := range state.Replays {
		s.replays[key] = s.restoreAnswer(saved, state.URL)
	}
	for key, saved := range state.Buckets {
		s.buckets[key] = &bucket{saved.Tokens, saved.Filled}
	}
	maps.Copy(s.capacity, state.Capacity)
	maps.Copy(s.draws, state.Draws)
	for url, allowed := range state.Vaults {
		s.vaults[url] = maps.Clone(allowed)
	}
	for _, f := range state.Faults {
		s.faults.add(f)
	}
	return nil
}

func (s *Server) restoreResource(saved savedResource) error {
	r := &resource{id: saved.ID, name: saved.Name, sub: s.subscriptions[strings.ToLower(saved.Subscription)], body: saved.Body, hidden: saved.Hidden,
		secrets: saved.Secrets}
	for _, t := range resourceTypes {
		if t.name == saved.Type {
			r.typ = t
		}
	}
	if r.typ == nil || r.sub == nil || r.body == nil {
		return fmt.Errorf("reading the saved state: the resource %s has type %q in subscription %q, which are not both known",
			saved.ID, saved.Type, saved.Subscription)
	}
	if saved.Parent != "" {
		if r.parent = s.resources[saved.Parent]; r.parent == nil {
			return fmt.Errorf("reading the saved state: the parent of %s is not in it", saved.ID)
		}
	}
	if r.secrets == nil {
		r.secrets = map[string]string{}
	}
	if saved.StaleGets > 0 {
		r.stale = &staleReads{saved.StaleGets, saved.StaleBody}
	}
	s.keep(r)
	return nil
}

// restoreAnswer makes the polling URLs in a remembered answer those of this server.
func (s *Server) restoreAnswer(saved savedAnswer, url string) *answer {
	a := &answer{status: saved.Status, header: saved.Header, body: saved.Body}
	if saved.Page != "" {
		a.body = page(saved.Page)
	}
	for _, values := range a.header {
		for i := range values {
			values[i] = strings.Replace(values[i], strings.TrimPrefix(url, "https://"), strings.TrimPrefix(s.url, "https://"), 1) // also of a regional host
		}
	}
	return a
}

// load takes a saved state over and waits until its vCenters are there.
func (s *Server) load(state *savedState) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.restore(state); err != nil {
		return err
	}
	if err := s.reopenClouds(state); err != nil {
		return err
	}
	return s.resume(state)
}

// reopenClouds starts the vCenter of every private cloud anew and does there again what every resource had done. What an
// operation in flight is still going to create is left to it. s.mu is held, and let go while vCenters work.
func (s *Server) reopenClouds(state *savedState) error {
	if s.config.NoVCenters {
		return nil
	}
	coming := map[string]bool{}
	for _, op := range state.Operations {
		if op.Change != nil && op.Change.Before == nil && !op.Change.Remove {
			coming[strings.ToLower(op.ResourceID)] = true
		}
	}
	for _, key := range sortedKeys(s.resources) {
		r := s.resources[key]
		if r.typ.parent == nil && r.typ.tracked {
			s.openCloud(r)
			continue
		}
		if r.typ.work == nil || coming[key] {
			continue
		}
		work := r.typ.work(s, &change{typ: r.typ, sub: r.sub, r: r, parent: r.parent, sent: cloneObject(r.body), after: cloneObject(r.body)})
		if work == nil {
			continue
		}
		s.mu.Unlock()
		err := work()
		s.mu.Lock()
		if err != nil {
			return fmt.Errorf("making %s in its vCenter again: %w", r.id, err)
		}
		if r.typ.size != "" {
			finishHosts(s, r, nil)
		}
	}
	return nil
}

// resume lets the operations go on where they were. It comes after the vCenters are there, and before the clock runs. s.mu is
// held.
func (s *Server) resume(state *savedState) error {
	for _, saved := range state.Operations {
		op := &operation{
			id: saved.ID, resourceID: saved.ResourceID, sub: s.subscriptions[strings.ToLower(saved.Subscription)], location: saved.Location,
			apiVersion: saved.APIVersion, armsOwn: saved.ArmsOwn, groupPath: saved.GroupPath, withResult: saved.WithResult, noContent: saved.NoContent,
			retryAfter: saved.RetryAfter, hidden: saved.Hidden, status: saved.Status, started: saved.Started, ended: saved.Ended, ending: saved.Ending, code: saved.Code,
			message: saved.Message, fault: saved.Fault, finish: func(string) {},
		}
		if op.sub == nil {
			return fmt.Errorf("reading the saved state: operation %s is of subscription %q, which is not in it", saved.ID, saved.Subscription)
		}
		s.operations[op.id] = op
		if op.done() {
			continue
		}
		if saved.Kind != "" {
			if err := s.redefine(op, saved); err != nil {
				return err
			}
		}
		s.schedule(op, saved.Left)
	}
	s.resumeMaintenances()
	for _, saved := range state.Resources { // those that a resource group takes with it
		if op := s.operations[saved.Operation]; op != nil && !op.done() {
			s.resources[strings.ToLower(saved.ID)].op = op
		}
	}
	return nil
}

// redefine gives an operation its work and effect again.
func (s *Server) redefine(op *operation, saved savedOperation) error {
	key := strings.ToLower(op.resourceID)
	if s.resources[key] == nil && s.groups[key] == nil && s.resources[saved.Args["cloud"]] == nil {
		return fmt.Errorf("reading the saved state: operation %s is of %s, which is not in it", saved.ID, op.resourceID)
	}
	if operationKinds[saved.Kind] == nil {
		return fmt.Errorf("reading the saved state: operation %s is of the kind %q, which is not known", saved.ID, saved.Kind)
	}
	if ch := saved.Change; ch != nil {
		r := s.resources[key]
		op.change = &change{
			typ: r.typ, sub: r.sub, r: r, parent: r.parent, sent: ch.Sent, before: ch.Before, after: ch.After, secret: ch.Secret, remove: ch.Remove,
			lists: ch.Lists, whole: ch.Whole, fault: saved.Fault,
		}
	}
	s.define(op, saved.Kind, saved.Args)
	return nil
}
