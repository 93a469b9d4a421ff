// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package armsim

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"time"
)

// answer is what a handler says. Handlers return it instead of writing, so that it can be logged, lost, replaced by a fault
// and replayed for a repeated correlation id.
type answer struct {
	status int
	header http.Header
	body   any // marshalled as JSON; nil: no body
}

func reply(status int, body any) *answer {
	return &answer{status: status, header: http.Header{}, body: body}
}

func (a *answer) with(header, value string) *answer {
	a.header.Set(header, value)
	return a
}

func (a *answer) retryAfter(d time.Duration) *answer {
	return a.with("Retry-After", strconv.Itoa(max(1, int(d/time.Second))))
}

// clone is what may be kept while the answer itself is on its way. Bodies are never changed once they are made.
func (a *answer) clone() *answer {
	return &answer{status: a.status, header: a.header.Clone(), body: a.body}
}

// refuse makes ARM's error shape.
func refuse(status int, code, format string, args ...any) *answer {
	return reply(status, map[string]any{"error": errorBody(code, fmt.Sprintf(format, args...))})
}

func errorBody(code, message string) map[string]any {
	return map[string]any{"code": code, "message": message}
}

// page is a body that is not JSON.
type page string

func (a *answer) text() ([]byte, error) {
	if plain, ok := a.body.(page); ok {
		return []byte(plain), nil
	}
	return json.Marshal(a.body)
}

func (a *answer) write(w http.ResponseWriter, truncate bool) {
	for name, values := range a.header {
		w.Header()[name] = values
	}
	if bodiless := a.status == http.StatusNoContent || a.status == http.StatusNotModified; a.body == nil || bodiless {
		if !bodiless {
			w.Header().Set("Content-Length", map[bool]string{false: "0", true: "1"}[truncate])
		}
		w.WriteHeader(a.status)
		if truncate && !bodiless {
			breakOff(w) // before the one byte that was announced: else nobody would notice
		}
		return
	}
	text, err := a.text()
	if err != nil {
		// A body is made of JSON values only; anything else is a mistake here, and must be seen as one.
		http.Error(w, "the simulator made a body that is not JSON: "+err.Error(), http.StatusInternalServerError)
		return
	}
	if w.Header().Get("Content-Type") == "" {
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
	}
	w.Header().Set("Content-Length", strconv.Itoa(len(text)))
	w.WriteHeader(a.status)
	if truncate {
		_, _ = w.Write(text[:len(text)/2])
		breakOff(w)
	}
	_, _ = w.Write(text) // a client that has gone away is its own affair
}

// breakOff breaks the connection in the middle of an answer.
func breakOff(w http.ResponseWriter) {
	if flusher, ok := w.(http.Flusher); ok {
		flusher.Flush()
	}
	panic(http.ErrAbortHandler)
}
