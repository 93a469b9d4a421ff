// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package azure

import (
	"context"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/arm"
	"github.com/avs-operator/avs-operator/controllers/azure/diff"
	"github.com/avs-operator/avs-operator/controllers/azure/kind"
	"github.com/avs-operator/avs-operator/controllers/connect"
	"github.com/avs-operator/avs-operator/controllers/outcome"
)

// beside converges the second resource of a kind that has one, once its own is as the spec asks. One under a former name goes first, so that
// status, which names one, names all there can be.
func (r *Reconciler[T]) beside(ctx context.Context, s *scope[T]) *outcome.Outcome {
	want, ok := r.companion(s)
	if !ok || s.actual == nil || s.observes() || s.spec().Suspend {
		return nil
	}
	if former := arm.ID(s.stat().Companion); former.Key() != want.ID.Key() {
		if o := r.takeAway(ctx, s, want, former, nil); o != nil {
			return o
		}
	}
	have, err := r.lookAt(ctx, s, want.ID)
	if err != nil {
		return connect.OutcomeOf(err)
	}
	w := besideWrite(want, have)
	if w != nil { // a list wakes and compares; before a write the resource itself is read
		if have, err = r.readOther(ctx, s, want.ID); err != nil {
			return connect.OutcomeOf(err)
		}
		w = besideWrite(want, have)
	}
	if w != nil {
		if o := r.thereItself(ctx, s); o != nil {
			return o
		}
		s.stat().Companion = string(want.ID)
		return r.send(ctx, s, *w)
	}
	s.stat().Companion, s.stat().CompanionLifted = "", ""
	if have != nil && mine(want, have) {
		s.stat().Companion = string(want.ID)
	}
	return nil
}

// thereItself reads the resource, if only a list has shown it: nothing is made beside one that was moved or deleted a moment ago.
func (r *Reconciler[T]) thereItself(ctx context.Context, s *scope[T]) *outcome.Outcome {
	if s.direct {
		return nil
	}
	if o := r.observeDirectly(ctx, s); o != nil || s.actual != nil {
		return o
	}
	if o := r.guard(ctx, s); o != nil {
		return o
	}
	return outcome.Wait(v1alpha1.ReasonReconciling, "it is not in Azure, and nothing is made beside it before it is").In(syncPause)
}

// unlock takes the second resource away as the last thing before what stands below goes: not while something else still holds the deletion
// back, because a lock that is off protects nothing. It stays on record, so that it comes back if the deletion is called off.
func (r *Reconciler[T]) unlock(ctx context.Context, s *scope[T]) *outcome.Outcome {
	want, ok := r.companion(s)
	if !ok || s.stat().ManagedBy != "" {
		return nil
	}
	if o := r.observeDirectly(ctx, s); o != nil {
		return o
	}
	if !s.adopted() && (s.actual == nil || !r.wouldAdopt(ctx, s)) {
		return nil // the resource is another object's, and so is what stands beside it
	}
	before := func() *outcome.Outcome {
		if want.Body == nil {
			return nil // the spec does not want it anyway
		}
		if r.kind.MayDelete != nil && s.actual != nil {
			if o := r.kind.MayDelete(ctx, r.world(s)); o != nil {
				return o
			}
		}
		s.stat().CompanionLifted = string(want.ID)
		return nil
	}
	for _, id := range []arm.ID{want.ID, arm.ID(s.stat().Companion)} {
		if o := r.takeAway(ctx, s, want, id, before); o != nil {
			return o
		}
	}
	s.stat().Companion = ""
	return nil
}

// settleBeside has the second resource be as the spec says while an object that is on its way out deletes nothing: one that was taken away for a
// deletion that was called off comes back, and one that the spec gives up goes.
func (r *Reconciler[T]) settleBeside(ctx context.Context, s *scope[T]) *outcome.Outcome {
	want, ok := r.companion(s)
	switch {
	case !ok || want.Body != nil && s.stat().CompanionLifted == "":
		return nil
	case want.Body == nil && r.stays(s):
		s.stat().CompanionLifted = ""
		return nil // Azure is left alone
	case want.Body == nil:
		return r.unlock(ctx, s)
	}
	if o := r.observeDirectly(ctx, s); o != nil {
		return o
	}
	if s.actual != nil {
		have, err := r.readOther(ctx, s, want.ID)
		if err != nil {
			return connect.OutcomeOf(err)
		}
		if w := besideWrite(want, have); w != nil {
			return r.send(ctx, s, *w)
		}
		s.stat().Companion = string(want.ID)
	}
	s.stat().CompanionLifted = ""
	return nil
}

// owesBeside says that the second resource was taken away for a deletion and must come back before the object goes without one.
func (r *Reconciler[T]) owesBeside(s *scope[T]) bool {
	if r.kind.Companion == nil || s.stat().CompanionLifted == "" {
		return false
	}
	want, named := r.kind.Companion(s.obj, arm.ID(s.stat().ID))
	return named && want.Body != nil
}

// takeAway deletes what is at id, if it is ours; before may hold that back.
func (r *Reconciler[T]) takeAway(ctx context.Context, s *scope[T], want kind.Companion, id arm.ID, before func() *outcome.Outcome) *outcome.Outcome {
	if id == "" {
		return nil
	}
	have, err := r.readOther(ctx, s, id)
	if err != nil {
		return connect.OutcomeOf(err)
	}
	want.ID, want.Body = id, nil
	w := besideWrite(want, have)
	if w == nil {
		return nil
	}
	if before != nil {
		if o := before(); o != nil {
			return o
		}
	}
	return r.send(ctx, s, *w)
}

// companion is the second resource as the spec wants it. One that was made for a spec that does not speak of it any more is taken away.
func (r *Reconciler[T]) companion(s *scope[T]) (kind.Companion, bool) {
	if r.kind.Companion == nil {
		return kind.Companion{}, false
	}
	want, named := r.kind.Companion(s.obj, s.id)
	if !named {
		want.Body, want.ID = nil, arm.ID(s.stat().Companion)
	}
	return want, want.ID != ""
}

// mine says that a resource was made for an object of the kind. What somebody else made under the name is neither changed nor taken away.
func mine(want kind.Companion, have *arm.Resource) bool { return want.Ours == nil || want.Ours(have) }

// besideWrite is what it takes, nil if nothing.
func besideWrite(want kind.Companion, have *arm.Resource) *write {
	switch {
	case have != nil && !mine(want, have):
		return nil
	case want.Body == nil && have != nil:
		return &write{verb: arm.DELETE, target: want.ID, reason: v1alpha1.ReasonUpdating, message: "Azure takes " + want.Words + " away"}
	case want.Body != nil && (have == nil || len(diff.Compare(want.Body, have.Body, diff.Rules{})) > 0):
		return &write{verb: arm.PUT, target: want.ID, body: want.Body, reason: v1alpha1.ReasonUpdating, message: "Azure makes " + want.Words}
	}
	return nil
}

// readOther reads another resource itself; nil if it is not there.
func (r *Reconciler[T]) readOther(ctx context.Context, s *scope[T], id arm.ID) (*arm.Resource, error) {
	found, err := s.client.Get(ctx, id)
	if arm.ClassOf(err) == arm.NotFound {
		return nil, nil
	}
	return found, err
}
