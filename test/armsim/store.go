// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package armsim

import (
	"maps"
	"slices"
	"strings"
	"time"
)

// resource is one ARM resource of Microsoft.AVS.
type resource struct {
	id      string // as Azure writes it
	name    string
	typ     *resourceType
	parent  *resource
	sub     *subscription
	body    map[string]any    // what GET shows
	secrets map[string]string // write-only values, by path
	op      *operation        // in flight; nil: none
	target  map[string]any    // the body that the operation in flight leads to
	stale   *staleReads
	lag     *lag           // what lists still show; a saved state forgets it, and lists have caught up
	hidden  map[string]any // what the service knows and does not show, as JSON
}

// staleReads is what a lagging replica still shows.
type staleReads struct {
	left int
	body map[string]any // nil: the resource is not there yet
}

func (r *resource) key() string   { return strings.ToLower(r.id) }
func (r *resource) state() string { return lookupString(r.body, "properties.provisioningState") }

func (r *resource) setState(state string) {
	put(r.body, "properties.provisioningState", state)
	if r.typ.parent == nil {
		put(r.body, "properties.managementCluster.provisioningState", state)
	}
}

// root is the private cloud that r belongs to, or r itself.
func (r *resource) root() *resource {
	for r.parent != nil {
		r = r.parent
	}
	return r
}

func (r *resource) location() string { return lookupString(r.root().body, "location") }

// newResource makes a resource that is not in the server yet. Its id has "resourcegroups" in lower case, as AVS writes it.
func newResource(t *resourceType, sub *subscription, group, name string, parent *resource) *resource {
	r := &resource{typ: t, name: name, parent: parent, sub: sub, secrets: map[string]string{}}
	if parent == nil {
		r.id = sub.path() + "/resourcegroups/" + group + "/providers/" + avs + "/" + t.segment + "/" + name
	} else {
		r.id = parent.id + "/" + t.segment + "/" + name
	}
	return r
}

// keep puts a new resource into the server. s.mu is held.
func (s *Server) keep(r *resource) {
	key := r.key()
	s.resources[key] = r
	s.index.add(key, r)
}

// below lists what lies under r, deepest last. s.mu is held.
func (s *Server) below(r *resource) []*resource {
	var out []*resource
	for _, e := range s.index.under(r.key() + "/") {
		out = append(out, e.r)
	}
	return out
}

// drop takes a resource away with everything under it. An operation that is still in flight has lost its object and ends
// as canceled; a later resource of the same id is not touched. s.mu is held.
func (s *Server) drop(r *resource) {
	if s.resources[r.key()] != r {
		return
	}
	for _, child := range s.below(r) {
		s.drop(child)
	}
	if r.op != nil && r.state() != "Deleting" {
		r.op.ending = "Canceled"
	}
	s.haunt(r)
	delete(s.resources, r.key())
	s.index.remove(r.key())
	s.forgetReplays(r.key())
	s.dropLocks(r.key())
	if size, ok := lookupInt(r.body, r.typ.size); ok && r.typ.size != "" {
		s.useCapacity(r.location(), -size)
	}
	s.forgetLinks(r)
	s.closeCloud(r.key())
}

func sortedKeys[V any](m map[string]V) []string {
	return slices.Sorted(maps.Keys(m))
}

func timestamp(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) }
