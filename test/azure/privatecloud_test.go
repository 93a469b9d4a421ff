// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package azure

import (
	"testing"
	"time"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/test/harness"
)

func TestPrivateCloudIsMade(t *testing.T) {
	w := newWorld(t, 3600)
	cloud := harness.PrivateCloud(w.namespace, "weu")
	w.apply(t, cloud)
	cluster.WaitCondition(t, time.Minute, cloud, v1alpha1.ConditionReady, "True")
	if cloud.Status.ProvisioningState != "Succeeded" || cloud.Status.ClusterSize != 3 || len(cloud.Status.Hosts) != 3 {
		t.Errorf("status: %+v", cloud.Status)
	}
	t.Log(cluster.Describe(t.Context(), cloud))
	for _, r := range w.azure.Requests() {
		t.Log(r.Method, r.Path, r.Status)
	}
}
