// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package connect

import (
	"maps"
	"slices"
	"sync"

	"k8s.io/apimachinery/pkg/types"
)

// listeners are told of AzureIdentities. The zero value has none.
type listeners struct {
	mu     sync.Mutex
	all    map[int]func(types.NamespacedName)
	nextID int
}

func (l *listeners) subscribe(f func(types.NamespacedName)) (cancel func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.all == nil {
		l.all = map[int]func(types.NamespacedName){}
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

func (l *listeners) tell(identity types.NamespacedName) {
	l.mu.Lock()
	all := slices.Collect(maps.Values(l.all))
	l.mu.Unlock()
	for _, f := range all {
		f(identity)
	}
}
