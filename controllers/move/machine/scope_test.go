// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package machine

import (
	"testing"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/outcome"
)

// A reconcile that was overtaken reads the object anew. If the move is over by then, its verdict stays: it does not say for a moment that it moves.
func TestAMoveThatIsOverSaysNothingElse(t *testing.T) {
	t.Parallel()
	for step, want := range map[v1alpha1.MoveStep]outcome.Kind{
		v1alpha1.MoveStepMoved: outcome.KindDone, v1alpha1.MoveStepCancelled: outcome.KindDone, v1alpha1.MoveStepFailed: outcome.KindStall,
		v1alpha1.MoveStepRelocating: outcome.KindWait,
	} {
		s := &scope{Reconciler: &Reconciler{Pace: 1}, move: &v1alpha1.VirtualMachineMove{Status: v1alpha1.VirtualMachineMoveStatus{Step: step}}}
		o := s.requeue("the record changed meanwhile")
		if o.Kind != want || o.After <= 0 || s.keepReady != (want == outcome.KindWait) {
			t.Errorf("%s: %+v, ready is kept: %t", step, o, s.keepReady)
		}
	}
}
