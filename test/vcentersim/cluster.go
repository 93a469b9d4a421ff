// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package vcentersim

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"
)

// AddCluster makes a cluster with DRS on, its hosts and its storage: on AVS a vSAN datastore of its own, named as AVS
// does (vsanDatastore, vsanDatastore (1), …); on premises DS-SSD-01 and DS-SSD-02, which all clusters share.
func (v *VCenter) AddCluster(name string, hosts int) error {
	v.building.Lock()
	defer v.building.Unlock()
	number := v.freeClusterNumber()
	drs := types.ClusterConfigSpecEx{DrsConfig: &types.ClusterDrsConfigInfo{
		Enabled: types.NewBool(true), DefaultVmBehavior: types.DrsBehaviorFullyAutomated,
	}}
	created, err := v.layout.folders.HostFolder.CreateCluster(v.ctx, name, drs)
	if err != nil {
		return fmt.Errorf("create cluster %s: %w", name, err)
	}
	cluster := v.cluster(name)
	if cluster == nil {
		return fmt.Errorf("create cluster %s: it is not there", name)
	}
	if v.config.Layout == AVS && number == 0 {
		pool, err := created.ResourcePool(v.ctx)
		if err == nil {
			_, err = pool.Create(v.ctx, avsPool, types.DefaultResourceConfigSpec())
		}
		if err != nil {
			return fmt.Errorf("create pool %s: %w", avsPool, err)
		}
	}
	if v.config.ClosedRoot {
		pool, err := created.ResourcePool(v.ctx)
		names := v.config.Pools
		if len(names) == 0 {
			names = []string{computePool}
		}
		for _, name := range names {
			if err == nil {
				_, err = pool.Create(v.ctx, name, types.DefaultResourceConfigSpec())
			}
		}
		if err != nil {
			return fmt.Errorf("create the pools %v: %w", names, err)
		}
	}
	for range hosts {
		if err := v.addHost(cluster, number); err != nil {
			return err
		}
	}
	return nil
}

// SetClusterSize adds hosts, or empties and removes the newest ones.
func (v *VCenter) SetClusterSize(cluster string, hosts int) error {
	v.building.Lock()
	defer v.building.Unlock()
	c := v.cluster(cluster)
	if c == nil {
		return fmt.Errorf("cluster %s: not found", cluster)
	}
	number := v.clusterNumber(c)
	for len(c.Host) < hosts {
		if err := v.addHost(c, number); err != nil {
			return err
		}
	}
	for len(c.Host) > max(hosts, 0) {
		if err := v.removeHost(c, c.Host[len(c.Host)-1]); err != nil {
			return err
		}
	}
	return nil
}

// RemoveCluster removes an empty cluster with its hosts and its own storage.
func (v *VCenter) RemoveCluster(name string) error {
	v.building.Lock()
	defer v.building.Unlock()
	c := v.cluster(name)
	if c == nil {
		return fmt.Errorf("cluster %s: not found", name)
	}
	ctx := v.newContext("")
	for _, host := range c.Host {
		if h := ctx.Map.Get(host).(*simulator.HostSystem); len(h.Vm) > 0 {
			return fmt.Errorf("cluster %s: %d machines run on %s", name, len(h.Vm), h.Name)
		}
	}
	for len(c.Host) > 0 {
		if err := v.removeHost(c, c.Host[len(c.Host)-1]); err != nil {
			return err
		}
	}
	for _, ref := range c.Datastore {
		if ds, ok := ctx.Map.Get(ref).(*simulator.Datastore); ok && len(ds.Host) == 0 {
			v.removeEntity(ctx, ds)
		}
	}
	if pool, ok := ctx.Map.Get(*c.ResourcePool).(*simulator.ResourcePool); ok {
		for _, child := range pool.ResourcePool.ResourcePool {
			ctx.Map.Remove(ctx, child)
		}
		ctx.Map.Remove(ctx, pool.Self)
	}
	v.removeEntity(ctx, c)
	return nil
}

// ClusterHosts lists host names of a cluster, oldest first; nil when there is no such cluster.
func (v *VCenter) ClusterHosts(name string) []string {
	c := v.cluster(name)
	if c == nil {
		return nil
	}
	var names []string
	for _, ref := range v.hostsOf(c) {
		if h, ok := v.service.Context.Map.Get(ref).(*simulator.HostSystem); ok {
			names = append(names, h.Name)
		}
	}
	return names
}

