// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package workload

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/outcome"
)

// listMachines lists what this WorkloadMove has made.
func (s *scope) listMachines(ctx context.Context) *outcome.Outcome {
	list := &v1alpha1.VirtualMachineMoveList{}
	// Nothing in the list is changed here.
	if err := s.Client.List(ctx, list, client.InNamespace(s.workload.Namespace), client.MatchingLabels{v1alpha1.LabelMove: s.workload.Name},
		client.UnsafeDisableDeepCopy); err != nil {
		return outcome.Retry(v1alpha1.ReasonTransient, fmt.Errorf("reading the VirtualMachineMoves: %w", err))
	}
	for i := range list.Items {
		if ownedBy(&list.Items[i], s.workload) {
			s.machines = append(s.machines, &list.Items[i])
		}
	}
	slices.SortFunc(s.machines, func(a, b *v1alpha1.VirtualMachineMove) int { return cmp.Compare(a.Name, b.Name) })
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
func (s *scope) unfinished() []*v1alpha1.VirtualMachineMove {
	return slices.DeleteFunc(slices.Clone(s.machines), func(m *v1alpha1.VirtualMachineMove) bool { return m.Status.Step.Over() })
}
