// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package azure

import (
	"context"
	"errors"
	"fmt"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/arm"
	"github.com/avs-operator/avs-operator/controllers/azure/decide"
	"github.com/avs-operator/avs-operator/controllers/azure/recall"
	"github.com/avs-operator/avs-operator/controllers/connect/rulings"
	"github.com/avs-operator/avs-operator/controllers/ledger"
	"github.com/avs-operator/avs-operator/controllers/metrics"
	"github.com/avs-operator/avs-operator/controllers/outcome"
)

// resume follows the operation that is in flight, whatever else is wrong, and whoever began it: suspend, a lost reference and deletion stop
// new writes, not the watching of an old one.
func (r *Reconciler[T]) resume(ctx context.Context, s *scope[T]) *outcome.Outcome {
	return r.follow(ctx, s)
}

func (r *Reconciler[T]) follow(ctx context.Context, s *scope[T]) *outcome.Outcome {
	op := s.stat().Operation
	if op == nil {
		return nil
	}
	if op.State != v1alpha1.OperationAccepted || op.Format != v1alpha1.OperationFormat {
		return r.lookUp(ctx, s, op)
	}
	r.holdLane(s, op)
	var wait time.Duration
	var said *outcome.Outcome
	r.memory.Do(client.ObjectKeyFromObject(s.obj), func(m *recall.Object) { wait, said = time.Until(m.PollAt), m.Polled })
	if wait > 0 { // woken by something else: Azure is not asked sooner for that
		if said == nil {
			said = r.underWay(s, op)
		}
		again := *said
		return again.In(r.Pace.Elapsed(wait))
	}
	if op.AsyncOperation == "" && op.Location == "" {
		return r.conclude(ctx, s, op)
	}
	return r.poll(ctx, s, op)
}

// lookUp finds out what became of a write whose answer nobody has: not before it can no longer be on its way.
func (r *Reconciler[T]) lookUp(ctx context.Context, s *scope[T], op *v1alpha1.Operation) *outcome.Outcome {
	if o := r.Book().OnItsWay(entry(op)); o != nil {
		r.holdLane(s, op)
		return o
	}
	// From here on the record holds no lane, nor takes a seat in one at each look: of several lost records each would take the lane from the one that
	// was called to it, and none would get a turn.
	r.leaveTurn(s)
	if op.Target != "" {
		return nil // whoever still needs the write looks at the other resource first, and finds the record with its id
	}
	if o := r.read(ctx, s); o != nil {
		return o
	}
	switch {
	case s.actual != nil && !arm.IsTerminal(s.actual.ProvisioningState()):
		// Azure works on it: this is our operation, or one that must end before ours anyway.
		op.State, op.Format = v1alpha1.OperationAccepted, v1alpha1.OperationFormat
		s.stat().ProvisioningState = s.actual.ProvisioningState()
		r.holdLane(s, op)
		return r.pollLater(s, op, 0)
	case arm.Verb(op.Verb) == arm.DELETE && s.actual == nil:
		return r.endOperation(s, metrics.Succeeded)
	case r.situation(s).Came(op):
		before := r.situation(s)
		before.Asked, _ = r.ask(ctx, s, nil) // nil if what the spec refers to cannot be looked up now
		s.stat().Managed = before.Sent()
		r.noteWriteOnly(s, op.WriteOnly)
		return r.endOperation(s, metrics.Succeeded)
	}
	// Nothing is under way, so the write did not reach Azure, or is done. The record stays: if the write is still needed, send finds it and
	// uses its id again; if not, next drops it.
	return nil
}

// poll asks once how far the operation is.
func (r *Reconciler[T]) poll(ctx context.Context, s *scope[T], op *v1alpha1.Operation) *outcome.Outcome {
	if op.RefusedPolls >= mostRefusedPolls {
		return r.byResource(ctx, s, op)
	}
	progress, err := s.client.Poll(ctx, arm.Poll{AsyncOperation: op.AsyncOperation, Location: op.Location})
	if arm.ClassOf(err) == arm.NotFound {
		return r.conclude(ctx, s, op) // Azure has forgotten the operation: the resource itself says how it ended
	}
	if err != nil {
		return r.notPolled(ctx, s, op, err)
	}
	op.RefusedPolls = 0
	s.accepted()
	switch progress.State {
	case arm.Succeeded:
		return r.conclude(ctx, s, op)
	case arm.Failed, arm.Canceled:
		return r.failed(s, op, progress)
	case arm.InProgress: // asked again below
	}
	op.AsyncOperation, op.Location = progress.Poll.AsyncOperation, progress.Poll.Location
	if late, _ := r.late(s, op); late {
		return r.byResource(ctx, s, op)
	}
	return r.pollLater(s, op, progress.RetryAfter)
}

