// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package kinds

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"k8s.io/utils/ptr"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/test/env"
	"github.com/avs-operator/avs-operator/test/vcentersim"
)

func (w *world) policy(name, kind, affinity string, members ...v1alpha1.PlacementMember) *v1alpha1.PlacementPolicy {
	return &v1alpha1.PlacementPolicy{ObjectMeta: w.Meta(name), Spec: v1alpha1.PlacementPolicySpec{
		PrivateCloudRef: ptr.To(w.inCloud()), Type: kind, AffinityType: affinity, VMMembers: members,
	}}
}

func named(name string) v1alpha1.PlacementMember { return v1alpha1.PlacementMember{Name: name} }

// places waits until Azure has exactly these machines in a policy.
func (w *world) places(t *testing.T, policy string, refs ...string) {
	t.Helper()
	slices.Sort(refs)
	cluster.Eventually(t, soon, "the members of "+policy, func(context.Context) error {
		list, _ := w.InAzure("/clusters/Cluster-1/placementPolicies/"+policy, "properties", "vmMembers").([]any)
		var got []string
		for _, id := range list {
			text := fmt.Sprint(id)
			got = append(got, text[len(w.Azure.PrivateCloudID("weu")+"/clusters/Cluster-1/virtualMachines/"):])
		}
		slices.Sort(got)
		if !slices.Equal(got, refs) {
			return fmt.Errorf("they are %v, want %v", got, refs)
		}
		return nil
	})
}

func TestPlacementFindsMachinesByNameIdentityAndTag(t *testing.T) {
	t.Parallel()
	w := newWorld(t, fast, true)
	a := w.administrator(t)
	const identity = "5029aaaa-0000-4000-8000-00000000d001"
	web1 := a.add(t, vcentersim.MachineSpec{Name: "web-01"})
	db := a.add(t, vcentersim.MachineSpec{Name: "db-01", InstanceUUID: identity})
	app1, app2 := a.add(t, vcentersim.MachineSpec{Name: "app-01"}), a.add(t, vcentersim.MachineSpec{Name: "app-02"})
	tag := a.tag(t, "app", "ledger", app1)

	apart := w.policy("apart", "VmVm", "AntiAffinity", named("web-01"), named("web-02"))
	mixed := w.policy("mixed", "VmVm", "Affinity", v1alpha1.PlacementMember{InstanceUUID: identity},
		v1alpha1.PlacementMember{Tag: &v1alpha1.TagReference{Category: "app", Name: "ledger"}})
	cluster.Create(t, apart, mixed)
	env.Says(t, cluster.WaitNotReady(t, apart, v1alpha1.ReasonMachineNotFound), "name web-02", "Cluster-1")
	cluster.WaitReady(t, mixed)
	w.places(t, "mixed", db, app1)

	web2 := a.add(t, vcentersim.MachineSpec{Name: "web-02"})
	cluster.WaitReady(t, apart)
	w.places(t, "apart", web1, web2)
	if apart.Status.State != "Enabled" || !slices.Contains(apart.Status.VMMembers, web2) {
		t.Errorf("status: %+v", apart.Status)
	}

	a.attach(t, tag, app2)
	w.places(t, "mixed", db, app1, app2)

	a.add(t, vcentersim.MachineSpec{Name: "web-02", Folder: "Other"})
	env.Says(t, cluster.WaitNotReady(t, apart, v1alpha1.ReasonAmbiguousMachine), "name web-02", web2, "instanceUUID")
	w.places(t, "apart", web1, web2)

	env.Edit(t, cluster, mixed, func(p *v1alpha1.PlacementPolicy) { p.Spec.State = "Disabled" })
	cluster.WaitReady(t, mixed)
	env.Edit(t, cluster, mixed, func(p *v1alpha1.PlacementPolicy) { p.Spec.State = "" })
	cluster.WaitReady(t, mixed)
	if state := w.InAzure("/clusters/Cluster-1/placementPolicies/mixed", "properties", "state"); state != "Enabled" {
		t.Errorf("a state that the spec says no longer is %v, not the default", state)
	}
}

func TestPlacementFindsHostsByTheirShortName(t *testing.T) {
	t.Parallel()
	w := newWorld(t, fast, true)
	a := w.administrator(t)
	a.add(t, vcentersim.MachineSpec{Name: "sql-01"})
	host := w.cloud.Status.Hosts[0]
	short := host[:slices.Index([]byte(host), '.')]
	pinned := w.policy("pinned", "VmHost", "Affinity", named("sql-01"))
	pinned.Spec.HostMembers, pinned.Spec.AffinityStrength, pinned.Spec.AzureHybridBenefitType = []string{short}, "Must", "SqlHost"
	lost := w.policy("lost", "VmHost", "Affinity", named("sql-01"))
	lost.Spec.HostMembers = []string{"esx99-r99"}
	cluster.Create(t, pinned, lost)
	cluster.WaitReady(t, pinned)
	if hosts := w.InAzure("/clusters/Cluster-1/placementPolicies/pinned", "properties", "hostMembers"); fmt.Sprint(hosts) != fmt.Sprint([]any{host}) {
		t.Errorf("hosts in Azure: %v, want %s", hosts, host)
	}
	env.Says(t, cluster.WaitNotReady(t, lost, v1alpha1.ReasonHostNotFound), "esx99-r99", host)
}

// Azure refuses more machines that are kept apart than there are hosts, so it is not asked: hosts may be on their way.
func TestMachinesThatAreKeptApartWaitForHosts(t *testing.T) {
	t.Parallel()
	w := newWorld(t, fast, true)
	a := w.administrator(t)
	var members []v1alpha1.PlacementMember
	var refs []string
	for _, name := range []string{"app-01", "app-02", "app-03", "app-04"} {
		refs = append(refs, a.add(t, vcentersim.MachineSpec{Name: name}))
		members = append(members, named(name))
	}
	apart := w.policy("apart", "VmVm", "AntiAffinity", members...)
	cluster.Create(t, apart)
	env.Says(t, cluster.WaitNotReady(t, apart, v1alpha1.ReasonPlacementNeedsHosts), "4 machines", "Cluster-1 has 3")
	env.Edit(t, cluster, w.cloud, func(c *v1alpha1.PrivateCloud) { c.Spec.ManagementCluster.ClusterSize = 4 })
	cluster.WaitReady(t, apart)
	w.places(t, "apart", refs...)
	w.noneRefused(t)
}
