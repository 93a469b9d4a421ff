// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package status

import (
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/util/cache"
	"k8s.io/apimachinery/pkg/util/resourceversion"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

const (
	// remembered is how long a write is remembered: far longer than a cache takes to show it.
	remembered = time.Minute
	// firstConflict is how soon a reconcile that lost a race is repeated; most caches have caught up by then. Each conflict after it doubles that.
	firstConflict = 20 * time.Millisecond
	lastConflict  = 2 * time.Second
)

// latest knows what was last written of each object. A reconcile that reads the object from a cache that does not show that yet may find
// what the cache still says, write nothing, and leave the older state to be read for ever: nothing would wake it again.
type latest struct {
	once    sync.Once
	objects *cache.Expiring // by UID
	mu      sync.Mutex
}

type writes struct {
	version   string
	conflicts int // in a row
}

func (l *latest) of(object client.Object) writes {
	l.once.Do(func() { l.objects = cache.NewExpiring() })
	if known, ok := l.objects.Get(object.GetUID()); ok {
		return known.(writes)
	}
	return writes{}
}

// wrote takes note of a write, whose answer is in object.
func (l *latest) wrote(object client.Object) {
	l.mu.Lock()
	defer l.mu.Unlock()
	_ = l.of(object)
	l.objects.Set(object.GetUID(), writes{version: object.GetResourceVersion()}, remembered)
}

// behind says that object is older than what was last written.
func (l *latest) behind(object client.Object) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	known := l.of(object)
	order, err := resourceversion.CompareResourceVersion(object.GetResourceVersion(), known.version)
	return err == nil && order < 0
}

// conflict counts one, and says how long to wait after it.
func (l *latest) conflict(object client.Object) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	known := l.of(object)
	pause := firstConflict << min(known.conflicts, 10)
	known.conflicts++
	l.objects.Set(object.GetUID(), known, remembered)
	return min(pause, lastConflict)
}
