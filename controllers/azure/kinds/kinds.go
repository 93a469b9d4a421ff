// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package kinds holds the Azure kinds: one small file each, and here the list of them.
package kinds

import (
	"maps"
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/arm"
	"github.com/avs-operator/avs-operator/controllers/azure"
	"github.com/avs-operator/avs-operator/controllers/azure/diff"
)

// Kind is one Azure kind without its type parameter, for whoever walks the list: the operator, and suites that put every kind through
// the same life.
type Kind struct {
	azure.Traits
	// New is an empty object.
	New func() azure.Object
	// BuiltIn says of an object that its resource comes with the private cloud: it is never made and never deleted.
	BuiltIn func(azure.Object) bool
	// Requires is what must be in Azure, in the private cloud of that id, before the object's resource can be made.
	Requires func(object azure.Object, cloud arm.ID) []azure.Requirement
	// Register has the operator reconcile the kind.
	Register func(ctrl.Manager, *azure.Shared) error
}

// All are the Azure kinds. A new kind is one line here.
var All = []Kind{
	register[*v1alpha1.PrivateCloud](privateCloud{}),
	register[*v1alpha1.Cluster](cluster{}),
	register[*v1alpha1.Datastore](datastore{}),
	register[*v1alpha1.PlacementPolicy](placementPolicy{}),
	register[*v1alpha1.MovementRestriction](movementRestriction{}),
	register[*v1alpha1.Addon](addon{}),
	register[*v1alpha1.IscsiPath](iscsiPath{}),
	register[*v1alpha1.License](license{}),
	register[*v1alpha1.PureStoragePolicy](pureStoragePolicy{}),
	register[*v1alpha1.ScriptExecution](scriptExecution{}),
	register[*v1alpha1.ExpressRouteAuthorization](expressRouteAuthorization{}),
	register[*v1alpha1.GlobalReachConnection](globalReachConnection{}),
	register[*v1alpha1.CloudLink](cloudLink{}),
	register[*v1alpha1.HCXEnterpriseSite](hcxEnterpriseSite{}),
	register[*v1alpha1.Segment](segment{}),
	register[*v1alpha1.DHCPConfiguration](dhcpConfiguration{}),
	register[*v1alpha1.DNSService](dnsService{}),
	register[*v1alpha1.DNSZone](dnsZone{}),
	register[*v1alpha1.PublicIP](publicIP{}),
	register[*v1alpha1.PortMirroringProfile](portMirroringProfile{}),
	register[*v1alpha1.VMGroup](vmGroup{}),
}

func register[T azure.Object](kind azure.Kind[T]) Kind {
	return Kind{
		Traits: kind.Traits(),
		New:    func() azure.Object { return kind.New() },
		BuiltIn: func(object azure.Object) bool {
			with, ok := kind.(azure.BuiltIn[T])
			mine, is := object.(T)
			return ok && is && with.BuiltIn(mine)
		},
		Requires: func(object azure.Object, cloud arm.ID) []azure.Requirement {
			requirer, ok := kind.(azure.Requirer[T])
			mine, is := object.(T)
			if !ok || !is {
				return nil
			}
			return requirer.Requires(azure.World[T]{Object: mine, Cloud: &v1alpha1.PrivateCloud{}, CloudID: cloud})
		},
		Register: func(mgr ctrl.Manager, shared *azure.Shared) error { return azure.Setup(mgr, shared, kind) },
	}
}

// set puts a value into a body if the spec names it.
func set[V comparable](body map[string]any, key string, value V) {
	var zero V
	if value != zero {
		body[key] = value
	}
}

// texts reads a list of strings from a body.
func texts(value any) []string {
	list, _ := value.([]any)
	var out []string
	for _, one := range list {
		if text, ok := one.(string); ok {
			out = append(out, text)
		}
	}
	return out
}

// moment reads a time from a body; nil if there is none.
func moment(text string) *metav1.Time {
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return nil
	}
	return &metav1.Time{Time: at.UTC().Truncate(time.Second)} // as Kubernetes keeps it: else status would differ from itself
}

// emptySelector is the selector of the scale subresource: it matches no Pod, and one must be there for autoscalers.
const emptySelector = "avs-operator.io/matches=nothing"

// byConcern groups changes by a name, in the order of the names.
func byConcern(changes []diff.Change, concern func(diff.Change) string) [][]diff.Change {
	groups := map[string][]diff.Change{}
	for _, change := range changes {
		name := concern(change)
		groups[name] = append(groups[name], change)
	}
	var out [][]diff.Change
	for _, name := range slices.Sorted(maps.Keys(groups)) {
		out = append(out, groups[name])
	}
	return out
}
