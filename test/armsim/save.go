// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package armsim

import (
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// Save writes the whole state as JSON, for Config.State of a later server. It holds secrets: the passwords of private clouds,
// the keys of the certificate authority and of Entra. Simulated time stands still between Save and that server's start.
func (s *Server) Save(to io.Writer) error {
	state, err := s.saved()
	if err != nil {
		return fmt.Errorf("saving the state: %w", err)
	}
	encoder := json.NewEncoder(to)
	encoder.SetIndent("", " ")
	if err := encoder.Encode(state); err != nil {
		return fmt.Errorf("saving the state: %w", err)
	}
	return nil
}

// SaveFile is Save into a file that only its owner may read. A reader never sees half of it.
func (s *Server) SaveFile(path string) error {
	file, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*") // with mode 0600
	if err != nil {
		return fmt.Errorf("saving the state: %w", err)
	}
	err = s.Save(file)
	if closed := file.Close(); err == nil {
		err = closed
	}
	if err == nil {
		err = os.Rename(file.Name(), path)
	}
	if err != nil {
		_ = os.Remove(file.Name())
		return fmt.Errorf("saving the state to %s: %w", path, err)
	}
	return nil
}

func (s *Server) saved() (*savedState, error) {
	tokenKey, err := x509.MarshalPKCS8PrivateKey(s.entra.key)
	if err != nil {
		return nil, fmt.Errorf("writing the token signing key: %w", err)
	}
	ca, err := s.authority.pem()
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.clock.now()
	out := &savedState{
		Format: stateFormat, Saved: time.Now().UTC(), URL: s.url, Time: now, CA: string(ca),
		TokenKey: string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: tokenKey})),
		Replays:  map[string]savedAnswer{}, Buckets: map[string]savedBucket{}, Capacity: map[string]int{}, Draws: map[string]int{},
	}
	for _, key := range sortedKeys(s.subscriptions) {
		sub := s.subscriptions[key]
		out.Subscriptions = append(out.Subscriptions, savedSubscription{sub.config, sub.registered, sub.due - now, maps.Clone(sub.unregisteredOthers)})
	}
	for _, key := range sortedKeys(s.groups) {
		g := s.groups[key]
		out.Groups = append(out.Groups, savedGroup{g.subscription, g.name, g.location, cloneObject(g.tags)})
	}
	for _, key := range sortedKeys(s.resources) { // an id sorts before what is below it
		out.Resources = append(out.Resources, s.resources[key].saved())
	}
	for _, key := range sortedKeys(s.locks) {
		l := *s.locks[key]
		out.Locks = append(out.Locks, &l)
	}
	for _, key := range sortedKeys(s.operations) {
		out.Operations = append(out.Operations, s.savedOperation(s.operations[key], now))
	}
	s.savedRest(out)
	return out, nil
}

// savedRest adds what is neither resource nor operation. s.mu is held.
func (s *Server) savedRest(out *savedState) {
	for key, a := range s.replays {
		kept := savedAnswer{Status: a.status, Header: a.header.Clone(), Body: a.body}
		if text, ok := a.body.(page); ok {
			kept.Body, kept.Page = nil, string(text)
		}
		out.Replays[key] = kept
	}
	for key, b := range s.buckets {
		out.Buckets[key] = savedBucket{b.tokens, b.filled}
	}
	out.Capacity, out.Draws, out.Vaults = maps.Clone(s.capacity), maps.Clone(s.draws), map[string]map[string]bool{}
	for url, allowed := range s.vaults {
		out.Vaults[url] = maps.Clone(allowed)
	}
	for _, f := range s.faults.all() {
		out.Faults = append(out.Faults, f.Fault)
	}
}

func (r *resource) saved() savedResource {
	out := savedResource{
		ID: r.id, Name: r.name, Type: r.typ.name, Subscription: r.sub.config.ID, Body: cloneObject(r.body), Hidden: cloneObject(r.hidden),
		Secrets: maps.Clone(r.secrets),
	}
	if r.parent != nil {
		out.Parent = r.parent.key()
	}
	if r.op != nil {
		out.Operation = r.op.id
	}
	if r.stale != nil {
		out.StaleGets, out.StaleBody = r.stale.left, cloneObject(r.stale.body)
	}
	return out
}

func (s *Server) savedOperation(op *operation, now time.Duration) savedOperation {
	out := savedOperation{
		ID: op.id, ResourceID: op.resourceID, Subscription: op.sub.config.ID, Location: op.location, APIVersion: op.apiVersion, ArmsOwn: op.armsOwn,
		GroupPath: op.groupPath, WithResult: op.withResult, NoContent: op.noContent, RetryAfter: op.retryAfter, Hidden: op.hidden,
		Status: op.status, Started: op.started, Ended: op.ended, Ending: op.ending, Code: op.code, Message: op.message, Fault: op.fault,
	}
	if op.done() || !s.holds(op) {
		return out
	}
	out.Kind, out.Args, out.Left = op.kind, maps.Clone(op.args), op.due-now
	if ch := op.change; ch != nil {
		out.Change = &savedChange{cloneObject(ch.sent), cloneObject(ch.before), cloneObject(ch.after), maps.Clone(ch.secret), ch.remove, ch.lists, ch.whole}
	}
	return out
}

// holds reports whether the resource that op works on still exists and waits for it.
func (s *Server) holds(op *operation) bool {
	key := strings.ToLower(op.resourceID)
	if g := s.groups[key]; g != nil {
		return g.deleting == op || g.moving == op
	}
	if s.resources[op.args["cloud"]] != nil {
		return true // of what a private cloud shows without its being a resource, such as a machine
	}
	return s.resources[key] != nil && s.resources[key].op == op
}
