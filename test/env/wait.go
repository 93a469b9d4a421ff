// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package env

import (
	"fmt"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
)

// WaitReady waits until each object is Ready as it stands now. Such an object is neither Reconciling nor Stalled, and has no operation in flight.
func (e *Env) WaitReady(t testing.TB, objects ...client.Object) {
	t.Helper()
	for _, object := range objects {
		e.WaitSays(t, object, v1alpha1.ConditionReady, metav1.ConditionTrue, "")
		read := statusOf(object)
		for _, condition := range []string{v1alpha1.ConditionReconciling, v1alpha1.ConditionStalled} {
			if meta.FindStatusCondition(read.Conditions, condition) != nil {
				t.Errorf("%T %s is Ready, and %s is there: %+v", object, object.GetName(), condition, read.Conditions)
			}
		}
		if read.Operation != nil {
			t.Errorf("%T %s is Ready, and has an operation: %v", object, object.GetName(), read.Operation)
		}
	}
}

// WaitNotReady waits until the object is not Ready for the reason, and the message has all the words. It returns the message. WaitStalled and WaitReconciling
// ask besides who goes on: a person, or the operator.
func (e *Env) WaitNotReady(t testing.TB, object client.Object, reason string, words ...string) string {
	t.Helper()
	return e.WaitSays(t, object, v1alpha1.ConditionReady, metav1.ConditionFalse, reason, words...)
}

// WaitStalled waits until the object is not Ready for the reason, which a person must see to, and the message has all the words. It returns the message.
func (e *Env) WaitStalled(t testing.TB, object client.Object, reason string, words ...string) string {
	t.Helper()
	return e.WaitProgress(t, object, v1alpha1.ConditionStalled, reason, words...)
}

// WaitReconciling waits until the object is not Ready for the reason, which passes without a person, and the message has all the words. It returns
// the message.
func (e *Env) WaitReconciling(t testing.TB, object client.Object, reason string, words ...string) string {
	t.Helper()
	return e.WaitProgress(t, object, v1alpha1.ConditionReconciling, reason, words...)
}

// WaitProgress is WaitStalled or WaitReconciling, as progress says: the name of the condition that must be there beside the reason, where the other
// must not be.
func (e *Env) WaitProgress(t testing.TB, object client.Object, progress, reason string, words ...string) (message string) {
	t.Helper()
	other := map[string]string{v1alpha1.ConditionReconciling: v1alpha1.ConditionStalled, v1alpha1.ConditionStalled: v1alpha1.ConditionReconciling}[progress]
	e.WaitFor(t, Patience, object, fmt.Sprintf("it to be %s for %s%s", progress, reason, quoted(words)), func() (err error) {
		conditions := Conditions(object)
		if message, err = says(object, v1alpha1.ConditionReady, metav1.ConditionFalse, reason, words); err != nil {
			return err
		}
		if !meta.IsStatusConditionTrue(conditions, progress) || meta.FindStatusCondition(conditions, other) != nil {
			return fmt.Errorf("beside the reason, %s must be there and %s must not", progress, other)
		}
		return nil
	})
	return message
}

// WaitSays waits until a condition of the object, computed from its present generation, has the status, the reason unless that is empty, and all the
// words in its message, which it returns.
func (e *Env) WaitSays(t testing.TB, object client.Object, condition string, status metav1.ConditionStatus, reason string, words ...string) (message string) {
	t.Helper()
	e.WaitFor(t, Patience, object, strings.TrimSpace(fmt.Sprintf("%s=%s %s%s", condition, status, reason, quoted(words))), func() (err error) {
		message, err = says(object, condition, status, reason, words)
		return err
	})
	return message
}

// says returns the message of a condition that is as WaitSays wants it.
func says(object client.Object, condition string, status metav1.ConditionStatus, reason string, words []string) (string, error) {
	c := Condition(object, condition)
	switch {
	case c == nil:
		return "", fmt.Errorf("there is no condition %s", condition)
	case c.ObservedGeneration != object.GetGeneration():
		return "", fmt.Errorf("condition %s is of generation %d, the object of %d", condition, c.ObservedGeneration, object.GetGeneration())
	case c.Status != status, reason != "" && c.Reason != reason:
		return "", fmt.Errorf("condition %s is %s for %s", condition, c.Status, c.Reason)
	}
	for _, word := range words {
		if !strings.Contains(c.Message, word) {
			return "", fmt.Errorf("the message of %s does not say %q: %s", condition, word, c.Message)
		}
	}
	return c.Message, nil
}

func quoted(words []string) string {
	if len(words) == 0 {
		return ""
	}
	return fmt.Sprintf(" with %q", words)
}

// Condition returns a condition of an object of any kind, as it was read last; nil if it has none of that type.
func Condition(object client.Object, conditionType string) *metav1.Condition {
	return meta.FindStatusCondition(Conditions(object), conditionType)
}

// Conditions returns those of an object of any kind, as it was read last.
func Conditions(object client.Object) []metav1.Condition { return statusOf(object).Conditions }

// commonStatus is what the status of all kinds has in common.
type commonStatus struct {
	Conditions []metav1.Condition `json:"conditions"`
	Operation  map[string]any     `json:"operation"`
}

func statusOf(object client.Object) commonStatus {
	var read struct {
		Status commonStatus `json:"status"`
	}
	content, err := runtime.DefaultUnstructuredConverter.ToUnstructured(object)
	if err == nil {
		err = runtime.DefaultUnstructuredConverter.FromUnstructured(content, &read)
	}
	if err != nil {
		panic(fmt.Errorf("reading the status of a %T: %w", object, err)) // no kind of ours has another shape
	}
	return read.Status
}
