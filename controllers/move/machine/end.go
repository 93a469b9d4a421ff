// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package machine

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/move/explain"
	"github.com/avs-operator/avs-operator/controllers/move/movers"
	"github.com/avs-operator/avs-operator/controllers/move/verify"
	"github.com/avs-operator/avs-operator/controllers/outcome"
	"github.com/avs-operator/avs-operator/controllers/text"
)

// ended leaves a machine alone whose move is over. Only a failed one is taken up again, when the annotation asks for it with a new value.
func (s *scope) ended(ctx context.Context) *outcome.Outcome {
	st := &s.move.Status
	asked := s.move.Annotations[v1alpha1.AnnotationRetryRequestedAt]
	if st.Step == v1alpha1.MoveStepFailed && asked != st.LastHandledRetryAt && s.move.DeletionTimestamp.IsZero() {
		st.LastHandledRetryAt = asked
		st.Step, st.Failure, st.RetryAfter, st.FinishedAt, st.Attempts, st.PowerOn = v1alpha1.MoveStepWaiting, nil, nil, nil, 0, nil
		return nil
	}
	if !st.Step.Over() {
		return nil
	}
	s.Turns.Done(s.move.UID)
	if o := s.removeFinalizer(ctx); o != nil {
		return o
	}
	return s.verdict()
}

// revert ends a cancelled move, or one that failed for good: what the move powered off is powered on again, and where the machine is and
// how is read, not assumed.
func (s *scope) revert(ctx context.Context) *outcome.Outcome {
	st := &s.move.Status
	failed := st.Failure != nil && st.RetryAfter == nil
	if s.intent != intentCancel && !failed {
		return nil
	}
	if !s.direct {
		if o := s.readPlacement(ctx); o != nil {
			return o
		}
		if s.at.Where == movers.AtTarget {
			return s.arrive(ctx)
		}
	}
	if s.at.Where != movers.AtSource {
		if s.intent == intentCancel && st.StartedAt == nil {
			return s.cancelled("nothing had been started, and the machine is not at the source any more")
		}
		return s.misplaced()
	}
	if s.needsPowerOn(s.at.Source.PowerState) {
		return s.powerOn(ctx, v1alpha1.MoveSideSource, s.at.Source)
	}
	s.notePoweredOn(s.at.Source.PowerState)
	whole := fmt.Sprintf("The machine is whole at the source and %s, as read there at %s", explain.Power(s.at.Source.PowerState),
		time.Now().UTC().Format(time.RFC3339))
	if failed {
		st.Failure.Message = text.Cut(st.Failure.Message+". "+whole, 4096)
		return s.finish(v1alpha1.MoveStepFailed)
	}
	return s.cancelled("the move was cancelled. " + whole)
}

// arrive ends the move of a machine that was read at the target and not at the source. That it is there is not enough: it is compared with
// what left, because a task's success has been false before.
func (s *scope) arrive(ctx context.Context) *outcome.Outcome {
	if s.at.Where != movers.AtTarget {
		return nil
	}
	st := &s.move.Status
	st.TargetRef = s.at.Target.Ref
	details, err := s.request.Target.Client.Details(ctx, []string{s.at.Target.Ref})
	if err != nil {
		return outcome.Retry(v1alpha1.ReasonUnreachable, err)
	}
	if len(details) == 0 {
		return s.requeue("the machine went away while it was read")
	}
	differences, concerns := verify.Compare(&s.move.Spec, &details[0], st.StartedAt != nil)
	st.Concerns = concerns
	if len(differences) > 0 {
		s.noteFailure(v1alpha1.ReasonVerificationFailed, fmt.Sprintf("the machine is at the target and %s, but it is not what left the source: %s. "+
			"Nothing more is done with it: compare it yourself, then ask for another look with the annotation %s",
			explain.Power(details[0].PowerState), strings.Join(differences, "; "), v1alpha1.AnnotationRetryRequestedAt))
		return s.finish(v1alpha1.MoveStepFailed)
	}
	if _, _, on := powerPolicy(&s.move.Spec); on == v1alpha1.PowerOnRestore && s.needsPowerOn(details[0].PowerState) {
		return s.powerOn(ctx, v1alpha1.MoveSideTarget, s.at.Target) // whatever is wanted now: it ran before
	}
	s.notePoweredOn(details[0].PowerState)
	return s.finish(v1alpha1.MoveStepMoved)
}
