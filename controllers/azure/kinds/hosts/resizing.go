// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package hosts is about the hosts of clusters: what stands in the way of more or fewer, which leave first, and how much room is left.
package hosts

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
	"github.com/avs-operator/avs-operator/controllers/azure/kinds/ask"
	"github.com/avs-operator/avs-operator/controllers/azure/tree"
	"github.com/avs-operator/avs-operator/controllers/outcome"
)

// Resizing is a change of the number of hosts of one cluster.
type Resizing struct {
	// Client asks the Azure that the private cloud is in.
	Client *arm.Client
	// Object is the private cloud in Kubernetes, Cloud what Azure has of it, or would have.
	Object *v1alpha1.PrivateCloud
	Cloud  *arm.Resource
	// CloudID is the ARM id of the private cloud, ID that of the cluster, which may be Cluster-1.
	CloudID, ID arm.ID
	// SKU of the hosts.
	SKU string
	// From and To are numbers of hosts; From 0: the cluster is not there yet.
	From, To int
	// Hosts are the names of those that it has.
	Hosts []string
	// First names those that leave first; nil: Azure chooses.
	First *v1alpha1.ScaleIn
	// VSAN is the name of its datastore.
	VSAN string
	// Confirmed is the annotation about storage policies, and Owner what people call the object that has it.
	Confirmed, Owner string
}

func (r Resizing) name() string { return r.ID.Name() }

func (r Resizing) first() []string {
	if r.First == nil {
		return nil
	}
	return r.First.Hosts
}

func (r Resizing) stretched() bool {
	return strings.EqualFold(r.Cloud.String("/properties/availability/strategy"), "DualZone") || len(r.Cloud.Texts("/zones")) == 2
}

// zone that the first hosts stand in, 0 if Azure chooses.
func (r Resizing) zone() int {
	if zones := r.Cloud.Texts("/zones"); len(zones) > 0 {
		zone, _ := strconv.Atoi(zones[0])
		return zone
	}
	return int(r.Cloud.Int("/properties/availability/zone"))
}

func (r Resizing) wanted() guards.Wanted {
	return guards.Wanted{SKU: r.SKU, Location: r.Cloud.String("/location"), Zone: r.zone(), Cluster: !r.isFirst()}
}

// Allowed asks all guards of a change of size; nil: none of them has anything against it.
func (r Resizing) Allowed(ctx context.Context) *outcome.Outcome {
	if o := ask.RefusedBy(guards.Even(r.name(), r.stretched(), r.To)); o != nil {
		return o
	}
	if r.To > r.From {
		return r.growth(ctx)
	}
	return r.loss(ctx)
}

// growth asks what stands in the way of more hosts: first what only an edit can change, then what somebody has to give, last what passes.
func (r Resizing) growth(ctx context.Context) *outcome.Outcome {
	clusters, err := r.siblings(ctx)
	if err != nil {
		return ask.Unseen("how many hosts the private cloud has", err)
	}
	pools := r.after(clusters)
	if o := ask.RefusedBy(guards.Within(pools)); o != nil {
		return o
	}
	if o := r.beside(); o != nil {
		return o
	}
	skus, err := ask.Catalogue(ctx, r.Client, r.CloudID)
	if err != nil {
		return ask.Unseen("which SKUs the subscription is offered", err)
	}
	if o := r.offered(skus); o != nil {
		return o
	}
	if o := r.licensed(ctx, guards.CoresOf(skus, pools)); o != nil {
		return o
	}
	left, err := ask.Quota(ctx, r.Client, r.CloudID, r.wanted())
	if err != nil {
		return ask.Unseen("the host quota of the subscription", err)
	}
	if o := ask.RefusedBy(left.Allows(skus, r.wanted(), r.To-r.From)); o != nil {
		return o
	}
	return r.quiet(ctx)
}

// offered asks whether a new cluster can have the SKU, in each zone that it would be in.
func (r Resizing) offered(skus guards.Catalogue) *outcome.Outcome {
	if r.From > 0 {
		return nil
	}
	second := r.wanted()
	if zone := int(r.Cloud.Int("/properties/availability/secondaryZone")); zone > 0 {
		second.Zone = zone
	}
	return ask.RefusedBy(guards.First(skus.Offered(r.wanted()), skus.Offered(second)))
}

// siblings are the clusters that the private cloud has now; one that is not there yet has none.
func (r Resizing) siblings(ctx context.Context) ([]*arm.Resource, error) {
	if r.new() {
		return nil, nil
	}
	return ask.Clusters(ctx, r.Client, r.CloudID)
}

// isFirst says that it is the cluster that comes with the private cloud.
func (r Resizing) isFirst() bool { return strings.EqualFold(r.name(), tree.Cluster1) }

// new says that the private cloud itself is to be made.
func (r Resizing) new() bool { return r.From == 0 && r.isFirst() }

