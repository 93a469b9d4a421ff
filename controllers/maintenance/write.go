// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package maintenance

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/arm"
	"github.com/avs-operator/avs-operator/controllers/azure"
	"github.com/avs-operator/avs-operator/controllers/azure/lane"
	"github.com/avs-operator/avs-operator/controllers/connect/identities"
	"github.com/avs-operator/avs-operator/controllers/connect/rulings"
	"github.com/avs-operator/avs-operator/controllers/ledger"
	"github.com/avs-operator/avs-operator/controllers/maintenance/windows"
	"github.com/avs-operator/avs-operator/controllers/metrics"
	"github.com/avs-operator/avs-operator/controllers/outcome"
	"github.com/avs-operator/avs-operator/controllers/status"
	"github.com/avs-operator/avs-operator/controllers/text"
)

// What Azure refuses one maintenance is asked again after an hour, and a start that it refused is not asked for again: so many others are
// tried first.
const (
	refusedPause = time.Hour
	refusedDay   = 24 * time.Hour
	mostRefused  = 4
)

// resume waits until a recorded write that nobody answered can no longer be on its way. What became of it is then seen in Azure.
func (r *Reconciler) resume(_ context.Context, s *scope) *outcome.Outcome {
	op := s.policy.Status.Operation
	if op == nil {
		return nil
	}
	if o := r.Book().OnItsWay(azure.Entry(op, op.Action)); o != nil {
		r.Lanes.Seat(s.cloudKey(), lane.Light, holder(s.key()))
		return o
	}
	s.lost, s.policy.Status.Operation = op, nil // told as ended if this reconcile does not send it again
	// Its place among those that wait stays, or several lost records would never get a turn.
	r.Lanes.Unseat(s.cloudKey(), lane.Light, holder(s.key()))
	r.recall.policy(s.key(), func(m *policyRecall) { m.wroteAt = time.Now() }) // a snapshot from before does not tell
	return nil
}

// act asks Azure for one thing. Nil: it was done, or is not needed, and the rest is looked at.
func (r *Reconciler) act(ctx context.Context, s *scope, f finding) *outcome.Outcome {
	if o := r.stillRefused(s); o != nil {
		return o
	}
	if o, done := r.refusedBefore(s, f); o != nil || done {
		return o
	}
	if o := r.Publisher.Freeze.Hold(fmt.Sprintf("%s of %s", f.Action, f.resource.Name)); o != nil {
		return o
	}
	ticket := r.Lanes.Acquire(s.cloudKey(), lane.Light, holder(s.key()), lane.Other)
	if !ticket.Granted {
		return azure.LaneHeld(ticket, fmt.Sprintf("%s of %s", f.Action, f.resource.Name))
	}
	defer r.releaseLane(s)
	// A list wakes and compares; before a write the maintenance itself is read, and the API server is asked for an older policy.
	fresh, err := s.client.Get(ctx, f.resource.ID)
	if err != nil {
		return rulings.OfAzure(err)
	}
	again := r.decideOne(s, fresh)
	if asked(&again.Decision) != asked(&f.Decision) {
		r.recall.policy(s.key(), func(m *policyRecall) { m.wroteAt = time.Now() }) // the list lags behind
		return outcome.Wait(v1alpha1.ReasonScheduling, "%s has changed: it is looked at again", f.resource.Name).In(time.Second)
	}
	if o := r.soleManager(ctx, s, r.Live); o != nil {
		return o
	}
	return r.send(ctx, s, again)
}

