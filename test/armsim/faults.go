// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package armsim

import (
	"net/http"
	"regexp"
	"slices"
	"strconv"
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
	Body       string            // sent with Status instead of ARM's error shape: the page of a gateway on the way
	RetryAfter time.Duration     // simulated; sent with Status, and instead of the usual one of an operation
	RetryDate  bool              // Retry-After is an HTTP-date instead of seconds
	Headers    map[string]string // added to the answer of Status, such as WWW-Authenticate
	Delay      time.Duration     // real time, before the effect or (After) before the answer
	Drop       bool              // the request is broken off and nothing is answered
	Reset      bool              // the whole connection is reset (TCP RST) and nothing is answered
	Truncate   bool              // the connection breaks in the middle of the answer

	// ExpiredToken refuses the token of the request as Azure does when it has expired.
	ExpiredToken bool
	// How the operation that the request begins ends: one of them, with Code and Message as its error. Cancelled is AVS's own
	// spelling, Canceled is ARM's.
	OperationFails, Canceled, Cancelled bool
	// FailureReason makes a script execution that the request begins succeed as a resource and fail as a script.
	FailureReason string
	// Stores is what the service makes of the change that the request asks for: a merge patch over the resource once the change is done, as a
	// service does that accepts a value and keeps it in another form.
	Stores map[string]any
	// Lasts is how long the operation takes that the request begins, simulated.
	Lasts time.Duration
	// NoPollingHeaders leaves Azure-AsyncOperation and Location out of the answer.
	NoPollingHeaders bool
	// PollURLBytes is how long the polling URLs of the operation that the request begins are, at least; Azure's have about 3,100.
	PollURLBytes int
	// PollHost is scheme and host that they name, such as https://management.azure.com.example.org.
	PollHost string
	// EchoOldBody answers a PATCH or PUT with the body from before it, provisioningState and all, as lagging replicas do.
	EchoOldBody bool
	// ListLacks are names, a regular expression, of resources that the list which is asked for lacks, although they are there.
	ListLacks string
	// StaleGets is how many GETs still see the resource as it was before: missing after a create, unchanged after the end of
	// an update.
	StaleGets int
}

// Inject adds a fault and answers its id. Of several that match, the oldest hits.
func (s *Server) Inject(f Fault) string { return s.faults.add(f) }

// ClearFaults takes all faults away.
func (s *Server) ClearFaults() { s.faults.clear() }

// RemoveFault takes one fault away; false when there is none of this id, or when it has hit as often as it should.
func (s *Server) RemoveFault(id string) bool { return s.faults.remove(id) }

// Faults answers the faults that still wait for a request, oldest first, by id. Skip and Count are what is left of them.
func (s *Server) Faults() []WaitingFault { return s.faults.all() }

// WaitingFault is a fault that has been injected and not used up.
type WaitingFault struct {
	ID   string
	Hits int // requests that it has hit so far
	Fault
}

type faultList struct {
	mu   sync.Mutex
	next int
	list []*WaitingFault
}

func (l *faultList) add(f Fault) string {
	if f.Count == 0 {
		f.Count = 1
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.next++
	id := strconv.Itoa(l.next)
	l.list = append(l.list, &WaitingFault{ID: id, Fault: f})
	return id
}

func (l *faultList) clear() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.list = nil
}

func (l *faultList) remove(id string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	before := len(l.list)
	l.list = slices.DeleteFunc(l.list, func(f *WaitingFault) bool { return f.ID == id })
	return len(l.list) < before
}

func (l *faultList) all() []WaitingFault {
	l.mu.Lock()
	defer l.mu.Unlock()
	out := make([]WaitingFault, 0, len(l.list))
	for _, f := range l.list {
		out = append(out, *f)
	}
	return out
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
		f.Hits++
		hit := f.Fault
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
	if f.Body != "" {
		a.body = page(f.Body)
		a.with("Content-Type", "text/html")
	}
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

// lacks says whether a list is answered without a resource.
func (f *Fault) lacks(name string) bool {
	if f == nil || f.ListLacks == "" {
		return false
	}
	lacks, _ := regexp.MatchString(f.ListLacks, name) // Inject's callers in Go write what compiles; check refuses the rest
	return lacks
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
