// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package workload

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/outcome"
)

// verdict says how far the WorkloadMove is, by its state.
func (s *scope) verdict(context.Context) *outcome.Outcome {
	s.count()
	st := &s.workload.Status
	if st.Total > 0 && st.Moved == st.Total {
		s.learn(v1alpha1.ConditionComplete, true, v1alpha1.ReasonComplete, "")
		return s.complete()
	}
	if st.State == v1alpha1.MoveStateRun {
		return s.verdictOfRun()
	}
	s.leaveLine()
	reason, doing := v1alpha1.ReasonPlanned, "planned; set state to Run to start"
	if st.State == v1alpha1.MoveStatePause {
		reason, doing = v1alpha1.ReasonPaused, "paused: nothing new starts"
	}
	s.learn(v1alpha1.ConditionComplete, false, reason, "")
	if st.Moving > 0 {
		s.keepReady = true
		return outcome.Wait(reason, "%s, what has started ends. %s", strings.Split(doing, ";")[0], s.describe())
	}
	o := outcome.Done(reason, "%s. %s", doing, s.describe())
	if st.Blocked > 0 {
		o.After = recheckBlocked
	}
	return o
}

// verdictOfRun says how far a running WorkloadMove is, and stalls when only what needs a person is left.
func (s *scope) verdictOfRun() *outcome.Outcome {
	st := &s.workload.Status
	switch {
	case st.Waiting+st.Moving > 0:
		s.keepReady = true
		s.learn(v1alpha1.ConditionComplete, false, v1alpha1.ReasonMoving, "")
		return outcome.Wait(v1alpha1.ReasonMoving, "%s", s.describe()).In(recheckBlocked)
	case s.allClaimed():
		s.learn(v1alpha1.ConditionComplete, false, v1alpha1.ReasonClaimedByAnother, "")
		return outcome.Wait(v1alpha1.ReasonClaimedByAnother, "machines belong to other moves, which have to end first. %s", s.describe()).In(recheckBlocked)
	case st.Blocked > 0:
		s.learn(v1alpha1.ConditionComplete, false, v1alpha1.ReasonBlocked, "")
		return outcome.Stall(v1alpha1.ReasonBlocked, "%s See status.plan.concerns and the VirtualMachineMoves; machines go on by themselves once what "+
			"blocks them is gone", s.describe()).In(recheckBlocked)
	case st.Failed > 0:
		s.learn(v1alpha1.ConditionComplete, false, v1alpha1.ReasonMachinesFailed, "")
		return outcome.Stall(v1alpha1.ReasonMachinesFailed, "%s Their VirtualMachineMoves say why; the annotation %s on one of them tries again",
			s.describe(), v1alpha1.AnnotationRetryRequestedAt)
	}
	s.learn(v1alpha1.ConditionComplete, false, v1alpha1.ReasonCancelled, "")
	return outcome.Stall(v1alpha1.ReasonCancelled, "%s Machines were cancelled one by one, and are planned again when their VirtualMachineMoves are "+
		"gone", s.describe())
}

// allClaimed says whether all that is blocked waits for other moves to end.
func (s *scope) allClaimed() bool {
	n := int32(0)
	for _, m := range s.machines {
		if m.Status.Step == v1alpha1.MoveStepBlocked && len(m.Status.Concerns) > 0 && m.Status.Concerns[0].Name == v1alpha1.ReasonClaimedByAnother {
			n++
		}
	}
	return n > 0 && n == s.workload.Status.Blocked
}

// complete is the end of a WorkloadMove that wanted its machines at the target.
func (s *scope) complete() *outcome.Outcome {
	s.count()
	st := &s.workload.Status
	return outcome.Done(v1alpha1.ReasonComplete, "%s at the target, read there%s", allAre(int(st.Total)), s.describeWarnings())
}

// describeWarnings names machines that have moved and of which a person should know something: on another datastore than planned, for example.
func (s *scope) describeWarnings() string {
	var names []string
	for _, m := range s.machines {
		if slices.ContainsFunc(m.Status.Concerns, func(c v1alpha1.MachineConcern) bool { return c.Severity == v1alpha1.SeverityWarning }) {
			names = append(names, m.Spec.Machine.Name)
		}
	}
	if len(names) == 0 {
		return ""
	}
	return fmt.Sprintf(". Of %s the VirtualMachineMove has a warning", namesOf(names))
}

// verdictOfCancel says how far the winding down is.
func (s *scope) verdictOfCancel() *outcome.Outcome {
	s.count()
	s.leaveLine()
	if n := len(s.unfinished()); n > 0 {
		s.keepReady = true
		s.learn(v1alpha1.ConditionComplete, false, v1alpha1.ReasonCancelled, "")
		return outcome.Wait(v1alpha1.ReasonCancelled, "cancelled: nothing new starts, and what runs is cancelled or ends. %s", s.describe()).In(time.Minute)
	}
	s.learn(v1alpha1.ConditionComplete, true, v1alpha1.ReasonCancelled, "every machine stays where it is")
	return outcome.Done(v1alpha1.ReasonCancelled, "cancelled: every machine stays where it is. %s", s.describe())
}

// leaveLine takes machines that have not started out of the line, so that no room is kept for them.
func (s *scope) leaveLine() {
	for _, m := range s.machines {
		if !started(m) {
			s.Turns.Forget(m.UID)
		}
	}
}

// describe tells the counts, those that are not zero, and name what a person should look at.
func (s *scope) describe() string {
	st := &s.workload.Status
	parts := []string{fmt.Sprintf("%d of %s moved", st.Moved, are(int(st.Total), "machine has", "machines have"))}
	add := func(n int32, one, many, names string) {
		if n == 0 {
			return
		}
		part := are(int(n), one, many)
		if names != "" {
			part += " (" + names + ")"
		}
		parts = append(parts, part)
	}
	add(st.Moving, "is moving", "are moving", "")
	standing, names := s.stalled()
	add(standing, "stands still", "stand still", names)
	add(st.Waiting, "waits", "wait", "")
	add(st.Failed, "has failed", "have failed", s.namesAt(v1alpha1.MoveStepFailed))
	add(st.Blocked, "is blocked", "are blocked", s.describeBlocked())
	add(st.Cancelled, "was cancelled", "were cancelled", "")
	return strings.Join(parts, ", ") + "."
}

// stalled are the machines whose relocations show no progress.
func (s *scope) stalled() (int32, string) {
	var names []string
	for _, m := range s.machines {
		if m.Status.Step == v1alpha1.MoveStepRelocating && slices.ContainsFunc(m.Status.Concerns,
			func(c v1alpha1.MachineConcern) bool { return c.Name == v1alpha1.ReasonNoProgress }) {
			names = append(names, m.Spec.Machine.Name)
		}
	}
	return int32(len(names)), namesOf(names) //nolint:gosec // machines of one move
}

// describeBlocked names what blocks: by the plan, and machines that were planned and are blocked since.
func (s *scope) describeBlocked() string {
	var out []string
	if s.plan != nil {
		if words := s.describeBlocking(); words != "" {
			out = append(out, words)
		}
	}
	if names := s.namesAt(v1alpha1.MoveStepBlocked); names != "" {
		out = append(out, names)
	}
	return strings.Join(out, "; ")
}
