// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package kinds shows what is special about each Azure kind: what it waits for, what it looks up, what it sends, and when it may go. The life
// that all kinds have in common is shown once for all of them elsewhere.
package kinds

import (
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers"
	"github.com/avs-operator/avs-operator/controllers/feature"
	"github.com/avs-operator/avs-operator/test/armsim"
	"github.com/avs-operator/avs-operator/test/env"
	"github.com/avs-operator/avs-operator/test/harness"
	"github.com/avs-operator/avs-operator/test/vcentersim"
)

var cluster *env.Env

func TestMain(m *testing.M) { harness.Main(m, &cluster, 8) }

const (
	// soon is how long a test waits.
	soon = 90 * time.Second
	// fast lets an hour of Azure's pass in a second.
	fast = 3600
)

// world is one test's Azure, with a private cloud of its own, and the operator.
type world struct {
	*harness.World
	cloud *v1alpha1.PrivateCloud
}

// withFeature is newWorld with a feature gate that is on.
func withFeature(t *testing.T, gates string, speed float64, live bool, change ...func(*v1alpha1.PrivateCloud)) *world {
	t.Helper()
	features, err := feature.Parse(gates)
	if err != nil {
		t.Fatal(err)
	}
	return start(t, speed, live, func(o *controllers.Options) { o.Features = features }, change)
}

// newWorld starts an Azure, an operator and a private cloud, and waits until that is ready.
func newWorld(t *testing.T, speed float64, live bool, change ...func(*v1alpha1.PrivateCloud)) *world {
	t.Helper()
	return start(t, speed, live, nil, change)
}

func start(t *testing.T, speed float64, live bool, options func(*controllers.Options), change []func(*v1alpha1.PrivateCloud)) *world {
	t.Helper()
	w := &world{World: harness.NewWorld(t, cluster, speed)}
	w.Options, w.cloud = options, harness.PrivateCloud(w.Namespace, "weu")
	w.StartAzure(t, func(c *armsim.Config) { c.NoVCenters = !live })
	w.StartOperator(t)
	for _, f := range change {
		f(w.cloud)
	}
	cluster.Create(t, w.cloud)
	cluster.WaitReady(t, w.cloud)
	return w
}

// usable lets the operator use a Secret that has no type of its own.
func usable(meta metav1.ObjectMeta) metav1.ObjectMeta {
	meta.Labels = map[string]string{v1alpha1.LabelUse: v1alpha1.UseAllowed}
	return meta
}

// inCloud is the reference of a child to the private cloud.
func (w *world) inCloud() v1alpha1.ParentReference { return v1alpha1.ParentReference{Name: "weu"} }

// vcenter is the live vCenter of the private cloud.
func (w *world) vcenter(t *testing.T) *vcentersim.VCenter {
	t.Helper()
	v := w.Azure.VCenter(w.Azure.PrivateCloudID("weu"))
	if v == nil {
		t.Fatal("the private cloud has no live vCenter")
	}
	return v
}

// writes are what was written to Azure, as "PUT weu/addons/hcx", without the creation of the private cloud.
func (w *world) writes() []string {
	var out []string
	for _, write := range harness.Shown(w.Azure.Writes()) {
		if write = strings.Replace(write, "privateclouds/", "", 1); write != "PUT weu" || len(out) > 0 {
			out = append(out, write)
		}
	}
	return out
}

func (w *world) wrote(t *testing.T, want ...string) {
	t.Helper()
	harness.SameWrites(t, w.writes(), want)
}
