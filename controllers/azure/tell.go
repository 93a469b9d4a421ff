// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package azure

import (
	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/metrics"
)

// told is an operation as logs and metrics tell it.
func (r *Reconciler[T]) told(s *scope[T], op *v1alpha1.Operation) metrics.Operation {
	id := string(s.id)
	if op.Target != "" {
		id = op.Target
	}
	return metrics.Operation{
		Kind: r.traits.Name, Object: s.obj, ID: id, Verb: op.Verb, Action: op.Action, Operation: op.ID, Attempt: op.Attempt,
		Took: r.Pace.Elapsed(max(r.Clock.Since(op.StartedAt.Time), 0)),
	}
}

// dropOperation takes the record of an operation out of the status, if there is one, and tells how it ended. No other line may: without it an
// operation would have a beginning in the log and no end.
func (r *Reconciler[T]) dropOperation(s *scope[T], how metrics.Result) {
	if op := s.stat().Operation; op != nil {
		s.stat().Operation = nil
		r.Metrics.Ended(s.log, r.told(s, op), how)
	}
}
