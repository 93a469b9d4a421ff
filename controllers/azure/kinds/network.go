// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package kinds

import (
	"context"
	"slices"
	"time"

	"github.com/avs-operator/avs-operator/controllers/arm"
	"github.com/avs-operator/avs-operator/controllers/azure/body"
	"github.com/avs-operator/avs-operator/controllers/azure/kind"
	"github.com/avs-operator/avs-operator/controllers/azure/kinds/ask"
	"github.com/avs-operator/avs-operator/controllers/azure/lane"
	"github.com/avs-operator/avs-operator/controllers/outcome"
)

// networkExpected is how long Azure takes to change an object of NSX.
var networkExpected = kind.Expectation{Soonest: 20 * time.Second, Latest: 90 * time.Second, Fine: 2 * time.Second}

// networkKind fills in what the kinds of NSX have in common; segment is the rest of the path below the network. They take turns among themselves,
// and not with what touches hosts.
func networkKind[T kind.Object](k kind.Kind[T]) kind.Kind[T] {
	k.Segment, k.Lane, k.Mended = ask.NetworkSegment+k.Segment, lane.Network, kind.ByPUT
	k.Revised, k.Filled = !k.NoPatch, []string{ask.DisplayName}
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
	if !named && (w.Actual == nil || slices.Contains(w.Object.AzureStatus().Managed, ask.DisplayName)) {
		properties["displayName"] = w.ID.Name()
	}
}
