// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package machine_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/freeze"
	"github.com/avs-operator/avs-operator/test/env"
	"github.com/avs-operator/avs-operator/test/vcentersim"
)

// While the operator is frozen no machine leaves the state that it is in. One that has begun is not left in between.
func TestAFreezeStartsNoMoveAndEndsWhatRuns(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	runs := w.add(vcentersim.MachineSpec{Name: "runs", PoweredOn: true})
	going := w.cold(runs, &v1alpha1.MovePower{PowerOff: v1alpha1.PowerOffGuest, TimeoutSeconds: 3600, PowerOn: v1alpha1.PowerOnRestore})
	cluster.Create(w.t, going)
	w.reach(going, v1alpha1.MoveStepShuttingDown, v1alpha1.MoveStepRelocating)
	stop := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: w.Namespace, Name: freeze.ConfigMapName}, Data: map[string]string{"reason": "incident 7"}}
	cluster.Create(w.t, stop)
	cluster.WaitFor(t, 5*time.Second, going, "Frozen", func() error { return frozen(going) })
	waits := w.add(vcentersim.MachineSpec{Name: "waits", PoweredOn: true})
	held := w.planned(waits, v1alpha1.MoveMethodLive)
	cluster.Create(w.t, held)
	cluster.WaitFor(t, time.Minute, held, "to wait", func() error {
		c := meta.FindStatusCondition(held.Status.Conditions, v1alpha1.ConditionReady)
		if c == nil || c.Reason != v1alpha1.ReasonFrozen {
			return fmt.Errorf("Ready is %+v", c)
		}
		env.Says(t, c.Message, "incident 7")
		return nil
	})
	cluster.WaitCondition(t, time.Minute, going, v1alpha1.ConditionComplete, "True")
	if is := w.sameMachine(runs); is.PowerState != "poweredOn" {
		t.Errorf("the machine that had begun is %s at the end", is.PowerState)
	}
	cluster.Consistently(t, 300*time.Millisecond, "nothing starts", func(context.Context) error {
		w.untouched(waits)
		return frozen(held)
	}, held)
	cluster.Delete(t, stop)
	cluster.WaitCondition(t, time.Minute, held, v1alpha1.ConditionComplete, "True")
	w.sameMachine(waits)
	if meta.FindStatusCondition(held.Status.Conditions, v1alpha1.ConditionFrozen) != nil {
		t.Errorf("it still says Frozen: %+v", held.Status.Conditions)
	}
}

func frozen(m *v1alpha1.VirtualMachineMove) error {
	if !meta.IsStatusConditionTrue(m.Status.Conditions, v1alpha1.ConditionFrozen) {
		return fmt.Errorf("the conditions are %+v", m.Status.Conditions)
	}
	return nil
}
