// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package workload

import (
	"fmt"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/move/plan"
	"github.com/avs-operator/avs-operator/controllers/status"
	"github.com/avs-operator/avs-operator/controllers/text"
)

// The selection of a move is made once, when it first runs: a folder fills up again behind a WorkloadMove of weeks, and a machine that somebody
// puts there later has not been in any plan that a person looked at.

// choose makes the selection, of what is planned now.
func (s *scope) choose() {
	st := &s.workload.Status
	if st.Selection != nil || s.workload.Spec.State != v1alpha1.MoveStateRun {
		return
	}
	at := metav1.NewTime(time.Now().Truncate(time.Second))
	st.Selection = &v1alpha1.MoveSelection{
		MadeAt: &at, Hash: plan.SelectionHash(&s.workload.Spec), Machines: s.plan.Identities(),
	}
	s.noteNewMachines()
}

// dropSelection lets go of the selection while the move is only planned: the next Run takes what is there then.
func (s *scope) dropSelection() {
	if stateOf(s.workload) == v1alpha1.MoveStatePlan {
		s.workload.Status.Selection = nil
	}
}

// noteNewMachines says which machines appeared since, and how to take them in.
func (s *scope) noteNewMachines() {
	later, at := s.plan.Later, time.Time{}
	if st := s.workload.Status.Selection; st != nil && st.MadeAt != nil {
		at = st.MadeAt.UTC()
	}
	switch {
	case s.workload.Status.Selection == nil: // nothing is later than a selection that is not made
		s.learned = append(s.learned, status.Fact{Condition: v1alpha1.ConditionNewMachines})
	case len(later) == 0:
		s.learn(v1alpha1.ConditionNewMachines, false, "None", "")
	default:
		s.learn(v1alpha1.ConditionNewMachines, true, "NotSelected", fmt.Sprintf("%s matched by spec.select that appeared after the selection was made at "+
			"%s, and left alone: %s. "+
			"To take them in, set state to Plan, look at the plan, and set it to Run again", are(len(later), "machine is", "machines are"),
			at.Format(time.RFC3339), text.List(later, mostNamed)))
	}
}
