// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package workload

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/move/plan"
	"github.com/avs-operator/avs-operator/controllers/outcome"
	"github.com/avs-operator/avs-operator/controllers/status"
)

// batch is how many VirtualMachineMoves are made or taken away in one pass: a second's work, so that an edit does not wait for thousands.
const batch = 250

// children lists what this programme has made.
func (p *programme) children(ctx context.Context) *outcome.Outcome {
	list := &v1alpha1.VirtualMachineMoveList{}
	// Nothing in the list is changed here.
	if err := p.Client.List(ctx, list, client.InNamespace(p.move.Namespace), client.MatchingLabels{v1alpha1.LabelMove: p.move.Name}, client.UnsafeDisableDeepCopy); err != nil {
		return outcome.Retry(v1alpha1.ReasonTransient, fmt.Errorf("reading the VirtualMachineMoves: %w", err))
	}
	for i := range list.Items {
		if ownedBy(&list.Items[i], p.move) {
			p.own = append(p.own, &list.Items[i])
		}
	}
	slices.SortFunc(p.own, func(a, b *v1alpha1.VirtualMachineMove) int { return cmp.Compare(a.Name, b.Name) })
	return nil
}

func ownedBy(m *v1alpha1.VirtualMachineMove, move *v1alpha1.WorkloadMove) bool {
	owner := metav1.GetControllerOf(m)
	return owner != nil && owner.UID == move.UID
}

// started says that a machine's choices are frozen: it may start at any moment, has started, or has ended. A finalizer alone says nothing of
// that: a machine that gave its turn back before its call was on record keeps it, and would be left out of every edit. Whoever takes such a
// machine away names the version that was read, and the record of a call is refused for one that was taken away.
func started(m *v1alpha1.VirtualMachineMove) bool {
	s := &m.Status
	return s.GrantedAt != nil || s.StartedAt != nil || s.Begun() || s.Step.Over()
}

// active says that something may be under way for a machine, or be about to.
func active(m *v1alpha1.VirtualMachineMove) bool {
	return (started(m) || controllerutil.ContainsFinalizer(m, v1alpha1.Finalizer)) && !m.Status.Step.Over()
}

// unfinished children are not at their end.
func (p *programme) unfinished() []*v1alpha1.VirtualMachineMove {
	return slices.DeleteFunc(slices.Clone(p.own), func(m *v1alpha1.VirtualMachineMove) bool { return m.Status.Step.Over() })
}

// revise takes VirtualMachineMoves away that have not started and that the plan does not want like this any more: they are made again by
// the plan. The API server refuses it for one that has changed meanwhile, so that none is taken away while it starts.
func (p *programme) revise(ctx context.Context) *outcome.Outcome {
	wanted := map[string]*plan.Machine{}
	for i := range p.made.Machines {
		wanted[p.made.Machines[i].Identity.InstanceUUID] = &p.made.Machines[i]
	}
	removed := 0
	for _, m := range p.own {
		if started(m) || !m.DeletionTimestamp.IsZero() || asPlanned(m, wanted[m.Spec.Machine.InstanceUUID]) {
			continue
		}
		if removed == batch {
			break
		}
		p.Turns.Forget(m.UID)
		err := p.Client.Delete(ctx, m, client.Preconditions{UID: &m.UID, ResourceVersion: &m.ResourceVersion})
		if err != nil && !apierrors.IsNotFound(err) && !apierrors.IsConflict(err) {
			return outcome.Retry(v1alpha1.ReasonTransient, fmt.Errorf("taking VirtualMachineMove %s away, which the plan has changed: %w", m.Name, err))
		}
		removed++
	}
	if removed > 0 {
		p.fine = true
		return outcome.Wait(v1alpha1.ReasonPlanning, "%s planned again", are(removed, "machine that has not started is", "machines that have not started are")).In(p.Pace.Elapsed(200 * time.Millisecond))
	}
	return nil
}

// asPlanned says whether a machine that has not started may go on as it was planned.
func asPlanned(m *v1alpha1.VirtualMachineMove, is *plan.Machine) bool {
	switch {
	case is == nil, is.State == plan.StateBlocked:
		return false
	case is.State != plan.StateReady:
		return true // it is not at the source, and says so itself
	}
	was := m.Spec
	return equality.Semantic.DeepEqual(was.Target, is.Spec.Target) && equality.Semantic.DeepEqual(was.Waivers, is.Spec.Waivers) && was.Method == is.Spec.Method && equality.Semantic.DeepEqual(was.Power, is.Spec.Power) &&
		was.Source.VCenterInstanceUUID == is.Spec.Source.VCenterInstanceUUID
}

