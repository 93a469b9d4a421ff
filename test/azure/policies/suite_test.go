// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package policies drives what several objects, identities and Azures have to do with each other: who owns a resource, what comes back from a
// backup, what a deletion waits for, and how a whole namespace goes.
package policies

import (
	"testing"
	"time"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
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

func TestMain(m *testing.M) { harness.Main(m, &cluster, together) }

// world is one test's Azure and namespace.
type world struct{ *harness.World }

// newWorld has an identity; its operator has not started.
func newWorld(t *testing.T, change ...func(*armsim.Config)) *world {
	t.Helper()
	w := &world{harness.NewWorld(t, cluster, speed)}
	w.StartAzure(t, append([]func(*armsim.Config){harness.Quickly}, change...)...)
	return w
}

// privateCloud is one that is deleted in Azure with its object; name is its name here, azureName there.
func (w *world) privateCloud(name, azureName string) *v1alpha1.PrivateCloud {
	c := harness.PrivateCloud(w.Namespace, name)
	c.Spec.AzureName = azureName
	return harness.Confirmed(c)
}

func (w *world) cluster(name, azureName string) *v1alpha1.Cluster {
	c := harness.Cluster(w.Namespace, name, 3)
	c.Spec.AzureName = azureName
	return harness.Confirmed(c)
}

// iscsiPath is a small child of the private cloud, deleted without a confirmation.
func (w *world) iscsiPath(name string) *v1alpha1.IscsiPath {
	return &v1alpha1.IscsiPath{
		ObjectMeta: w.Meta(name),
		Spec:       v1alpha1.IscsiPathSpec{PrivateCloudRef: v1alpha1.ParentReference{Name: "weu"}, NetworkBlock: "10.200.0.0/24"},
	}
}

// wrote fails unless Azure took exactly these writes.
func (w *world) wrote(t *testing.T, want ...string) {
	t.Helper()
	harness.SameWrites(t, accepted(w.Azure), want)
}

// accepted are the writes that an Azure did not refuse, as "PUT privateclouds/weu".
func accepted(a *harness.Azure) []string { return harness.Shown(a.Taken()) }

// stays fails when another write is sent to Azure within a while.
func (w *world) stays(t *testing.T) {
	t.Helper()
	w.NothingWritten(t, 700*time.Millisecond)
}

func (w *world) inAzure(below string) bool { return w.InAzure(below) != nil }
