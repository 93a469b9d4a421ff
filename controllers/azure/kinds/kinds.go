// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package kinds holds the Azure kinds: one small file each, and here the list of them.
package kinds

import (
	"time"

	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/arm"
	"github.com/avs-operator/avs-operator/controllers/azure"
	"github.com/avs-operator/avs-operator/controllers/azure/kind"
)

// Kind is one Azure kind without its type parameter, for whoever walks the list: the operator, and suites that put every kind through
// the same life.
type Kind struct {
	kind.Traits
	// New is an empty object.
	New func() kind.Object
	// BuiltIn says of an object that its resource comes with the private cloud: it is never made and never deleted.
	BuiltIn func(kind.Object) bool
	// Requires is what must be in Azure, in the private cloud of that id, before the object's resource can be made.
	Requires func(object kind.Object, cloud arm.ID) []kind.Requirement
	// Lacks says what the kind must have and has not, one sentence each.
	Lacks func() []string
	// Register has the operator reconcile the kind.
	Register func(ctrl.Manager, *azure.Shared) error
}

// All are the Azure kinds. A new kind is one line here.
var All = []Kind{
	register(&privateCloud),
	register(&cluster),
	register(&datastore),
	register(&placementPolicy),
	register(&movementRestriction),
	register(&addon),
	register(&iscsiPath),
	register(&license),
	register(&pureStoragePolicy),
	register(&scriptExecution),
	register(&expressRouteAuthorization),
	register(&globalReachConnection),
	register(&cloudLink),
	register(&hcxEnterpriseSite),
	register(&segment),
	register(&dhcpConfiguration),
	register(&dnsService),
	register(&dnsZone),
	register(&publicIP),
	register(&portMirroringProfile),
	register(&vmGroup),
}

func register[T kind.Object](k *kind.Kind[T]) Kind {
	return Kind{
		Traits: k.Traits,
		New:    func() kind.Object { return k.New() },
		BuiltIn: func(object kind.Object) bool {
			mine, is := object.(T)
			return k.BuiltIn != nil && is && k.BuiltIn(mine)
		},
		Requires: func(object kind.Object, cloud arm.ID) []kind.Requirement {
			mine, is := object.(T)
			if k.Requires == nil || !is {
				return nil
			}
			return k.Requires(kind.World[T]{Object: mine, Cloud: &v1alpha1.PrivateCloud{}, CloudID: cloud})
		},
		Lacks:    k.Lacks,
		Register: func(mgr ctrl.Manager, shared *azure.Shared) error { return azure.Setup(mgr, shared, k) },
	}
}

// updateExpected is how long Azure takes for what changes no hosts. The lane of the private cloud stands still until the end of it is seen.
var updateExpected = kind.Expectation{Soonest: 100 * time.Second, Latest: 8 * time.Minute, Fine: 15 * time.Second}
