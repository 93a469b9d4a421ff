// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package watch

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
)

// bell is a subscription as the watchers offer it.
type bell struct {
	mu sync.Mutex
	f  func(int)
}

func (b *bell) subscribe(f func(int)) func() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.f = f
	return func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.f = nil
	}
}

func (b *bell) ring(n int) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.f == nil {
		return false
	}
	b.f(n)
	return true
}

func queue(t *testing.T) workqueue.TypedRateLimitingInterface[reconcile.Request] {
	t.Helper()
	q := workqueue.NewTypedRateLimitingQueue(workqueue.DefaultTypedControllerRateLimiter[reconcile.Request]())
	t.Cleanup(q.ShutDown)
	return q
}

func TestASlowMappingNeverBlocksTheNotifierAndEqualChangesAreToldOnce(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	b, q := &bell{}, queue(t)
	gate, entered := make(chan struct{}), make(chan struct{}, 1)
	var mu sync.Mutex
	told := map[int]int{}
	mapping := func(n int) []types.NamespacedName {
		select {
		case entered <- struct{}{}:
		default:
		}
		<-gate
		mu.Lock()
		defer mu.Unlock()
		told[n]++
		return []types.NamespacedName{{Namespace: "ns", Name: fmt.Sprint(n)}}
	}
	if err := Source(b.subscribe, mapping).Start(ctx, q); err != nil {
		t.Fatal(err)
	}
	b.ring(0)
	<-entered // the mapping now hangs
	start := time.Now()
	for range 1000 {
		for n := 1; n <= 3; n++ {
			b.ring(n)
		}
	}
	if took := time.Since(start); took > 10*time.Second {
		t.Fatalf("the notifier was held up for %s by a slow mapping", took)
	}
	close(gate)
	got := map[string]bool{}
	for range 4 {
		item, _ := q.Get()
		got[item.Name] = true
		q.Done(item)
	}
	mu.Lock()
	defer mu.Unlock()
	for n := range 4 {
		if !got[fmt.Sprint(n)] || told[n] != 1 {
			t.Errorf("change %d: queued %v, mapped %d times; want queued, mapped once", n, got[fmt.Sprint(n)], told[n])
		}
	}
}

func TestTheSubscriptionEndsWithTheController(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	b := &bell{}
	if err := Source(b.subscribe, func(int) []types.NamespacedName { return nil }).Start(ctx, queue(t)); err != nil {
		t.Fatal(err)
	}
	if !b.ring(1) {
		t.Fatal("the source did not subscribe")
	}
	cancel()
	for deadline := time.Now().Add(time.Minute); b.ring(2); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the subscription outlived the controller")
		}
	}
}
