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

// briefly makes operations as short as lets a process die in the middle of one at this speed.
func briefly(c *armsim.Config) {
	c.NoVCenters, c.RetryAfter = true, 5*time.Second
	c.Durations = armsim.Durations{
		CreatePrivateCloud: exactly(2 * time.Minute), DeletePrivateCloud: exactly(2 * time.Minute),
		CreateCluster: exactly(90 * time.Second), DeleteCluster: exactly(90 * time.Second),
		AddHosts: exactly(90 * time.Second), RemoveHosts: exactly(90 * time.Second),
		Update: exactly(time.Minute), Rotate: exactly(time.Minute), Register: exactly(time.Minute), Network: exactly(time.Minute),
		DeployHCX: exactly(90 * time.Second), RunScript: exactly(time.Minute), DeleteResourceGroup: exactly(time.Minute),
	}
}

// Prepare makes the world that a subject's cases start from: what it refers to is made by the operator, once, and saved. Keeping it also
// saves each case the making of keys.
func (s *Subject) Prepare(t testing.TB, cluster *env.Env) {
	t.Helper()
	if s.snapshot != nil {
		return
	}
	azure, namespace := StartAzure(t, Speed, briefly, s.withMachines), cluster.Namespace(t)
	if len(s.Above) > 0 {
		operator := StartOperator(t, OperatorOptions{Config: cluster.OperatorConfig(), Speed: Speed, Namespace: namespace,
			Change: func(o *controllers.Options) { o.Logger = logr.Discard() }})
		above := s.above(t, namespace, nil)
		for _, object := range append(azure.Identity(namespace), above...) {
			cluster.Create(t, object)
		}
		for _, object := range above {
			if object.GetObjectKind().GroupVersionKind().Group == v1alpha1.GroupVersion.Group {
				cluster.WaitReady(t, object)
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
	s.snapshot = &snapshot{state: state.Bytes(), subscription: azure.SubscriptionID}
}

// start is a fresh Azure with that in it, in a subscription of its own. What lived in vCenters is made anew.
func (s *Subject) start(t testing.TB, change ...func(*armsim.Config)) *Azure {
	t.Helper()
	w := s.snapshot
	load := func(c *armsim.Config) {
		c.State = bytes.NewReader(bytes.ReplaceAll(w.state, []byte(w.subscription), []byte(c.Subscriptions[0].ID)))
	}
	azure := StartAzure(t, Speed, append([]func(*armsim.Config){briefly, s.withMachines, load}, change...)...)
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
	for deadline := time.Now().Add(env.Patience); vcenter == nil; vcenter = azure.VCenter(azure.PrivateCloudID("weu")) {
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
