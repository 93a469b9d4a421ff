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

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/arm"
	"github.com/avs-operator/avs-operator/controllers/azure"
	"github.com/avs-operator/avs-operator/controllers/azure/lane"
	"github.com/avs-operator/avs-operator/controllers/connect"
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
func (r *MaintenanceReconciler) resume(_ context.Context, p *pass) *outcome.Outcome {
	op := p.policy.Status.Operation
	if op == nil {
		return nil
	}
	r.Lanes.Seat(p.cloudKey(), lane.Light, holder(p.key()))
	if left := r.UntilLook(op); left > 0 {
		return outcome.Wait(v1alpha1.ReasonOperationUnknown,
			"%s (operation %s) was recorded, and whether Azure got it is looked up as soon as it can no longer be on its way", op.Action, op.ID).In(left)
	}
	p.lost, p.policy.Status.Operation = op, nil // told as ended if this reconcile does not send it again
	r.released(p)
	r.memory.do(p.key(), func(m *remembered) { m.wroteAt = time.Now() }) // a snapshot from before does not tell
	return nil
}

// act asks Azure for one thing. Nil: it was done, or is not needed, and the rest is looked at.
func (r *MaintenanceReconciler) act(ctx context.Context, p *pass, f finding) *outcome.Outcome {
	if o := r.stillRefused(p); o != nil {
		return o
	}
	if o, done := r.refusedBefore(p, f); o != nil || done {
		return o
	}
	if o := r.Publisher.Freeze.Hold(fmt.Sprintf("%s of %s", f.Action, f.resource.Name)); o != nil {
		return o
	}
	ticket := r.Lanes.Acquire(p.cloudKey(), lane.Light, holder(p.key()), lane.Other)
	if !ticket.Granted {
		return azure.LaneHeld(ticket, fmt.Sprintf("%s of %s", f.Action, f.resource.Name))
	}
	defer r.released(p)
	// A list wakes and compares; before a write the maintenance itself is read, and the API server is asked for an older policy.
	fresh, err := p.client.Get(ctx, f.resource.ID)
	if err != nil {
		return connect.OutcomeOf(err)
	}
	again := r.decideOne(p, fresh)
	if asked(&again.Decision) != asked(&f.Decision) {
		r.memory.do(p.key(), func(m *remembered) { m.wroteAt = time.Now() }) // the list lags behind
		return outcome.Wait(v1alpha1.ReasonScheduling, "%s has changed: it is looked at again", f.resource.Name).In(time.Second)
	}
	if o := r.alone(ctx, p, r.Live); o != nil {
		return o
	}
	return r.send(ctx, p, again)
}

// send records the write, sends it in exactly one exchange, and takes the answer.
func (r *MaintenanceReconciler) send(ctx context.Context, p *pass, f finding) *outcome.Outcome {
	w, o := r.writeFor(p, f)
	if o != nil {
		return o
	}
	if f.Action != windows.Check {
		if o := r.remember(ctx, p, f); o != nil {
			return o
		}
	}
	op := r.NewOperation(p.lost, w, p.policy.Generation)
	if lost := p.lost; lost != nil && lost.ID == op.ID {
		if left := ledger.UntilResend(r.Pace, lost.Attempt, lost.Deadline.Time, r.Clock.Now()); left > 0 {
			p.policy.Status.Operation = lost
			return outcome.Wait(v1alpha1.ReasonOperationUnknown, "the answers to %s of %s (operation %s) are lost again and again: it is sent again at longer and longer intervals", f.Action, f.resource.Name, op.ID).In(left)
		}
	}
	r.endLost(p, op.ID)
	p.policy.Status.Operation, p.lost = op, nil
	say := r.refusals(p).Before(requestOf(w), r.Clock.Now()) // one that is refused again and again does not seem to get anywhere each time
	if say == nil {
		say = outcome.Wait(reasonFor(f), "%s", wordsFor(f))
	}
	if o := r.record(ctx, p, say); o != nil {
		return o
	}
	w.OperationID, w.Deadline = op.ID, r.Clock.Here(op.Deadline.Time)
	r.Metrics.Sending(p.log, r.told(p, op))
	_, err := p.client.Begin(ctx, w)
	if ledger.FateOf(err) == ledger.Lost {
		return outcome.Wait(v1alpha1.ReasonOperationUnknown,
			"the answer to %s of %s (operation %s) was lost: what Azure made of it is looked up shortly", f.Action, f.resource.Name, op.ID).In(r.UntilLook(op))
	}
	p.policy.Status.Operation = nil
	r.Metrics.Ended(p.log, r.told(p, op), resultOf(err))
	if err != nil {
		return r.notAccepted(p, f, w, err)
	}
	r.refusals(p).Taken(requestOf(w))
	now := time.Now()
	r.memory.do(p.key(), func(m *remembered) { m.wroteAt = now })
	r.memory.about(p.key(), f.resource.Name, func(k *known) {
		k.sent, k.sentAt = asked(&f.Decision), now
		if f.Action == windows.Check {
			k.checkedAt = now
		}
	})
	r.Watcher.Hurry(p.client.Principal(), p.collection)
	return nil
}

