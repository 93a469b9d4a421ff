// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package connect

import (
	"maps"
	"slices"
	"sync"
)

// listeners are told of what has changed, such as an AzureIdentity. The zero value has none.
type listeners[T any] struct {
	mu     sync.Mutex
	all    map[int]func(T)
	nextID int
}

func (l *listeners[T]) subscribe(f func(T)) (cancel func()) {
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

func (l *listeners[T]) tell(change T) {
	l.mu.Lock()
	all := slices.Collect(maps.Values(l.all))
	l.mu.Unlock()
	for _, f := range all {
		f(change)
	}
}
