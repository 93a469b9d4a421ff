// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package armsim

import (
	"net/http"
	"strings"
)

// AVS does not do a write again that carries the correlation id of an earlier one: it answers as it did then. The memory is
// keyed by id, verb and path, because azurerm sends one id for all writes of a process, and ends with the resource.

func (c *call) replayKey() (string, bool) {
	if c.http.Method == http.MethodGet || c.http.Method == http.MethodHead || c.http.Header.Get("x-ms-correlation-request-id") == "" {
		return "", false
	}
	if last := c.path[strings.LastIndex(c.path, "/")+1:]; c.http.Method == http.MethodPost && !strings.HasPrefix(last, "rotate") && last != "restrictmovement" {
		return "", false // other actions only read
	}
	return c.path + " " + c.http.Method + " " + strings.ToLower(c.correlation), true
}

// replay answers as before, or does nothing. s.mu is held.
func (s *Server) replay(c *call) (*answer, bool) {
	key, ok := c.replayKey()
	if !ok {
		return nil, false
	}
	a, ok := s.replays[key]
	return a, ok
}

// remember keeps an answer of the resource provider, refusals as well. s.mu is held.
func (s *Server) remember(c *call, a *answer) {
	if key, ok := c.replayKey(); ok {
		s.replays[key] = a.clone()
	}
}

// forgetReplays ends the memory of a resource that is gone and of everything that was below it. s.mu is held.
func (s *Server) forgetReplays(resource string) {
	for key := range s.replays {
		if strings.HasPrefix(key, resource+" ") || strings.HasPrefix(key, resource+"/") {
			delete(s.replays, key)
		}
	}
}
