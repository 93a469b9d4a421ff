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

// pass is what one reconcile knows. Each field says which step sets it.
type pass struct {
	log            logr.Logger
	policy, before *v1alpha1.MaintenancePolicy
	// cloud, client and collection of its maintenances; by locate.
	cloud      *v1alpha1.PrivateCloud
	client     *arm.Client
	collection arm.ID
	// lost is a record that nobody answered and that was looked up; by resume.
	lost *v1alpha1.Operation
	// want is the policy as the decisions read it; by read.
	want windows.Policy
	// seen are the maintenances, and ours the starts that we asked for by the name of the maintenance; by observe.
	seen []*arm.Resource
	ours map[string][]time.Time
	// facts about positive conditions; by any step.
	facts []status.Fact
}

func (p *pass) key() types.NamespacedName { return client.ObjectKeyFromObject(p.policy) }

func (p *pass) cloudKey() string { return tree.CloudKey(p.collection) }

func (p *pass) observes() bool {
	return p.policy.Spec.ManagementPolicy == v1alpha1.ManagementPolicyObserve
}

func (p *pass) fact(condition, message string) {
	p.facts = append(p.facts, status.Fact{Condition: condition, Status: metav1.ConditionTrue, Reason: v1alpha1.ReasonReady, Message: message})
}

func (p *pass) subject() status.Subject {
	st := &p.policy.Status
	return status.Subject{Before: p.before, Object: p.policy, Conditions: &st.Conditions, ObservedGeneration: &st.ObservedGeneration}
}

// told is an operation as logs and metrics tell it.
func (r *MaintenanceReconciler) told(p *pass, op *v1alpha1.Operation) metrics.Operation {
	return metrics.Operation{
		Kind: "MaintenancePolicy", Object: p.policy, ID: op.Target, Verb: op.Verb, Action: op.Action, Operation: op.ID, Attempt: op.Attempt,
		Took: r.Pace.Elapsed(max(r.Clock.Since(op.StartedAt.Time), 0)),
	}
}

// endLost tells the end of a write whose answer was lost, unless it is the one that is on record again.
func (r *MaintenanceReconciler) endLost(p *pass, onRecord string) {
	if p.lost != nil && p.lost.ID != onRecord {
		r.Metrics.Ended(p.log, r.told(p, p.lost), metrics.Unanswered)
	}
}

// released lets the lane go.
func (r *MaintenanceReconciler) released(p *pass) {
	r.Lanes.Release(p.cloudKey(), lane.Light, holder(p.key()))
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
