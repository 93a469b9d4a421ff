// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package harness

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/go-logr/logr"
	"github.com/go-logr/logr/funcr"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/watch"
)

// History is what happened in one case: every call that left an operator, every revision of every object, and every line of the log.
type History struct {
	mu        sync.Mutex
	processes int
	calls     []*Call
	revisions []Revision
	lines     []string
	wrongs    []string
}

// Revision is one state of one object, as a watch told it.
type Revision struct {
	At     time.Time
	Event  watch.EventType
	Object *unstructured.Unstructured
}

// process gives the next operator its number.
func (h *History) process() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.processes++
	return h.processes
}

func (h *History) add(c *Call) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.calls = append(h.calls, c)
}

// left notes that a call leaves now: what the oracles asked since it was added is not the operator's.
func (h *History) left(c *Call) {
	h.mu.Lock()
	defer h.mu.Unlock()
	c.Began = time.Now()
}

// answered completes a call.
func (h *History) answered(c *Call, change func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	change()
	c.Ended = time.Now()
}

// Calls lists all calls, in the order in which they left.
func (h *History) Calls() []Call {
	h.mu.Lock()
	defer h.mu.Unlock()
	out := make([]Call, len(h.calls))
	for i, c := range h.calls {
		out[i] = *c
	}
	return out
}

// Revisions lists all revisions, in the order in which they were told.
func (h *History) Revisions() []Revision {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.revisions)
}

func (h *History) revised(r Revision) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.revisions = append(h.revisions, r)
}

// Lines of the log.
func (h *History) Lines() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.lines)
}

// wrong notes what must not have been, at the moment that it was.
func (h *History) wrong(format string, args ...any) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.wrongs = append(h.wrongs, fmt.Sprintf(format, args...))
}

// Wrongs are what must not have been.
func (h *History) Wrongs() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.wrongs)
}

// Logger keeps what an operator logs.
func (h *History) Logger() logr.Logger {
	return funcr.New(func(prefix, line string) {
		h.mu.Lock()
		defer h.mu.Unlock()
		h.lines = append(h.lines, prefix+" "+line)
	}, funcr.Options{Verbosity: 1})
}

// Story tells the last calls and log lines, for a failure.
func (h *History) Story(most int) string {
	h.mu.Lock()
	defer h.mu.Unlock()
	var out strings.Builder
	calls := slices.DeleteFunc(slices.Clone(h.calls), func(c *Call) bool { return c.Seam == Kubernetes && !c.Writes })
	for _, c := range calls[max(0, len(calls)-most):] {
		fmt.Fprintf(&out, "\n  %s", c)
	}
	return out.String()
}
