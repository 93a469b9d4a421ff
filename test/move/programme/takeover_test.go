// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package programme_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/test/harness"
	"github.com/avs-operator/avs-operator/test/vcentersim"
)

// TestANewClusterTakesOverStartedMoves follows the guide's page about a lost cluster: machines are on their way when the operator and every object of
// its are lost. What is planned and run anew starts no second relocation of a machine that is under way, and ends with each machine there once.
func TestANewClusterTakesOverStartedMoves(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	quick, slow := []string{"app-01", "app-02"}, []string{"web-01", "web-02"}
	w.add(nil, slices.Concat(quick, slow)...)
	arrive := make(chan struct{})
	for _, name := range slow {
		w.Source.Inject(vcentersim.Fault{Relocate: true, Machine: name, AtPercent: 50, Hang: true, Until: arrive})
	}
	lost := w.move("finance", v1alpha1.MoveStateRun, nil)
	cluster.WaitFor(t, soon, lost, "two machines moved and two on their way", func() error {
		if lost.Status.Moved != 2 || lost.Status.Moving != 2 {
			return fmt.Errorf("%d moved, %d moving", lost.Status.Moved, lost.Status.Moving)
		}
		return nil
	})
	w.Operator.Stop(t)
	for _, list := range []client.ObjectList{&v1alpha1.VirtualMachineMoveList{}, &v1alpha1.WorkloadMoveList{}, &v1alpha1.VCenterList{}} {
		lose(t, list, w.Namespace)
	}

	w.Namespace = cluster.Namespace(t)
	w.Declare(t, "oslo", w.Source)
	w.Declare(t, "weu", w.Target)
	w.StartOperator(t)
	was := w.before
	found := w.move("finance", v1alpha1.MoveStatePlan, nil)
	w.before = was
	w.says(found, metav1.ConditionTrue, v1alpha1.ReasonPlanned, "2 machines") // those that have arrived come out of it
	w.edit(found, `{"state":"Run"}`)
	cluster.WaitFor(t, soon, found, "both to be waited for", func() error {
		for name, m := range w.children() {
			if c := m.Status.Conditions; m.Status.Task != nil || len(c) == 0 ||
				!slices.ContainsFunc(c, func(c metav1.Condition) bool { return c.Reason == v1alpha1.ReasonMachineBusy }) {
				return fmt.Errorf("%s says %+v", name, c)
			}
		}
		if n := len(w.children()); n != 2 {
			return fmt.Errorf("%d VirtualMachineMoves", n)
		}
		return nil
	})
	cluster.Consistently(t, time.Second, "nothing starts beside what is under way", func(context.Context) error {
		if n := harness.Calls(w.Source, "RelocateVM_Task"); n != 4 {
			return fmt.Errorf("%d relocations of 4 machines", n)
		}
		return nil
	}, found)
	close(arrive)
	cluster.WaitCondition(t, soon, found, v1alpha1.ConditionComplete, "True")
	w.whole(slices.Concat(quick, slow))
	if n := harness.Calls(w.Source, "RelocateVM_Task"); n != 4 {
		t.Errorf("%d relocations of 4 machines", n)
	}
}

// lose takes all objects of a list away, as the loss of a Kubernetes cluster does: nobody is asked.
func lose(t *testing.T, list client.ObjectList, namespace string) {
	t.Helper()
	if err := cluster.Admin.List(t.Context(), list, client.InNamespace(namespace)); err != nil {
		t.Fatal(err)
	}
	err := meta.EachListItem(list, func(item runtime.Object) error {
		object := item.(client.Object)
		unheld := client.RawPatch(types.MergePatchType, []byte(`{"metadata":{"finalizers":null}}`))
		return client.IgnoreNotFound(errors.Join(cluster.Admin.Patch(t.Context(), object, unheld), cluster.Admin.Delete(t.Context(), object)))
	})
	if err != nil {
		t.Fatal(err)
	}
}
