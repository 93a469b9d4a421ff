// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package env

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/apiutil"
)

// pollPeriod is how often a condition is looked at: often enough that waiting costs a test nothing. What takes long is looked at less often, up to
// slowPollPeriod: a dozen tests wait at once, and each look is work for the API server.
const (
	pollPeriod     = 50 * time.Millisecond
	slowPollPeriod = 100 * time.Millisecond
)

// Patience is how long any wait lasts at least, whatever its test asks for: a machine that is slow, or builds beside it, fails no test. A wait
// ends as soon as the thing happens, so that patience costs nothing.
const Patience = 3 * time.Minute

// Eventually calls check until it returns nil. After timeout, or Patience if that is longer, it fails the test with what was waited for, the
// last error, and the state of each of the objects as the API server has it.
func (e *Env) Eventually(t testing.TB, timeout time.Duration, what string, check func(context.Context) error, objects ...client.Object) {
	t.Helper()
	timeout = max(timeout, Patience)
	var last error
	for began := time.Now(); ; {
		if last = check(t.Context()); last == nil {
			return
		}
		waited := time.Since(began)
		if waited > timeout || t.Context().Err() != nil {
			break
		}
		time.Sleep(min(max(waited/20, pollPeriod), slowPollPeriod))
	}
	t.Fatalf("Waited %s for %s: %v%s", timeout, what, last, e.describeAll(t, objects))
}

// Consistently calls check for the whole of duration and fails the test at its first error.
func (e *Env) Consistently(t testing.TB, duration time.Duration, what string, check func(context.Context) error, objects ...client.Object) {
	t.Helper()
	began := time.Now()
	for ; time.Since(began) < duration; time.Sleep(pollPeriod) {
		if err := check(t.Context()); err != nil {
			t.Fatalf("After %s it no longer held that %s: %v%s", time.Since(began).Round(time.Millisecond), what, err, e.describeAll(t, objects))
		}
	}
}

// WaitFor reads object again and again until ok returns nil. On return, object is as it was when that held.
func (e *Env) WaitFor(t testing.TB, timeout time.Duration, object client.Object, what string, ok func() error) {
	t.Helper()
	e.Eventually(t, timeout, what, func(ctx context.Context) error {
		if err := e.Admin.Get(ctx, client.ObjectKeyFromObject(object), object); err != nil {
			return err
		}
		return ok()
	}, object)
}

// WaitCondition waits until the object has a condition of that type and status ("True", "False" or "Unknown") that was
// computed from the object's present generation.
func (e *Env) WaitCondition(t testing.TB, timeout time.Duration, object client.Object, conditionType, status string) {
	t.Helper()
	e.WaitFor(t, timeout, object, conditionType+"="+status, func() error {
		_, err := says(object, conditionType, metav1.ConditionStatus(status), "", nil)
		return err
	})
}

// WaitGone waits until the object does not exist.
func (e *Env) WaitGone(t testing.TB, timeout time.Duration, object client.Object) {
	t.Helper()
	e.Eventually(t, timeout, "its end", func(ctx context.Context) error {
		err := e.Admin.Get(ctx, client.ObjectKeyFromObject(object), object)
		if apierrors.IsNotFound(err) {
			return nil
		}
		return errors.Join(err, errors.New("it is still there"))
	}, object)
}

// Describe returns an object as the API server has it, in lines for a person: generation, deletion, operation, conditions.
func (e *Env) Describe(ctx context.Context, object client.Object) string {
	kind, err := apiutil.GVKForObject(object, e.Admin.Scheme())
	if err != nil {
		return err.Error()
	}
	current := &unstructured.Unstructured{}
	current.SetGroupVersionKind(kind)
	key := client.ObjectKeyFromObject(object)
	var lines strings.Builder
	fmt.Fprintf(&lines, "%s %s", kind.Kind, key)
	if err := e.Admin.Get(ctx, key, current); err != nil {
		fmt.Fprintf(&lines, ": %v", err)
		return lines.String()
	}
	fmt.Fprintf(&lines, " generation %d, resourceVersion %s", current.GetGeneration(), current.GetResourceVersion())
	if deleted := current.GetDeletionTimestamp(); deleted != nil {
		fmt.Fprintf(&lines, ", deleted at %s, finalizers %v", deleted.Format(time.TimeOnly), current.GetFinalizers())
	}
	for _, field := range []string{"operation", "failure", "step", "task"} { // what is under way, or ended last
		if value, found, _ := unstructured.NestedFieldNoCopy(current.Object, "status", field); found {
			fmt.Fprintf(&lines, "\n  %s %v", field, value)
		}
	}
	for _, c := range Conditions(current) {
		fmt.Fprintf(&lines, "\n  %s=%s %s: %s", c.Type, c.Status, c.Reason, c.Message)
		if c.ObservedGeneration != current.GetGeneration() {
			fmt.Fprintf(&lines, " (of generation %d)", c.ObservedGeneration)
		}
	}
	return lines.String()
}

// describeAll describes objects in the lines that follow a failure.
func (e *Env) describeAll(t testing.TB, objects []client.Object) string {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), 10*time.Second)
	defer cancel()
	var lines strings.Builder
	for _, object := range objects {
		fmt.Fprintf(&lines, "\n%s", e.Describe(ctx, object))
	}
	return lines.String()
}
