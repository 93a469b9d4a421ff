// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package machine

import (
	"context"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/outcome"
)

// intent is what a machine's WorkloadMove wants of it.
type intent string

const (
	intentRun    intent = "run"
	intentPause  intent = "hold"   // planned or paused: nothing new starts, what runs ends
	intentCancel intent = "cancel" // cancelled or deleted: nothing new starts, what runs is cancelled
)

// readIntent asks the WorkloadMove, by the cache. Before anything starts it is asked again, live.
func (s *scope) readIntent(ctx context.Context) *outcome.Outcome {
	w, err := intentOf(ctx, s.Client, s.move)
	if err != nil {
		return outcome.Retry(v1alpha1.ReasonTransient, err)
	}
	s.intent = w
	s.move.Status.Concerns = nil // what still holds is found again below
	return nil
}

// intentOf is what the WorkloadMove wants of a machine. A WorkloadMove that is gone takes its machines along; a move without one runs.
func intentOf(ctx context.Context, reader client.Reader, move *v1alpha1.VirtualMachineMove) (intent, error) {
	if !move.DeletionTimestamp.IsZero() {
		return intentCancel, nil
	}
	owner := metav1.GetControllerOf(move)
	if owner == nil || owner.Kind != "WorkloadMove" {
		return intentRun, nil
	}
	workload := &v1alpha1.WorkloadMove{}
	err := reader.Get(ctx, types.NamespacedName{Namespace: move.Namespace, Name: owner.Name}, workload)
	switch {
	case apierrors.IsNotFound(err):
		return intentCancel, nil
	case err != nil:
		return "", fmt.Errorf("reading the WorkloadMove: %w", err)
	case workload.UID != owner.UID, !workload.DeletionTimestamp.IsZero(), workload.Spec.State == v1alpha1.MoveStateCancel:
		return intentCancel, nil
	case workload.Spec.State == v1alpha1.MoveStateRun:
		return intentRun, nil
	}
	return intentPause, nil
}

// paused stops here while the WorkloadMove is planned or paused, and while the operator is frozen.
func (s *scope) paused(context.Context) *outcome.Outcome {
	frozen := s.Publisher.Freeze.Hold("the start of the move")
	if s.intent != intentPause && frozen == nil || s.move.Status.Begun() {
		return nil
	}
	if s.move.Status.GrantedAt != nil { // it was paused while vCenter checked: its turn is of use to another
		s.dropTurn()
		s.Turns.Done(s.move.UID)
	}
	if frozen != nil {
		return s.inProgress(v1alpha1.MoveStepWaiting, frozen)
	}
	return s.inProgress(v1alpha1.MoveStepWaiting, outcome.Wait(v1alpha1.ReasonPaused, "the WorkloadMove is not in state Run: the machine is not started"))
}
