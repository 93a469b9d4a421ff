// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package vcenter

import "strings"

// escapes are the characters that vCenter sends escaped in the names of inventory objects (ManagedEntity.name): / would end an element of a
// path, \ would on Windows, and % begins an escape.
var escapes = strings.NewReplacer("%2f", "/", "%2F", "/", "%5c", `\`, "%5C", `\`, "%25", "%")

// UnescapeName is a name as people gave it and as the vSphere Client shows it, of the name that vCenter sends. One that holds no escape is
// returned as it is, so it may be applied to what a user wrote in either form.
func UnescapeName(name string) string {
	if !strings.Contains(name, "%") {
		return name
	}
	return escapes.Replace(name)
}

// SameName compares names of which either may be escaped, by what people gave.
func SameName(a, b string) bool {
	if a == b {
		return true
	}
	plainA, plainB := UnescapeName(a), UnescapeName(b)
	return plainA == plainB || plainA == b || plainB == a
}
