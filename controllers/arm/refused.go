// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package arm

import (
	"context"
	"maps"
	"slices"
	"time"
)

// LongestPause bounds what one Retry-After can hold up: a wrong number must not blind the operator for days.
const LongestPause = time.Hour

// pauses after the first refusals of a read, in Azure's time; after each further one it is the last. An hour has at most mostRefusals.
var pauses = []time.Duration{30 * time.Second, time.Minute, 2 * time.Minute, 4 * time.Minute, 8 * time.Minute, 15 * time.Minute}

const mostRefusals = 12

// refusedRead is a read that Azure refused: how often in a row, when in the last hour, until when it rests, and what was said.
type refusedRead struct {
	times int
	at    []time.Time
	until time.Time
	said  Error
}

type askAgainKey struct{}

// AskAgain is for a person who asks for another look: what was refused is asked at once, unless that was so twelve times in the last hour.
func AskAgain(ctx context.Context) context.Context {
	return context.WithValue(ctx, askAgainKey{}, true)
}

// heard takes the answer to a read. That something is not there is an answer like another, unless it comes with a Retry-After.
func (l *Limiters) heard(k call, q question, a *answer, now time.Time, speed float64) {
	if a.status < 400 {
		l.answered(q)
		return
	}
	said := refusal(k.doing, a)
	if said.Class == NotFound && said.RetryAfter == 0 {
		l.answered(q)
		return
	}
	l.refused(q, said, now, speed)
}

// refused notes what was said to a read. One that fails for long must not be asked every minute by whoever needs it, nor say something else
// meanwhile.
func (l *Limiters) refused(q question, said *Error, now time.Time, speed float64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	maps.DeleteFunc(l.refusals, func(_ question, r *refusedRead) bool { return now.Sub(r.until) > wall(time.Hour, speed) })
	r := l.refusals[q]
	if r == nil {
		r = &refusedRead{}
		l.refusals[q] = r
	}
	r.said = *said
	r.at = append(r.lastHour(now, speed), now)
	r.until = now.Add(wall(max(pauses[min(r.times, len(pauses)-1)], min(said.RetryAfter, LongestPause)), speed))
	r.times++
}

// answered forgets the refusals of a read that Azure answers again.
func (l *Limiters) answered(q question) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.refusals, q)
}

// held is what was said to the same read not long ago, nil if it may be asked.
func (l *Limiters) held(ctx context.Context, q question, now time.Time, speed float64) *Error {
	l.mu.Lock()
	defer l.mu.Unlock()
	r := l.refusals[q]
	if r == nil {
		return nil
	}
	until := r.until
	if ctx.Value(askAgainKey{}) != nil && r.said.RetryAfter == 0 {
		until = time.Time{}
	}
	if recent := r.lastHour(now, speed); len(recent) >= mostRefusals {
		if full := recent[len(recent)-mostRefusals].Add(wall(time.Hour, speed)); full.After(until) {
			until = full
		}
	}
	if !until.After(now) {
		return nil
	}
	said := r.said
	said.RetryAfter, said.Repeated = simulated(until.Sub(now), speed), true
	return &said
}

func (r *refusedRead) lastHour(now time.Time, speed float64) []time.Time {
	return slices.DeleteFunc(slices.Clone(r.at), func(at time.Time) bool { return now.Sub(at) >= wall(time.Hour, speed) })
}
