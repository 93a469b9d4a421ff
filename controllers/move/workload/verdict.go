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

// verdict says how far the programme is, by its state.
func (p *programme) verdict(context.Context) *outcome.Outcome {
	p.count()
	s := &p.move.Status
	if s.Total > 0 && s.Moved == s.Total {
		p.learn(v1alpha1.ConditionComplete, true, v1alpha1.ReasonComplete, "")
		return p.complete()
	}
	if s.State == v1alpha1.MoveStateRun {
		return p.verdictOfRun()
	}
	p.yield()
	reason, doing := v1alpha1.ReasonPlanned, "planned; set state to Run to start"
	if s.State == v1alpha1.MoveStatePause {
		reason, doing = v1alpha1.ReasonPaused, "paused: nothing new starts"
	}
	p.learn(v1alpha1.ConditionComplete, false, reason, "")
	if s.Moving > 0 {
		p.fine = true
		return outcome.Wait(reason, "%s, what has started ends. %s", strings.Split(doing, ";")[0], p.words())
	}
	o := outcome.Done(reason, "%s. %s", doing, p.words())
	if s.Blocked > 0 {
		o.After = recheckBlocked
	}
	return o
}

// verdictOfRun says how far a running programme is, and stalls when only what needs a person is left.
func (p *programme) verdictOfRun() *outcome.Outcome {
	s := &p.move.Status
	switch {
	case s.Waiting+s.Moving > 0:
		p.fine = true
		p.learn(v1alpha1.ConditionComplete, false, v1alpha1.ReasonMoving, "")
		return outcome.Wait(v1alpha1.ReasonMoving, "%s", p.words()).In(recheckBlocked)
	case p.claimed():
		p.learn(v1alpha1.ConditionComplete, false, v1alpha1.ReasonClaimedByAnother, "")
		return outcome.Wait(v1alpha1.ReasonClaimedByAnother, "machines belong to other moves, which have to end first. %s", p.words()).In(recheckBlocked)
	case s.Blocked > 0:
		p.learn(v1alpha1.ConditionComplete, false, v1alpha1.ReasonBlocked, "")
		return outcome.Stall(v1alpha1.ReasonBlocked, "%s See status.plan.concerns and the VirtualMachineMoves; machines go on by themselves once what blocks them is gone", p.words()).In(recheckBlocked)
	case s.Failed > 0:
		p.learn(v1alpha1.ConditionComplete, false, v1alpha1.ReasonMachinesFailed, "")
		return outcome.Stall(v1alpha1.ReasonMachinesFailed, "%s Their VirtualMachineMoves say why; the annotation %s on one of them tries again", p.words(), v1alpha1.AnnotationRetryRequestedAt)
	}
	p.learn(v1alpha1.ConditionComplete, false, v1alpha1.ReasonCancelled, "")
	return outcome.Stall(v1alpha1.ReasonCancelled, "%s Machines were cancelled one by one: delete their VirtualMachineMoves to have them planned again", p.words())
}

// claimed says whether all that is blocked waits for other moves to end.
func (p *programme) claimed() bool {
	n := int32(0)
	for _, m := range p.own {
		if m.Status.Step == v1alpha1.MoveStepBlocked && len(m.Status.Concerns) > 0 && m.Status.Concerns[0].Name == v1alpha1.ReasonClaimedByAnother {
			n++
		}
	}
	return n > 0 && n == p.move.Status.Blocked
}

// complete is the end of a programme that wanted its machines at the target.
func (p *programme) complete() *outcome.Outcome {
	p.count()
	s := &p.move.Status
	return outcome.Done(v1alpha1.ReasonComplete, "%s at the target, read there%s", allAre(int(s.Total)), p.warned())
}

// warned names machines that have moved and of which a person should know something: on another datastore than planned, for example.
func (p *programme) warned() string {
	var names []string
	for _, m := range p.own {
		if slices.ContainsFunc(m.Status.Concerns, func(c v1alpha1.MachineConcern) bool { return c.Severity == v1alpha1.SeverityWarning }) {
			names = append(names, m.Spec.Machine.Name)
		}
	}
	if len(names) == 0 {
		return ""
	}
	return fmt.Sprintf(". Of %s the VirtualMachineMove has a warning", namesOf(names))
}

func allAre(n int) string {
	if n == 1 {
		return "the machine is"
	}
	return fmt.Sprintf("all %d machines are", n)
}

// verdictOfCancel says how far the winding down is.
func (p *programme) verdictOfCancel() *outcome.Outcome {
	p.count()
	p.yield()
	if n := len(p.unfinished()); n > 0 {
		p.fine = true
		p.learn(v1alpha1.ConditionComplete, false, v1alpha1.ReasonCancelled, "")
		return outcome.Wait(v1alpha1.ReasonCancelled, "cancelled: nothing new starts, and what runs is cancelled or ends. %s", p.words()).In(time.Minute)
	}
	p.learn(v1alpha1.ConditionComplete, true, v1alpha1.ReasonCancelled, "every machine stays where it is")
	return outcome.Done(v1alpha1.ReasonCancelled, "cancelled: every machine stays where it is. %s", p.words())
}

// yield takes machines that have not started out of the line, so that no room is kept for them.
func (p *programme) yield() {
	for _, m := range p.own {
		if !started(m) {
			p.Turns.Forget(m.UID)
		}
	}
}

// words tell the counts, those that are not zero, and name what a person should look at.
func (p *programme) words() string {
	s := &p.move.Status
	parts := []string{fmt.Sprintf("%d of %s moved", s.Moved, are(int(s.Total), "machine has", "machines have"))}
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
	add(s.Moving, "is moving", "are moving", "")
	standing, names := p.standing()
	add(standing, "stands still", "stand still", names)
	add(s.Waiting, "waits", "wait", "")
	add(s.Failed, "has failed", "have failed", p.names(v1alpha1.MoveStepFailed))
	add(s.Blocked, "is blocked", "are blocked", p.blockedWords())
	add(s.Cancelled, "was cancelled", "were cancelled", "")
	return strings.Join(parts, ", ") + "."
}

// standing are the machines whose relocations show no progress.
func (p *programme) standing() (int32, string) {
	var names []string
	for _, m := range p.own {
		if m.Status.Step == v1alpha1.MoveStepRelocating && slices.ContainsFunc(m.Status.Concerns, func(c v1alpha1.MachineConcern) bool { return c.Name == v1alpha1.ReasonNoProgress }) {
			names = append(names, m.Spec.Machine.Name)
		}
	}
	return int32(len(names)), namesOf(names) //nolint:gosec // machines of one move
}

// blockedWords name what blocks: by the plan, and machines that were planned and are blocked since.
func (p *programme) blockedWords() string {
	var out []string
	if p.made != nil {
		if s := p.blocks(); s != "" {
			out = append(out, s)
		}
	}
	if names := p.names(v1alpha1.MoveStepBlocked); names != "" {
		out = append(out, names)
	}
	return strings.Join(out, "; ")
}
