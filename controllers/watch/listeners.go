// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package watch

import (
	"maps"
	"slices"
	"sync"
)

// Listeners are told of what has changed, such as an AzureIdentity. The zero value has none.
type Listeners[T any] struct {
	mu     sync.Mutex
	all    map[int]func(T)
	nextID int
}

// Subscribe tells f each change until cancel. f must not block.
func (l *Listeners[T]) Subscribe(f func(T)) (cancel func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.all == nil {
		l.all = map[int]func(T){}
	}
	id := l.nextID
	l.nextID++
	l.all[id] = f
	return func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		delete(l.all, id)
	}
}

// Tell tells the listeners.
func (l *Listeners[T]) Tell(change T) {
	l.mu.Lock()
	all := slices.Collect(maps.Values(l.all))
	l.mu.Unlock()
	for _, f := range all {
		f(change)
	}
}
