// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package security

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/test/armsim"
	"github.com/avs-operator/avs-operator/test/harness"
	"github.com/avs-operator/avs-operator/test/vcentersim"
)

// rounds of the fuzz are objects of each kind, seed what they are made from.
const (
	rounds = 2
	seed   = 1
)

// Objects of every kind, with hostile ids in every mark, in references and in the fields of their specs, are made and deleted in one namespace by
// somebody who may even restore: nothing outside of it changes.
func TestFuzzOfMarksAndReferences(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *armsim.Config) { c.NoVCenters, c.VCenterPortGroups = false, []string{"finance-web"} })
	w.start(t)
	victim := w.privateCloud(t, w.others, "weu", "10.175.0.0/22")
	machines := w.Azure.VCenter(victim.Status.ID)
	if _, err := machines.AddMachine(vcentersim.MachineSpec{Name: "web-01", Networks: []string{"finance-web"}, DiskGB: []int{40}, PoweredOn: true}); err != nil {
		t.Fatal(err)
	}
	vcenter := &v1alpha1.VCenter{ObjectMeta: metav1.ObjectMeta{Namespace: w.others, Name: "weu"},
		Spec: v1alpha1.VCenterSpec{PrivateCloudRef: &v1alpha1.ObjectReference{Name: "weu"}}}
	cluster.Create(t, vcenter)
	cluster.WaitReady(t, vcenter)
	web := &v1alpha1.Segment{ObjectMeta: metav1.ObjectMeta{Namespace: w.others, Name: "web"}, Spec: v1alpha1.SegmentSpec{
		PrivateCloudRef: v1alpha1.ParentReference{Name: "weu"}, Subnet: &v1alpha1.SegmentSubnet{GatewayAddress: "10.60.7.1/24"}}}
	cluster.Create(t, web)
	cluster.WaitReady(t, web)
	own := w.privateCloud(t, w.theirs, theirCloud, "10.180.0.0/22")
	w.remember(t)
	standing := machines.Machines()

	random := rand.New(rand.NewPCG(seed, seed)) //nolint:gosec // repeatable on purpose
	f := &fuzz{Rand: random, names: []string{theirCloud, "weu", "web", "default"}, namespaces: []string{w.theirs, w.others}}
	for _, id := range []string{victim.Status.ID, web.Status.ID, own.Status.ID, victim.Status.ID + "/clusters/Cluster-1"} {
		group, _, _ := strings.Cut(id, "/providers/")
		f.ids = append(f.ids, id, strings.ToUpper(id), group, own.Status.ID+"/../weu", id+"/../..", id+"/"+strings.Repeat("x", 4096),
			strings.Replace(id, w.Azure.SubscriptionID, "99999999-9999-9999-9999-999999999999", 1))
	}
	mallory := restorer(t, w.theirs)
	cluster.Eventually(t, patience, "the restorer's role", func(ctx context.Context) error {
		return mallory.List(ctx, &v1alpha1.SegmentList{}, client.InNamespace(w.theirs))
	})
	var made []client.Object
	taken := map[string]bool{}
	for _, sample := range everyKind(t, vcenter, standing[0]) {
		kind := sample.GetKind()
		for round := range rounds * 3 {
			object := f.object(sample, w.theirs, round)
			if err := mallory.Create(t.Context(), object); err == nil {
				made, taken[kind] = append(made, object), true
			} else if !apierrors.IsInvalid(err) && !apierrors.IsForbidden(err) {
				t.Errorf("%s %v: %v", kind, object.Object, err)
			}
		}
		if !taken[kind] {
			t.Errorf("the API server took no %s, so nothing was tried", kind)
		}
	}
	time.Sleep(time.Second) // an hour of Azure's
	for _, object := range made {
		if err := client.IgnoreNotFound(mallory.Delete(t.Context(), object)); err != nil {
			t.Fatal(err)
		}
	}
	saidOrGone(t, made)
	time.Sleep(500 * time.Millisecond)
	w.unharmed(t)
	w.discreet(t)
	if now := machines.Machines(); !reflect.DeepEqual(now, standing) {
		t.Errorf("the victim's machines were %+v and are %+v", standing, now)
	}
}

// everyKind is one object of each kind there is: its sample, or for what is in no file of its own name, one that is about a victim's machine.
func everyKind(t *testing.T, vcenter *v1alpha1.VCenter, machine vcentersim.MachineState) []*unstructured.Unstructured {
	t.Helper()
	samples, err := harness.LoadSamples()
	if err != nil {
		t.Fatal(err)
	}
	var out []*unstructured.Unstructured
	for kind := range cluster.Admin.Scheme().KnownTypes(v1alpha1.GroupVersion) {
		made, err := cluster.Admin.Scheme().New(v1alpha1.GroupVersion.WithKind(kind))
		if err != nil {
			t.Fatal(err)
		}
		if _, object := made.(client.Object); !object {
			continue
		}
		var sample *unstructured.Unstructured
		switch kind {
		case "VCenter":
			sample, err = unstructuredOf(kind, vcenter)
		case "VirtualMachineMove":
			sample, err = unstructuredOf(kind, moveOf(vcenter, machine))
		default:
			sample, err = samples.Of(kind)
		}
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, sample)
	}
	slices.SortFunc(out, func(a, b *unstructured.Unstructured) int { return strings.Compare(a.GetKind(), b.GetKind()) })
	return out
}

