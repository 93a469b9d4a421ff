// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package ask

import (
	"context"
	"slices"
	"strings"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/arm"
	"github.com/avs-operator/avs-operator/controllers/azure/kind"
	"github.com/avs-operator/avs-operator/controllers/connect/rulings"
	"github.com/avs-operator/avs-operator/controllers/connect/vcenters"
	"github.com/avs-operator/avs-operator/controllers/outcome"
)

// Machines are the machines of a cluster as Azure lists them, and what vCenter says of those that Azure does not tell apart.
type Machines struct {
	// Cluster is the name of the cluster.
	Cluster string
	byName  map[string][]*arm.Resource
	byRef   map[string]*arm.Resource
	// found are the managed object ids of what was asked of vCenter.
	found map[vcenters.MachineQuery][]string
}

// ClusterMachines lists the machines of a cluster, by the ARM id of their collection. vCenter is asked only about those of members that the
// spec names by instanceUUID or tag.
func ClusterMachines[T kind.Object](
	ctx context.Context, w kind.World[T], collection arm.ID, members ...v1alpha1.PlacementMember,
) (*Machines, *outcome.Outcome) {
	list, err := w.List(ctx, collection)
	if err != nil {
		return nil, rulings.OfAzure(err)
	}
	out := &Machines{Cluster: collection.Collection().Name(), byName: map[string][]*arm.Resource{}, byRef: map[string]*arm.Resource{}}
	for _, machine := range list {
		name := machine.String(DisplayName)
		out.byName[name] = append(out.byName[name], machine)
		out.byRef[machine.String("/properties/moRefId")] = machine
	}
	queries := machineQueries(members)
	if len(queries) == 0 {
		return out, nil
	}
	var o *outcome.Outcome
	if out.found, o = w.VCenters.FindMachines(ctx, w.ARM, w.Cloud, queries); o != nil {
		o.Message = "machines cannot be looked up in vCenter: " + o.Message
		return nil, o
	}
	return out, nil
}

// NeedsVCenter says that some members are named by what only vCenter knows.
func NeedsVCenter(members []v1alpha1.PlacementMember) bool { return len(machineQueries(members)) > 0 }

// machineQueries are the members that only vCenter knows.
func machineQueries(members []v1alpha1.PlacementMember) []vcenters.MachineQuery {
	var out []vcenters.MachineQuery
	for _, member := range members {
		if member.Name == "" {
			out = append(out, queryOf(member))
		}
	}
	return out
}

func queryOf(member v1alpha1.PlacementMember) vcenters.MachineQuery {
	if member.Tag != nil {
		return vcenters.MachineQuery{Category: member.Tag.Category, Tag: member.Tag.Name}
	}
	return vcenters.MachineQuery{InstanceUUID: strings.ToLower(member.InstanceUUID)}
}

// Of are the machines of the cluster that a member means.
func (l *Machines) Of(member v1alpha1.PlacementMember) []*arm.Resource {
	if member.Name != "" {
		return l.byName[member.Name]
	}
	var out []*arm.Resource
	for _, ref := range l.found[queryOf(member)] {
		if machine := l.byRef[ref]; machine != nil {
			out = append(out, machine)
		}
	}
	return out
}

// MemberWords name a member for the reader, by what the spec names it by.
func MemberWords(member v1alpha1.PlacementMember) string {
	switch {
	case member.Tag != nil:
		return "the tag " + member.Tag.Category + "/" + member.Tag.Name
	case member.InstanceUUID != "":
		return "the instanceUUID " + member.InstanceUUID
	}
	return "the name " + member.Name
}

// Places tell machines of one name apart.
func Places(machines []*arm.Resource) []string {
	var out []string
	for _, machine := range machines {
		out = append(out, machine.String("/properties/moRefId")+" in "+machine.String("/properties/folderPath"))
	}
	slices.Sort(out)
	return out
}
