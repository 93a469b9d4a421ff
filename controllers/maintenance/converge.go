// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package maintenance

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/outcome"
)

// mostWrites bounds one reconcile: others wait for the worker.
const mostWrites = 20

// converge looks at all maintenances, and asks Azure for what is needed, one thing after the other.
func (r *Reconciler) converge(ctx context.Context, s *scope) *outcome.Outcome {
	s.starts = startsOf(s.policy)
	for range mostWrites {
		if o := r.observe(ctx, s); o != nil {
			return o
		}
		found := r.decide(s)
		next := nextOf(found)
		if next == nil || s.observes() || s.policy.Spec.Suspend {
			if next == nil && !slices.ContainsFunc(found, func(f finding) bool { return f.held != nil }) {
				s.policy.Status.Refusals = nil // there is nothing more to ask
			}
			return r.verdict(ctx, s, found)
		}
		if o := r.act(ctx, s, *next); o != nil {
			return o
		}
	}
	return outcome.Wait(v1alpha1.ReasonScheduling, "Azure is asked for more than one look can do; this goes on").In(time.Second)
}

// verdict says how all of it stands.
func (r *Reconciler) verdict(ctx context.Context, s *scope, found []finding) *outcome.Outcome {
	r.releaseLane(s) // it may have waited for a turn that it does not need any more
	if !s.observes() {
		if o := r.forgetStarts(ctx, s, found); o != nil {
			return o
		}
	}
	show(&s.policy.Status, found)
	sum := tallyOf(found)
	switch {
	case s.observes():
		return outcome.Done(v1alpha1.ReasonObserved, "with managementPolicy Observe nothing is written; %s", summary(s, sum.due)).In(sum.again)
	case sum.held != nil && sum.held.Kind == outcome.KindStall:
		return sum.held.In(sum.again)
	case len(sum.troubles) > 0:
		sum.sooner(outcome.StallRecheck)
		return outcome.Stall(sum.reason, "%s", strings.Join(sum.troubles, "; ")).In(sum.again)
	case sum.held != nil:
		return sum.held.In(sum.again)
	case len(sum.due) > 0:
		return outcome.Wait(v1alpha1.ReasonSuspended, "suspended: this waits until spec.suspend is taken away: %s", strings.Join(sum.due, "; ")).In(sum.again)
	case s.policy.Spec.Suspend:
		return outcome.Done(v1alpha1.ReasonSuspended, "suspended: nothing is written until spec.suspend is taken away; %s", summary(s, nil)).In(sum.again)
	}
	return outcome.Done(v1alpha1.ReasonReady, "%s", summary(s, nil)).In(sum.again)
}
