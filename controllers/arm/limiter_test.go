// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package arm

import (
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

func remaining(n int) http.Header {
	h := http.Header{}
	h.Set("x-ms-ratelimit-remaining-subscription-reads", fmt.Sprint(n))
	return h
}

func TestANewBucketHasOneTokenAndLearns(t *testing.T) {
	now := time.Now()
	b := NewLimiters().bucket(bucketKey{class: reads})
	b.filledAt = now
	if wait, ok := b.take(now, 1, false); wait != 0 || !ok {
		t.Fatalf("the first call waits %s", wait)
	}
	if wait, ok := b.take(now, 1, false); wait != 40*time.Millisecond || !ok {
		t.Fatalf("the second call waits %s, want one refill of 1/25 s", wait)
	}
	b.answered(now, 1, 200, remaining(249), 0)
	if b.tokens != 248 {
		t.Fatalf("%g tokens, want 249 less the one in flight", b.tokens)
	}
}

func TestTheLastTenthIsForPolls(t *testing.T) {
	now := time.Now()
	b := NewLimiters().bucket(bucketKey{class: reads})
	b.filledAt = now
	b.take(now, 1, false)
	b.answered(now, 1, 200, remaining(25), 0)
	if wait, ok := b.take(now, 1, false); !ok || wait <= 0 {
		t.Fatalf("a read in the last tenth waits %s", wait)
	}
	b.giveBack()
	for i := range 25 {
		if wait, ok := b.take(now, 1, true); !ok || wait != 0 {
			t.Fatalf("poll %d waits %s", i, wait)
		}
	}
	// 25 tokens short of the reserve and one more: 26/25 s a token, then ever longer
	taken := 0
	for ; taken < 100; taken++ {
		if _, ok := b.take(now, 1, false); !ok {
			break
		}
	}
	if taken == 100 || b.tokens < -30 {
		t.Fatalf("%d calls may wait, %g tokens", taken, b.tokens)
	}
}

func TestACallThatWouldWaitLongIsGivenBack(t *testing.T) {
	now := time.Now()
	b := NewLimiters().bucket(bucketKey{class: deletes})
	b.filledAt = now
	for range 21 { // the first token, then 20 that are refilled within two seconds
		if _, ok := b.take(now, 1, false); !ok {
			t.Fatal("refused within two seconds")
		}
	}
	wait, ok := b.take(now, 1, false)
	if ok || wait <= LongestWait {
		t.Fatalf("%s %t", wait, ok)
	}
	before := b.tokens
	if _, ok := b.take(now, 100, false); !ok || b.tokens != before-1 {
		t.Fatal("at a hundredfold speed the bucket refills a hundred times as fast")
	}
}

func TestAThrottledAnswerClosesTheBucket(t *testing.T) {
	now := time.Now()
	for _, speed := range []float64{1, 10} {
		b := NewLimiters().bucket(bucketKey{class: writes})
		b.take(now, speed, false)
		b.answered(now, speed, 429, remaining(0), 30*time.Second)
		wait, _ := b.take(now, speed, true)
		if want := wall(30*time.Second, speed); wait != want {
			t.Fatalf("at speed %g: %s, want %s", speed, wait, want)
		}
		if wait, ok := b.take(now.Add(wait), speed, false); !ok || wait > 0 {
			t.Fatalf("at speed %g: afterwards %s %t", speed, wait, ok)
		}
	}
}

func TestTheSmallestCounterCounts(t *testing.T) {
	h := http.Header{}
	if _, ok := remainingIn(h, reads); ok {
		t.Fatal("learned from nothing")
	}
	h.Set("x-ms-ratelimit-remaining-subscription-reads", "249")
	h.Set("x-ms-ratelimit-remaining-subscription-global-reads", "12")
	h.Set("x-ms-ratelimit-remaining-tenant-reads", "junk")
	h.Set("x-ms-ratelimit-remaining-subscription-writes", "3")
	if n, ok := remainingIn(h, reads); !ok || n != 12 {
		t.Fatalf("%g %t", n, ok)
	}
}

func TestRegion(t *testing.T) {
	for endpoint, want := range map[string]string{"https://management.azure.com": "global", "https://westeurope.management.azure.com": "westeurope",
		"https://127.0.0.1:1": "global"} {
		if got := (hosts{endpoint: mustURL(endpoint)}).bucketRegion(mustURL(endpoint)); got != want {
			t.Errorf("%s is %s", endpoint, got)
		}
	}
}

// TestClientsShareTheirLimit: two clients of one principal, one of which was throttled.
func TestClientsShareTheirLimit(t *testing.T) {
	var throttle atomic.Bool
	a := newAzure(t, true, func(w http.ResponseWriter, r *http.Request) {
		if throttle.Load() {
			reply(w, 429, armError("TooManyRequests", "later"), "Retry-After", "600")
			return
		}
		reply(w, 200, `{}`)
	})
	shared := NewLimiters()
	one := a.client(func(o *Options) { o.Limiters, o.Speed = shared, 10 })
	two := a.client(func(o *Options) { o.Limiters, o.Speed = shared, 10 })
	other := a.client(func(o *Options) { o.Limiters, o.Speed, o.Principal = shared, 10, "somebody else" })
	if _, err := two.Get(soon(t), private); err != nil {
		t.Fatal(err)
	}
	throttle.Store(true)
	_, err := one.Get(soon(t), private)
	wantClass(t, err, Throttled)
	before := len(a.requests())
	_, err = two.Get(soon(t), private)
	wantClass(t, err, Throttled)
	if after := asError(err).RetryAfter; after < 590*time.Second || after > 600*time.Second || len(a.requests()) != before {
		t.Fatalf("retry after %s of Azure's time, %d requests", after, len(a.requests())-before)
	}
	throttle.Store(false)
	if _, err := other.Get(soon(t), private); err != nil {
		t.Fatalf("another principal: %v", err)
	}
	if _, err := two.Begin(soon(t), put(private)); err != nil {
		t.Fatalf("writes have their own bucket: %v", err)
	}
}

// TestLimiterKeepsWithinARMsBucket drives many callers against a server that keeps the same bucket, and is never throttled.
func TestLimiterKeepsWithinARMsBucket(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	tokens, filled, throttled := 40.0, time.Now(), 0
	a := newAzure(t, true, func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		tokens = min(40, tokens+time.Since(filled).Seconds()*25*4)
		filled = time.Now()
		if tokens < 1 {
			throttled++
			reply(w, 429, "", "Retry-After", "1", "x-ms-ratelimit-remaining-subscription-reads", "0")
			return
		}
		tokens--
		reply(w, 200, `{}`, "x-ms-ratelimit-remaining-subscription-reads", fmt.Sprint(int(tokens)))
	})
	c := a.client(func(o *Options) { o.Speed = 4 })
	var work sync.WaitGroup
	for range 8 {
		work.Go(func() {
			for range 20 {
				_, _ = c.Get(soon(t), private)
			}
		})
	}
	work.Wait()
	if throttled > 0 {
		t.Errorf("throttled %d times of %d", throttled, len(a.requests()))
	}
}
