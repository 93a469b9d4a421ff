// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package outcome holds the one thing that a step of a reconcile says: nil (go on), Wait, Retry or Stall. Steps never touch a
// condition or a ctrl.Result; package status makes both from this value, in one place.
package outcome

import (
	"errors"
	"fmt"
	"time"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/text"
)

// Kind of an outcome.
type Kind string

const (
	// KindWait: the outside world works, or something that will come by itself is not there yet.
	KindWait Kind = "Wait"
	// KindRetry: something failed that may well work next time.
	KindRetry Kind = "Retry"
	// KindStall: nothing can go on without an edit or a person. It is looked at again within the hour all the same.
	KindStall Kind = "Stall"
	// KindDone: nothing more to do and nothing wrong, but the declared state is deliberately not sought, as when suspended.
	KindDone Kind = "Done"
)

// StallRecheck is how soon a stalled object is looked at again: causes that lie outside the cluster heal without an event.
const StallRecheck = time.Hour

// Outcome of a step. Nil means: go on with the next step.
type Outcome struct {
	Kind    Kind
	Reason  string
	Message string
	// After is when to look again, in the time of Azure and vCenter; 0 means that an event will wake the object.
	After time.Duration
	// Err is what went wrong, of a Retry.
	Err error
	// Quiet says that this process only has to learn again what the one before it knew: an object that is Ready stays so meanwhile, and
	// nothing is written.
	Quiet bool
	// Condition is the positive condition that this outcome makes False, if any, such as CredentialsReady.
	Condition string
}

// Wait says that the world is working. Look again After the returned outcome's time, or when woken.
func Wait(reason, format string, args ...any) *Outcome {
	return &Outcome{Kind: KindWait, Reason: reason, Message: fmt.Sprintf(format, args...)}
}

// Retry says that err is worth another try; the pace is the work queue's back-off unless In sets one.
func Retry(reason string, err error) *Outcome {
	return &Outcome{Kind: KindRetry, Reason: reason, Message: sentence(err), Err: err}
}

// conflictPause is how soon a reconcile is repeated that lost a race for its object: its cache has the newer one by then.
const conflictPause = 20 * time.Millisecond

// Collided says that somebody else has written the object first: it is read again at once, and decided anew.
func Collided(err error) *Outcome { return Retry(v1alpha1.ReasonTransient, err).In(conflictPause) }

// Stall says that an edit or a person is needed.
func Stall(reason, format string, args ...any) *Outcome {
	return &Outcome{Kind: KindStall, Reason: reason, Message: fmt.Sprintf(format, args...), After: StallRecheck}
}

// Done says that the reconcile ends here on purpose, with Ready saying why.
func Done(reason, format string, args ...any) *Outcome {
	return &Outcome{Kind: KindDone, Reason: reason, Message: fmt.Sprintf(format, args...)}
}

// In sets when to look again, in the time of Azure and vCenter.
func (o *Outcome) In(d time.Duration) *Outcome {
	o.After = d
	return o
}

// Quietly marks a wait that tells nothing new of an object that is fine: a restart causes it, or a doubt that one more read ends.
func (o *Outcome) Quietly() *Outcome {
	o.Quiet = true
	return o
}

// About names the positive condition that this outcome makes False.
func (o *Outcome) About(condition string) *Outcome {
	o.Condition = condition
	return o
}

// sentence is the text of err for a condition, within its bound.
func sentence(err error) string {
	const most = 1000
	if err == nil {
		err = errors.New("unknown error")
	}
	return text.Cut(err.Error(), most)
}
