// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package env

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	utilruntime "k8s.io/apimachinery/pkg/util/runtime"
	"k8s.io/client-go/util/workqueue"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	"sigs.k8s.io/controller-runtime/pkg/source"
)

// TestAPanicOfAReconcilerFailsItsSuite lets a reconciler panic as controller-runtime recovers it.
func TestAPanicOfAReconcilerFailsItsSuite(t *testing.T) {
	var r recovered
	before := utilruntime.PanicHandlers
	t.Cleanup(func() { utilruntime.PanicHandlers = before })
	utilruntime.PanicHandlers = nil // this suite's own watch must not see it
	r.watch()
	c, err := controller.NewTypedUnmanaged("panicking", controller.Options{
		SkipNameValidation: ptr.To(true),
		Reconciler: reconcile.Func(func(context.Context, reconcile.Request) (reconcile.Result, error) {
			var machine *corev1.Pod
			return reconcile.Result{}, errors.New(machine.Name)
		}),
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Watch(source.Func(func(_ context.Context, q workqueue.TypedRateLimitingInterface[reconcile.Request]) error {
		q.Add(reconcile.Request{})
		return nil
	})); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	go func() { _ = c.Start(ctx) }()
	for deadline := time.Now().Add(time.Minute); r.err() == nil; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the suite would not have noticed")
		}
	}
	if said := r.err().Error(); !strings.Contains(said, "nil pointer") || !strings.Contains(said, "panics_test.go") {
		t.Errorf("it does not say what happened and where: %s", said)
	}
	if Panicked(`{"msg":"Starting"}`) != nil || Panicked(`E1128 Observed a panic: nil pointer`) == nil {
		t.Error("the log of a process is read wrongly")
	}
}
