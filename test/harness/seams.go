// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package harness

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"

	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/avs-operator/avs-operator/controllers"
)

// Moment at which the operator dies, around one of its writes.
type Moment string

// The three moments.
const (
	BeforeSend Moment = "before it is sent"
	AnswerLost Moment = "after its effect, the answer lost"
	AfterIt    Moment = "after its answer, before the next call"
)

// Moments are all of them.
var Moments = []Moment{BeforeSend, AnswerLost, AfterIt}

// errDead is what every call gets in a process that is dead: it reaches nobody.
var errDead = errors.New("the process is dead")

// Seams stand at the operator's writes, to the API server and to Azure. They number them, and at one of them the operator dies: from then
// on none of its calls reaches anybody, as if the process had been killed on that line.
type Seams struct {
	mu     sync.Mutex
	writes []string
	dieAt  int // from 1; 0: never
	moment Moment
	dead   bool
	onDie  func()
}

// NewSeams makes seams for one operator. It dies around its write of that number.
func NewSeams(dieAt int, moment Moment, onDie func()) *Seams {
	return &Seams{dieAt: dieAt, moment: moment, onDie: onDie}
}

// Writes lists what was about to be written, in order.
func (s *Seams) Writes() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.writes...)
}

// Install puts the seams into an operator's options.
func (s *Seams) Install(o *controllers.Options) {
	o.NewClient = func(config *rest.Config, options client.Options) (client.Client, error) {
		c, err := client.New(config, options)
		return &seamedClient{Client: c, seams: s}, err
	}
	o.WrapTransport = func(next http.RoundTripper) http.RoundTripper { return &seamedTransport{next: next, seams: s} }
}

// alive fails in a dead process.
func (s *Seams) alive() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.dead {
		return errDead
	}
	return nil
}

func (s *Seams) die() {
	s.mu.Lock()
	s.dead = true
	s.mu.Unlock()
	if s.onDie != nil {
		go s.onDie()
	}
}

// write passes one write through, or dies around it.
func (s *Seams) write(what string, send func() error) error {
	s.mu.Lock()
	if s.dead {
		s.mu.Unlock()
		return errDead
	}
	s.writes = append(s.writes, what)
	here := len(s.writes) == s.dieAt
	s.mu.Unlock()
	if !here {
		return send()
	}
	switch s.moment {
	case BeforeSend:
		s.die()
		return errDead
	case AnswerLost:
		_ = send()
		s.die()
		return errDead
	}
	err := send()
	s.die()
	return err
}

// seamedClient is the operator's client of the API server.
type seamedClient struct {
	client.Client
	seams *Seams
}

func named(verb string, o client.Object) string {
	return fmt.Sprintf("%s %s %s", verb, strings.TrimPrefix(fmt.Sprintf("%T", o), "*"), o.GetName())
}

func (c *seamedClient) Create(ctx context.Context, o client.Object, opts ...client.CreateOption) error {
	return c.seams.write(named("create", o), func() error { return c.Client.Create(ctx, o, opts...) })
}

func (c *seamedClient) Patch(ctx context.Context, o client.Object, patch client.Patch, opts ...client.PatchOption) error {
	return c.seams.write(named("patch", o), func() error { return c.Client.Patch(ctx, o, patch, opts...) })
}

func (c *seamedClient) Delete(ctx context.Context, o client.Object, opts ...client.DeleteOption) error {
	return c.seams.write(named("delete", o), func() error { return c.Client.Delete(ctx, o, opts...) })
}

func (c *seamedClient) Status() client.SubResourceWriter {
	return &seamedStatus{SubResourceWriter: c.Client.Status(), seams: c.seams}
}

type seamedStatus struct {
	client.SubResourceWriter
	seams *Seams
}

func (w *seamedStatus) Patch(ctx context.Context, o client.Object, patch client.Patch, opts ...client.SubResourcePatchOption) error {
	return w.seams.write(named("patch status of", o), func() error { return w.SubResourceWriter.Patch(ctx, o, patch, opts...) })
}

// seamedTransport is the operator's way to Azure.
type seamedTransport struct {
	next  http.RoundTripper
	seams *Seams
}

func (t *seamedTransport) RoundTrip(request *http.Request) (*http.Response, error) {
	reads := request.Method == http.MethodGet || strings.HasSuffix(request.URL.Path, "/token") || strings.HasSuffix(request.URL.Path, "/listAdminCredentials")
	if reads {
		if err := t.seams.alive(); err != nil {
			return nil, err
		}
		return t.next.RoundTrip(request)
	}
	var response *http.Response
	at := strings.LastIndex(request.URL.Path, "Microsoft.AVS/")
	err := t.seams.write(request.Method+" "+request.URL.Path[max(at, 0):], func() error {
		var err error
		if response, err = t.next.RoundTrip(request); err != nil {
			return err
		}
		body, err := io.ReadAll(response.Body) // whole: an answer that is lost was given
		_ = response.Body.Close()
		response.Body = io.NopCloser(bytes.NewReader(body))
		return err
	})
	if err != nil {
		return nil, err
	}
	return response, nil
}
