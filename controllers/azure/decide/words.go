// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package decide

import (
	"fmt"
	"strings"
	"time"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/arm"
	"github.com/avs-operator/avs-operator/controllers/azure/kind"
)

// Underway are the words of the condition while an operation runs. They are the same at every poll, so that a poll writes nothing.
func Underway[T kind.Object](k kind.Kind[T], object T, op *v1alpha1.Operation) (reason, message string) {
	goes := !object.GetDeletionTimestamp().IsZero()
	if op.Target != "" {
		reason = v1alpha1.ReasonUpdating
		if goes {
			reason = v1alpha1.ReasonDeleting
		}
		return reason, fmt.Sprintf("Azure changes %s beside it", op.Target)
	}
	switch arm.Verb(op.Verb) {
	case arm.PUT:
		if op.Purpose == v1alpha1.OperationUpdates {
			return v1alpha1.ReasonUpdating, updating(k.Traits)
		}
		return v1alpha1.ReasonCreating, creating(k, object)
	case arm.DELETE:
		return v1alpha1.ReasonDeleting, deleting(k.Traits)
	case arm.POST:
		if ByAction(k.Traits, op) && goes {
			return v1alpha1.ReasonDeleting, puttingBack(k.Traits)
		} else if ByAction(k.Traits, op) {
			return v1alpha1.ReasonUpdating, updating(k.Traits)
		}
		for _, action := range OneShots(k, object) {
			if action.Name == op.Action {
				return action.Reason, running(op.Action)
			}
		}
		return v1alpha1.ReasonReconciling, running(op.Action)
	default: // arm.PATCH
		return v1alpha1.ReasonUpdating, updating(k.Traits)
	}
}

func creating[T kind.Object](k kind.Kind[T], object T) string {
	if e := Expect(k, object, &v1alpha1.Operation{Verb: string(arm.PUT)}); e.Latest > 0 {
		return fmt.Sprintf("Azure makes the %s; that takes %s to %s", k.Name, Hours(e.Soonest), Hours(e.Latest))
	}
	return "Azure makes the " + k.Name
}
func updating(t kind.Traits) string    { return "Azure changes the " + t.Name }
func deleting(t kind.Traits) string    { return "Azure deletes the " + t.Name }
func puttingBack(t kind.Traits) string { return "Azure ends the " + t.Name + " by " + t.ChangedBy }
func running(action string) string     { return "Azure runs " + action }

// ByAction says that an operation is a change by the action that changes the kind, and not one of its one-shot actions.
func ByAction(t kind.Traits, op *v1alpha1.Operation) bool {
	return op != nil && t.ChangedBy != "" && op.Action == t.ChangedBy
}

// Expect is how long an operation takes. A PUT that changes a resource takes what a PATCH does.
func Expect[T kind.Object](k kind.Kind[T], object T, op *v1alpha1.Operation) kind.Expectation {
	if k.Expect == nil || op.Target != "" {
		return kind.Expectation{}
	}
	verb := arm.Verb(op.Verb)
	if op.Purpose == v1alpha1.OperationUpdates {
		verb = arm.PATCH
	}
	return k.Expect(verb, object)
}

// Hours says a duration as people do: to the half hour from one hour on, to the second below a minute, else to the minute.
func Hours(d time.Duration) string {
	if d < time.Minute {
		return d.Round(time.Second).String()
	}
	step := time.Minute
	if d >= time.Hour {
		step = 30 * time.Minute
	}
	words := strings.TrimSuffix(d.Round(step).String(), "0s")
	if whole, ok := strings.CutSuffix(words, "h0m"); ok {
		return whole + "h"
	}
	return words
}
