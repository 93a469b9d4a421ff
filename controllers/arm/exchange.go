// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package arm

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/streaming"
	"github.com/google/uuid"
)

// call is one exchange as the client's methods describe it.
type call struct {
	verb     string // for metrics
	method   string // GET if empty
	doing    string // for errors
	url      *url.URL
	id       ID
	body     []byte
	write    bool
	once     bool
	deadline time.Time // of a write
	// correlationID is the operation's id; drawn anew if empty.
	correlationID string
}

// answer is a complete HTTP answer.
type answer struct {
	status        int
	header        http.Header
	body          []byte
	correlationID string
	retryAfter    time.Duration // in Azure's time
}

// read makes an exchange that changes nothing and wants a success.
func (c *Client) read(ctx context.Context, k call) (*answer, error) {
	a, err := c.exchange(ctx, k)
	if err != nil {
		return nil, err
	}
	if a.status < 200 || a.status > 299 {
		return nil, refusal(k.doing, a)
	}
	return a, nil
}

// exchange takes a place in the bucket, sends once and reads the whole answer, whatever its status.
func (c *Client) exchange(parent context.Context, k call) (*answer, error) {
	if k.method == "" {
		k.method = http.MethodGet
	}
	if k.correlationID == "" {
		k.correlationID = uuid.NewString()
	}
	end := time.Now().Add(c.quota.most.Within)
	if k.write {
		end = k.deadline
	}
	asked := question{principal: c.principal, url: k.url.String(), body: string(k.body)}
	if !k.write {
		if said := c.limiters.held(parent, asked, time.Now(), c.speed); said != nil {
			return nil, said
		}
	}
	ctx, cancel := context.WithDeadline(parent, end)
	defer cancel()
	leave, err := c.quota.enter(ctx, k.doing)
	if err != nil {
		if e := asError(err); e != nil {
			return nil, e
		}
		return nil, unsent(parent, &exchange{write: k.write, deadline: k.deadline}, k, err)
	}
	defer leave()
	ctx, done := c.quota.begin(ctx, c.quota.most.Answer)
	defer done()
	b := c.limiters.bucket(bucketKey{region: c.hosts.bucketRegion(k.url), subscription: ID(k.id.Key()).SubscriptionID(), principal: c.principal,
		class: classOf(k.method)})
	queued := time.Now()
	if err := c.waitForPlace(ctx, b, k); err != nil {
		if e := asError(err); e != nil {
			c.told(Request{Verb: k.verb, Type: metricType(k), Withheld: true})
			return nil, e
		}
		return nil, unsent(parent, &exchange{write: k.write, deadline: k.deadline}, k, err)
	}
	x := &exchange{write: k.write, once: k.once, deadline: k.deadline, most: c.quota.most.Answer, stopped: parent.Err}
	if k.write { // a process that is told to stop still waits for the answer to what has left, until the deadline
		var ended context.CancelFunc
		ctx, ended = context.WithDeadline(context.WithoutCancel(ctx), end)
		defer ended()
	}
	started := time.Now()
	a, err := c.send(context.WithValue(ctx, exchangeKey{}, x), k)
	if x.sends == 0 {
		b.giveBack()
		return nil, unsent(parent, x, k, err)
	}
	c.told(Request{Verb: k.verb, Type: metricType(k), StatusCode: x.status, Duration: time.Since(started), Waited: started.Sub(queued)})
	if err != nil {
		b.answered(time.Now(), c.speed, x.status, nil, 0)
		return nil, lost(parent, x, k, err)
	}
	now := time.Now()
	b.answered(now, c.speed, a.status, a.header, a.retryAfter)
	if !k.write {
		c.limiters.heard(k, asked, a, now, c.speed)
	}
	return a, nil
}

func (c *Client) told(r Request) {
	if c.observe != nil {
		c.observe(r)
	}
}

func classOf(method string) verbClass {
	switch method {
	case http.MethodGet:
		return reads
	case http.MethodDelete:
		return deletes
	}
	return writes
}

func metricType(k call) string {
	if k.verb == "POLL" {
		return "operation"
	}
	return k.id.Type()
}