// send records the write, sends it in exactly one exchange, and takes the answer.
func (r *Reconciler) send(ctx context.Context, s *scope, f finding) *outcome.Outcome {
	w, o := r.writeFor(s, f)
	if o != nil {
		return o
	}
	if f.Action != windows.Check {
		if o := r.noteStart(ctx, s, f); o != nil {
			return o
		}
	}
	name := fmt.Sprintf("%s of %s", f.Action, f.resource.Name)
	op := r.Book().NewOperation(s.lost, v1alpha1.Operation{
		Verb: string(w.Verb), Action: w.Action, Target: string(w.ID), BodyHash: requestOf(w).Hash, Generation: s.policy.Generation,
	})
	if lost := s.lost; lost != nil && lost.ID == op.ID {
		if o := r.Book().SentTooOften(azure.Entry(lost, name)); o != nil {
			s.policy.Status.Operation = lost
			return o
		}
	}
	r.endLost(s, op.ID)
	s.policy.Status.Operation, s.lost = op, nil
	say := r.refusals(s).Before(requestOf(w), r.Clock.Now()) // one that is refused again and again does not seem to get anywhere each time
	if say == nil {
		say = outcome.Wait(reasonFor(f), "%s", wordsFor(f))
	}
	if o := r.record(ctx, s, say); o != nil {
		return o
	}
	w.OperationID, w.Deadline = op.ID, r.Clock.Here(op.Deadline.Time)
	r.Metrics.Sending(s.log, r.told(s, op))
	_, fate, err := ledger.Exchange(ctx, r.Clock, op.Deadline.Time, ledger.FateOf,
		func(ctx context.Context) (*arm.Accepted, error) { return s.client.Begin(ctx, w) })
	if fate == ledger.Lost {
		return r.Book().Lost(azure.Entry(op, name))
	}
	s.policy.Status.Operation = nil
	r.Metrics.Ended(s.log, r.told(s, op), resultOf(fate))
	if ctx.Err() != nil { // this process is told to stop: the record must not look as if its answer had been lost
		return r.record(ctx, s, say)
	}
	if fate != ledger.Accepted {
		return r.notAccepted(s, f, w, fate, err)
	}
	r.refusals(s).Taken(requestOf(w))
	now := time.Now()
	r.recall.policy(s.key(), func(m *policyRecall) { m.wroteAt = now })
	r.recall.maintenance(s.key(), f.resource.Name, func(k *maintenanceRecall) {
		k.sent, k.sentAt = asked(&f.Decision), now
		if f.Action == windows.Check {
			k.checkedAt = now
		}
	})
	r.Watcher.Hurry(s.client.Principal(), s.collection)
	return nil
}

// resultOf is how a write that was answered, or certainly not sent, ended: Azure schedules at once.
func resultOf(fate ledger.Fate) metrics.Result {
	switch fate {
	case ledger.Accepted:
		return metrics.Succeeded
	case ledger.Unsent:
		return metrics.Unsent
	default:
		return metrics.Refused
	}
}

const maintenanceType = "Microsoft.AVS/privateClouds/maintenances"

// writeFor is the request that an action makes.
func (r *Reconciler) writeFor(s *scope, f finding) (arm.Write, *outcome.Outcome) {
	w := arm.Write{ID: f.resource.ID, Types: []string{maintenanceType}, Verb: arm.POST, Action: string(f.Action)}
	if f.Action == windows.Check {
		return w, nil
	}
	body, err := json.Marshal(map[string]any{
		string(f.Action) + "Time": f.Start.UTC().Format(time.RFC3339),
		"message":                 "MaintenancePolicy " + s.key().String(),
	})
	if err != nil {
		return w, outcome.Stall(v1alpha1.ReasonInvalidSpec, "the request cannot be written: %s", err)
	}
	w.Body = body
	return w, nil
}

func reasonFor(f finding) string {
	if f.Action == windows.Check {
		return v1alpha1.ReasonChecking
	}
	return v1alpha1.ReasonScheduling
}

func wordsFor(f finding) string {
	if f.Action == windows.Check {
		return "Azure is asked whether the private cloud is ready for " + f.resource.Name
	}
	return fmt.Sprintf("Azure is asked to %s %s for %s", f.Action, f.resource.Name, windows.Moment(f.Start))
}

// record stores the status now. A conflict ends the reconcile: somebody knows something newer.
func (r *Reconciler) record(ctx context.Context, s *scope, o *outcome.Outcome) *outcome.Outcome {
	ctx, cancel := ledger.Storing(ctx)
	defer cancel()
	if err := r.Publisher.Record(ctx, s.subject(), status.Report{Outcome: o, Facts: s.facts}); err != nil {
		return ledger.NotRecorded(err)
	}
	s.before = s.policy.DeepCopy()
	return nil
}

