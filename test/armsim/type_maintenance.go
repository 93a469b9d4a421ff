// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package armsim

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// Maintenance is work on a private cloud that Microsoft announces. Its times are moments of the wall clock; from now to
// them passes as simulated time, like every wait.
type Maintenance struct {
	Name        string
	Component   string // VCSA, ESXI or NSXT; empty: ESXI
	DisplayName string
	ClusterID   int // of the one cluster that it is for; 0: the whole private cloud
	InfoLink    string
	Impact      string

	Start       time.Time     // set: scheduled by Microsoft for then
	Estimated   time.Duration // whole minutes; 0: 16 h
	WindowStart time.Time     // the owner may choose a start from here; zero: now
	WindowEnd   time.Time     // to here; zero: 30 days later
	Blocked     []Blocked
	// FailedChecks keep it from being ready. Checks that are initiated see what is in here then.
	FailedChecks []FailedCheck
	// Locked keeps the owner from scheduling it, for this reason.
	Locked string
}

// Blocked is a time in which no maintenance may start.
type Blocked struct {
	Category string // HiPriorityEvent, QuotaExhausted or Holiday
	Reason   string
	From, To time.Time
}

// FailedCheck is what stands in the way of a maintenance.
type FailedCheck struct {
	Name     string // EPC_CDROM_MOUNTED and the like
	Resource string // the ARM id that it is about; empty: the private cloud
	Details  string
	Steps    []string // that resolve it
}

// states of a maintenance.
const (
	notScheduled  = "NotScheduled"
	scheduled     = "Scheduled"
	stateName     = "properties.state.name"
	scheduledTime = "properties.scheduledStartTime"
)

func maintenances(cloud *resourceType) *resourceType {
	return &resourceType{
		segment: "maintenances", parent: cloud, class: lightClass, since: "2025-09-01", filter: wantedMaintenance,
		actions: map[string]action{
			"schedule":       {name: "schedule", run: schedule("Schedule", "scheduleTime", notScheduled)},
			"reschedule":     {name: "reschedule", run: schedule("Reschedule", "rescheduleTime", scheduled)},
			"initiatechecks": {name: "initiateChecks", run: initiateChecks},
		},
	}
}

// Announce makes a maintenance of a private cloud known and answers its ARM id.
func (s *Server) Announce(privateCloudID string, m Maintenance) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	cloud, ok := s.resources[strings.ToLower(privateCloudID)]
	if !ok || cloud.parent != nil {
		return "", fmt.Errorf("announcing a maintenance of %s: there is no such private cloud", privateCloudID)
	}
	return s.announce(cloud, m).id, nil
}

// announce makes the resource of a maintenance. s.mu is held.
func (s *Server) announce(cloud *resource, m Maintenance) *resource {
	m.setDefaults()
	t := typeOf(cloud.typ, "maintenances")
	r := newResource(t, cloud.sub, "", m.Name, cloud)
	r.body = map[string]any{"id": r.id, "name": m.Name, "type": t.name, "properties": map[string]any{
		"component": m.Component, "displayName": m.DisplayName, "infoLink": m.InfoLink, "impact": m.Impact, "provisioningState": succeeded,
		"scheduledByMicrosoft": !m.Start.IsZero(), "estimatedDurationInMinutes": float64(m.Estimated / time.Minute),
		"state": map[string]any{"name": notScheduled, "message": ""},
	}}
	if m.ClusterID > 0 {
		put(r.body, "properties.clusterId", float64(m.ClusterID))
	}
	put(r.body, "systemData.createdAt", timestamp(time.Now()))
	r.hide("constraints", m.constraints())
	r.hide("locked", m.Locked)
	r.hide("failedChecks", m.checks(cloud))
	s.keep(r)
	s.check(r)
	if !m.Start.IsZero() {
		s.setStart(r, m.Start)
	}
	showChoices(r)
	return r
}

func (m *Maintenance) setDefaults() {
	if m.Component == "" {
		m.Component = "ESXI"
	}
	if m.DisplayName == "" {
		m.DisplayName = m.Component + " upgrade"
	}
	if m.Name == "" {
		m.Name = strings.ToLower(strings.ReplaceAll(m.DisplayName, " ", "-"))
	}
	if m.Estimated < time.Minute {
		m.Estimated = 16 * time.Hour
	}
	if m.WindowStart.IsZero() {
		m.WindowStart = time.Now()
	}
	if m.WindowEnd.IsZero() {
		m.WindowEnd = m.WindowStart.Add(30 * 24 * time.Hour)
	}
}

// constraints are what a start has to keep to, as the operations of the maintenance show them.
func (m *Maintenance) constraints() []any {
	window := func(kind string) map[string]any {
		return map[string]any{"kind": kind, "startsAt": timestamp(m.WindowStart), "endsAt": timestamp(m.WindowEnd)}
	}
	out := []any{window("SchedulingWindow"), window("AvailableWindowForMaintenance")}
	for _, b := range m.Blocked {
		category := b.Category
		if category == "" {
			category = "Holiday"
		}
		out = append(out, map[string]any{"kind": "Blocked", "category": category, "timeRanges": []any{
			map[string]any{"startsAt": timestamp(b.From), "endsAt": timestamp(b.To), "reason": b.Reason},
		}})
	}
	return out
}

func (m *Maintenance) checks(cloud *resource) []any {
	out := []any{}
	for _, f := range m.FailedChecks {
		id := f.Resource
		if id == "" {
			id = cloud.id
		}
		out = append(out, map[string]any{"name": f.Name, "impactedResources": []any{map[string]any{"id": id, "errors": []any{map[string]any{
			"errorCode": f.Name, "name": f.Name, "details": f.Details, "resolutionSteps": clone(f.Steps), "actionRequired": true,
		}}}}})
	}
	return out
}

// SetFailedChecks says what the next check of a maintenance finds in the way; none makes it ready.
func (s *Server) SetFailedChecks(maintenanceID string, failed ...FailedCheck) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, ok := s.resources[strings.ToLower(maintenanceID)]
	if !ok || r.typ.segment != "maintenances" {
		return fmt.Errorf("setting the failed checks of %s: there is no such maintenance", maintenanceID)
	}
	m := Maintenance{FailedChecks: failed}
	r.hide("failedChecks", m.checks(r.parent))
	return nil
}

// wantedMaintenance narrows a list by stateName, status, from and to.
func wantedMaintenance(query url.Values, item map[string]any) (bool, *answer) {
	state := lookupString(item, stateName)
	if name := query.Get("stateName"); name != "" && name != state {
		return false, nil
	}
	active := slices.Contains([]string{notScheduled, scheduled, inProgress}, state)
	switch status := query.Get("status"); status {
	case "":
	case "Active", "Inactive":
		if active != (status == "Active") {
			return false, nil
		}
	default:
		return false, invalid("The value '%s' of 'status' is not one of: Active, Inactive.", status)
	}
	start, _ := time.Parse(time.RFC3339, lookupString(item, scheduledTime))
	for name, outside := range map[string]func(time.Time) bool{"from": start.Before, "to": start.After} {
		if query.Get(name) == "" {
			continue
		}
		limit, err := time.Parse(time.RFC3339, query.Get(name))
		if err != nil {
			return false, refuse(http.StatusBadRequest, "InvalidParameter", "The value '%s' of '%s' is not a time as RFC 3339 writes it.", query.Get(name), name)
		}
		if start.IsZero() || outside(limit) {
			return false, nil
		}
	}
	return true, nil
}
