// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package kind

import (
	"strings"

	"github.com/avs-operator/avs-operator/controllers/arm"
	"github.com/avs-operator/avs-operator/controllers/azure/diff"
	"github.com/avs-operator/avs-operator/controllers/azure/lane"
)

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
	// ChangedBy is for a resource that comes and goes without the operator, such as a machine of vCenter, and of which this action, a POST, changes
	// what the spec says: the body holds the changed properties. Defaults must have every path that the spec can set: with those there is
	// nothing to adopt, and they are put back when the object is deleted.
	ChangedBy string
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

// Mending is what mends a resource in state Failed.
type Mending int

const (
	// BySupport: Azure refuses to edit or delete it, "can not edit a resource in a failed state" (MicrosoftDocs/cloud-adoption-framework#884;
	// azure-vmware/fix-deployment-failures: open a support request). The safe one, and so the zero value.
	BySupport Mending = iota
	// ByPUT: a PUT of the corrected spec, and never a DELETE, because what depends on the resource, or what it holds, would be lost with it.
	// It is how every other client of ARM mends: az, azurerm and azapi send the PUT again, and a resource that does not take it says so.
	ByPUT
	// ByReplacing: likewise; but where the correction is of what Azure never changes, and the resource was never there whole, it is deleted and
	// made anew, as its user would do by hand. What once worked is not deleted: it may be in use, and nobody could tell. Most of what Azure never
	// changes the spec cannot change either, so that only its user deletes, object and all, and everything that guards a deletion asks first.
	ByReplacing
)

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
