// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package method is the table of the ways to move a machine: what each needs of the machine's power, what it costs vCenter, and which concerns of
// a plan it minds. Plan, schedule and the machine's reconciler ask the table; no other package tells one method from another. Everything is a
// value.
package method

import (
	"slices"
	"strings"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
)

// Method is one way to move a machine.
type Method struct {
	// Name in specs, statuses and messages.
	Name v1alpha1.MoveMethod
	// NeedsOff says that the machine is off while it moves: power.powerOff says who may power it off, and what the move powered off is powered on
	// again. Without it the machine's power is never touched.
	NeedsOff bool
	// Cost of one relocation, on each of the two sides.
	Cost Cost
	// Concerns of those in Particular that stand in its way. The others do not.
	Concerns []string
}

// Concerns that stand in the way of some methods only. Package plan says what each of them means.
const (
	CPUFeaturesMissing    = "CPUFeaturesMissing"
	CPUVendorDiffers      = "CPUVendorDiffers"
	DeviceConnected       = "DeviceConnected"
	DevicePassthrough     = "DevicePassthrough"
	NetworkIncompatible   = "NetworkIncompatible"
	PoweredOff            = "PoweredOff"
	PowerOffNotAllowed    = v1alpha1.ReasonPowerOffNotAllowed
	ToolsInstallerMounted = "ToolsInstallerMounted"
	ToolsNotRunning       = "ToolsNotRunning"
)

// Particular are these concerns. A concern that is none of them stands in the way of every method.
var Particular = []string{
	CPUFeaturesMissing, CPUVendorDiffers, DeviceConnected, DevicePassthrough, NetworkIncompatible, PoweredOff, PowerOffNotAllowed,
	ToolsInstallerMounted, ToolsNotRunning,
}

// All are the methods. A machine moves by one of them, or not at all.
var All = []Method{
	{
		Name: v1alpha1.MoveMethodLive, Cost: Cost{Host: 8, NIC: 1, Datastore: 16},
		Concerns: []string{CPUFeaturesMissing, CPUVendorDiffers, DeviceConnected, DevicePassthrough, NetworkIncompatible, PoweredOff, ToolsInstallerMounted},
	},
	{
		Name: v1alpha1.MoveMethodCold, NeedsOff: true, Cost: Cost{Host: 2, Datastore: 16},
		Concerns: []string{PowerOffNotAllowed, ToolsNotRunning},
	},
}

// ForRunning and ForOff are the methods that Auto takes for a machine that runs, and for any other.
var (
	ForRunning = All[0]
	ForOff     = All[1]
)

// Named finds a method by its name; false for a name of another version of the operator, and for Auto, which is none.
func Named(name v1alpha1.MoveMethod) (Method, bool) {
	i := slices.IndexFunc(All, func(m Method) bool { return m.Name == name })
	if i < 0 {
		return Method{Name: name}, false
	}
	return All[i], true
}

// Choose finds the method that a WorkloadMove asks for, for a machine that runs or does not; false for a name that is not known.
func Choose(asked v1alpha1.MoveMethod, running bool) (Method, bool) {
	switch {
	case asked != "" && asked != v1alpha1.MoveMethodAuto:
		return Named(asked)
	case running:
		return ForRunning, true
	}
	return ForOff, true
}

// Known says whether a WorkloadMove may ask for a method: Auto, or one of the table.
func Known(asked v1alpha1.MoveMethod) bool {
	_, known := Choose(asked, false)
	return known
}

// Minds says whether a concern stands in the way of the method.
func (m Method) Minds(concern string) bool {
	return !slices.Contains(Particular, concern) || slices.Contains(m.Concerns, concern)
}

// Names of all methods, for messages.
func Names() string {
	names := make([]string, len(All))
	for i, m := range All {
		names[i] = string(m.Name)
	}
	return strings.Join(names, ", ")
}
