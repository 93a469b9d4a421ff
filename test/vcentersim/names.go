// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package vcentersim

import (
	"strings"

	"github.com/vmware/govmomi/vim25/types"
)

// A vCenter tells names of managed entities with slash, backslash and percent sign escaped, and takes them in either form: "A slash is
// escaped as %2F or %2f. A backslash is escaped as %5C or %5c, and a percent is escaped as %25", says the reference of ManagedEntity.name,
// "unless it is used to start an escape sequence". govmomi's simulator does so for folders and new machines alone.

var (
	unescapeName = strings.NewReplacer("%2f", "/", "%2F", "/", "%5c", `\`, "%5C", `\`, "%25", "%")
	escapeName   = strings.NewReplacer("%", "%25", "/", "%2f", `\`, "%5c")
)

// shownName is the name as a person reads it.
func shownName(name string) string { return unescapeName.Replace(name) }

// keptName is the name as vCenter keeps and tells it, from either form.
func keptName(name string) string { return escapeName.Replace(shownName(name)) }

// sameName compares names in either form.
func sameName(a, b string) bool { return shownName(a) == shownName(b) }

// keepNames brings the names in a request into the form in which they are kept, before govmomi's simulator takes them as they are.
func keepNames(body types.AnyType) {
	switch r := body.(type) {
	case *types.Rename_Task:
		r.NewName = keptName(r.NewName)
	case *types.RenameDatastore:
		r.NewName = keptName(r.NewName)
	case *types.CreateFolder:
		r.Name = shownName(r.Name) // govmomi escapes it, whatever it holds already
	case *types.CreateVM_Task:
		r.Config.Name = shownName(r.Config.Name) // the same
	case *types.CloneVM_Task:
		r.Name = keptName(r.Name)
	case *types.CreateDatacenter:
		r.Name = keptName(r.Name)
	case *types.CreateClusterEx:
		r.Name = keptName(r.Name)
	case *types.CreateResourcePool:
		r.Name = keptName(r.Name)
	case *types.CreateStoragePod:
		r.Name = keptName(r.Name)
	case *types.CreateLocalDatastore:
		r.Name = keptName(r.Name)
	case *types.CreateDVS_Task:
		if spec := r.Spec.ConfigSpec; spec != nil {
			spec.GetDVSConfigSpec().Name = keptName(spec.GetDVSConfigSpec().Name)
		}
	case *types.AddDVPortgroup_Task:
		for i := range r.Spec {
			r.Spec[i].Name = keptName(r.Spec[i].Name)
		}
	case *types.ReconfigureDVPortgroup_Task:
		if r.Spec.Name != "" {
			r.Spec.Name = keptName(r.Spec.Name)
		}
	case *types.ReconfigVM_Task:
		if r.Spec.Name != "" {
			r.Spec.Name = keptName(r.Spec.Name)
		}
	case *types.FindChild:
		r.Name = keptName(r.Name)
	}
}
