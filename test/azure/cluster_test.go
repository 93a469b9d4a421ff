// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package azure

import (
	"fmt"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
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
	second := newCluster(w.namespace, "weu-2", 3)
	cluster.Create(t, second)
	env.Says(t, notReady(t, second, v1alpha1.ConditionReconciling, v1alpha1.ReasonReferenceNotFound), "PrivateCloud", "weu")
	cloud := harness.PrivateCloud(w.namespace, "weu")
	cluster.Create(t, cloud)
	ready(t, second)
	ready(t, cloud)
	w.wrote(t, "PUT privateclouds/weu", "PUT privateclouds/weu/clusters/weu-2")
	if out, err := kubectl(t, "-n", w.namespace, "scale", "--replicas=5", "clusters.avs-operator.io/weu-2"); err != nil {
		t.Fatal(err, out)
	}
	if out, err := kubectl(t, "-n", w.namespace, "scale", "--replicas=4", "privateclouds.avs-operator.io/weu"); err != nil {
		t.Fatal(err, out)
	}
	ready(t, second)
	ready(t, cloud)
	if second.Status.ClusterSize != 5 || cloud.Status.ClusterSize != 4 || w.inAzure(t, "/clusters/weu-2", "properties", "clusterSize") != float64(5) {
		t.Errorf("sizes: cluster %d, private cloud %d", second.Status.ClusterSize, cloud.Status.ClusterSize)
	}
	env.Edit(t, cluster, second, func(c *v1alpha1.Cluster) { c.Spec.ClusterSize = ptr.To[int32](3) })
	ready(t, second)
	if second.Status.ClusterSize != 3 {
		t.Errorf("the lowered size was not applied: %d", second.Status.ClusterSize)
	}
}

func TestHostsAboveSpecStay(t *testing.T) {
	t.Parallel()
	w := newWorld(t, fast)
	cloud := harness.PrivateCloud(w.namespace, "weu")
	cluster.Create(t, cloud)
	ready(t, cloud)
	if err := w.azure.SetInAzure(cloud.Status.ID, map[string]any{"properties": map[string]any{"managementCluster": map[string]any{"clusterSize": 4}}}); err != nil {
		t.Fatal(err)
	}
	cluster.WaitFor(t, soon, cloud, "InSync False for HostsAboveSpec", func() error {
		c := meta.FindStatusCondition(cloud.Status.Conditions, v1alpha1.ConditionInSync)
		if c == nil || c.Status != metav1.ConditionFalse || c.Reason != v1alpha1.ReasonHostsAboveSpec {
			return fmt.Errorf("InSync is %+v", c)
		}
		return nil
	})
	ready(t, cloud)
	time.Sleep(time.Second)
	w.wrote(t, "PUT privateclouds/weu")
	if err := w.azure.SetInAzure(cloud.Status.ID, map[string]any{"properties": map[string]any{"managementCluster": map[string]any{"clusterSize": 3}}}); err != nil {
		t.Fatal(err)
	}
	env.Edit(t, cluster, cloud, func(c *v1alpha1.PrivateCloud) { c.Spec.ManagementCluster.ClusterSize = 5 })
	ready(t, cloud)
	w.wrote(t, "PUT privateclouds/weu", "PATCH privateclouds/weu")
}
