// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package maintenance

import (
	"context"
	"fmt"
	"time"

	"github.com/go-logr/logr"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/arm"
	"github.com/avs-operator/avs-operator/controllers/azure"
	"github.com/avs-operator/avs-operator/controllers/azure/lane"
	"github.com/avs-operator/avs-operator/controllers/azure/tree"
	"github.com/avs-operator/avs-operator/controllers/maintenance/windows"
	"github.com/avs-operator/avs-operator/controllers/metrics"
	"github.com/avs-operator/avs-operator/controllers/outcome"
	"github.com/avs-operator/avs-operator/controllers/status"
)

// noticeUnlessSaid is how far ahead a maintenance is scheduled at least where the policy does not say.
const noticeUnlessSaid = 24 * time.Hour

// MaintenanceReconciler schedules announced maintenances as a MaintenancePolicy says.
type MaintenanceReconciler struct {
	*azure.Shared
	memory memory
}

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

// Reconcile looks after the maintenances of one private cloud.
func (r *MaintenanceReconciler) Reconcile(ctx context.Context, request ctrl.Request) (ctrl.Result, error) {
	if err := r.Seated(ctx); err != nil {
		return ctrl.Result{}, err
	}
	policy := &v1alpha1.MaintenancePolicy{}
	if err := r.Client.Get(ctx, request.NamespacedName, policy); err != nil {
		if apierrors.IsNotFound(err) {
			r.forget(request.NamespacedName)
		}
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	if !policy.DeletionTimestamp.IsZero() {
		return ctrl.Result{}, nil // nothing is held in Azure: what is scheduled stays where it is
	}
	p := &pass{log: log.FromContext(ctx), policy: policy, before: policy.DeepCopy()}
	policy.Status.LastHandledReconcileAt = policy.Annotations[v1alpha1.AnnotationReconcileRequestedAt]
	var o *outcome.Outcome
	for _, step := range []func(context.Context, *pass) *outcome.Outcome{r.locate, r.resume, r.allowed, r.read, r.converge} {
		if o = step(ctx, p); o != nil {
			break
		}
	}
	onRecord := ""
	if op := p.policy.Status.Operation; op != nil {
		onRecord = op.ID
	}
	r.endLost(p, onRecord)
	result, err := r.Publisher.Publish(ctx, p.subject(), status.Report{Outcome: o, Facts: p.facts})
	if err == nil {
		r.tell(p.before, p.policy)
	}
	return result, err
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

func (p *pass) subject() status.Subject {
	st := &p.policy.Status
	return status.Subject{Before: p.before, Object: p.policy, Conditions: &st.Conditions, ObservedGeneration: &st.ObservedGeneration}
}

// locate finds the private cloud, and who acts on it. It sends nothing to Azure.
func (r *MaintenanceReconciler) locate(ctx context.Context, p *pass) *outcome.Outcome {
	key := tree.KeyOf(p.policy.Namespace, p.policy.Spec.PrivateCloudRef)
	p.cloud = &v1alpha1.PrivateCloud{}
	if err := r.Client.Get(ctx, key, p.cloud); apierrors.IsNotFound(err) {
		return outcome.Wait(v1alpha1.ReasonReferenceNotFound, "PrivateCloud %s is not there: create it, or make a policy for another", key).About(v1alpha1.ConditionReferencesReady)
	} else if err != nil {
		return outcome.Retry(v1alpha1.ReasonTransient, err)
	}
	if p.policy.Status.Operation == nil { // who may not act with another's identity does not learn its troubles
		if o := tree.Permitted(p.cloud, p.policy.Namespace, maintenancePolicy); o != nil {
			r.leave(p)
			return o
		}
	}
	id := arm.ID(p.cloud.Status.ID)
	if id == "" {
		return tree.NotReadyYet("PrivateCloud", key.String(), p.cloud)
	}
	p.collection = id.Child("maintenances", "all").Collection()
	var o *outcome.Outcome
	p.client, _, o = r.Azure.Client(ctx, p.cloud.Namespace, p.cloud.Spec.IdentityRef)
	return o
}

// maintenancePolicy is the kind that a private cloud's owner consents to.
const maintenancePolicy = "MaintenancePolicy"

// allowed makes sure that the policy may, and should, be followed: the private cloud stands, its owner consents, and no older policy is for
// the same one.
func (r *MaintenanceReconciler) allowed(ctx context.Context, p *pass) *outcome.Outcome {
	if o := tree.Permitted(p.cloud, p.policy.Namespace, maintenancePolicy); o != nil {
		r.leave(p)
		return o
	}
	if o := tree.Standing("PrivateCloud", p.cloud, p.cloud.Status.ClusterSize); o != nil {
		return o
	}
	p.fact(v1alpha1.ConditionReferencesReady, "everything it refers to is there")
	return r.alone(ctx, p, r.Client, client.MatchingFields{cloudIndex: client.ObjectKeyFromObject(p.cloud).String()}, client.UnsafeDisableDeepCopy)
}

// alone leaves the private cloud to an older policy. One that only observes, or that the owner does not let use the private cloud, is in
// nobody's way.
func (r *MaintenanceReconciler) alone(ctx context.Context, p *pass, reader client.Reader, options ...client.ListOption) *outcome.Outcome {
	if p.observes() {
		return nil
	}
	list := &v1alpha1.MaintenancePolicyList{}
	if err := reader.List(ctx, list, options...); err != nil {
		return outcome.Retry(v1alpha1.ReasonTransient, fmt.Errorf("looking for other policies for the same private cloud: %w", err))
	}
	for i := range list.Items {
		other := &list.Items[i]
		same := tree.KeyOf(other.Namespace, other.Spec.PrivateCloudRef) == client.ObjectKeyFromObject(p.cloud)
		if !same || other.UID == p.policy.UID || !tree.OlderThan(other, p.policy) || !other.DeletionTimestamp.IsZero() ||
			other.Spec.ManagementPolicy == v1alpha1.ManagementPolicyObserve || tree.Permitted(p.cloud, other.Namespace, maintenancePolicy) != nil {
			continue
		}
		r.leave(p)
		return outcome.Stall(v1alpha1.ReasonAlreadyManaged, "the maintenances of PrivateCloud %s are scheduled by MaintenancePolicy %s/%s, which is older: delete one of the two, or let this one observe", p.cloud.Name, other.Namespace, other.Name)
	}
	return nil
}

// leave shows and watches nothing of a private cloud that is not the policy's to look after.
func (r *MaintenanceReconciler) leave(p *pass) {
	r.unwatch(p.key())
	p.policy.Status.Maintenances, p.policy.Status.Announced, p.policy.Status.NextStartTime = nil, 0, nil
}

// read makes of the spec what the decisions are made of.
func (r *MaintenanceReconciler) read(_ context.Context, p *pass) *outcome.Outcome {
	spec := &p.policy.Spec
	p.want.Notice = noticeUnlessSaid
	if spec.NoticeSeconds != nil {
		p.want.Notice = time.Duration(*spec.NoticeSeconds) * time.Second
	}
	effective := &v1alpha1.EffectiveMaintenancePolicy{ManagementPolicy: v1alpha1.ManagementPolicyManage, NoticeSeconds: int32(p.want.Notice / time.Second)} //nolint:gosec // at most 30 days
	if p.observes() {
		effective.ManagementPolicy = v1alpha1.ManagementPolicyObserve
	}
	p.policy.Status.Effective = effective
	for _, component := range spec.Components {
		p.want.Components = append(p.want.Components, string(component))
	}
	list := make([]windows.Window, 0, len(spec.Windows))
	for _, w := range spec.Windows {
		list = append(list, windows.Window{Schedule: w.Schedule, Duration: time.Duration(w.DurationSeconds) * time.Second, TimeZone: w.TimeZone})
	}
	var err error
	if p.want.Calendar, err = windows.NewCalendar(list); err != nil {
		return outcome.Stall(v1alpha1.ReasonInvalidSpec, "%s", err)
	}
	return nil
}

// forget ends everything that is held for a policy that is gone.
func (r *MaintenanceReconciler) forget(key types.NamespacedName) {
	r.unwatch(key)
	if cloud := r.memory.drop(key); cloud != "" {
		r.Lanes.Release(cloud, lane.Light, holder(key))
	}
}

// released lets the lane go.
func (r *MaintenanceReconciler) released(p *pass) {
	r.Lanes.Release(p.cloudKey(), lane.Light, holder(p.key()))
}
