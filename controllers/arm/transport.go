// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package arm

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
)

// exchange is what the last transport must know about a call; it travels in the context.
type exchange struct {
	write    bool         // subject to deadline and leadership
	once     bool         // one HTTP exchange and no more
	most     int64        // bytes of the answer
	deadline time.Time    // of a write
	stopped  func() error // says that the caller does not want it any more, so that it must not leave

	sends   int         // handed to the transport
	reached atomic.Bool // a connection was obtained, so bytes may have left
	status  int         // of the last answer, 0 without one
	refused *Error      // why the gate did not let it pass
}

type exchangeKey struct{}

func exchangeOf(ctx context.Context) *exchange {
	x, _ := ctx.Value(exchangeKey{}).(*exchange)
	return x
}

// gate is the last transport: the one place that every request to ARM passes right before it leaves. What is checked earlier
// may be out of date here: a limiter, a login or a lost CPU may have taken minutes since. A pause exactly between its last check
// and the socket cannot be excluded by any client; the context, which ends at the deadline, leaves it only until the next timer.
type gate struct {
	next     policy.Transporter
	traced   bool // next honours httptrace, so "no connection" proves "not sent"
	hosts    hosts
	mayWrite func() error
}

// newGate wraps a transport. An http.Client is copied with redirections off: following one would be a second exchange,
// perhaps with another host.
func newGate(next policy.Transporter, to hosts, mayWrite func() error) *gate {
	g := &gate{next: next, hosts: to, mayWrite: mayWrite}
	if next == nil {
		g.next = defaultHTTPClient
	}
	if given, ok := g.next.(*http.Client); ok {
		mine := *given
		mine.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
		mine.Timeout = 0 // the context bounds it
		g.next, g.traced = &mine, true
	}
	return g
}

// Pings find a dead HTTP/2 connection: without them, the first write after a quiet hour would wait for its deadline and count as lost.
func Pings() *http.HTTP2Config {
	return &http.HTTP2Config{SendPingTimeout: 10 * time.Second, PingTimeout: 5 * time.Second}
}

// defaultHTTPClient is what a client without a transport of its own uses.
var defaultHTTPClient = &http.Client{Transport: &http.Transport{
	Proxy:                 http.ProxyFromEnvironment,
	DialContext:           (&net.Dialer{Timeout: 15 * time.Second, KeepAlive: 30 * time.Second}).DialContext,
	ForceAttemptHTTP2:     true,
	MaxIdleConns:          100,
	MaxIdleConnsPerHost:   10,
	IdleConnTimeout:       90 * time.Second,
	TLSHandshakeTimeout:   10 * time.Second,
	ExpectContinueTimeout: time.Second,
	HTTP2:                 Pings(),
}}

// Do sends a request if it may still leave.
func (g *gate) Do(req *http.Request) (*http.Response, error) {
	x := exchangeOf(req.Context())
	if x == nil {
		return nil, errors.New("request without an exchange record")
	}
	if x.refused = g.refuse(x, req); x.refused != nil {
		return nil, x.refused
	}
	x.sends++
	trace := &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { x.reached.Store(true) }}
	if !g.traced {
		x.reached.Store(true)
	}
	resp, err := g.next.Do(req.WithContext(httptrace.WithClientTrace(req.Context(), trace)))
	if err != nil {
		return nil, err
	}
	x.reached.Store(true)
	x.status = resp.StatusCode
	resp.Body = struct {
		io.Reader
		io.Closer
	}{&bounded{from: resp.Body, left: x.most, all: tallyOf(req.Context())}, resp.Body}
	return resp, nil
}

func (g *gate) refuse(x *exchange, req *http.Request) *Error {
	if !g.hosts.allow(req.URL) {
		return &Error{Class: InvalidRequest, Message: fmt.Sprintf("refused to send a token to %s, which is not the configured ARM host %s",
			req.URL.Host, g.hosts.endpoint.Host)}
	}
	if x.once && x.sends > 0 {
		// azcore fetches a stronger token on a claims challenge and sends again. The token is kept; the next attempt has it.
		return &Error{Class: Transient, StatusCode: x.status,
			Message: "Azure asked for a token with further claims; it has been fetched and the next attempt carries it"}
	}
	if !x.write {
		return nil
	}
	if err := x.stopped(); err != nil {
		return &Error{Class: Transient, Message: "not sent: " + err.Error(), cause: err}
	}
	if g.mayWrite != nil {
		if err := g.mayWrite(); err != nil {
			return &Error{Class: NotLeader, Message: "not sent: " + err.Error(), cause: err}
		}
	}
	if !time.Now().Before(x.deadline) {
		return &Error{Class: DeadlinePassed, Message: "not sent: the deadline of the operation record has passed"}
	}
	return nil
}

// sameHost compares scheme, host and port.
func sameHost(u, endpoint *url.URL) bool {
	return strings.EqualFold(u.Scheme, endpoint.Scheme) && strings.EqualFold(u.Hostname(), endpoint.Hostname()) &&
		portOf(u) == portOf(endpoint) && u.User == nil
}

func portOf(u *url.URL) string {
	if port := u.Port(); port != "" {
		return port
	}
	if strings.EqualFold(u.Scheme, "http") {
		return "80"
	}
	return "443"
}
