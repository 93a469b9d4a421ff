// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package programme_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
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
	t              *testing.T
	namespace      string
	source, target *vcentersim.VCenter
	operator       *harness.Operator
	before         map[string]vcentersim.MachineState // by path, when the programme began
}

// newWorld starts both vCenters, declares them, and starts the operator. change adjusts the target.
func newWorld(t *testing.T, change ...func(*vcentersim.Config)) *world {
	t.Helper()
	w := &world{t: t, namespace: cluster.Namespace(t)}
	w.source = w.simulate(vcentersim.Config{Layout: vcentersim.OnPremises, Name: "Oslo", Speed: speed})
	target := vcentersim.Config{Layout: vcentersim.AVS, Speed: speed, PortGroups: []string{"finance-web", "finance-db"}}
	for _, f := range change {
		f(&target)
	}
	w.target = w.simulate(target)
	w.declare("oslo", w.source, w.source.Thumbprint())
	w.declare("weu", w.target, w.target.Thumbprint())
	w.operator = harness.StartOperator(t, harness.OperatorOptions{Config: cluster.OperatorConfig(), Speed: speed, Namespace: w.namespace})
	return w
}

func (w *world) simulate(c vcentersim.Config) *vcentersim.VCenter {
	w.t.Helper()
	v, err := vcentersim.Start(context.WithoutCancel(w.t.Context()), c)
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(v.Close)
	return v
}

// declare makes a VCenter object and the Secret of its account.
func (w *world) declare(name string, v *vcentersim.VCenter, thumbprint string) {
	w.t.Helper()
	w.create(&corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Namespace: w.namespace, Name: name}, Type: corev1.SecretTypeBasicAuth,
		StringData: map[string]string{"username": v.Username(), "password": v.Password()},
	})
	w.create(&v1alpha1.VCenter{
		ObjectMeta: metav1.ObjectMeta{Namespace: w.namespace, Name: name},
		Spec: v1alpha1.VCenterSpec{
			URL: v.URL(), CredentialsRef: &v1alpha1.CredentialsReference{Name: name}, Trust: &v1alpha1.VCenterTrust{Thumbprint: thumbprint},
		},
	})
}

func (w *world) create(object client.Object) {
	w.t.Helper()
	if err := cluster.Admin.Create(w.t.Context(), object); err != nil {
		w.t.Fatalf("Creating %T %s: %v", object, object.GetName(), err)
	}
}

// add adds running machines to the source, by name.
func (w *world) add(change func(*vcentersim.MachineSpec), names ...string) {
	w.t.Helper()
	for _, name := range names {
		s := vcentersim.MachineSpec{Name: name, Folder: "Finance", Networks: []string{"VLAN-120"}, DiskGB: []int{40}, PoweredOn: true}
		if change != nil {
			change(&s)
		}
		if _, err := w.source.AddMachine(s); err != nil {
			w.t.Fatal(err)
		}
	}
}

// move makes a WorkloadMove of the folder Finance, and remembers how all machines are.
func (w *world) move(name string, state v1alpha1.MoveState, change func(*v1alpha1.WorkloadMoveSpec)) *v1alpha1.WorkloadMove {
	w.t.Helper()
	move := &v1alpha1.WorkloadMove{
		ObjectMeta: metav1.ObjectMeta{Namespace: w.namespace, Name: name},
		Spec: v1alpha1.WorkloadMoveSpec{
			State:  state,
			Source: v1alpha1.MoveSource{VCenterRef: v1alpha1.ObjectReference{Name: "oslo"}},
			Target: v1alpha1.MoveTarget{VCenterRef: v1alpha1.ObjectReference{Name: "weu"}, Cluster: "Cluster-1",
				Folder: "/SDDC-Datacenter/vm/Workloads", Datastore: "vsanDatastore"},
			Select:   []v1alpha1.MachineSelector{{Folder: "/Oslo/vm/Finance"}},
			Networks: []v1alpha1.NameMapping{{From: "VLAN-120", To: "finance-web"}},
		},
	}
	if change != nil {
		change(&move.Spec)
	}
	w.before = map[string]vcentersim.MachineState{}
	for _, m := range w.source.Machines() {
		w.before[m.Folder+"/"+m.Name] = m
	}
	w.create(move)
	return move
}