// after is the private cloud as it would be.
func (r Resizing) after(clusters []*arm.Resource) []guards.Pool {
	pools := Pools(r.Cloud, clusters)
	at := slices.IndexFunc(pools, func(p guards.Pool) bool { return strings.EqualFold(p.Cluster, r.name()) })
	if at < 0 {
		return append(pools, guards.Pool{Cluster: r.name(), SKU: r.SKU, Hosts: r.To})
	}
	pools[at] = guards.Pool{Cluster: r.name(), SKU: r.SKU, Hosts: r.To}
	return pools
}

// beside asks whether hosts of this SKU can stand in the private cloud.
func (r Resizing) beside() *outcome.Outcome {
	if r.isFirst() {
		return nil
	}
	e := guards.Extension{
		SKU: r.SKU, First: r.Cloud.String(tree.SKU), FirstHosts: int(r.Cloud.Int(tree.SizeOfCluster1)),
		SecondGeneration: r.Cloud.String("/properties/virtualNetworkId") != "", ExtendedBlocks: r.Cloud.Texts(ask.ExtendedBlocks),
	}
	refusal := e.Fits()
	if refusal == nil {
		return nil
	}
	for _, block := range r.Object.Spec.ExtendedNetworkBlocks {
		e.ExtendedBlocks = append(e.ExtendedBlocks, string(block))
	}
	if e.Fits() == nil {
		return promised(refusal, r.Object)
	}
	return ask.RefusedBy(refusal)
}

// licensed asks whether the licences that Azure has cover the cores.
func (r Resizing) licensed(ctx context.Context, needed guards.Cores) *outcome.Outcome {
	if has, there := License(r.Cloud); there {
		if refusal := has.Covers(needed, "vcfLicense of the PrivateCloud"); refusal != nil {
			if asked := r.Object.Spec.VCFLicense; asked != nil && !r.new() && (guards.License{Cores: int(asked.Cores)}).Covers(needed, "") == nil {
				return promised(refusal, r.Object)
			}
			return ask.RefusedBy(refusal)
		}
	}
	if r.new() {
		return nil
	}
	firewall, err := r.Client.Get(ctx, r.CloudID.Child("licenses", "VmwareFirewall"))
	if arm.ClassOf(err) == arm.NotFound {
		return nil
	}
	if err != nil {
		return ask.Unseen("whether the firewall's licence covers the hosts", err)
	}
	has := guards.License{Name: "the licence of the firewall", Cores: int(firewall.Int("/properties/cores"))}
	return ask.RefusedBy(has.FirewallCovers(needed, "the License"))
}

// promised makes a wait of a refusal: the spec of the private cloud already asks for what is missing, so it comes by itself.
func promised(refusal *guards.Refusal, cloud *v1alpha1.PrivateCloud) *outcome.Outcome {
	if waits := tree.NotReadyYet("PrivateCloud", cloud.Name, cloud); tree.StalledFor(cloud.AzureStatus()) != "" {
		waits.Message = refusal.Message + ". It asks for that already, but " + waits.Message
		return waits.In(time.Minute)
	}
	return outcome.Wait(v1alpha1.ReasonReferenceNotReady, "%s. PrivateCloud %s asks for that already; this goes on by itself when Azure has it",
		refusal.Message, cloud.Name).In(time.Minute)
}

// quiet asks whether Microsoft works on the private cloud or on the cluster.
func (r Resizing) quiet(ctx context.Context) *outcome.Outcome {
	if r.new() {
		return nil
	}
	all, err := ask.Maintenances(ctx, r.Client, r.CloudID)
	if err != nil {
		return ask.Unseen("whether a maintenance is in progress", err)
	}
	var hosts []guards.Host
	if r.From > 0 {
		if hosts, err = ask.Hosts(ctx, r.Client, r.ID); err != nil {
			return ask.Unseen("whether hosts are under maintenance", err)
		}
	}
	return ask.RefusedBy(guards.Quiet(hosts, all))
}

// loss asks what needs the hosts that are to leave.
func (r Resizing) loss(ctx context.Context) *outcome.Outcome {
	s := guards.Shrink{Cluster: r.name(), From: r.From, To: r.To, Hosts: r.Hosts, First: r.first()}
	confirmed, _ := strconv.Atoi(r.Confirmed)
	how := fmt.Sprintf("the annotation %s=%d on %s", v1alpha1.AnnotationConfirmTolerance, r.To, r.Owner)
	if o := ask.RefusedBy(guards.First(s.Named(), s.Tolerates(confirmed, how))); o != nil {
		return o
	}
	policies, err := ask.Policies(ctx, r.Client, r.ID)
	if err != nil {
		return ask.Unseen("which placement policies need the hosts", err)
	}
	if o := ask.RefusedBy(s.Placed(policies)); o != nil {
		return o
	}
	store, err := ask.Datastore(ctx, r.Client, r.CloudID, r.VSAN, time.Now())
	if err != nil {
		return ask.Unseen("how full the datastore is", err)
	}
	if o := ask.RefusedBy(s.Stored(store)); o != nil {
		return o
	}
	return r.quiet(ctx)
}
