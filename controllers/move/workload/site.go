// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package workload

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/types"
	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/connect/vcenters"
	"github.com/avs-operator/avs-operator/controllers/move/plan"
	"github.com/avs-operator/avs-operator/controllers/outcome"
	"github.com/avs-operator/avs-operator/controllers/vcenter"
)

// assignToPool is what an account needs to place a machine in a resource pool.
const assignToPool = "Resource.AssignVMToPool"

// site is what a target allows, and how it keeps what it is given. A site changes when somebody administers it, not by itself.
type site struct {
	at     time.Time
	of     []string // the version of the VCenter, and the pools and datastores that were asked for
	pools  map[string]bool
	factor map[string]float64
}

// siteFresh is how long that holds, in vCenter's time.
const siteFresh = 10 * time.Minute

// arrivingAccount names the account that vCenter will place the machines with: within one vCenter the operator's own, else the one that the source is
// given.
func (s *scope) arrivingAccount(ctx context.Context) (string, *outcome.Outcome) {
	if s.source.Client.About().InstanceUUID == s.target.Client.About().InstanceUUID {
		return "", nil
	}
	return s.VCenters.Arriving(ctx, s.target)
}

// site reads which pools of the target take machines that come with an account, and what vSAN makes of a byte, unless it was read not long ago.
// Answers that vCenter does not give are left out.
func (f *cache) site(ctx context.Context, c *vcenters.Connected, account func(context.Context) (string, *outcome.Outcome), need plan.Needs,
	workload types.UID, fresh time.Duration) (site, *outcome.Outcome) {
	of := slices.Concat([]string{fmt.Sprint(c.Object.UID, c.Object.Generation)}, need.Pools, need.Datastores)
	f.mu.Lock()
	s, ok := f.sites[workload]
	f.mu.Unlock()
	if ok && time.Since(s.at) < fresh && slices.Equal(s.of, of) {
		return s, nil
	}
	s = site{at: time.Now(), of: of, pools: map[string]bool{}, factor: map[string]float64{}}
	as, o := account(ctx)
	if o != nil {
		return s, o
	}
	missing, err := c.Client.Privileges(ctx, as, need.Pools, []string{assignToPool})
	switch vcenter.ClassOf(err) {
	case "":
		for _, ref := range need.Pools {
			s.pools[ref] = len(missing[ref]) == 0
		}
	case vcenter.NotSupported, vcenter.NoPermission:
	default:
		return s, outcome.Retry(v1alpha1.ReasonUnreachable, fmt.Errorf("reading the privileges on pools of VCenter %s: %w", c.Object.Name, err))
	}
	inventory := c.Watcher.Inventory()
	for _, ref := range need.Datastores {
		ds := inventory.Datastores.Get(ref)
		if ds == nil || !strings.EqualFold(ds.Type, "vsan") {
			continue
		}
		redundancy, err := c.Client.DefaultRedundancy(ctx, ref)
		if err != nil { // an account may not see policies: the plan takes what AVS starts with
			ctrl.LoggerFrom(ctx).V(1).Info("The storage policy of a datastore cannot be read", "datastore", ds.Name, "error", err)
			continue
		}
		s.factor[ref] = redundancy.Factor(express(inventory, ds), len(ds.Hosts))
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.sites == nil {
		f.sites = map[types.UID]site{}
	}
	f.sites[workload] = s
	return s, nil
}

// express says whether a datastore is of vSAN's Express Storage Architecture: its cluster tells.
func express(inventory *vcenter.Inventory, ds *vcenter.Datastore) bool {
	for _, c := range inventory.Clusters.All() {
		if c.ExpressStorage && slices.Contains(c.Datastores, ds.Ref) {
			return true
		}
	}
	return false
}
