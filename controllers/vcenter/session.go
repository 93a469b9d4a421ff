// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package vcenter

import (
	"context"
	"errors"
	"fmt"
	"net/http/httptrace"
	"reflect"
	"strings"
	"sync/atomic"
	"time"

	"github.com/vmware/govmomi/fault"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

// session is one login shared by all calls of a client. It implements soap.RoundTripper: a call that finds the session
// ended renews it and is sent once more. NotAuthenticated means that the call was not carried out, so this holds for
// calls that change vCenter too.
type session struct {
	c    *Client
	soap *soap.Client
	turn chan struct{}           // held while logging in: one login for all who find the session ended
	now  atomic.Pointer[loginOf] // nil before the first login
	over atomic.Bool             // closed: nobody logs in again, else a watcher left running would keep a session for ever
}

// loginOf is one login; its address tells it from the next.
type loginOf struct{ key, user string }

type writeKey struct{}

// writeCall follows one call that changes vCenter: whether it may have left this process.
type writeCall struct{ sent atomic.Bool }

// RoundTrip sends one call within a live session.
func (s *session) RoundTrip(ctx context.Context, req, res soap.HasFault) error {
	was := s.now.Load()
	err := s.send(ctx, req, res)
	if !fault.Is(err, &types.NotAuthenticated{}) {
		return err
	}
	if err := s.renew(ctx, was); err != nil {
		return err
	}
	reflect.ValueOf(res).Elem().SetZero() // else the fault of the first answer would stand in the second
	if w, ok := ctx.Value(writeKey{}).(*writeCall); ok {
		w.sent.Store(false) // refused by vCenter, so not received in any sense that matters
	}
	return s.send(ctx, req, res)
}

// send asks MayWrite right before a call that changes vCenter goes out, and notes whether anything went out: a failure
// before that is harmless, one after it leaves the outcome unknown. So the answer to what went out is waited for although the process is told to stop.
func (s *session) send(ctx context.Context, req, res soap.HasFault) error {
	w, ok := ctx.Value(writeKey{}).(*writeCall)
	if !ok {
		return s.call(ctx, req, res)
	}
	if may := s.c.e.MayWrite; may != nil {
		if err := may(); err != nil {
			return &Error{Class: WriteRefused, Err: fmt.Errorf("not sent: %w", err)}
		}
	}
	if err := ctx.Err(); err != nil {
		return &Error{Class: Canceled, Err: fmt.Errorf("not sent: %w", err)}
	}
	until, _ := ctx.Deadline() // write gives each one
	ctx, cancel := context.WithDeadline(context.WithoutCancel(ctx), until)
	defer cancel()
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GotConn: func(httptrace.GotConnInfo) { w.sent.Store(true) },
	})
	return s.call(ctx, req, res)
}

// call makes one SOAP call and tells of it.
func (s *session) call(ctx context.Context, req, res soap.HasFault) error {
	started := time.Now()
	err := s.soap.RoundTrip(ctx, req, res)
	if told := s.c.e.Observe; told != nil {
		method := strings.TrimSuffix(reflect.TypeOf(req).Elem().Name(), "Body")
		told(Call{Method: method, Duration: time.Since(started), Err: err, Answered: err == nil || soap.IsSoapFault(err), Updates: updatesIn(res)})
	}
	return err
}

// updatesIn counts the objects that an answer has news of.
func updatesIn(res soap.HasFault) int {
	answer, ok := res.(*methods.WaitForUpdatesExBody)
	if !ok || answer.Res == nil || answer.Res.Returnval == nil {
		return 0
	}
	n := 0
	for _, set := range answer.Res.Returnval.FilterSet {
		n += len(set.ObjectSet)
	}
	return n
}

// sessionless makes calls without a login: those of the login itself, and those that end what a client had.
type sessionless struct{ s *session }

// RoundTrip makes one call.
func (l sessionless) RoundTrip(ctx context.Context, req, res soap.HasFault) error {
	return l.s.call(ctx, req, res)
}

// renew logs in unless somebody else did since was.
func (s *session) renew(ctx context.Context, was *loginOf) error {
	select {
	case s.turn <- struct{}{}:
		defer func() { <-s.turn }()
	case <-ctx.Done():
		return ctx.Err()
	}
	if s.over.Load() {
		return &Error{Class: Canceled, Err: errors.New("the client was closed")}
	}
	if s.now.Load() != was {
		return nil
	}
	e := s.c.e
	key := s.c.guard.key(s.c.host, e.Username, e.Password)
	return s.c.guard.do(ctx, key, e.Speed, func() error { return s.login(ctx) })
}

// login is one attempt. It also reads who the server is: behind the same address another vCenter may stand after a restore
// or a mistake in DNS, whose references mean other machines.
func (s *session) login(ctx context.Context) error {
	const doing = "log in"
	ctx, cancel := context.WithTimeout(ctx, CallTimeout)
	defer cancel()
	if s.c.about.InstanceUUID == "" {
		if err := s.negotiate(ctx); err != nil {
			return classify(ctx, "read the API versions", s.c.host, err, false)
		}
	}
	content, err := methods.GetServiceContent(ctx, sessionless{s})
	if err != nil {
		return classify(ctx, "read the service content", s.c.host, err, false)
	}
	if content.SessionManager == nil || content.About.InstanceUuid == "" {
		return &Error{Class: NotSupported, Doing: doing, Server: s.c.host, Err: fmt.Errorf("%s is not a vCenter", content.About.FullName)}
	}
	if was := s.c.about.InstanceUUID; was != "" && was != content.About.InstanceUuid {
		return &Error{Class: IdentityChanged, Doing: doing, Server: s.c.host,
			Err: fmt.Errorf("another vCenter answers: instance UUID %s, before it was %s", content.About.InstanceUuid, was)}
	}
	res, err := methods.Login(ctx, sessionless{s}, &types.Login{
		This: *content.SessionManager, UserName: s.c.e.Username, Password: s.c.e.Password, Locale: "en_US",
	})
	if err != nil {
		return classifyLogin(ctx, doing, s.c.host, err)
	}
	if s.c.about.InstanceUUID == "" { // first login, before anybody shares the client
		s.c.vim.ServiceContent, s.c.about = content, aboutOf(content.About)
	}
	s.now.Store(&loginOf{key: res.Returnval.Key, user: res.Returnval.UserName})
	return nil
}
