// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package machine_test

import (
	"context"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	ktypes "k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/test/harness"
	"github.com/avs-operator/avs-operator/test/vcentersim"
)

// TestAMethodOfANewerVersionMovesNothing gives an operator the object of a newer one, with the CRD of the newer one: no other mover takes the machine,
// and deleting the object lets it go.
func TestAMethodOfANewerVersionMovesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	crd := &unstructured.Unstructured{}
	crd.SetAPIVersion("apiextensions.k8s.io/v1")
	crd.SetKind("CustomResourceDefinition")
	crd.SetName("virtualmachinemoves.avs-operator.io")
	newer := client.RawPatch(ktypes.JSONPatchType,
		[]byte(`[{"op":"add","path":"/spec/versions/0/schema/openAPIV3Schema/properties/spec/properties/method/enum/-","value":"Teleport"}]`))
	if err := cluster.Admin.Patch(t.Context(), crd, newer); err != nil {
		t.Fatal(err)
	}
	was := w.add(vcentersim.MachineSpec{Name: "newer-01", PoweredOn: true})
	m := w.planned(was, "Teleport")
	cluster.Eventually(t, time.Minute, "the API server takes the new method", func(ctx context.Context) error {
		if err := cluster.Admin.Create(ctx, m); !apierrors.IsAlreadyExists(err) {
			return err
		}
		return nil
	})
	cluster.WaitCondition(t, 30*time.Second, m, v1alpha1.ConditionStalled, "True")
	cluster.WaitNotReady(w.t, m, v1alpha1.ReasonInvalidSpec, "does not know the method Teleport", "it knows Live, Cold",
		"Install the version that made this object")
	w.untouched(was)
	if n := harness.Calls(w.Source, "RelocateVM_Task") + harness.Calls(w.Source, "CheckRelocate_Task"); n != 0 || len(m.Finalizers) != 0 {
		t.Errorf("vCenter was called %d times; the finalizers are %v", n, m.Finalizers)
	}
	cluster.Delete(t, m)
	cluster.WaitGone(t, 30*time.Second, m)
	w.untouched(was)
}
