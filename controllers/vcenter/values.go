// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package vcenter

import (
	"fmt"
	"reflect"

	"github.com/vmware/govmomi/vim25/types"
)

// The functions here take a property's value out of the any that the property collector delivers. An unset or foreign
// value gives the zero value: vCenter leaves out what it has not got.

func str(v any) string {
	switch s := v.(type) {
	case nil:
		return ""
	case string:
		return s
	}
	if r := reflect.ValueOf(v); r.Kind() == reflect.String { // an enumeration
		return r.String()
	}
	return fmt.Sprint(v)
}

// entityName is the name of a managed entity as an inventory holds it; see UnescapeName.
func entityName(v any) string { return UnescapeName(str(v)) }

func boolean(v any) bool {
	b, _ := v.(bool)
	return b
}

func number(v any) int64 {
	r := reflect.ValueOf(v)
	switch {
	case !r.IsValid():
		return 0
	case r.CanInt():
		return r.Int()
	case r.CanUint():
		return int64(r.Uint())
	case r.CanFloat():
		return int64(r.Float())
	}
	return 0
}

func ref(v any) string {
	r, _ := v.(types.ManagedObjectReference)
	return r.Value
}

func refs(v any) []string {
	a, _ := v.(types.ArrayOfManagedObjectReference)
	if len(a.ManagedObjectReference) == 0 {
		return nil
	}
	out := make([]string, len(a.ManagedObjectReference))
	for i, r := range a.ManagedObjectReference {
		out[i] = r.Value
	}
	return out
}

func strs(v any) []string {
	a, _ := v.(types.ArrayOfString)
	return a.String
}
