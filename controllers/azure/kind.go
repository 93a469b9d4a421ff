// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package azure is the one loop that serves every Azure kind: it converges one resource in Azure toward one custom resource, records every
// write before it is made, and survives being killed on any line. It knows no kind; those are values in package kinds.
package azure

import (
	"strings"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/arm"
	"github.com/avs-operator/avs-operator/controllers/azure/diff"
	"github.com/avs-operator/avs-operator/controllers/azure/lane"
	"github.com/avs-operator/avs-operator/controllers/outcome"
)

// Object is what every Azure kind's custom resource offers.
type Object interface {
	client.Object
	AzureSpec() *v1alpha1.AzureSpec
	AzureStatus() *v1alpha1.AzureStatus
}

// Kind is one kind of resource in Azure. All of it is pure: values in, values out. It is either a Root or a Child; everything else that it
// may need is an optional interface in abilities.go.
type Kind[T Object] interface {
	// Traits are what the kind is, apart from its fields.
	Traits() Traits
	// New is an empty object.
	New() T
	// Desired is the ARM body that the spec asks for. What the spec leaves out is left out.
	Desired(T) map[string]any
	// Observe copies what users read into status.
	Observe(T, *arm.Resource)
}

// Traits are what a kind is, apart from its fields. All paths are JSON pointers into the ARM body.
type Traits struct {
	// Name of the kind, such as PrivateCloud.
	Name string
	// Segment of the ARM path below the parent, such as clusters or workloadNetworks/default/segments.
	Segment string
	// InCluster kinds stand below a cluster; one that names a PrivateCloud as its parent stands below Cluster-1.
	InCluster bool
	// Beside are the ARM types of other resources that it writes: of its companion, or of what must be cleared before it is deleted.
	Beside []string
	// Lane that its writes go through.
	Lane lane.Class
	// Kept kinds stay in Azure when their object is deleted and nothing is said: applying the manifest again would not bring back what is lost
	// there, such as hosts, addresses or the configuration of HCX. Of all others a deleted object is a deleted resource: a key that is deleted is
	// a key that must not work any longer. The guide's first page has the same table.
	Kept bool
	// Expensive kinds are deleted only after a confirmation, and are not made a second time when they vanish.
	Expensive bool
	// Once says that making the resource is an act with an effect of its own, such as running a script: it is made once for each ARM id, and
	// when Azure forgets it that is no drift.
	Once bool
	// Action is for a resource that comes and goes without the operator, such as a machine of vCenter, and of which this action, a POST, changes
	// what the spec says: the body holds the changed properties. Defaults must have every path that the spec can set: with those there is
	// nothing to adopt, and they are put back when the object is deleted.
	Action string
	// Rules of comparison.
	Rules diff.Rules
	// Immutable paths: Azure cannot change them.
	Immutable []string
	// Defaults are what Azure has for a path that nobody set. What the spec once set and sets no longer is set back to it; a path without
	// default is taken away, which only a PUT can.
	Defaults map[string]any
	// Filled paths get a value where the spec has none, because Azure needs one. It is not the spec's: it is not held against what Azure has later.
	Filled []string
	// Later paths are left out when the resource is made, and follow when it is there: they need what comes into being with it.
	Later []string
	// Tagged kinds carry Azure tags, which are merged, and the tag that names their owner.
	Tagged bool
	// NoPatch types are changed by a PUT of what Azure has with the spec over it. Of others, PutOnly are the paths that only a PUT takes.
	NoPatch bool
	PutOnly []string
	// ReadOnly paths that a PUT must not carry back, beside those of every ARM resource.
	ReadOnly []string
	// Mended says what mends a resource in state Failed.
	Mended Mending
	// Revised objects of NSX count their writes in /properties/revision; a write carries the number that was read. They are changed
	// by a PATCH with all properties, as Microsoft's examples do (WorkloadNetworks_UpdateSegments and its siblings): what a PATCH leaves out
	// NSX may set back.
	Revised bool
}

// Type is the kind's ARM type, such as Microsoft.AVS/privateClouds/clusters.
func (t Traits) Type() string {
	cloud := arm.ID("/subscriptions/x/resourceGroups/x/providers/Microsoft.AVS/privateClouds/x")
	switch {
	case strings.EqualFold(t.Segment, "privateClouds"):
		return cloud.Type()
	case t.InCluster:
		cloud = cloud.Child("clusters", "x")
	}
	return cloud.Child(t.Segment, "x").Type()
}

// Root is a kind that stands in a resource group and brings its own identity.
type Root[T Object] interface {
	IdentityRef(T) *v1alpha1.ObjectReference
	// Group is the resource group's id, by the spec and the identity.
	Group(T, *v1alpha1.AzureIdentity) (arm.ID, *outcome.Outcome)
}

// Child is a kind below a private cloud or a cluster; it acts with the private cloud's identity.
type Child[T Object] interface {
	Parent(T) Parent
}

// Parent is what a child stands below: exactly one of the two is set.
type Parent struct {
	PrivateCloud, Cluster *v1alpha1.ParentReference
}
