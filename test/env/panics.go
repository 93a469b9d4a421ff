// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package env

import (
	"context"
	"fmt"
	"runtime/debug"
	"strings"
	"sync"

	utilruntime "k8s.io/apimachinery/pkg/util/runtime"
)

// panics are those of this process that somebody recovered: controller-runtime turns a reconciler's into an error and tries again, for ever,
// which no other check of a suite notices.
var panics recovered

type recovered struct {
	once  sync.Once
	mu    sync.Mutex
	count int
	first string
}

// watch begins to take note.
func (r *recovered) watch() {
	r.once.Do(func() {
		utilruntime.PanicHandlers = append(utilruntime.PanicHandlers, func(_ context.Context, value any) { r.note(value, debug.Stack()) })
	})
}

func (r *recovered) note(value any, stack []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.count++; r.count == 1 {
		r.first = fmt.Sprintf("%v\n%s", value, strings.TrimSpace(string(stack)))
	}
}

// err is what a suite fails with.
func (r *recovered) err() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.count == 0 {
		return nil
	}
	return fmt.Errorf("the operator panicked %d times, for the first time with: %s", r.count, r.first)
}

// Panicked says whether the log of an operator that ran as a process of its own tells of a panic.
func Panicked(log string) error {
	const words = "Observed a panic"
	i := strings.Index(log, words)
	if i < 0 {
		return nil
	}
	return fmt.Errorf("the operator panicked %d times, for the first time with: %s", strings.Count(log, words), log[i:min(len(log), i+4000)])
}
