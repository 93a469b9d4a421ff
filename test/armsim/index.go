// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package armsim

import (
	"slices"
	"strings"
	"time"
)

// index keeps the resources in the order of their lower-case ids, so that what is below an id is one stretch of it: a page of a
// list must not cost a walk over, and a sort of, everything that exists.
type index []indexed

type indexed struct {
	key string
	r   *resource
}

func (x index) find(key string) (int, bool) {
	return slices.BinarySearchFunc(x, key, func(e indexed, key string) int { return strings.Compare(e.key, key) })
}

func (x *index) add(key string, r *resource) {
	at, found := x.find(key)
	if found {
		(*x)[at].r = r
		return
	}
	*x = slices.Insert(*x, at, indexed{key, r})
}

func (x *index) remove(key string) {
	if at, found := x.find(key); found {
		*x = slices.Delete(*x, at, at+1)
	}
}

// under answers those whose key begins with prefix. The stretch is good until the index changes.
func (x index) under(prefix string) index {
	from, _ := x.find(prefix)
	to, _ := slices.BinarySearchFunc(x[from:], prefix, func(e indexed, prefix string) int {
		if strings.HasPrefix(e.key, prefix) {
			return -1
		}
		return 1
	})
	return x[from : from+to]
}

// lag is what lists still show of a resource that has changed: ARM serves lists from replicas that come later than the reads
// of single resources.
type lag struct {
	until time.Duration  // by the server's clock
	body  map[string]any // nil: the resource is not there yet
}

// ghost is a resource that is gone and still listed.
type ghost struct {
	key  string
	r    *resource
	body map[string]any
	lag
}

// lagBehind remembers what lists show before r changes; created says that it was not there. While they lag already, they go on
// with what they show. s.mu is held.
func (s *Server) lagBehind(r *resource, created bool) {
	now := s.clock.now()
	if s.config.ListLag <= 0 || (r.lag != nil && r.lag.until > now) {
		return
	}
	r.lag = &lag{until: now + s.config.ListLag}
	if !created {
		r.lag.body = cloneObject(r.body)
	}
}

// haunt lets a resource that was dropped be listed for a while. s.mu is held.
func (s *Server) haunt(r *resource) {
	now := s.clock.now()
	s.ghosts = slices.DeleteFunc(s.ghosts, func(g ghost) bool { return g.until <= now })
	if body := s.listed(r, now); s.config.ListLag > 0 && body != nil {
		s.ghosts = append(s.ghosts, ghost{r.key(), r, cloneObject(body), lag{until: now + s.config.ListLag}})
	}
}

// listed is the body of r that a list shows; nil: none. s.mu is held.
func (s *Server) listed(r *resource, now time.Duration) map[string]any {
	switch {
	case r.stale != nil && r.stale.left > 0:
		return r.stale.body
	case r.lag != nil && r.lag.until > now:
		return r.lag.body
	}
	return r.body
}

// row is a resource with the body that a list shows of it.
type row struct {
	r    *resource
	body map[string]any
}

// rowsUnder answers what a list of the type shows below prefix, in the order of ids. s.mu is held.
func (s *Server) rowsUnder(t *resourceType, prefix string) []row {
	now := s.clock.now()
	var rows []row
	for _, e := range s.index.under(prefix) {
		if e.r.typ != t {
			continue
		}
		if body := s.listed(e.r, now); body != nil {
			rows = append(rows, row{e.r, body})
		}
	}
	haunted := false
	for _, g := range s.ghosts {
		if g.r.typ == t && g.until > now && strings.HasPrefix(g.key, prefix) && s.resources[g.key] == nil {
			rows, haunted = append(rows, row{g.r, g.body}), true
		}
	}
	if haunted {
		slices.SortFunc(rows, func(a, b row) int { return strings.Compare(a.r.key(), b.r.key()) })
	}
	return rows
}
