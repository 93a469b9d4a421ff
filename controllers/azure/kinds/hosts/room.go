// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package hosts

import (
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/arm"
	"github.com/avs-operator/avs-operator/controllers/azure/guards"
	"github.com/avs-operator/avs-operator/controllers/azure/kind"
	"github.com/avs-operator/avs-operator/controllers/azure/tree"
	"github.com/avs-operator/avs-operator/controllers/status"
)

// Expected is how long Azure takes to add hosts: 30 to 45 minutes each, all of one request in parallel.
var Expected = kind.Expectation{Soonest: 20 * time.Minute, Latest: 90 * time.Minute, Fine: 30 * time.Second}

// Selector is that of the scale subresource: it matches no Pod, and one must be there for autoscalers.
const Selector = "avs-operator.io/matches=nothing"

// VCFLicense is where a private cloud has its licence of VMware Cloud Foundation, and NameOfVCF what people call that.
const (
	VCFLicense = "/properties/vcfLicense"
	NameOfVCF  = "the licence of VMware Cloud Foundation"
)

// License is the licence of VMware Cloud Foundation in the body of a private cloud; there is false if it has none.
func License(cloud *arm.Resource) (license guards.License, there bool) {
	_, there = cloud.Value(VCFLicense)
	return guards.License{Name: NameOfVCF, Cores: int(cloud.Int(VCFLicense + "/cores"))}, there
}

// Pools are the hosts of a private cloud, cluster by cluster. Cluster-1 comes first.
func Pools(cloud *arm.Resource, clusters []*arm.Resource) []guards.Pool {
	out := []guards.Pool{{Cluster: tree.Cluster1, SKU: cloud.String(tree.SKU), Hosts: int(cloud.Int(tree.SizeOfCluster1))}}
	for _, one := range clusters {
		if !strings.EqualFold(one.Name, tree.Cluster1) {
			out = append(out, guards.Pool{Cluster: one.Name, SKU: one.String(tree.SKU), Hosts: int(one.Int(tree.SizeOfCluster))})
		}
	}
	return out
}

// RoomToGrow is there only while little is left.
func RoomToGrow(pools []guards.Pool) status.Fact {
	fact := status.Fact{Condition: v1alpha1.ConditionRoomToGrow}
	if near := guards.NearLimit(pools); near != "" {
		fact.Status, fact.Reason = metav1.ConditionFalse, v1alpha1.ReasonNearLimit
		fact.Message = near + ": Microsoft alerts at this size, and the next hosts need another cluster or private cloud"
	}
	return fact
}
