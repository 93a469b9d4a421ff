// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package azure

import (
	"context"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/arm"
	"github.com/avs-operator/avs-operator/controllers/azure/decide"
	"github.com/avs-operator/avs-operator/controllers/azure/diff"
	"github.com/avs-operator/avs-operator/controllers/azure/kind"
	"github.com/avs-operator/avs-operator/controllers/connect/rulings"
	"github.com/avs-operator/avs-operator/controllers/metrics"
	"github.com/avs-operator/avs-operator/controllers/outcome"
)

// A companion is a second resource of a kind that has one beside its own, such as a delete lock.

// companion takes up the write that the companion needs, once the resource itself is as the spec asks. One under a former name goes first, so that
// status, which names one, names all there can be.
func (r *Reconciler[T]) companion(ctx context.Context, s *scope[T]) *outcome.Outcome {
	s.write = nil
	want, ok := r.wanted(s)
	if !ok || s.actual == nil || s.observes() || s.spec().Suspend {
		return nil
	}
	if former := arm.ID(s.stat().Companion); former != "" && former.Key() != want.ID.Key() {
		var o *outcome.Outcome
		if s.write, o = r.removal(ctx, s, want, former); o != nil || s.write != nil {
			return o
		}
	}
	have, err := r.lookAt(ctx, s, want.ID)
	if err != nil {
		return rulings.OfAzure(err)
	}
	if s.write = companionWrite(want, have); s.write == nil {
		r.noteCompanion(s, want, have)
	}
	return nil
}

// companionAgain reads the companion itself before a write to it: a list wakes and compares. Nothing is made beside a resource that was moved or
// deleted a moment ago.
func (r *Reconciler[T]) companionAgain(ctx context.Context, s *scope[T]) *outcome.Outcome {
	want, ok := r.wanted(s)
	if s.write == nil || !ok {
		return nil
	}
	if s.actual == nil {
		return outcome.Wait(v1alpha1.ReasonReconciling, "it is not in Azure, and nothing is made beside it before it is").In(syncPause)
	}
	if s.write.Target.Key() != want.ID.Key() {
		return nil // the one under a former name was read itself
	}
	have, err := r.readOther(ctx, s, want.ID)
	if err != nil {
		return rulings.OfAzure(err)
	}
	if s.write = companionWrite(want, have); s.write == nil {
		r.noteCompanion(s, want, have)
		return nil
	}
	s.stat().Companion = string(want.ID)
	return nil
}

// noteCompanion keeps in status what is there and ours.
func (r *Reconciler[T]) noteCompanion(s *scope[T], want kind.Companion, have *arm.Resource) {
	s.stat().Companion, s.stat().CompanionLifted = "", ""
	if have != nil && isOurs(want, have) {
		s.stat().Companion = string(want.ID)
	}
}

// removeCompanion takes the companion away as the last thing before what stands below goes: not while something else still holds the deletion
// back, because a lock that is off protects nothing. It stays on record, so that it comes back if the deletion is called off.
func (r *Reconciler[T]) removeCompanion(ctx context.Context, s *scope[T]) *outcome.Outcome {
	s.write = nil
	want, ok := r.wanted(s)
	if !ok {
		return nil
	}
	return r.lift(ctx, s, want)
}

// lift takes up the write that takes the companion away.
func (r *Reconciler[T]) lift(ctx context.Context, s *scope[T], want kind.Companion) *outcome.Outcome {
	if s.stat().ManagedBy != "" {
		return nil
	}
	if o := r.see(ctx, s); o != nil {
		return o
	}
	if !s.adopted() && (s.actual == nil || !r.wouldAdopt(ctx, s)) {
		return nil // the resource is another object's, and so is what stands beside it
	}
	for _, id := range []arm.ID{want.ID, arm.ID(s.stat().Companion)} {
		w, o := r.removal(ctx, s, want, id)
		switch {
		case o != nil:
			return o
		case w == nil:
			continue
		case want.Body != nil: // the spec wants it: it is only lifted
			if o := r.inUse(ctx, s); o != nil {
				return o
			}
			s.stat().CompanionLifted = string(want.ID)
		}
		s.write = w
		return nil
	}
	s.stat().Companion = ""
	return nil
}

