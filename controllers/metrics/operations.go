// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package metrics

import (
	"sync"
	"time"

	"github.com/go-logr/logr"
	"k8s.io/klog/v2"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// Result is how an operation ended.
type Result string

// The results.
const (
	// Succeeded: it is done, and a read of the resource or the machine agrees.
	Succeeded Result = "Succeeded"
	// Failed: it was begun, and came to nothing.
	Failed Result = "Failed"
	// Refused: the other side answered, and did nothing.
	Refused Result = "Refused"
	// Unsent: it certainly did not arrive.
	Unsent Result = "Unsent"
	// Unanswered: its answer was lost, and it is not needed any more, or was done after all.
	Unanswered Result = "Unanswered"
	// Abandoned: its object was let go before its end could be seen.
	Abandoned Result = "Abandoned"
)

var results = []string{string(Succeeded), string(Failed), string(Refused), string(Unsent), string(Unanswered), string(Abandoned)}

const resultsBound = "`Refused`: the other side answered and did nothing; `Unsent`: it certainly did not arrive; `Failed`: it was begun and came to nothing; " +
	"`Unanswered`: its answer was lost, and it is not needed any more; `Abandoned`: its object was let go first"

// Operation is a write to Azure, or a call that changes a vCenter, as its record has it.
type Operation struct {
	Kind   string
	Object client.Object
	// ID of what is written: an ARM id, or the reference of a machine.
	ID string
	// Verb is the method of a write to Azure, Action what a POST does; or the kind of a call to a vCenter.
	Verb, Action string
	// Operation is the record's own id, for Azure the correlation id too.
	Operation string
	Attempt   int32
	// Took is the time since it was put on record first, in the time of Azure and vCenter.
	Took time.Duration
}

func (op Operation) words() []any {
	words := []any{
		"kind", op.Kind, "object", klog.KRef(op.Object.GetNamespace(), op.Object.GetName()), "id", op.ID, "verb", op.Verb,
		"operation", op.Operation, "attempt", op.Attempt,
	}
	if op.Action != "" {
		words = append(words, "action", op.Action)
	}
	return words
}

// Sending tells that an operation is on record and is sent now. If its end was told before, and it is sent again because the status with that end was
// not stored, another end is to come.
func (m *Metrics) Sending(log logr.Logger, op Operation) {
	if m == nil {
		return
	}
	m.ended.forget(op.Operation)
	log.Info("Sending a write", op.words()...)
	m.add(operationsStarted, 1, op.Kind, op.Verb)
}

// Ended tells how an operation ended, once until it is sent again: a reconcile whose status was not stored comes to the same end again. It says whether
// this was the first time.
func (m *Metrics) Ended(log logr.Logger, op Operation, how Result) bool {
	if m == nil || !m.ended.first(op.Operation) {
		return false
	}
	log.Info("Operation ended", append(op.words(), "result", string(how), "took", op.Took.Seconds())...)
	m.add(operationsEnded, 1, op.Kind, op.Verb, string(how))
	m.observe(operationDuration, op.Took, op.Kind, op.Verb)
	return true
}

// mostEnded is how many ends are remembered: many times what may end while one status is stored.
const mostEnded = 4096

// ended are the operations whose end was told last.
type ended struct {
	mu    sync.Mutex
	known map[string]int // where in order it stands
	order []string
	next  int
}

// first notes an operation, and says whether it is new.
func (e *ended) first(operation string) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if _, known := e.known[operation]; known {
		return false
	}
	if e.known == nil {
		e.known, e.order = map[string]int{}, make([]string, mostEnded)
	}
	delete(e.known, e.order[e.next])
	e.known[operation], e.order[e.next] = e.next, operation
	e.next = (e.next + 1) % mostEnded
	return true
}

// forget lets the end of an operation be told again. Its place in the order is emptied too: the next time around it would take the later end with it.
func (e *ended) forget(operation string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if at, known := e.known[operation]; known {
		delete(e.known, operation)
		e.order[at] = ""
	}
}