// moveOf moves a machine within its vCenter, with every choice made.
func moveOf(vcenter *v1alpha1.VCenter, machine vcentersim.MachineState) *v1alpha1.VirtualMachineMove {
	ref, uuid := v1alpha1.ObjectReference{Name: vcenter.Name}, vcenter.Status.InstanceUUID
	somewhere := func(ref string) v1alpha1.InventoryReference { return v1alpha1.InventoryReference{Ref: ref, Name: ref} }
	return &v1alpha1.VirtualMachineMove{Spec: v1alpha1.VirtualMachineMoveSpec{
		Machine: v1alpha1.MachineIdentity{Name: machine.Name, InstanceUUID: machine.InstanceUUID, BIOSUUID: machine.BIOSUUID},
		Source:  v1alpha1.MachineSource{VCenterRef: ref, VCenterInstanceUUID: uuid, PowerState: machine.PowerState},
		Target: v1alpha1.MachineTarget{VCenterRef: ref, VCenterInstanceUUID: uuid, Cluster: somewhere("domain-c1"), ResourcePool: somewhere(machine.Pool),
			Folder: somewhere("group-v1"), Datastore: somewhere(machine.Datastores[0])},
		Method: v1alpha1.MoveMethodCold,
	}}
}

func unstructuredOf(kind string, object client.Object) (*unstructured.Unstructured, error) {
	content, err := runtime.DefaultUnstructuredConverter.ToUnstructured(object)
	out := &unstructured.Unstructured{Object: content}
	out.SetGroupVersionKind(v1alpha1.GroupVersion.WithKind(kind))
	return out, err
}

// fuzz makes hostile objects.
type fuzz struct {
	*rand.Rand
	ids, names, namespaces []string
}

func (f *fuzz) one(of []string) string { return of[f.IntN(len(of))] }

// object is a kind's sample with hostile marks, references and values, to be deleted in Azure as far as it is up to whoever made it.
func (f *fuzz) object(sample *unstructured.Unstructured, namespace string, round int) *unstructured.Unstructured {
	out := sample.DeepCopy()
	name := fmt.Sprintf("f-%d", round)
	spec, _ := out.Object["spec"].(map[string]any)
	if spec == nil {
		spec = map[string]any{}
	}
	f.spoil(spec, round%3 == 2)
	maps.Copy(spec, map[string]any{"deletionPolicy": "Delete", "adoptionPolicy": "Always"})
	if kind := out.GetKind(); kind == "PrivateCloud" || kind == "Cluster" {
		spec["suspend"] = f.IntN(2) == 0 || kind == "PrivateCloud" // what is made is the attacker's own; what is deleted is the question
		spec["azureName"] = f.one([]string{"weu", "Cluster-1", name})
	}
	out.Object = map[string]any{"apiVersion": out.GetAPIVersion(), "kind": out.GetKind(), "spec": spec}
	out.SetNamespace(namespace)
	out.SetName(name)
	out.SetFinalizers([]string{v1alpha1.Finalizer})
	annotations := map[string]string{v1alpha1.AnnotationConfirmDelete: name, v1alpha1.AnnotationConfirmMachines: name, v1alpha1.AnnotationAzureID: f.one(f.ids)}
	for _, key := range []string{v1alpha1.AnnotationWritten, v1alpha1.AnnotationRan, v1alpha1.AnnotationVCenterRotation, v1alpha1.AnnotationNSXTRotation,
		v1alpha1.AnnotationScheduled} {
		if f.IntN(2) == 0 {
			annotations[key] = f.one(f.ids)
		}
	}
	out.SetAnnotations(annotations)
	out.SetLabels(map[string]string{v1alpha1.LabelMove: f.one(f.names), v1alpha1.LabelAzureIDHash: "x"})
	return out
}

// spoil puts other names and namespaces into references, and ids into other texts, if asked to.
func (f *fuzz) spoil(spec map[string]any, texts bool) {
	for _, key := range slices.Sorted(maps.Keys(spec)) {
		switch value := spec[key].(type) {
		case map[string]any:
			if _, reference := value["name"].(string); reference && strings.HasSuffix(key, "Ref") {
				value["name"] = f.one(f.names)
				if strings.HasSuffix(strings.ToLower(key), "cloudref") && f.IntN(2) == 0 {
					value["namespace"] = f.one(f.namespaces)
				}
				continue
			}
			f.spoil(value, texts)
		case string:
			if texts && f.IntN(4) == 0 {
				spec[key] = f.one(f.ids)
			}
		}
	}
}
