// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package maintenance

import (
	"cmp"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/arm"
	"github.com/avs-operator/avs-operator/controllers/maintenance/windows"
	"github.com/avs-operator/avs-operator/controllers/text"
)

// announced reads a maintenance as the decisions need it. What Azure leaves out is left out: no operation is none that may be asked for.
func announced(r *arm.Resource) windows.Maintenance {
	m := windows.Maintenance{
		Component: r.String("/properties/component"), State: r.String("/properties/state/name"), Outcome: r.String("/properties/state/message"),
		Start: timeOf(r.String("/properties/scheduledStartTime")), Takes: time.Duration(r.Int("/properties/estimatedDurationInMinutes")) * time.Minute,
		Readiness: r.String("/properties/maintenanceReadiness/status"),
	}
	byMicrosoft, _ := r.Value("/properties/scheduledByMicrosoft")
	m.ByMicrosoft, _ = byMicrosoft.(bool)
	for _, operation := range objects(r.Body, "properties", "operations") {
		disabled, _ := operation["isDisabled"].(bool)
		offer := windows.Offer{Open: !disabled, Why: stringIn(operation, "disabledReason"), Rules: rules(operation)}
		switch stringIn(operation, "kind") {
		case "Schedule":
			m.Schedule = offer
		case "Reschedule":
			m.Reschedule = offer
		case "MaintenanceReadinessRefresh":
			offer.Open = offer.Open && stringIn(operation, "status") != "InProgress"
			m.Check = offer
		}
	}
	for _, check := range failedChecks(r) {
		m.Failed = append(m.Failed, check.Name)
	}
	return m
}

func rules(operation map[string]any) windows.Rules {
	var out windows.Rules
	for _, c := range objects(operation, "constraints") {
		switch stringIn(c, "kind") {
		case "SchedulingWindow":
			out.Scheduling = append(out.Scheduling, spanOf(c))
		case "AvailableWindowForMaintenance":
			out.Available = append(out.Available, spanOf(c))
		case "Blocked":
			for _, span := range objects(c, "timeRanges") {
				out.Blocked = append(out.Blocked, windows.Block{Span: spanOf(span), Category: stringIn(c, "category"), Reason: stringIn(span, "reason")})
			}
		}
	}
	return out
}

func spanOf(object map[string]any) windows.Span {
	return windows.Span{From: timeOf(stringIn(object, "startsAt")), To: timeOf(stringIn(object, "endsAt"))}
}

// mostChecks and mostImpacted bound what status lists.
const (
	mostChecks   = 32
	mostImpacted = 16
)

// failedChecks are what stands in the way.
func failedChecks(r *arm.Resource) []v1alpha1.FailedCheck {
	checks := objects(r.Body, "properties", "maintenanceReadiness", "failedChecks")
	var out []v1alpha1.FailedCheck
	for _, check := range checks[:min(len(checks), mostChecks)] {
		out = append(out, failedCheck(check))
	}
	return out
}

// failedCheck is one of them, with what it means and what mends it: what is known of the code, else Azure's words.
func failedCheck(check map[string]any) v1alpha1.FailedCheck {
	f := v1alpha1.FailedCheck{Name: stringIn(check, "name")}
	var details, steps string
	for _, resource := range objects(check, "impactedResources") {
		if id := stringIn(resource, "id"); id != "" && len(f.Resources) < mostImpacted {
			f.Resources = append(f.Resources, text.Cut(id, 1024))
		}
		for _, e := range objects(resource, "errors") {
			f.Name = cmp.Or(f.Name, stringIn(e, "errorCode"))
			if details == "" {
				details, steps = stringIn(e, "details"), lines(e, "resolutionSteps")
			}
		}
	}
	f.Name = text.Cut(cmp.Or(f.Name, "Unknown"), 128)
	f.Meaning, f.Action = details, steps
	if known, ok := windows.AdviceFor(f.Name); ok {
		f.Meaning, f.Action = known.Meaning, known.Action
		if details != "" {
			f.Meaning += ": " + details
		}
	}
	f.Meaning, f.Action = text.Cut(f.Meaning, 1024), text.Cut(f.Action, 1024)
	return f
}

// checkedAt is when Azure last looked whether it is ready.
func checkedAt(r *arm.Resource) time.Time {
	return timeOf(r.String("/properties/maintenanceReadiness/lastUpdated"))
}

// statusOf is the part of a maintenance's status that Azure itself says.
func statusOf(r *arm.Resource, m windows.Maintenance) v1alpha1.MaintenanceStatus {
	out := v1alpha1.MaintenanceStatus{
		Name: text.Cut(r.Name, 253), Component: text.Cut(m.Component, 64),
		DisplayName: text.Cut(r.String("/properties/displayName"), 512), State: text.Cut(m.State, 64),
		ClusterID:                int32(min(max(r.Int("/properties/clusterId"), 0), 1<<20)), //nolint:gosec // bounded
		EstimatedDurationMinutes: int32(min(max(m.Takes/time.Minute, 0), 1<<30)),            //nolint:gosec // bounded
		Readiness:                text.Cut(m.Readiness, 64), FailedChecks: failedChecks(r),
	}
	if !m.Start.IsZero() {
		out.ScheduledStartTime = &metav1.Time{Time: m.Start.Truncate(time.Second)}
	}
	return out
}

// objects are the objects in a list that a path of keys leads to.
func objects(body map[string]any, path ...string) []map[string]any {
	var here any = body
	for _, key := range path {
		inner, _ := here.(map[string]any)
		here = inner[key]
	}
	items, _ := here.([]any)
	var out []map[string]any
	for _, item := range items {
		if object, ok := item.(map[string]any); ok {
			out = append(out, object)
		}
	}
	return out
}

func stringIn(object map[string]any, key string) string {
	value, _ := object[key].(string)
	return value
}

func lines(object map[string]any, key string) string {
	items, _ := object[key].([]any)
	var out []string
	for _, item := range items {
		if line, ok := item.(string); ok {
			out = append(out, line)
		}
	}
	return strings.Join(out, "; ")
}

func timeOf(text string) time.Time {
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return time.Time{}
	}
	return at.UTC()
}
