// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package armsim

import (
	"encoding/json"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"sync"
	"time"
)

// Request is one line of the log of all requests, also those to Entra.
type Request struct {
	At            time.Time       `json:"at"` // when it had been read whole
	Method        string          `json:"method"`
	Host          string          `json:"host"` // with the port
	Path          string          `json:"path"` // lower case
	RawPath       string          `json:"rawPath"`
	Query         string          `json:"query,omitempty"`         // long values, such as signatures, are cut
	Status        int             `json:"status"`                  // 0: not answered yet, or dropped
	CorrelationID string          `json:"correlationId,omitempty"` // as sent; empty: none
	Principal     string          `json:"principal,omitempty"`     // client id
	Action        string          `json:"action,omitempty"`        // that access control was asked for, such as Microsoft.AVS/privateClouds/read
	UserAgent     string          `json:"userAgent,omitempty"`
	Body          json.RawMessage `json:"body,omitempty"`       // JSON with secrets masked; nil if it was not JSON
	RetryAfter    int             `json:"retryAfter,omitempty"` // simulated seconds that the answer asked for
}

// keptRequests and keptBodies (bytes) bound the log: the oldest half is forgotten beyond them, or a program that runs for days
// would eat its machine's memory.
const (
	keptRequests = 200_000
	keptBodies   = 64 << 20
)

type requestLog struct {
	mu     sync.Mutex
	list   []*Request
	before int // requests that were forgotten
	bodies int // bytes of all bodies in list
}

// since answers the requests from number n on, and the number that the next one will have.
func (l *requestLog) since(n int) ([]Request, int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	all, before := l.copied(), l.before
	return all[min(len(all), max(0, n-before)):], before + len(all)
}

// Requests answers the log, oldest first. A request is in it from the moment that it had been read.
func (s *Server) Requests() []Request { return s.requests.all() }

func (l *requestLog) all() []Request {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.copied()
}

func (l *requestLog) copied() []Request {
	out := make([]Request, len(l.list))
	for i, r := range l.list {
		out[i] = *r
	}
	return out
}

func (l *requestLog) begin(c *call) *Request {
	r := &Request{
		At: time.Now(), Method: c.http.Method, Host: c.http.Host, Path: c.path, RawPath: c.http.URL.Path,
		Query:         longValue.ReplaceAllString(c.http.URL.RawQuery, "$1…"),
		CorrelationID: c.http.Header.Get("x-ms-correlation-request-id"), UserAgent: c.http.UserAgent(), Body: masked(c),
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.list) >= keptRequests || l.bodies > keptBodies {
		half := len(l.list) / 2
		for _, old := range l.list[:half] {
			l.bodies -= len(old.Body)
		}
		l.list, l.before = slices.Delete(l.list, 0, half), l.before+half
	}
	l.list, l.bodies = append(l.list, r), l.bodies+len(r.Body)
	return r
}

func (l *requestLog) end(r *Request, c *call, status int, retryAfter string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	r.Status = status
	r.RetryAfter, _ = strconv.Atoi(retryAfter)
	r.Action = c.action
	if c.principal != nil {
		r.Principal = c.principal.clientID
	}
}

// longValue finds values in a query that would fill the log: a signed polling URL has 3,000 characters of them.
var longValue = regexp.MustCompile(`(=[^&]{64})[^&]+`)

var secretName = regexp.MustCompile(`(?i)password|secret|assertion|licensekey|authorizationkey|activationkey`)

// mask is what stands in the log for a secret.
const mask = "***"

func masked(c *call) []byte {
	var v any
	if c.form != nil {
		v = maskedForm(c.form)
	} else if json.Unmarshal(c.raw, &v) != nil {
		return nil
	}
	text, err := json.Marshal(maskedValue(v))
	if err != nil {
		return nil
	}
	return text
}

func maskedForm(form url.Values) map[string]any {
	out := map[string]any{}
	for name := range form {
		out[name] = form.Get(name)
	}
	return out
}

func maskedValue(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for name, value := range v {
			if _, isText := value.(string); isText && secretName.MatchString(name) && name != "client_assertion_type" {
				v[name] = mask
				continue
			}
			v[name] = maskedValue(value)
		}
	case []any:
		for i := range v {
			v[i] = maskedValue(v[i])
		}
	}
	return v
}
