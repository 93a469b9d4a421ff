// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package azure

import (
	"context"
	"time"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/arm"
	"github.com/avs-operator/avs-operator/controllers/azure/body"
	"github.com/avs-operator/avs-operator/controllers/ledger"
)

// What the loop shares with reconcilers that are in a private cloud too, but converge no resource of Azure's.

// SeatAlso has stored operations that no kind knows of seated with those of all kinds, before the first worker begins. It is called after
// the kinds are set up.
func (s *Shared) SeatAlso(seat func(context.Context) error) {
	s.seats.others = append(s.seats.others, seat)
}

// Seated makes sure that every stored operation has its seat in the lanes.
func (s *Shared) Seated(ctx context.Context) error { return s.seats.once(ctx) }

// NewOperation is the record of a write that is about to be made, with the id of lost if that is a record of the same write that nobody answered.
func (s *Shared) NewOperation(lost *v1alpha1.Operation, w arm.Write, generation int64) *v1alpha1.Operation {
	return s.newOperation(lost, v1alpha1.Operation{
		Verb: string(w.Verb), Action: w.Action, Target: string(w.ID), BodyHash: body.Hash(w.Body, ""), Generation: generation,
	})
}

// UntilLook is how long to wait until a write without an answer can no longer be on its way, in Azure's time.
func (s *Shared) UntilLook(op *v1alpha1.Operation) time.Duration {
	return ledger.UntilLook(s.Pace, op.Deadline.Time, s.Clock.Now())
}
