// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package vcenter

import (
	"math"
	"testing"

	"github.com/avs-operator/avs-operator/test/vcentersim"
)

func TestWhatAByteTakesOnVSAN(t *testing.T) {
	for _, test := range []struct {
		r       Redundancy
		express bool
		hosts   int
		want    float64
	}{
		{Redundancy{Failures: 0}, false, 3, 1}, {Redundancy{Failures: 1}, false, 3, 2}, {Redundancy{Failures: 2}, false, 5, 3}, {Redundancy{Failures: 3}, true, 7, 4},
		{Redundancy{Failures: 1, Erasure: true}, false, 4, 4.0 / 3}, {Redundancy{Failures: 2, Erasure: true}, false, 6, 1.5},
		{Redundancy{Failures: 1, Erasure: true}, true, 3, 1.5}, {Redundancy{Failures: 1, Erasure: true}, true, 6, 1.25},
		{Redundancy{Failures: 2, Erasure: true}, true, 6, 1.5},
		{Redundancy{Failures: 1, Copies: 2}, false, 6, 4},
	} {
		if got := test.r.Factor(test.express, test.hosts); math.Abs(got-test.want) > 1e-9 {
			t.Errorf("%+v (express %t, %d hosts) takes %v, want %v", test.r, test.express, test.hosts, got, test.want)
		}
	}
}

func TestTheDefaultPolicyOfADatastoreIsRead(t *testing.T) {
	v := startSim(t, vcentersim.Config{Layout: vcentersim.AVS})
	c := dial(t, simEndpoint(v))
	inventory := watch(t, c, WatcherOptions{}).Inventory()
	ref := inventory.DatastoresByName("vsanDatastore")[0].Ref
	if got, err := c.DefaultRedundancy(t.Context(), ref); err != nil || got != (Redundancy{Failures: 1}) {
		t.Errorf("a new vSAN keeps %+v, %v", got, err)
	}
	if err := v.SetDefaultPolicy("vsanDatastore", 2, true); err != nil {
		t.Fatal(err)
	}
	if got, err := c.DefaultRedundancy(t.Context(), ref); err != nil || got != (Redundancy{Failures: 2, Erasure: true}) {
		t.Errorf("after the change it keeps %+v, %v", got, err)
	}
	other := startSim(t, vcentersim.Config{})
	oc := dial(t, simEndpoint(other))
	if _, err := oc.DefaultRedundancy(t.Context(), watch(t, oc, WatcherOptions{}).Inventory().DatastoresByName("DS-SSD-01")[0].Ref); ClassOf(err) != NotFound {
		t.Errorf("a datastore without vSAN has a policy: %v", err)
	}
}

// Provider's pools and, where that is so, root pools are not for customers.
func TestClosedPools(t *testing.T) {
	v := startSim(t, vcentersim.Config{Layout: vcentersim.AVS, ClosedRoot: true})
	c := dial(t, simEndpoint(v))
	inventory := watch(t, c, WatcherOptions{}).Inventory()
	may := map[string]bool{"Resources": false, "MGMT-ResourcePool": false, "Compute-ResourcePool": true}
	for _, p := range inventory.ResourcePools.All() {
		missing, err := c.Privileges(t.Context(), "", []string{p.Ref}, []string{"Resource.AssignVMToPool"})
		want, known := may[p.Name]
		if err != nil || !known || (len(missing[p.Ref]) == 0) != want {
			t.Errorf("%s: %v, %v", p.Path, missing, err)
		}
		delete(may, p.Name)
	}
	if len(may) > 0 {
		t.Errorf("there is no pool %v", may)
	}
}
