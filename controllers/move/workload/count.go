// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package workload

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/move/plan"
	"github.com/avs-operator/avs-operator/controllers/status"
)

// count tells how far the machines are: by their VirtualMachineMoves, and by the plan for those that have none.
func (s *scope) count() {
	st, was := &s.workload.Status, s.before.Status
	t := s.tally()
	st.Waiting, st.Moving, st.Moved, st.Failed, st.Blocked, st.Cancelled = t.waiting, t.moving, t.moved, t.failed, t.blocked, t.cancelled
	st.Total = t.waiting + t.moving + t.moved + t.failed + t.blocked + t.cancelled
	st.BytesMoved = t.bytesMoved
	if s.plan != nil {
		st.BytesTotal = s.plan.Bytes
	} else { // not planned in this reconcile: what has no VirtualMachineMove is as it was
		st.Moved = max(st.Moved, was.Moved)
		st.BytesMoved = max(st.BytesMoved, was.BytesMoved)
		rest := max(was.Total-(st.Waiting+st.Moving+st.Moved+st.Failed+st.Blocked+st.Cancelled), 0)
		if stateOf(s.workload) == v1alpha1.MoveStateCancel {
			st.Cancelled += rest
		} else {
			kept := min(rest, was.Blocked)
			st.Blocked += kept
			st.Waiting += rest - kept
		}
		st.Total = st.Waiting + st.Moving + st.Moved + st.Failed + st.Blocked + st.Cancelled
	}
	st.Progress = fmt.Sprintf("%d/%d", st.Moved, st.Total)
	st.StartedAt = earliest(s.machines)
	st.FinishedAt = nil
	if st.Waiting+st.Moving == 0 && len(s.unfinished()) == 0 {
		st.FinishedAt = latest(s.machines)
	}
	st.EstimatedEnd = s.estimatedEnd()
}

// tally is how many machines are how far.
type tally struct {
	waiting, moving, moved, failed, blocked, cancelled int32
	bytesMoved                                         int64
}

func (s *scope) tally() tally {
	var t tally
	mine := map[string]bool{}
	for _, m := range s.machines {
		mine[m.Spec.Machine.InstanceUUID] = true
		t.add(&m.Status)
	}
	if s.plan == nil {
		return t
	}
	for i := range s.plan.Machines {
		m := &s.plan.Machines[i]
		switch {
		case m.State != plan.StateArrived && mine[m.Identity.InstanceUUID]:
		case m.State == plan.StateArrived && !mine[m.Identity.InstanceUUID]:
			t.moved++
			t.bytesMoved += m.Bytes
		case m.State == plan.StateBlocked:
			t.blocked++
		case m.State != plan.StateArrived:
			t.waiting++
		}
	}
	return t
}

func (t *tally) add(s *v1alpha1.VirtualMachineMoveStatus) {
	t.bytesMoved += s.BytesMoved
	switch s.Step {
	case v1alpha1.MoveStepMoved:
		t.moved++
	case v1alpha1.MoveStepFailed:
		t.failed++
	case v1alpha1.MoveStepCancelled:
		t.cancelled++
	case v1alpha1.MoveStepBlocked:
		t.blocked++
	case "", v1alpha1.MoveStepWaiting:
		t.waiting++
	default:
		t.moving++
	}
}

func earliest(own []*v1alpha1.VirtualMachineMove) *metav1.Time {
	var out *metav1.Time
	for _, m := range own {
		if at := m.Status.StartedAt; at != nil && (out == nil || at.Before(out)) {
			out = at.DeepCopy()
		}
	}
	return out
}

func latest(own []*v1alpha1.VirtualMachineMove) *metav1.Time {
	var out *metav1.Time
	for _, m := range own {
		if at := m.Status.FinishedAt; at != nil && (out == nil || out.Before(at)) {
			out = at.DeepCopy()
		}
	}
	return out
}

// estimatedEnd is when the machines that shall still move will have moved: by what was measured once a tenth has moved, by the plan before.
// The moment changes in steps: one that moved by less than a tenth of what is left stays as it was.
func (s *scope) estimatedEnd() *metav1.Time {
	st := &s.workload.Status
	if stateOf(s.workload) != v1alpha1.MoveStateRun || st.Waiting+st.Moving == 0 || st.StartedAt == nil || st.Plan == nil {
		return nil
	}
	var ahead int64
	for _, m := range s.unfinished() {
		ahead += max(m.Spec.Bytes-m.Status.BytesMoved, 0)
	}
	now := time.Now()
	left := s.Pace.Real(time.Duration(st.Plan.EstimatedSeconds) * time.Second)
	if st.BytesMoved > 0 && st.BytesMoved >= st.BytesTotal/10 {
		left = time.Duration(float64(now.Sub(st.StartedAt.Time)) * float64(ahead) / float64(st.BytesMoved))
	} else if st.BytesTotal > 0 {
		left = time.Duration(float64(left) * float64(ahead) / float64(st.BytesTotal))
	}
	end := metav1.NewTime(now.Add(left).Truncate(time.Second))
	if was := s.before.Status.EstimatedEnd; was != nil && was.Sub(end.Time).Abs() <= max(left/10, time.Second) {
		return was.DeepCopy()
	}
	return &end
}

// conditions is every positive condition of this reconcile; of each, what was learned last.
func (s *scope) conditions() []status.Fact {
	st := &s.workload.Status
	s.learn(v1alpha1.ConditionFailed, st.Failed > 0, map[bool]string{true: v1alpha1.ReasonMachinesFailed, false: "NoneFailed"}[st.Failed > 0],
		s.namesAt(v1alpha1.MoveStepFailed))
	if !slices.ContainsFunc(s.learned, func(f status.Fact) bool { return f.Condition == v1alpha1.ConditionComplete }) {
		s.learn(v1alpha1.ConditionComplete, false, "InProgress", "")
	}
	out := slices.Clone(s.learned)
	slices.Reverse(out)
	seen := map[string]bool{}
	out = slices.DeleteFunc(out, func(f status.Fact) bool {
		again := seen[f.Condition]
		seen[f.Condition] = true
		return again
	})
	slices.SortFunc(out, func(a, b status.Fact) int { return cmp.Compare(a.Condition, b.Condition) })
	return out
}

// namesAt of the machines that are at a step.
func (s *scope) namesAt(step v1alpha1.MoveStep) string {
	var names []string
	for _, m := range s.machines {
		if m.Status.Step == step {
			names = append(names, m.Spec.Machine.Name)
		}
	}
	return namesOf(names)
}
