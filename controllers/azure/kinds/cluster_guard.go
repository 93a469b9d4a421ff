// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package kinds

import (
	"context"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/arm"
	"github.com/avs-operator/avs-operator/controllers/azure/kind"
	"github.com/avs-operator/avs-operator/controllers/azure/tree"
	"github.com/avs-operator/avs-operator/controllers/outcome"
)

// clusterMayWrite asks before a cluster is made and before its size changes.
func clusterMayWrite(ctx context.Context, w kind.World[*v1alpha1.Cluster], intent kind.Intent) *outcome.Outcome {
	to := int((&arm.Resource{Body: intent.Desired}).Int(tree.SizeOfCluster))
	from, sku := 0, w.Object.Spec.SKU
	if w.Actual != nil {
		from, sku = int(w.Actual.Int(tree.SizeOfCluster)), w.Actual.String(tree.SKU)
	}
	if to == 0 || to == from || w.Actual != nil && !changes(intent, tree.SizeOfCluster) {
		return nil
	}
	cloud, err := w.ARM.Get(ctx, w.CloudID)
	if err != nil {
		return unseen("what the private cloud is", err)
	}
	return resizing{
		client: w.ARM, object: w.Cloud, cloud: cloud, cloudID: w.CloudID, id: w.ID, sku: sku, from: from, to: to,
		hosts: w.Actual.Texts(tree.HostsOfCluster), first: leaveFirst(w.Object.Spec.ScaleIn), vsan: w.Actual.String(tree.VSANOfCluster),
		confirmed: w.Object.GetAnnotations()[v1alpha1.AnnotationConfirmTolerance], on: "the Cluster",
	}.allowed(ctx)
}
