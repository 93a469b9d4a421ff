// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package kinds

import (
	"context"
	"slices"
	"strings"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/arm"
	"github.com/avs-operator/avs-operator/controllers/azure/body"
	"github.com/avs-operator/avs-operator/controllers/azure/kind"
	"github.com/avs-operator/avs-operator/controllers/azure/lane"
	"github.com/avs-operator/avs-operator/controllers/outcome"
)

// networkSegment is where the objects of NSX stand in a private cloud. There is one network, and Azure calls it default.
const networkSegment = "workloadNetworks/default/"

// networkCollection lists the objects of NSX of one type.
func networkCollection(cloud arm.ID, segment string) arm.ID {
	return cloud + "/" + networkSegment + arm.ID(segment)
}

const displayName = "/properties/displayName"

// networkKind fills in what the kinds of NSX have in common; segment is the rest of the path below the network. They take turns among themselves,
// and not with what touches hosts.
func networkKind[T kind.Object](k kind.Kind[T]) kind.Kind[T] {
	k.Segment, k.Lane, k.Mended = networkSegment+k.Segment, lane.Network, kind.ByPUT
	k.Revised, k.Filled = !k.NoPatch, []string{displayName}
	k.ReadOnly = append([]string{"/properties/revision", "/properties/status"}, k.ReadOnly...)
	k.Expect = func(arm.Verb, T) kind.Expectation { return networkExpected }
	if k.Resolve == nil {
		k.Resolve = func(_ context.Context, w kind.World[T], desired map[string]any) *outcome.Outcome {
			nameAsInAzure(w, desired)
			return nil
		}
	}
	return k
}

// nameAsInAzure names an object that is made, or whose displayName was taken out of the spec, as it is named in Azure: Azure needs a display name,
// and some types are read by it. One that is there keeps the name that it has.
func nameAsInAzure[T kind.Object](w kind.World[T], desired map[string]any) {
	properties := body.Properties(desired)
	_, named := properties["displayName"]
	if !named && (w.Actual == nil || slices.Contains(w.Object.AzureStatus().Managed, displayName)) {
		properties["displayName"] = w.ID.Name()
	}
}

// lastPart is what a name, an ARM id and a path in NSX have in common.
func lastPart(reference string) string { return reference[strings.LastIndex(reference, "/")+1:] }

// sameObject tells whether two references of NSX, each a name, an ARM id or a path, mean the same object.
func sameObject(a, b string) bool { return strings.EqualFold(lastPart(a), lastPart(b)) }

// named says that a list has a name, in any case.
func named(list []string, name string) bool {
	return slices.ContainsFunc(list, func(one string) bool { return strings.EqualFold(one, name) })
}

// asAzureHas is a reference as Azure spells it, if it has it: else every look would see a difference that is none.
func asAzureHas(reference string, have []string) string {
	if i := slices.IndexFunc(have, func(h string) bool { return sameObject(h, reference) }); i >= 0 {
		return have[i]
	}
	return reference
}

// leaves says that an object which is being deleted takes its resource with it.
func leaves(object kind.Object) bool {
	spec := object.AzureSpec()
	return !object.GetDeletionTimestamp().IsZero() && !spec.Suspend &&
		spec.DeletionPolicy != v1alpha1.DeletionPolicyRetain && spec.ManagementPolicy != v1alpha1.ManagementPolicyObserve
}
