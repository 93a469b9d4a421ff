// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package tree is about where objects stand: the parent that a reference names, what its ARM id is below, and whether something may be made below
// it now. It reads, and writes nothing.
package tree

import (
	"strings"

	"k8s.io/apimachinery/pkg/types"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/arm"
)

// KeyOf is the object that a reference in a namespace names.
func KeyOf(namespace string, ref v1alpha1.ParentReference) types.NamespacedName {
	if ref.Namespace != "" {
		namespace = ref.Namespace
	}
	return types.NamespacedName{Namespace: namespace, Name: ref.Name}
}

// CloudOf is the ARM id of the private cloud that the id is or is in.
func CloudOf(id arm.ID) arm.ID {
	for at := id; at != ""; at = at.Parent() {
		if strings.EqualFold(at.Type(), "Microsoft.AVS/privateClouds") {
			return at
		}
	}
	return id
}

// CloudKey is the lanes' key for an id: that of its private cloud.
func CloudKey(id arm.ID) string { return CloudOf(id).Key() }

// ParentOf cuts the segment and the name off an id.
func ParentOf(id arm.ID, segment string) arm.ID {
	cut := len(id.Collection()) - len("/"+segment)
	return id[:max(cut, 0)]
}
