// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package harness

import (
	"bytes"
	"encoding/base64"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers"
	"github.com/avs-operator/avs-operator/test/armsim"
	"github.com/avs-operator/avs-operator/test/env"
	"github.com/avs-operator/avs-operator/test/vcentersim"
)

// Speed of the worlds: an hour of Azure's is a second, and its operations are as short as lets a process die in the middle of one.
const Speed = 240

func quickly(c *armsim.Config) {
	span := func(d time.Duration) armsim.Span { return armsim.Span{Min: d, Max: d} }
	c.NoVCenters, c.RetryAfter = true, 5*time.Second
	c.Durations = armsim.Durations{
		CreatePrivateCloud: span(2 * time.Minute), DeletePrivateCloud: span(2 * time.Minute), CreateCluster: span(90 * time.Second), DeleteCluster: span(90 * time.Second),
		AddHosts: span(90 * time.Second), RemoveHosts: span(90 * time.Second), Update: span(time.Minute), Rotate: span(time.Minute), Register: span(time.Minute),
		Network: span(time.Minute), DeployHCX: span(90 * time.Second), RunScript: span(time.Minute), DeleteResourceGroup: span(time.Minute),
	}
}

// patience is how long anything may take, on a machine that is loaded.
const patience = 3 * time.Minute

// Prepare makes the world that a subject's cases start from: what it refers to is made by the operator, once, and saved. Keeping it also
// saves each case the making of keys.
func (s *Subject) Prepare(t testing.TB, cluster *env.Env) {
	t.Helper()
	if s.world != nil {
		return
	}
	azure, namespace := StartAzure(t, Speed, quickly, s.withMachines), cluster.Namespace(t)
	if len(s.Above) > 0 {
		operator := StartOperator(t, OperatorOptions{Config: cluster.OperatorConfig(), Speed: Speed, Namespace: namespace,
			Change: func(o *controllers.Options) { o.Logger = logr.Discard() }})
		above := s.above(t, namespace, nil)
		for _, object := range append(azure.Identity(namespace), above...) {
			create(t, cluster, object)
		}
		for _, object := range above {
			if object.GetObjectKind().GroupVersionKind().Group == v1alpha1.GroupVersion.Group {
				cluster.WaitCondition(t, patience, object, v1alpha1.ConditionReady, "True")
			}
			if object.GetObjectKind().GroupVersionKind().Kind == "PrivateCloud" {
				s.addMachines(t, azure)
			}
		}
		operator.Stop(t)
	}
	var state bytes.Buffer
	if err := azure.Save(&state); err != nil {
		t.Fatal(err)
	}
	azure.Close()
	s.world = &World{state: state.Bytes(), subscription: azure.SubscriptionID}
}

// start is a fresh Azure with that in it, in a subscription of its own. What lived in vCenters is made anew.
func (s *Subject) start(t testing.TB, change ...func(*armsim.Config)) *Azure {
	t.Helper()
	w := s.world
	load := func(c *armsim.Config) {
		c.State = bytes.NewReader(bytes.ReplaceAll(w.state, []byte(w.subscription), []byte(c.Subscriptions[0].ID)))
	}
	azure := StartAzure(t, Speed, append([]func(*armsim.Config){quickly, s.withMachines, load}, change...)...)
	s.addMachines(t, azure)
	return azure
}

// withMachines gives a subject that names machines private clouds with a live vCenter. Others do without: they are cheaper.
func (s *Subject) withMachines(c *armsim.Config) { c.NoVCenters = len(s.machines()) == 0 }

func (s *Subject) addMachines(t testing.TB, azure *Azure) {
	t.Helper()
	names := s.machines()
	if len(names) == 0 {
		return
	}
	vcenter := azure.VCenter(azure.PrivateCloudID("weu"))
	for deadline := time.Now().Add(patience); vcenter == nil; vcenter = azure.VCenter(azure.PrivateCloudID("weu")) {
		if time.Now().After(deadline) {
			t.Fatal("the private cloud has no vCenter")
		}
		time.Sleep(20 * time.Millisecond)
	}
	for _, name := range names {
		if _, err := vcenter.AddMachine(vcentersim.MachineSpec{Name: name}); err != nil {
			t.Fatalf("Making machine %s: %v", name, err)
		}
	}
}

// machines that the sample, or what it stands on, names as members.
func (s *Subject) machines() (out []string) {
	for _, sample := range append(slices.Clone(s.Above), s.Sample) {
		for _, name := range members(sample.Object["spec"]) {
			if !slices.Contains(out, name) {
				out = append(out, name)
			}
		}
	}
	return out
}

func members(spec any) (out []string) {
	fields, _ := spec.(map[string]any)
	for _, key := range sortedKeys(fields) {
		if one, isObject := fields[key].(map[string]any); isObject && key == "virtualMachine" {
			if name, isText := one["name"].(string); isText {
				out = append(out, name)
			}
		}
		list, isList := fields[key].([]any)
		if !isList || !strings.HasSuffix(strings.ToLower(key), "members") || strings.HasPrefix(key, "host") {
			continue
		}
		for _, one := range list {
			if object, isObject := one.(map[string]any); isObject {
				one = object["name"]
			}
			if name, isText := one.(string); isText {
				out = append(out, name)
			}
		}
	}
	return out
}

func create(t testing.TB, cluster *env.Env, object client.Object) {
	t.Helper()
	if err := cluster.Admin.Create(t.Context(), object); err != nil {
		t.Fatalf("Creating %s: %v", object.GetName(), err)
	}
}

func fromUnstructured(from *unstructured.Unstructured, to client.Object) error {
	return runtime.DefaultUnstructuredConverter.FromUnstructuredWithValidation(from.Object, to, true)
}

func decoded(text string) string {
	value, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return ""
	}
	return string(value)
}
