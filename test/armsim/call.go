// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package armsim

import (
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"runtime/debug"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
)

// maxBody is ARM's limit of a request body, in bytes.
const maxBody = 4 << 20

// call is one request on its way through the simulator.
type call struct {
	http        *http.Request
	path        string   // lower case, without doubled slashes
	segments    []string // of the path, in the sender's casing
	query       url.Values
	form        url.Values // of a form body
	raw         []byte
	correlation string
	principal   *principal
	fault       *Fault
	action      string // that access control was asked for
}

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c, refused := newCall(w, r)
	entry := s.requests.begin(c)
	c.fault = s.faults.match(r.Method, c.path)
	status, retryAfter := 0, ""
	defer func() { s.requests.end(entry, c, status, retryAfter) }()

	a := refused
	if a == nil {
		a = s.guarded(c)
	}
	if a == nil || (c.fault != nil && (c.fault.Drop || c.fault.Reset)) {
		if c.fault != nil && c.fault.Reset {
			resetConnection(r)
		}
		panic(http.ErrAbortHandler)
	}
	a.header.Set("x-ms-request-id", uuid.NewString())
	a.header.Set("x-ms-correlation-request-id", c.correlation)
	a.header.Set("Date", time.Now().UTC().Format(http.TimeFormat))
	if id := r.Header.Get("x-ms-client-request-id"); id != "" {
		a.header.Set("x-ms-client-request-id", id)
	}
	status, retryAfter = a.status, a.header.Get("Retry-After")
	if s.config.RetryDate || (c.fault != nil && c.fault.RetryDate) {
		a.dateRetryAfter()
	}
	s.log.Debug("Answered", "method", r.Method, "path", c.path, "status", a.status, "correlation", c.correlation)
	a.write(w, c.fault != nil && c.fault.Truncate)
}

// guarded turns a panic into the answer that Azure gives to its own mistakes, so that one request cannot end the program.
func (s *Server) guarded(c *call) (a *answer) {
	defer func() {
		if trouble := recover(); trouble != nil {
			s.log.Error("Panicked while answering", "method", c.http.Method, "path", c.path, "panic", trouble, "stack", string(debug.Stack()))
			a = refuse(http.StatusInternalServerError, "InternalServerError", "The server encountered an internal error. Please retry the request.")
		}
	}()
	return s.answerOrFault(c)
}

// answerOrFault lets a fault take the place of the handler (Before) or of its answer (After); nil: the connection breaks.
func (s *Server) answerOrFault(c *call) *answer {
	f := c.fault
	if f == nil {
		return s.route(c)
	}
	if f.ExpiredToken {
		return s.expiredToken(c, time.Now().Add(-time.Minute))
	}
	if f.When == After {
		made := s.route(c)
		if !s.delay(c) || f.Status == 0 {
			return made
		}
		return f.answer(s.config.RetryAfter)
	}
	if !s.delay(c) || f.Drop || f.Reset {
		return nil
	}
	if f.Status == 0 {
		return s.route(c)
	}
	a := f.answer(s.config.RetryAfter)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.remember(c, a)
	return a
}

// delay waits as a fault says; false when the client or the simulator went away meanwhile.
func (s *Server) delay(c *call) bool {
	if c.fault.Delay <= 0 {
		return true
	}
	timer := time.NewTimer(c.fault.Delay)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-c.http.Context().Done():
		return false
	case <-s.ctx.Done():
		return false
	}
}

// newCall reads a request. The second result is not nil for one that no handler should see.
func newCall(w http.ResponseWriter, r *http.Request) (*call, *answer) {
	c := &call{http: r, query: r.URL.Query(), correlation: r.Header.Get("x-ms-correlation-request-id")}
	if c.correlation == "" {
		c.correlation = uuid.NewString()
	}
	refused := c.readPath()
	raw, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
		return c, refuse(http.StatusRequestEntityTooLarge, "RequestEntityTooLarge",
			"The request content size exceeds the maximum size of %d bytes.", maxBody)
	}
	if err != nil {
		return c, refuse(http.StatusBadRequest, "InvalidRequestContent", "The request content could not be read.")
	}
	if c.raw = raw; refused != nil {
		return c, refused
	}
	if c.mediaType() == "application/x-www-form-urlencoded" {
		if c.form, err = url.ParseQuery(string(raw)); err != nil {
			return c, refuse(http.StatusBadRequest, "InvalidRequestContent", "The form could not be read.")
		}
	}
	return c, nil
}

// maxPath is how long a path may be, in bytes as sent.
const maxPath = 8 << 10

// readPath splits the path before it is unescaped, so that %2F cannot make one name into two, and refuses names that would be
// taken for something else further on.
func (c *call) readPath() *answer {
	escaped := c.http.URL.EscapedPath()
	c.path = "/"
	if len(escaped) > maxPath {
		return refuse(http.StatusRequestURITooLong, "RequestUriTooLong", "The path of the request has %d bytes; at most %d are allowed.", len(escaped), maxPath)
	}
	for _, part := range strings.Split(escaped, "/") {
		if part == "" { // azurerm asks for //metadata/endpoints
			continue
		}
		segment, err := url.PathUnescape(part)
		if err != nil || !plainSegment(segment) {
			return refuse(http.StatusBadRequest, "InvalidRequestUri", "The segment '%s' of the request's path is invalid.", part)
		}
		c.segments = append(c.segments, segment)
	}
	c.path = "/" + strings.ToLower(strings.Join(c.segments, "/"))
	return nil
}

// plainSegment refuses dot segments, separators, control characters and what is not UTF-8.
func plainSegment(segment string) bool {
	return segment != "." && segment != ".." && utf8.ValidString(segment) && !strings.ContainsFunc(segment, func(r rune) bool {
		return r < ' ' || r == 0x7f || r == '/' || r == '\\'
	})
}

func (c *call) mediaType() string {
	media, _, err := mime.ParseMediaType(c.http.Header.Get("Content-Type"))
	if err != nil {
		return c.http.Header.Get("Content-Type")
	}
	return media
}

// object reads the body as a JSON object. An empty body is an error where it is required, else an empty object.
func (c *call) object(required bool) (map[string]any, *answer) {
	if len(c.raw) == 0 && !required {
		return map[string]any{}, nil
	}
	if media := c.mediaType(); len(c.raw) > 0 && media != "application/json" && media != "text/json" {
		return nil, refuse(http.StatusUnsupportedMediaType, "UnsupportedMediaType",
			"The content media type '%s' is not supported. Only 'application/json' is supported.", media)
	}
	var v any
	if err := json.Unmarshal(c.raw, &v); err != nil {
		return nil, refuse(http.StatusBadRequest, "InvalidRequestContent", "The request content was invalid and could not be deserialized: '%v'.", err)
	}
	object, ok := v.(map[string]any)
	if !ok {
		return nil, refuse(http.StatusBadRequest, "InvalidRequestContent",
			"The request content was invalid and could not be deserialized: 'a JSON object is expected'.")
	}
	if path, found := nullPath(object, ""); found {
		return nil, refuse(http.StatusBadRequest, "InvalidRequestContent", "The value null is not allowed at '%s'. Leave the property out instead.", path)
	}
	return object, nil
}