// edit changes a WorkloadMove by a merge patch of its spec.
func (w *world) edit(move *v1alpha1.WorkloadMove, spec string) {
	w.t.Helper()
	if err := cluster.Admin.Patch(w.t.Context(), move, client.RawPatch(types.MergePatchType, fmt.Appendf(nil, `{"spec":%s}`, spec))); err != nil {
		w.t.Fatal(err)
	}
}

// says waits until Ready has a status and a reason, of the present generation, and its message holds the words.
func (w *world) says(move *v1alpha1.WorkloadMove, status metav1.ConditionStatus, reason string, words ...string) {
	w.t.Helper()
	cluster.WaitFor(w.t, soon, move, fmt.Sprintf("Ready to be %s for %s with %q", status, reason, words), func() error {
		c := meta.FindStatusCondition(move.Status.Conditions, v1alpha1.ConditionReady)
		if c == nil || c.Status != status || c.Reason != reason || c.ObservedGeneration != move.Generation {
			return fmt.Errorf("it is %+v", c)
		}
		for _, word := range words {
			if !strings.Contains(c.Message, word) {
				return fmt.Errorf("the message lacks %q: %s", word, c.Message)
			}
		}
		stalled := meta.IsStatusConditionTrue(move.Status.Conditions, v1alpha1.ConditionStalled)
		if want := status == metav1.ConditionFalse && !meta.IsStatusConditionTrue(move.Status.Conditions, v1alpha1.ConditionReconciling); stalled != want {
			return fmt.Errorf("Stalled is %t", stalled)
		}
		return nil
	})
}

// children are the VirtualMachineMoves of the namespace, by machine.
func (w *world) children() map[string]v1alpha1.VirtualMachineMove {
	w.t.Helper()
	list := &v1alpha1.VirtualMachineMoveList{}
	if err := cluster.Admin.List(w.t.Context(), list, client.InNamespace(w.namespace)); err != nil {
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
	for _, v := range []*vcentersim.VCenter{w.source, w.target} {
		for _, method := range []string{"RelocateVM_Task", "ShutdownGuest", "PowerOffVM_Task", "PowerOnVM_Task", "ReconfigVM_Task", "CreateFolder"} {
			if n := calls(v, method); n > 0 {
				w.t.Errorf("%s was called %d times", method, n)
			}
		}
	}
	w.whole(nil)
}

// whole fails unless every machine is at the source as it was, and those of gone are at the target alone, as they were.
func (w *world) whole(gone []string) {
	w.t.Helper()
	source, target := w.source.Machines(), w.target.Machines()
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
	cluster.WaitFor(w.t, soon, move, fmt.Sprintf("%d machines, of which %d moved, %d failed, %d blocked, %d cancelled", total, moved, failed, blocked, cancelled), func() error {
		s := move.Status
		if s.Total != total || s.Moved != moved || s.Failed != failed || s.Blocked != blocked || s.Cancelled != cancelled || s.Waiting != 0 || s.Moving != 0 {
			return fmt.Errorf("total %d, waiting %d, moving %d, moved %d, failed %d, blocked %d, cancelled %d", s.Total, s.Waiting, s.Moving, s.Moved, s.Failed, s.Blocked, s.Cancelled)
		}
		if want := fmt.Sprintf("%d/%d", moved, total); s.Progress != want {
			return fmt.Errorf("progress is %s, want %s", s.Progress, want)
		}
		return nil
	})
}

// calls counts the calls of a SOAP method that a vCenter got.
func calls(v *vcentersim.VCenter, method string) int {
	n := 0
	for _, r := range v.Requests() {
		if r.Method == method {
			n++
		}
	}
	return n
}
