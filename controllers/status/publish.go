// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package status

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/tools/events"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/freeze"
	"github.com/avs-operator/avs-operator/controllers/outcome"
	"github.com/avs-operator/avs-operator/controllers/text"
)

// Publisher writes what a reconcile found: one status patch if anything changed, one event if the state changed.
type Publisher struct {
	Client   client.Client
	Recorder events.EventRecorder
	Pace     outcome.Pace
	// Freeze is said on every object while it lasts; nil: it never does.
	Freeze *freeze.Freeze
	// OnDrift is told of each object that was in sync and is not any more, by no edit of its own, when that is stored; nil: nobody is.
	OnDrift func(client.Object)

	latest latest
}

// Subject is an object on its way through a reconcile. Before is a copy as it was read; Object is the same object with the status that was
// worked out; Conditions and ObservedGeneration point into Object's status.
type Subject struct {
	Before, Object     client.Object
	Conditions         *[]metav1.Condition
	ObservedGeneration *int64
}

// Publish applies the report to the subject, patches its status if that changed anything, tells the change as an event, and says when to
// look again. The patch carries the resourceVersion that it was computed from: a late leader, or a stale cache, loses with a conflict,
// which is no error but a reason to look again.
func (p *Publisher) Publish(ctx context.Context, s Subject, r Report) (ctrl.Result, error) {
	if ready := meta.FindStatusCondition(*s.Conditions, v1alpha1.ConditionReady); r.Outcome != nil && r.Outcome.Quiet && ready != nil &&
		ready.Status == metav1.ConditionTrue && ready.ObservedGeneration == s.Object.GetGeneration() {
		if p.latest.behind(s.Before) {
			return ctrl.Result{RequeueAfter: p.latest.conflict(s.Object)}, nil
		}
		return p.Result(r.Outcome)
	}
	if err := p.Record(ctx, s, r); err != nil {
		if apierrors.IsNotFound(err) {
			return ctrl.Result{}, nil // deleted meanwhile: there is nobody left to tell
		}
		if apierrors.IsConflict(err) {
			return ctrl.Result{RequeueAfter: p.latest.conflict(s.Object)}, nil
		}
		if !refused(err) {
			return ctrl.Result{}, fmt.Errorf("writing status: %w", err)
		}
		if told := p.smaller(ctx, s, err); told != nil {
			return ctrl.Result{}, fmt.Errorf("writing status: %w, and that it was refused: %w", err, told)
		}
		return p.Result(statusRefused(err))
	}
	return p.Result(r.Outcome)
}

// Patch writes the status of after if it differs from before, with before's resourceVersion as a precondition, and takes the new
// resourceVersion over into after. That nothing differs counts only if before is not older than what was last written: else it is a conflict too.
func (p *Publisher) Patch(ctx context.Context, before, after client.Object) (bool, error) {
	same := equality.Semantic.DeepEqual(before, after)
	if !same {
		if err := fit(after); err != nil {
			return false, err
		}
		same = equality.Semantic.DeepEqual(before, after)
	}
	if same {
		if p.latest.behind(before) {
			return false, apierrors.NewConflict(schema.GroupResource{Group: v1alpha1.GroupVersion.Group, Resource: fmt.Sprintf("%T", before)}, before.GetName(),
				errors.New("it was read from a cache that does not show the last write yet"))
		}
		return false, nil
	}
	patch := client.MergeFromWithOptions(before, client.MergeFromWithOptimisticLock{})
	if err := p.Client.Status().Patch(ctx, after, patch); err != nil {
		return false, err
	}
	p.latest.wrote(after)
	return true, nil
}

// Record writes what is known in the middle of a reconcile: a step is about to do something that must be on record first. A conflict is an
// error, because what was to follow the record must then not happen.
func (p *Publisher) Record(ctx context.Context, s Subject, r Report) error {
	was := meta.FindStatusCondition(*s.Conditions, v1alpha1.ConditionReady).DeepCopy()
	inSync := meta.FindStatusCondition(*s.Conditions, v1alpha1.ConditionInSync).DeepCopy()
	r.Facts = append(slices.Clip(r.Facts), p.frozen())
	Apply(s.Conditions, s.Object.GetGeneration(), r)
	*s.ObservedGeneration = s.Object.GetGeneration()
	written, err := p.Patch(ctx, s.Before, s.Object)
	if written && p.OnDrift != nil && drifted(inSync, meta.FindStatusCondition(*s.Conditions, v1alpha1.ConditionInSync)) {
		p.OnDrift(s.Object)
	}
	if written {
		p.event(s.Object, was, meta.FindStatusCondition(*s.Conditions, v1alpha1.ConditionReady), r.Outcome)
	}
	return err
}

// drifted says that what was in sync differs from Azure now although its spec is the same.
func drifted(was, is *metav1.Condition) bool {
	return was != nil && was.Status == metav1.ConditionTrue && is != nil && is.Status == metav1.ConditionFalse && is.Reason == v1alpha1.ReasonDrifted &&
		was.ObservedGeneration == is.ObservedGeneration
}

// frozen is the condition that is there while the operator is frozen.
func (p *Publisher) frozen() Fact {
	why := p.Freeze.Why()
	if why == "" {
		return Fact{Condition: v1alpha1.ConditionFrozen}
	}
	return Fact{
		Condition: v1alpha1.ConditionFrozen, Status: metav1.ConditionTrue, Reason: v1alpha1.ReasonFrozen,
		Message: "nothing new is written to Azure or vCenter, and what runs is followed to its end: " + why,
	}
}

// Result says when to look again. An outcome without a time is woken by an event.
func (p *Publisher) Result(o *outcome.Outcome) (ctrl.Result, error) {
	switch {
	case o == nil:
		return ctrl.Result{}, nil
	case o.Kind == outcome.KindRetry && o.After == 0:
		return ctrl.Result{}, o.Err // the work queue backs off
	case o.After > 0:
		// Up to a tenth longer, never sooner: what fails together should not come back together, and nothing is asked earlier than allowed.
		after := o.After + rand.N(o.After/10+1)
		return ctrl.Result{RequeueAfter: max(p.Pace.Real(after), time.Millisecond)}, nil
	}
	return ctrl.Result{}, nil
}

// event tells a change of Ready, once; a warning when a person is needed.
func (p *Publisher) event(object client.Object, was, is *metav1.Condition, o *outcome.Outcome) {
	if p.Recorder == nil || is == nil || was != nil && was.Status == is.Status && was.Reason == is.Reason {
		return
	}
	kind := corev1.EventTypeNormal
	if o != nil && o.Kind == outcome.KindStall {
		kind = corev1.EventTypeWarning
	}
	note := is.Message
	if note == "" {
		note = is.Reason
	}
	p.Recorder.Eventf(object, nil, kind, is.Reason, "Reconcile", "%s", text.Cut(note, mostNote))
}

// mostNote is what events.k8s.io takes.
const mostNote = 1000
