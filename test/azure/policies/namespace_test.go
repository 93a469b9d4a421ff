// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package policies

import (
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/azure/kinds"
	"github.com/avs-operator/avs-operator/test/harness"
	"github.com/avs-operator/avs-operator/test/vcentersim"
)

// ordersVariable is how many orders of deletion are tried; absent: a few.
const ordersVariable = "AVS_OPERATOR_DELETION_ORDERS"

// everything are the samples of all Azure kinds, of their Secrets, and a VCenter and a workload move that is over, in a namespace.
func everything(t *testing.T, namespace string) []client.Object {
	t.Helper()
	samples, err := harness.LoadSamples()
	if err != nil || len(samples) == 0 {
		t.Fatalf("no samples: %v", err)
	}
	var out []client.Object
	for _, object := range samples.All() {
		azureKind := slices.ContainsFunc(kinds.All, func(k kinds.Kind) bool { return k.Name == object.GetKind() })
		if kind := object.GetKind(); !azureKind && kind != "Secret" && kind != "VCenter" && kind != "WorkloadMove" {
			continue
		}
		object.SetNamespace(namespace)
		if azureKind {
			_ = unstructured.SetNestedField(object.Object, "Delete", "spec", "deletionPolicy")
			object.SetAnnotations(map[string]string{v1alpha1.AnnotationConfirmDelete: object.GetName(), v1alpha1.AnnotationConfirmMachines: object.GetName()})
		}
		out = append(out, object)
	}
	return out
}

// settled waits until all Azure kinds among the objects are Ready. Machines that they name are put into the vCenter when it is there.
func (w *world) settled(t *testing.T, objects []client.Object) {
	t.Helper()
	for _, object := range objects {
		if object.GetObjectKind().GroupVersionKind().Kind == "PrivateCloud" {
			cluster.WaitReady(t, object)
			for i := range 4 {
				if _, err := w.Azure.VCenter(w.Azure.PrivateCloudID(object.GetName())).AddMachine(
					vcentersim.MachineSpec{Name: fmt.Sprintf("web-%02d", i), DiskGB: []int{10}}); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	for _, object := range objects {
		if slices.ContainsFunc(kinds.All, func(k kinds.Kind) bool { return k.Name == object.GetObjectKind().GroupVersionKind().Kind }) {
			cluster.WaitReady(t, object)
		}
	}
}

// A namespace goes with everything in it: whatever the order in which its objects are deleted, it ends, nothing is left in Azure that should be
// gone, and nothing is gone that should be left.
func TestEverythingGoesInEveryOrder(t *testing.T) {
	t.Parallel()
	orders := 3
	if asked, err := strconv.Atoi(os.Getenv(ordersVariable)); err == nil {
		orders = asked
	}
	for order := range orders {
		for _, whole := range []bool{false, true} {
			name := fmt.Sprintf("order %d", order)
			if whole {
				if order > 0 {
					continue // in which order a namespace's objects go is not ours to say
				}
				name = "the namespace at once"
			}
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				w := newWorld(t, harness.LiveVCenters)
				w.StartOperator(t)
				objects := everything(t, w.Namespace)
				cluster.Create(t, objects...)
				w.settled(t, objects)
				kept := w.keptInAzure(t)
				identity := w.Azure.Identity(w.Namespace)
				if whole {
					cluster.Delete(t, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: w.Namespace}})
				} else {
					all := append(slices.Clone(objects), identity...)
					random := rand.New(rand.NewPCG(uint64(order), 7)) //nolint:gosec // repeatable, not secret
					random.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
					for _, object := range all {
						if err := cluster.Admin.Delete(t.Context(), object); err != nil && !apierrors.IsNotFound(err) {
							t.Fatalf("Deleting %s: %v", object.GetName(), err)
						}
					}
				}
				for _, object := range append(objects, identity...) {
					cluster.WaitGone(t, patience, object)
				}
				if whole {
					cluster.WaitGone(t, patience, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: w.Namespace}})
				}
				for _, id := range w.Azure.Resources("") {
					if !slices.Contains(kept, id) && !strings.HasPrefix(id, kept[0]+"/") {
						t.Errorf("left in Azure: %s", id)
					}
				}
				if _, ok := w.Azure.Resource(kept[0]); !ok {
					t.Error("a private cloud that only was retained is gone")
				}
			})
		}
	}
}

// keptInAzure makes a private cloud beside the samples whose object says Retain: it must be left.
func (w *world) keptInAzure(t *testing.T) []string {
	t.Helper()
	kept := w.privateCloud("kept", "")
	kept.Spec.NetworkBlock, kept.Spec.DeletionPolicy = "10.190.0.0/22", v1alpha1.DeletionPolicyRetain
	cluster.Create(t, kept)
	cluster.WaitReady(t, kept)
	return []string{strings.ToLower(kept.Status.ID)}
}
