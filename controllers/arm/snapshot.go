// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package arm

import (
	"bytes"
	"encoding/json"
	"errors"
	"reflect"
	"slices"
	"strings"
	"time"
)

// snapshot is what a collection looked like. It is replaced whole: a half list never gets here.
type snapshot struct {
	known   bool
	askedAt time.Time // of the list; of the oldest single read otherwise
	items   map[string]item
	single  bool // the collection cannot be listed, its resources are read one by one
	stale   bool // as last told
	err     error
	read    []*Resource // all of it, for those who look at the whole; nil until one does
}

// item is one resource as Azure wrote it, which takes a third of the memory that it takes decoded, and is compared without being decoded. No
// body means that it was asked for by itself and was not there.
type item struct {
	id      ID
	body    []byte
	askedAt time.Time
}

// resource decodes the item. It was decoded once before it got here, so it can be.
func (i item) resource() *Resource {
	if i.body == nil {
		return nil
	}
	r, err := resourceFrom(i.id, i.body, i.askedAt)
	if err != nil {
		return nil
	}
	return r
}

func (s *snapshot) look(key string) Look {
	found, asked := s.items[key]
	look := Look{Known: asked || s.known && !s.single, Resource: found.resource(), AskedAt: s.askedAt, Err: s.err}
	if asked {
		look.AskedAt = found.askedAt
	}
	if !look.Known {
		look.AskedAt = time.Time{}
	}
	return look
}

// all decodes everything, once for all who look until something changes.
func (s *snapshot) all() []*Resource {
	if s.read == nil {
		s.read = make([]*Resource, 0, len(s.items))
		for _, i := range s.items {
			if r := i.resource(); r != nil {
				s.read = append(s.read, r)
			}
		}
		slices.SortFunc(s.read, func(a, b *Resource) int { return strings.Compare(a.ID.Key(), b.ID.Key()) })
	}
	return s.read
}

// replace puts a whole list in the place of the old one and returns what appeared, changed or went; an empty id, alone, for
// the first list.
func (s *snapshot) replace(list []item, askedAt time.Time) []ID {
	items := make(map[string]item, len(list))
	old, first := s.items, !s.known || s.single
	var changed []ID
	for _, now := range list {
		key := now.id.Key()
		was, ok := old[key]
		switch {
		case ok && bytes.Equal(was.body, now.body):
			now.id, now.body = was.id, was.body // the old memory stays, the new goes as a whole
		case !ok || !same(was.body, now.body):
			changed = append(changed, now.id)
		}
		items[key] = now
	}
	for key, was := range old {
		if _, still := items[key]; !still {
			changed = append(changed, was.id)
		}
	}
	kept := s.read
	if first || len(changed) > 0 {
		kept = nil
	}
	*s = snapshot{known: true, askedAt: askedAt, items: items, stale: s.stale, read: kept}
	if first {
		return []ID{""}
	}
	return changed
}

// put is the answer about one resource of a collection that cannot be listed.
func (s *snapshot) put(now item) []ID {
	if !s.known || s.items == nil {
		s.items = map[string]item{}
	}
	was, asked := s.items[now.id.Key()]
	s.items[now.id.Key()] = now
	s.known = true
	if asked && same(was.body, now.body) {
		return nil
	}
	return []ID{now.id}
}

// size of what is held, in bytes.
func (s *snapshot) size() (size int64) {
	for _, i := range s.items {
		size += int64(len(i.body))
	}
	return size
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

// same compares two bodies: as they are written, and only if that differs by what they say.
func same(a, b []byte) bool {
	if a == nil || b == nil {
		return a == nil && b == nil
	}
	if bytes.Equal(a, b) {
		return true
	}
	var x, y any
	return json.Unmarshal(a, &x) == nil && json.Unmarshal(b, &y) == nil && reflect.DeepEqual(x, y)
}

func asError(err error) *Error {
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	return nil
}
