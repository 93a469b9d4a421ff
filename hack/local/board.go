// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
)

// row is one object as the table shows it.
type row struct {
	kind, name string
	ready      string // True, False or Unknown; empty while the object has no conditions
	reason     string
	done       string // how far it is, such as "4 hosts" or "12/20"
	message    string
	percent    int // of a machine under way
}

// kindOrder is the order of the table: who and where first, moves last; all other kinds stand between, by name.
var kindOrder = []string{"AzureIdentity", "PrivateCloud", "Cluster", "", "VCenter", "WorkloadMove", "VirtualMachineMove"}

// orderOf is the place of a kind in the table.
func orderOf(kind string) int {
	if at := slices.Index(kindOrder, kind); at >= 0 {
		return at
	}
	return slices.Index(kindOrder, "")
}

// azureObject is an object of any Azure kind.
type azureObject interface {
	client.Object
	AzureStatus() *v1alpha1.AzureStatus
}

// kindOf names an object's kind by its Go type, because caches leave the kind out.
func kindOf(object client.Object) string {
	name := fmt.Sprintf("%T", object)
	return name[strings.LastIndex(name, ".")+1:]
}

// board holds the last state of every object.
type board struct {
	rows     map[string]row
	cloud    *v1alpha1.PrivateCloud
	move     *v1alpha1.WorkloadMove
	machines map[string]*v1alpha1.VirtualMachineMove
	azure    map[string]azureObject // all of Azure's kinds
}

func newBoard() *board {
	return &board{rows: map[string]row{}, machines: map[string]*v1alpha1.VirtualMachineMove{}, azure: map[string]azureObject{}}
}

// update takes an object in and returns its row, and whether the row tells something new.
func (b *board) update(object client.Object) (row, bool) {
	switch o := object.(type) {
	case *v1alpha1.PrivateCloud:
		if o.Name == cloudName {
			b.cloud = o
		}
	case *v1alpha1.WorkloadMove:
		b.move = o
	case *v1alpha1.VirtualMachineMove:
		b.machines[o.Name] = o
	}
	r := rowOf(object)
	key := r.kind + "/" + object.GetName()
	if o, ok := object.(azureObject); ok {
		b.azure[key] = o
	}
	changed := b.rows[key] != r
	b.rows[key] = r
	return r, changed
}

// rowOf reads an object as the table shows it.
func rowOf(object client.Object) row {
	switch o := object.(type) {
	case *v1alpha1.AzureIdentity:
		return conditions(row{kind: "AzureIdentity", name: o.Name, done: o.Status.SubscriptionName}, o.Status.Conditions)
	case *v1alpha1.PrivateCloud:
		return conditions(row{kind: "PrivateCloud", name: o.Name, done: hosts(o.Status.ClusterSize, o.Status.ProvisioningState)}, o.Status.Conditions)
	case *v1alpha1.Cluster:
		return conditions(row{kind: "Cluster", name: o.Name, done: hosts(o.Status.ClusterSize, o.Status.ProvisioningState)}, o.Status.Conditions)
	case *v1alpha1.VCenter:
		r := row{kind: "VCenter", name: o.Name}
		if i := o.Status.Inventory; i != nil {
			r.done = strconv.Itoa(int(i.VirtualMachines)) + " machines"
		}
		return conditions(r, o.Status.Conditions)
	case *v1alpha1.WorkloadMove:
		return moveRow(o)
	case *v1alpha1.VirtualMachineMove:
		r := conditions(row{kind: "VirtualMachineMove", name: o.Spec.Machine.Name}, o.Status.Conditions)
		r.done, r.percent = string(o.Status.Step), int(o.Status.Progress)
		return r
	case *v1alpha1.MaintenancePolicy:
		return conditions(row{kind: "MaintenancePolicy", name: o.Name}, o.Status.Conditions)
	case azureObject:
		return conditions(row{kind: kindOf(o), name: o.GetName(), done: o.AzureStatus().ProvisioningState}, o.AzureStatus().Conditions)
	}
	return row{}
}

func moveRow(o *v1alpha1.WorkloadMove) row {
	r := row{kind: "WorkloadMove", name: o.Name, done: o.Status.Progress}
	if r.done != "" {
		r.done += " moved"
	}
	if o.Status.Moving > 0 {
		r.done += fmt.Sprintf(", %d moving", o.Status.Moving)
	}
	r = conditions(r, o.Status.Conditions)
	if meta.IsStatusConditionTrue(o.Status.Conditions, v1alpha1.ConditionComplete) {
		r.reason = v1alpha1.ReasonComplete
	}
	return r
}

func hosts(n int32, state string) string {
	if n == 0 {
		return state
	}
	return strconv.Itoa(int(n)) + " hosts"
}

func conditions(r row, all []metav1.Condition) row {
	if ready := meta.FindStatusCondition(all, v1alpha1.ConditionReady); ready != nil {
		r.ready, r.reason, r.message = string(ready.Status), ready.Reason, ready.Message
	}
	return r
}

// sorted returns all rows, kind by kind; of machines, those under way come first, then those that wait.
func (b *board) sorted() []row {
	rows := make([]row, 0, len(b.rows))
	for _, r := range b.rows {
		rows = append(rows, r)
	}
	slices.SortFunc(rows, func(x, y row) int {
		return cmp.Or(
			cmp.Compare(orderOf(x.kind), orderOf(y.kind)), cmp.Compare(x.kind, y.kind),
			cmp.Compare(urgency(x), urgency(y)), cmp.Compare(x.name, y.name),
		)
	})
	return rows
}

func urgency(r row) int {
	if r.kind != "VirtualMachineMove" {
		return 0
	}
	switch v1alpha1.MoveStep(r.done) {
	case v1alpha1.MoveStepFailed, v1alpha1.MoveStepBlocked:
		return 0
	case v1alpha1.MoveStepMoved:
		return 3
	case v1alpha1.MoveStepWaiting, "":
		return 2
	default:
		return 1
	}
}

// moving counts machines whose relocation vCenter has accepted, and that have not arrived.
func (b *board) moving() int {
	n := 0
	for _, m := range b.machines {
		if m.Status.Step == v1alpha1.MoveStepRelocating && m.Status.Task != nil && m.Status.Task.State == v1alpha1.OperationAccepted {
			n++
		}
	}
	return n
}

// moved says that every machine has come.
func (b *board) moved() bool {
	return b.move != nil && meta.IsStatusConditionTrue(b.move.Status.Conditions, v1alpha1.ConditionComplete)
}

// has says that there is an object of a kind.
func (b *board) has(kind string) bool {
	for _, r := range b.rows {
		if r.kind == kind {
			return true
		}
	}
	return false
}

// finished says that every object is where its spec wants it.
func (b *board) finished() bool {
	if !b.moved() {
		return false
	}
	for _, r := range b.rows {
		if r.ready != "True" {
			return false
		}
	}
	return true
}
