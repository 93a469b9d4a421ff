// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package kinds

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/arm"
	"github.com/avs-operator/avs-operator/controllers/azure/guards"
	"github.com/avs-operator/avs-operator/controllers/azure/tree"
	"github.com/avs-operator/avs-operator/controllers/outcome"
)

// resizing is a change of the number of hosts of one cluster.
type resizing struct {
	client *arm.Client
	// object is the private cloud in Kubernetes, cloud what Azure has of it, or would have.
	object *v1alpha1.PrivateCloud
	cloud  *arm.Resource
	// cloudID and id of the cluster, which may be that of Cluster-1.
	cloudID, id arm.ID
	sku         string
	// from 0: the cluster is not there yet.
	from, to int
	hosts    []string
	first    []string
	// vsan is the name of its datastore.
	vsan string
	// confirmed is the annotation about storage policies, on for the object that has it.
	confirmed, on string
}

func (r resizing) name() string { return r.id.Name() }

func (r resizing) stretched() bool {
	return strings.EqualFold(r.cloud.String("/properties/availability/strategy"), "DualZone") || len(r.cloud.Texts("/zones")) == 2
}

// zone that the first hosts stand in, 0 if Azure chooses.
func (r resizing) zone() int {
	if zones := r.cloud.Texts("/zones"); len(zones) > 0 {
		zone, _ := strconv.Atoi(zones[0])
		return zone
	}
	return int(r.cloud.Int("/properties/availability/zone"))
}

func (r resizing) wanted() guards.Wanted {
	return guards.Wanted{SKU: r.sku, Location: r.cloud.String("/location"), Zone: r.zone(), Cluster: !r.isFirst()}
}

// allowed asks all guards of a change of size.
func (r resizing) allowed(ctx context.Context) *outcome.Outcome {
	if o := refusedBy(guards.Even(r.name(), r.stretched(), r.to)); o != nil {
		return o
	}
	if r.to > r.from {
		return r.growth(ctx)
	}
	return r.loss(ctx)
}

// growth asks what stands in the way of more hosts: first what only an edit can change, then what somebody has to give, last what passes.
func (r resizing) growth(ctx context.Context) *outcome.Outcome {
	clusters, err := r.siblings(ctx)
	if err != nil {
		return unseen("how many hosts the private cloud has", err)
	}
	pools := r.after(clusters)
	if o := refusedBy(guards.Within(pools)); o != nil {
		return o
	}
	if o := r.beside(); o != nil {
		return o
	}
	skus, err := catalogue(ctx, r.client, r.cloudID)
	if err != nil {
		return unseen("which SKUs the subscription is offered", err)
	}
	if o := r.offered(skus); o != nil {
		return o
	}
	if o := r.licensed(ctx, guards.CoresOf(skus, pools)); o != nil {
		return o
	}
	left, err := quota(ctx, r.client, r.cloudID, r.wanted())
	if err != nil {
		return unseen("the host quota of the subscription", err)
	}
	if o := refusedBy(left.Allows(skus, r.wanted(), r.to-r.from)); o != nil {
		return o
	}
	return r.quiet(ctx)
}

// offered asks whether a new cluster can have the SKU, in each zone that it would be in.
func (r resizing) offered(skus guards.Catalogue) *outcome.Outcome {
	if r.from > 0 {
		return nil
	}
	second := r.wanted()
	if zone := int(r.cloud.Int("/properties/availability/secondaryZone")); zone > 0 {
		second.Zone = zone
	}
	return refusedBy(guards.First(skus.Offered(r.wanted()), skus.Offered(second)))
}

// siblings are the clusters that the private cloud has now; one that is not there yet has none.
func (r resizing) siblings(ctx context.Context) ([]*arm.Resource, error) {
	if r.new() {
		return nil, nil
	}
	return clustersOf(ctx, r.client, r.cloudID)
}

// isFirst says that it is the cluster that comes with the private cloud.
func (r resizing) isFirst() bool { return strings.EqualFold(r.name(), tree.Cluster1) }

// new says that the private cloud itself is to be made.
func (r resizing) new() bool { return r.from == 0 && r.isFirst() }

