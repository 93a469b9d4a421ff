// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package machine_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/test/vcentersim"
)

// underWayTo makes a move and waits until its machine is in the middle of a step.
func (w *world) underWayTo(m *v1alpha1.VirtualMachineMove, steps ...v1alpha1.MoveStep) {
	w.t.Helper()
	cluster.Create(w.t, m)
	cluster.WaitFor(w.t, time.Minute, m, fmt.Sprintf("a task at one of the steps %v", steps), func() error {
		if task := m.Status.Task; task == nil || task.State != v1alpha1.OperationAccepted || !slices.Contains(steps, m.Status.Step) {
			return fmt.Errorf("the step is %s, the record %+v", m.Status.Step, m.Status.Task)
		}
		return nil
	})
}

// ranIsRunning fails unless the machine is at exactly one of the two vCenters, and runs.
func (w *world) ranIsRunning(was vcentersim.MachineState) {
	w.t.Helper()
	here, there := find(w.Source, was.Name), find(w.Target, was.Name)
	if (here == nil) == (there == nil) {
		w.t.Errorf("%s is at the source: %v, at the target: %v", was.Name, here != nil, there != nil)
		return
	}
	is := here
	if is == nil {
		is = there
	}
	if is.PowerState != "poweredOn" || is.InstanceUUID != was.InstanceUUID {
		w.t.Errorf("%s ran, and is %+v", was.Name, is)
	}
}

// TestANamespaceDeletedDuringMoves lets Kubernetes delete everything at once, in its own order, while machines are at every step: each that
// ran runs when the namespace is gone, and the namespace goes.
func TestANamespaceDeletedDuringMoves(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	programme := w.programme("finance", v1alpha1.MoveStateRun)
	var all []vcentersim.MachineState
	add := func(s vcentersim.MachineSpec) vcentersim.MachineState {
		s.PoweredOn = true
		was := w.add(s)
		all = append(all, was)
		return was
	}
	slow := func(name string, percent int) {
		w.Source.Inject(vcentersim.Fault{Relocate: true, Machine: name, AtPercent: percent, Delay: 3 * time.Second})
	}
	live := add(vcentersim.MachineSpec{Name: "live-01"})
	slow(live.Name, 60)
	cold := add(vcentersim.MachineSpec{Name: "cold-01"})
	slow(cold.Name, 60)
	late := add(vcentersim.MachineSpec{Name: "cold-02"}) // past its point of no return when it is cancelled
	w.Source.Inject(vcentersim.Fault{Relocate: true, Machine: late.Name, Hidden: 2 * time.Second})
	down := add(vcentersim.MachineSpec{Name: "cold-03", ShutdownTime: 10 * time.Minute})
	on := add(vcentersim.MachineSpec{Name: "cold-04"})
	w.Target.Inject(vcentersim.Fault{Method: "PowerOnVM_Task", Machine: on.Name, Task: true, Delay: 3 * time.Second})
	waits := add(vcentersim.MachineSpec{Name: "wait-01", Tools: "notRunning"})

	guest := &v1alpha1.MovePower{PowerOff: v1alpha1.PowerOffGuest, TimeoutSeconds: 3600}
	w.underWayTo(w.cold(on, guest), v1alpha1.MoveStepPoweringOn)
	w.underWayTo(owned(w.planned(live, v1alpha1.MoveMethodLive), programme), v1alpha1.MoveStepRelocating)
	w.underWayTo(owned(w.cold(cold, guest), programme), v1alpha1.MoveStepRelocating)
	w.underWayTo(owned(w.cold(late, guest), programme), v1alpha1.MoveStepRelocating, v1alpha1.MoveStepVerifying)
	w.underWayTo(owned(w.cold(down, guest), programme), v1alpha1.MoveStepShuttingDown)
	cluster.Create(w.t, owned(w.cold(waits, guest), programme))

	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: w.Namespace}}
	cluster.Delete(t, namespace)
	w.gone(namespace)
	for _, was := range all {
		w.ranIsRunning(was)
	}
}

// gone waits until the namespace is, and says what is left if it does not go.
func (w *world) gone(namespace *corev1.Namespace) {
	w.t.Helper()
	cluster.Eventually(w.t, 90*time.Second, "the namespace to be gone", func(ctx context.Context) error {
		err := cluster.Admin.Get(ctx, client.ObjectKeyFromObject(namespace), namespace)
		if apierrors.IsNotFound(err) {
			return nil
		}
		left := &v1alpha1.VirtualMachineMoveList{}
		_ = cluster.Admin.List(ctx, left, client.InNamespace(w.Namespace))
		said := ""
		for i := range left.Items {
			said += "\n" + cluster.Describe(ctx, &left.Items[i])
		}
		return fmt.Errorf("it is there: %w; left are%s\n%+v", err, said, namespace.Status.Conditions)
	})
}

