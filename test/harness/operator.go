// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package harness

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"github.com/go-logr/logr/testr"
	"k8s.io/client-go/rest"
	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/avs-operator/avs-operator/controllers"
	"github.com/avs-operator/avs-operator/controllers/outcome"
	"github.com/avs-operator/avs-operator/test/env"
)

// OperatorOptions of StartOperator.
type OperatorOptions struct {
	// Config acts as the operator's ServiceAccount.
	Config *rest.Config
	Speed  float64
	// Namespace to watch: each test has its own, so that one test's operator does not touch another's objects.
	Namespace string
	// Seams that its calls go through, if any.
	Seams *Seams
	// Change adjusts the rest.
	Change func(*controllers.Options)
}

// Operator runs in the test's process.
type Operator struct {
	stop  context.CancelFunc
	done  chan error
	once  sync.Once
	label string // of its goroutines
}

var logs sync.Once

// StartOperator runs the operator until Stop, or the end of the test.
func StartOperator(t testing.TB, o OperatorOptions) *Operator {
	t.Helper()
	logs.Do(func() { ctrl.SetLogger(logr.Discard()) })
	options := controllers.Options{
		Namespace: "avs-operator-system", Namespaces: []string{o.Namespace}, Pace: outcome.Pace(o.Speed), Version: "test", RepeatNames: true,
		AllowedEndpoints: []string{"127.0.0.1"}, AllowLocalEndpoints: true, // where StartAzure serves
	}
	if testing.Verbose() && o.Seams == nil {
		options.Logger = testr.NewWithInterface(quietAfterEnd(t), testr.Options{})
	}
	if o.Seams != nil {
		o.Config = rest.CopyConfig(o.Config)
		o.Seams.install(&o, &options)
		options.Logger = o.Seams.history.Logger()
	}
	if o.Change != nil {
		o.Change(&options)
	}
	return StartManager(t, func(ctx context.Context) (ctrl.Manager, error) { return controllers.NewManager(ctx, o.Config, options) })
}

// StartManager runs a manager until Stop, or the end of the test.
func StartManager(t testing.TB, manager func(context.Context) (ctrl.Manager, error)) *Operator {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	operator := &Operator{stop: cancel, done: make(chan error, 1)}
	var problem error
	operator.label = labelled(func() {
		mgr, err := manager(ctx)
		if problem = err; err == nil {
			go func() { operator.done <- mgr.Start(ctx) }()
		}
	})
	if problem != nil {
		cancel()
		t.Fatalf("Making the operator: %v", problem)
	}
	t.Cleanup(func() { operator.Stop(t) })
	return operator
}

// Stop ends the operator as a SIGTERM does, and waits for it.
func (o *Operator) Stop(t testing.TB) {
	t.Helper()
	o.once.Do(func() {
		o.stop()
		if err := o.wait(); err != nil {
			t.Errorf("The operator ended with: %v", err)
		}
	})
}

// Abandon ends an operator that is dead or cut off, whatever it ends with, and waits for it.
func (o *Operator) Abandon() {
	o.once.Do(func() {
		o.stop()
		_ = o.wait()
	})
}

// wait returns how the operator ended.
func (o *Operator) wait() error {
	select {
	case err := <-o.done:
		if errors.Is(err, context.Canceled) {
			return nil
		}
		return err
	case <-time.After(env.Patience):
		return fmt.Errorf("it did not stop within %s", env.Patience)
	}
}

// Ended waits until the operator has ended by itself, and returns with what.
func (o *Operator) Ended(within time.Duration) (bool, error) {
	select {
	case err := <-o.done:
		o.once.Do(o.stop)
		return true, err
	case <-time.After(within):
		return false, nil
	}
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
