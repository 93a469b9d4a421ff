// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package operator

import (
	"context"
	"fmt"
	"syscall"
	"testing"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/test/harness"
	"github.com/avs-operator/avs-operator/test/vcentersim"
)

// A standby takes over while machines are half copied, from a leader that is killed, and from one that is stopped, loses its lease and wakes
// when the other leads: every machine arrives once, whole, and was relocated once.
func TestAStandbyTakesOverInMidRelocation(t *testing.T) {
	t.Parallel()
	for _, end := range []struct {
		name   string
		signal syscall.Signal
		method v1alpha1.MoveMethod
	}{{"the leader is killed", syscall.SIGKILL, v1alpha1.MoveMethodCold}, {"the leader loses its lease", syscall.SIGSTOP, v1alpha1.MoveMethodLive}} {
		t.Run(end.name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t, end.method, 2)
			goOn := make(chan struct{})
			s.Source.Inject(vcentersim.Fault{Relocate: true, AtPercent: 50, Hang: true, Until: goOn, Times: -1})
			first := s.start(t)
			was := harness.WaitLeader(t, cluster, s.home, "")
			second := s.start(t)
			cluster.Create(t, s.programme)
			s.halfCopied(t)

			first.Signal(t, end.signal)
			harness.WaitLeader(t, cluster, s.home, was)
			close(goOn)
			cluster.WaitCondition(t, time.Minute, s.programme, v1alpha1.ConditionComplete, "True")
			if end.signal == syscall.SIGSTOP {
				first.Signal(t, syscall.SIGCONT)
				if code := first.WaitEnd(t, time.Minute); code == 0 {
					t.Error("a leader that lost its lease ended with exit code 0")
				}
			}
			s.wholeAfter(t, false)
			select {
			case <-second.Ended():
				t.Error("the standby did not outlive the takeover, so this was no test of it")
			default:
			}
		})
	}
}

// halfCopied waits until every machine's relocation is recorded as running, half way.
func (s *stage) halfCopied(t *testing.T) {
	t.Helper()
	cluster.Eventually(t, time.Minute, "all machines to be half copied", func(ctx context.Context) error {
		moves := &v1alpha1.VirtualMachineMoveList{}
		if err := cluster.Admin.List(ctx, moves, client.InNamespace(s.Namespace)); err != nil {
			return err
		}
		half := 0
		for _, m := range moves.Items {
			if m.Status.Task != nil && m.Status.Task.Ref != "" && m.Status.Progress >= 40 {
				half++
			}
		}
		if half < len(s.were) {
			return fmt.Errorf("%d of %d are", half, len(s.were))
		}
		return nil
	}, s.programme)
}