// hostsOf copies the list, which grows and shrinks under the cluster's lock.
func (v *VCenter) hostsOf(c *simulator.ClusterComputeResource) (hosts []reference) {
	v.newContext("").WithLock(c, func() { hosts = slices.Clone(c.Host) })
	return hosts
}

func (v *VCenter) cluster(name string) *simulator.ClusterComputeResource {
	m := v.service.Context.Map
	folder, ok := m.Get(v.layout.folders.HostFolder.Reference()).(*simulator.Folder)
	if !ok {
		return nil
	}
	c, _ := m.FindByName(keptName(name), folder.ChildEntity).(*simulator.ClusterComputeResource)
	return c
}

// freeClusterNumber is the lowest whose storage is not there: clusters come and go, and AVS uses names again.
func (v *VCenter) freeClusterNumber() int {
	if v.config.Layout != AVS {
		return len(v.referencesOf("ClusterComputeResource"))
	}
	for n := 0; ; n++ {
		if v.datastoreNamed(v.datastoresFor(n)[0]) == nil {
			return n
		}
	}
}

// clusterNumber is the ordinal that host and datastore names carry: on AVS that of its own storage, since a cluster may have
// any name, else from the name's tail: Cluster-1 is 0.
func (v *VCenter) clusterNumber(c *simulator.ClusterComputeResource) int {
	if v.config.Layout == AVS {
		for _, ref := range c.Datastore {
			var n int
			if name := v.nameOf(ref); name == avsDatastore {
				return 0
			} else if _, err := fmt.Sscanf(name, avsDatastore+" (%d)", &n); err == nil {
				return n
			}
		}
	}
	_, tail, _ := strings.Cut(c.Name, "-")
	var n int
	if _, err := fmt.Sscan(tail, &n); err != nil || n < 1 {
		return 0
	}
	return n - 1
}

func (v *VCenter) addHost(c *simulator.ClusterComputeResource, number int) error {
	name := v.freeHostName(number)
	task, err := object.NewClusterComputeResource(v.client, c.Self).AddHost(v.ctx, types.HostConnectSpec{HostName: name}, true, nil, nil)
	if err != nil {
		return fmt.Errorf("add host %s: %w", name, err)
	}
	ref, err := resultOf(v.ctx, task)
	if err != nil {
		return fmt.Errorf("add host %s: %w", name, err)
	}
	ctx := v.newContext("")
	host := ctx.Map.Get(ref).(*simulator.HostSystem)
	v.describeHost(ctx, host)
	if err := v.joinSwitch(host.Self); err != nil {
		return fmt.Errorf("add host %s to the switch: %w", name, err)
	}
	datastores := v.datastoresFor(number)
	for _, a := range v.attached {
		if a.cluster == c.Name {
			datastores = append(datastores, a.name)
		}
	}
	for _, datastore := range datastores {
		if err := v.mount(ctx, host, datastore); err != nil {
			return fmt.Errorf("mount %s on host %s: %w", datastore, name, err)
		}
	}
	v.summarise(ctx, c)
	v.hub.touch(append(v.referencesOf("DistributedVirtualPortgroup", "Datastore", "Network"), c.Self, host.Self)...)
	return nil
}

func (v *VCenter) freeHostName(number int) string {
	taken := map[string]bool{}
	for _, e := range v.service.Context.Map.All("HostSystem") {
		taken[e.Entity().Name] = true
	}
	for i := 1; ; i++ {
		name := fmt.Sprintf("esx%02d-r%02d.p%02d.%s.avs.azure.com", i, number+1, number+1, v.config.Name)
		if v.config.Layout == OnPremises {
			name = fmt.Sprintf("esx-%s%02d.%s.example.com", strings.Repeat("b", number), i, strings.ToLower(v.config.Name))
		}
		if !taken[name] {
			return name
		}
	}
}

