// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package decide

import (
	"slices"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/arm"
	"github.com/avs-operator/avs-operator/controllers/azure/body"
	"github.com/avs-operator/avs-operator/controllers/azure/diff"
)

// What became of a write, judged by what Azure has: the same comparison, in the situation after it.

// Agrees says that what Azure has is what the operation was to bring about, or that no more is to be learned from waiting. A nil Asked says that what the
// spec refers to could not be looked up.
func (s Situation[T]) Agrees(op *v1alpha1.Operation) bool {
	if arm.Verb(op.Verb) == arm.DELETE {
		return s.Actual == nil
	}
	if s.Actual == nil || !arm.IsTerminal(s.Actual.ProvisioningState()) {
		return false
	}
	byAction := ByAction(s.Kind.Traits, op)
	if op.Action != "" && !byAction || op.Generation != s.Object.GetGeneration() || !inState(s.Actual, "Succeeded") {
		return true // the spec was edited meanwhile, or it failed
	}
	if byAction && s.deleting() {
		return Pristine(s.Kind.Traits, s.Actual)
	}
	if s.Asked == nil {
		return true
	}
	d := s.compare()
	if op.Purpose == v1alpha1.OperationCreates {
		d.Changes = slices.DeleteFunc(d.Changes, func(c diff.Change) bool { return body.Under(c.Path, s.Kind.Later) })
	}
	next := s.update(&d)
	if next == nil {
		return true
	}
	hash, _, err := s.Hash(next)
	return err != nil || arm.Verb(op.Verb) != arm.PUT && (string(next.Verb) != op.Verb || hash != op.BodyHash)
}

// Came says that a write of which the answer was lost has made the resource: it was not managed before, and is there now. Then it is kept and not
// adopted.
func (s Situation[T]) Came(op *v1alpha1.Operation) bool {
	return (arm.Verb(op.Verb) == arm.PUT || ByAction(s.Kind.Traits, op)) && inState(s.Actual, "Succeeded") &&
		!Pristine(s.Kind.Traits, s.Actual) && len(s.stat().Managed) == 0
}

// Sent are the paths that a write which made the resource has set: it was worked out while nothing was there. A nil Asked: what the spec refers to cannot
// be looked up now, and that the resource is managed is what matters.
func (s Situation[T]) Sent() []string {
	if s.Asked == nil {
		return []string{ManagedAtAll}
	}
	s.Actual = nil
	return s.compare().Managed
}
