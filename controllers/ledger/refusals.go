// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package ledger

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/arm"
	"github.com/avs-operator/avs-operator/controllers/outcome"
	"github.com/avs-operator/avs-operator/controllers/text"
)

// pauses after the first refusals of one request, in Azure's time. After each further one it is Asking.Bound.
var pauses = []time.Duration{30 * time.Second, time.Minute, 2 * time.Minute, 4 * time.Minute, 8 * time.Minute}

// What one request may cost in an hour of Azure's time: all its refusals, and those of tries that a change in Azure gave rise to before their
// time. The difference is left for the pauses, so that a busy private cloud does not use up the tries of an hour in a minute.
const (
	MostRefusals = 12
	mostWoken    = MostRefusals - 4
)

// kept bounds how many requests' refusals an object remembers, and keptFor how long after the last one, in Azure's time.
const (
	kept    = 8
	keptFor = 24 * time.Hour
)

// conflicts are how often a conflict that nobody knows may be met before a person is asked.
const conflicts = 5

// Pause is how long a request rests after it was refused so many times in a row, in Azure's time.
func Pause(times int32) time.Duration {
	if times < 1 {
		return 0
	}
	if int(times) > len(pauses) {
		return Asking.Bound
	}
	return pauses[times-1]
}

// Request is one thing to ask: what is to be done, with what body, to what.
type Request struct {
	Verb, Action, ID, Hash string
}

// Key names a request in a status. Neither a body nor an id can be read from it.
func (r Request) Key() string { return keyOf(r.Verb, r.Action, strings.ToLower(r.ID), r.Hash) }

func (r Request) String() string { return strings.TrimSpace(r.Verb + " " + r.Action) }

func keyOf(parts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\n")))
	return hex.EncodeToString(sum[:16])
}

// Asker is who asks, and what made him: another credential, or a reconcile that a person requested, is worth another try.
func Asker(credential, requested string) string { return keyOf(credential, requested) }

// Refusals are those that an object remembers, in its status: the next process must know them too.
type Refusals struct {
	List *[]v1alpha1.Refusal
	Pace outcome.Pace
}

func (r Refusals) find(key string) *v1alpha1.Refusal {
	for i := range *r.List {
		if (*r.List)[i].Request == key {
			return &(*r.List)[i]
		}
	}
	return nil
}

// Refuse notes that a request was refused, and says what that means now: as it was said the first time, so that a refusal that repeats changes
// nothing that anybody reads. said is what the refusal means by itself; unknown, that it is a conflict whose code nobody knows; busy, that
// another operation stands in the way.
func (r Refusals) Refuse(q Request, asker string, said *outcome.Outcome, kind Conflict, now time.Time) *outcome.Outcome {
	one := r.find(q.Key())
	if one == nil {
		r.tidy(now)
		*r.List = append(*r.List, v1alpha1.Refusal{Request: q.Key(), What: q.String()})
		one = &(*r.List)[len(*r.List)-1]
	}
	if one.Asker != asker || one.Kind != string(kind) || one.Cause != said.Reason {
		one.Asker, one.Kind, one.Count, one.Since = asker, string(kind), 0, metav1.NewMicroTime(now)
		one.Cause, one.Message = said.Reason, text.Cut(said.Message, mostMessage)
	}
	one.Count++
	one.Condition, one.Outcome = said.Condition, string(outcome.KindWait)
	if said.Kind == outcome.KindStall || kind == ConflictUnknown && one.Count >= conflicts {
		one.Outcome = string(outcome.KindStall)
	}
	one.At = append(r.lastHour(one, now), metav1.NewMicroTime(now))
	one.At = one.At[max(0, len(one.At)-MostRefusals):]
	one.Until = metav1.NewMicroTime(now.Add(r.Pace.Real(max(Pause(one.Count), said.After))))
	return r.say(one, now)
}

// Conflict is what kind of a conflict a refusal was, if it was one.
type Conflict string

// The kinds.
const (
	NoConflict      Conflict = ""
	ConflictBusy    Conflict = "Busy"    // another operation is under way
	ConflictUnknown Conflict = "Unknown" // Azure gave a code that nobody knows
)

