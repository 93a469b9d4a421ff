// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package policies drives what several objects, identities and Azures have to do with each other: who owns a resource, what comes back from a
// backup, what a deletion waits for, and how a whole namespace goes.
package policies

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers"
	"github.com/avs-operator/avs-operator/controllers/azure/kind"
	"github.com/avs-operator/avs-operator/test/armsim"
	"github.com/avs-operator/avs-operator/test/env"
	"github.com/avs-operator/avs-operator/test/harness"
)

var cluster *env.Env

const (
	// speed lets an hour of Azure's pass in a second.
	speed    = 3600
	patience = time.Minute
	// together is how many tests run at once: they mostly wait.
	together = 10
)

func TestMain(m *testing.M) {
	os.Exit(env.Main(m, env.Options{Scheme: controllers.Scheme(), Together: together}, func(e *env.Env) { cluster = e }))
}

// world is one test's Azure and namespace.
type world struct {
	azure     *harness.Azure
	namespace string
	operator  *harness.Operator
}

// quickly makes operations as short as lets one see them.
func quickly(c *armsim.Config) {
	span := func(d time.Duration) armsim.Span { return armsim.Span{Min: d, Max: d} }
	c.NoVCenters = true
	c.Durations = armsim.Durations{
		CreatePrivateCloud: span(30 * time.Minute), DeletePrivateCloud: span(20 * time.Minute), CreateCluster: span(15 * time.Minute), DeleteCluster: span(10 * time.Minute),
		AddHosts: span(10 * time.Minute), RemoveHosts: span(10 * time.Minute), Update: span(3 * time.Minute), Rotate: span(5 * time.Minute), Network: span(time.Minute),
		DeployHCX: span(10 * time.Minute), RunScript: span(2 * time.Minute),
	}
	c.RetryAfter = 10 * time.Second
}

// newWorld has an identity; its operator has not started.
func newWorld(t *testing.T, change ...func(*armsim.Config)) *world {
	t.Helper()
	w := &world{azure: harness.StartAzure(t, speed, append([]func(*armsim.Config){quickly}, change...)...), namespace: cluster.Namespace(t)}
	cluster.Create(t, w.azure.Identity(w.namespace)...)
	return w
}

func (w *world) start(t *testing.T) {
	t.Helper()
	w.operator = harness.StartOperator(t, harness.OperatorOptions{Config: cluster.OperatorConfig(), Speed: speed, Namespace: w.namespace})
}

// privateCloud is one that is deleted in Azure with its object; name is its name here, azureName there.
func (w *world) privateCloud(name, azureName string) *v1alpha1.PrivateCloud {
	c := harness.PrivateCloud(w.namespace, name)
	c.Spec.AzureName = azureName
	confirmed(c)
	return c
}

func (w *world) cluster(name, azureName string) *v1alpha1.Cluster {
	c := &v1alpha1.Cluster{
		ObjectMeta: metav1.ObjectMeta{Namespace: w.namespace, Name: name},
		Spec:       v1alpha1.ClusterSpec{PrivateCloudRef: v1alpha1.ParentReference{Name: "weu"}, SKU: "av36p", ClusterSize: ptr.To[int32](3)},
	}
	c.Spec.AzureName = azureName
	confirmed(c)
	return c
}

// iscsiPath is a small child of the private cloud, deleted without a confirmation.
func (w *world) iscsiPath(name string) *v1alpha1.IscsiPath {
	return &v1alpha1.IscsiPath{
		ObjectMeta: metav1.ObjectMeta{Namespace: w.namespace, Name: name},
		Spec:       v1alpha1.IscsiPathSpec{PrivateCloudRef: v1alpha1.ParentReference{Name: "weu"}, NetworkBlock: "10.200.0.0/24"},
	}
}

// confirmed lets an object be deleted in Azure.
func confirmed(object kind.Object) {
	object.AzureSpec().DeletionPolicy = v1alpha1.DeletionPolicyDelete
	object.SetAnnotations(map[string]string{v1alpha1.AnnotationConfirmDelete: object.GetName(), v1alpha1.AnnotationConfirmMachines: object.GetName()})
}

func ready(t *testing.T, objects ...kind.Object) {
	t.Helper()
	for _, object := range objects {
		cluster.WaitCondition(t, patience, object, v1alpha1.ConditionReady, "True")
	}
}

// says waits until the object is not Ready for a reason, Stalled or Reconciling as progress says, and returns the message.
func says(t *testing.T, object kind.Object, progress, reason string) string {
	t.Helper()
	var message string
	cluster.WaitFor(t, patience, object, "reason "+reason, func() error {
		conditions := object.AzureStatus().Conditions
		c := meta.FindStatusCondition(conditions, v1alpha1.ConditionReady)
		if c == nil || c.Status != metav1.ConditionFalse || c.Reason != reason || !meta.IsStatusConditionTrue(conditions, progress) {
			return fmt.Errorf("conditions are %+v", conditions)
		}
		message = c.Message
		return nil
	})
	return message
}

// writes are those that Azure took, as "PUT privateclouds/weu".
func writes(a *harness.Azure) []string {
	var out []string
	for _, r := range a.Requests() {
		action := r.Method == "POST" && strings.Contains(r.Path, "/rotate")
		if !action && r.Method != "PUT" && r.Method != "PATCH" && r.Method != "DELETE" || r.Status/100 != 2 {
			continue
		}
		_, path, _ := strings.Cut(r.Path, "/providers/")
		out = append(out, r.Method+" "+strings.TrimPrefix(path, "microsoft.avs/"))
	}
	return out
}

// wrote fails unless Azure took exactly these.
func (w *world) wrote(t *testing.T, want ...string) {
	t.Helper()
	if got := writes(w.azure); strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("written to Azure:\n  %s\nwant:\n  %s", strings.Join(got, "\n  "), strings.Join(want, "\n  "))
	}
}

// stays fails when Azure takes another write within a while.
func (w *world) stays(t *testing.T) {
	t.Helper()
	before := len(writes(w.azure))
	cluster.Consistently(t, 700*time.Millisecond, "nothing is written", func(context.Context) error {
		if now := writes(w.azure); len(now) != before {
			return fmt.Errorf("written to Azure: %v", now[before:])
		}
		return nil
	})
}

func (w *world) inAzure(below string) bool {
	_, ok := w.azure.Resource(w.azure.PrivateCloudID("weu") + below)
	return ok
}
