// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package azure

import (
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/go-logr/logr"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/arm"
	"github.com/avs-operator/avs-operator/controllers/azure/decide"
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
	// parentMissing says that Azure has not even what the resource would be in; by whoever reads the resource.
	parentMissing bool
	// used is what this reconcile looked at beside its own resource; by lookAt and listed.
	used map[string]bool
	// secrets are the write-only values that the spec refers to, by their hashes; by ask.
	secrets []decide.Secret
	// asked is the body that the spec asks for, with what the kind has looked up; by decide.
	asked map[string]any
	// decision is what follows from what was observed, and decided says that it is of what was observed last; by decide.
	decision decide.Decision
	decided  bool
	// write is what is to be sent next; by next, companion and their like. send takes it out.
	write *decide.Write
	// converged says that nothing is left to write to the resource; by next.
	converged bool
	// inLane says that this reconcile has the lane for a write that is not on record yet; by acquireLane.
	inLane bool
	// unread is why a kind could not read what a GET does not show; by complete.
	unread *outcome.Outcome
	// lingers says that the deletion waits for what may stay for ever; by mayDelete.
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

// adopted says that the resource is managed: it was made, or taken over, for this object.
func (s *scope[T]) adopted() bool { return len(s.stat().Managed) > 0 }

// stays says that the resource stays in Azure when the object goes.
func (s *scope[T]) stays() bool {
	return s.stat().Effective.DeletionPolicy == v1alpha1.DeletionPolicyRetain
}

func (s *scope[T]) deleting() bool { return !s.obj.GetDeletionTimestamp().IsZero() }

// reconcileRequested says that a person asks for a reconcile.
func (s *scope[T]) reconcileRequested() bool {
	return s.obj.GetAnnotations()[v1alpha1.AnnotationReconcileRequestedAt] != s.before.AzureStatus().LastHandledReconcileAt
}

// use notes that something is looked at.
func (s *scope[T]) use(what string) {
	if s.used == nil {
		s.used = map[string]bool{}
	}
	s.used[what] = true
}

// accepted is what any answer of Azure's says about the identity: to a list, to a read, to a poll, to a write.
func (s *scope[T]) accepted() {
	s.fact(v1alpha1.ConditionCredentialsReady, true, v1alpha1.ReasonReady, "Azure accepts the identity")
}

// now is an ARM id since the private cloud was moved.
func (s *scope[T]) now(id arm.ID) arm.ID {
	if s.cloud == nil {
		return id
	}
	return arm.ID(s.cloud.Now(string(id)))
}

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
		Kind: r.kind.Name, Object: s.obj, ID: id, Verb: op.Verb, Action: op.Action, Operation: op.ID, Attempt: op.Attempt,
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
