// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package azure

import (
	"context"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/arm"
	"github.com/avs-operator/avs-operator/controllers/azure/diff"
	"github.com/avs-operator/avs-operator/controllers/connect"
	"github.com/avs-operator/avs-operator/controllers/outcome"
)

// beside converges the second resource of a kind that has one, once its own is as the spec asks.
func (r *Reconciler[T]) beside(ctx context.Context, s *scope[T]) *outcome.Outcome {
	want, ok := r.companion(s)
	if !ok || s.actual == nil || s.observes() || s.spec().Suspend {
		return nil
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
		return r.send(ctx, s, *w)
	}
	s.stat().Companion = ""
	if have != nil {
		s.stat().Companion = string(want.ID)
	}
	return nil
}

// unlock takes the second resource away before the first is deleted.
func (r *Reconciler[T]) unlock(ctx context.Context, s *scope[T]) *outcome.Outcome {
	want, ok := r.companion(s)
	if !ok {
		return nil
	}
	have, err := r.readOther(ctx, s, want.ID)
	if err != nil {
		return connect.OutcomeOf(err)
	}
	want.Body = nil
	if w := besideWrite(want, have); w != nil {
		return r.send(ctx, s, *w)
	}
	s.stat().Companion = ""
	return nil
}

// companion is the second resource as the spec wants it. One that was made for a spec that does not speak of it any more is taken away.
func (r *Reconciler[T]) companion(s *scope[T]) (Beside, bool) {
	kind, ok := r.kind.(Companion[T])
	if !ok {
		return Beside{}, false
	}
	want, named := kind.Beside(s.obj, s.id)
	if !named {
		want.Body, want.ID = nil, arm.ID(s.stat().Companion)
	}
	return want, want.ID != ""
}

// besideWrite is what it takes, nil if nothing.
func besideWrite(want Beside, have *arm.Resource) *write {
	switch {
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