// describeHost gives the host the hardware of an AV36 node, instead of the small laptop that govmomi models.
func (v *VCenter) describeHost(ctx *simulator.Context, host *simulator.HostSystem) {
	avs := v.config.Layout == AVS
	ctx.WithLock(host, func() {
		hardware := *host.Summary.Hardware
		hardware.NumCpuPkgs, hardware.NumCpuCores, hardware.NumCpuThreads = 2, 36, 72
		hardware.CpuMhz, hardware.MemorySize = 2300, 576<<30
		hardware.CpuModel = pick(avs, "Intel(R) Xeon(R) Gold 6240 CPU @ 2.60GHz", "Intel(R) Xeon(R) CPU E5-2697 v4 @ 2.30GHz")
		hardware.Vendor, hardware.Model, hardware.NumNics = "Dell Inc.", "PowerEdge R640", 4
		host.Summary.Hardware = &hardware
		host.Summary.MaxEVCModeKey, host.Summary.CurrentEVCModeKey = v.config.EVCMode, v.config.EVCMode
		host.Summary.Config.Product = &types.AboutInfo{
			Name: "VMware ESXi", FullName: "VMware ESXi 8.0.2 build-22380479", Version: "8.0.2", Build: "22380479", ApiVersion: "8.0.2.0",
			ApiType: "HostAgent", ProductLineId: "embeddedEsx", LicenseProductName: "VMware ESX Server", LicenseProductVersion: "8.0",
		}
		info := *host.Hardware
		info.MemorySize = hardware.MemorySize
		info.CpuInfo = types.HostCpuInfo{NumCpuPackages: 2, NumCpuCores: 36, NumCpuThreads: 72, Hz: 2300e6}
		host.Hardware = &info
		host.Summary.Config.VmotionEnabled = true
		host.Summary.QuickStats.OverallCpuUsage, host.Summary.QuickStats.OverallMemoryUsage = 2000, 16<<10
		host.Runtime.InMaintenanceMode = false
	})
}

func (v *VCenter) joinSwitch(host types.ManagedObjectReference) error {
	task, err := v.layout.dvs.Reconfigure(v.ctx, &types.DVSConfigSpec{Host: []types.DistributedVirtualSwitchHostMemberConfigSpec{{
		Operation: string(types.ConfigSpecOperationAdd), Host: host,
	}}})
	if err != nil {
		return err
	}
	return task.Wait(v.ctx)
}

func (v *VCenter) datastoresFor(number int) []string {
	if v.config.Layout == OnPremises {
		return []string{"DS-SSD-01", "DS-SSD-02"}
	}
	if number == 0 {
		return []string{avsDatastore}
	}
	return []string{fmt.Sprintf("%s (%d)", avsDatastore, number)}
}

func (v *VCenter) mount(ctx *simulator.Context, host *simulator.HostSystem, name string) error {
	return v.mountFrom(ctx, host, name, strings.ReplaceAll(keptName(name), " ", "_"))
}

// mountFrom mounts a datastore whose files are in a directory of that name.
func (v *VCenter) mountFrom(ctx *simulator.Context, host *simulator.HostSystem, name, files string) error {
	dir := filepath.Join(v.home, files)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	system, err := object.NewHostSystem(v.client, host.Self).ConfigManager().DatastoreSystem(v.ctx)
	if err != nil {
		return err
	}
	if _, err := system.CreateLocalDatastore(v.ctx, name, dir); err != nil {
		return err
	}
	// The reference that govmomi returns is empty when another host has mounted the datastore before.
	ds, ok := ctx.Map.FindByName(keptName(name), host.Datastore).(*simulator.Datastore)
	if !ok {
		return errors.New("it is not there")
	}
	v.describeDatastore(ctx, ds)
	return nil
}

// removeHost empties a host onto its neighbours, as Azure does before it takes one, and removes it everywhere.
func (v *VCenter) removeHost(c *simulator.ClusterComputeResource, ref types.ManagedObjectReference) error {
	ctx := v.newContext("")
	host, ok := ctx.Map.Get(ref).(*simulator.HostSystem)
	if !ok {
		return fmt.Errorf("host %s: not found", ref.Value)
	}
	if len(host.Vm) > 0 && len(c.Host) < 2 {
		return fmt.Errorf("host %s: machines run on it and there is no other", host.Name)
	}
	if err := v.evacuate(ctx, c, host); err != nil {
		return err
	}
	for _, e := range ctx.Map.All("DistributedVirtualPortgroup") {
		group := e.(*simulator.DistributedVirtualPortgroup)
		ctx.Map.RemoveReference(ctx, group, &group.Host, ref)
	}
	if dvs, ok := ctx.Map.Get(v.layout.dvs.Reference()).(*simulator.DistributedVirtualSwitch); ok {
		ctx.Map.RemoveReference(ctx, dvs, &dvs.Summary.HostMember, ref)
	}
	for _, dsRef := range host.Datastore {
		ds := ctx.Map.Get(dsRef).(*simulator.Datastore)
		ctx.WithLock(ds, func() {
			kept := make([]types.DatastoreHostMount, 0, len(ds.Host))
			for _, m := range ds.Host {
				if m.Key != ref {
					kept = append(kept, m)
				}
			}
			ds.Host = kept
		})
		v.describeDatastore(ctx, ds)
	}
	ctx.Map.RemoveReference(ctx, c, &c.Host, ref)
	v.forgetInBrowser(ctx, c, ref)
	ctx.Map.Remove(ctx, ref)
	v.summarise(ctx, c)
	v.hub.touch(append(v.referencesOf("DistributedVirtualPortgroup", "Datastore"), c.Self)...)
	return nil
}