// requestOf is what a write asks.
func requestOf(w arm.Write) ledger.Request {
	sum := sha256.Sum256(w.Body)
	return ledger.Request{Verb: string(w.Verb), Action: w.Action, ID: w.ID.Key(), Hash: hex.EncodeToString(sum[:])}
}

func (r *Reconciler) refusals(s *scope) ledger.Refusals {
	return ledger.Refusals{List: &s.policy.Status.Refusals, Pace: r.Pace}
}

func (r *Reconciler) asker(s *scope) string {
	identity := types.NamespacedName{Namespace: s.cloud.Namespace, Name: identities.Name(s.cloud.Spec.IdentityRef)}
	return ledger.Asker(r.Azure.Made(identity), s.policy.Annotations[v1alpha1.AnnotationReconcileRequestedAt])
}

// notAccepted deals with a write that was refused or not sent.
func (r *Reconciler) notAccepted(s *scope, f finding, w arm.Write, fate ledger.Fate, err error) *outcome.Outcome {
	o := rulings.OfAzure(err)
	if fate == ledger.Refused {
		o = r.refusals(s).Refuse(requestOf(w), r.asker(s), o, ledger.ConflictOf(err), r.Clock.Now())
	}
	return r.holdBack(s, f, arm.ClassOf(err) == arm.InvalidRequest, ledger.ConflictOf(err) != ledger.NoConflict, o)
}

// refusedBefore is what Azure said to the same request not long ago, perhaps to the process before this one. done says that something else is
// decided from it.
func (r *Reconciler) refusedBefore(s *scope, f finding) (o *outcome.Outcome, done bool) {
	w, o := r.writeFor(s, f)
	if o != nil {
		return o, true
	}
	if o = r.refusals(s).Held(requestOf(w), r.asker(s), false, r.Clock.Now()); o == nil {
		return nil, false
	}
	return r.holdBack(s, f, o.Reason == v1alpha1.ReasonInvalidSpec, r.refusals(s).Conflicting(requestOf(w)), o), true
}

// holdBack notes that a request is not made now. A start that Azure does not take (invalid) makes another one the next; what it refuses one
// maintenance does not hold up the others.
func (r *Reconciler) holdBack(s *scope, f finding, invalid, conflict bool, o *outcome.Outcome) *outcome.Outcome {
	if !invalid && !conflict {
		if o.After > 0 {
			r.recall.policy(s.key(), func(m *policyRecall) {
				m.question, m.refused, m.refusedUntil = r.question(s), *o, time.Now().Add(r.Pace.Real(o.After))
			})
		}
		return o
	}
	r.recall.maintenance(s.key(), f.resource.Name, func(k *maintenanceRecall) {
		if invalid && f.Action != windows.Check && len(k.refused) < mostRefused {
			day := windows.Span{From: f.Start, To: f.Start.Add(refusedDay)}
			k.refused = append(k.refused, windows.Block{Span: day, Category: "Refused", Reason: text.Cut(o.Message, 200)})
			return
		}
		pause := max(o.After, time.Minute)
		if invalid {
			pause, k.refused = max(o.After, refusedPause), nil
			o.Message = fmt.Sprintf("Azure refuses to %s %s: %s; this is tried again within the hour, or schedule it by hand", f.Action, f.resource.Name, o.Message)
		}
		k.pause, k.until = o, time.Now().Add(r.Pace.Real(pause))
	})
	return nil
}

// stillRefused is what Azure said not long ago, to whatever is asked of it.
func (r *Reconciler) stillRefused(s *scope) *outcome.Outcome {
	var again *outcome.Outcome
	r.recall.policy(s.key(), func(m *policyRecall) {
		if left := time.Until(m.refusedUntil); left > 0 && m.question == r.question(s) {
			o := m.refused
			again = o.In(r.Pace.Elapsed(left))
		}
	})
	return again
}
