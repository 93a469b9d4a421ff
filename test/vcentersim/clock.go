// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package vcentersim

import (
	"time"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

// now is the time by this vCenter's own clock: that of tasks, and of CurrentTime.
func (v *VCenter) now() time.Time { return time.Now().Add(v.config.ClockAhead).UTC() }

// CurrentTime answers ServiceInstance.CurrentTime.
func (e *extension) CurrentTime(*simulator.Context, *types.CurrentTime) soap.HasFault {
	return &methods.CurrentTimeBody{Res: &types.CurrentTimeResponse{Returnval: e.v.now()}}
}
