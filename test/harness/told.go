// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package harness

import (
	"bufio"
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/go-logr/logr"
	"github.com/go-logr/logr/funcr"

	"github.com/avs-operator/avs-operator/controllers"
	"github.com/avs-operator/avs-operator/controllers/metrics"
	"github.com/avs-operator/avs-operator/test/armsim"
)

// Log keeps what operators log, a JSON object a line as the operator's process writes it.
type Log struct {
	mu   sync.Mutex
	text strings.Builder
}

// KeepLog has the operators that are started from now on log into the one that is returned.
func (w *World) KeepLog() *Log {
	kept, before := &Log{}, w.Options
	w.Options = func(o *controllers.Options) {
		if before != nil {
			before(o)
		}
		o.Logger = kept.logger()
	}
	return kept
}

func (l *Log) logger() logr.Logger {
	return funcr.NewJSON(func(line string) {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.text.WriteString(line + "\n")
	}, funcr.Options{})
}

func (l *Log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// Told is one line of a log about an operation.
type Told struct {
	Message   string  `json:"msg"`
	Kind      string  `json:"kind"`
	ID        string  `json:"id"`
	Verb      string  `json:"verb"`
	Action    string  `json:"action"`
	Operation string  `json:"operation"`
	Attempt   int     `json:"attempt"`
	Result    string  `json:"result"`
	Took      float64 `json:"took"` // seconds
	Object    struct{ Name, Namespace string }
}

// Operations are the lines of a log that are about operations, by operation.
func Operations(log string) map[string][]Told {
	out := map[string][]Told{}
	for lines := bufio.NewScanner(strings.NewReader(log)); lines.Scan(); {
		var line Told
		if json.Unmarshal(lines.Bytes(), &line) == nil && line.Operation != "" && line.Kind != "" {
			out[line.Operation] = append(out[line.Operation], line)
		}
	}
	return out
}

// MistoldWrites holds the lines of a log to what Azure saw, and to each other: one line each time that a write is sent and one when its operation has
// ended. It returns what is not so. Of a call to a vCenter the lines alone are looked at.
func MistoldWrites(told map[string][]Told, requests []armsim.Request) (wrongs []string) {
	seen := map[string]int{}
	for _, r := range requests {
		if !changesAzure(&r) {
			continue
		}
		seen[r.CorrelationID]++
		if len(told[r.CorrelationID]) == 0 {
			wrongs = append(wrongs, fmt.Sprintf("the log says nothing of %s %s (%s)", r.Method, r.Path, r.CorrelationID))
		}
	}
	for _, id := range slices.Sorted(maps.Keys(told)) {
		wrongs = append(wrongs, mistold(told[id], seen[id])...)
	}
	return wrongs
}

// changesAzure says that a request of the operator changes something in Azure: its other POSTs read secrets.
func changesAzure(r *armsim.Request) bool {
	switch r.Method {
	case http.MethodPut, http.MethodPatch, http.MethodDelete:
	case http.MethodPost:
		if !strings.Contains(r.Path, "/maintenances/") {
			return false
		}
	default:
		return false
	}
	return strings.HasPrefix(r.UserAgent, "avs-operator/")
}

// mistold is what is wrong with the lines about one operation, which Azure saw so often.
func mistold(lines []Told, seen int) (wrongs []string) {
	wrong := func(format string, args ...any) {
		wrongs = append(wrongs, fmt.Sprintf(format, args...)+fmt.Sprintf(": %+v", lines))
	}
	sent, ended, underWay := 0, 0, false
	for _, line := range lines {
		if line.Object.Name == "" || line.ID == "" || line.Verb == "" {
			wrong("a line does not say what is written for which object")
		}
		switch line.Message {
		case "Sending a write":
			underWay = true
			if sent++; line.Attempt != sent {
				wrong("line %d says that it is attempt %d", sent, line.Attempt)
			}
		case "Operation ended":
			if ended++; !underWay {
				wrong("end %d is told, and it was not sent since the last", ended)
			}
			underWay = false
			if line.Took <= 0 || line.Result == "" {
				wrong("the end does not say how, or after how long")
			}
		default:
			wrong("another line is about an operation: %s", line.Message)
		}
	}
	last := lines[len(lines)-1]
	if underWay {
		wrong("no line says how it ended")
	}
	want := seen
	if last.Result == string(metrics.Unsent) || !strings.HasPrefix(last.ID, "/subscriptions/") {
		want = cmp.Or(seen, 1) // what was broken off before it left was to be sent all the same
	}
	if sent != want {
		wrong("%d lines say that it is sent, and Azure saw it %d times", sent, seen)
	}
	return wrongs
}
