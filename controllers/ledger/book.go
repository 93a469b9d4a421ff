// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package ledger

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/outcome"
)

// A write goes through the ledger in this order: NewOperation or Book.Deadline make its record; NotRecorded says what it means that the record was not
// stored; Exchange sends it; Answer stores what came back, and Storing the rest. Of a write without an answer, Book.Lost, Book.OnItsWay and
// Book.SentTooOften say when it is looked up and when it is sent again. How a lost write is looked up is the caller's own matter: only the caller knows what
// it makes.

// Book is the ledger as one reconciler reads it: the pace of Azure's time, and the API server's clock.
type Book struct {
	Pace  outcome.Pace
	Clock *Clock
}

// Deadline is when a write that is recorded now is not sent any more. within is Sending or Calling.
func (b Book) Deadline(within Wait) time.Time { return b.Clock.Now().Add(within.Real(b.Pace)) }

// NewOperation completes the record of a write to Azure that is about to be sent. If lost, a record that nobody answered, is of the same write, its
// id is used again, so that Azure, which swallows a repeated id, does it at most once.
func (b Book) NewOperation(lost *v1alpha1.Operation, op v1alpha1.Operation) *v1alpha1.Operation {
	op.Format, op.State, op.Attempt, op.ID = v1alpha1.OperationFormat, v1alpha1.OperationIntended, 1, uuid.NewString()
	op.StartedAt, op.Deadline = metav1.NewMicroTime(b.Clock.Now()), metav1.NewMicroTime(b.Deadline(Sending))
	if lost != nil && lost.Verb == op.Verb && lost.Action == op.Action && lost.Target == op.Target && lost.BodyHash == op.BodyHash {
		op.ID, op.Attempt, op.StartedAt = lost.ID, lost.Attempt+1, lost.StartedAt
	}
	return &op
}

// NotRecorded is the end of a reconcile whose record could not be stored: nothing may be sent. After a conflict, somebody knows something newer, and it
// is read at once.
func NotRecorded(err error) *outcome.Outcome {
	why := fmt.Errorf("recording the operation: %w", err)
	if apierrors.IsConflict(err) {
		return outcome.Collided(why)
	}
	return outcome.Retry(v1alpha1.ReasonTransient, why)
}

// Exchange sends a write that is on record, once, and says what became of it; fateOf is FateOf or FateOfCall. After its deadline nothing leaves and
// nothing is waited for. What has left is waited for although the process is told to stop: its answer would be lost else, and everybody would wait
// until it can be looked up.
func Exchange[A any](ctx context.Context, clock *Clock, deadline time.Time, fateOf func(error) Fate, send func(context.Context) (A, error)) (A, Fate, error) {
	ctx, cancel := context.WithDeadline(ctx, clock.Here(deadline))
	defer cancel()
	answer, err := send(ctx)
	return answer, fateOf(err), err
}

// Answer puts what came back from a write onto its record.
type Answer struct {
	// Store writes the object in hand, which has the answer.
	Store func(context.Context) error
	// Renew reads the object anew, from the API server itself, when it could not be stored, and puts the answer into it. It is false if the record there
	// is of another write, or gone.
	Renew func(context.Context) (ours bool, err error)
}

const (
	// mostStores is how often it is tried: somebody else may write the object meanwhile.
	mostStores = 5
	// storeWithin bounds Storing, in real time.
	storeWithin = 10 * time.Second
)

// Storing is the context in which a record is stored, and what became of a write that is on record. A process that is told to stop still does both: a
// record without an answer, whether or not anything was sent, has everybody wait until it can be looked up.
func Storing(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), storeWithin)
}

// Save stores the answer. Stored is false, without an error, when the record is of another write by now. An answer that could not be stored counts as
// lost from then on, and is looked up.
func (a Answer) Save(ctx context.Context) (stored bool, err error) {
	ctx, cancel := Storing(ctx)
	defer cancel()
	for range mostStores {
		if err = a.Store(ctx); err == nil {
			return true, nil
		}
		if ours, err := a.Renew(ctx); err != nil || !ours {
			return false, err
		}
	}
	return false, err
}

// Entry is a write on record, as far as sentences about it need it.
type Entry struct {
	// Name is what a person calls it, such as "PUT (operation 1f0c…)" or "the call Relocate"; Where is who it is sent to, Azure or vCenter.
	Name, Where string
	// Reason of the wait for what became of it.
	Reason string
	// Attempt counts the sends of its id, from 1.
	Attempt  int32
	Deadline time.Time
}

// Lost is the wait after a write whose answer did not come.
func (b Book) Lost(e Entry) *outcome.Outcome {
	return outcome.Wait(e.Reason, "the answer to %s was lost: what %s made of it is looked up shortly", e.Name, e.Where).In(b.untilLook(e))
}

// OnItsWay is the wait for a write that is found on record without an answer; nil once it can no longer be on its way, so that it can be looked up.
func (b Book) OnItsWay(e Entry) *outcome.Outcome {
	left := b.untilLook(e)
	if left <= 0 {
		return nil
	}
	return outcome.Wait(e.Reason, "%s was recorded, and whether %s got it is looked up as soon as it can no longer be on its way", e.Name, e.Where).In(left)
}

// SentTooOften is the wait of a write whose answers are lost again and again, although a look has found that it came to nothing; nil if it may be sent
// again now. The first two go out at once: connections do break. A service that swallows every answer is not asked more often than one that refuses.
func (b Book) SentTooOften(e Entry) *outcome.Outcome {
	if e.Attempt < 3 {
		return nil
	}
	left := b.LostAt(e).Add(b.Pace.Real(Pause(e.Attempt - 2))).Sub(b.Clock.Now())
	if left <= 0 {
		return nil
	}
	return outcome.Wait(e.Reason,
		"the answers to %s are lost again and again, and %s shows nothing of it: it is sent again at longer and longer intervals, at last every 15 minutes",
		e.Name, e.Where).In(b.Pace.Elapsed(left))
}

// LostAt is when a write that nobody answered can no longer be on its way: what is found from then on stays true.
func (b Book) LostAt(e Entry) time.Time { return e.Deadline.Add(Grace.Real(b.Pace)) }

// untilLook is how long it is until then, in the time of Azure and vCenter.
func (b Book) untilLook(e Entry) time.Duration {
	return b.Pace.Elapsed(max(b.LostAt(e).Sub(b.Clock.Now()), 0))
}
