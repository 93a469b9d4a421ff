// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package armsim

import (
	"net/http"
	"strings"
	"time"

	"github.com/google/uuid"
)

// operation is a long-running operation. It stays readable after its end.
type operation struct {
	id         string
	resourceID string
	sub        *subscription
	location   string
	apiVersion string
	armsOwn    bool   // of ARM itself, not of Microsoft.AVS: the deletion of a resource group
	groupPath  string // set: the status document is served below this resource group, as for password rotation
	withResult bool   // Location ends in the resource
	noContent  bool   // Location ends in 204
	retryAfter time.Duration
	hidden     bool // no polling headers

	status         string
	started, ended time.Time
	ending         string // how it is going to end, unless work fails
	code, message  string // of the error, unless it succeeds

	kind   string            // what it does: a name in operationKinds
	args   map[string]string // of the kind
	change *change           // of changeKind
	fault  *Fault            // that the request met
	due    time.Duration     // when it ends, by the server's clock

	work   func() error       // what happens beside ARM, such as in a vCenter; without the lock
	finish func(state string) // the effect; with the lock
}

const inProgress = "InProgress"

// newOperation makes an operation of a request. s.mu is held.
func (s *Server) newOperation(c *call, resourceID string, sub *subscription, location string) *operation {
	op := &operation{
		id: uuid.NewString(), resourceID: resourceID, sub: sub, location: location, apiVersion: c.query.Get("api-version"),
		status: inProgress, started: time.Now(), retryAfter: s.config.RetryAfter, ending: c.fault.ending(),
		fault: c.fault,
	}
	if f := c.fault; f != nil {
		op.code, op.message, op.hidden = f.Code, f.Message, f.NoPollingHeaders
		if f.RetryAfter > 0 {
			op.retryAfter = f.RetryAfter
		}
	}
	s.operations[op.id] = op
	return op
}

// run ends op after a simulated length. s.mu is held.
func (s *Server) run(op *operation, length time.Duration) {
	s.log.Info("Began operation", "operation", op.id, "resource", op.resourceID, "length", length)
	s.schedule(op, length)
}

func (s *Server) schedule(op *operation, length time.Duration) {
	op.due = s.after(length, func() {
		s.mu.Lock()
		works := op.work != nil && op.ending == succeeded
		s.mu.Unlock()
		var err error
		if works {
			err = op.work()
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		s.end(op, err)
	})
}

func (s *Server) end(op *operation, err error) {
	state := op.ending
	if err != nil {
		state, op.code, op.message = failed, "InternalServerError", err.Error()
	}
	if state != succeeded && op.code == "" {
		op.code, op.message = "OperationFailed", "The operation ended in state "+state+". Open a support request with the correlation id."
	}
	op.finish(state)
	op.status, op.ended = state, time.Now()
	s.log.Info("Ended operation", "operation", op.id, "resource", op.resourceID, "state", state)
}

func (op *operation) done() bool { return op.status != inProgress }

func (op *operation) path(kind string) string {
	if op.armsOwn {
		return op.sub.path() + "/" + strings.ToLower(kind) + "/" + op.id
	}
	if op.groupPath != "" {
		return op.groupPath + "/providers/" + avs + "/" + strings.ToLower(kind) + "/" + op.id
	}
	return op.sub.path() + "/providers/" + avs + "/locations/" + op.location + "/" + kind + "/" + op.id
}

// pollURL is absolute, because go-azure-sdk refuses anything else, and carries its api-version, because pollers add none. It is signed anew in
// each answer, as Azure's are.
func (s *Server) pollURL(op *operation, kind string) string {
	host, longer := s.linkHost(), 0
	if f := op.fault; f != nil {
		longer = f.PollURLBytes
		if f.PollHost != "" {
			host = f.PollHost
		}
	}
	path := op.path(kind)
	return host + path + "?" + s.signer.sign(path, op.apiVersion, time.Now(), longer-len(host))
}

// linkHost is scheme and host of the links that answers hold: a regional host of Azure Resource Manager, if there are any.
func (s *Server) linkHost() string {
	if s.config.Region == "" {
		return s.url
	}
	return "https://" + s.config.Region + "." + strings.TrimPrefix(s.url, "https://")
}

// accepted answers the request that began op.
func (s *Server) accepted(_ *call, op *operation, status int, how style, body any) *answer {
	a := reply(status, body)
	if op.hidden {
		return a
	}
	switch how {
	case viaAsyncOperation:
		a.with("Azure-AsyncOperation", s.pollURL(op, "operationStatuses"))
	case viaLocation:
		a.with("Location", s.pollURL(op, "operationResults"))
	case noVerb, synchronous: // nothing to poll
	}
	return a.retryAfter(op.retryAfter)
}

// operationStatus serves what Azure-AsyncOperation names.
func (s *Server) operationStatus(c *call, id string) *answer {
	op, refused := s.operation(c, id)
	if refused != nil {
		return refused
	}
	body := map[string]any{
		"id": op.path("operationStatuses"), "name": op.id, "resourceId": op.resourceID, "status": op.status, "startTime": timestamp(op.started),
	}
	if !op.done() {
		return reply(http.StatusOK, body).retryAfter(op.retryAfter)
	}
	body["endTime"] = timestamp(op.ended)
	if op.status != succeeded {
		body["error"] = errorBody(op.code, op.message)
	}
	return reply(http.StatusOK, body)
}

// operationResult serves what Location names: 202 until done, then 200 with the resource, or an empty 200, which is the only
// ending that every client takes.
func (s *Server) operationResult(c *call, id string) *answer {
	op, refused := s.operation(c, id)
	if refused != nil {
		return refused
	}
	if !op.done() {
		return s.accepted(c, op, http.StatusAccepted, viaLocation, nil)
	}
	if op.withResult {
		if r, ok := s.resources[strings.ToLower(op.resourceID)]; ok {
			return reply(http.StatusOK, r.typ.shown(r.body, c.version()))
		}
	}
	if op.status != succeeded {
		return refuse(http.StatusConflict, op.code, "%s", op.message)
	}
	if op.noContent {
		return reply(http.StatusNoContent, nil)
	}
	return reply(http.StatusOK, nil)
}

func (s *Server) operation(c *call, id string) (*operation, *answer) {
	op, ok := s.operations[strings.ToLower(id)]
	if !ok || !strings.HasPrefix(c.path, strings.ToLower(op.sub.path())+"/") {
		return nil, refuse(http.StatusNotFound, "OperationNotFound", "The operation '%s' could not be found.", id)
	}
	if c.http.Method != http.MethodGet {
		return nil, methodNotAllowed(c)
	}
	if refused := s.signer.check(c.path, c.query); refused != nil {
		return nil, refused
	}
	return op, nil
}
