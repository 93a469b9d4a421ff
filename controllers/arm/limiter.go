// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package arm

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"
)

// LongestWait is how long, on the wall clock, a call may stand in a bucket's queue. A call that would have to wait longer is
// given back as Throttled, so that no worker sleeps while others could work.
const LongestWait = 2 * time.Second

// verbClass is how ARM counts: reads, writes (POST with them) and deletes apart.
type verbClass string

const (
	reads   verbClass = "reads"
	writes  verbClass = "writes"
	deletes verbClass = "deletes"
)

// published are ARM's bucket sizes, in calls, and refills, in calls a second of Azure's time.
var published = map[verbClass]struct{ size, refill float64 }{
	reads: {250, 25}, writes: {200, 10}, deletes: {200, 10},
}

// Limiters are models of ARM's token buckets, one a (region, subscription, principal, class). All clients of a process share
// one, because ARM counts by principal and not by client. The zero value is not usable; call NewLimiters.
type Limiters struct {
	mu      sync.Mutex
	buckets map[bucketKey]*bucket
	// refusals are reads that Azure refused, and until when they rest. Several may want the same: a watch of a collection and who needs it now.
	refusals map[question]*refusedRead
}

// question is a read, by who asks and what: its URL, and the body of one that is a POST.
type question struct{ principal, url, body string }

type bucketKey struct {
	region, subscription, principal string
	class                           verbClass
}

// NewLimiters returns limiters that know nothing yet: each bucket starts with one token and learns from the first answer.
func NewLimiters() *Limiters {
	return &Limiters{buckets: map[bucketKey]*bucket{}, refusals: map[question]*refusedRead{}}
}

func (l *Limiters) bucket(key bucketKey) *bucket {
	l.mu.Lock()
	defer l.mu.Unlock()
	b := l.buckets[key]
	if b == nil {
		if len(l.buckets) >= fewBuckets {
			l.sweep(time.Now())
		}
		p := published[key.class]
		b = &bucket{class: key.class, size: p.size, refill: p.refill, tokens: 1, filledAt: time.Now()}
		l.buckets[key] = b
	}
	return b
}

// fewBuckets are not worth a sweep.
const fewBuckets = 256

// sweep forgets the buckets of identities that nobody uses any more: an hour of Azure's fills every one of them again. The caller holds the lock.
func (l *Limiters) sweep(now time.Time) {
	for key, b := range l.buckets {
		if b.idle(now) {
			delete(l.buckets, key)
		}
	}
}

// bucketRegion is the region that answers a request: that of a link, or of a configured endpoint (westeurope.management.azure.com), else "global".
func (h hosts) bucketRegion(u *url.URL) string {
	if linked := h.regionIn(u); linked != "" {
		return linked
	}
	host := strings.ToLower(h.endpoint.Hostname())
	if region, rest, ok := strings.Cut(host, "."); ok && strings.HasPrefix(rest, "management.") {
		return region
	}
	return "global"
}

// bucket is one token bucket. Tokens may go below zero: these are calls that have been promised a place and sleep for it.
type bucket struct {
	mu           sync.Mutex
	class        verbClass
	size, refill float64
	tokens       float64
	filledAt     time.Time
	learned      bool
	inFlight     int // taken and not answered; ARM's count may not hold them yet
	blockedUntil time.Time
}

// take promises a place after a wait on the wall clock, or says how long it would be. Preferred calls, which are polls, may
// use the last tenth: an operation that nobody follows helps nobody. Who took must give back or answer.
func (b *bucket) take(now time.Time, speed float64, preferred bool) (wait time.Duration, ok bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.fill(now, speed)
	reserve := 0.0
	if b.learned && !preferred && b.class == reads {
		reserve = b.size / 10
	}
	if missing := reserve + 1 - b.tokens; missing > 0 {
		wait = time.Duration(missing / (b.refill * speed) * float64(time.Second))
	}
	wait = max(wait, b.blockedUntil.Sub(now))
	if wait > LongestWait {
		return wait, false
	}
	b.tokens--
	b.inFlight++
	return wait, true
}

func (b *bucket) fill(now time.Time, speed float64) {
	if elapsed := now.Sub(b.filledAt).Seconds(); elapsed > 0 {
		b.tokens = min(b.size, b.tokens+elapsed*speed*b.refill)
		b.filledAt = now
	}
}

// idle says that nothing was taken for an hour and nothing is on its way.
func (b *bucket) idle(now time.Time) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.inFlight == 0 && now.Sub(b.filledAt) > time.Hour && now.After(b.blockedUntil)
}

// giveBack undoes a take whose call was not sent.
func (b *bucket) giveBack() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.tokens = min(b.size, b.tokens+1)
	b.inFlight--
}

// answered corrects the model by what ARM says remains, and closes the bucket for as long as a throttled answer asks.
// retryAfter is in Azure's time. A nil header means that no answer came.
func (b *bucket) answered(now time.Time, speed float64, status int, header http.Header, retryAfter time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.fill(now, speed)
	b.inFlight--
	if remaining, ok := remainingIn(header, b.class); ok {
		b.learned = true
		b.size = max(b.size, remaining) // the hourly counters of the older model hold thousands
		b.tokens = remaining - float64(b.inFlight)
	}
	if status == http.StatusTooManyRequests {
		if retryAfter <= 0 {
			retryAfter = 15 * time.Second
		}
		if until := now.Add(wall(retryAfter, speed)); until.After(b.blockedUntil) {
			b.blockedUntil = until
		}
	}
}

// remainingIn is the smallest of the counters for a class: of the subscription, of all its principals, of the tenant.
func remainingIn(header http.Header, class verbClass) (float64, bool) {
	least, found := 0.0, false
	for _, scope := range []string{"subscription-", "subscription-global-", "tenant-"} {
		n, err := strconv.ParseUint(strings.TrimSpace(header.Get("x-ms-ratelimit-remaining-"+scope+string(class))), 10, 32)
		if err == nil && (!found || float64(n) < least) {
			least, found = float64(n), true
		}
	}
	return least, found
}
