// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package machine

import (
	"context"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/metrics"
	"github.com/avs-operator/avs-operator/controllers/move/explain"
	"github.com/avs-operator/avs-operator/controllers/outcome"
	"github.com/avs-operator/avs-operator/controllers/text"
	"github.com/avs-operator/avs-operator/controllers/vcenter"
)

// firstRetry is the pause after the first failed attempt, in vCenter's time; each further one is four times as long.
const firstRetry = 30 * time.Second

// recheckBlocked is how soon a machine that is blocked is looked at again, in vCenter's time: not everything that blocks tells when it goes.
const recheckBlocked = 5 * time.Minute

// callRecheck is how soon a claim that two moves gave up at once is looked at again, in real time.
const callRecheck = 500 * time.Millisecond

// failAttempt notes a failed attempt. A fault that may pass gives the machine another, after a pause and perhaps on another host; any other is
// final. The next steps read where the machine is, and decide what follows.
func (s *scope) failAttempt(ctx context.Context, fault vcenter.Fault) *outcome.Outcome {
	st := &s.move.Status
	reason, message := explain.Fault(fault, s.move.Spec.Target)
	if fault.Class == vcenter.FaultCredentials {
		s.VCenters.LocatorRefused(s.move.Namespace, s.move.Spec.Target.VCenterRef.Name)
	}
	s.log.Info("Attempt failed", "machine", s.move.Spec.Machine.Name, "attempt", st.Attempts, "fault", fault.Type, "class", fault.Class)
	s.noteFailure(reason, message)
	if s.intent == intentCancel {
		if fault.Class == vcenter.FaultCancelled {
			st.Failure = nil // as wanted
		}
		return nil
	}
	if fault.Retryable() && st.Attempts < maxAttempts {
		st.RetryAfter = s.retryAt(st.Attempts)
		return s.backOff(ctx)
	}
	return nil // revert ends it
}

// retryAt is when to try again what has failed so many times.
func (s *scope) retryAt(failures int32) *metav1.MicroTime {
	at := metav1.NewMicroTime(s.Clock.Now().Add(s.Pace.Real(firstRetry << (2 * (max(failures, 1) - 1)))))
	return &at
}

// noteFailure notes why the attempt failed, and lets others use its turn.
func (s *scope) noteFailure(reason, message string) {
	st := &s.move.Status
	s.dropTask(metrics.Failed)
	st.Failure = &v1alpha1.MoveFailure{Reason: reason, Message: text.Cut(message, 3900)}
	st.RetryAfter, st.Progress, st.BytesMoved = nil, 0, 0
	s.dropTurn()
	s.Turns.Done(s.move.UID)
}

// backOff lets the time between two attempts pass.
func (s *scope) backOff(context.Context) *outcome.Outcome {
	st := &s.move.Status
	if st.RetryAfter == nil {
		return nil
	}
	wait := s.Clock.Until(st.RetryAfter.Time)
	if wait <= 0 {
		return nil
	}
	return s.inProgress(v1alpha1.MoveStepWaiting, outcome.Wait(st.Failure.Reason, "attempt %d of %d failed: %s. It is tried again at %s",
		st.Attempts, maxAttempts, st.Failure.Message, st.RetryAfter.UTC().Format(time.RFC3339)).In(s.Pace.Elapsed(wait)))
}

// finish brings a move to its end. The record and the grant go with it.
func (s *scope) finish(step v1alpha1.MoveStep) *outcome.Outcome {
	st := &s.move.Status
	now := metav1.Now()
	s.dropTask(metrics.Unanswered)
	st.Step, st.FinishedAt, st.RetryAfter, st.GrantedAt = step, &now, nil, nil
	if step == v1alpha1.MoveStepMoved {
		st.Progress, st.BytesMoved, st.Failure = 100, st.BytesTotal, nil
	} else {
		st.Progress, st.BytesMoved = 0, 0
	}
	s.Turns.Done(s.move.UID)
	s.log.Info("Move ended", "machine", s.move.Spec.Machine.Name, "step", step, "attempts", st.Attempts)
	return s.verdict()
}

// cancelled ends a move that its WorkloadMove does not want any more.
func (s *scope) cancelled(message string) *outcome.Outcome {
	s.move.Status.Failure = &v1alpha1.MoveFailure{Reason: v1alpha1.ReasonCancelled, Message: message}
	return s.finish(v1alpha1.MoveStepCancelled)
}
