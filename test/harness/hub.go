// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package harness

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/watch"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
)

// Hub watches every kind that the operator reads or writes, once for all cases, and tells each case the revisions in its namespace. It is
// the tests' own watch, beside the operator's.
type Hub struct {
	mu        sync.Mutex
	listeners map[string]*History // by namespace
	work      sync.WaitGroup
	stop      context.CancelFunc
	problem   error
}

// StartHub begins to watch.
func StartHub(admin client.WithWatch) (*Hub, error) {
	ctx, cancel := context.WithCancel(context.Background())
	h := &Hub{listeners: map[string]*History{}, stop: cancel}
	kinds := []schema.GroupVersionKind{
		corev1.SchemeGroupVersion.WithKind("Secret"), corev1.SchemeGroupVersion.WithKind("ConfigMap"), eventsv1.SchemeGroupVersion.WithKind("Event"),
	}
	for kind := range admin.Scheme().KnownTypes(v1alpha1.GroupVersion) {
		if _, listed := admin.Scheme().KnownTypes(v1alpha1.GroupVersion)[kind+"List"]; listed {
			kinds = append(kinds, v1alpha1.GroupVersion.WithKind(kind))
		}
	}
	for _, kind := range kinds {
		list := &unstructured.UnstructuredList{}
		list.SetGroupVersionKind(kind.GroupVersion().WithKind(kind.Kind + "List"))
		if err := admin.List(ctx, list); err != nil {
			h.Stop()
			return nil, fmt.Errorf("listing %s: %w", kind.Kind, err)
		}
		h.work.Go(func() { h.follow(ctx, admin, kind, list.GetResourceVersion()) })
	}
	return h, nil
}

// Stop ends the watches.
func (h *Hub) Stop() {
	h.stop()
	h.work.Wait()
}

// Err is why a watch was lost, if one was: then a history has a gap, and what its oracles say is worth nothing.
func (h *Hub) Err() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.problem
}

// Tell has the revisions in a namespace kept in a history, until cancel.
func (h *Hub) Tell(namespace string, history *History) (cancel func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.listeners[namespace] = history
	return func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		delete(h.listeners, namespace)
	}
}

// follow watches one kind. The API server ends a watch from time to time; the next begins where the last one was.
func (h *Hub) follow(ctx context.Context, admin client.WithWatch, kind schema.GroupVersionKind, from string) {
	list := &unstructured.UnstructuredList{}
	list.SetGroupVersionKind(kind.GroupVersion().WithKind(kind.Kind + "List"))
	for ctx.Err() == nil {
		w, err := admin.Watch(ctx, list, &client.ListOptions{Raw: &metav1.ListOptions{ResourceVersion: from, AllowWatchBookmarks: true}})
		if err != nil {
			if strings.Contains(err.Error(), "too old") {
				h.lost(fmt.Errorf("watching %s: %w", kind.Kind, err))
				return
			}
			select {
			case <-ctx.Done():
			case <-time.After(50 * time.Millisecond):
			}
			continue
		}
		for event := range w.ResultChan() {
			object, ok := event.Object.(*unstructured.Unstructured)
			if !ok || event.Type == watch.Error {
				h.lost(fmt.Errorf("watching %s: %v", kind.Kind, event.Object))
				w.Stop()
				return
			}
			from = object.GetResourceVersion()
			if event.Type != watch.Bookmark {
				h.told(event.Type, object)
			}
		}
	}
}

func (h *Hub) lost(err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.problem = err
}

func (h *Hub) told(event watch.EventType, object *unstructured.Unstructured) {
	h.mu.Lock()
	history := h.listeners[object.GetNamespace()]
	h.mu.Unlock()
	if history != nil {
		history.revised(Revision{At: time.Now(), Event: event, Object: object})
	}
}
