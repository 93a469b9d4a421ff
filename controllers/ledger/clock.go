// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package ledger

import (
	"net/http"
	"sync/atomic"
	"time"
)

const (
	// exact is how far a clock may be from the API server's before that counts: the header Date has seconds, and an answer takes time.
	exact = 2 * time.Second
	// slowest is the slowest exchange that a clock is read from.
	slowest = 5 * time.Second
)

// Clock is the API server's, as far as its answers show it. Records are read by other processes than wrote them, on other machines: by their own
// clocks one that is five minutes ahead would take a write that is on its way for lost, and one behind would not look for it in time. The zero
// value, and nil, is the clock of this machine until the API server has answered.
type Clock struct {
	// Wall is this machine's clock; nil: time.Now.
	Wall func() time.Time

	behind atomic.Int64 // of this machine's, in nanoseconds
}

func (c *Clock) wall() time.Time {
	if c == nil || c.Wall == nil {
		return time.Now()
	}
	return c.Wall()
}

// Now is the time on the API server's clock.
func (c *Clock) Now() time.Time {
	if c == nil {
		return time.Now()
	}
	return c.wall().Add(time.Duration(c.behind.Load()))
}

// Since is how long ago a moment on record was.
func (c *Clock) Since(t time.Time) time.Duration { return c.Now().Sub(t) }

// Until is how long it is until a moment on record.
func (c *Clock) Until(t time.Time) time.Duration { return t.Sub(c.Now()) }

// Here is a moment on record on the wall clock of this machine, which timers and contexts go by.
func (c *Clock) Here(t time.Time) time.Time { return time.Now().Add(c.Until(t)).Round(0) }

// Learn reads the API server's clock from the answers that pass by.
func (c *Clock) Learn(next http.RoundTripper) http.RoundTripper {
	return roundTripper(func(r *http.Request) (*http.Response, error) {
		before := c.wall()
		answer, err := next.RoundTrip(r)
		if err == nil {
			c.read(answer.Header.Get("Date"), before, c.wall())
		}
		return answer, err
	})
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// read takes what an answer says, whose request left and which came at these moments, unless what is known already agrees with it. Servers that
// stand behind one name may differ; who hears now one, now the other keeps to the first for as long as they agree to within exact.
func (c *Clock) read(date string, left, came time.Time) {
	at, err := http.ParseTime(date)
	took := came.Sub(left)
	if err != nil || took < 0 || took > slowest {
		return
	}
	behind := at.Add(500 * time.Millisecond).Sub(left.Add(took / 2))
	if behind.Abs() <= exact+took/2 {
		behind = 0
	}
	if was := time.Duration(c.behind.Load()); (behind-was).Abs() > exact+took/2 || behind == 0 {
		c.behind.Store(int64(behind))
	}
}