// settleCompanion has the companion be as the spec says while an object that is on its way out deletes nothing: one that was taken away for a
// deletion that was called off comes back, and one that the spec gives up goes.
func (r *Reconciler[T]) settleCompanion(ctx context.Context, s *scope[T]) *outcome.Outcome {
	s.write = nil
	if !s.stays() && (s.spec().Suspend || !r.unconfirmed(s)) {
		return nil
	}
	want, ok := r.wanted(s)
	switch {
	case !ok || want.Body != nil && s.stat().CompanionLifted == "":
	case want.Body == nil && s.stays():
		s.stat().CompanionLifted = "" // Azure is left alone
	case want.Body == nil:
		if o := r.lift(ctx, s, want); o != nil || s.write != nil {
			return o
		}
	default:
		if o := r.restoreCompanion(ctx, s, want); o != nil || s.write != nil {
			return o
		}
	}
	if s.stays() { // Retain was set, or the operation has ended, while the object waited
		r.dropOperation(s, metrics.Unanswered) // resume has looked: nothing is under way, and nothing must be written
	}
	return nil
}

// restoreCompanion puts back what was taken away for a deletion that was called off.
func (r *Reconciler[T]) restoreCompanion(ctx context.Context, s *scope[T], want kind.Companion) *outcome.Outcome {
	if o := r.see(ctx, s); o != nil {
		return o
	}
	if s.actual != nil {
		have, err := r.readOther(ctx, s, want.ID)
		if err != nil {
			return rulings.OfAzure(err)
		}
		if s.write = companionWrite(want, have); s.write != nil {
			return nil
		}
		s.stat().Companion = string(want.ID)
	}
	s.stat().CompanionLifted = ""
	return nil
}

// owesCompanion says that the companion was taken away for a deletion and must come back before the object goes without one.
func (r *Reconciler[T]) owesCompanion(s *scope[T]) bool {
	if r.kind.Companion == nil || s.stat().CompanionLifted == "" {
		return false
	}
	want, named := r.kind.Companion(s.obj, arm.ID(s.stat().ID))
	return named && want.Body != nil
}

// removal deletes what is at id, if it is ours; nil: it is not, or is not there.
func (r *Reconciler[T]) removal(ctx context.Context, s *scope[T], want kind.Companion, id arm.ID) (*decide.Write, *outcome.Outcome) {
	if id == "" {
		return nil, nil
	}
	have, err := r.readOther(ctx, s, id)
	if err != nil {
		return nil, rulings.OfAzure(err)
	}
	want.ID, want.Body = id, nil
	return companionWrite(want, have), nil
}

// wanted is the companion as the spec wants it. One that was made for a spec that does not speak of it any more is taken away.
func (r *Reconciler[T]) wanted(s *scope[T]) (kind.Companion, bool) {
	if r.kind.Companion == nil {
		return kind.Companion{}, false
	}
	want, named := r.kind.Companion(s.obj, s.id)
	if !named {
		want.Body, want.ID = nil, arm.ID(s.stat().Companion)
	}
	return want, want.ID != ""
}

// isOurs says that a companion was made for an object of the kind. What somebody else made under the name is neither changed nor taken away.
func isOurs(want kind.Companion, have *arm.Resource) bool { return want.Ours == nil || want.Ours(have) }

// companionWrite is what it takes to have the companion as it is wanted, nil if nothing.
func companionWrite(want kind.Companion, have *arm.Resource) *decide.Write {
	switch {
	case have != nil && !isOurs(want, have):
		return nil
	case want.Body == nil && have != nil:
		return &decide.Write{Verb: arm.DELETE, Target: want.ID, Reason: v1alpha1.ReasonUpdating, Message: "Azure takes " + want.Words + " away"}
	case want.Body != nil && (have == nil || len(diff.Compare(want.Body, have.Body, diff.Rules{})) > 0):
		return &decide.Write{Verb: arm.PUT, Target: want.ID, Body: want.Body, Reason: v1alpha1.ReasonUpdating, Message: "Azure makes " + want.Words}
	}
	return nil
}
