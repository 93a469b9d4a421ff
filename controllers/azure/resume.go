// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package azure

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/arm"
	"github.com/avs-operator/avs-operator/controllers/azure/diff"
	"github.com/avs-operator/avs-operator/controllers/azure/tree"
	"github.com/avs-operator/avs-operator/controllers/connect"
	"github.com/avs-operator/avs-operator/controllers/ledger"
	"github.com/avs-operator/avs-operator/controllers/metrics"
	"github.com/avs-operator/avs-operator/controllers/outcome"
)

// resume follows the operation that is in flight, whatever else is wrong, and whoever began it: suspend, a lost reference and deletion stop
// new writes, not the watching of an old one.
func (r *Reconciler[T]) resume(ctx context.Context, s *scope[T]) *outcome.Outcome {
	op := s.stat().Operation
	if op == nil {
		return nil
	}
	if inLane(op) {
		r.Lanes.Seat(tree.CloudKey(s.id), r.traits.Lane, r.holder(client.ObjectKeyFromObject(s.obj)))
	}
	if op.State != v1alpha1.OperationAccepted || op.Format != v1alpha1.OperationFormat {
		return r.lookUp(ctx, s, op)
	}
	var wait time.Duration
	var said *outcome.Outcome
	r.memory.do(client.ObjectKeyFromObject(s.obj), func(m *remembered) { wait, said = time.Until(m.pollAt), m.polled })
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
	if left := r.untilLook(op); left > 0 {
		return outcome.Wait(v1alpha1.ReasonOperationUnknown,
			"%s (operation %s) was recorded, and whether Azure got it is looked up as soon as it can no longer be on its way", opName(op), op.ID).In(left)
	}
	if op.Target != "" {
		// Whoever still needs the write looks at the other resource first, and finds the record with its id.
		r.released(s)
		return nil
	}
	if o := r.read(ctx, s); o != nil {
		return o
	}
	if s.actual != nil && !arm.IsTerminal(s.actual.ProvisioningState()) {
		// Azure works on it: this is our operation, or one that must end before ours anyway.
		op.State, op.Format = v1alpha1.OperationAccepted, v1alpha1.OperationFormat
		s.stat().ProvisioningState = s.actual.ProvisioningState()
		return r.again(s, op, 0)
	}
	if verb := arm.Verb(op.Verb); verb == arm.DELETE && s.actual == nil {
		return r.ended(s, metrics.Succeeded)
	} else if (verb == arm.PUT || r.byAction(op)) && s.actual != nil && s.actual.ProvisioningState() == "Succeeded" && !r.pristine(s) && len(s.stat().Managed) == 0 {
		// A create that came through: what is there is ours, so it is not adopted but kept.
		actual := s.actual
		s.actual = nil // what was sent was worked out while nothing was there, and what it set is managed
		o := r.desire(ctx, s)
		s.actual = actual
		if o == nil {
			s.stat().Managed = s.managed()
		} else {
			s.stat().Managed = []string{managedAtAll} // what it refers to cannot be looked up now; that it is ours is what matters
		}
		r.took(s, op.WriteOnly)
		return r.ended(s, metrics.Succeeded)
	}
	// Nothing is under way, so the write did not reach Azure, or is done. The record stays: if the write is still needed, send finds it and
	// uses its id again; if not, act drops it.
	r.released(s)
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
	}
	op.AsyncOperation, op.Location = progress.Poll.AsyncOperation, progress.Poll.Location
	if late, _ := r.late(s, op); late {
		return r.byResource(ctx, s, op)
	}
	return r.again(s, op, progress.RetryAfter)
}

// again waits for the next poll.
func (r *Reconciler[T]) again(s *scope[T], op *v1alpha1.Operation, retryAfter time.Duration) *outcome.Outcome {
	elapsed := r.Pace.Elapsed(r.Clock.Since(op.StartedAt.Time))
	pause := nextPoll(elapsed, r.expect(s, op), retryAfter)
	r.memory.do(client.ObjectKeyFromObject(s.obj), func(m *remembered) { m.pollAt, m.polled = time.Now().Add(r.Pace.Real(pause)), nil })
	return r.underWay(s, op).In(pause)
}

// underWay repeats what the condition says already, so that a poll writes nothing.
func (r *Reconciler[T]) underWay(s *scope[T], op *v1alpha1.Operation) *outcome.Outcome {
	reason, message := r.words(s, op)
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
		return r.finish(ctx, s, op) // a small synchronous write, or one whose poll said all; the step that wanted it looks again
	}
	if o := r.read(ctx, s); o != nil {
		return o
	}
	if s.actual != nil && s.actual.ProvisioningState() == "Succeeded" {
		r.took(s, op.WriteOnly)
	}
	if r.agrees(ctx, s, op) {
		r.memory.do(client.ObjectKeyFromObject(s.obj), func(m *remembered) { m.done, m.doneAt = asked(s.id, op), time.Now() })
		return r.finish(ctx, s, op)
	}
	if s.actual != nil && !arm.IsTerminal(s.actual.ProvisioningState()) {
		s.stat().ProvisioningState = s.actual.ProvisioningState()
		return r.again(s, op, 0)
	}
	var (
		since time.Time
		reads int
	)
	r.memory.do(client.ObjectKeyFromObject(s.obj), func(m *remembered) {
		if m.disagreed.IsZero() {
			m.disagreed, m.disagreements = time.Now(), 0
		}
		m.disagreements++
		since, reads = m.disagreed, m.disagreements
	})
	if time.Since(since) < ledger.Agreement.Real(r.Pace) || reads < leastDisagreements {
		return r.underWay(s, op).In(5 * time.Second)
	}
	r.noteUnkept(s, op)
	return r.finish(ctx, s, op) // what is still different is found as drift, and mended by a new operation
}

