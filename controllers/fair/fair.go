// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package fair keeps one namespace from holding all workers of a kind. Its objects may wait for hosts that its users chose and that never answer;
// the objects of others must not wait for them.
package fair

import (
	"context"
	"sync"

	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	"sigs.k8s.io/controller-runtime/pkg/source"
)

// Queue stands before a reconciler and lets at most so many requests of one namespace in at once. Those that are too many wait without a worker,
// each once, in the order in which they came.
type Queue struct {
	next reconcile.Reconciler
	most int

	mu         sync.Mutex
	namespaces map[string]*turns
	queue      workqueue.TypedRateLimitingInterface[reconcile.Request]
}

// turns are those of one namespace, as long as any of it is being reconciled.
type turns struct {
	running int
	waiting []reconcile.Request
	known   map[reconcile.Request]bool
}

// New lets most of the workers be held by one namespace. Its Source must be given to the same controller.
func New(next reconcile.Reconciler, most int) *Queue {
	return &Queue{next: next, most: most, namespaces: map[string]*turns{}}
}

// Source lets those in that have waited.
func (q *Queue) Source() source.Source {
	return source.Func(func(_ context.Context, queue workqueue.TypedRateLimitingInterface[reconcile.Request]) error {
		q.mu.Lock()
		defer q.mu.Unlock()
		q.queue = queue
		return nil
	})
}

// Reconcile is that of the reconciler behind, at once or when its namespace's turn comes.
func (q *Queue) Reconcile(ctx context.Context, request reconcile.Request) (reconcile.Result, error) {
	if !q.enter(request) {
		return reconcile.Result{}, nil
	}
	defer q.leave(request.Namespace)
	return q.next.Reconcile(ctx, request)
}

func (q *Queue) enter(request reconcile.Request) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	t := q.namespaces[request.Namespace]
	if t == nil {
		t = &turns{known: map[reconcile.Request]bool{}}
		q.namespaces[request.Namespace] = t
	}
	if t.running < q.most || q.queue == nil {
		t.running++
		return true
	}
	if !t.known[request] {
		t.known[request] = true
		t.waiting = append(t.waiting, request)
	}
	return false
}

// leave lets the next one of the namespace in.
func (q *Queue) leave(namespace string) {
	q.mu.Lock()
	defer q.mu.Unlock()
	t := q.namespaces[namespace]
	if t.running--; len(t.waiting) > 0 {
		next := t.waiting[0]
		t.waiting = t.waiting[1:]
		delete(t.known, next)
		q.queue.Add(next)
	}
	if t.running == 0 && len(t.waiting) == 0 {
		delete(q.namespaces, namespace)
	}
}