// after is the private cloud as it would be.
func (r resizing) after(clusters []*arm.Resource) []guards.Pool {
	pools := poolsOf(r.cloud, clusters)
	at := slices.IndexFunc(pools, func(p guards.Pool) bool { return strings.EqualFold(p.Cluster, r.name()) })
	if at < 0 {
		return append(pools, guards.Pool{Cluster: r.name(), SKU: r.sku, Hosts: r.to})
	}
	pools[at] = guards.Pool{Cluster: r.name(), SKU: r.sku, Hosts: r.to}
	return pools
}

// beside asks whether hosts of this SKU can stand in the private cloud.
func (r resizing) beside() *outcome.Outcome {
	if r.isFirst() {
		return nil
	}
	e := guards.Extension{
		SKU: r.sku, First: r.cloud.String(tree.SKU), FirstHosts: int(r.cloud.Int(tree.SizeOfCluster1)),
		SecondGeneration: r.cloud.String("/properties/virtualNetworkId") != "", ExtendedBlocks: r.cloud.Texts(extendedBlocks),
	}
	refusal := e.Fits()
	if refusal == nil {
		return nil
	}
	for _, block := range r.object.Spec.ExtendedNetworkBlocks {
		e.ExtendedBlocks = append(e.ExtendedBlocks, string(block))
	}
	if e.Fits() == nil {
		return promised(refusal, r.object)
	}
	return refusedBy(refusal)
}

// licensed asks whether the licences that Azure has cover the cores.
func (r resizing) licensed(ctx context.Context, needed guards.Cores) *outcome.Outcome {
	if _, there := r.cloud.Value(vcfLicense); there {
		has := guards.License{Name: nameOfVCF, Cores: int(r.cloud.Int(vcfLicense + "/cores"))}
		if refusal := has.Covers(needed, "vcfLicense of the PrivateCloud"); refusal != nil {
			if asked := r.object.Spec.VCFLicense; asked != nil && !r.new() && (guards.License{Cores: int(asked.Cores)}).Covers(needed, "") == nil {
				return promised(refusal, r.object)
			}
			return refusedBy(refusal)
		}
	}
	if r.new() {
		return nil
	}
	firewall, err := r.client.Get(ctx, r.cloudID.Child("licenses", "VmwareFirewall"))
	if arm.ClassOf(err) == arm.NotFound {
		return nil
	}
	if err != nil {
		return unseen("whether the firewall's licence covers the hosts", err)
	}
	has := guards.License{Name: "the licence of the firewall", Cores: int(firewall.Int("/properties/cores"))}
	return refusedBy(has.FirewallCovers(needed, "the License"))
}

// nameOfVCF is how people call it.
const nameOfVCF = "the licence of VMware Cloud Foundation"

// quiet asks whether Microsoft works on the private cloud or on the cluster.
func (r resizing) quiet(ctx context.Context) *outcome.Outcome {
	if r.new() {
		return nil
	}
	all, err := announced(ctx, r.client, r.cloudID)
	if err != nil {
		return unseen("whether a maintenance is in progress", err)
	}
	var hosts []guards.Host
	if r.from > 0 {
		if hosts, err = hostsIn(ctx, r.client, r.id); err != nil {
			return unseen("whether hosts are under maintenance", err)
		}
	}
	return refusedBy(guards.Quiet(hosts, all))
}

// loss asks what needs the hosts that are to leave.
func (r resizing) loss(ctx context.Context) *outcome.Outcome {
	s := guards.Shrink{Cluster: r.name(), From: r.from, To: r.to, Hosts: r.hosts, First: r.first}
	confirmed, _ := strconv.Atoi(r.confirmed)
	how := fmt.Sprintf("the annotation %s=%d on %s", v1alpha1.AnnotationConfirmTolerance, r.to, r.on)
	if o := refusedBy(guards.First(s.Named(), s.Tolerates(confirmed, how))); o != nil {
		return o
	}
	policies, err := policiesOf(ctx, r.client, r.id)
	if err != nil {
		return unseen("which placement policies need the hosts", err)
	}
	if o := refusedBy(s.Placed(policies)); o != nil {
		return o
	}
	store, err := measured(ctx, r.client, r.cloudID, r.vsan, time.Now())
	if err != nil {
		return unseen("how full the datastore is", err)
	}
	if o := refusedBy(s.Stored(store)); o != nil {
		return o
	}
	return r.quiet(ctx)
}

// leaveFirst are the hosts that the spec names.
func leaveFirst(scaleIn *v1alpha1.ScaleIn) []string {
	if scaleIn == nil {
		return nil
	}
	return scaleIn.Hosts
}
