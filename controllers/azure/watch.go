// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package azure

import (
	"context"
	"strings"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/avs-operator/avs-operator/controllers/arm"
)

// What is watched for an object has a key: a resource by its id, a collection by its path and a slash.

func resourceOf(principal string, id arm.ID) string { return principal + " " + id.Key() }

func collectionOf(principal string, collection arm.ID) string {
	return principal + " " + strings.TrimSuffix(collection.Key(), "/") + "/"
}

// isIn says that what is watched is a resource of a collection.
func isIn(what, principal string, collection arm.ID) bool {
	name, ok := strings.CutPrefix(what, collectionOf(principal, collection))
	return ok && name != "" && !strings.Contains(name, "/")
}

// watch has the resource's collection listed, from now until an operation of ours begins or the object goes.
func (r *Reconciler[T]) watch(s *scope[T]) {
	key, own := client.ObjectKeyFromObject(s.obj), resourceOf(s.client.Principal(), s.id)
	var was string
	r.memory.do(key, func(m *remembered) { was, m.own = m.own, own })
	if was != "" && was != own {
		r.memory.drop(key, func(what string) bool { return what != was })
		r.memory.do(key, func(m *remembered) { m.own = own })
	}
	r.memory.use(key, own, func() func() { return r.Watcher.UseResource(s.client, s.id) })
}

// unwatch ends that: an operation that is polled needs no list.
func (r *Reconciler[T]) unwatch(key client.ObjectKey) {
	var own string
	r.memory.do(key, func(m *remembered) { own = m.own })
	r.memory.drop(key, func(what string) bool { return what != own })
}

// lookAt is another resource, nil if it is not there: from the last list of its collection, or asked for directly if there is none yet. From
// now on it is watched for the object, so that a change of it wakes the object.
func (r *Reconciler[T]) lookAt(ctx context.Context, s *scope[T], id arm.ID) (*arm.Resource, error) {
	what := resourceOf(s.client.Principal(), id)
	s.use(what)
	r.memory.use(client.ObjectKeyFromObject(s.obj), what, func() func() { return r.Watcher.UseResource(s.client, id) })
	var wroteAt time.Time
	r.memory.do(client.ObjectKeyFromObject(s.obj), func(m *remembered) { wroteAt = m.wroteAt })
	if look := r.Watcher.Look(s.client.Principal(), id); look.Resource != nil && !look.Stale && look.AskedAt.After(wroteAt) {
		return look.Resource, nil // one that a list lacks may be there all the same
	}
	return r.readOther(ctx, s, id)
}

// listed is a collection, in the same way.
func (r *Reconciler[T]) listed(ctx context.Context, s *scope[T], collection arm.ID) ([]*arm.Resource, error) {
	what := collectionOf(s.client.Principal(), collection)
	s.use(what)
	r.memory.use(client.ObjectKeyFromObject(s.obj), what, func() func() { return r.Watcher.Use(s.client, collection) })
	if all, ok := r.Watcher.Listed(s.client.Principal(), collection); ok {
		return all, nil
	}
	all, err := s.client.List(ctx, collection)
	if err != nil {
		return nil, err
	}
	out := make([]*arm.Resource, len(all))
	for i := range all {
		out[i] = &all[i]
	}
	return out, nil
}

// settle ends the watching of what this reconcile, which got as far as looking, did not look at.
func (r *Reconciler[T]) settle(s *scope[T]) {
	if !s.observed || s.client == nil {
		return
	}
	own := resourceOf(s.client.Principal(), s.id)
	r.memory.drop(client.ObjectKeyFromObject(s.obj), func(what string) bool { return what == own || s.used[what] })
}
