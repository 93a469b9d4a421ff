// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package kinds

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/arm"
	"github.com/avs-operator/avs-operator/controllers/azure/body"
	"github.com/avs-operator/avs-operator/controllers/azure/diff"
	"github.com/avs-operator/avs-operator/controllers/azure/kind"
	"github.com/avs-operator/avs-operator/controllers/azure/kinds/ask"
	"github.com/avs-operator/avs-operator/controllers/connect/rulings"
	"github.com/avs-operator/avs-operator/controllers/outcome"
)

// +kubebuilder:rbac:groups=avs-operator.io,resources=vmgroups,verbs=get;list;watch;patch
// +kubebuilder:rbac:groups=avs-operator.io,resources=vmgroups/status,verbs=get;patch

// vmGroup is Microsoft.AVS/privateClouds/workloadNetworks/vmGroups.
var vmGroup = networkKind(kind.Kind[*v1alpha1.VMGroup]{
	Traits: kind.Traits{
		Name: "VMGroup", Segment: "vmGroups",
		Rules: diff.Rules{Sets: []string{members}},
	},
	New:       func() *v1alpha1.VMGroup { return &v1alpha1.VMGroup{} },
	Parent:    func(g *v1alpha1.VMGroup) kind.Parent { return kind.Parent{PrivateCloud: &g.Spec.PrivateCloudRef} },
	Desired:   vmGroupDesired,
	Observe:   vmGroupObserve,
	Resolve:   vmGroupResolve,
	MayDelete: vmGroupMayDelete,
})

const members = "/properties/members"

func vmGroupDesired(g *v1alpha1.VMGroup) map[string]any {
	properties := map[string]any{}
	body.Set(properties, "displayName", g.Spec.DisplayName)
	if len(g.Spec.Members) > 0 {
		properties["members"] = body.List(g.Spec.Members)
	}
	return map[string]any{"properties": properties}
}

func vmGroupObserve(g *v1alpha1.VMGroup, actual *arm.Resource) {
	g.Status.Members = int32(len(actual.Texts(members))) //nolint:gosec // at most 500
	g.Status.Status = actual.String("/properties/status")
}

// vmGroupResolve turns the machines' names into the ids by which NSX knows them.
func vmGroupResolve(ctx context.Context, w kind.World[*v1alpha1.VMGroup], desired map[string]any) *outcome.Outcome {
	nameAsInAzure(w, desired)
	if len(w.Object.Spec.Members) == 0 {
		return nil
	}
	machines, err := w.List(ctx, ask.Network(w.CloudID, "virtualMachines"))
	if err != nil {
		return rulings.OfAzure(err)
	}
	var ids []string
	for _, name := range w.Object.Spec.Members {
		id, o := machineID(machines, name)
		if o != nil {
			return o
		}
		if id = ask.AsAzureHas(id, w.Actual.Texts(members)); !ask.HasName(ids, id) {
			ids = append(ids, id)
		}
	}
	body.Properties(desired)["members"] = body.List(ids)
	return nil
}

// machineID is the id of the machine with a name, or with that id.
func machineID(machines []*arm.Resource, name string) (string, *outcome.Outcome) {
	var found []string
	for _, m := range machines {
		if strings.EqualFold(m.ID.Name(), ask.LastPart(name)) {
			return m.ID.Name(), nil
		}
		if m.String(ask.DisplayName) == name {
			found = append(found, m.ID.Name())
		}
	}
	switch len(found) {
	case 1:
		return found[0], nil
	case 0:
		return "", outcome.Wait(v1alpha1.ReasonMachineNotFound,
			"there is no machine %s in the private cloud: this goes on by itself when it is there, or take it out of members", name).
			About(v1alpha1.ConditionReferencesReady)
	}
	slices.Sort(found)
	return "", outcome.Stall(v1alpha1.ReasonAmbiguousMachine, "%d machines of the private cloud are named %s: name the one that is meant by its id, one of %s",
		len(found), name, strings.Join(found, ", ")).About(v1alpha1.ConditionReferencesReady)
}

// vmGroupMayDelete: not while a port mirroring profile names it, because Azure refuses that.
func vmGroupMayDelete(ctx context.Context, w kind.World[*v1alpha1.VMGroup]) *outcome.Outcome {
	profiles, err := w.List(ctx, ask.Network(w.CloudID, "portMirroringProfiles"))
	if err != nil {
		return rulings.OfAzure(err)
	}
	var names []string
	for _, p := range profiles {
		if ask.SameObject(p.String("/properties/source"), w.ID.Name()) || ask.SameObject(p.String("/properties/destination"), w.ID.Name()) {
			names = append(names, p.Name)
		}
	}
	if len(names) > 0 {
		return outcome.Wait(v1alpha1.ReasonDependentsExist, "port mirroring profile %s still uses it: delete that first, or have it use another group",
			strings.Join(names, ", ")).In(time.Minute)
	}
	return nil
}