// forgetInBrowser takes a host out of the cluster's environment browser, which looks up every host that it knows when the next
// one joins, and panics for one that is gone.
func (v *VCenter) forgetInBrowser(ctx *simulator.Context, c *simulator.ClusterComputeResource, host reference) {
	if c.EnvironmentBrowser == nil {
		return
	}
	browser, ok := ctx.Map.Get(*c.EnvironmentBrowser).(*simulator.EnvironmentBrowser)
	if !ok {
		return
	}
	ctx.WithLock(browser, func() {
		known := browser.QueryConfigOptionDescriptorResponse.Returnval
		for i := range known {
			known[i].Host = slices.DeleteFunc(known[i].Host, func(ref reference) bool { return ref == host })
		}
	})
}

func (v *VCenter) evacuate(ctx *simulator.Context, c *simulator.ClusterComputeResource, host *simulator.HostSystem) error {
	var others []types.ManagedObjectReference
	for _, other := range c.Host {
		if other != host.Self {
			others = append(others, other)
		}
	}
	var errs []error
	for i, ref := range append([]types.ManagedObjectReference(nil), host.Vm...) {
		vm, ok := ctx.Map.Get(ref).(*simulator.VirtualMachine)
		if !ok {
			continue
		}
		target := others[i%len(others)]
		errs = append(errs, v.place(ctx, vm, placement{host: &target}))
	}
	return errors.Join(errs...)
}

// summarise sets the cluster's totals from its hosts.
func (v *VCenter) summarise(ctx *simulator.Context, c *simulator.ClusterComputeResource) {
	ctx.WithLock(c, func() {
		s := c.Summary.GetComputeResourceSummary()
		hosts := int32(len(c.Host)) //nolint:gosec // a handful.
		s.NumHosts, s.NumEffectiveHosts = hosts, hosts
		s.NumCpuCores, s.NumCpuThreads = int16(36*hosts), int16(72*hosts) //nolint:gosec // a handful.
		s.TotalCpu, s.EffectiveCpu = 36*2300*hosts, 36*2300*hosts
		s.TotalMemory, s.EffectiveMemory = int64(hosts)*576<<30, int64(hosts)*576<<10
		if cs, ok := c.Summary.(*types.ClusterComputeResourceSummary); ok {
			cs.CurrentEVCModeKey = v.config.EVCMode
		}
	})
}

// removeEntity takes an inventory object out of its folder and the registry.
func (v *VCenter) removeEntity(ctx *simulator.Context, e mo.Entity) {
	ref := e.Reference()
	if parent := e.Entity().Parent; parent != nil {
		if f, ok := ctx.Map.Get(*parent).(*simulator.Folder); ok {
			ctx.Map.RemoveReference(ctx, f, &f.ChildEntity, ref)
		}
	}
	if dc, ok := ctx.Map.Get(v.layout.datacenter.Reference()).(*simulator.Datacenter); ok {
		ctx.Map.RemoveReference(ctx, dc, &dc.Datastore, ref)
		ctx.Map.RemoveReference(ctx, dc, &dc.Network, ref)
	}
	ctx.Map.Remove(ctx, ref)
}

// referencesOf lists objects of the given types.
func (v *VCenter) referencesOf(kinds ...string) []types.ManagedObjectReference {
	var refs []types.ManagedObjectReference
	for _, kind := range kinds {
		for _, e := range v.service.Context.Map.All(kind) {
			refs = append(refs, e.Reference())
		}
	}
	return refs
}
