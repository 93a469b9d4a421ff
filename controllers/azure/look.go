// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package azure

import (
	"context"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/avs-operator/avs-operator/controllers/arm"
	"github.com/avs-operator/avs-operator/controllers/azure/kind"
	"github.com/avs-operator/avs-operator/controllers/azure/recall"
	"github.com/avs-operator/avs-operator/controllers/azure/tree"
)

// What an object looks at, its own resource and others, is watched for it: a change wakes the object.

// watch has the resource's collection listed, from now until an operation of ours begins or the object goes.
func (r *Reconciler[T]) watch(s *scope[T]) {
	key, own := client.ObjectKeyFromObject(s.obj), recall.ResourceKey(s.client.Principal(), s.id)
	var was string
	r.memory.Do(key, func(m *recall.Object) { was, m.Own = m.Own, own })
	if was != "" && was != own {
		r.memory.Drop(key, func(what string) bool { return what != was })
		r.memory.Do(key, func(m *recall.Object) { m.Own = own })
	}
	r.memory.Use(key, own, func() func() { return r.Watcher.UseResource(s.client, s.id) })
}

// unwatch ends that: an operation that is polled needs no list.
func (r *Reconciler[T]) unwatch(key client.ObjectKey) {
	var own string
	r.memory.Do(key, func(m *recall.Object) { own = m.Own })
	r.memory.Drop(key, func(what string) bool { return what != own })
}

// lookAt is another resource, nil if it is not there: from the last list of its collection, or asked for directly if there is none yet. From
// now on it is watched for the object, so that a change of it wakes the object.
func (r *Reconciler[T]) lookAt(ctx context.Context, s *scope[T], id arm.ID) (*arm.Resource, error) {
	what := recall.ResourceKey(s.client.Principal(), id)
	s.use(what)
	r.memory.Use(client.ObjectKeyFromObject(s.obj), what, func() func() { return r.Watcher.UseResource(s.client, id) })
	var wroteAt time.Time
	r.memory.Do(client.ObjectKeyFromObject(s.obj), func(m *recall.Object) { wroteAt = m.WroteAt })
	if look := r.Watcher.Look(s.client.Principal(), id); look.Resource != nil && !look.Stale && look.AskedAt.After(wroteAt) {
		return look.Resource, nil // one that a list lacks may be there all the same
	}
	return r.readOther(ctx, s, id)
}

// listed is a collection, in the same way.
func (r *Reconciler[T]) listed(ctx context.Context, s *scope[T], collection arm.ID) ([]*arm.Resource, error) {
	what := recall.CollectionKey(s.client.Principal(), collection)
	s.use(what)
	r.memory.Use(client.ObjectKeyFromObject(s.obj), what, func() func() { return r.Watcher.Use(s.client, collection) })
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

// world shows a kind what one reconcile knows.
func (r *Reconciler[T]) world(s *scope[T]) kind.World[T] {
	w := kind.World[T]{
		Object: s.obj, Cloud: s.cloud, ID: s.id, CloudID: tree.CloudOf(s.id), Actual: s.actual,
		ARM: s.client, Reader: r.Client, VCenters: r.VCenters,
	}
	w.List = func(ctx context.Context, collection arm.ID) ([]*arm.Resource, error) {
		return r.listed(ctx, s, collection)
	}
	if r.kind.InCluster {
		w.ClusterID = tree.ParentOf(s.id, r.kind.Segment)
	}
	return w
}
