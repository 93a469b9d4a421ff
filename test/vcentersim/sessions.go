// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package vcentersim

import (
	"sync"
	"time"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/types"
)

// internalSessionKey marks work of the simulator itself; it never reaches the session table.
const internalSessionKey = "internal"

// client is what this package keeps of one login beside govmomi's own record.
type client struct {
	key, user string
	last      time.Time
	busy      int           // calls that wait: a session is not idle while one does
	done      chan struct{} // closed when the session ends; waits for updates end with it
	collector *collectors
}

type sessions struct {
	v    *VCenter
	idle time.Duration

	mu   sync.Mutex
	byID map[string]*client
}

func newSessions(v *VCenter, idle time.Duration) *sessions {
	return &sessions{v: v, idle: idle, byID: map[string]*client{}}
}

// touch finds the session of a call and notes its use; false when it has been idle for too long.
func (s *sessions) touch(ctx *simulator.Context) (*client, bool) {
	s.mu.Lock()
	found := s.byID[ctx.Session.Key]
	now := time.Now()
	switch {
	case found == nil:
		found = &client{key: ctx.Session.Key, user: ctx.Session.UserName, done: make(chan struct{})}
		found.collector = newCollectors(s.v.hub, found)
		s.byID[found.key] = found
	case s.expired(found, now):
		s.mu.Unlock()
		s.end(found.key)
		return nil, false
	}
	found.last = now
	s.mu.Unlock()
	return found, true
}

// expired says whether the session was idle for too long; the simulator's own, without a user, never is.
func (s *sessions) expired(c *client, now time.Time) bool {
	return c.user != "" && c.busy == 0 && now.Sub(c.last) > s.idle
}

// wait marks the session busy until the returned function is called.
func (s *sessions) wait(c *client) func() {
	s.mu.Lock()
	defer s.mu.Unlock()
	c.busy++
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		c.busy--
		c.last = time.Now()
	}
}

// userOf a live session; empty when there is none.
func (s *sessions) userOf(key string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if found := s.byID[key]; found != nil && !s.expired(found, time.Now()) {
		found.last = time.Now()
		return found.user
	}
	return ""
}

// end forgets the session here and in govmomi's session manager.
func (s *sessions) end(keys ...string) {
	s.mu.Lock()
	for _, key := range keys {
		if found := s.byID[key]; found != nil {
			delete(s.byID, key)
			close(found.done)
			found.collector.close()
		}
	}
	s.mu.Unlock()
	ctx := s.v.newContext("")
	for _, key := range keys {
		ctx.Map.SessionManager().TerminateSession(ctx, &types.TerminateSession{SessionId: []string{key}})
	}
}

func (s *sessions) expireAll() {
	s.mu.Lock()
	var keys []string
	for key := range s.byID {
		keys = append(keys, key)
	}
	s.mu.Unlock()
	s.end(keys...)
}