// resultOf is how a write that was answered, or certainly not sent, ended: Azure schedules at once.
func resultOf(err error) metrics.Result {
	switch ledger.FateOf(err) {
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
func (r *MaintenanceReconciler) writeFor(p *pass, f finding) (arm.Write, *outcome.Outcome) {
	w := arm.Write{ID: f.resource.ID, Types: []string{maintenanceType}, Verb: arm.POST, Action: string(f.Action)}
	if f.Action == windows.Check {
		return w, nil
	}
	body, err := json.Marshal(map[string]any{
		string(f.Action) + "Time": f.Start.UTC().Format(time.RFC3339),
		"message":                 "MaintenancePolicy " + p.key().String(),
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
func (r *MaintenanceReconciler) record(ctx context.Context, p *pass, o *outcome.Outcome) *outcome.Outcome {
	if err := r.Publisher.Record(ctx, p.subject(), status.Report{Outcome: o, Facts: p.facts}); err != nil {
		lost := outcome.Retry(v1alpha1.ReasonTransient, fmt.Errorf("recording the operation: %w", err))
		if apierrors.IsConflict(err) {
			lost.After = conflictPause
		}
		return lost
	}
	p.before = p.policy.DeepCopy()
	return nil
}

// requestOf is what a write asks.
func requestOf(w arm.Write) ledger.Request {
	sum := sha256.Sum256(w.Body)
	return ledger.Request{Verb: string(w.Verb), Action: w.Action, ID: w.ID.Key(), Hash: hex.EncodeToString(sum[:])}
}

func (r *MaintenanceReconciler) refusals(p *pass) ledger.Refusals {
	return ledger.Refusals{List: &p.policy.Status.Refusals, Pace: r.Pace}
}

func (r *MaintenanceReconciler) asker(p *pass) string {
	return ledger.Asker(r.Azure.Made(types.NamespacedName{Namespace: p.cloud.Namespace, Name: connect.IdentityName(p.cloud.Spec.IdentityRef)}), p.policy.Annotations[v1alpha1.AnnotationReconcileRequestedAt])
}

// notAccepted deals with a write that was refused or not sent.
func (r *MaintenanceReconciler) notAccepted(p *pass, f finding, w arm.Write, err error) *outcome.Outcome {
	o := connect.OutcomeOf(err)
	if ledger.FateOf(err) == ledger.Refused {
		o = r.refusals(p).Refuse(requestOf(w), r.asker(p), o, ledger.ConflictOf(err), r.Clock.Now())
	}
	return r.held(p, f, arm.ClassOf(err) == arm.InvalidRequest, ledger.ConflictOf(err) != ledger.NoConflict, o)
}

// refusedBefore is what Azure said to the same request not long ago, perhaps to the process before this one. done says that something else is
// decided from it.
func (r *MaintenanceReconciler) refusedBefore(p *pass, f finding) (o *outcome.Outcome, done bool) {
	w, o := r.writeFor(p, f)
	if o != nil {
		return o, true
	}
	if o = r.refusals(p).Held(requestOf(w), r.asker(p), false, r.Clock.Now()); o == nil {
		return nil, false
	}
	return r.held(p, f, o.Reason == v1alpha1.ReasonInvalidSpec, r.refusals(p).Conflicting(requestOf(w)), o), true
}

// held notes that a request is not made now. A start that Azure does not take (invalid) makes another one the next; what it refuses one
// maintenance does not hold up the others.
func (r *MaintenanceReconciler) held(p *pass, f finding, invalid, conflict bool, o *outcome.Outcome) *outcome.Outcome {
	if !invalid && !conflict {
		if o.After > 0 {
			r.memory.do(p.key(), func(m *remembered) {
				m.question, m.refused, m.refusedUntil = r.question(p), *o, time.Now().Add(r.Pace.Real(o.After))
			})
		}
		return o
	}
	r.memory.about(p.key(), f.resource.Name, func(k *known) {
		if invalid && f.Action != windows.Check && len(k.refused) < mostRefused {
			k.refused = append(k.refused, windows.Block{Span: windows.Span{From: f.Start, To: f.Start.Add(refusedDay)}, Category: "Refused", Reason: text.Cut(o.Message, 200)})
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
func (r *MaintenanceReconciler) stillRefused(p *pass) *outcome.Outcome {
	var again *outcome.Outcome
	r.memory.do(p.key(), func(m *remembered) {
		if left := time.Until(m.refusedUntil); left > 0 && m.question == r.question(p) {
			o := m.refused
			again = o.In(r.Pace.Elapsed(left))
		}
	})
	return again
}