// contradicted holds a write back that was done a moment ago and that a read has agreed with: another of ARM's replicas may still answer with what
// was before. After that a difference is one that somebody made.
func (r *Reconciler[T]) contradicted(s *scope[T], what ledger.Request) *outcome.Outcome {
	if done, lately := r.lastDone(s); !lately || done != what {
		return nil
	}
	return outcome.Wait(v1alpha1.ReasonAzureBusy, "Azure has just done this, and its answers do not all show it yet: it is looked at again before it is asked once more").In(5 * time.Second)
}

// lastDone is the last write that a read agreed with, and whether that was so lately that another replica may not show it yet.
func (r *Reconciler[T]) lastDone(s *scope[T]) (done ledger.Request, lately bool) {
	r.memory.do(client.ObjectKeyFromObject(s.obj), func(m *remembered) {
		done, lately = m.done, time.Since(m.doneAt) < ledger.Agreement.Real(r.Pace)
	})
	return done, lately
}

// agrees compares what Azure has with what the operation was to bring about.
func (r *Reconciler[T]) agrees(ctx context.Context, s *scope[T], op *v1alpha1.Operation) bool {
	if arm.Verb(op.Verb) == arm.DELETE {
		return s.actual == nil
	}
	if s.actual == nil || !arm.IsTerminal(s.actual.ProvisioningState()) {
		return false
	}
	if op.Action != "" && !r.byAction(op) || op.Generation != s.obj.GetGeneration() || s.actual.ProvisioningState() != "Succeeded" {
		return true // the spec was edited meanwhile, or it failed: no more is to be learned from waiting
	}
	if r.byAction(op) && s.deleting() {
		return r.pristine(s)
	}
	if r.desire(ctx, s) != nil {
		return true // what it refers to cannot be looked up: likewise
	}
	changes := r.compare(s)
	if op.Purpose == v1alpha1.OperationCreates {
		changes = slices.DeleteFunc(changes, func(c diff.Change) bool { return below(c.Path, r.traits.Later) })
	}
	next := r.nextWrite(s, changes)
	if next == nil {
		return true
	}
	name, _, o := r.hash(ctx, s, *next)
	return o != nil || arm.Verb(op.Verb) != arm.PUT && (string(next.verb) != op.Verb || name != op.BodyHash)
}

// failed ends an operation that Azure gave up.
func (r *Reconciler[T]) failed(s *scope[T], op *v1alpha1.Operation, p *arm.Progress) *outcome.Outcome {
	err := error(p.Err)
	if p.Err == nil {
		err = errors.New("Azure gave no reason")
	}
	s.stat().Failure = failureOf(op, err)
	s.stat().Failure.SpecHash = op.SpecHash
	r.ended(s, metrics.Failed)
	o := connect.OutcomeOf(err)
	o.Message = fmt.Sprintf("%s (operation %s) failed in Azure: %s", opName(op), op.ID, o.Message)
	if o.After == 0 {
		o.After = time.Minute // the next attempt is a new operation, and costs more than a look
	}
	if circuit := s.circuit(); circuit != "" && o.Kind == outcome.KindStall {
		o.Message += "; ExpressRoute circuit " + circuit
	}
	return r.refuse(s, asked(s.id, op), err, o)
}

// finish ends an operation that succeeded.
func (r *Reconciler[T]) finish(ctx context.Context, s *scope[T], op *v1alpha1.Operation) *outcome.Outcome {
	if op.Action != "" {
		if o := r.handled(ctx, s, op); o != nil {
			return o
		}
	}
	if s.actual == nil && arm.Verb(op.Verb) == arm.PUT && op.Target == "" {
		if o := r.ran(ctx, s, outcomeUnknown); o != nil {
			return o
		}
	}
	how := metrics.Succeeded
	s.stat().Failure = nil
	r.refusals(s).Taken(asked(s.id, op))
	if s.actual != nil && op.Target == "" && s.actual.ProvisioningState() == "Failed" {
		// Azure has forgotten the operation, or calls it a success: what it left says otherwise, and why nobody knows.
		s.stat().Failure = failureOf(op, errors.New("Azure gave no reason"))
		s.stat().Failure.SpecHash = op.SpecHash
		how = metrics.Failed
	}
	return r.ended(s, how)
}

// ended clears the record and lets the lane go. The steps that follow go on from what was read.
func (r *Reconciler[T]) ended(s *scope[T], how metrics.Result) *outcome.Outcome {
	op := s.stat().Operation
	r.dropOperation(s, how)
	key := client.ObjectKeyFromObject(s.obj)
	r.memory.do(key, func(m *remembered) {
		m.pollAt, m.polled, m.disagreed, m.wroteAt = time.Time{}, nil, time.Time{}, time.Now()
	})
	r.released(s)
	r.Watcher.Hurry(s.client.Principal(), s.id.Collection())
	if op.Target != "" {
		r.Watcher.Hurry(s.client.Principal(), arm.ID(op.Target).Collection())
	}
	return nil
}

// inLane says that an operation is one of Azure VMware Solution, which goes through a lane; a lock is not.
func inLane(op *v1alpha1.Operation) bool {
	return op.Target == "" || strings.HasPrefix(strings.ToLower(arm.ID(op.Target).Type()), "microsoft.avs/")
}