// mostRefusedPolls is how often an operation's poll may be refused in a row: ARM lets only who began an operation read its result, and a role may
// lack the right to. After that the resource itself is read.
const mostRefusedPolls = 3

// notPolled deals with a poll that failed.
func (r *Reconciler[T]) notPolled(ctx context.Context, s *scope[T], op *v1alpha1.Operation, err error) *outcome.Outcome {
	o := rulings.OfAzure(err)
	o.Message = fmt.Sprintf("%s (operation %s) is under way in Azure, but asking how far it is failed: %s", opName(op), op.ID, o.Message)
	if ledger.FateOf(err) != ledger.Refused || arm.ClassOf(err) == arm.Throttled {
		return o // it was not asked, or the limit on all reads is used up
	}
	op.RefusedPolls++
	if op.RefusedPolls >= mostRefusedPolls {
		return r.byResource(ctx, s, op)
	}
	pause := ledger.RefusedPolls.Bound * time.Duration(op.RefusedPolls) / mostRefusedPolls // a third, then two
	if e, ok := asArm(err); ok {
		pause = max(pause, e.RetryAfter)
	}
	if o.Kind == outcome.KindRetry {
		o = outcome.Wait(o.Reason, "%s", o.Message)
	}
	r.memory.Do(client.ObjectKeyFromObject(s.obj), func(m *recall.Object) { m.PollAt, m.Polled = time.Now().Add(r.Pace.Real(pause)), o })
	again := *o
	return again.In(pause)
}

// byResource asks the resource in the operation's stead: at rest, the operation has ended, whatever its poll says; if not, it is asked again.
func (r *Reconciler[T]) byResource(ctx context.Context, s *scope[T], op *v1alpha1.Operation) *outcome.Outcome {
	if op.Target == "" {
		return r.conclude(ctx, s, op)
	}
	other, err := r.readOther(ctx, s, arm.ID(op.Target))
	if err != nil {
		return rulings.OfAzure(err)
	}
	if other != nil && !arm.IsTerminal(other.ProvisioningState()) {
		return r.pollLater(s, op, 0)
	}
	return r.succeed(ctx, s, op)
}

// pollLater waits for the next poll.
func (r *Reconciler[T]) pollLater(s *scope[T], op *v1alpha1.Operation, retryAfter time.Duration) *outcome.Outcome {
	elapsed := r.Pace.Elapsed(r.Clock.Since(op.StartedAt.Time))
	pause := decide.NextPoll(elapsed, decide.Expect(r.kind, s.obj, op), retryAfter)
	r.memory.Do(client.ObjectKeyFromObject(s.obj), func(m *recall.Object) { m.PollAt, m.Polled = time.Now().Add(r.Pace.Real(pause)), nil })
	return r.underWay(s, op).In(pause)
}

// underWay repeats what the condition says already, so that a poll writes nothing.
func (r *Reconciler[T]) underWay(s *scope[T], op *v1alpha1.Operation) *outcome.Outcome {
	reason, message := decide.Underway(r.kind, s.obj, op)
	message = s.followed(op, message)
	if late, usual := r.late(s, op); late {
		return r.tooLong(s, message, op.StartedAt.Time, usual)
	}
	return outcome.Wait(reason, "%s", message)
}

// leastDisagreements is how many reads must contradict a success before it is not believed. A machine that is busy, or was stopped, lets time pass
// without having looked.
const leastDisagreements = 4

