// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package api

import (
	"context"
	"fmt"
	"testing"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/test/env"
	"github.com/avs-operator/avs-operator/test/harness"
)

// perHost is the load that one host is to carry.
const perHost = 100

// TestAHorizontalPodAutoscalerScalesHosts: Kubernetes' own autoscaler, in the real controller manager, turns a number from outside into
// hosts in Azure, for a Cluster and for a PrivateCloud, by nothing but the scale subresource.
func TestAHorizontalPodAutoscalerScalesHosts(t *testing.T) {
	t.Parallel()
	const speed = 3600
	w := harness.NewWorld(t, cluster, speed)
	w.StartAzure(t)
	metrics := serveExternalMetrics(t, w.Namespace)
	cloud := harness.PrivateCloud(w.Namespace, "weu")
	second := &v1alpha1.Cluster{
		ObjectMeta: w.Meta("weu-2"),
		Spec:       v1alpha1.ClusterSpec{PrivateCloudRef: v1alpha1.ParentReference{Name: "weu"}, SKU: "av36p", ClusterSize: ptr.To[int32](3)},
	}
	cluster.Create(t, cloud, second)
	w.StartOperator(t)
	cluster.WaitReady(t, cloud, second)

	scaled := []struct {
		kind, below string
		object      client.Object
		path        path
		size        func() (spec, status int32)
	}{
		{"PrivateCloud", "", cloud, path{"properties", "managementCluster", "clusterSize"},
			func() (int32, int32) { return cloud.Spec.ManagementCluster.ClusterSize, cloud.Status.ClusterSize }},
		{"Cluster", "/clusters/weu-2", second, path{"properties", "clusterSize"},
			func() (int32, int32) { return *second.Spec.ClusterSize, second.Status.ClusterSize }},
	}
	for _, s := range scaled {
		metrics.set(w.Namespace, s.kind, 2*perHost)
		if err := cluster.Admin.Create(t.Context(), autoscaler(w.Namespace, s.kind, s.object.GetName())); err != nil {
			t.Fatal(err)
		}
	}
	for _, step := range []struct {
		load int64
		want int32
	}{
		{790, 8},     // up with the load, once it is more than a tenth above what the hosts carry
		{9000, 9},    // not above maxReplicas
		{perHost, 7}, // down, because the autoscaler asks, but not below minReplicas
	} {
		for _, s := range scaled {
			metrics.set(w.Namespace, s.kind, step.load)
		}
		for _, s := range scaled {
			what, hpa := fmt.Sprintf("%d hosts of %s for a load of %d", step.want, s.kind, step.load), autoscaler(w.Namespace, s.kind, s.object.GetName())
			cluster.Eventually(t, env.Patience, what, func(ctx context.Context) error {
				if err := cluster.Admin.Get(ctx, client.ObjectKeyFromObject(s.object), s.object); err != nil {
					return err
				}
				body, _ := w.Azure.Resource(w.Azure.PrivateCloudID("weu") + s.below)
				actual := get(body, s.path)
				if spec, status := s.size(); spec != step.want || status != step.want || actual != float64(step.want) {
					return fmt.Errorf("%d are asked for, %d in status, %v in Azure", spec, status, actual)
				}
				return nil
			}, s.object, hpa)
		}
	}
	if !metrics.askedBy("system:serviceaccount:kube-system:horizontal-pod-autoscaler") {
		t.Error("the metrics were not read by Kubernetes' autoscaler")
	}
}

// autoscaler keeps 7 to 9 hosts, each with its share of the load. Below 6, fewer hosts need a person's word: what stands on vSAN may need
// them.
func autoscaler(namespace, kind, name string) *autoscalingv2.HorizontalPodAutoscaler {
	target := resource.MustParse(fmt.Sprint(perHost))
	return &autoscalingv2.HorizontalPodAutoscaler{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name},
		Spec: autoscalingv2.HorizontalPodAutoscalerSpec{
			ScaleTargetRef: autoscalingv2.CrossVersionObjectReference{APIVersion: v1alpha1.GroupVersion.String(), Kind: kind, Name: name},
			MinReplicas:    ptr.To[int32](7), MaxReplicas: 9,
			Metrics: []autoscalingv2.MetricSpec{{Type: autoscalingv2.ExternalMetricSourceType, External: &autoscalingv2.ExternalMetricSource{
				Metric: autoscalingv2.MetricIdentifier{Name: kind},
				Target: autoscalingv2.MetricTarget{Type: autoscalingv2.AverageValueMetricType, AverageValue: &target},
			}}},
			Behavior: &autoscalingv2.HorizontalPodAutoscalerBehavior{ScaleDown: &autoscalingv2.HPAScalingRules{StabilizationWindowSeconds: ptr.To[int32](0)}},
		},
	}
}
