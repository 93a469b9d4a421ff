// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package arm

import (
	"context"
	"fmt"
	"io"
	"sync"
	"time"
)

// Limits of what the clients that share a Quota take of this process. Sizes are in bytes.
type Limits struct {
	// Calls at once.
	Calls int
	// Within is how long one exchange that reads may take, on the wall clock.
	Within time.Duration
	// Answer, and List over all of its pages.
	Answer, List int64
	// Reading is what all answers that are on their way may hold, Held what all snapshots may.
	Reading, Held int64
}

// What Azure gets, and a host that somebody else runs: its owner may want to harm this process, and no disconnected cloud is so far away or so
// large that it needs more.
var (
	AzureLimits  = Limits{Calls: 64, Within: ReadTimeout, Answer: 16 << 20, List: 64 << 20, Reading: 96 << 20, Held: 256 << 20}
	CustomLimits = Limits{Calls: 16, Within: 15 * time.Second, Answer: 4 << 20, List: 8 << 20, Reading: 16 << 20, Held: 32 << 20}
)

// Quota is shared by the clients of one owner, such as a namespace, so that none of them takes more than its part of the process.
type Quota struct {
	most Limits
	turn chan struct{}

	mu            sync.Mutex
	reading, held int64
}

// NewQuota makes a quota of which nothing is taken.
func NewQuota(most Limits) *Quota { return &Quota{most: most, turn: make(chan struct{}, most.Calls)} }

// enter waits for one of the calls at once, not longer than a worker may sleep.
func (q *Quota) enter(ctx context.Context, doing string) (leave func(), err error) {
	leave = func() { <-q.turn }
	select {
	case q.turn <- struct{}{}:
		return leave, nil
	default:
	}
	timer := time.NewTimer(LongestWait)
	defer timer.Stop()
	select {
	case q.turn <- struct{}{}:
		return leave, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-timer.C:
		return nil, &Error{Class: Throttled, Doing: doing, RetryAfter: 5 * time.Second,
			Message: fmt.Sprintf("not sent: %d calls of the identities of this namespace are on their way already, and none of them gets an answer", q.most.Calls)}
	}
}

// tally is what one call, or one list with its pages, has read and not let go.
type tally struct {
	q    *Quota
	size int64
	most int64 // of this list or answer
}

type tallyKey struct{}

// begin counts what is read with the context until done.
func (q *Quota) begin(ctx context.Context, most int64) (counted context.Context, done func()) {
	if tallyOf(ctx) != nil {
		return ctx, func() {} // a page of a list
	}
	r := &tally{q: q, most: most}
	return context.WithValue(ctx, tallyKey{}, r), func() {
		q.mu.Lock()
		defer q.mu.Unlock()
		q.reading -= r.size
		r.size = 0
	}
}

func tallyOf(ctx context.Context) *tally {
	r, _ := ctx.Value(tallyKey{}).(*tally)
	return r
}

// add takes n bytes, or says why there are too many.
func (r *tally) add(n int) error {
	r.q.mu.Lock()
	defer r.q.mu.Unlock()
	r.size += int64(n)
	r.q.reading += int64(n)
	switch {
	case r.size > r.most:
		return fmt.Errorf("the answer is larger than %d MiB, with all of its pages", r.most>>20)
	case r.q.reading > r.q.most.Reading:
		return fmt.Errorf("the answers that the identities of this namespace get at once are larger than %d MiB", r.q.most.Reading>>20)
	}
	return nil
}

// keep takes what a snapshot holds, in place of what it held before; false if that is too much.
func (q *Quota) keep(before, now int64) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if now > before && q.held+now-before > q.most.Held {
		return false
	}
	q.held += now - before
	return true
}

// bounded fails, rather than ends, when too much is read: a cut body must not look whole.
type bounded struct {
	from io.Reader
	left int64 // of this answer
	all  *tally
}

func (b *bounded) Read(p []byte) (int, error) {
	n, err := b.from.Read(p[:min(int64(len(p)), b.left+1)])
	if b.left -= int64(n); b.left < 0 {
		return 0, fmt.Errorf("the answer is larger than it may be")
	}
	if tooMuch := b.all.add(n); tooMuch != nil {
		return 0, tooMuch
	}
	return n, err
}
