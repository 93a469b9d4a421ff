// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package programme_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/vmware/govmomi/vim25/types"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/test/vcentersim"
)

// anew deletes the VirtualMachineMove of a machine, once it says that this helps.
func anew(w *world, machine string, words ...string) {
	w.t.Helper()
	child := w.children()[machine]
	cluster.WaitFor(w.t, soon, &child, "its advice", func() error {
		said := ""
		for _, c := range child.Status.Conditions {
			said += c.Message + "\n"
		}
		for _, word := range words {
			if !strings.Contains(said, word) {
				return fmt.Errorf("it does not say %q: %s", word, said)
			}
		}
		return nil
	})
	if err := cluster.Admin.Delete(w.t.Context(), &child); err != nil {
		w.t.Fatal(err)
	}
}

// What a VirtualMachineMove or its WorkloadMove says to delete is deleted, and the machine is planned again and moves: after a relocation that vCenter
// did not take, and with the method that helps where a running machine cannot go.
func TestAMachineIsPlannedAgainWhenItsMoveIsDeleted(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.add(nil, "app-01", "cpu-01", "odd-01")
	w.Source.Inject(vcentersim.Fault{Relocate: true, Machine: "odd-01", AtPercent: 10, With: &types.InvalidArgument{InvalidProperty: "spec"}})
	w.Source.Inject(vcentersim.Fault{Relocate: true, Machine: "cpu-01", AtPercent: 10, With: &types.CpuIncompatible1ECX{}})
	move := w.move("finance", v1alpha1.MoveStateRun, func(s *v1alpha1.WorkloadMoveSpec) { s.Power = &v1alpha1.MovePower{PowerOff: v1alpha1.PowerOffGuest} })
	w.says(move, metav1.ConditionFalse, v1alpha1.ReasonMachinesFailed, "1 of 3 machines have moved", "2 have failed")
	w.edit(move, `{"method":"Cold"}`)
	anew(w, "odd-01", "delete this object, so that the machine is planned again")
	anew(w, "cpu-01", "set method: Cold in the WorkloadMove", "delete this VirtualMachineMove, so that it is made anew")
	cluster.WaitCondition(t, soon, move, v1alpha1.ConditionComplete, "True")
	w.counts(move, 3, 3, 0, 0, 0)
}

// A VirtualMachineMove that somebody made under the name that a machine's own needs is named, and the machine moves once it is gone.
func TestAVirtualMachineMoveInTheWayIsTold(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.add(nil, "app-01")
	w.Source.Inject(vcentersim.Fault{Relocate: true, Machine: "app-01", AtPercent: 10, With: &types.InvalidArgument{InvalidProperty: "spec"}})
	move := w.move("finance", v1alpha1.MoveStateRun, nil)
	w.says(move, metav1.ConditionFalse, v1alpha1.ReasonMachinesFailed)
	w.edit(move, `{"state":"Pause"}`)
	own := w.children()["app-01"]
	anew(w, "app-01")
	cluster.WaitGone(t, soon, &v1alpha1.VirtualMachineMove{ObjectMeta: metav1.ObjectMeta{Namespace: own.Namespace, Name: own.Name}})
	foreign := &v1alpha1.VirtualMachineMove{ObjectMeta: metav1.ObjectMeta{Namespace: own.Namespace, Name: own.Name}, Spec: own.Spec}
	foreign.Spec.Machine.InstanceUUID = "52000000-0000-4000-8000-000000000001"
	cluster.Create(w.t, foreign)
	w.edit(move, `{"state":"Run"}`)
	w.says(move, metav1.ConditionFalse, v1alpha1.ReasonAlreadyManaged, "VirtualMachineMove "+own.Name+" exists and was not made by this WorkloadMove: delete it")
	if err := cluster.Admin.Delete(t.Context(), foreign, client.GracePeriodSeconds(0)); err != nil {
		t.Fatal(err)
	}
	cluster.WaitCondition(t, soon, move, v1alpha1.ConditionComplete, "True")
	w.whole([]string{"app-01"})
}
