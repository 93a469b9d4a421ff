// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package azure

import (
	"time"

	"github.com/go-logr/logr"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/arm"
	"github.com/avs-operator/avs-operator/controllers/azure/diff"
	"github.com/avs-operator/avs-operator/controllers/azure/kind"
	"github.com/avs-operator/avs-operator/controllers/metrics"
	"github.com/avs-operator/avs-operator/controllers/outcome"
	"github.com/avs-operator/avs-operator/controllers/status"
)

// scope is what one reconcile knows. Each field says which step sets it.
type scope[T kind.Object] struct {
	// log of the reconcile; by fetch.
	log logr.Logger
	// obj is the object with the status that is being worked out, before is as it was read or last written. Both by fetch.
	obj, before T
	// cloud is the private cloud that obj is or is in; by credentials.
	cloud *v1alpha1.PrivateCloud
	// cluster is the Cluster that obj stands below, nil if it stands below none that has an object; by credentials.
	cluster *v1alpha1.Cluster
	// identity and client are who acts; by credentials.
	identity *v1alpha1.AzureIdentity
	client   *arm.Client
	// id of the resource in Azure; by credentials.
	id arm.ID
	// actual is the resource in Azure, nil if it is not there; by resume or observe.
	actual *arm.Resource
	// observed says that actual was found out, and direct that it was read by itself in this reconcile: only that proves.
	observed, direct bool
	// homeless says that Azure has not even what the resource would be in; by resume or observe.
	homeless bool
	// used is what this reconcile looked at beside its own resource; by lookAt and listed.
	used map[string]bool
	// secrets are the write-only values that the spec refers to; by observe.
	secrets []secret
	// asked is the body that the spec asks for, with what was looked up; by observe.
	asked map[string]any
	// dropped are the paths that the spec set once and sets no longer; by observe.
	dropped []string
	// desired body, and where actual differs from it; by observe.
	desired map[string]any
	changes []diff.Change
	// incomplete is why a kind could not read what a GET does not show; by complete.
	incomplete *outcome.Outcome
	// mending is how a resource in state Failed is written once more; by guard.
	mending mendingBy
	// lingers says that the deletion waits for what may stay for ever; by remove.
	lingers bool
	// again is when the object's conditions may change by the clock alone, in real time; by report.
	again time.Duration
	// facts about positive conditions; by any step.
	facts []status.Fact
	// readyReason and readyMessage when all is well.
	readyReason, readyMessage string
}

func (s *scope[T]) fact(condition string, value bool, reason, message string) {
	is := metav1.ConditionFalse
	if value {
		is = metav1.ConditionTrue
	}
	s.facts = append(s.facts, status.Fact{Condition: condition, Status: is, Reason: reason, Message: message})
}

// spec and stat are the common parts.
func (s *scope[T]) spec() *v1alpha1.AzureSpec   { return s.obj.AzureSpec() }
func (s *scope[T]) stat() *v1alpha1.AzureStatus { return s.obj.AzureStatus() }

// observes says that the operator must not write to Azure for this object.
func (s *scope[T]) observes() bool {
	return s.spec().ManagementPolicy == v1alpha1.ManagementPolicyObserve
}

// use notes that something is looked at.
func (s *scope[T]) use(what string) {
	if s.used == nil {
		s.used = map[string]bool{}
	}
	s.used[what] = true
}

func (s *scope[T]) deleting() bool { return !s.obj.GetDeletionTimestamp().IsZero() }

// subject is what is published.
func (s *scope[T]) subject() status.Subject {
	return status.Subject{
		Before: s.before, Object: s.obj,
		Conditions: &s.stat().Conditions, ObservedGeneration: &s.stat().ObservedGeneration,
	}
}

// told is an operation as logs and metrics tell it.
func (r *Reconciler[T]) told(s *scope[T], op *v1alpha1.Operation) metrics.Operation {
	id := string(s.id)
	if op.Target != "" {
		id = op.Target
	}
	return metrics.Operation{
		Kind: r.traits.Name, Object: s.obj, ID: id, Verb: op.Verb, Action: op.Action, Operation: op.ID, Attempt: op.Attempt,
		Took: r.Pace.Elapsed(max(r.Clock.Since(op.StartedAt.Time), 0)),
	}
}

// dropOperation takes the record of an operation out of the status, if there is one, and tells how it ended. No other line may: without it an
// operation would have a beginning in the log and no end.
func (r *Reconciler[T]) dropOperation(s *scope[T], how metrics.Result) {
	if op := s.stat().Operation; op != nil {
		s.stat().Operation = nil
		r.Metrics.Ended(s.log, r.told(s, op), how)
	}
}
