// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package kinds

import (
	"context"
	"strings"
	"time"

	"k8s.io/component-base/featuregate"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/arm"
	"github.com/avs-operator/avs-operator/controllers/azure/diff"
	"github.com/avs-operator/avs-operator/controllers/azure/guards"
	"github.com/avs-operator/avs-operator/controllers/azure/kind"
	"github.com/avs-operator/avs-operator/controllers/azure/kinds/ask"
	"github.com/avs-operator/avs-operator/controllers/azure/kinds/hosts"
	"github.com/avs-operator/avs-operator/controllers/azure/lane"
	"github.com/avs-operator/avs-operator/controllers/azure/tree"
	"github.com/avs-operator/avs-operator/controllers/outcome"
	"github.com/avs-operator/avs-operator/controllers/status"
)

// +kubebuilder:rbac:groups=avs-operator.io,resources=clusters,verbs=get;list;watch;patch
// +kubebuilder:rbac:groups=avs-operator.io,resources=clusters/status,verbs=get;patch

// cluster is Microsoft.AVS/privateClouds/clusters.
var cluster = kind.Kind[*v1alpha1.Cluster]{
	Traits: kind.Traits{
		Name: "Cluster", Segment: "clusters", Lane: lane.Hosts, Kept: true, Expensive: true,
		Mended:    kind.BySupport,
		Rules:     diff.Rules{IgnoreCase: []string{tree.SKU}},
		Immutable: []string{"/sku"},
	},
	New:       func() *v1alpha1.Cluster { return &v1alpha1.Cluster{} },
	Parent:    func(c *v1alpha1.Cluster) kind.Parent { return kind.Parent{PrivateCloud: &c.Spec.PrivateCloudRef} },
	Desired:   clusterDesired,
	Observe:   clusterObserve,
	Concerns:  clusterConcerns,
	Hosts:     &kind.Hosts[*v1alpha1.Cluster]{Path: tree.SizeOfCluster, Size: clusterSize, SetApplied: clusterSetApplied},
	MayWrite:  clusterMayWrite,
	MayDelete: clusterMayDelete,
	Report:    clusterReport,
	Gated:     clusterGated,
	Expect:    clusterExpect,
}

func clusterDesired(c *v1alpha1.Cluster) map[string]any {
	desired := map[string]any{"properties": map[string]any{}}
	if c.Spec.ClusterSize != nil {
		desired["properties"] = map[string]any{"clusterSize": *c.Spec.ClusterSize}
	}
	if c.Spec.SKU != "" {
		desired["sku"] = map[string]any{"name": strings.ToLower(c.Spec.SKU)}
	}
	return desired
}

func clusterObserve(c *v1alpha1.Cluster, actual *arm.Resource) {
	s := &c.Status
	s.ClusterSize = int32(actual.Int(tree.SizeOfCluster))    //nolint:gosec // at most 16
	s.ClusterID = int32(actual.Int("/properties/clusterId")) //nolint:gosec // at most 100
	s.Selector = hosts.Selector
	s.Hosts = actual.Texts(tree.HostsOfCluster)
	s.VSANDatastoreName = actual.String(tree.VSANOfCluster)
}

func clusterSize(c *v1alpha1.Cluster) (asked *int32, applied int32) {
	return c.Spec.ClusterSize, c.Status.AppliedClusterSize
}

// clusterGated: which hosts leave.
func clusterGated(c *v1alpha1.Cluster) (field string, gate featuregate.Feature, why string) {
	return hosts.Gated("spec.scaleIn.hosts", c.Spec.ScaleIn)
}

func clusterSetApplied(c *v1alpha1.Cluster, size int32) { c.Status.AppliedClusterSize = size }

// clusterConcerns are one; with fewer hosts goes which of them stay.
func clusterConcerns(c *v1alpha1.Cluster, changes []diff.Change) [][]diff.Change {
	return [][]diff.Change{hosts.ScaleIn(changes, tree.SizeOfCluster, tree.HostsOfCluster, c.Status.Hosts, c.Spec.ClusterSize, c.Spec.ScaleIn)}
}

// clusterMayWrite asks before a cluster is made and before its size changes.
func clusterMayWrite(ctx context.Context, w kind.World[*v1alpha1.Cluster], intent kind.Intent) *outcome.Outcome {
	to := int((&arm.Resource{Body: intent.Desired}).Int(tree.SizeOfCluster))
	from, sku := 0, w.Object.Spec.SKU
	if w.Actual != nil {
		from, sku = int(w.Actual.Int(tree.SizeOfCluster)), w.Actual.String(tree.SKU)
	}
	if to == 0 || to == from || w.Actual != nil && !intent.Touches(tree.SizeOfCluster) {
		return nil
	}
	cloud, err := w.ARM.Get(ctx, w.CloudID)
	if err != nil {
		return ask.Unseen("what the private cloud is", err)
	}
	return hosts.Resizing{
		Client: w.ARM, Object: w.Cloud, Cloud: cloud, CloudID: w.CloudID, ID: w.ID, SKU: sku, From: from, To: to,
		Hosts: w.Actual.Texts(tree.HostsOfCluster), First: w.Object.Spec.ScaleIn, VSAN: w.Actual.String(tree.VSANOfCluster),
		Confirmed: w.Object.GetAnnotations()[v1alpha1.AnnotationConfirmTolerance], Owner: "the Cluster",
	}.Allowed(ctx)
}

// clusterExpect: hosts take 30 to 45 minutes each, all of one request in parallel; deleting a cluster about as long.
func clusterExpect(verb arm.Verb, _ *v1alpha1.Cluster) kind.Expectation {
	if verb == arm.DELETE {
		return kind.Expectation{Soonest: 10 * time.Minute, Latest: 90 * time.Minute, Fine: 30 * time.Second}
	}
	return hosts.Expected
}

// clusterMayDelete: not while machines that are not Azure's own run on its hosts, and not while that cannot be found out.
func clusterMayDelete(ctx context.Context, w kind.World[*v1alpha1.Cluster]) *outcome.Outcome {
	return ask.NoMachines(ctx, w, w.Actual.Name)
}

// clusterReport says where little room is left.
func clusterReport(_ context.Context, w kind.World[*v1alpha1.Cluster], _ time.Time) (facts []status.Fact, again time.Duration) {
	return []status.Fact{hosts.RoomToGrow([]guards.Pool{{Cluster: w.Actual.Name, Hosts: int(w.Actual.Int(tree.SizeOfCluster))}})}, 0
}
