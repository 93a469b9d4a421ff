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
	"github.com/avs-operator/avs-operator/controllers/connect/vcenters"
	"github.com/avs-operator/avs-operator/controllers/move/method"
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

// makePlan decides what would happen, publishes it, and stops here if the move is blocked as a whole.
func (s *scope) makePlan(ctx context.Context) *outcome.Outcome {
	if asked := s.workload.Spec.Method; !method.Known(asked) {
		return outcome.Stall(v1alpha1.ReasonInvalidSpec, "this version of the operator does not know spec.method %s (it knows %s, %s): nothing is planned or moved. "+
			"Set another method, or install the version that knows it", asked, v1alpha1.MoveMethodAuto, method.Names())
	}
	input, o := s.input(ctx)
	if o != nil {
		return o
	}
	need := plan.Need(input)
	if o := s.gather(ctx, need, &input); o != nil {
		return o
	}
	s.plan = plan.Make(input)
	s.publishPlan()
	s.noteNewMachines()
	if b := s.plan.Blocker(); b != nil {
		message := s.blockerMessage(b)
		s.learn(v1alpha1.ConditionPlanned, false, b.Name, message)
		return outcome.Stall(b.Name, "%s", message).In(recheckBlocked)
	}
	if blocked := s.plan.Count(plan.StateBlocked); blocked > 0 {
		s.learn(v1alpha1.ConditionPlanned, false, v1alpha1.ReasonBlocked, fmt.Sprintf("%s blocked: %s", are(blocked, "machine is", "machines are"),
			s.describeBlocking()))
	} else {
		s.learn(v1alpha1.ConditionPlanned, true, v1alpha1.ReasonPlanned, fmt.Sprintf("nothing blocks the %s", are(len(s.plan.Machines), "machine", "machines")))
	}
	return nil
}

// input is what a plan is made of, but for what has to be fetched for it.
func (s *scope) input(ctx context.Context) (plan.Input, *outcome.Outcome) {
	in := plan.Input{Spec: &s.workload.Spec, Source: side(s.source), Target: side(s.target), Selection: s.workload.Status.Selection, Now: time.Now()}
	if in.Source.Inventory == nil || in.Target.Inventory == nil {
		return in, outcome.Wait(v1alpha1.ReasonReferenceNotReady, "the inventory of a vCenter is being read").In(10 * time.Second)
	}
	for _, m := range s.machines {
		in.Known = append(in.Known, plan.Known{
			Spec: &m.Spec, Own: true, Started: started(m), Moved: m.Status.Step == v1alpha1.MoveStepMoved, Ended: m.Status.Step.Over(),
		})
	}
	list := &v1alpha1.VirtualMachineMoveList{}
	// Nothing in the list is changed here, and a plan only reads its input.
	if err := s.Client.List(ctx, list, client.UnsafeDisableDeepCopy); err != nil {
		return in, outcome.Retry(v1alpha1.ReasonTransient, fmt.Errorf("reading which machines have moved before: %w", err))
	}
	for i := range list.Items {
		m := &list.Items[i]
		if m.Status.Step == v1alpha1.MoveStepMoved && !ownedBy(m, s.workload) && m.Spec.Source.VCenterInstanceUUID == in.Source.InstanceUUID &&
			m.Spec.Target.VCenterInstanceUUID == in.Target.InstanceUUID {
			in.Known = append(in.Known, plan.Known{Spec: &m.Spec, Started: true, Moved: true, Ended: true})
		}
	}
	return in, nil
}

func side(c *vcenters.Connected) plan.Side {
	return plan.Side{Inventory: c.Watcher.Inventory(), InstanceUUID: c.Client.About().InstanceUUID, Name: c.Object.Name}
}

