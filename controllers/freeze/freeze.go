// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package freeze lets a person on call stop all writes at once, while somebody finds out what goes wrong: by a flag, or by a ConfigMap in the
// operator's namespace. What has begun is followed to its end; nothing new begins.
package freeze

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/source"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/outcome"
	"github.com/avs-operator/avs-operator/controllers/text"
	"github.com/avs-operator/avs-operator/controllers/watch"
)

// +kubebuilder:rbac:groups="",resources=configmaps,verbs=get

// ConfigMapName is the ConfigMap that freezes while it is there. Its key reason, if it has one, is shown on every object.
const ConfigMapName = "avs-operator-freeze"

// period of looking, in real time, and the bound of one look. Both together are within the five seconds that SECURITY.md promises.
const (
	period = 1500 * time.Millisecond
	bound  = 2 * time.Second
	// firstBound is that of the first look, before which nothing is written: it opens the connection, and asks which kinds there are.
	firstBound = 30 * time.Second
)

// mostReason bounds what of the key reason is shown, in bytes.
const mostReason = 256

// Freeze knows whether anything new may be written. A nil one never freezes.
type Freeze struct {
	reader client.Reader
	key    types.NamespacedName
	flag   bool
	why    atomic.Pointer[string]

	mu        sync.Mutex
	listeners map[int]func(string)
	next      int
}

// New looks once, so that the first write already knows. reader reads the API server itself; flag freezes whatever there is.
func New(ctx context.Context, reader client.Reader, namespace string, flag bool) (*Freeze, error) {
	f := &Freeze{reader: reader, key: types.NamespacedName{Namespace: namespace, Name: ConfigMapName}, flag: flag, listeners: map[int]func(string){}}
	why, err := f.look(ctx, firstBound)
	if err != nil {
		return nil, err
	}
	f.why.Store(&why)
	return f, nil
}

// Why says what froze, empty if nothing did.
func (f *Freeze) Why() string {
	if f == nil {
		return ""
	}
	return *f.why.Load()
}

// Hold keeps something new from beginning while frozen; nil: it may begin. The thaw wakes every object.
func (f *Freeze) Hold(what string) *outcome.Outcome {
	why := f.Why()
	if why == "" {
		return nil
	}
	return outcome.Wait(v1alpha1.ReasonFrozen, "%s waits: the operator is frozen (%s). This goes on by itself when that ends", what, why)
}

// Error is what a write gets that must not leave; nil: it may.
func (f *Freeze) Error() error {
	if why := f.Why(); why != "" {
		return fmt.Errorf("the operator is frozen (%s), so it begins nothing new", why)
	}
	return nil
}

// look reads the ConfigMap. An operator that may not read it cannot know, so it is frozen until it may.
func (f *Freeze) look(ctx context.Context, bound time.Duration) (string, error) {
	if f.flag {
		return "the operator's flag --freeze", nil
	}
	ctx, cancel := context.WithTimeout(ctx, bound)
	defer cancel()
	found := &corev1.ConfigMap{}
	err := f.reader.Get(ctx, f.key, found)
	switch {
	case err == nil:
		said := text.Cut(strings.TrimSpace(found.Data["reason"]), mostReason)
		if said == "" {
			said = "it gives no reason"
		}
		return fmt.Sprintf("ConfigMap %s: %s", f.key, said), nil
	case apierrors.IsNotFound(err):
		return "", nil
	case apierrors.IsForbidden(err):
		return fmt.Sprintf("whether ConfigMap %s is there cannot be found out, because the operator may not read it: "+
			"give its ServiceAccount get on configmaps there", f.key), nil
	}
	return "", fmt.Errorf("read ConfigMap %s, which freezes the operator while it is there: %w", f.key, err)
}

// Start looks until ctx ends. While the API server does not answer, what it said last holds: without it no record is stored, and so nothing is written.
func (f *Freeze) Start(ctx context.Context) error {
	if f.flag {
		<-ctx.Done()
		return nil
	}
	tick := time.NewTicker(period)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		if why, err := f.look(ctx, bound); err == nil && why != f.Why() {
			f.why.Store(&why)
			f.tell(why)
		}
	}
}

func (f *Freeze) tell(why string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, listener := range f.listeners {
		listener(why)
	}
}

// subscribe has every change told until cancel.
func (f *Freeze) subscribe(tell func(string)) (cancel func()) {
	if f == nil {
		return func() {}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	id := f.next
	f.next++
	f.listeners[id] = tell
	return func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		delete(f.listeners, id)
	}
}

// NeedLeaderElection says no: a standby knows before it leads.
func (f *Freeze) NeedLeaderElection() bool { return false }

// Wakes every object of list's kind when it freezes or thaws. reader reads the cache.
func (f *Freeze) Wakes(reader client.Reader, list client.ObjectList) source.Source {
	return watch.Source(f.subscribe, func(string) []types.NamespacedName {
		all, _ := list.DeepCopyObject().(client.ObjectList)
		if err := reader.List(context.Background(), all); err != nil {
			return nil // the cache is not there yet; its first list reconciles them all
		}
		var out []types.NamespacedName
		_ = meta.EachListItem(all, func(item runtime.Object) error {
			if object, ok := item.(client.Object); ok {
				out = append(out, client.ObjectKeyFromObject(object))
			}
			return nil
		})
		return out
	})
}
