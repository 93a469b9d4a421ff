// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package fair

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

// A namespace whose requests never end holds its part of the workers, and each of them runs in the end, once.
func TestOneNamespaceHoldsItsPartOfTheWorkers(t *testing.T) {
	t.Parallel()
	queue := workqueue.NewTypedRateLimitingQueue(workqueue.DefaultTypedControllerRateLimiter[reconcile.Request]())
	release, running := make(chan struct{}), make(chan string, 100)
	var mu sync.Mutex
	ran := map[string]int{}
	q := New(reconcile.Func(func(_ context.Context, r reconcile.Request) (reconcile.Result, error) {
		mu.Lock()
		ran[r.String()]++
		mu.Unlock()
		running <- r.Namespace
		if r.Namespace == "slow" {
			<-release
		}
		return reconcile.Result{}, nil
	}), 2)
	if err := q.Source().Start(t.Context(), queue); err != nil {
		t.Fatal(err)
	}
	var workers sync.WaitGroup
	for range 4 {
		workers.Go(func() {
			for {
				r, ended := queue.Get()
				if ended {
					return
				}
				_, _ = q.Reconcile(t.Context(), r)
				queue.Done(r)
			}
		})
	}
	request := func(namespace string, n int) reconcile.Request {
		return reconcile.Request{NamespacedName: types.NamespacedName{Namespace: namespace, Name: fmt.Sprint(n)}}
	}
	next := func() string {
		select {
		case namespace := <-running:
			return namespace
		case <-time.After(10 * time.Second):
			t.Fatal("nothing runs")
		}
		return ""
	}
	for n := range 20 {
		queue.Add(request("slow", n))
	}
	for range 2 {
		if got := next(); got != "slow" {
			t.Fatalf("%s runs first", got)
		}
	}
	for n := range 20 {
		queue.Add(request("quick", n))
	}
	for range 20 {
		if got := next(); got != "quick" {
			t.Fatalf("the namespace %s has a third worker", got)
		}
	}
	close(release)
	for range 18 {
		next()
	}
	queue.ShutDownWithDrain()
	workers.Wait()
	for name, n := range ran {
		if n != 1 {
			t.Errorf("%s ran %d times", name, n)
		}
	}
	if len(ran) != 40 || len(q.namespaces) != 0 {
		t.Errorf("%d requests ran, and %d namespaces are left", len(ran), len(q.namespaces))
	}
}
