// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package arm

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

// Verb is the HTTP method of a Write.
type Verb string

// The verbs. POST needs an Action.
const (
	PUT    Verb = http.MethodPut
	PATCH  Verb = http.MethodPatch
	DELETE Verb = http.MethodDelete
	POST   Verb = http.MethodPost
)

// Write is one change, as its record says.
type Write struct {
	ID ID
	// Types are the ARM types that the writer may write, in any case. An id of another type is refused here: it came from somewhere that it
	// should not have.
	Types  []string
	Verb   Verb
	Action string // of a POST, such as rotateVcenterPassword
	Body   []byte // JSON; nil for DELETE and most actions
	// OperationID goes out as x-ms-correlation-request-id.
	OperationID string
	// Deadline, on the wall clock: after it the request does not leave any more, and a started exchange ends.
	Deadline time.Time
}

// Accepted is a success: done, or begun.
type Accepted struct {
	StatusCode int
	// Poll is where the operation is followed; zero when it was finished synchronously.
	Poll Poll
	// RetryAfter is how long Azure wants to be left alone, in its time; 0 if it did not say.
	RetryAfter time.Duration
	// Resource is the body, if there was one. Its values may still be the old ones, even with state Succeeded.
	Resource *Resource
	// PollTrouble says why a polling header is not followed as Azure gave it: it names a host that gets no token, is too long to be stored, or
	// is unreadable. Where that leaves none, the resource itself is polled. Empty: there was none.
	PollTrouble string
}

// Begin sends a write: exactly one HTTP exchange, never repeated here. The error's Class says whether it was answered,
// certainly not sent, or lost on the way.
func (c *Client) Begin(ctx context.Context, w Write) (*Accepted, error) {
	doing := string(w.Verb) + " " + string(w.ID)
	if w.Action != "" {
		doing += "/" + w.Action
	}
	if err := w.check(); err != nil {
		return nil, invalid(doing, err)
	}
	address, err := c.address(w.ID, w.Action, w.ID.apiVersion())
	if err != nil {
		return nil, invalid(doing, err)
	}
	askedAt := time.Now()
	a, err := c.exchange(ctx, call{verb: string(w.Verb), method: string(w.Verb), doing: doing, url: address, id: w.ID, body: w.Body,
		write: true, once: true, deadline: w.Deadline, correlationID: w.OperationID})
	if err != nil {
		return nil, err
	}
	if a.status < 200 || a.status > 299 {
		return nil, refusal(doing, a)
	}
	return c.accepted(w, doing, a, askedAt)
}

func (w Write) check() error {
	switch {
	case w.Verb != PUT && w.Verb != PATCH && w.Verb != DELETE && w.Verb != POST:
		return fmt.Errorf("%q is not a verb of a write", w.Verb)
	case (w.Verb == POST) != (w.Action != ""):
		return errors.New("an action goes with POST, and POST with an action")
	case !slices.ContainsFunc(w.Types, func(t string) bool { return strings.EqualFold(t, w.ID.Type()) }):
		return fmt.Errorf("it is a %s, and what is written here is %s", w.ID.Type(), strings.Join(w.Types, " or "))
	case w.OperationID == "" || w.Deadline.IsZero():
		return errors.New("a write needs the id and the deadline of its record")
	}
	return nil
}

// accepted finds out how to follow the operation. Azure's headers vary between types and versions, so they are taken in the order
// in which Microsoft's own clients take them; where there are none, a passing provisioningState or a bare 202 means that the
// resource itself must be polled.
func (c *Client) accepted(w Write, doing string, a *answer, askedAt time.Time) (*Accepted, error) {
	out := &Accepted{StatusCode: a.status, RetryAfter: a.retryAfter}
	out.Poll, out.PollTrouble = c.hosts.pollFrom(a.header)
	if len(a.body) > 0 && w.Verb != POST {
		resource, err := resourceFrom(w.ID, a.body, askedAt)
		if err != nil && out.Poll == (Poll{}) && out.PollTrouble == "" && (w.Verb == PUT || w.Verb == PATCH) {
			return nil, &Error{Class: AnswerLost, Doing: doing, StatusCode: a.status, CorrelationID: a.correlationID,
				Message: "the answer cannot be read, so it may not be Azure's: " + err.Error(), cause: err}
		}
		out.Resource = resource
	}
	passing := out.Resource != nil && !IsTerminal(out.Resource.ProvisioningState())
	if out.Poll == (Poll{}) && (passing || a.status == http.StatusAccepted || out.PollTrouble != "") {
		self, err := c.address(w.ID, "", w.ID.apiVersion())
		if err != nil {
			return nil, invalid(doing, err)
		}
		out.Poll.Location = self.RequestURI()
	}
	return out, nil
}
