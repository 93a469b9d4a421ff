// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package programme_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/test/harness"
	"github.com/avs-operator/avs-operator/test/vcentersim"
)

// speed of vCenter's time in these suites.
const speed = 300

// soon is how long anything here takes at most, on a machine that is busy with other suites.
const soon = 90 * time.Second

// world is two vCenters, a namespace, and an operator that looks at this namespace only.
type world struct {
	*harness.World
	t      *testing.T
	before map[string]vcentersim.MachineState // by path, when the programme began
}

// newWorld starts both vCenters, declares them, and starts the operator. change adjusts the target.
func newWorld(t *testing.T, change ...func(*vcentersim.Config)) *world {
	t.Helper()
	w := &world{World: harness.NewWorld(t, cluster, speed), t: t}
	w.StartVCenters(t, func(_, target *vcentersim.Config) {
		target.PortGroups = append(target.PortGroups, "finance-db")
		for _, f := range change {
			f(target)
		}
	})
	w.StartOperator(t)
	return w
}

// add adds running machines to the source, by name.
func (w *world) add(change func(*vcentersim.MachineSpec), names ...string) {
	w.t.Helper()
	for _, name := range names {
		s := vcentersim.MachineSpec{Name: name, Folder: "Finance", Networks: []string{"VLAN-120"}, DiskGB: []int{40}, PoweredOn: true}
		if change != nil {
			change(&s)
		}
		if _, err := w.Source.AddMachine(s); err != nil {
			w.t.Fatal(err)
		}
	}
}

// move makes a WorkloadMove of the folder Finance, and remembers how all machines are.
func (w *world) move(name string, state v1alpha1.MoveState, change func(*v1alpha1.WorkloadMoveSpec)) *v1alpha1.WorkloadMove {
	w.t.Helper()
	move := harness.WorkloadMove(w.Namespace, name, state)
	if change != nil {
		change(&move.Spec)
	}
	w.before = map[string]vcentersim.MachineState{}
	for _, m := range w.Source.Machines() {
		w.before[m.Folder+"/"+m.Name] = m
	}
	cluster.Create(w.t, move)
	return move
}

// edit changes a WorkloadMove by a merge patch of its spec.
func (w *world) edit(move *v1alpha1.WorkloadMove, spec string) {
	w.t.Helper()
	cluster.Patch(w.t, move, fmt.Sprintf(`{"spec":%s}`, spec))
}

// says waits until Ready has a status and a reason, of the present generation, and its message holds the words.
func (w *world) says(move *v1alpha1.WorkloadMove, status metav1.ConditionStatus, reason string, words ...string) {
	w.t.Helper()
	cluster.WaitSays(w.t, move, v1alpha1.ConditionReady, status, reason, words...)
	stalled := meta.IsStatusConditionTrue(move.Status.Conditions, v1alpha1.ConditionStalled)
	if want := status == metav1.ConditionFalse && !meta.IsStatusConditionTrue(move.Status.Conditions, v1alpha1.ConditionReconciling); stalled != want {
		w.t.Errorf("Ready is %s for %s, and Stalled is %t: %+v", status, reason, stalled, move.Status.Conditions)
	}
}

// children are the VirtualMachineMoves of the namespace, by machine.
func (w *world) children() map[string]v1alpha1.VirtualMachineMove {
	w.t.Helper()
	list := &v1alpha1.VirtualMachineMoveList{}
	if err := cluster.Admin.List(w.t.Context(), list, client.InNamespace(w.Namespace)); err != nil {
		w.t.Fatal(err)
	}
	out := map[string]v1alpha1.VirtualMachineMove{}
	for _, m := range list.Items {
		out[m.Spec.Machine.Name] = m
	}
	return out
}

// untouched fails if anything was started or changed at either vCenter, or a machine's move was made.
func (w *world) untouched() {
	w.t.Helper()
	if made := w.children(); len(made) > 0 {
		w.t.Errorf("%d VirtualMachineMoves were made", len(made))
	}
	for _, v := range []*vcentersim.VCenter{w.Source, w.Target} {
		for _, method := range []string{"RelocateVM_Task", "ShutdownGuest", "PowerOffVM_Task", "PowerOnVM_Task", "ReconfigVM_Task", "CreateFolder"} {
			if n := harness.Calls(v, method); n > 0 {
				w.t.Errorf("%s was called %d times", method, n)
			}
		}
	}
	w.whole(nil)
}

// whole fails unless every machine is at the source as it was, and those of gone are at the target alone, as they were.
func (w *world) whole(gone []string) {
	w.t.Helper()
	source, target := w.Source.Machines(), w.Target.Machines()
	for path, was := range w.before {
		here := slices.DeleteFunc(slices.Clone(source), func(m vcentersim.MachineState) bool { return m.InstanceUUID != was.InstanceUUID })
		there := slices.DeleteFunc(slices.Clone(target), func(m vcentersim.MachineState) bool { return m.InstanceUUID != was.InstanceUUID })
		where := here
		if slices.Contains(gone, was.Name) {
			here, there, where = there, here, there
		}
		if len(here) != 1 || len(there) != 0 {
			w.t.Errorf("%s shows %d times where it should be and %d times where it should not", path, len(here), len(there))
			continue
		}
		is := where[0]
		if is.Name != was.Name || is.BIOSUUID != was.BIOSUUID || is.PowerState != was.PowerState || is.PowerOffCount != was.PowerOffCount ||
			!slices.Equal(is.MACs, was.MACs) || !slices.Equal(is.Disks, was.Disks) {
			w.t.Errorf("%s is %+v, it was %+v", path, is, was)
		}
	}
}

// counts fails unless the status adds up, to these numbers.
func (w *world) counts(move *v1alpha1.WorkloadMove, total, moved, failed, blocked, cancelled int32) {
	w.t.Helper()
	cluster.WaitFor(w.t, soon, move, fmt.Sprintf("%d machines, of which %d moved, %d failed, %d blocked, %d cancelled",
		total, moved, failed, blocked, cancelled), func() error {
		s := move.Status
		if s.Total != total || s.Moved != moved || s.Failed != failed || s.Blocked != blocked || s.Cancelled != cancelled || s.Waiting != 0 || s.Moving != 0 {
			return fmt.Errorf("total %d, waiting %d, moving %d, moved %d, failed %d, blocked %d, cancelled %d",
				s.Total, s.Waiting, s.Moving, s.Moved, s.Failed, s.Blocked, s.Cancelled)
		}
		if want := fmt.Sprintf("%d/%d", moved, total); s.Progress != want {
			return fmt.Errorf("progress is %s, want %s", s.Progress, want)
		}
		return nil
	})
}
