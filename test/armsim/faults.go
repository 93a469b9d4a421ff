// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package armsim

import (
	"net/http"
	"regexp"
	"slices"
	"sync"
	"time"
)

// When says on which side of its effect a request meets a fault.
type When int

// The two sides.
const (
	Before When = iota // the request does nothing
	After              // the effect is made, the answer is lost or replaced
)

// Fault is something that goes wrong. Zero fields do nothing.
type Fault struct {
	Verb  string         // HTTP method; empty: any
	Path  *regexp.Regexp // matched against the lower-case path; nil: any
	Skip  int            // matching requests that are let through first
	Count int            // requests that are hit; 0 means 1, negative means all

	When       When
	Status     int // answered with Code and Message in ARM's error shape
	Code       string
	Message    string
	RetryAfter time.Duration     // simulated; sent with Status, and instead of the usual one of an operation
	Headers    map[string]string // added to the answer of Status, such as WWW-Authenticate
	Delay      time.Duration     // real time, before the effect or (After) before the answer
	Drop       bool              // the connection breaks and nothing is answered
	Truncate   bool              // the connection breaks in the middle of the answer

	// How the operation that the request begins ends: one of them, with Code and Message as its error. Cancelled is AVS's own
	// spelling, Canceled is ARM's.
	OperationFails, Canceled, Cancelled bool
	// NoPollingHeaders leaves Azure-AsyncOperation and Location out of the answer.
	NoPollingHeaders bool
	// EchoOldBody answers a PATCH or PUT with the body from before it, provisioningState and all, as lagging replicas do.
	EchoOldBody bool
	// StaleGets is how many GETs still see the resource as it was before: missing after a create, unchanged after the end of
	// an update.
	StaleGets int
}

// Inject adds a fault. Of several that match, the oldest hits.
func (s *Server) Inject(f Fault) { s.faults.add(f) }

// ClearFaults takes all faults away.
func (s *Server) ClearFaults() { s.faults.clear() }

type faultList struct {
	mu   sync.Mutex
	list []*Fault
}

func (l *faultList) add(f Fault) {
	if f.Count == 0 {
		f.Count = 1
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.list = append(l.list, &f)
}

func (l *faultList) clear() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.list = nil
}

func (l *faultList) match(verb, path string) *Fault {
	l.mu.Lock()
	defer l.mu.Unlock()
	for i, f := range l.list {
		if (f.Verb != "" && f.Verb != verb) || (f.Path != nil && !f.Path.MatchString(path)) {
			continue
		}
		if f.Skip > 0 {
			f.Skip--
			continue
		}
		hit := *f
		if f.Count > 0 {
			if f.Count--; f.Count == 0 {
				l.list = slices.Delete(l.list, i, i+1)
			}
		}
		return &hit
	}
	return nil
}

func (f *Fault) answer(usual time.Duration) *answer {
	code, message := f.Code, f.Message
	if code == "" {
		code = http.StatusText(f.Status)
	}
	if message == "" {
		message = "The request could not be served."
	}
	a := refuse(f.Status, code, "%s", message)
	if f.RetryAfter > 0 {
		a.retryAfter(f.RetryAfter)
	} else if f.Status == http.StatusTooManyRequests {
		a.retryAfter(usual)
	}
	for name, value := range f.Headers {
		a.with(name, value)
	}
	return a
}

// ending is how the operation of a request with this fault ends.
func (f *Fault) ending() string {
	switch {
	case f == nil:
		return succeeded
	case f.OperationFails:
		return failed
	case f.Canceled:
		return "Canceled"
	case f.Cancelled:
		return "Cancelled"
	}
	return succeeded
}
