// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package bench

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/test/harness"
	"github.com/avs-operator/avs-operator/test/vcentersim"
)

// What 10,000 machines may cost that stand at each of two vCenters while nothing moves.
const (
	mostMachines       = 10_000
	mostRequests       = 20        // a minute to each vCenter, waiting for updates included
	mostMemoryBoth     = 260 << 20 // of a process that watches both
	mostMemoryOne      = 180 << 20 // of one that watches one of them
	machinesStandFor   = 10 * time.Minute
	machinesSettleFor  = 2 * time.Minute
	machinesReadyAfter = 10 * time.Minute
)

// Two operators look at the same two vCenters, each with an account of its own, so that one measurement tells both.
func TestManyMachinesStanding(t *testing.T) {
	if !full {
		t.Log("measured with AVS_OPERATOR_BENCH=1 only: it takes a quarter of an hour")
		return
	}
	oslo, bergen := startPair(t)
	both, one := harness.NewWorld(t, cluster, 1), harness.NewWorld(t, cluster, 1)
	declared := []*v1alpha1.VCenter{declare(t, both, "oslo", "both", oslo), declare(t, both, "bergen", "both", bergen), declare(t, one, "oslo", "one", oslo)}
	// Each works at once: they share no object, so they need no lease to take turns by.
	forBoth, forOne := startProcess(t, both.Namespace, "--leader-elect=false"), startProcess(t, one.Namespace, "--leader-elect=false")
	began := time.Now()
	for _, vc := range declared {
		cluster.WaitCondition(t, machinesReadyAfter, vc, v1alpha1.ConditionReady, "True")
	}
	t.Logf("both inventories were read after %s", time.Since(began).Round(time.Second))
	planned := planOfOne(t, both.Namespace)
	cluster.WaitCondition(t, machinesReadyAfter, planned, v1alpha1.ConditionPlanned, "True")

	time.Sleep(machinesSettleFor)
	from := time.Now()
	time.Sleep(machinesStandFor - machinesSettleFor)
	minutes := time.Since(from).Minutes()
	for name, v := range map[string]*vcentersim.VCenter{"oslo": oslo, "bergen": bergen} {
		for _, user := range []string{"both", "one"} {
			judgeRequests(t, name+" as "+user, v, user+"@vsphere.local", from, minutes)
		}
	}
	for _, m := range []struct {
		what string
		p    *process
		most int
	}{{"both vCenters", forBoth, mostMemoryBoth}, {"one vCenter", forOne, mostMemoryOne}} {
		rss := m.p.memory(t, "VmRSS")
		t.Logf("%d machines standing on each side, a process that watches %s: %d MB resident, %d MB at most",
			mostMachines, m.what, rss>>20, m.p.memory(t, "VmHWM")>>20)
		if rss > m.most {
			t.Errorf("that is more than %d MB", m.most>>20)
		}
	}
}

// judgeRequests counts what one account asked of a vCenter.
func judgeRequests(t *testing.T, what string, v *vcentersim.VCenter, user string, from time.Time, minutes float64) {
	t.Helper()
	methods, total := map[string]int{}, 0
	for _, r := range v.Requests() {
		if r.User == user && r.At.After(from) {
			methods[r.Method]++
			total++
		}
	}
	words := ""
	for _, method := range slices.Sorted(maps.Keys(methods)) {
		words += fmt.Sprintf(" %s %.1f", method, float64(methods[method])/minutes)
	}
	t.Logf("%s: %.1f requests a minute:%s", what, float64(total)/minutes, words)
	if float64(total)/minutes > mostRequests {
		t.Errorf("that is more than %d", mostRequests)
	}
}

// startPair starts two vCenters with their machines, side by side.
func startPair(t *testing.T) (oslo, bergen *vcentersim.VCenter) {
	t.Helper()
	var made [2]*vcentersim.VCenter
	var errs [2]error
	var wg sync.WaitGroup
	for i, name := range []string{"Oslo", "Bergen"} {
		wg.Go(func() {
			made[i], errs[i] = vcentersim.Start(context.WithoutCancel(t.Context()), vcentersim.Config{
				Layout: vcentersim.OnPremises, Name: name, Machines: mostMachines, Hosts: 16, Seed: int64(i + 1), DatastoreGB: 4 << 20,
			})
		})
	}
	wg.Wait()
	for i, err := range errs {
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(made[i].Close)
	}
	return made[0], made[1]
}

// declare makes the objects of a vCenter with an account of its own, so that its requests can be told from those of other operators.
func declare(t *testing.T, w *harness.World, name, user string, v *vcentersim.VCenter) *v1alpha1.VCenter {
	t.Helper()
	const password = "VMware1!"
	account := user + "@vsphere.local"
	v.AddUser(account, password, vcentersim.Administrator)
	w.Account(t, "account", account, password)
	return w.Declare(t, name, v, func(object *v1alpha1.VCenter) { object.Spec.CredentialsRef.Name = "account" })
}

// planOfOne is a move that is planned and does not run: its plan looks at all machines on the network that it goes to.
func planOfOne(t *testing.T, namespace string) *v1alpha1.WorkloadMove {
	t.Helper()
	move := harness.WorkloadMove(namespace, "one", v1alpha1.MoveStatePlan)
	move.Spec.Target = v1alpha1.MoveTarget{VCenterRef: v1alpha1.ObjectReference{Name: "bergen"}, Cluster: "Cluster-A", Folder: "/Bergen/vm",
		Datastore: "DS-SSD-01"}
	move.Spec.Select = []v1alpha1.MachineSelector{{Names: []string{"fin-app-01"}}}
	move.Spec.Networks = []v1alpha1.NameMapping{{From: "VLAN-120", To: "VLAN-120"}}
	move.Spec.Waivers = []v1alpha1.MoveWaiver{{Concern: "TargetWithoutRoom", Reason: "10,000 machines stand on 16 hosts here"}}
	cluster.Create(t, move)
	return move
}
