// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package vcentersim

import (
	"sync"
	"time"
)

// Request is one SOAP call that reached the vCenter.
type Request struct {
	Method string
	User   string // empty before login
	Object string // the managed object that it was called on, "vm-42"
	At     time.Time
}

// journal remembers requests for checks; it never forgets, because a test that counts must see all.
type journal struct {
	mu       sync.Mutex
	requests []Request
}

func (j *journal) add(r Request) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.requests = append(j.requests, r)
}

func (j *journal) list() []Request {
	j.mu.Lock()
	defer j.mu.Unlock()
	return append([]Request(nil), j.requests...)
}
