// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package maintenance

import (
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/azure"
	"github.com/avs-operator/avs-operator/controllers/maintenance/windows"
	"github.com/avs-operator/avs-operator/controllers/outcome"
	"github.com/avs-operator/avs-operator/controllers/status"
	"github.com/avs-operator/avs-operator/controllers/text"
)

// noticeUnlessSaid is how far ahead a maintenance is scheduled at least where the policy does not say.
const noticeUnlessSaid = 24 * time.Hour

// Reconciler schedules announced maintenances as a MaintenancePolicy says.
type Reconciler struct {
	*azure.Shared
	recall recall
}

// Reconcile looks after the maintenances of one private cloud.
func (r *Reconciler) Reconcile(ctx context.Context, request ctrl.Request) (ctrl.Result, error) {
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
	s := &scope{log: log.FromContext(ctx), policy: policy, before: policy.DeepCopy()}
	policy.Status.LastHandledReconcileAt = policy.Annotations[v1alpha1.AnnotationReconcileRequestedAt]
	var o *outcome.Outcome
	for _, step := range []func(context.Context, *scope) *outcome.Outcome{r.locate, r.resume, r.allowed, r.readSpec, r.converge} {
		if o = step(ctx, s); o != nil {
			break
		}
	}
	onRecord := ""
	if op := s.policy.Status.Operation; op != nil {
		onRecord = op.ID
	}
	r.endLost(s, onRecord)
	result, err := r.Publisher.Publish(ctx, s.subject(), status.Report{Outcome: o, Facts: s.facts})
	if err == nil {
		r.recordEvents(s.before, s.policy)
	}
	return result, err
}

// readSpec makes of the spec what the decisions are made of.
func (r *Reconciler) readSpec(_ context.Context, s *scope) *outcome.Outcome {
	spec := &s.policy.Spec
	s.want.Notice = noticeUnlessSaid
	if spec.NoticeSeconds != nil {
		s.want.Notice = time.Duration(*spec.NoticeSeconds) * time.Second
	}
	notice := int32(s.want.Notice / time.Second) //nolint:gosec // at most 30 days
	effective := &v1alpha1.EffectiveMaintenancePolicy{ManagementPolicy: v1alpha1.ManagementPolicyManage, NoticeSeconds: notice}
	if s.observes() {
		effective.ManagementPolicy = v1alpha1.ManagementPolicyObserve
	}
	s.policy.Status.Effective = effective
	for _, component := range spec.Components {
		s.want.Components = append(s.want.Components, string(component))
	}
	list := make([]windows.Window, 0, len(spec.Windows))
	for _, w := range spec.Windows {
		list = append(list, windows.Window{Schedule: w.Schedule, Duration: time.Duration(w.DurationSeconds) * time.Second, TimeZone: w.TimeZone})
	}
	var err error
	if s.want.Calendar, err = windows.NewCalendar(list); err != nil {
		return outcome.Stall(v1alpha1.ReasonInvalidSpec, "%s", err)
	}
	return nil
}

// recordEvents makes an event of what changed about a maintenance: announced, scheduled, under way, over.
func (r *Reconciler) recordEvents(before, after *v1alpha1.MaintenancePolicy) {
	if r.Publisher.Recorder == nil {
		return
	}
	was := map[string]v1alpha1.MaintenanceStatus{}
	for _, one := range before.Status.Maintenances {
		was[one.Name] = one
	}
	for _, one := range after.Status.Maintenances {
		old, known := was[one.Name]
		if known && old.State == one.State && old.ScheduledStartTime.Equal(one.ScheduledStartTime) {
			continue
		}
		kind, note := corev1.EventTypeNormal, fmt.Sprintf("%s (%s) is %s: %s", one.Name, one.DisplayName, one.State, one.Message)
		if one.State == "Failed" {
			kind = corev1.EventTypeWarning
		}
		r.Publisher.Recorder.Eventf(after, nil, kind, "Maintenance"+one.State, "Reconcile", "%s", text.Cut(note, 1000))
	}
}
