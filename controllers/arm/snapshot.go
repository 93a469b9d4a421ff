// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package arm

import (
	"errors"
	"reflect"
	"time"
)

// snapshot is what a collection looked like. It is replaced whole: a half list never gets here.
type snapshot struct {
	known   bool
	askedAt time.Time // of the list; of the oldest single read otherwise
	items   map[string]item
	single  bool // the collection may not be listed, its resources are read one by one
	stale   bool // as last told
	err     error
}

// item is one resource; a nil resource was asked for by itself and was not there.
type item struct {
	id       ID
	resource *Resource
	askedAt  time.Time
}

func (s *snapshot) look(key string) Look {
	found, asked := s.items[key]
	look := Look{Known: asked || s.known && !s.single, Resource: found.resource, AskedAt: s.askedAt, Err: s.err}
	if asked {
		look.AskedAt = found.askedAt
	}
	if !look.Known {
		look.AskedAt = time.Time{}
	}
	return look
}

// replace puts a whole list in the place of the old one and returns what appeared, changed or went; an empty id, alone, for
// the first list.
func (s *snapshot) replace(resources []Resource, askedAt time.Time) []ID {
	items := make(map[string]item, len(resources))
	for i := range resources {
		r := &resources[i]
		items[r.ID.Key()] = item{id: r.ID, resource: r, askedAt: askedAt}
	}
	old, first := s.items, !s.known || s.single
	*s = snapshot{known: true, askedAt: askedAt, items: items, stale: s.stale}
	if first {
		return []ID{""}
	}
	var changed []ID
	for key, now := range items {
		if was, ok := old[key]; !ok || !same(was.resource, now.resource) {
			changed = append(changed, now.id)
		}
	}
	for key, was := range old {
		if _, still := items[key]; !still {
			changed = append(changed, was.id)
		}
	}
	return changed
}

// put is the answer about one resource of a collection that may not be listed.
func (s *snapshot) put(id ID, r *Resource, askedAt time.Time) []ID {
	if !s.known || s.items == nil {
		s.items = map[string]item{}
	}
	was, asked := s.items[id.Key()]
	s.items[id.Key()] = item{id: id, resource: r, askedAt: askedAt}
	s.known = true
	if asked && same(was.resource, r) {
		return nil
	}
	return []ID{id}
}

// keepOnly forgets what nobody reads by itself any more, and ages the whole by its oldest part.
func (s *snapshot) keepOnly(ids map[string]*used) {
	s.askedAt = time.Now()
	for key, i := range s.items {
		if ids[key] == nil {
			delete(s.items, key)
		} else if i.askedAt.Before(s.askedAt) {
			s.askedAt = i.askedAt
		}
	}
}

func same(a, b *Resource) bool {
	if a == nil || b == nil {
		return a == b
	}
	return reflect.DeepEqual(a.Body, b.Body)
}

func asError(err error) *Error {
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	return nil
}
