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
	"github.com/avs-operator/avs-operator/controllers/azure/kind"
	"github.com/avs-operator/avs-operator/controllers/azure/lane"
	"github.com/avs-operator/avs-operator/controllers/azure/tree"
	"github.com/avs-operator/avs-operator/controllers/outcome"
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
	s.Selector = emptySelector
	s.Hosts = actual.Texts(tree.HostsOfCluster)
	s.VSANDatastoreName = actual.String(tree.VSANOfCluster)
}

func clusterSize(c *v1alpha1.Cluster) (asked *int32, applied int32) {
	return c.Spec.ClusterSize, c.Status.AppliedClusterSize
}

// clusterGated: which hosts leave.
func clusterGated(c *v1alpha1.Cluster) (field string, gate featuregate.Feature, why string) {
	return gatedScaleIn("spec.scaleIn.hosts", c.Spec.ScaleIn)
}

func clusterSetApplied(c *v1alpha1.Cluster, size int32) { c.Status.AppliedClusterSize = size }

// clusterConcerns are one; with fewer hosts goes which of them stay.
func clusterConcerns(c *v1alpha1.Cluster, changes []diff.Change) [][]diff.Change {
	return [][]diff.Change{scaleIn(changes, tree.SizeOfCluster, tree.HostsOfCluster, c.Status.Hosts, c.Spec.ClusterSize, c.Spec.ScaleIn)}
}

// clusterExpect: hosts take 30 to 45 minutes each, all of one request in parallel; deleting a cluster about as long.
func clusterExpect(verb arm.Verb, _ *v1alpha1.Cluster) kind.Expectation {
	if verb == arm.DELETE {
		return kind.Expectation{Soonest: 10 * time.Minute, Latest: 90 * time.Minute, Fine: 30 * time.Second}
	}
	return hostsExpected
}

// clusterMayDelete: not while machines that are not Azure's own run on its hosts, and not while that cannot be found out.
func clusterMayDelete(ctx context.Context, w kind.World[*v1alpha1.Cluster]) *outcome.Outcome {
	return noMachines(ctx, w, w.Actual.Name)
}
