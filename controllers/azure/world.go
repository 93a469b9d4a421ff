// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package azure

import (
	"context"

	"github.com/avs-operator/avs-operator/controllers/arm"
	"github.com/avs-operator/avs-operator/controllers/azure/kind"
	"github.com/avs-operator/avs-operator/controllers/azure/tree"
)

// world shows a kind what one reconcile knows.
func (r *Reconciler[T]) world(s *scope[T]) kind.World[T] {
	w := kind.World[T]{
		Object: s.obj, Cloud: s.cloud, ID: s.id, CloudID: tree.CloudOf(s.id), Actual: s.actual,
		ARM: s.client, Reader: r.Client, VCenters: r.VCenters,
	}
	w.List = func(ctx context.Context, collection arm.ID) ([]*arm.Resource, error) {
		return r.listed(ctx, s, collection)
	}
	if r.traits.InCluster {
		w.ClusterID = tree.ParentOf(s.id, r.traits.Segment)
	}
	return w
}
