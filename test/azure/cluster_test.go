// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package azure

import (
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/test/env"
	"github.com/avs-operator/avs-operator/test/harness"
)

// kubectl runs our kubectl as the administrator.
func kubectl(t *testing.T, args ...string) (string, error) {
	t.Helper()
	return cluster.ControlPlane.Kubectl(t.Context(), args...)
}

func TestClusterWaitsForItsPrivateCloudAndIsScaledByKubectl(t *testing.T) {
	t.Parallel()
	w := newWorld(t, fast)
	second := harness.Cluster(w.Namespace, "weu-2", 3)
	cluster.Create(t, second)
	env.Says(t, cluster.WaitReconciling(t, second, v1alpha1.ReasonReferenceNotFound), "PrivateCloud", "weu")
	cloud := harness.PrivateCloud(w.Namespace, "weu")
	cluster.Create(t, cloud)
	cluster.WaitReady(t, second)
	cluster.WaitReady(t, cloud)
	w.Wrote(t, "PUT privateclouds/weu", "PUT privateclouds/weu/clusters/weu-2")
	if out, err := kubectl(t, "-n", w.Namespace, "scale", "--replicas=5", "clusters.avs-operator.io/weu-2"); err != nil {
		t.Fatal(err, out)
	}
	if out, err := kubectl(t, "-n", w.Namespace, "scale", "--replicas=4", "privateclouds.avs-operator.io/weu"); err != nil {
		t.Fatal(err, out)
	}
	cluster.WaitReady(t, second)
	cluster.WaitReady(t, cloud)
	if second.Status.ClusterSize != 5 || cloud.Status.ClusterSize != 4 || w.InAzure("/clusters/weu-2", "properties", "clusterSize") != float64(5) {
		t.Errorf("sizes: cluster %d, private cloud %d", second.Status.ClusterSize, cloud.Status.ClusterSize)
	}
	env.Edit(t, cluster, second, func(c *v1alpha1.Cluster) { c.Spec.ClusterSize = ptr.To[int32](3) })
	cluster.WaitReady(t, second)
	if second.Status.ClusterSize != 3 {
		t.Errorf("the lowered size was not applied: %d", second.Status.ClusterSize)
	}
}

func TestHostsAboveSpecStay(t *testing.T) {
	t.Parallel()
	w := newWorld(t, fast)
	cloud := harness.PrivateCloud(w.Namespace, "weu")
	cluster.Create(t, cloud)
	cluster.WaitReady(t, cloud)
	w.Azure.Set(t, cloud.Status.ID, map[string]any{"properties": map[string]any{"managementCluster": map[string]any{"clusterSize": 4}}})
	cluster.WaitSays(t, cloud, v1alpha1.ConditionInSync, metav1.ConditionFalse, v1alpha1.ReasonHostsAboveSpec)
	cluster.WaitReady(t, cloud)
	time.Sleep(time.Second)
	w.Wrote(t, "PUT privateclouds/weu")
	w.Azure.Set(t, cloud.Status.ID, map[string]any{"properties": map[string]any{"managementCluster": map[string]any{"clusterSize": 3}}})
	env.Edit(t, cluster, cloud, func(c *v1alpha1.PrivateCloud) { c.Spec.ManagementCluster.ClusterSize = 5 })
	cluster.WaitReady(t, cloud)
	w.Wrote(t, "PUT privateclouds/weu", "PATCH privateclouds/weu")
}
