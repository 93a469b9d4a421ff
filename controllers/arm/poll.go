// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package arm

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"time"
)

// Poll is where a long-running operation is followed, to be stored as it is: a path is asked of the configured host, an absolute URL names a
// regional one. Whoever can edit the store could name a host of their own: of any that is not ARM's only the path is taken.
type Poll struct {
	AsyncOperation string
	Location       string
}

// State is how far an operation is.
type State string

// The states. Everything that Azure does not call final is InProgress.
const (
	InProgress State = "InProgress"
	Succeeded  State = "Succeeded"
	Failed     State = "Failed"
	Canceled   State = "Canceled"
)

func stateOf(s string) State {
	switch strings.ToLower(s) {
	case "succeeded", "completed":
		return Succeeded
	case "failed":
		return Failed
	case "canceled", "cancelled":
		return Canceled
	}
	return InProgress
}

// Progress is what a poll found. Succeeded means that the operation ended, not that the resource is as asked: read it.
type Progress struct {
	State State
	// Err says why, of Failed and Canceled.
	Err *Error
	// RetryAfter is in Azure's time; 0 if it did not say.
	RetryAfter time.Duration
	// Poll is where to ask next; headers may have moved it.
	Poll Poll
}

// Poll asks once. An error is trouble with asking, not the operation's failure. NotFound means that Azure has forgotten the
// operation, or that the resource polled in its stead is gone: look at the resource.
func (c *Client) Poll(ctx context.Context, p Poll) (*Progress, error) {
	const doing = "follow the operation"
	link, async := p.AsyncOperation, true
	if link == "" {
		link, async = p.Location, false
	}
	if link == "" {
		return nil, invalid(doing, errors.New("the record has no polling URL"))
	}
	address, _, err := c.hosts.link(link)
	if err != nil {
		return nil, invalid(doing, err)
	}
	a, err := c.exchange(ctx, call{verb: "POLL", doing: doing, url: address, id: ID(address.Path), once: true})
	if err != nil {
		return nil, err
	}
	next := p
	if moved, _ := c.hosts.pollFrom(a.header); async && moved.AsyncOperation != "" {
		next.AsyncOperation = moved.AsyncOperation
	} else if !async && moved.Location != "" {
		next.Location = moved.Location
	}
	out, err := progress(doing, a, async)
	if err != nil {
		return nil, err
	}
	out.Poll, out.RetryAfter = next, a.retryAfter
	return out, nil
}

// statusDocument is what Azure-AsyncOperation answers; a Location answers the resource, which has its state elsewhere.
type statusDocument struct {
	Status     string     `json:"status"`
	Error      *errorBody `json:"error"`
	Properties struct {
		ProvisioningState string `json:"provisioningState"`
	} `json:"properties"`
}

func progress(doing string, a *answer, async bool) (*Progress, error) {
	if !async && (a.status == http.StatusBadRequest || a.status == http.StatusConflict || a.status == http.StatusUnprocessableEntity) {
		// A Location answers with the operation's own failure where Azure-AsyncOperation has a document for it. The status says nothing about it:
		// a 409 here is no conflict of the poll.
		said := parseError(a.body)
		return &Progress{State: Failed, Err: failure(doing, a, Failed, &said)}, nil
	}
	if a.status < 200 || a.status > 299 {
		return nil, refusal(doing, a)
	}
	if a.status == http.StatusNoContent || (len(a.body) == 0 && !async && a.status != http.StatusAccepted) {
		return &Progress{State: Succeeded}, nil
	}
	var said statusDocument
	if err := json.Unmarshal(a.body, &said); err != nil && (async || len(a.body) > 0) {
		return nil, unreadable(doing, a, err)
	}
	word := said.Status
	if word == "" {
		word = said.Properties.ProvisioningState
	}
	switch state := stateOf(word); {
	case state == Failed || state == Canceled:
		return &Progress{State: state, Err: failure(doing, a, state, said.Error)}, nil
	case state == Succeeded:
		return &Progress{State: Succeeded}, nil
	case word == "" && a.status != http.StatusAccepted && !async:
		return &Progress{State: Succeeded}, nil // a resource whose type never says a state
	}
	return &Progress{State: InProgress}, nil
}

func failure(doing string, a *answer, state State, said *errorBody) *Error {
	e := &Error{Doing: doing, CorrelationID: a.correlationID}
	if said != nil {
		e.Code, e.Message = said.Code, said.text()
		e.Class = classify(0, said.codes(), e.Message)
	}
	switch {
	case state == Canceled && (said == nil || said.Code == ""):
		e.Class, e.Code = Transient, "Canceled"
	case said == nil:
		e.Class = SupportRequired
	}
	if e.Message == "" {
		e.Message = "the operation ended as " + string(state) + " and Azure gave no reason"
	}
	return e
}
