// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package vcenter

import (
	"reflect"

	"github.com/vmware/govmomi/vim25/types"
)

// IsFault says whether a word is the name of a type of fault that vSphere knows, such as NetworksMayNotBeTheSame.
func IsFault(name string) bool {
	kind, ok := types.TypeFunc()(name)
	return ok && reflect.PointerTo(kind).Implements(reflect.TypeFor[types.BaseMethodFault]())
}
