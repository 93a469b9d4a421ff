// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package vcentersim

import (
	"strings"

	"github.com/vmware/govmomi/simulator"
)

// computePool is where VMware Cloud on AWS lets its customers place machines.
const computePool = "Compute-ResourcePool"

// granted says whether a user holds a privilege on an object. The pool of the provider's own machines, MGMT-ResourcePool in Azure VMware
// Solution, is there to be read only; in VMware Cloud on AWS the root pool of a cluster is too.
func (v *VCenter) granted(user, privilege string, on reference) bool {
	if !v.accounts.granted(user, privilege) {
		return false
	}
	if on.Type != "ResourcePool" || strings.HasPrefix(privilege, "System.") || v.accounts.administers(user) {
		return true
	}
	for at, first := on, true; at.Type == "ResourcePool"; first = false {
		pool, ok := v.service.Context.Map.Get(at).(*simulator.ResourcePool)
		if !ok || pool.Parent == nil {
			return true
		}
		root := pool.Parent.Type != "ResourcePool"
		if v.config.Layout == AVS && pool.Name == avsPool || v.config.ClosedRoot && root && first {
			return false
		}
		at = *pool.Parent
	}
	return true
}

// administers says whether an account is an administrator.
func (a *accounts) administers(user string) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	u := a.users[accountKey(user)]
	return u != nil && u.role == Administrator
}
