// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package ask

import (
	"slices"
	"strings"

	"github.com/avs-operator/avs-operator/controllers/arm"
)

// NetworkSegment is where the objects of NSX stand in a private cloud. There is one network, and Azure calls it default.
const NetworkSegment = "workloadNetworks/default/"

// Network lists the objects of NSX of one type.
func Network(cloud arm.ID, segment string) arm.ID {
	return cloud + "/" + NetworkSegment + arm.ID(segment)
}

// DisplayName is how people call an object of NSX, or a machine.
const DisplayName = "/properties/displayName"

// LastPart is what a name, an ARM id and a path in NSX have in common.
func LastPart(reference string) string { return reference[strings.LastIndex(reference, "/")+1:] }

// SameObject tells whether two references of NSX, each a name, an ARM id or a path, mean the same object.
func SameObject(a, b string) bool { return strings.EqualFold(LastPart(a), LastPart(b)) }

// HasName says that a list has a name, in any case.
func HasName(list []string, name string) bool {
	return slices.ContainsFunc(list, func(one string) bool { return strings.EqualFold(one, name) })
}

// AsAzureHas is a reference as Azure spells it, if it has it: else every look would see a difference that is none.
func AsAzureHas(reference string, have []string) string {
	if i := slices.IndexFunc(have, func(h string) bool { return SameObject(h, reference) }); i >= 0 {
		return have[i]
	}
	return reference
}
