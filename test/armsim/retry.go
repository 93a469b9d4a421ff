// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package armsim

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"strconv"
	"time"
)

// dateRetryAfter turns Retry-After into its other form. HTTP-dates have whole seconds, so it is rounded up: a client that
// comes when the date says must not be too early.
func (a *answer) dateRetryAfter() {
	seconds, err := strconv.Atoi(a.header.Get("Retry-After"))
	if err != nil {
		return // none, or a fault's own
	}
	at := time.Now().Add(time.Duration(seconds)*time.Second + time.Second - 1).Truncate(time.Second)
	a.with("Retry-After", at.UTC().Format(http.TimeFormat))
}

type connectionKey struct{}

// keepConnection lets a handler find the connection that its request came over.
func keepConnection(ctx context.Context, c net.Conn) context.Context {
	return context.WithValue(ctx, connectionKey{}, c)
}

// resetConnection ends the connection of r with a TCP reset, as a load balancer does that has lost it. With HTTP/2 it takes
// every other request of that connection with it.
func resetConnection(r *http.Request) {
	outer, ok := r.Context().Value(connectionKey{}).(*tls.Conn)
	if !ok {
		return
	}
	if inner, ok := outer.NetConn().(*net.TCPConn); ok {
		_ = inner.SetLinger(0) // without it, closing would send what is buffered and then end the stream in order
		_ = inner.Close()
	}
}
