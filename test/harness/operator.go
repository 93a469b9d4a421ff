// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package harness

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"github.com/go-logr/logr/testr"
	"k8s.io/client-go/rest"
	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/avs-operator/avs-operator/controllers"
	"github.com/avs-operator/avs-operator/controllers/outcome"
)

// OperatorOptions of StartOperator.
type OperatorOptions struct {
	// Config acts as the operator's ServiceAccount.
	Config *rest.Config
	Speed  float64
	// Namespace to watch: each test has its own, so that one test's operator does not touch another's objects.
	Namespace string
	// Change adjusts the rest.
	Change func(*controllers.Options)
}

// Operator runs in the test's process.
type Operator struct {
	stop context.CancelFunc
	done chan error
	once sync.Once
}

var logs sync.Once

// StartOperator runs the operator until Stop, or the end of the test.
func StartOperator(t testing.TB, o OperatorOptions) *Operator {
	t.Helper()
	logs.Do(func() { ctrl.SetLogger(logr.Discard()) })
	options := controllers.Options{
		Namespace: "avs-operator-system", Namespaces: []string{o.Namespace}, Pace: outcome.Pace(o.Speed), Version: "test", RepeatNames: true,
	}
	if testing.Verbose() {
		options.Logger = testr.NewWithInterface(quietAfterEnd(t), testr.Options{})
	}
	if o.Change != nil {
		o.Change(&options)
	}
	ctx, cancel := context.WithCancel(context.Background())
	mgr, err := controllers.NewManager(ctx, o.Config, options)
	if err != nil {
		cancel()
		t.Fatalf("Making the operator: %v", err)
	}
	operator := &Operator{stop: cancel, done: make(chan error, 1)}
	go func() { operator.done <- mgr.Start(ctx) }()
	t.Cleanup(func() { operator.Stop(t) })
	return operator
}

// Stop ends the operator as a SIGTERM does, and waits for it.
func (o *Operator) Stop(t testing.TB) {
	t.Helper()
	o.once.Do(func() {
		o.stop()
		select {
		case err := <-o.done:
			if err != nil && !errors.Is(err, context.Canceled) {
				t.Errorf("The operator ended with: %v", err)
			}
		case <-time.After(time.Minute):
			t.Error("The operator did not stop within a minute")
		}
	})
}

// endable is a test whose log may be written to after its end by a goroutine that is still winding down.
type endable struct {
	testing.TB
	mu    sync.Mutex
	ended bool
}

func quietAfterEnd(t testing.TB) *endable {
	e := &endable{TB: t}
	t.Cleanup(func() {
		e.mu.Lock()
		defer e.mu.Unlock()
		e.ended = true
	})
	return e
}

// Log writes while the test runs.
func (e *endable) Log(args ...any) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if !e.ended {
		e.TB.Log(args...)
	}
}
