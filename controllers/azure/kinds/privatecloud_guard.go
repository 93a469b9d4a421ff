// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package kinds

import (
	"context"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/arm"
	"github.com/avs-operator/avs-operator/controllers/azure/guards"
	"github.com/avs-operator/avs-operator/controllers/azure/kind"
	"github.com/avs-operator/avs-operator/controllers/azure/kinds/ask"
	"github.com/avs-operator/avs-operator/controllers/azure/kinds/hosts"
	"github.com/avs-operator/avs-operator/controllers/azure/tree"
	"github.com/avs-operator/avs-operator/controllers/outcome"
)

// privateCloudMayWrite asks before a private cloud is made, before the size of its Cluster-1 changes, and before it gets further networks.
func privateCloudMayWrite(ctx context.Context, w kind.World[*v1alpha1.PrivateCloud], intent kind.Intent) *outcome.Outcome {
	desired := &arm.Resource{Body: intent.Desired}
	if w.Actual == nil {
		if o := registered(ctx, w.ARM, w.ID); o != nil {
			return o
		}
	}
	if w.Actual == nil || intent.Touches(ask.ExtendedBlocks) {
		if o := apart(ctx, w, desired); o != nil {
			return o
		}
	}
	is, from := desired, 0
	if w.Actual != nil {
		is, from = w.Actual, int(w.Actual.Int(tree.SizeOfCluster1))
	}
	if _, asked := desired.Value(hosts.VCFLicense); asked && w.Actual != nil && intent.Touches(hosts.VCFLicense) {
		if o := covering(ctx, w, desired); o != nil {
			return o
		}
	}
	to := int(desired.Int(tree.SizeOfCluster1))
	if to == 0 || to == from || w.Actual != nil && !intent.Touches(tree.SizeOfCluster1) {
		return nil
	}
	return hosts.Resizing{
		Client: w.ARM, Object: w.Object, Cloud: is, CloudID: w.ID, ID: w.ID.Child("clusters", tree.Cluster1), SKU: is.String(tree.SKU), From: from, To: to,
		Hosts: w.Actual.Texts(tree.HostsOfCluster1), First: w.Object.Spec.ManagementCluster.ScaleIn, VSAN: w.Actual.String(tree.VSANOfCluster1),
		Confirmed: w.Object.GetAnnotations()[v1alpha1.AnnotationConfirmTolerance], Owner: "the PrivateCloud",
	}.Allowed(ctx)
}

// covering asks whether a licence that is to be set covers the hosts that there are.
func covering(ctx context.Context, w kind.World[*v1alpha1.PrivateCloud], desired *arm.Resource) *outcome.Outcome {
	clusters, err := ask.Clusters(ctx, w.ARM, w.ID)
	if err != nil {
		return ask.Unseen("how many hosts the private cloud has", err)
	}
	skus, err := ask.Catalogue(ctx, w.ARM, w.ID)
	if err != nil {
		return ask.Unseen("how many cores the hosts have", err)
	}
	has, _ := hosts.License(desired)
	return ask.RefusedBy(has.Covers(guards.CoresOf(skus, hosts.Pools(w.Actual, clusters)), "spec.vcfLicense"))
}

func registered(ctx context.Context, client *arm.Client, id arm.ID) *outcome.Outcome {
	refusal, err := ask.Registration(ctx, client, id)
	if err != nil {
		return ask.Unseen("whether Microsoft.AVS is registered", err)
	}
	return ask.RefusedBy(refusal)
}

// apart asks whether the addresses of the private cloud are those of another one.
func apart(ctx context.Context, w kind.World[*v1alpha1.PrivateCloud], desired *arm.Resource) *outcome.Outcome {
	blocks := ask.Blocks(desired)
	if o := ask.RefusedBy(guards.Disjoint(blocks)); o != nil {
		return o
	}
	others, err := ask.Neighbours(ctx, w)
	if err != nil {
		return ask.Unseen("which networks other private clouds have", err)
	}
	return ask.RefusedBy(guards.Apart(blocks, others))
}
