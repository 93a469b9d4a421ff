// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package azure

import (
	"context"
	"fmt"
	"strings"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/arm"
	"github.com/avs-operator/avs-operator/controllers/azure/decide"
	"github.com/avs-operator/avs-operator/controllers/azure/kind"
	"github.com/avs-operator/avs-operator/controllers/azure/recall"
	"github.com/avs-operator/avs-operator/controllers/azure/tree"
	"github.com/avs-operator/avs-operator/controllers/connect"
	"github.com/avs-operator/avs-operator/controllers/ledger"
	"github.com/avs-operator/avs-operator/controllers/outcome"
)

// Operations that nobody can follow, and those that do not end.

// mostRefusedPolls is how often an operation's poll may be refused in a row: ARM lets only who began an operation read its result, and a role may
// lack the right to. After that the resource itself is read.
const mostRefusedPolls = 3

// notPolled deals with a poll that failed.
func (r *Reconciler[T]) notPolled(ctx context.Context, s *scope[T], op *v1alpha1.Operation, err error) *outcome.Outcome {
	o := connect.OutcomeOf(err)
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
		return connect.OutcomeOf(err)
	}
	if other != nil && !arm.IsTerminal(other.ProvisioningState()) {
		return r.pollLater(s, op, 0)
	}
	return r.succeed(ctx, s, op)
}

// longest is how long an operation may run before it counts as late: twice as long as it usually takes.
func longest(e kind.Expectation, least ledger.Wait) time.Duration {
	return max(2*e.Latest, least.Bound)
}

// late says whether an operation has run for longer, and how long it usually takes at most.
func (r *Reconciler[T]) late(s *scope[T], op *v1alpha1.Operation) (late bool, usual time.Duration) {
	e := decide.Expect(r.kind, s.obj, op)
	return r.Pace.Elapsed(r.Clock.Since(op.StartedAt.Time)) > longest(e, ledger.Running), e.Latest
}

// tooLong says that what Azure does takes too long, and tells those that wait for the lane.
func (r *Reconciler[T]) tooLong(s *scope[T], what string, since time.Time, usual time.Duration) *outcome.Outcome {
	o := tooLongSince(what, since, usual)
	r.Lanes.Late(tree.CloudKey(s.id), r.kind.Lane, r.holder(client.ObjectKeyFromObject(s.obj)), lateWords(since, usual))
	r.Lanes.Late(tree.CloudKey(s.id), r.kind.Lane, s.id.Key(), lateWords(since, usual))
	return o
}

func tooLongSince(what string, since time.Time, usual time.Duration) *outcome.Outcome {
	return outcome.Wait(v1alpha1.ReasonTakesTooLong,
		"%s, %s. It is looked at further and goes on by itself when that ends; look at the activity log of the private cloud in Azure, and open a support request with this text if nothing moves there", what, lateWords(since, usual))
}

// lateWords say since when, and the usual time.
func lateWords(since time.Time, usual time.Duration) string {
	words := "since " + since.UTC().Format(time.RFC3339)
	if usual > 0 {
		return words + ", which usually takes at most " + decide.Hours(usual)
	}
	return words + ", which usually takes minutes"
}

// foreign says that Azure works on the resource, for itself or for somebody else, and since when if that takes too long.
func (r *Reconciler[T]) foreign(s *scope[T], words string) *outcome.Outcome {
	var since time.Time
	r.memory.Do(client.ObjectKeyFromObject(s.obj), func(m *recall.Object) {
		if m.Foreign.IsZero() {
			m.Foreign = time.Now()
		}
		since = m.Foreign
	})
	e := decide.Expect(r.kind, s.obj, &v1alpha1.Operation{Verb: string(arm.PATCH)})
	if s.actual != nil && strings.EqualFold(s.actual.ProvisioningState(), "Building") {
		e = decide.Expect(r.kind, s.obj, &v1alpha1.Operation{Verb: string(arm.PUT)})
	}
	if r.Pace.Elapsed(time.Since(since)) > longest(e, ledger.Foreign) {
		return r.tooLong(s, words, since, e.Latest)
	}
	return outcome.Wait(v1alpha1.ReasonAzureBusy, "%s", words)
}
