// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package status_test

import (
	"errors"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/outcome"
	"github.com/avs-operator/avs-operator/controllers/status"
)

// reports are one of every kind, with what Ready must say.
var reports = map[string]struct {
	report status.Report
	ready  metav1.ConditionStatus
	beside string // Reconciling, Stalled or neither
}{
	"reached":          {status.Report{}, metav1.ConditionTrue, ""},
	"waiting":          {status.Report{Outcome: outcome.Wait("Creating", "Azure makes it")}, metav1.ConditionFalse, v1alpha1.ConditionReconciling},
	"waiting for long": {status.Report{Outcome: outcome.Wait("Moving", "3 of 20"), KeepReady: true}, metav1.ConditionTrue, ""},
	"failing":          {status.Report{Outcome: outcome.Retry("TransientError", errors.New("reset"))}, metav1.ConditionFalse, v1alpha1.ConditionReconciling},
	"stalled":          {status.Report{Outcome: outcome.Stall("InvalidSpec", "change it")}, metav1.ConditionFalse, v1alpha1.ConditionStalled},
	"failing for long": {status.Report{Outcome: outcome.Stall("InvalidSpec", "change it"), KeepReady: true}, metav1.ConditionFalse, v1alpha1.ConditionStalled},
	"missing": {status.Report{Outcome: outcome.Wait("ReferenceNotFound", "make it").About(v1alpha1.ConditionReferencesReady),
		Facts: []status.Fact{{Condition: v1alpha1.ConditionReferencesReady, Status: metav1.ConditionTrue, Reason: "Ready", Message: "all is there"}}},
		metav1.ConditionFalse, v1alpha1.ConditionReconciling},
	"ended on purpose": {status.Report{Outcome: outcome.Done("Observed", "nothing is written")}, metav1.ConditionTrue, ""},
}

// Whatever follows whatever, kstatus reads it: Ready is there, at most one of Reconciling and Stalled is, only while true and never beside a
// true Ready, and all speak of one generation.
func TestEveryTransitionIsReadByKstatus(t *testing.T) {
	for first := range reports {
		for second, want := range reports {
			var conditions []metav1.Condition
			status.Apply(&conditions, 1, reports[first].report)
			status.Apply(&conditions, 2, want.report)
			if c := meta.FindStatusCondition(conditions, v1alpha1.ConditionReady); c == nil || c.Status != want.ready || c.Reason == "" {
				t.Errorf("%s after %s: Ready is %+v", second, first, c)
			}
			for _, condition := range []string{v1alpha1.ConditionReconciling, v1alpha1.ConditionStalled} {
				if c := meta.FindStatusCondition(conditions, condition); (c != nil) != (condition == want.beside) || c != nil && c.Status != metav1.ConditionTrue {
					t.Errorf("%s after %s: %s is %+v", second, first, condition, c)
				}
			}
			for _, c := range conditions {
				if c.ObservedGeneration != 2 {
					t.Errorf("%s after %s: %s is of generation %d", second, first, c.Type, c.ObservedGeneration)
				}
			}
		}
	}
}

func TestApplyingTheSameTwiceChangesNothing(t *testing.T) {
	for name, c := range reports {
		var once, twice []metav1.Condition
		status.Apply(&once, 3, c.report)
		twice = append(twice, once...)
		status.Apply(&twice, 3, c.report)
		for i := range once {
			if once[i] != twice[i] {
				t.Errorf("%s: %+v became %+v", name, once[i], twice[i])
			}
		}
	}
}

func TestAnOutcomeNamesThePositiveConditionThatItConcerns(t *testing.T) {
	var conditions []metav1.Condition
	status.Apply(&conditions, 1,
		status.Report{Facts: []status.Fact{{Condition: v1alpha1.ConditionCredentialsReady, Status: metav1.ConditionTrue, Reason: "Ready"}}})
	status.Apply(&conditions, 1, status.Report{Outcome: outcome.Stall("CredentialsInvalid", "refused").About(v1alpha1.ConditionCredentialsReady)})
	if c := meta.FindStatusCondition(conditions, v1alpha1.ConditionCredentialsReady); c.Status != metav1.ConditionFalse || c.Reason != "CredentialsInvalid" {
		t.Errorf("CredentialsReady is %+v", c)
	}
}

func TestMessagesStayWithinWhatTheAPIServerTakes(t *testing.T) {
	var conditions []metav1.Condition
	status.Apply(&conditions, 1, status.Report{Outcome: outcome.Retry("TransientError", errors.New(strings.Repeat("x", 50_000)))})
	status.Apply(&conditions, 1, status.Report{Outcome: outcome.Wait("Waiting", "%s", strings.Repeat("é", 50_000))})
	for _, c := range conditions {
		if len(c.Message) > 32768 || strings.ToValidUTF8(c.Message, "?") != c.Message {
			t.Errorf("%s has a message of %d bytes", c.Type, len(c.Message))
		}
	}
}
