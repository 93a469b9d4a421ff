// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package workload

import (
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
)

// TestAFinalizerAloneIsNoStart tells what an edit may take away from what a deletion has to wait for.
func TestAFinalizerAloneIsNoStart(t *testing.T) {
	at, granted := metav1.Now(), metav1.NowMicro()
	for name, c := range map[string]struct {
		finalizer       bool
		status          v1alpha1.VirtualMachineMoveStatus
		started, active bool
	}{
		"new":                 {},
		"gave its turn back":  {finalizer: true, status: v1alpha1.VirtualMachineMoveStatus{Step: v1alpha1.MoveStepWaiting}, active: true},
		"has a turn":          {status: v1alpha1.VirtualMachineMoveStatus{GrantedAt: &granted}, started: true, active: true},
		"a call is on record": {finalizer: true, status: v1alpha1.VirtualMachineMoveStatus{Task: &v1alpha1.MoveTask{}}, started: true, active: true},
		"between two attempts": {finalizer: true, status: v1alpha1.VirtualMachineMoveStatus{StartedAt: &at, Step: v1alpha1.MoveStepWaiting},
			started: true, active: true},
		"powered off by the move": {finalizer: true, status: v1alpha1.VirtualMachineMoveStatus{PoweredOffByMove: v1alpha1.PoweredOffByMoveYes},
			started: true, active: true},
		"moved": {status: v1alpha1.VirtualMachineMoveStatus{Step: v1alpha1.MoveStepMoved}, started: true},
	} {
		t.Run(name, func(t *testing.T) {
			m := &v1alpha1.VirtualMachineMove{Status: c.status}
			if c.finalizer {
				m.Finalizers = []string{v1alpha1.Finalizer}
			}
			if s, a := started(m), active(m); s != c.started || a != c.active {
				t.Errorf("started %t, active %t; want %t, %t", s, a, c.started, c.active)
			}
		})
	}
}
