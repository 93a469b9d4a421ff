// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package watch makes controller-runtime sources of plain subscriptions: what Azure and vCenter tell wakes the objects that it is about.
package watch

import (
	"context"
	"sync"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	"sigs.k8s.io/controller-runtime/pkg/source"
)

// Source wakes the objects that mapping names for each change that subscribe delivers. The notifier is never blocked: it tells changes from
// its receive loop, and a mapping may read a cache with thousands of objects. Equal changes that wait are told once.
func Source[T comparable](subscribe func(func(T)) (cancel func()), mapping func(T) []types.NamespacedName) source.Source {
	return source.Func(func(ctx context.Context, queue workqueue.TypedRateLimitingInterface[reconcile.Request]) error {
		in := &inbox[T]{seen: map[T]bool{}, some: make(chan struct{}, 1)}
		cancel := subscribe(in.put)
		go func() {
			defer cancel()
			for {
				select {
				case <-ctx.Done():
					return
				case <-in.some:
				}
				for _, change := range in.take() {
					for _, name := range mapping(change) {
						queue.Add(reconcile.Request{NamespacedName: name})
					}
				}
			}
		}()
		return nil
	})
}

// inbox holds changes between the notifier and the mapping, each once, in the order in which they came first.
type inbox[T comparable] struct {
	mu    sync.Mutex
	seen  map[T]bool
	queue []T
	some  chan struct{} // holds a token while the queue has changes that nobody took
}

func (b *inbox[T]) put(change T) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.seen[change] {
		return
	}
	b.seen[change] = true
	b.queue = append(b.queue, change)
	select {
	case b.some <- struct{}{}:
	default:
	}
}

// take empties the inbox. A change that comes after it is told again: the mapping may have read the state before it.
func (b *inbox[T]) take() []T {
	b.mu.Lock()
	defer b.mu.Unlock()
	out := b.queue
	b.queue = nil
	clear(b.seen)
	return out
}
