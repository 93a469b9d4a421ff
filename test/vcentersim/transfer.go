// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package vcentersim

import (
	"slices"
	"time"

	"github.com/vmware/govmomi/vim25/types"
)

// seat is room for the move at both ends.
type seat struct {
	d       *destination
	local   []charge
	v       *VCenter
	done    bool
	storage bool
	remote  string // the reservation's id at another vCenter
	plan    plan
}

// acquire takes the budgets of both vCenters, always that of the lower instance UUID first: two vCenters that move
// toward each other would otherwise wait for each other for ever.
func (m *move) acquire(d *destination, p plan) (*seat, types.BaseMethodFault) {
	s := &seat{d: d, v: m.v, plan: p}
	hosts := []reference{*m.from.host}
	stores := m.from.datastores()
	s.storage = d.remote || p.movesStorage(m.from)
	hostChanges := d.remote || *p.host != *m.from.host
	c := costOf(m.live, hostChanges, s.storage)
	if !d.remote {
		hosts = append(hosts, *p.host)
		stores = append(stores, p.datastores()...)
	}
	charges := c.charges(hosts, stores)
	takeHere := func() types.BaseMethodFault {
		if m.v.budget.acquire(m.ctx, charges) != nil {
			return &types.RequestCanceled{}
		}
		s.local = charges
		return nil
	}
	takeThere := func() (fault types.BaseMethodFault) {
		s.remote, fault = d.reserve(m.ctx, m.cargo, p)
		return fault
	}
	order := []func() types.BaseMethodFault{takeHere, takeThere}
	if d.instanceUUID < m.v.InstanceUUID() {
		slices.Reverse(order)
	}
	for _, take := range order {
		if fault := take(); fault != nil {
			s.release()
			return nil, fault
		}
	}
	return s, nil
}

func (s *seat) release() {
	if s.done {
		return
	}
	s.done = true
	s.v.budget.release(s.local)
	s.d.abandon(s.remote)
}

// transfer lets the time pass that the bytes need, and tells how far it is.
func (m *move) transfer(planned *Fault, s *seat) types.BaseMethodFault {
	total := float64(m.total())
	if !s.storage {
		total = float64(pick(m.live, m.memory+m.memory/4, 0))
	}
	m.v.link.join()
	defer m.v.link.leave()
	told, last, moved := int32(-1), time.Now(), 0.0
	beat := time.Now()
	for moved < total || told < 0 {
		expected := total / (m.v.link.share() * m.v.config.Speed) // real seconds
		step := min(max(time.Duration(expected*float64(time.Second)/100), 2*time.Millisecond), 250*time.Millisecond)
		if !m.pause(step) {
			return &types.RequestCanceled{}
		}
		now := time.Now()
		moved += m.v.link.share() * m.v.config.Speed * now.Sub(last).Seconds()
		last = now
		percent := int32(min(99, 100*moved/max(total, 1))) //nolint:gosec // 0..99.
		if percent != told {
			told = percent
			m.v.updateTask(m.own, m.task, types.PropertyChange{Name: "info.progress", Val: percent})
		}
		if fault := m.strike(planned, percent); fault != nil {
			return fault
		}
		if now.Sub(beat) > 2*time.Second {
			beat = now
			if fault := s.d.beat(m.ctx, s.remote); fault != nil {
				return fault
			}
		}
	}
	return nil
}

// strike does the planned fault when its percentage is reached.
func (m *move) strike(planned *Fault, percent int32) types.BaseMethodFault {
	if planned == nil || int(percent) < min(planned.AtPercent, 99) {
		return nil
	}
	if planned.Delay > 0 && !m.pause(planned.Delay) {
		return &types.RequestCanceled{}
	}
	planned.Delay = 0
	if planned.Hang {
		select {
		case <-planned.Until:
			planned.Hang = false
		case <-m.ctx.Done():
			return &types.RequestCanceled{}
		}
	}
	return planned.With
}

func (m *move) pause(d time.Duration) bool {
	select {
	case <-time.After(d):
		return true
	case <-m.ctx.Done():
		return false
	}
}
