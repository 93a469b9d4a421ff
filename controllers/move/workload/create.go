// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package workload

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
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

// batch is how many VirtualMachineMoves are made or taken away in one reconcile: a second's work, so that an edit does not wait for thousands.
const batch = 250

// dropReplanned takes VirtualMachineMoves away that have not started and that the plan does not want like this any more: they are made again by
// the plan. The API server refuses it for one that has changed meanwhile, so that none is taken away while it starts.
func (s *scope) dropReplanned(ctx context.Context) *outcome.Outcome {
	wanted := map[string]*plan.Machine{}
	for i := range s.plan.Machines {
		wanted[s.plan.Machines[i].Identity.InstanceUUID] = &s.plan.Machines[i]
	}
	removed := 0
	for _, m := range s.machines {
		if started(m) || !m.DeletionTimestamp.IsZero() || asPlanned(m, wanted[m.Spec.Machine.InstanceUUID]) {
			continue
		}
		if removed == batch {
			break
		}
		s.Turns.Forget(m.UID)
		err := s.Client.Delete(ctx, m, client.Preconditions{UID: &m.UID, ResourceVersion: &m.ResourceVersion})
		if err != nil && !apierrors.IsNotFound(err) && !apierrors.IsConflict(err) {
			return outcome.Retry(v1alpha1.ReasonTransient, fmt.Errorf("taking VirtualMachineMove %s away, which the plan has changed: %w", m.Name, err))
		}
		removed++
	}
	if removed > 0 {
		s.keepReady = true
		return outcome.Wait(v1alpha1.ReasonPlanning, "%s planned again", are(removed, "machine that has not started is",
			"machines that have not started are")).In(s.Pace.Elapsed(200 * time.Millisecond))
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
	return equality.Semantic.DeepEqual(was.Target, is.Spec.Target) && equality.Semantic.DeepEqual(was.Waivers,
		is.Spec.Waivers) && was.Method == is.Spec.Method && equality.Semantic.DeepEqual(was.Power, is.Spec.Power) &&
		was.Source.VCenterInstanceUUID == is.Spec.Source.VCenterInstanceUUID
}

// createMachines makes the VirtualMachineMoves that are missing, in the order of the plan: who asks first to start should be who is to start first.
func (s *scope) createMachines(ctx context.Context) *outcome.Outcome {
	if s.workload.Spec.State != v1alpha1.MoveStateRun {
		return nil
	}
	s.choose()
	exists := map[string]bool{}
	for _, m := range s.machines {
		exists[m.Spec.Machine.InstanceUUID] = true
	}
	made := 0
	for i := range s.plan.Machines {
		machine := &s.plan.Machines[i]
		if machine.State != plan.StateReady || exists[machine.Identity.InstanceUUID] {
			continue
		}
		if made == 0 { // before anything can be under way
			if o := s.store(ctx); o != nil {
				return o
			}
		}
		if made == batch {
			s.keepReady = true
			return outcome.Wait(v1alpha1.ReasonMoving, "VirtualMachineMoves are being made, %d so far", len(s.machines)).In(s.Pace.Elapsed(10 * time.Millisecond))
		}
		child, o := s.create(ctx, machine.Spec)
		if o != nil {
			return o
		}
		s.machines = append(s.machines, child)
		made++
	}
	return nil
}

// store stores what must be known before the first machine can start: the finalizer, so that nothing is forgotten, the selection, so that
// nothing is taken in that appears later, and the plan of this generation, so that nobody finds out later what was meant.
func (s *scope) store(ctx context.Context) *outcome.Outcome {
	if o := s.setFinalizer(ctx, controllerutil.AddFinalizer); o != nil {
		return o
	}
	was := &s.before.Status
	if was.ObservedGeneration == s.workload.Generation && was.Plan != nil && was.Plan.Hash == s.plan.Hash && was.Selection != nil {
		return nil
	}
	s.count()
	o := outcome.Wait(v1alpha1.ReasonMoving, "planned. %s", s.describe())
	if err := s.Publisher.Record(ctx, s.subject(), status.Report{Outcome: o, KeepReady: true, Facts: s.conditions()}); err != nil {
		if apierrors.IsConflict(err) || apierrors.IsNotFound(err) {
			return outcome.Wait(v1alpha1.ReasonReconciling, "the object changed meanwhile").In(s.Pace.Elapsed(50 * time.Millisecond))
		}
		return outcome.Retry(v1alpha1.ReasonTransient, fmt.Errorf("storing the plan: %w", err))
	}
	s.before = s.workload.DeepCopy()
	return nil
}

// create makes the VirtualMachineMove of one machine.
func (s *scope) create(ctx context.Context, spec *v1alpha1.VirtualMachineMoveSpec) (*v1alpha1.VirtualMachineMove, *outcome.Outcome) {
	child := &v1alpha1.VirtualMachineMove{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: s.workload.Namespace, Name: ChildName(s.workload.Name, spec.Source.VCenterInstanceUUID, spec.Machine.InstanceUUID),
			Labels: map[string]string{v1alpha1.LabelMove: s.workload.Name},
		},
		Spec: *spec.DeepCopy(),
	}
	if err := controllerutil.SetControllerReference(s.workload, child, s.Client.Scheme()); err != nil {
		return nil, outcome.Retry(v1alpha1.ReasonTransient, err)
	}
	err := s.Client.Create(ctx, child)
	switch {
	case err == nil:
		return child, nil
	case apierrors.IsAlreadyExists(err):
		return nil, s.nameTaken(ctx, child)
	}
	return nil, outcome.Retry(v1alpha1.ReasonTransient, fmt.Errorf("making VirtualMachineMove %s: %w", child.Name, err))
}

// nameTaken says what it means that the name of a child is taken.
func (s *scope) nameTaken(ctx context.Context, child *v1alpha1.VirtualMachineMove) *outcome.Outcome {
	there := &v1alpha1.VirtualMachineMove{}
	err := s.Live.Get(ctx, client.ObjectKeyFromObject(child), there)
	if err == nil && !ownedBy(there, s.workload) && metav1.GetControllerOf(there) == nil {
		return outcome.Stall(v1alpha1.ReasonAlreadyManaged, "VirtualMachineMove %s exists and was not made by this WorkloadMove: delete it", child.Name)
	}
	s.keepReady = true // the cache lags, or what an earlier WorkloadMove of this name made is being deleted
	return outcome.Wait(v1alpha1.ReasonReconciling, "VirtualMachineMove %s of an earlier plan is still there",
		child.Name).In(s.Pace.Elapsed(300 * time.Millisecond))
}

// ChildName is the name of the VirtualMachineMove of a machine: the same for the same machine, whoever asks.
func ChildName(move, vcenterUUID, instanceUUID string) string {
	sum := sha256.Sum256([]byte(vcenterUUID + "/" + instanceUUID))
	return move + "-" + hex.EncodeToString(sum[:])[:10]
}