// TestEveryOrderOfDeletion deletes what a cold move needs one after the other, in every order, in the middle of its copy: nothing that the
// machine needs goes before it, and afterwards everything does.
func TestEveryOrderOfDeletion(t *testing.T) {
	t.Parallel()
	for _, order := range [][]int{{0, 1, 2, 3, 4}, {4, 3, 2, 1, 0}, {2, 0, 4, 1, 3}, {1, 3, 0, 4, 2}, {3, 4, 1, 2, 0}} {
		t.Run(fmt.Sprint(order), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			named := func(o client.Object, name string) client.Object {
				o.SetNamespace(w.Namespace)
				o.SetName(name)
				return o
			}
			was := w.add(vcentersim.MachineSpec{Name: "order-01", PoweredOn: true})
			w.Source.Inject(vcentersim.Fault{Relocate: true, Machine: was.Name, AtPercent: 50, Delay: 2 * time.Second})
			m := w.cold(was, guestPower)
			w.underWayTo(m, v1alpha1.MoveStepRelocating)
			objects := []client.Object{
				named(&v1alpha1.VCenter{}, "oslo"), named(&v1alpha1.VCenter{}, "weu"), named(&corev1.Secret{}, "oslo"), named(&corev1.Secret{}, "weu"), m,
			}
			for _, at := range order {
				if err := cluster.Admin.Delete(t.Context(), objects[at]); err != nil {
					t.Fatal(err)
				}
				if at == 4 {
					continue // let go when its machine is safe
				}
				if err := cluster.Admin.Get(t.Context(), client.ObjectKeyFromObject(objects[at]), objects[at]); err != nil {
					if err := cluster.Admin.Get(t.Context(), client.ObjectKeyFromObject(m), m); !apierrors.IsNotFound(err) {
						t.Errorf("%T went while the machine was under way: %v", objects[at], err)
					}
				}
			}
			for _, o := range objects {
				cluster.WaitGone(t, time.Minute, o)
			}
			w.ranIsRunning(was)
		})
	}
}

// TestNothingStartsWithWhatIsBeingDeleted: a VCenter that is on its way out takes no more machines, and goes when the last has ended.
func TestNothingStartsWithWhatIsBeingDeleted(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	first := w.add(vcentersim.MachineSpec{Name: "first-01", PoweredOn: true})
	seen := make(chan struct{})
	w.Source.Inject(vcentersim.Fault{Relocate: true, Machine: first.Name, AtPercent: 50, Hang: true, Until: seen})
	m := w.planned(first, v1alpha1.MoveMethodLive)
	w.underWayTo(m, v1alpha1.MoveStepRelocating)
	target := &v1alpha1.VCenter{ObjectMeta: metav1.ObjectMeta{Namespace: w.Namespace, Name: "weu"}}
	cluster.Delete(t, target)
	second := w.add(vcentersim.MachineSpec{Name: "second-01", PoweredOn: true})
	later := w.planned(second, v1alpha1.MoveMethodLive)
	cluster.Create(w.t, later)
	cluster.WaitNotReady(w.t, later, v1alpha1.ReasonReferenceNotReady, "VCenter", "weu is being deleted")
	close(seen)
	cluster.WaitCondition(t, time.Minute, m, v1alpha1.ConditionComplete, "True")
	cluster.WaitGone(t, time.Minute, target) // though another waits for it to come back
	cluster.WaitNotReady(w.t, later, v1alpha1.ReasonReferenceNotReady, "VCenter", "weu is not there")
	cluster.Delete(t, later)
	w.untouched(second)
	w.sameMachine(first)
}

// TestWhatIsNotReferredToAnyMoreIsLetGo: an account that is replaced in the middle of a move is its owner's again at once, the new one is held, and
// a Secret that was made for something else is not held, whoever names it.
func TestWhatIsNotReferredToAnyMoreIsLetGo(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	was := w.add(vcentersim.MachineSpec{Name: "rotate-01", PoweredOn: true})
	w.Source.Inject(vcentersim.Fault{Relocate: true, Machine: was.Name, AtPercent: 50, Delay: 6 * time.Second})
	m := w.planned(was, v1alpha1.MoveMethodLive)
	w.underWayTo(m, v1alpha1.MoveStepRelocating)
	secret := func(name string) *corev1.Secret {
		return &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: w.Namespace, Name: name}}
	}
	held := func(name string, want bool) {
		t.Helper()
		object := secret(name)
		cluster.Eventually(t, 10*time.Second, fmt.Sprintf("Secret %s to be held: %v", name, want), func(ctx context.Context) error {
			if err := cluster.Admin.Get(ctx, client.ObjectKeyFromObject(object), object); err != nil ||
				slices.Contains(object.Finalizers, v1alpha1.FinalizerInUseByMoves) != want {
				return fmt.Errorf("its finalizers are %v: %w", object.Finalizers, err)
			}
			return nil
		})
	}
	held("oslo", true)
	w.Account(w.t, "new", w.Source.Username(), w.Source.Password())
	cluster.Create(w.t, &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: w.Namespace, Name: "database"},
		StringData: map[string]string{"username": "app", "password": "x"}})
	source := &v1alpha1.VCenter{ObjectMeta: metav1.ObjectMeta{Namespace: w.Namespace, Name: "oslo"}}
	names := func(account string) {
		t.Helper()
		cluster.Patch(t, source, fmt.Sprintf(`{"spec":{"credentialsRef":{"name":%q}}}`, account))
	}
	names("new")
	held("new", true)
	held("oslo", false)
	names("database")
	held("new", false)
	held("database", false)
	if err := cluster.Admin.Get(t.Context(), client.ObjectKeyFromObject(m), m); err != nil || m.Status.Task == nil {
		t.Errorf("The move was over before the accounts were: %v, %+v", err, m.Status.Task)
	}
	names("new")
	cluster.WaitCondition(t, time.Minute, m, v1alpha1.ConditionComplete, "True")
	held("new", false)
	held("weu", false)
	w.sameMachine(was)
}
