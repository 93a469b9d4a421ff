// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package cold moves machines that are powered off. Who may power one off, and how, is decided before; here a running machine is refused,
// because somebody may have powered it on again in between.
package cold

import (
	"context"
	"errors"
	"slices"

	"github.com/avs-operator/avs-operator/controllers/move/movers"
	"github.com/avs-operator/avs-operator/controllers/vcenter"
)

// Mover moves powered-off machines by relocation.
type Mover struct{ movers.Relocate }

var _ movers.Mover = Mover{}

// Check asks the source vCenter. While the machine still runs, vCenter answers for a machine that runs: what powering off removes does not
// hinder this move, and everything else does, or the machine would be down for nothing.
func (m Mover) Check(ctx context.Context, r movers.Request, at movers.Placement) ([]vcenter.Fault, error) {
	faults, err := m.Relocate.Check(ctx, r, at)
	if at.Source.PowerState == vcenter.PoweredOff {
		return faults, err
	}
	return slices.DeleteFunc(faults, func(f vcenter.Fault) bool { return f.OnlyRunning }), err
}

// Start asks the source vCenter to relocate the machine, unless it runs.
func (m Mover) Start(ctx context.Context, r movers.Request, at movers.Placement) (vcenter.TaskHandle, error) {
	if at.Source.PowerState != vcenter.PoweredOff {
		return vcenter.TaskHandle{}, &vcenter.Error{
			Class: vcenter.InvalidState, Doing: "start the cold relocation of " + at.Source.Ref, Server: r.Source.Client.Host(),
			Err: errors.New("the machine is not powered off"),
		}
	}
	return m.Relocate.Start(ctx, r, at)
}
