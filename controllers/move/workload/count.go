// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package workload

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/move/plan"
	"github.com/avs-operator/avs-operator/controllers/status"
)

// count tells how far the machines are: by their VirtualMachineMoves, and by the plan for those that have none.
func (p *programme) count() {
	s, was := &p.move.Status, p.before.Status
	t := p.tally()
	s.Waiting, s.Moving, s.Moved, s.Failed, s.Blocked, s.Cancelled = t.waiting, t.moving, t.moved, t.failed, t.blocked, t.cancelled
	s.Total = t.waiting + t.moving + t.moved + t.failed + t.blocked + t.cancelled
	s.BytesMoved = t.bytesMoved
	if p.made != nil {
		s.BytesTotal = p.made.Bytes
	} else { // not planned in this pass: what has no VirtualMachineMove is as it was
		s.Moved = max(s.Moved, was.Moved)
		s.BytesMoved = max(s.BytesMoved, was.BytesMoved)
		rest := max(was.Total-(s.Waiting+s.Moving+s.Moved+s.Failed+s.Blocked+s.Cancelled), 0)
		if stateOf(p.move) == v1alpha1.MoveStateCancel {
			s.Cancelled += rest
		} else {
			kept := min(rest, was.Blocked)
			s.Blocked += kept
			s.Waiting += rest - kept
		}
		s.Total = s.Waiting + s.Moving + s.Moved + s.Failed + s.Blocked + s.Cancelled
	}
	s.Progress = fmt.Sprintf("%d/%d", s.Moved, s.Total)
	s.StartedAt = earliest(p.own)
	s.FinishedAt = nil
	if s.Waiting+s.Moving == 0 && len(p.unfinished()) == 0 {
		s.FinishedAt = latest(p.own)
	}
	s.EstimatedEnd = p.estimatedEnd()
}

// tally is how many machines are how far.
type tally struct {
	waiting, moving, moved, failed, blocked, cancelled int32
	bytesMoved                                         int64
}

func (p *programme) tally() tally {
	var t tally
	mine := map[string]bool{}
	for _, m := range p.own {
		mine[m.Spec.Machine.InstanceUUID] = true
		t.add(&m.Status)
	}
	if p.made == nil {
		return t
	}
	for i := range p.made.Machines {
		m := &p.made.Machines[i]
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
// It changes in steps: one that moved by less than a tenth of what is left stays as it was.
func (p *programme) estimatedEnd() *metav1.Time {
	s := &p.move.Status
	if stateOf(p.move) != v1alpha1.MoveStateRun || s.Waiting+s.Moving == 0 || s.StartedAt == nil || s.Plan == nil {
		return nil
	}
	var ahead int64
	for _, m := range p.unfinished() {
		ahead += max(m.Spec.Bytes-m.Status.BytesMoved, 0)
	}
	now := time.Now()
	left := p.Pace.Real(time.Duration(s.Plan.EstimatedSeconds) * time.Second)
	if s.BytesMoved > 0 && s.BytesMoved >= s.BytesTotal/10 {
		left = time.Duration(float64(now.Sub(s.StartedAt.Time)) * float64(ahead) / float64(s.BytesMoved))
	} else if s.BytesTotal > 0 {
		left = time.Duration(float64(left) * float64(ahead) / float64(s.BytesTotal))
	}
	end := metav1.NewTime(now.Add(left).Truncate(time.Second))
	if was := p.before.Status.EstimatedEnd; was != nil && was.Sub(end.Time).Abs() <= max(left/10, time.Second) {
		return was.DeepCopy()
	}
	return &end
}

// said is every positive condition of this pass; of each, what was learned last.
func (p *programme) said() []status.Fact {
	s := &p.move.Status
	p.learn(v1alpha1.ConditionFailed, s.Failed > 0, map[bool]string{true: v1alpha1.ReasonMachinesFailed, false: "NoneFailed"}[s.Failed > 0], p.names(v1alpha1.MoveStepFailed))
	if !slices.ContainsFunc(p.learned, func(f status.Fact) bool { return f.Condition == v1alpha1.ConditionComplete }) {
		p.learn(v1alpha1.ConditionComplete, false, "InProgress", "")
	}
	out := slices.Clone(p.learned)
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

// names of the machines that are at a step, the first few.
func (p *programme) names(step v1alpha1.MoveStep) string {
	var names []string
	for _, m := range p.own {
		if m.Status.Step == step {
			names = append(names, m.Spec.Machine.Name)
		}
	}
	return namesOf(names)
}

// namesOf machines, the first few.
func namesOf(names []string) string {
	slices.Sort(names)
	shown := names[:min(len(names), mostExamples)]
	return strings.Join(shown, ", ") + andMore(len(names)-len(shown))
}

func isTrue(conditions []metav1.Condition, name string, generation int64) bool {
	c := meta.FindStatusCondition(conditions, name)
	return c != nil && c.Status == metav1.ConditionTrue && c.ObservedGeneration == generation
}
