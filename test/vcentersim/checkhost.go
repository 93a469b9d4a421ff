// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package vcentersim

import (
	"fmt"

	"github.com/vmware/govmomi/property"
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"
)

// SetHosts changes what all hosts can do: how many virtual CPUs a machine may have on them, 0 for as many as it likes, and whether they have
// a network for vMotion.
func (v *VCenter) SetHosts(mostCPUs int, vmotion bool) {
	ctx := v.newContext("")
	for _, e := range ctx.Map.All("HostSystem") {
		host, ok := e.(*simulator.HostSystem)
		if !ok {
			continue
		}
		ctx.WithLock(host, func() {
			capability := types.HostCapability{}
			if host.Capability != nil {
				capability = *host.Capability
			}
			capability.MaxSupportedVcpus = int32(mostCPUs) //nolint:gosec // small.
			summary := host.Summary.Config
			summary.VmotionEnabled = vmotion
			ctx.Update(host, []types.PropertyChange{{Name: "capability", Val: &capability}, {Name: "summary.config", Val: summary}})
		})
	}
}

// abilities checks what the host's software offers: the number of virtual CPUs "is always an error", as the reference says, a missing vMotion
// network "an error only when migrating a powered-on virtual machine".
func (y *survey) abilities() {
	var host mo.HostSystem
	err := property.DefaultCollector(y.d.client).RetrieveOne(y.ctx, *y.plan.host, []string{"capability", "summary.config"}, &host)
	if err != nil {
		y.out.fail(&types.HostNotConnected{})
		return
	}
	if c := host.Capability; c != nil && c.MaxSupportedVcpus > 0 && y.s.cpus > c.MaxSupportedVcpus {
		y.out.fail(&types.NumVirtualCpusNotSupported{MaxSupportedVcpusDest: c.MaxSupportedVcpus, NumCpuVm: y.s.cpus})
	}
	if y.s.live && !host.Summary.Config.VmotionEnabled {
		issue := types.VMotionInterfaceIssue{FailedHost: fmt.Sprint(y.host.Name), FailedHostEntity: y.plan.host}
		y.out.fail(&types.VMotionNotConfigured{VMotionInterfaceIssue: issue})
	}
}
