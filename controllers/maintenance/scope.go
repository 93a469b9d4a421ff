// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package maintenance

import (
	"strings"
	"time"

	"github.com/go-logr/logr"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/arm"
	"github.com/avs-operator/avs-operator/controllers/azure/lane"
	"github.com/avs-operator/avs-operator/controllers/azure/tree"
	"github.com/avs-operator/avs-operator/controllers/maintenance/windows"
	"github.com/avs-operator/avs-operator/controllers/metrics"
	"github.com/avs-operator/avs-operator/controllers/status"
)

// scope is what one reconcile knows. Each field says which step sets it.
type scope struct {
	log            logr.Logger
	policy, before *v1alpha1.MaintenancePolicy
	// cloud, client and collection of its maintenances; by locate.
	cloud      *v1alpha1.PrivateCloud
	client     *arm.Client
	collection arm.ID
	// lost is a record that nobody answered and that was looked up; by resume.
	lost *v1alpha1.Operation
	// want is the policy as the decisions read it; by readSpec.
	want windows.Policy
	// seen are the maintenances, and starts those that the operator has asked for, by the name of the maintenance; by observe.
	seen   []*arm.Resource
	starts map[string][]time.Time
	// facts about positive conditions; by any step.
	facts []status.Fact
}

func (s *scope) key() types.NamespacedName { return client.ObjectKeyFromObject(s.policy) }

func (s *scope) cloudKey() string { return tree.CloudKey(s.collection) }

func (s *scope) observes() bool {
	return s.policy.Spec.ManagementPolicy == v1alpha1.ManagementPolicyObserve
}

func (s *scope) fact(condition, message string) {
	s.facts = append(s.facts, status.Fact{Condition: condition, Status: metav1.ConditionTrue, Reason: v1alpha1.ReasonReady, Message: message})
}

func (s *scope) subject() status.Subject {
	st := &s.policy.Status
	return status.Subject{Before: s.before, Object: s.policy, Conditions: &st.Conditions, ObservedGeneration: &st.ObservedGeneration}
}

// told is an operation as logs and metrics tell it.
func (r *Reconciler) told(s *scope, op *v1alpha1.Operation) metrics.Operation {
	return metrics.Operation{
		Kind: "MaintenancePolicy", Object: s.policy, ID: op.Target, Verb: op.Verb, Action: op.Action, Operation: op.ID, Attempt: op.Attempt,
		Took: r.Pace.Elapsed(max(r.Clock.Since(op.StartedAt.Time), 0)),
	}
}

// endLost tells the end of a write whose answer was lost, unless it is the one that is on record again.
func (r *Reconciler) endLost(s *scope, onRecord string) {
	if s.lost != nil && s.lost.ID != onRecord {
		r.Metrics.Ended(s.log, r.told(s, s.lost), metrics.Unanswered)
	}
}

// releaseLane lets the lane go, or the place in its queue.
func (r *Reconciler) releaseLane(s *scope) {
	r.Lanes.Release(s.cloudKey(), lane.Light, holder(s.key()))
}

const holderPrefix = "MaintenancePolicy/"

// holder names a policy in the lanes.
func holder(key types.NamespacedName) string { return holderPrefix + key.String() }

// called names the policy whose turn it is in a lane.
func called(holder string) []types.NamespacedName {
	rest, ours := strings.CutPrefix(holder, holderPrefix)
	namespace, name, ok := strings.Cut(rest, "/")
	if !ours || !ok {
		return nil
	}
	return []types.NamespacedName{{Namespace: namespace, Name: name}}
}
