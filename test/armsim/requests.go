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
	At            time.Time // when it had been read whole
	Method        string
	Path          string // lower case
	RawPath       string
	Query         string
	Status        int    // 0: not answered yet, or dropped
	CorrelationID string // as sent; empty: none
	Principal     string // client id
	Body          []byte // JSON with secrets masked; nil if it was not JSON
	RetryAfter    int    // simulated seconds that the answer asked for
}

// keptRequests bounds the log: the oldest half is forgotten beyond it.
const keptRequests = 500_000

type requestLog struct {
	mu   sync.Mutex
	list []*Request
}

// Requests answers the log, oldest first. A request is in it from the moment that it had been read.
func (s *Server) Requests() []Request { return s.requests.all() }

func (l *requestLog) all() []Request {
	l.mu.Lock()
	defer l.mu.Unlock()
	out := make([]Request, len(l.list))
	for i, r := range l.list {
		out[i] = *r
	}
	return out
}

func (l *requestLog) begin(c *call) *Request {
	r := &Request{
		At: time.Now(), Method: c.http.Method, Path: c.path, RawPath: c.http.URL.Path, Query: c.http.URL.RawQuery,
		CorrelationID: c.http.Header.Get("x-ms-correlation-request-id"), Body: masked(c),
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.list) >= keptRequests {
		l.list = slices.Delete(l.list, 0, keptRequests/2)
	}
	l.list = append(l.list, r)
	return r
}

func (l *requestLog) end(r *Request, c *call, status int, retryAfter string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	r.Status = status
	r.RetryAfter, _ = strconv.Atoi(retryAfter)
	if c.principal != nil {
		r.Principal = c.principal.clientID
	}
}

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
