// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package azure

import (
	"context"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/avs-operator/avs-operator/controllers/arm"
	"github.com/avs-operator/avs-operator/controllers/azure/decide"
	"github.com/avs-operator/avs-operator/controllers/azure/recall"
	"github.com/avs-operator/avs-operator/controllers/ledger"
	"github.com/avs-operator/avs-operator/controllers/outcome"
	"github.com/avs-operator/avs-operator/controllers/text"
)

// decide copies what was observed into status, and works out what follows from it. What was decided upon already is not again.
func (r *Reconciler[T]) decide(ctx context.Context, s *scope[T]) *outcome.Outcome {
	if s.decided {
		return nil
	}
	if o := r.missing(ctx, s); o != nil {
		return o
	}
	r.show(s)
	var o *outcome.Outcome
	if s.asked, o = r.ask(ctx, s, s.actual); o != nil {
		return o
	}
	s.decision = decide.Decide(r.situation(s))
	s.decided = true
	s.stat().Drift, s.stat().WriteOnly = s.decision.Drift, s.decision.WriteOnly
	return nil
}

// show copies what was observed into status, and holds the lane while Azure works on the resource.
func (r *Reconciler[T]) show(s *scope[T]) {
	if s.actual == nil {
		s.stat().ProvisioningState, s.stat().Drift = "", nil
	} else {
		s.stat().ProvisioningState = s.actual.ProvisioningState()
		r.kind.Observe(s.obj, s.actual)
	}
	r.markBusy(s)
}

// situation is what is known, for a decision.
func (r *Reconciler[T]) situation(s *scope[T]) decide.Situation[T] {
	done, lately := r.lastDone(s)
	return decide.Situation[T]{
		Kind: r.kind, Object: s.obj, ID: s.id, Cloud: s.cloud, Actual: s.actual, Asked: s.asked, Secrets: s.secrets,
		Owner: r.ownerOf(s.obj), Features: r.Features, DeletedLately: lately && done.Verb == string(arm.DELETE),
	}
}

// ask works out the body that the spec asks for while Azure has actual, with what the kind looks up.
func (r *Reconciler[T]) ask(ctx context.Context, s *scope[T], actual *arm.Resource) (map[string]any, *outcome.Outcome) {
	if o := r.readSecrets(ctx, s); o != nil {
		return nil, o
	}
	asked := r.kind.Desired(s.obj)
	if r.kind.Resolve != nil {
		world := r.world(s)
		world.Actual = actual
		if o := r.kind.Resolve(ctx, world, asked); o != nil {
			return nil, o
		}
	}
	return asked, nil
}

// complete has the kind read what a GET does not show. What hinders that is said last: how the resource is matters more.
func (r *Reconciler[T]) complete(ctx context.Context, s *scope[T]) *outcome.Outcome {
	if r.kind.Complete != nil && s.actual != nil && arm.IsTerminal(s.actual.ProvisioningState()) {
		s.unread = r.kind.Complete(ctx, r.world(s))
	}
	return nil
}

// incomplete ends with what complete could not read.
func (r *Reconciler[T]) incomplete(_ context.Context, s *scope[T]) *outcome.Outcome { return s.unread }

// report adds what the kind has to say in conditions of its own.
func (r *Reconciler[T]) report(ctx context.Context, s *scope[T]) *outcome.Outcome {
	if r.kind.Report != nil && s.actual != nil {
		facts, again := r.kind.Report(ctx, r.world(s), time.Now())
		s.facts, s.again = append(s.facts, facts...), again
	}
	return nil
}

// admit stops what must not be written, and says why.
func (r *Reconciler[T]) admit(ctx context.Context, s *scope[T]) *outcome.Outcome {
	d := &s.decision
	s.facts = append(s.facts, d.Facts...)
	if s.actual != nil && arm.IsTerminal(s.actual.ProvisioningState()) {
		if o := r.noteRun(ctx, s, ""); o != nil {
			return o
		}
		r.memory.Do(client.ObjectKeyFromObject(s.obj), func(m *recall.Object) { m.Foreign = time.Time{} })
	}
	if d.AppliedHosts != nil {
		r.kind.Hosts.SetApplied(s.obj, *d.AppliedHosts)
	}
	switch {
	case d.Busy != "":
		return r.foreign(s, d.Busy).In(ledger.Recheck.Bound) // a look in case that the list, which normally wakes, may not be read
	case d.Gone:
		return r.locateAgain(ctx, s)
	}
	return d.Stop
}

// ownerOf names an object among all Kubernetes clusters.
func (r *Reconciler[T]) ownerOf(obj client.Object) string {
	return text.Cut(r.Owner+"/"+obj.GetNamespace()+"/"+obj.GetName(), 256)
}
