// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package workload

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/connect"
	"github.com/avs-operator/avs-operator/controllers/move/plan"
	"github.com/avs-operator/avs-operator/controllers/outcome"
	"github.com/avs-operator/avs-operator/controllers/text"
	"github.com/avs-operator/avs-operator/controllers/vcenter"
)

// The most that status takes.
const (
	mostConcerns = 64
	mostExamples = 5
)

// recheckBlocked is how soon a blocked plan is looked at again: not everything that blocks tells when it goes. vCenter's time.
const recheckBlocked = 5 * time.Minute

// plan decides what would happen, publishes it, and stops here if the move is blocked as a whole.
func (p *programme) plan(ctx context.Context) *outcome.Outcome {
	input, o := p.input(ctx)
	if o != nil {
		return o
	}
	need := plan.Need(input)
	if o := p.gather(ctx, need, &input); o != nil {
		return o
	}
	p.made = plan.Make(input)
	p.publishPlan()
	p.sayLater()
	if b := p.made.Blocker(); b != nil {
		message := p.blockerMessage(b)
		p.learn(v1alpha1.ConditionPlanned, false, b.Name, message)
		return outcome.Stall(b.Name, "%s", message).In(recheckBlocked)
	}
	if blocked := p.made.Count(plan.StateBlocked); blocked > 0 {
		p.learn(v1alpha1.ConditionPlanned, false, v1alpha1.ReasonBlocked, fmt.Sprintf("%s blocked: %s", are(blocked, "machine is", "machines are"), p.blocks()))
	} else {
		p.learn(v1alpha1.ConditionPlanned, true, v1alpha1.ReasonPlanned, fmt.Sprintf("nothing blocks the %s", are(len(p.made.Machines), "machine", "machines")))
	}
	return nil
}

// input is what a plan is made of, but for what has to be fetched for it.
func (p *programme) input(ctx context.Context) (plan.Input, *outcome.Outcome) {
	in := plan.Input{Spec: &p.move.Spec, Source: side(p.source), Target: side(p.target), Selection: p.move.Status.Selection, Now: time.Now()}
	if in.Source.Inventory == nil || in.Target.Inventory == nil {
		return in, outcome.Wait(v1alpha1.ReasonReferenceNotReady, "the inventory of a vCenter is being read").In(10 * time.Second)
	}
	for _, m := range p.own {
		in.Known = append(in.Known, plan.Known{
			Spec: &m.Spec, Own: true, Started: started(m), Moved: m.Status.Step == v1alpha1.MoveStepMoved, Ended: m.Status.Step.Over(),
		})
	}
	list := &v1alpha1.VirtualMachineMoveList{}
	// Nothing in the list is changed here, and a plan only reads its input.
	if err := p.Client.List(ctx, list, client.UnsafeDisableDeepCopy); err != nil {
		return in, outcome.Retry(v1alpha1.ReasonTransient, fmt.Errorf("reading which machines have moved before: %w", err))
	}
	for i := range list.Items {
		m := &list.Items[i]
		if m.Status.Step == v1alpha1.MoveStepMoved && !ownedBy(m, p.move) && m.Spec.Source.VCenterInstanceUUID == in.Source.InstanceUUID &&
			m.Spec.Target.VCenterInstanceUUID == in.Target.InstanceUUID {
			in.Known = append(in.Known, plan.Known{Spec: &m.Spec, Started: true, Moved: true, Ended: true})
		}
	}
	return in, nil
}

func side(c *connect.Connected) plan.Side {
	return plan.Side{Inventory: c.Watcher.Inventory(), InstanceUUID: c.Client.About().InstanceUUID, Name: c.Object.Name}
}