// Held is what was said to the same request not long ago; nil: it may be asked. woken says that something has changed in Azure since: a conflict
// is then asked at once.
func (r Refusals) Held(q Request, asker string, woken bool, now time.Time) *outcome.Outcome {
	one := r.find(q.Key())
	if one == nil {
		return nil
	}
	recent := r.lastHour(one, now)
	until := time.Time{}
	if len(recent) >= MostRefusals {
		until = recent[len(recent)-MostRefusals].Add(r.Pace.Real(time.Hour))
	}
	woken = woken && one.Kind != string(NoConflict) && len(recent) < mostWoken
	if one.Asker == asker && !woken && one.Until.After(until) {
		until = one.Until.Time
	}
	if !until.After(now) {
		return nil
	}
	o := r.say(one, now)
	o.After = r.Pace.Elapsed(until.Sub(now))
	return o
}

// Before is what was said to the same request the last time, if it was refused then: while it is asked again nothing else is known.
func (r Refusals) Before(q Request, now time.Time) *outcome.Outcome {
	one := r.find(q.Key())
	if one == nil {
		return nil
	}
	return r.say(one, now)
}

// Taken forgets the refusals of a request that was taken, and All those of every request.
func (r Refusals) Taken(q Request) {
	*r.List = slices.DeleteFunc(*r.List, func(one v1alpha1.Refusal) bool { return one.Request == q.Key() })
	r.empty()
}

// Over forgets the refusals of all requests of the verbs: there is nothing more to ask.
func (r Refusals) Over(keep func(what string) bool) {
	*r.List = slices.DeleteFunc(*r.List, func(one v1alpha1.Refusal) bool { return !keep(one.What) })
	r.empty()
}

// empty keeps an empty list out of the status.
func (r Refusals) empty() {
	if len(*r.List) == 0 {
		*r.List = nil
	}
}

// say is what one refusal means.
func (r Refusals) say(one *v1alpha1.Refusal, now time.Time) *outcome.Outcome {
	o := outcome.Wait(one.Cause, "%s", one.Message).About(one.Condition)
	stalled := one.Outcome == string(outcome.KindStall)
	switch {
	case stalled && one.Kind == string(ConflictUnknown):
		o = outcome.Stall(v1alpha1.ReasonConflict, "Azure has refused this %d times and names no reason that the operator knows, "+
			"in its own words: %s. It is asked again every 15 minutes", conflicts, one.Message)
	case stalled:
		o = outcome.Stall(one.Cause, "%s", one.Message).About(one.Condition)
	case one.Kind == string(ConflictBusy) && now.Sub(one.Since.Time) > Busy.Real(r.Pace):
		o.Reason = v1alpha1.ReasonTakesTooLong
		o.Message = fmt.Sprintf("since %s, for longer than the usual hour: %s. What is at work there shows in Azure's activity log",
			one.Since.UTC().Format(time.RFC3339), one.Message)
	}
	return o.In(r.Pace.Elapsed(one.Until.Sub(now)))
}

// lastHour are the moments of the last hour, in Azure's time.
func (r Refusals) lastHour(one *v1alpha1.Refusal, now time.Time) []metav1.MicroTime {
	return slices.DeleteFunc(slices.Clone(one.At), func(at metav1.MicroTime) bool { return now.Sub(at.Time) >= r.Pace.Real(time.Hour) })
}

// mostMessage is how many bytes of a message the status takes.
const mostMessage = 2000

// tidy makes room for another request.
func (r Refusals) tidy(now time.Time) {
	last := func(one v1alpha1.Refusal) time.Time {
		if len(one.At) == 0 {
			return one.Since.Time
		}
		return one.At[len(one.At)-1].Time
	}
	*r.List = slices.DeleteFunc(*r.List, func(one v1alpha1.Refusal) bool { return now.Sub(last(one)) > r.Pace.Real(keptFor) })
	slices.SortFunc(*r.List, func(a, b v1alpha1.Refusal) int { return cmp.Compare(last(a).UnixNano(), last(b).UnixNano()) })
	*r.List = (*r.List)[max(0, len(*r.List)-kept+1):]
}

// ConflictOf is what kind of a conflict an error of Azure's is.
func ConflictOf(err error) Conflict {
	switch arm.ClassOf(err) {
	case arm.OperationInProgress:
		return ConflictBusy
	case arm.Conflict:
		return ConflictUnknown
	}
	return NoConflict
}

// Conflicting says that a conflict stands in the way of a request.
func (r Refusals) Conflicting(q Request) bool {
	one := r.find(q.Key())
	return one != nil && one.Kind != string(NoConflict)
}
