// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package kinds

import (
	"context"
	"slices"
	"strings"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/arm"
	"github.com/avs-operator/avs-operator/controllers/azure/diff"
	"github.com/avs-operator/avs-operator/controllers/azure/guards"
	"github.com/avs-operator/avs-operator/controllers/azure/kind"
	"github.com/avs-operator/avs-operator/controllers/azure/tree"
	"github.com/avs-operator/avs-operator/controllers/outcome"
)

const extendedBlocks = "/properties/extendedNetworkBlocks"

// privateCloudMayWrite asks before a private cloud is made, before the size of its Cluster-1 changes, and before it gets further networks.
func privateCloudMayWrite(ctx context.Context, w kind.World[*v1alpha1.PrivateCloud], intent kind.Intent) *outcome.Outcome {
	desired := &arm.Resource{Body: intent.Desired}
	if w.Actual == nil {
		if o := registered(ctx, w.ARM, w.ID); o != nil {
			return o
		}
	}
	if w.Actual == nil || changes(intent, extendedBlocks) {
		if o := apart(ctx, w, desired); o != nil {
			return o
		}
	}
	is, from := desired, 0
	if w.Actual != nil {
		is, from = w.Actual, int(w.Actual.Int(tree.SizeOfCluster1))
	}
	if _, asked := desired.Value(vcfLicense); asked && w.Actual != nil && changes(intent, vcfLicense) {
		if o := covering(ctx, w, desired); o != nil {
			return o
		}
	}
	to := int(desired.Int(tree.SizeOfCluster1))
	if to == 0 || to == from || w.Actual != nil && !changes(intent, tree.SizeOfCluster1) {
		return nil
	}
	return resizing{
		client: w.ARM, object: w.Object, cloud: is, cloudID: w.ID, id: w.ID.Child("clusters", tree.Cluster1), sku: is.String(tree.SKU), from: from, to: to,
		hosts: w.Actual.Texts(tree.HostsOfCluster1), first: leaveFirst(w.Object.Spec.ManagementCluster.ScaleIn), vsan: w.Actual.String(tree.VSANOfCluster1),
		confirmed: w.Object.GetAnnotations()[v1alpha1.AnnotationConfirmTolerance], on: "the PrivateCloud",
	}.allowed(ctx)
}

// changes says whether a write changes a path or something below it.
func changes(intent kind.Intent, path string) bool {
	return slices.ContainsFunc(intent.Changes, func(c diff.Change) bool { return c.Path == path || strings.HasPrefix(c.Path, path+"/") })
}

// covering asks whether a licence that is to be set covers the hosts that there are.
func covering(ctx context.Context, w kind.World[*v1alpha1.PrivateCloud], desired *arm.Resource) *outcome.Outcome {
	clusters, err := clustersOf(ctx, w.ARM, w.ID)
	if err != nil {
		return unseen("how many hosts the private cloud has", err)
	}
	skus, err := catalogue(ctx, w.ARM, w.ID)
	if err != nil {
		return unseen("how many cores the hosts have", err)
	}
	has := guards.License{Name: nameOfVCF, Cores: int(desired.Int(vcfLicense + "/cores"))}
	return refusedBy(has.Covers(guards.CoresOf(skus, poolsOf(w.Actual, clusters)), "spec.vcfLicense"))
}

func registered(ctx context.Context, client *arm.Client, id arm.ID) *outcome.Outcome {
	refusal, err := registration(ctx, client, id)
	if err != nil {
		return unseen("whether Microsoft.AVS is registered", err)
	}
	return refusedBy(refusal)
}

// apart asks whether the addresses of the private cloud are those of another one.
func apart(ctx context.Context, w kind.World[*v1alpha1.PrivateCloud], desired *arm.Resource) *outcome.Outcome {
	blocks := blocksOf(desired)
	if o := refusedBy(guards.Disjoint(blocks)); o != nil {
		return o
	}
	others, err := neighbours(ctx, w)
	if err != nil {
		return unseen("which networks other private clouds have", err)
	}
	return refusedBy(guards.Apart(blocks, others))
}

// blocksOf are the addresses that a private cloud has.
func blocksOf(cloud *arm.Resource) []string {
	var out []string
	if block := cloud.String("/properties/networkBlock"); block != "" {
		out = append(out, block)
	}
	return append(out, cloud.Texts(extendedBlocks)...)
}
