// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package kinds

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"k8s.io/utils/ptr"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers"
	"github.com/avs-operator/avs-operator/test/armsim"
	"github.com/avs-operator/avs-operator/test/env"
	"github.com/avs-operator/avs-operator/test/harness"
	"github.com/avs-operator/avs-operator/test/vcentersim"
)

func (w *world) restriction(name string, machine v1alpha1.RestrictedMachine) *v1alpha1.MovementRestriction {
	return &v1alpha1.MovementRestriction{ObjectMeta: w.Meta(name), Spec: v1alpha1.MovementRestrictionSpec{
		PrivateCloudRef: ptr.To(w.inCloud()), VirtualMachine: machine,
	}}
}

// moves waits until Azure says whether DRS may move a machine.
func (w *world) moves(t *testing.T, ref string, want bool) {
	t.Helper()
	cluster.Eventually(t, soon, "the restriction of "+ref, func(context.Context) error {
		got := w.InAzure("/clusters/Cluster-1/virtualMachines/"+ref, "properties", "restrictMovement")
		if got != map[bool]string{true: "Disabled", false: "Enabled"}[want] {
			return fmt.Errorf("restrictMovement is %v", got)
		}
		return nil
	})
}

func TestMovementRestrictionKeepsToItsMachine(t *testing.T) {
	t.Parallel()
	w := newWorld(t, fast, true)
	a := w.administrator(t)
	const identity = "5029aaaa-0000-4000-8000-00000000d002"
	db := a.add(t, vcentersim.MachineSpec{Name: "db-01", InstanceUUID: identity})
	byName, byIdentity := w.restriction("web", v1alpha1.RestrictedMachine{Name: "web-01"}), w.restriction("db", v1alpha1.RestrictedMachine{InstanceUUID: identity})
	cluster.Create(t, byName, byIdentity)
	cluster.WaitNotReady(t, byName, v1alpha1.ReasonMachineNotFound, "name web-01", "Cluster-1")
	cluster.WaitReady(t, byIdentity)
	w.moves(t, db, false)

	web := a.add(t, vcentersim.MachineSpec{Name: "web-01"})
	cluster.WaitReady(t, byName)
	w.moves(t, web, false)
	if byName.Status.Machine != "web-01" || byName.Status.RestrictMovement != "Enabled" {
		t.Errorf("status: %+v", byName.Status)
	}

	// Another machine takes the name: the object keeps to the one that it has found.
	a.rename(t, web, "web-old")
	other := a.add(t, vcentersim.MachineSpec{Name: "web-01"})
	cluster.WaitFor(t, soon, byName, "the new name", func() error {
		if byName.Status.Machine != "web-old" {
			return fmt.Errorf("it is %s", byName.Status.Machine)
		}
		return nil
	})
	w.moves(t, web, false)
	w.moves(t, other, true)

	// Its machine is gone: it is looked for anew.
	a.destroy(t, web)
	w.moves(t, other, false)
	cluster.WaitReady(t, byName)
	if want := w.Azure.PrivateCloudID("weu") + "/clusters/Cluster-1/virtualMachines/" + other; byName.Status.ID != want {
		t.Errorf("its id is %s, want %s", byName.Status.ID, want)
	}

	// One that names no machine, or two, takes another object. The list of machines is up to a minute old: when the one of the two that came last
	// is found, both are in it.
	const twin = "5029aaaa-0000-4000-8000-00000000d003"
	a.add(t, vcentersim.MachineSpec{Name: "app-01", Folder: "Other"})
	last := a.add(t, vcentersim.MachineSpec{Name: "app-01", InstanceUUID: twin})
	misspelt := w.restriction("misspelt", v1alpha1.RestrictedMachine{Name: "app-1"})
	cluster.Create(t, misspelt)
	cluster.WaitNotReady(t, misspelt, v1alpha1.ReasonMachineNotFound, "the name app-1", "else make a new object for another machine")
	app := w.restriction("app", v1alpha1.RestrictedMachine{InstanceUUID: twin})
	cluster.Create(t, app)
	cluster.WaitReady(t, app)
	w.moves(t, last, false)
	twins := w.restriction("twins", v1alpha1.RestrictedMachine{Name: "app-01"})
	cluster.Create(t, twins)
	cluster.WaitNotReady(t, twins, v1alpha1.ReasonAmbiguousMachine, "make a new object that names it by instanceUUID")
	for _, wrong := range []*v1alpha1.MovementRestriction{misspelt, twins} {
		cluster.Remove(t, wrong)
	}

	// A machine that is gone needs nothing, and one that stays may move again.
	a.destroy(t, db)
	cluster.Remove(t, byIdentity)
	cluster.Remove(t, byName)
	w.moves(t, other, true)
}

