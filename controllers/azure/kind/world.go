// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package kind

import (
	"context"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/arm"
	"github.com/avs-operator/avs-operator/controllers/connect/vcenters"
)

// World is what a kind may look at beside its own object. It looks; it writes nothing.
type World[T Object] struct {
	Object T
	// Cloud is the private cloud that the object is or is in.
	Cloud *v1alpha1.PrivateCloud
	// ID of the resource in Azure, CloudID of its private cloud, ClusterID of the cluster that it stands below (empty if it does not).
	ID, CloudID, ClusterID arm.ID
	// Actual is the resource in Azure, nil if it is not there.
	Actual *arm.Resource
	// ARM asks Azure directly.
	ARM *arm.Client
	// Reader reads custom resources from the cache.
	Reader client.Reader
	// VCenters asks the private cloud's vCenter.
	VCenters *vcenters.Pool
	// List is a collection as it was last listed, at most a minute ago. From then on the collection is watched for the object, so that a change
	// in it wakes the object.
	List func(ctx context.Context, collection arm.ID) ([]*arm.Resource, error)
}
