// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package status turns what a reconcile found into conditions, one status patch, one event and one ctrl.Result. It is the only place that
// writes conditions, so the rules of kstatus hold everywhere or nowhere.
package status

import (
	"strings"
	"unicode"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/outcome"
	"github.com/avs-operator/avs-operator/controllers/text"
)

// Fact is one positive condition that a reconcile learned, such as CredentialsReady. One without a Status takes the condition away: there
// is nothing any more that it could be about.
type Fact struct {
	Condition string
	Status    metav1.ConditionStatus
	Reason    string
	Message   string
}

// Report is what a reconcile found.
type Report struct {
	// Outcome that ended the reconcile; nil means that the declared state is reached.
	Outcome *outcome.Outcome
	// Facts about positive conditions. A condition that no reconcile mentions keeps what it said.
	Facts []Fact
	// ReadyReason and ReadyMessage are used when Outcome is nil; absent: Ready.
	ReadyReason, ReadyMessage string
	// KeepReady leaves Ready True although Outcome is a Wait: the declared state is accepted, and the way there takes weeks, as with moves.
	KeepReady bool
}

// Apply writes the report into conditions, for the given generation.
func Apply(conditions *[]metav1.Condition, generation int64, r Report) {
	set := func(condition string, status metav1.ConditionStatus, reason, message string) {
		meta.SetStatusCondition(conditions, metav1.Condition{
			Type: condition, Status: status, Reason: reason, Message: bounded(message), ObservedGeneration: generation,
		})
	}
	for _, fact := range r.Facts {
		if r.Outcome != nil && r.Outcome.Condition == fact.Condition {
			continue // the outcome has the last word: said both ways it would seem to change at every look
		}
		if fact.Status == "" {
			meta.RemoveStatusCondition(conditions, fact.Condition)
			continue
		}
		set(fact.Condition, fact.Status, fact.Reason, fact.Message)
	}
	o := r.Outcome
	if o != nil && o.Condition != "" {
		set(o.Condition, metav1.ConditionFalse, o.Reason, o.Message)
	}
	switch {
	case o == nil:
		reason, message := r.ReadyReason, r.ReadyMessage
		if reason == "" {
			reason = v1alpha1.ReasonReady
		}
		set(v1alpha1.ConditionReady, metav1.ConditionTrue, reason, message)
		progress(conditions, set, "", nil)
	case o.Kind == outcome.KindDone:
		set(v1alpha1.ConditionReady, metav1.ConditionTrue, o.Reason, o.Message)
		progress(conditions, set, "", nil)
	case o.Kind == outcome.KindStall:
		set(v1alpha1.ConditionReady, metav1.ConditionFalse, o.Reason, o.Message)
		progress(conditions, set, v1alpha1.ConditionStalled, o)
	case r.KeepReady && o.Kind == outcome.KindWait:
		set(v1alpha1.ConditionReady, metav1.ConditionTrue, o.Reason, o.Message)
		progress(conditions, set, "", nil)
	default:
		set(v1alpha1.ConditionReady, metav1.ConditionFalse, o.Reason, o.Message)
		progress(conditions, set, v1alpha1.ConditionReconciling, o)
	}
	for i := range *conditions { // kstatus: what is said now is said of this generation
		(*conditions)[i].ObservedGeneration = generation
	}
}

// progress leaves at most one of Reconciling and Stalled: both are there only while true.
func progress(conditions *[]metav1.Condition, set func(string, metav1.ConditionStatus, string, string), keep string, o *outcome.Outcome) {
	for _, condition := range []string{v1alpha1.ConditionReconciling, v1alpha1.ConditionStalled} {
		if condition == keep {
			set(condition, metav1.ConditionTrue, o.Reason, o.Message)
			continue
		}
		meta.RemoveStatusCondition(conditions, condition)
	}
}

// bounded keeps a message within what the API server takes, and readable: what others say may hold control characters, which a terminal would obey.
func bounded(message string) string {
	const most = 4096
	message = strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t':
			return ' '
		case unicode.IsControl(r) || unicode.Is(unicode.Cf, r): // Cf: those that turn the direction of writing around
			return -1
		}
		return r
	}, strings.ToValidUTF8(message, ""))
	return text.Cut(message, most)
}