// gather fetches what the plan needs beside the inventories.
func (s *scope) gather(ctx context.Context, need plan.Needs, in *plan.Input) *outcome.Outcome {
	var err error
	stale := s.rereadBlocked()
	if in.Details, err = s.cache.details(ctx, s.source, need.Machines, stale); err != nil {
		return outcome.Retry(v1alpha1.ReasonUnreachable, err)
	}
	target, o := s.cache.site(ctx, s.target, s.arrivingAccount, need, s.workload.UID, s.Pace.RealAtLeast(siteFresh, time.Second))
	if o != nil {
		return o
	}
	in.Pools, in.Factor = target.pools, target.factor
	if !s.wantsRoom(need) {
		return nil
	}
	neighbours, err := s.cache.neighbours(ctx, s.target, need.Neighbours)
	if err != nil {
		return outcome.Retry(v1alpha1.ReasonUnreachable, err)
	}
	for _, d := range neighbours {
		in.Neighbours = append(in.Neighbours, d)
	}
	fresh := s.Pace.RealAtLeast(time.Minute, time.Second)
	if in.Space, in.Load, err = s.cache.room(ctx, s.target, need, s.workload.UID, fresh); err != nil {
		return outcome.Retry(v1alpha1.ReasonUnreachable, err)
	}
	return nil
}

// wantsRoom says whether a machine has to be let in that has no VirtualMachineMove yet: room and neighbours were looked at for the others.
func (s *scope) wantsRoom(need plan.Needs) bool {
	mine := map[string]bool{}
	for _, m := range s.machines {
		mine[m.Spec.Machine.InstanceUUID] = true
	}
	return slices.ContainsFunc(need.Machines, func(m *vcenter.Machine) bool { return !mine[m.InstanceUUID] })
}

// rereadBlocked says which machines to read again although they look unchanged: those that were blocked, because what blocked them may have gone
// without a trace in what is watched.
func (s *scope) rereadBlocked() map[string]bool {
	return s.cache.blockedOf(s.workload.UID, s.Pace.RealAtLeast(recheckBlocked, time.Second))
}

// publishPlan shows the plan in status. A plan with the same hash stays as it was: free space and the like move by themselves. After an
// edit it is shown in any case: one that changes no machine has to say which it leaves alone.
func (s *scope) publishPlan() {
	s.cache.setBlocked(s.workload.UID, s.plan)
	if st := &s.workload.Status; st.Plan != nil && st.Plan.Hash == s.plan.Hash && s.before.Status.ObservedGeneration == s.workload.Generation {
		return
	}
	shown := &v1alpha1.MovePlan{
		Hash: s.plan.Hash, Machines: int32(len(s.plan.Machines)), Blocked: int32(s.plan.Count(plan.StateBlocked)), Bytes: s.plan.Bytes,
		EstimatedSeconds: int64(s.plan.Estimated / time.Second),
	}
	for _, c := range s.plan.Concerns {
		if len(shown.Concerns) == mostConcerns {
			break
		}
		summary := v1alpha1.ConcernSummary{Name: c.Name, Severity: c.Severity, Machines: int32(len(c.Machines)), Message: c.Message}
		for _, name := range c.Machines[:min(len(c.Machines), mostExamples)] {
			summary.Examples = append(summary.Examples, text.Cut(name, 80))
		}
		shown.Concerns = append(shown.Concerns, summary)
	}
	s.workload.Status.Plan = shown
}

// blockerMessage is what the user reads: the first thing to mend, in the words of the plan that is shown, and what else there is.
func (s *scope) blockerMessage(b *plan.Concern) string {
	message := b.Message
	var more []string
	for _, c := range s.workload.Status.Plan.Concerns {
		if c.Name == b.Name {
			message = c.Message
		}
	}
	for _, c := range s.plan.Concerns {
		if c.Whole && c.Severity == v1alpha1.SeverityBlocking && c.Name != b.Name {
			more = append(more, c.Name)
		}
	}
	if len(more) > 0 {
		message += fmt.Sprintf(" (there is more to mend, see status.plan.concerns: %s)", strings.Join(more, ", "))
	}
	return message
}

// describeBlocking names what blocks machines, and the machines.
func (s *scope) describeBlocking() string {
	var out []string
	for _, c := range s.plan.Concerns {
		if c.Severity == v1alpha1.SeverityBlocking {
			out = append(out, fmt.Sprintf("%s (%s)", c.Name, text.List(c.Machines, mostNamed)))
		}
	}
	return strings.Join(out, "; ")
}
