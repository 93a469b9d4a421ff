// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package metrics is what the operator tells of its work: one INFO line when a write is sent and one when its operation ended, and metrics for
// Prometheus. Every metric stands in the Catalogue with all values that its labels can have. The protocols know nothing of it: they call functions
// that setup gives them.
package metrics

import (
	"fmt"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// Metrics counts and measures. A nil *Metrics does nothing, so that who is tested alone needs none. It is safe for concurrent use.
type Metrics struct {
	counters   map[*Metric]*prometheus.CounterVec
	histograms map[*Metric]*prometheus.HistogramVec
	ended      ended
}

// New makes the metrics of one operator and registers them. Two operators in one process need a registry each.
func New(registry prometheus.Registerer) (*Metrics, error) {
	m := &Metrics{counters: map[*Metric]*prometheus.CounterVec{}, histograms: map[*Metric]*prometheus.HistogramVec{}}
	for _, metric := range Catalogue {
		var collector prometheus.Collector
		switch metric.Type {
		case Counter:
			m.counters[metric] = prometheus.NewCounterVec(prometheus.CounterOpts{Name: metric.Name, Help: metric.Help}, metric.labels())
			collector = m.counters[metric]
		case Histogram:
			m.histograms[metric] = prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: metric.Name, Help: metric.Help, Buckets: metric.Buckets}, metric.labels())
			collector = m.histograms[metric]
		default:
			continue // counted when somebody asks, by a collector
		}
		if err := registry.Register(collector); err != nil {
			return nil, fmt.Errorf("register the metric %s: %w", metric.Name, err)
		}
	}
	return m, nil
}

func (c *Metric) labels() []string {
	out := make([]string, len(c.Labels))
	for i, label := range c.Labels {
		out[i] = label.Name
	}
	return out
}

// bounded are the values of a metric's labels, in their order, none of them outside its bound.
func (c *Metric) bounded(values []string) []string {
	out := make([]string, len(values))
	for i, value := range values {
		out[i] = c.Labels[i].value(value)
	}
	return out
}

func (m *Metrics) add(metric *Metric, n float64, values ...string) {
	m.counters[metric].WithLabelValues(metric.bounded(values)...).Add(n)
}

func (m *Metrics) observe(metric *Metric, took time.Duration, values ...string) {
	m.histograms[metric].WithLabelValues(metric.bounded(values)...).Observe(took.Seconds())
}

// shortestWait is what counts as having waited in a queue: less is what taking a place costs.
const shortestWait = time.Millisecond

// ARMRequest counts an exchange with Azure Resource Manager, that no answer came to if the status is 0, and that waited for a place in Azure's
// limits before.
func (m *Metrics) ARMRequest(verb, resourceType string, status int, took, waited time.Duration) {
	if m == nil {
		return
	}
	m.add(armRequests, 1, verb, resourceType, codeOf(status))
	m.observe(armDuration, took, verb)
	if waited >= shortestWait {
		m.observe(armQueued, waited, verb)
	}
}

// ARMWithheld counts a request that got no place in Azure's limits.
func (m *Metrics) ARMWithheld(verb string) {
	if m != nil {
		m.add(armWithheld, 1, verb)
	}
}

// EntraToken counts a token that was asked for, and that was refused or failed for another cause.
func (m *Metrics) EntraToken(refused, failed bool) {
	if m != nil {
		m.add(entraTokens, 1, string(loginOf(refused, failed)))
	}
}

func loginOf(refused, failed bool) Result {
	switch {
	case refused:
		return Refused
	case failed:
		return Failed
	}
	return Succeeded
}

// login is the SOAP method that begins a session.
const login = "Login"

// VCenterCall counts a SOAP call, that brought news of so many objects. answered says that a failure is the vCenter's answer.
func (m *Metrics) VCenterCall(method string, answered, failed bool, took time.Duration, updates int) {
	if m == nil {
		return
	}
	how := string(Succeeded)
	switch {
	case failed && answered:
		how = "Fault"
	case failed:
		how = string(Failed)
	}
	m.add(vcenterCalls, 1, method, how)
	m.observe(vcenterDuration, took, method)
	if updates > 0 {
		m.add(vcenterUpdates, float64(updates))
	}
	if method == login {
		m.add(vcenterLogins, 1, string(loginOf(failed && answered, failed)))
	}
}

// Drift counts an object that was in sync and is not any more, by no edit of its own.
func (m *Metrics) Drift(object client.Object) {
	if m != nil {
		m.add(driftFound, 1, kindOf(object))
	}
}

// LaneWaited measures how long an object waited for its turn.
func (m *Metrics) LaneWaited(lane string, waited time.Duration) {
	if m != nil {
		m.observe(laneWait, waited, lane)
	}
}

// MoveAttempt counts a relocation that ended.
func (m *Metrics) MoveAttempt(method string, r Result) {
	if m != nil {
		m.add(moveAttempts, 1, method, string(r))
	}
}

// MachineMoved counts the size of a machine that arrived.
func (m *Metrics) MachineMoved(method string, bytes int64) {
	if m != nil {
		m.add(movedBytes, float64(max(bytes, 0)), method)
	}
}