// gather fetches what the plan needs beside the inventories.
func (p *programme) gather(ctx context.Context, need plan.Needs, in *plan.Input) *outcome.Outcome {
	var err error
	stale := p.stale()
	if in.Details, err = p.facts.details(ctx, p.source, need.Machines, stale); err != nil {
		return outcome.Retry(v1alpha1.ReasonUnreachable, err)
	}
	target, o := p.facts.site(ctx, p.target, p.arriving, need, p.move.UID, p.Pace.RealAtLeast(siteFresh, time.Second))
	if o != nil {
		return o
	}
	in.Pools, in.Factor = target.pools, target.factor
	if !p.wantsRoom(need) {
		return nil
	}
	neighbours, err := p.facts.neighbours(ctx, p.target, need.Neighbours)
	if err != nil {
		return outcome.Retry(v1alpha1.ReasonUnreachable, err)
	}
	for _, d := range neighbours {
		in.Neighbours = append(in.Neighbours, d)
	}
	fresh := p.Pace.RealAtLeast(time.Minute, time.Second)
	if in.Space, in.Load, err = p.facts.room(ctx, p.target, need, p.move.UID, fresh); err != nil {
		return outcome.Retry(v1alpha1.ReasonUnreachable, err)
	}
	return nil
}

// wantsRoom says whether a machine has to be let in that has no VirtualMachineMove yet: room and neighbours were looked at for the others.
func (p *programme) wantsRoom(need plan.Needs) bool {
	mine := map[string]bool{}
	for _, m := range p.own {
		mine[m.Spec.Machine.InstanceUUID] = true
	}
	return slices.ContainsFunc(need.Machines, func(m *vcenter.Machine) bool { return !mine[m.InstanceUUID] })
}

// stale says which machines to read again although they look unchanged: those that were blocked, because what blocked them may have gone
// without a trace in what is watched.
func (p *programme) stale() map[string]bool {
	return p.facts.blockedOf(p.move.UID, p.Pace.RealAtLeast(recheckBlocked, time.Second))
}

// publishPlan shows the plan in status. A plan with the same hash stays as it was: free space and the like move by themselves. After an
// edit it is shown in any case: one that changes no machine has to say which it leaves alone.
func (p *programme) publishPlan() {
	p.facts.setBlocked(p.move.UID, p.made)
	if s := &p.move.Status; s.Plan != nil && s.Plan.Hash == p.made.Hash && p.before.Status.ObservedGeneration == p.move.Generation {
		return
	}
	shown := &v1alpha1.MovePlan{
		Hash: p.made.Hash, Machines: int32(len(p.made.Machines)), Blocked: int32(p.made.Count(plan.StateBlocked)), Bytes: p.made.Bytes,
		EstimatedSeconds: int64(p.made.Estimated / time.Second),
	}
	for _, c := range p.made.Concerns {
		if len(shown.Concerns) == mostConcerns {
			break
		}
		summary := v1alpha1.ConcernSummary{Name: c.Name, Severity: c.Severity, Machines: int32(len(c.Machines)), Message: c.Message}
		for _, name := range c.Machines[:min(len(c.Machines), mostExamples)] {
			summary.Examples = append(summary.Examples, text.Cut(name, 80))
		}
		shown.Concerns = append(shown.Concerns, summary)
	}
	p.move.Status.Plan = shown
}

// blockerMessage is what the user reads: the first thing to mend, in the words of the plan that is shown, and what else there is.
func (p *programme) blockerMessage(b *plan.Concern) string {
	message := b.Message
	var more []string
	for _, c := range p.move.Status.Plan.Concerns {
		if c.Name == b.Name {
			message = c.Message
		}
	}
	for _, c := range p.made.Concerns {
		if c.Whole && c.Severity == v1alpha1.SeverityBlocking && c.Name != b.Name {
			more = append(more, c.Name)
		}
	}
	if len(more) > 0 {
		message += fmt.Sprintf(" (there is more to mend, see status.plan.concerns: %s)", strings.Join(more, ", "))
	}
	return message
}

// blocks names what blocks machines, and the machines.
func (p *programme) blocks() string {
	var out []string
	for _, c := range p.move.Status.Plan.Concerns {
		if c.Severity == v1alpha1.SeverityBlocking {
			out = append(out, fmt.Sprintf("%s (%s)", c.Name, strings.Join(c.Examples, ", ")+andMore(int(c.Machines)-len(c.Examples))))
		}
	}
	return strings.Join(out, "; ")
}

func andMore(n int) string {
	if n <= 0 {
		return ""
	}
	return fmt.Sprintf(" and %d more", n)
}

// are counts in words: "1 machine is", "2 machines are".
func are(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
