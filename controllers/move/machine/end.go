// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package machine

import (
	"context"
	"fmt"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/move/movers"
	"github.com/avs-operator/avs-operator/controllers/outcome"
	"github.com/avs-operator/avs-operator/controllers/text"
)

// ended leaves a machine alone whose move is over. Only a failed one is taken up again, when the annotation asks for it with a new value.
func (p *pass) ended(ctx context.Context) *outcome.Outcome {
	s := &p.move.Status
	asked := p.move.Annotations[v1alpha1.AnnotationRetryRequestedAt]
	if s.Step == v1alpha1.MoveStepFailed && asked != s.LastHandledRetryAt && p.move.DeletionTimestamp.IsZero() {
		s.LastHandledRetryAt = asked
		s.Step, s.Failure, s.RetryAfter, s.FinishedAt, s.Attempts, s.PowerOn = v1alpha1.MoveStepWaiting, nil, nil, nil, 0, nil
		return nil
	}
	if !s.Step.Over() {
		return nil
	}
	p.Turns.Done(p.move.UID)
	if o := p.release(ctx); o != nil {
		return o
	}
	return p.verdict()
}

// verdict is what a move that is over says of itself, the same at every look.
func (p *pass) verdict() *outcome.Outcome {
	s := &p.move.Status
	switch s.Step {
	case v1alpha1.MoveStepMoved:
		return outcome.Done(v1alpha1.ReasonComplete, "the machine is at the target, read there")
	case v1alpha1.MoveStepCancelled:
		return outcome.Done(v1alpha1.ReasonCancelled, "%s", messageOf(s.Failure, "the move was cancelled; the machine is at the source"))
	}
	reason := v1alpha1.ReasonMoveFailed
	if s.Failure != nil {
		reason = s.Failure.Reason
	}
	return outcome.Stall(reason, "%s", messageOf(s.Failure, "the move failed"))
}

func messageOf(f *v1alpha1.MoveFailure, otherwise string) string {
	if f == nil {
		return otherwise
	}
	return f.Message
}

// finish brings a move to its end. The record and the grant go with it.
func (p *pass) finish(step v1alpha1.MoveStep) *outcome.Outcome {
	s := &p.move.Status
	now := metav1.Now()
	s.Step, s.FinishedAt, s.Task, s.RetryAfter, s.GrantedAt = step, &now, nil, nil, nil
	if step == v1alpha1.MoveStepMoved {
		s.Progress, s.BytesMoved, s.Failure = 100, s.BytesTotal, nil
	} else {
		s.Progress, s.BytesMoved = 0, 0
	}
	p.Turns.Done(p.move.UID)
	p.log.Info("Move ended", "machine", p.move.Spec.Machine.Name, "step", step, "attempts", s.Attempts)
	return p.verdict()
}

// cancelled ends a move that its programme does not want any more.
func (p *pass) cancelled(message string) *outcome.Outcome {
	p.move.Status.Failure = &v1alpha1.MoveFailure{Reason: v1alpha1.ReasonCancelled, Message: message}
	return p.finish(v1alpha1.MoveStepCancelled)
}

// giveUp ends a cancelled move, or one that failed for good: what the move powered off is powered on again, and where the machine is and
// how is read, not assumed.
func (p *pass) giveUp(ctx context.Context) *outcome.Outcome {
	s := &p.move.Status
	failed := s.Failure != nil && s.RetryAfter == nil
	if p.wish != wishCancel && !failed {
		return nil
	}
	if !p.direct {
		if o := p.read(ctx); o != nil {
			return o
		}
		if p.at.Where == movers.AtTarget {
			return p.arrive(ctx)
		}
	}
	if p.at.Where != movers.AtSource {
		if p.wish == wishCancel && s.StartedAt == nil {
			return p.cancelled("nothing had been started, and the machine is not at the source any more")
		}
		return p.riddle()
	}
	if p.toRestore(p.at.Source.PowerState) {
		return p.powerOn(ctx, v1alpha1.MoveSideSource, p.at.Source)
	}
	p.restored(p.at.Source.PowerState)
	whole := fmt.Sprintf("The machine is whole at the source and %s, as read there at %s", powerWords(p.at.Source.PowerState), time.Now().UTC().Format(time.RFC3339))
	if failed {
		s.Failure.Message = text.Cut(s.Failure.Message+". "+whole, 4096)
		return p.finish(v1alpha1.MoveStepFailed)
	}
	return p.cancelled("the move was cancelled. " + whole)
}

func powerWords(state string) string {
	switch state {
	case powerStateOn:
		return "running"
	case powerStateOff:
		return "powered off"
	}
	return state
}

// held says that all that the machine will need until its end is held: this object, and both VCenters with what they refer to. Where some of it is
// gone or on its way out, nothing is held for a machine that has not begun: else what is deleted would wait for one that waits for it.
func (p *pass) held(ctx context.Context) *outcome.Outcome {
	if !controllerutil.ContainsFinalizer(p.move, v1alpha1.Finalizer) {
		if o := p.holding(ctx); leaving(o) {
			return o
		}
	}
	if err := p.keep(ctx); err != nil {
		return p.notStored(err)
	}
	o := p.holding(ctx)
	if leaving(o) {
		if lost := p.release(ctx); lost != nil {
			return lost
		}
	}
	return o
}

func leaving(o *outcome.Outcome) bool {
	return o != nil && (o.Reason == v1alpha1.ReasonReferenceNotReady || o.Reason == v1alpha1.ReasonReferenceNotFound)
}

// holding asks both VCenters whether they and what they refer to are held.
func (p *pass) holding(ctx context.Context) *outcome.Outcome {
	for _, name := range []string{p.move.Spec.Source.VCenterRef.Name, p.move.Spec.Target.VCenterRef.Name} {
		if o := p.VCenters.HeldForMoves(ctx, p.move.Namespace, name); o != nil {
			p.fine = o.Reason == v1alpha1.ReasonReconciling
			return o
		}
	}
	return nil
}

// keep holds the object while its machine is under way: no object goes while its task runs.
func (p *pass) keep(ctx context.Context) error {
	return p.finalizer(ctx, controllerutil.AddFinalizer)
}

// release lets the object go.
func (p *pass) release(ctx context.Context) *outcome.Outcome {
	if err := p.finalizer(ctx, controllerutil.RemoveFinalizer); client.IgnoreNotFound(err) != nil {
		if apierrors.IsConflict(err) {
			return p.again("the object changed meanwhile")
		}
		return outcome.Retry(v1alpha1.ReasonTransient, fmt.Errorf("letting the object go: %w", err))
	}
	return nil
}

// finalizer changes the finalizers, without losing the status in hand: the API server answers with the status that it has.
func (p *pass) finalizer(ctx context.Context, change func(client.Object, string) bool) error {
	stored := p.before.DeepCopy()
	if !change(stored, v1alpha1.Finalizer) {
		return nil
	}
	if err := p.Client.Patch(ctx, stored, client.MergeFromWithOptions(p.before, client.MergeFromWithOptimisticLock{})); err != nil {
		return err
	}
	p.before = stored
	p.move.ResourceVersion, p.move.Finalizers = stored.ResourceVersion, stored.Finalizers
	return nil
}