// waitForPlace takes a token, sleeping for it if that is short. Its error is an *Error or that of ctx.
func (c *Client) waitForPlace(ctx context.Context, b *bucket, k call) error {
	wait, ok := b.take(time.Now(), c.speed, k.verb == "POLL")
	if !ok {
		return &Error{Class: Throttled, Doing: k.doing, RetryAfter: simulated(wait, c.speed),
			Message: fmt.Sprintf("not sent: Azure's limit on %s for this identity and subscription is used up", b.class)}
	}
	if wait <= 0 {
		return nil
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		b.giveBack()
		return ctx.Err()
	}
}

func (c *Client) send(ctx context.Context, k call) (*answer, error) {
	req, err := runtime.NewRequest(ctx, k.method, k.url.String())
	if err != nil {
		return nil, err
	}
	header := req.Raw().Header
	header.Set("Accept", "application/json")
	header.Set("x-ms-correlation-request-id", k.correlationID)
	header.Set("x-ms-client-request-id", uuid.NewString())
	if c.userAgent != "" {
		header.Set("User-Agent", c.userAgent)
	}
	if k.body != nil {
		if err := setBody(req, k.body); err != nil {
			return nil, err
		}
	}
	resp, err := c.pipeline.Do(req)
	if err != nil {
		return nil, err
	}
	body, err := runtime.Payload(resp)
	if err != nil {
		return nil, err
	}
	a := &answer{status: resp.StatusCode, header: resp.Header, body: body, correlationID: k.correlationID, retryAfter: c.retryAfter(resp.Header)}
	if theirs := resp.Header.Get("x-ms-correlation-request-id"); theirs != "" {
		a.correlationID = shorten(theirs)
	}
	return a, nil
}

func setBody(req *policy.Request, body []byte) error {
	return req.SetBody(streaming.NopCloser(bytes.NewReader(body)), "application/json")
}

// retryAfter reads seconds, milliseconds or an HTTP date. Seconds are Azure's; a date is on the wall clock.
func (c *Client) retryAfter(header http.Header) time.Duration {
	for name, unit := range map[string]time.Duration{"retry-after-ms": time.Millisecond, "x-ms-retry-after-ms": time.Millisecond, "Retry-After": time.Second} {
		if n, err := strconv.ParseFloat(header.Get(name), 64); err == nil && n > 0 && n < 7*24*3600*1000 {
			return time.Duration(math.Ceil(n * float64(unit)))
		}
	}
	if at, err := http.ParseTime(header.Get("Retry-After")); err == nil {
		return max(0, simulated(time.Until(at), c.speed))
	}
	return 0
}

// unsent explains a call that certainly did not leave.
func unsent(parent context.Context, x *exchange, k call, err error) *Error {
	e := &Error{Class: Transient, Doing: k.doing, Message: shorten("not sent: " + plain(err)), cause: err}
	var said *Error
	switch {
	case x.refused != nil:
		*e = *x.refused
	case x.write && parent.Err() == nil && !time.Now().Before(x.deadline):
		e.Class, e.Message = DeadlinePassed, "not sent: the deadline of the operation record has passed"
	case errors.As(err, &said): // the login failed
		*e = *said
		e.Message = said.Doing + ": " + said.Message
	}
	e.Doing = k.doing
	return e
}

// lost explains a call that was handed to the transport and has no complete answer.
func lost(parent context.Context, x *exchange, k call, err error) *Error {
	e := &Error{Class: Transient, Doing: k.doing, CorrelationID: k.correlationID, cause: err}
	switch {
	case x.refused != nil: // a second exchange, after a claims challenge
		*e = *x.refused
		e.Doing, e.CorrelationID = k.doing, k.correlationID
	case x.write && !x.reached.Load():
		return unsent(parent, x, k, err)
	case x.write:
		e.Class, e.Message = AnswerLost, shorten("the request may have reached Azure and no complete answer came: "+plain(err))
	default:
		e.Message = shorten("no complete answer: " + plain(err))
	}
	return e
}

// plain is an error's text without the URL that net/http puts before it: Azure's polling URLs are signed, and what is shown in a
// condition would change with each of them.
func plain(err error) string {
	var with *url.Error
	if errors.As(err, &with) {
		return with.Err.Error()
	}
	return err.Error()
}
