// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package decide

import (
	"fmt"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/ledger"
	"github.com/avs-operator/avs-operator/controllers/outcome"
)

// admitAbsent decides about a resource that is not in Azure.
func (s Situation[T]) admitAbsent(d *Decision) {
	if s.Kind.ChangedBy != "" {
		d.Gone = true
		return
	}
	because := "it is not in Azure"
	switch {
	case s.observes():
		d.Stop = outcome.Wait(v1alpha1.ReasonNotFoundInAzure, "Azure has no %s, and with managementPolicy Observe it is not made", s.ID)
	case s.takesOver() && s.hasRun() == nil:
		d.Stop = outcome.Stall(v1alpha1.ReasonNotFoundInAzure,
			"Azure has no %s, and with adoptionPolicy: Takeover nothing is made: correct the name if it is called otherwise there, "+
				"or take adoptionPolicy out of the spec to have it made", s.ID)
	case s.hasRun() != nil:
		d.Stop = s.hasRun()
		d.Facts = append(d.Facts, inSync(metav1.ConditionTrue, v1alpha1.ReasonInSync, "it has run"))
		return
	case s.builtIn():
		because = "it is not in Azure yet"
		d.Stop = outcome.Wait(v1alpha1.ReasonNotFoundInAzure, "it comes with the private cloud and is not there yet; this goes on by itself when it is (%s)",
			s.ID).In(ledger.Recheck.Bound)
	default:
		because = "it is not in Azure yet"
		if s.Kind.Expensive && s.adopted() && s.stat().Operation == nil && !CreationFailed(s.stat().Failure) {
			if d.Stop = s.recreation(); d.Stop != nil {
				because = "it is not in Azure any more"
			}
		}
	}
	d.Facts = append(d.Facts, inSync(metav1.ConditionFalse, v1alpha1.ReasonNotFoundInAzure, because))
}

// recreation decides about what costs much, was there and is gone: it is made again only if somebody who knows that asks for it. What was asked
// before it was found to be gone meant something else.
func (s Situation[T]) recreation() *outcome.Outcome {
	asked, name := s.annotation(v1alpha1.AnnotationRecreateRequestedAt), s.Object.GetName()
	said := ""
	if gone := meta.FindStatusCondition(s.stat().Conditions, v1alpha1.ConditionReady); asked != "" && gone != nil &&
		gone.Reason == v1alpha1.ReasonNotFoundInAzure {
		at, err := time.Parse(time.RFC3339, asked)
		if err == nil && at.After(gone.LastTransitionTime.Time) {
			return nil
		}
		said = fmt.Sprintf(" (the annotation says %q, which is not a time after %s)", asked, gone.LastTransitionTime.UTC().Format(time.RFC3339))
	}
	if s.Kind.Root != nil {
		return outcome.Stall(v1alpha1.ReasonNotFoundInAzure,
			"it is not at %s any more: if it was moved, say where, with spec.subscriptionID and spec.resourceGroup: it is found there with all that is in it. "+
				"It is not ordered a second time by itself%s; "+
				"if it was deleted, and you do without it: set deletionPolicy: Retain here and in what stands in it, and delete these objects", s.ID, said)
	}
	return outcome.Stall(v1alpha1.ReasonNotFoundInAzure,
		"somebody deleted it in Azure: %s was there and is gone. It is not ordered a second time by itself. "+
			"If it is to be made again: kubectl annotate %s %s --namespace %s --overwrite %s=$(date -u +%%FT%%TZ)%s; "+
			"to do without it: set deletionPolicy: Retain here and in what stands in it, and delete these objects",
		s.ID, strings.ToLower(s.Kind.Name), name, s.Object.GetNamespace(), v1alpha1.AnnotationRecreateRequestedAt, said)
}

// OutcomeUnknown follows the id in the annotation v1alpha1.AnnotationRan when nobody can find out how the act ended.
const OutcomeUnknown = " outcome-unknown"

// hasRun says that an act (Traits.Once) was done, if it was, although Azure does not have it any more.
func (s Situation[T]) hasRun() *outcome.Outcome {
	word, unknown := strings.CutSuffix(s.annotation(v1alpha1.AnnotationRan), OutcomeUnknown)
	if !s.Kind.Once || s.now(word).Key() != s.ID.Key() {
		return nil
	}
	if unknown {
		return outcome.Stall(v1alpha1.ReasonOperationUnknown,
			"it was begun and is not in Azure any more, so nobody can say how it ended: look at what it was to change. It is not run again by itself; "+
				"to run it again, make a new object (%s)", s.ID)
	}
	return outcome.Done(v1alpha1.ReasonReady, "it has run; Azure does not keep it any longer, and it is not run again")
}

// CreationFailed says that the resource was never there whole.
func CreationFailed(f *v1alpha1.OperationFailure) bool {
	return f != nil && f.Purpose == v1alpha1.OperationCreates
}
