// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package kinds

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/arm"
	"github.com/avs-operator/avs-operator/controllers/azure/body"
	"github.com/avs-operator/avs-operator/controllers/azure/kind"
	"github.com/avs-operator/avs-operator/controllers/connect"
	"github.com/avs-operator/avs-operator/controllers/outcome"
)

// machineList are the machines of a cluster as Azure lists them, and what vCenter says of those that Azure does not tell apart.
type machineList struct {
	cluster string
	byName  map[string][]*arm.Resource
	byRef   map[string]*arm.Resource
	// found are the managed object ids of what was asked of vCenter.
	found map[connect.MachineQuery][]string
}

// clusterMachines lists the machines of a cluster, by the ARM id of their collection. vCenter is asked only about those of members that the
// spec names by instanceUUID or tag.
func clusterMachines[T kind.Object](ctx context.Context, w kind.World[T], collection arm.ID, members ...v1alpha1.PlacementMember) (*machineList, *outcome.Outcome) {
	list, err := w.List(ctx, collection)
	if err != nil {
		return nil, connect.OutcomeOf(err)
	}
	out := &machineList{cluster: collection.Collection().Name(), byName: map[string][]*arm.Resource{}, byRef: map[string]*arm.Resource{}}
	for _, machine := range list {
		name := machine.String(displayName)
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

// machineQueries are the members that only vCenter knows.
func machineQueries(members []v1alpha1.PlacementMember) []connect.MachineQuery {
	var out []connect.MachineQuery
	for _, member := range members {
		if member.Name == "" {
			out = append(out, queryOf(member))
		}
	}
	return out
}

func queryOf(member v1alpha1.PlacementMember) connect.MachineQuery {
	if member.Tag != nil {
		return connect.MachineQuery{Category: member.Tag.Category, Tag: member.Tag.Name}
	}
	return connect.MachineQuery{InstanceUUID: strings.ToLower(member.InstanceUUID)}
}

// members are the ARM ids of a policy's machines, each once. What is missing or ambiguous is said by name.
func (l *machineList) members(p *v1alpha1.PlacementPolicy) ([]any, *outcome.Outcome) {
	var ids []string
	var missing, ambiguous []string
	for _, member := range p.Spec.VMMembers {
		machines := l.of(member)
		switch {
		case len(machines) == 0:
			missing = append(missing, wordsOf(member))
		case len(machines) > 1 && member.Tag == nil:
			ambiguous = append(ambiguous, fmt.Sprintf("%s (%s)", wordsOf(member), strings.Join(machinePlaces(machines), ", ")))
		}
		for _, machine := range machines {
			ids = append(ids, string(machine.ID))
		}
	}
	if len(ambiguous) > 0 {
		return nil, outcome.Stall(v1alpha1.ReasonAmbiguousMachine, "more than one machine in %s is meant by %s: name them by instanceUUID", l.cluster, strings.Join(ambiguous, "; "))
	}
	if len(missing) > 0 {
		return nil, outcome.Wait(v1alpha1.ReasonMachineNotFound, "no machine in %s is meant by %s: this goes on by itself when there is one; else correct vmMembers", l.cluster, strings.Join(missing, ", ")).
			In(time.Minute)
	}
	slices.Sort(ids)
	ids = slices.Compact(ids)
	if p.Spec.Type == "VmVm" && len(ids) < 2 {
		return nil, outcome.Wait(v1alpha1.ReasonMachineNotFound, "vmMembers mean only one machine in %s, and a policy of type VmVm needs two", l.cluster).In(time.Minute)
	}
	return body.List(ids), nil
}

// of are the machines of the cluster that a member means.
func (l *machineList) of(member v1alpha1.PlacementMember) []*arm.Resource {
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

func wordsOf(member v1alpha1.PlacementMember) string {
	switch {
	case member.Tag != nil:
		return "the tag " + member.Tag.Category + "/" + member.Tag.Name
	case member.InstanceUUID != "":
		return "the instanceUUID " + member.InstanceUUID
	}
	return "the name " + member.Name
}

// machinePlaces tell machines of one name apart.
func machinePlaces(machines []*arm.Resource) []string {
	var out []string
	for _, machine := range machines {
		out = append(out, machine.String("/properties/moRefId")+" in "+machine.String("/properties/folderPath"))
	}
	slices.Sort(out)
	return out
}
