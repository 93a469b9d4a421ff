// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package operator

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/test/harness"
	"github.com/avs-operator/avs-operator/test/vcentersim"
)

// roundSpeed is how fast vCenter's time runs in the rounds.
const roundSpeed = 300

// TestRounds lets a programme move machines while the operator, as the process that it is, is killed at random moments: live, cold, and with
// its namespace deleted in the middle. No machine is twice, none is lost, and none is off that ran.
func TestRounds(t *testing.T) {
	t.Parallel()
	kills, machines := 2, 3
	if harness.Sweeping() {
		kills, machines = 8, 8
	}
	for _, round := range []struct {
		name    string
		method  v1alpha1.MoveMethod
		deleted bool
	}{{"live", v1alpha1.MoveMethodLive, false}, {"cold", v1alpha1.MoveMethodCold, false}, {"namespace deleted", v1alpha1.MoveMethodCold, true}} {
		if !harness.Sweeping() && round.name != "cold" {
			continue
		}
		if !harness.Chosen("round "+round.name, 1) {
			continue
		}
		t.Run(round.name, func(t *testing.T) {
			t.Parallel()
			aRound(t, round.method, round.deleted, kills, machines)
		})
	}
}

// stage is two vCenters, with machines at the source that a programme is to move.
type stage struct {
	*harness.World        // whose namespace may be deleted
	home           string // of the operator's lease
	were           []vcentersim.MachineState
	programme      *v1alpha1.WorkloadMove
}

func newStage(t *testing.T, method v1alpha1.MoveMethod, machines int) *stage {
	t.Helper()
	s := &stage{World: harness.NewWorld(t, cluster, roundSpeed), home: house(t)}
	s.StartVCenters(t, nil)
	for i := range machines {
		_, err := s.Source.AddMachine(vcentersim.MachineSpec{Name: fmt.Sprintf("web-%02d", i), Folder: "Finance", Networks: []string{"VLAN-120"}, PoweredOn: true})
		if err != nil {
			t.Fatal(err)
		}
	}
	s.were = s.Source.Machines()
	s.programme = harness.WorkloadMove(s.Namespace, "finance", v1alpha1.MoveStateRun)
	s.programme.Spec.Method, s.programme.Spec.Power = method, &v1alpha1.MovePower{PowerOff: v1alpha1.PowerOffGuest}
	return s
}

func (s *stage) start(t *testing.T) *harness.Process {
	t.Helper()
	return startFrom(t, s.home, s.Namespace, roundSpeed)
}

func aRound(t *testing.T, method v1alpha1.MoveMethod, deleted bool, kills, machines int) {
	s := newStage(t, method, machines)
	p := s.start(t)
	cluster.Create(t, s.programme)
	for i := range kills {
		time.Sleep(time.Duration(1000+rand.IntN(4000)) * time.Millisecond)
		if deleted && i == kills/2 {
			cluster.Delete(t, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: s.Namespace}})
		}
		p.Kill() // unless it has lost its lease and ended by itself
		p = s.start(t)
	}
	cluster.Eventually(t, 3*time.Minute, "the end of the round", func(ctx context.Context) error {
		select {
		case <-p.Ended(): // on a busy machine it loses its short lease; a Deployment would start it again too
			p = s.start(t)
		default:
		}
		if deleted {
			if err := cluster.Admin.Get(ctx, client.ObjectKey{Name: s.Namespace}, &corev1.Namespace{}); !apierrors.IsNotFound(err) {
				return fmt.Errorf("the namespace is there: %w", err)
			}
			return nil
		}
		if err := cluster.Admin.Get(ctx, client.ObjectKeyFromObject(s.programme), s.programme); err != nil {
			return err
		}
		if !meta.IsStatusConditionTrue(s.programme.Status.Conditions, v1alpha1.ConditionComplete) {
			return errors.New(cluster.Describe(ctx, s.programme))
		}
		return nil
	})
	s.wholeAfter(t, deleted)
}

// wholeAfter fails unless every machine is at one of the two vCenters, as it was, and runs; at the target, unless the move was called off.
func (s *stage) wholeAfter(t *testing.T, calledOff bool) {
	t.Helper()
	relocations := map[string]int{}
	for _, r := range s.Source.Requests() {
		if r.Method == "RelocateVM_Task" {
			relocations[r.Object]++
		}
	}
	for _, was := range s.were {
		var at []vcentersim.MachineState
		arrived := false
		for _, v := range []*vcentersim.VCenter{s.Source, s.Target} {
			for _, is := range v.Machines() {
				if is.InstanceUUID == was.InstanceUUID {
					at, arrived = append(at, is), v == s.Target
				}
			}
		}
		switch {
		case len(at) != 1:
			t.Errorf("%s is %d times", was.Name, len(at))
		case at[0].PowerState != was.PowerState || at[0].BIOSUUID != was.BIOSUUID:
			t.Errorf("%s is %+v and was %+v", was.Name, at[0], was)
		case !arrived && !calledOff:
			t.Errorf("%s has not arrived", was.Name)
		}
		if n := relocations[was.Ref]; n > 1 {
			t.Errorf("%s was relocated %d times", was.Name, n)
		}
	}
}
