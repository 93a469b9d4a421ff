// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package azure

import (
	"testing"
	"time"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/test/harness"
)

// soon is how long a test waits: a private cloud takes up to 36 s to make at the slowest speed that the suite uses.
const soon = time.Minute

// fast lets four hours of Azure's pass in four seconds.
const fast = 3600

// madeByHand makes a private cloud in Azure that no object manages, by letting an operator make one and go.
func (w *world) madeByHand(t *testing.T, change func(*v1alpha1.PrivateCloud)) {
	t.Helper()
	cloud := harness.PrivateCloud(w.Namespace, "by-hand")
	cloud.Spec.AzureName = "weu"
	if change != nil {
		change(cloud)
	}
	cluster.Create(t, cloud)
	cluster.WaitReady(t, cloud)
	cluster.Remove(t, cloud)
	w.Azure.Set(t, w.Azure.PrivateCloudID("weu"), map[string]any{"tags": map[string]any{v1alpha1.TagOwner: nil}})
}