func TestMovementRestrictionsMayShareNoMachine(t *testing.T) {
	t.Parallel()
	w := newWorld(t, fast, true, func(c *v1alpha1.PrivateCloud) { c.Spec.DeleteLock = "Enabled" })
	a := w.administrator(t)
	one := a.add(t, vcentersim.MachineSpec{Name: "app-01"})
	first, second := w.restriction("first", v1alpha1.RestrictedMachine{Name: "app-01"}), w.restriction("second", v1alpha1.RestrictedMachine{Name: "app-01"})
	twins := w.restriction("twins", v1alpha1.RestrictedMachine{Name: "twin"})
	a.add(t, vcentersim.MachineSpec{Name: "twin"})
	a.add(t, vcentersim.MachineSpec{Name: "twin", Folder: "Other"})
	cluster.Create(t, first)
	cluster.WaitReady(t, first)
	cluster.Create(t, second, twins)
	cluster.WaitNotReady(t, second, v1alpha1.ReasonAlreadyManaged, "first")
	cluster.WaitNotReady(t, twins, v1alpha1.ReasonAmbiguousMachine, "name twin", "instanceUUID")

	// Who never had the machine leaves it as it is. The other passes it on.
	cluster.Delete(t, second)
	cluster.Delete(t, twins)
	cluster.WaitGone(t, soon, second)
	cluster.WaitGone(t, soon, twins)
	w.moves(t, one, false)
	env.Edit(t, cluster, first, func(m *v1alpha1.MovementRestriction) { m.Spec.DeletionPolicy = v1alpha1.DeletionPolicyRetain })
	cluster.Remove(t, first)
	w.moves(t, one, false)
	third := w.restriction("third", v1alpha1.RestrictedMachine{Name: "app-01"})
	cluster.Create(t, third)
	cluster.WaitReady(t, third)

	// A delete lock on the private cloud keeps nobody from letting a machine move.
	cluster.Remove(t, third)
	w.moves(t, one, true)
	asked := slices.DeleteFunc(w.Azure.Requests(), func(r armsim.Request) bool { return !strings.HasSuffix(strings.ToLower(r.Path), "/restrictmovement") })
	if len(asked) != 2 {
		t.Errorf("asked of Azure %d times, want once to restrict and once to lift it", len(asked))
	}
}

// Nobody asks Azure or vCenter about machines with the identity of another namespace before that one allows it.
func TestMovementRestrictionAsksOnlyWhereItMay(t *testing.T) {
	t.Parallel()
	w := newWorld(t, fast, false)
	m := w.restriction("payroll", v1alpha1.RestrictedMachine{Name: "payroll-01"})
	m.Namespace = cluster.Namespace(t)
	m.Spec.PrivateCloudRef.Namespace = w.Namespace
	harness.StartOperator(t, harness.OperatorOptions{Config: cluster.OperatorConfig(), Speed: fast, Namespace: m.Namespace,
		Change: func(o *controllers.Options) { o.Namespaces = []string{m.Namespace, w.Namespace} }})
	cluster.Create(t, m)
	cluster.WaitNotReady(t, m, v1alpha1.ReasonReferenceNotPermitted)
	for _, r := range w.Azure.Requests() {
		if strings.Contains(strings.ToLower(r.Path), "/virtualmachines") {
			t.Errorf("asked: %s %s", r.Method, r.Path)
		}
	}
}
