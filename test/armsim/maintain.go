// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package armsim

import (
	"net/http"
	"time"
)

// How a maintenance is scheduled, checked and carried out.

// schedule answers the actions schedule and reschedule, which differ in the state that they start from.
func schedule(operation, field, from string) func(*Server, *scoped, *resource) *answer {
	return func(s *Server, in *scoped, r *resource) *answer {
		body, refused := in.object(true)
		if refused != nil {
			return refused
		}
		if state := lookupString(r.body, stateName); state != from {
			return refuse(http.StatusConflict, "Conflict", "The maintenance '%s' is in state '%s'; %s needs state '%s'.", r.name, state, operation, from)
		}
		if reason, _ := r.hidden["locked"].(string); reason != "" {
			return refuse(http.StatusConflict, "OperationDisabled", "The operation %s of the maintenance '%s' is disabled: %s", operation, r.name, reason)
		}
		start, err := time.Parse(time.RFC3339, lookupString(body, field))
		if err != nil {
			return invalid("The value '%v' of '%s' is not a time as RFC 3339 writes it.", body[field], field)
		}
		if refused := startAllowed(r, start); refused != nil {
			return refused
		}
		put(r.body, "properties.scheduledByMicrosoft", false)
		s.setStart(r, start)
		put(r.body, "properties.state.message", lookupString(body, "message"))
		showChoices(r)
		return reply(http.StatusOK, r.typ.shown(r.body, in.version()))
	}
}

// startAllowed holds a start against the windows and the blocked times.
func startAllowed(r *resource, start time.Time) *answer {
	if start.Before(time.Now()) {
		return invalid("The time %s has passed.", timestamp(start))
	}
	constraints, _ := r.hidden["constraints"].([]any)
	for _, item := range constraints {
		c, _ := item.(map[string]any)
		if lookupString(c, "kind") == "AvailableWindowForMaintenance" && !between(c, start) {
			return refuse(http.StatusBadRequest, "OutsideMaintenanceWindow", "The time %s is not between %s and %s.", timestamp(start), c["startsAt"], c["endsAt"])
		}
		ranges, _ := c["timeRanges"].([]any)
		for _, item := range ranges {
			if blocked, _ := item.(map[string]any); between(blocked, start) {
				return refuse(http.StatusBadRequest, "MaintenanceTimeBlocked", "The time %s is blocked (%s): %s", timestamp(start), c["category"], blocked["reason"])
			}
		}
	}
	return nil
}

func between(window map[string]any, at time.Time) bool {
	from, err := time.Parse(time.RFC3339, lookupString(window, "startsAt"))
	to, err2 := time.Parse(time.RFC3339, lookupString(window, "endsAt"))
	return err == nil && err2 == nil && !at.Before(from) && !at.After(to)
}

// setStart schedules the work. A later schedule takes its place. s.mu is held.
func (s *Server) setStart(r *resource, start time.Time) {
	put(r.body, scheduledTime, timestamp(start))
	setMaintenance(r, scheduled, "")
	s.wait(r, max(0, time.Until(start)))
}

// wait lets a maintenance take its next step later. The simulated instant is kept with it, so that a loaded state goes on, and
// so that only the last schedule counts. s.mu is held.
func (s *Server) wait(r *resource, d time.Duration) {
	var due float64
	due = s.after(d, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if last, _ := r.hidden[dueKey].(float64); s.resources[r.key()] != r || last != due {
			return
		}
		switch lookupString(r.body, stateName) {
		case scheduled:
			s.carryOut(r)
		case inProgress:
			setMaintenance(r, "Success", "")
			showChoices(r)
		}
	}).Seconds()
	r.hide(dueKey, due)
}

const dueKey = "due"

// resumeMaintenances lets those of a loaded state go on. s.mu is held.
func (s *Server) resumeMaintenances() {
	for _, r := range s.resources {
		due, waits := r.hidden[dueKey].(float64)
		if state := lookupString(r.body, stateName); waits && r.typ.segment == "maintenances" && (state == scheduled || state == inProgress) {
			s.wait(r, max(0, time.Duration(due*float64(time.Second))-s.clock.now()))
		}
	}
}

// carryOut does the work. One that is not ready fails at once, as its checks said. s.mu is held.
func (s *Server) carryOut(r *resource) {
	s.check(r)
	if lookupString(r.body, "properties.maintenanceReadiness.status") == "NotReady" {
		setMaintenance(r, failed, "The checks before the maintenance failed.")
		showChoices(r)
		return
	}
	setMaintenance(r, inProgress, "")
	showChoices(r)
	minutes, _ := lookupInt(r.body, "properties.estimatedDurationInMinutes")
	s.wait(r, time.Duration(minutes)*time.Minute)
}

func setMaintenance(r *resource, state, message string) {
	now := timestamp(time.Now())
	put(r.body, "properties.state.name", state)
	put(r.body, "properties.state.message", message)
	switch state {
	case inProgress:
		put(r.body, "properties.state.startedAt", now)
	case "Success", failed:
		put(r.body, "properties.state.endedAt", now)
	}
}

func initiateChecks(s *Server, in *scoped, r *resource) *answer {
	if state := lookupString(r.body, stateName); state != notScheduled && state != scheduled {
		return refuse(http.StatusConflict, "Conflict", "The maintenance '%s' is in state '%s'; its checks are over.", r.name, state)
	}
	s.check(r)
	return reply(http.StatusOK, r.typ.shown(r.body, in.version()))
}

// check writes what stands in the way now. s.mu is held.
func (s *Server) check(r *resource) {
	found, _ := r.hidden["failedChecks"].([]any)
	readiness := map[string]any{"type": "Precheck", "status": "Ready", "message": "All checks passed", "failedChecks": []any{},
		"lastUpdated": timestamp(time.Now())}
	if len(found) > 0 {
		readiness["status"], readiness["message"], readiness["failedChecks"] = "NotReady", "Some checks failed", clone(found)
	}
	put(r.body, "properties.maintenanceReadiness", readiness)
}

// showChoices writes which operations the owner has now.
func showChoices(r *resource) {
	state, locked := lookupString(r.body, stateName), ""
	if reason, _ := r.hidden["locked"].(string); reason != "" {
		locked = reason
	}
	constraints, _ := clone(r.hidden["constraints"]).([]any)
	choice := func(kind string, allowed bool, constraints []any) map[string]any {
		out := map[string]any{"kind": kind, "isDisabled": !allowed || locked != "", "constraints": constraints}
		if locked != "" {
			out["disabledReason"] = locked
		} else if !allowed {
			out["disabledReason"] = "The maintenance is in state " + state
		}
		return out
	}
	again := []any{}
	for _, item := range constraints {
		if c, _ := item.(map[string]any); lookupString(c, "kind") != "SchedulingWindow" {
			again = append(again, clone(c))
		}
	}
	refresh := map[string]any{"kind": "MaintenanceReadinessRefresh", "isDisabled": state != notScheduled && state != scheduled, "status": "NotStarted",
		"refreshedByMicrosoft": false}
	put(r.body, "properties.operations", []any{
		choice("Schedule", state == notScheduled, constraints), choice("Reschedule", state == scheduled, again), refresh,
	})
}