// multiply makes the VirtualMachineMoves that are missing, in the order of the plan: who asks first to start should be who is to start first.
func (p *programme) multiply(ctx context.Context) *outcome.Outcome {
	if p.move.Spec.State != v1alpha1.MoveStateRun {
		return nil
	}
	p.choose()
	exists := map[string]bool{}
	for _, m := range p.own {
		exists[m.Spec.Machine.InstanceUUID] = true
	}
	made := 0
	for i := range p.made.Machines {
		machine := &p.made.Machines[i]
		if machine.State != plan.StateReady || exists[machine.Identity.InstanceUUID] {
			continue
		}
		if made == 0 { // before anything can be under way
			if o := p.prepare(ctx); o != nil {
				return o
			}
		}
		if made == batch {
			p.fine = true
			return outcome.Wait(v1alpha1.ReasonMoving, "VirtualMachineMoves are being made, %d so far", len(p.own)).In(p.Pace.Elapsed(10 * time.Millisecond))
		}
		child, o := p.create(ctx, machine.Spec)
		if o != nil {
			return o
		}
		p.own = append(p.own, child)
		made++
	}
	return nil
}

// prepare stores what must be known before the first machine can start: the finalizer, so that nothing is forgotten, the selection, so that
// nothing is taken in that appears later, and the plan of this generation, so that nobody finds out later what was meant.
func (p *programme) prepare(ctx context.Context) *outcome.Outcome {
	if o := p.setFinalizer(ctx, controllerutil.AddFinalizer); o != nil {
		return o
	}
	was := &p.before.Status
	if was.ObservedGeneration == p.move.Generation && was.Plan != nil && was.Plan.Hash == p.made.Hash && was.Selection != nil {
		return nil
	}
	p.count()
	o := outcome.Wait(v1alpha1.ReasonMoving, "planned. %s", p.words())
	if err := p.Publisher.Record(ctx, p.subject(), status.Report{Outcome: o, KeepReady: true, Facts: p.said()}); err != nil {
		if apierrors.IsConflict(err) || apierrors.IsNotFound(err) {
			return outcome.Wait(v1alpha1.ReasonReconciling, "the object changed meanwhile").In(p.Pace.Elapsed(50 * time.Millisecond))
		}
		return outcome.Retry(v1alpha1.ReasonTransient, fmt.Errorf("storing the plan: %w", err))
	}
	p.before = p.move.DeepCopy()
	return nil
}

// create makes the VirtualMachineMove of one machine.
func (p *programme) create(ctx context.Context, spec *v1alpha1.VirtualMachineMoveSpec) (*v1alpha1.VirtualMachineMove, *outcome.Outcome) {
	child := &v1alpha1.VirtualMachineMove{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: p.move.Namespace, Name: ChildName(p.move.Name, spec.Source.VCenterInstanceUUID, spec.Machine.InstanceUUID),
			Labels: map[string]string{v1alpha1.LabelMove: p.move.Name},
		},
		Spec: *spec.DeepCopy(),
	}
	if err := controllerutil.SetControllerReference(p.move, child, p.Client.Scheme()); err != nil {
		return nil, outcome.Retry(v1alpha1.ReasonTransient, err)
	}
	err := p.Client.Create(ctx, child)
	switch {
	case err == nil:
		return child, nil
	case apierrors.IsAlreadyExists(err):
		return nil, p.taken(ctx, child)
	}
	return nil, outcome.Retry(v1alpha1.ReasonTransient, fmt.Errorf("making VirtualMachineMove %s: %w", child.Name, err))
}

// taken says what it means that the name of a child is taken.
func (p *programme) taken(ctx context.Context, child *v1alpha1.VirtualMachineMove) *outcome.Outcome {
	there := &v1alpha1.VirtualMachineMove{}
	err := p.Live.Get(ctx, client.ObjectKeyFromObject(child), there)
	if err == nil && !ownedBy(there, p.move) && metav1.GetControllerOf(there) == nil {
		return outcome.Stall(v1alpha1.ReasonAlreadyManaged, "VirtualMachineMove %s exists and was not made by this WorkloadMove: delete it", child.Name)
	}
	p.fine = true // the cache lags, or what an earlier WorkloadMove of this name made is being deleted
	return outcome.Wait(v1alpha1.ReasonReconciling, "VirtualMachineMove %s of an earlier plan is still there", child.Name).In(p.Pace.Elapsed(300 * time.Millisecond))
}

// ChildName is the name of the VirtualMachineMove of a machine: the same for the same machine, whoever asks.
func ChildName(move, vcenterUUID, instanceUUID string) string {
	sum := sha256.Sum256([]byte(vcenterUUID + "/" + instanceUUID))
	return move + "-" + hex.EncodeToString(sum[:])[:10]
}
