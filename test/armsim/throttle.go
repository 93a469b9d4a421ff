// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package armsim

import (
	"math"
	"net/http"
	"strconv"
	"time"
)

// sharedFactor is how much larger the bucket of all principals of a subscription is than that of one.
const sharedFactor = 15

// bucket is ARM's token bucket; it refills in simulated time.
type bucket struct {
	tokens float64
	filled time.Duration // by the server's clock
}

// throttle takes a token from the bucket of the principal and from the one that all principals share, and says what is left.
// s.mu is held.
func (s *Server) throttle(c *call, scope string) (remaining http.Header, refused *answer) {
	kind, size := "reads", s.config.Throttling.Reads
	switch c.http.Method {
	case http.MethodPut, http.MethodPatch, http.MethodPost:
		kind, size = "writes", s.config.Throttling.Writes
	case http.MethodDelete:
		kind, size = "deletes", s.config.Throttling.Deletes
	}
	level := "subscription"
	if scope == "" {
		level, scope = "tenant", c.principal.tenantID
	}
	shared := Bucket{size.Size * sharedFactor, size.PerSecond * sharedFactor}
	own, wait := s.take(scope+"/"+c.principal.clientID+"/"+kind, size)
	all, waitAll := 0, time.Duration(0)
	if wait == 0 {
		all, waitAll = s.take(scope+"/"+kind, shared)
	}
	header := http.Header{}
	header.Set("x-ms-ratelimit-remaining-"+level+"-"+kind, strconv.Itoa(own))
	if wait = max(wait, waitAll); wait > 0 {
		a := refuse(http.StatusTooManyRequests, "TooManyRequests", "The request is being throttled as the limit has been reached for operation type - %s_%s. "+
			"For more information, see - https://aka.ms/srpthrottlinglimits", level, kind)
		a.header = header
		return header, a.retryAfter(wait + time.Second - 1)
	}
	header.Set("x-ms-ratelimit-remaining-"+level+"-global-"+kind, strconv.Itoa(all))
	return header, nil
}

// take answers what is left, or the simulated time until there is a token.
func (s *Server) take(key string, size Bucket) (int, time.Duration) {
	now := s.clock.now()
	b, ok := s.buckets[key]
	if !ok {
		b = &bucket{tokens: float64(size.Size), filled: now}
		s.buckets[key] = b
	}
	b.tokens = math.Min(float64(size.Size), b.tokens+(now-b.filled).Seconds()*size.PerSecond)
	b.filled = now
	if b.tokens < 1 {
		if size.PerSecond <= 0 {
			return 0, time.Hour
		}
		return 0, time.Duration((1 - b.tokens) / size.PerSecond * float64(time.Second))
	}
	b.tokens--
	return int(b.tokens), 0
}
