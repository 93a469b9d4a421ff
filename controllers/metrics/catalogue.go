// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package metrics

// Type of a metric, as Prometheus has it.
type Type string

// The types.
const (
	Counter   Type = "counter"
	Gauge     Type = "gauge"
	Histogram Type = "histogram"
)

// Metric declares one metric. What is not declared in the Catalogue is not exported, and docs/metrics.md is made of it.
type Metric struct {
	Name, Help string
	Type       Type
	Labels     []Label
	// Buckets of a histogram, in its unit.
	Buckets []float64
}

// Label of a metric, with every value that it can have. A value that is not among them is exported as Other: no name, id, URL, message or
// subscription can become a time series, whatever Azure, a vCenter or a user says.
type Label struct {
	Name string
	// Bound says what the values are.
	Bound  string
	Values []string
	// Outside says that Azure, a vCenter or a library chooses the value, so that Other is to be expected.
	Outside bool
}

// Other stands for every value that a label does not have.
const Other = "other"

// Buckets, in seconds. An operation takes from a second to the hours of a private cloud.
var (
	exchangeBuckets  = []float64{0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60}
	queueBuckets     = []float64{0.01, 0.05, 0.1, 0.25, 0.5, 1, 2}
	operationBuckets = []float64{1, 5, 15, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 10800, 14400, 21600}
)

// The metrics.
var (
	armRequests = &Metric{Name: "avs_operator_arm_requests_total", Type: Counter, Labels: []Label{armVerb, resourceType, code},
		Help: "HTTP exchanges with Azure Resource Manager, by what they ended with."}
	armDuration = &Metric{Name: "avs_operator_arm_request_duration_seconds", Type: Histogram, Labels: []Label{armVerb}, Buckets: exchangeBuckets,
		Help: "Time from an exchange with Azure Resource Manager being sent to its whole answer being read."}
	armQueued = &Metric{Name: "avs_operator_arm_queue_duration_seconds", Type: Histogram, Labels: []Label{armVerb}, Buckets: queueBuckets,
		Help: "Time that requests waited for a place in Azure's limits before they were sent; requests that did not wait are not counted."}
	armWithheld = &Metric{Name: "avs_operator_arm_requests_withheld_total", Type: Counter, Labels: []Label{armVerb},
		Help: "Requests that were not sent, because Azure's limits for the identity and the subscription are used up. They are made again later."}
	entraTokens = &Metric{Name: "avs_operator_entra_token_requests_total", Type: Counter, Labels: []Label{loginResult},
		Help: "Tokens for Azure that were asked of Entra ID or of what stands before it."}

	vcenterCalls = &Metric{Name: "avs_operator_vcenter_calls_total", Type: Counter, Labels: []Label{vcenterMethod, callResult},
		Help: "SOAP calls to vCenters."}
	vcenterDuration = &Metric{Name: "avs_operator_vcenter_call_duration_seconds", Type: Histogram, Labels: []Label{vcenterMethod}, Buckets: exchangeBuckets,
		Help: "Time that SOAP calls to vCenters took. WaitForUpdatesEx waits at the vCenter for a change, for minutes if there is none."}
	vcenterLogins = &Metric{Name: "avs_operator_vcenter_logins_total", Type: Counter, Labels: []Label{loginResult},
		Help: "Logins to vCenters, each of which begins a session."}
	vcenterUpdates = &Metric{Name: "avs_operator_vcenter_object_updates_total", Type: Counter,
		Help: "Objects whose changes the property collectors of vCenters reported."}

	operationsStarted = &Metric{Name: "avs_operator_operations_started_total", Type: Counter, Labels: []Label{kindLabel, verb},
		Help: "Writes to Azure and calls that change a vCenter that were about to be sent; each attempt counts."}
	operationsEnded = &Metric{Name: "avs_operator_operations_ended_total", Type: Counter, Labels: []Label{kindLabel, verb, result},
		Help: "Operations that ended, by how."}
	operationDuration = &Metric{Name: "avs_operator_operation_duration_seconds", Type: Histogram, Labels: []Label{kindLabel, verb}, Buckets: operationBuckets,
		Help: "Time from an operation being put on record to its end being known."}
	operationsInFlight = &Metric{Name: "avs_operator_operations_in_flight", Type: Gauge, Labels: []Label{kindLabel},
		Help: "Objects with an operation on record that has not ended."}

	driftFound = &Metric{Name: "avs_operator_drift_found_total", Type: Counter, Labels: []Label{kindLabel},
		Help: "Objects that were in sync and were found to differ in Azure, without an edit of their spec."}

	laneHolders = &Metric{Name: "avs_operator_lane_holders", Type: Gauge, Labels: []Label{laneLabel},
		Help: "Objects that have the turn to write to their private cloud, and resources that Azure works on by itself."}
	laneWaiters = &Metric{Name: "avs_operator_lane_waiters", Type: Gauge, Labels: []Label{laneLabel},
		Help: "Objects that wait for their turn to write to their private cloud."}
	laneWait = &Metric{Name: "avs_operator_lane_wait_duration_seconds", Type: Histogram, Labels: []Label{laneLabel}, Buckets: operationBuckets,
		Help: "Time that objects waited for their turn to write to their private cloud."}

	machines = &Metric{Name: "avs_operator_machine_moves", Type: Gauge, Labels: []Label{moveMethod, moveStep},
		Help: "VirtualMachineMoves, by how their machine moves and how far it is."}
	moveAttempts = &Metric{Name: "avs_operator_machine_move_attempts_total", Type: Counter, Labels: []Label{moveMethod, result},
		Help: "Relocations of machines that ended, by how; a machine has several if the first ones fail."}
	movedBytes = &Metric{Name: "avs_operator_machine_moved_bytes_total", Type: Counter, Labels: []Label{moveMethod},
		Help: "Size of the machines that arrived at their target."}

	conditions = &Metric{Name: "avs_operator_conditions", Type: Gauge, Labels: []Label{kindLabel, conditionLabel, statusLabel, reasonLabel},
		Help: "Objects that have a condition, by its status and reason."}
)

// Catalogue is every metric that the operator itself exports, in the order of docs/metrics.md.
var Catalogue = []*Metric{
	armRequests, armDuration, armQueued, armWithheld, entraTokens,
	vcenterCalls, vcenterDuration, vcenterLogins, vcenterUpdates,
	operationsStarted, operationsEnded, operationDuration, operationsInFlight,
	driftFound,
	laneHolders, laneWaiters, laneWait,
	machines, moveAttempts, movedBytes,
	conditions,
}