// conclude believes a success when a GET agrees with it.
func (r *Reconciler[T]) conclude(ctx context.Context, s *scope[T], op *v1alpha1.Operation) *outcome.Outcome {
	if op.Target != "" {
		return r.succeed(ctx, s, op) // a small synchronous write, or one whose poll said all; the step that wanted it looks again
	}
	if o := r.read(ctx, s); o != nil {
		return o
	}
	if s.actual != nil && s.actual.ProvisioningState() == "Succeeded" {
		r.noteWriteOnly(s, op.WriteOnly)
	}
	after := r.situation(s)
	if s.actual != nil && !s.deleting() {
		after.Asked, _ = r.ask(ctx, s, s.actual) // nil if what the spec refers to cannot be looked up
		after.Secrets = s.secrets
	}
	if after.Agrees(op) {
		r.memory.Do(client.ObjectKeyFromObject(s.obj), func(m *recall.Object) { m.Done, m.DoneAt = asked(s.id, op), time.Now() })
		return r.succeed(ctx, s, op)
	}
	if s.actual != nil && !arm.IsTerminal(s.actual.ProvisioningState()) {
		s.stat().ProvisioningState = s.actual.ProvisioningState()
		return r.pollLater(s, op, 0)
	}
	var (
		since time.Time
		reads int
	)
	r.memory.Do(client.ObjectKeyFromObject(s.obj), func(m *recall.Object) {
		if m.Disagreed.IsZero() {
			m.Disagreed, m.Disagreements = time.Now(), 0
		}
		m.Disagreements++
		since, reads = m.Disagreed, m.Disagreements
	})
	if time.Since(since) < ledger.Agreement.Real(r.Pace) || reads < leastDisagreements {
		return r.underWay(s, op).In(5 * time.Second)
	}
	s.stat().Unkept = after.Unkept(op)
	return r.succeed(ctx, s, op) // what is still different is found as drift, and mended by a new operation
}

// failed ends an operation that Azure gave up.
func (r *Reconciler[T]) failed(s *scope[T], op *v1alpha1.Operation, p *arm.Progress) *outcome.Outcome {
	err := error(p.Err)
	if p.Err == nil {
		err = errors.New("Azure gave no reason")
	}
	s.stat().Failure = failureOf(op, err)
	s.stat().Failure.SpecHash = op.SpecHash
	r.endOperation(s, metrics.Failed)
	o := rulings.OfAzure(err)
	o.Message = fmt.Sprintf("%s (operation %s) failed in Azure: %s", opName(op), op.ID, o.Message)
	if o.After == 0 {
		o.After = time.Minute // the next attempt is a new operation, and costs more than a look
	}
	if circuit := decide.Circuit(s.cloud); circuit != "" && o.Kind == outcome.KindStall {
		o.Message += "; ExpressRoute circuit " + circuit
	}
	return r.refuse(s, asked(s.id, op), err, o)
}

// succeed ends an operation that succeeded.
func (r *Reconciler[T]) succeed(ctx context.Context, s *scope[T], op *v1alpha1.Operation) *outcome.Outcome {
	if op.Action != "" {
		if o := r.noteHandled(ctx, s, op); o != nil {
			return o
		}
	}
	if s.actual == nil && arm.Verb(op.Verb) == arm.PUT && op.Target == "" {
		if o := r.noteRun(ctx, s, decide.OutcomeUnknown); o != nil {
			return o
		}
	}
	s.stat().Failure = nil
	r.refusals(s).Taken(asked(s.id, op))
	how := metrics.Succeeded
	if s.actual != nil && op.Target == "" && s.actual.ProvisioningState() == "Failed" {
		// Azure has forgotten the operation, or calls it a success: what it left says otherwise, and why nobody knows.
		s.stat().Failure = failureOf(op, errors.New("Azure gave no reason"))
		s.stat().Failure.SpecHash = op.SpecHash
		how = metrics.Failed
	}
	return r.endOperation(s, how)
}

// endOperation clears the record and lets the lane go. The steps that follow go on from what was read.
func (r *Reconciler[T]) endOperation(s *scope[T], how metrics.Result) *outcome.Outcome {
	op := s.stat().Operation
	r.dropOperation(s, how)
	key := client.ObjectKeyFromObject(s.obj)
	r.memory.Do(key, func(m *recall.Object) {
		m.PollAt, m.Polled, m.Disagreed, m.WroteAt = time.Time{}, nil, time.Time{}, time.Now()
	})
	r.releaseLane(s)
	r.Watcher.Hurry(s.client.Principal(), s.id.Collection())
	if op.Target != "" {
		r.Watcher.Hurry(s.client.Principal(), arm.ID(op.Target).Collection())
	}
	return nil
}
