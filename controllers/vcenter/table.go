// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package vcenter

import (
	"hash/maphash"
	"iter"
	"maps"
)

const shards = 256

// Table maps morefs to immutable values and is itself immutable. It is split into shards, so that the table after a
// change shares all shards but one with the table before: a changed machine among 10,000 costs the copy of some forty
// entries, where a plain map would be copied whole (0.6 ms) for every reader of every change. The zero value is empty.
type Table[T any] struct {
	parts *[shards]map[string]*T
	n     int
}

var tableSeed = maphash.MakeSeed()

func shardOf(ref string) int { return int(maphash.String(tableSeed, ref) % shards) }

// NewTable makes a table of entries; for tests and for callers that build an Inventory by hand.
func NewTable[T any](entries map[string]*T) Table[T] {
	e := Table[T]{}.edit()
	for k, v := range entries {
		e.set(k, v)
	}
	return e.table()
}

// Get returns the value for ref, nil if there is none. It must not be changed.
func (t Table[T]) Get(ref string) *T {
	if t.parts == nil {
		return nil
	}
	return t.parts[shardOf(ref)][ref]
}

// Len is the number of entries.
func (t Table[T]) Len() int { return t.n }

// All yields every entry, in no order.
func (t Table[T]) All() iter.Seq2[string, *T] {
	return func(yield func(string, *T) bool) {
		if t.parts == nil {
			return
		}
		for _, m := range t.parts {
			for k, v := range m {
				if !yield(k, v) {
					return
				}
			}
		}
	}
}

// edit begins a change of the table; the table itself stays as it is.
func (t Table[T]) edit() *tableEdit[T] { return &tableEdit[T]{was: t} }

// tableEdit collects changes. A shard is copied when it is first touched, the array of shards too.
type tableEdit[T any] struct {
	was   Table[T]
	parts *[shards]map[string]*T
	own   [shards]bool
	grown int
}

func (e *tableEdit[T]) get(ref string) *T {
	if e.parts == nil {
		return e.was.Get(ref)
	}
	return e.parts[shardOf(ref)][ref]
}

func (e *tableEdit[T]) writable(i int) map[string]*T {
	if e.parts == nil {
		e.parts = new([shards]map[string]*T)
		if e.was.parts != nil {
			*e.parts = *e.was.parts
		}
	}
	if !e.own[i] {
		e.own[i] = true
		if e.parts[i] = maps.Clone(e.parts[i]); e.parts[i] == nil {
			e.parts[i] = map[string]*T{}
		}
	}
	return e.parts[i]
}

func (e *tableEdit[T]) set(ref string, v *T) {
	m := e.writable(shardOf(ref))
	if _, ok := m[ref]; !ok {
		e.grown++
	}
	m[ref] = v
}

func (e *tableEdit[T]) remove(ref string) {
	if e.get(ref) == nil {
		return
	}
	delete(e.writable(shardOf(ref)), ref)
	e.grown--
}

// table is the table with the changes. The edit must not be used afterwards.
func (e *tableEdit[T]) table() Table[T] {
	if e.parts == nil {
		return e.was
	}
	return Table[T]{parts: e.parts, n: e.was.n + e.grown}
}

// refs are the keys of the table with the changes.
func (e *tableEdit[T]) refs() []string {
	var out []string
	for ref := range e.peek().All() {
		out = append(out, ref)
	}
	return out
}

// peek is the table with the changes so far, valid until the next change.
func (e *tableEdit[T]) peek() Table[T] {
	if e.parts == nil {
		return e.was
	}
	return Table[T]{parts: e.parts, n: e.was.n + e.grown}
}
