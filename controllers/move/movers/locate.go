// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package movers

import (
	"context"
	"fmt"

	"golang.org/x/sync/errgroup"

	"github.com/avs-operator/avs-operator/controllers/vcenter"
)

// Read reads at both vCenters, past every cache, where the machine with the request's identity is. Decisions about a machine's fate rest on
// this, never on a watched inventory.
func Read(ctx context.Context, r Request) (Placement, error) {
	var source, target []vcenter.Machine
	g, gctx := errgroup.WithContext(ctx)
	g.Go(func() (err error) {
		source, err = r.Source.Client.FindMachine(gctx, r.Spec.Machine.InstanceUUID)
		return err
	})
	g.Go(func() (err error) {
		target, err = r.Target.Client.FindMachine(gctx, r.Spec.Machine.InstanceUUID)
		return err
	})
	if err := g.Wait(); err != nil {
		return Placement{Where: Unknown}, fmt.Errorf("looking for %s at both vCenters: %w", r.Spec.Machine.Name, err)
	}
	return place(pointers(source), pointers(target)), nil
}

// Cached is the same by the watched inventories: free, and good enough to decide whether to look.
func Cached(r Request) Placement {
	uuid := r.Spec.Machine.InstanceUUID
	return place(r.Source.Watcher.Inventory().MachinesByInstanceUUID(uuid), r.Target.Watcher.Inventory().MachinesByInstanceUUID(uuid))
}

// place derives where a machine is from what the two vCenters show. More than one at a side is a riddle for a person.
func place(source, target []*vcenter.Machine) Placement {
	p := Placement{}
	if len(source) > 1 || len(target) > 1 {
		p.Where = Unknown
		return p
	}
	if len(source) == 1 {
		p.Source = source[0]
	}
	if len(target) == 1 {
		p.Target = target[0]
	}
	switch {
	case p.Source != nil && p.Target != nil:
		p.Where = Both
	case p.Source != nil:
		p.Where = AtSource
	case p.Target != nil:
		p.Where = AtTarget
	default:
		p.Where = Neither
	}
	return p
}

func pointers(machines []vcenter.Machine) []*vcenter.Machine {
	out := make([]*vcenter.Machine, len(machines))
	for i := range machines {
		out[i] = &machines[i]
	}
	return out
}
