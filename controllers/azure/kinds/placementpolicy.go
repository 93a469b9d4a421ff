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
	"github.com/avs-operator/avs-operator/controllers/azure/diff"
	"github.com/avs-operator/avs-operator/controllers/azure/kind"
	"github.com/avs-operator/avs-operator/controllers/azure/kinds/ask"
	"github.com/avs-operator/avs-operator/controllers/azure/kinds/hosts"
	"github.com/avs-operator/avs-operator/controllers/azure/lane"
	"github.com/avs-operator/avs-operator/controllers/connect/rulings"
	"github.com/avs-operator/avs-operator/controllers/outcome"
	"github.com/avs-operator/avs-operator/controllers/status"
)

// +kubebuilder:rbac:groups=avs-operator.io,resources=placementpolicies,verbs=get;list;watch;patch
// +kubebuilder:rbac:groups=avs-operator.io,resources=placementpolicies/status,verbs=get;patch

// placementPolicy is Microsoft.AVS/privateClouds/clusters/placementPolicies.
var placementPolicy = kind.Kind[*v1alpha1.PlacementPolicy]{
	Traits: kind.Traits{
		Name: "PlacementPolicy", Segment: "placementPolicies", InCluster: true, Lane: lane.Hosts,
		Mended: kind.ByPUT,
		Rules: diff.Rules{
			Sets:       []string{vmMembers, "/properties/hostMembers"},
			IgnoreCase: []string{"/properties/hostMembers/*", "/properties/type", "/properties/affinityType"},
		},
		Immutable: []string{"/properties/type", "/properties/affinityType", ask.DisplayName},
		Defaults: map[string]any{
			"/properties/state": "Enabled", "/properties/affinityStrength": "Should", "/properties/azureHybridBenefitType": "None",
		},
	},
	New: func() *v1alpha1.PlacementPolicy { return &v1alpha1.PlacementPolicy{} },
	Parent: func(p *v1alpha1.PlacementPolicy) kind.Parent {
		return kind.Parent{PrivateCloud: p.Spec.PrivateCloudRef, Cluster: p.Spec.ClusterRef}
	},
	Desired:  placementPolicyDesired,
	Observe:  placementPolicyObserve,
	Resolve:  placementPolicyResolve,
	MayWrite: placementPolicyMayWrite,
	Report:   placementPolicyReport,
	Expect:   func(arm.Verb, *v1alpha1.PlacementPolicy) kind.Expectation { return updateExpected },
}

const vmMembers = "/properties/vmMembers"

// placementPolicyDesired is without the members: Resolve finds their ids.
func placementPolicyDesired(p *v1alpha1.PlacementPolicy) map[string]any {
	properties := map[string]any{}
	body.Set(properties, "type", p.Spec.Type)
	body.Set(properties, "affinityType", p.Spec.AffinityType)
	body.Set(properties, "state", p.Spec.State)
	body.Set(properties, "displayName", p.Spec.DisplayName)
	body.Set(properties, "affinityStrength", p.Spec.AffinityStrength)
	body.Set(properties, "azureHybridBenefitType", p.Spec.AzureHybridBenefitType)
	return map[string]any{"properties": properties}
}

func placementPolicyObserve(p *v1alpha1.PlacementPolicy, actual *arm.Resource) {
	p.Status.VMMembers = nil
	for _, id := range actual.Texts(vmMembers) {
		p.Status.VMMembers = append(p.Status.VMMembers, arm.ID(id).Name())
	}
	p.Status.State = actual.String("/properties/state")
}

// placementPolicyResolve finds the machines and hosts that the spec names, as Azure lists them.
func placementPolicyResolve(ctx context.Context, w kind.World[*v1alpha1.PlacementPolicy], desired map[string]any) *outcome.Outcome {
	properties := body.Properties(desired)
	if len(w.Object.Spec.VMMembers) > 0 {
		machines, o := ask.ClusterMachines(ctx, w, w.ClusterID+"/virtualMachines", w.Object.Spec.VMMembers...)
		if o != nil {
			return o
		}
		ids, o := placementPolicyMembers(machines, w.Object)
		if o != nil {
			return o
		}
		properties["vmMembers"] = ids
	}
	if len(w.Object.Spec.HostMembers) > 0 {
		all, err := w.List(ctx, w.ClusterID+"/hosts")
		if err != nil {
			return rulings.OfAzure(err)
		}
		names, o := hostMembers(w.Object.Spec.HostMembers, all)
		if o != nil {
			return o
		}
		properties["hostMembers"] = names
	}
	return nil
}

// placementPolicyMembers are the ARM ids of a policy's machines, each once. What is missing or ambiguous is said by name.
func placementPolicyMembers(l *ask.Machines, p *v1alpha1.PlacementPolicy) ([]any, *outcome.Outcome) {
	var ids []string
	var missing, ambiguous []string
	for _, member := range p.Spec.VMMembers {
		machines := l.Of(member)
		switch {
		case len(machines) == 0:
			missing = append(missing, ask.MemberWords(member))
		case len(machines) > 1 && member.Tag == nil:
			ambiguous = append(ambiguous, fmt.Sprintf("%s (%s)", ask.MemberWords(member), strings.Join(ask.Places(machines), ", ")))
		}
		for _, machine := range machines {
			ids = append(ids, string(machine.ID))
		}
	}
	if len(ambiguous) > 0 {
		return nil, outcome.Stall(v1alpha1.ReasonAmbiguousMachine, "more than one machine in %s is meant by %s: name them by instanceUUID", l.Cluster,
			strings.Join(ambiguous, "; "))
	}
	if len(missing) > 0 {
		return nil, outcome.Wait(v1alpha1.ReasonMachineNotFound,
			"no machine in %s is meant by %s: this goes on by itself when there is one; else correct vmMembers", l.Cluster, strings.Join(missing, ", ")).
			In(time.Minute)
	}
	slices.Sort(ids)
	ids = slices.Compact(ids)
	if p.Spec.Type == "VmVm" && len(ids) < 2 {
		return nil, outcome.Wait(v1alpha1.ReasonMachineNotFound, "vmMembers mean only one machine in %s, and a policy of type VmVm needs two",
			l.Cluster).In(time.Minute)
	}
	return body.List(ids), nil
}

// hostMembers are hosts by the name that Azure gives them. One that is not there may have been replaced by another.
func hostMembers(wanted []string, all []*arm.Resource) ([]any, *outcome.Outcome) {
	var out []any
	var missing, there []string
	for _, host := range all {
		there = append(there, host.String("/properties/fqdn"))
	}
	slices.Sort(there)
	for _, name := range wanted {
		at := slices.IndexFunc(there, func(host string) bool { return hosts.Same(name, host) })
		if at < 0 {
			missing = append(missing, name)
			continue
		}
		out = append(out, there[at])
	}
	if len(missing) > 0 {
		return nil, outcome.Wait(v1alpha1.ReasonHostNotFound,
			"not a host of the cluster: %s. Azure replaces hosts that fail; correct hostMembers. The cluster has %s",
			strings.Join(missing, ", "), strings.Join(there, ", ")).In(time.Minute)
	}
	return out, nil
}

// placementPolicyMayWrite: machines that are kept apart need a host each, else Azure refuses the policy. Hosts may be on their way.
func placementPolicyMayWrite(ctx context.Context, w kind.World[*v1alpha1.PlacementPolicy], intent kind.Intent) *outcome.Outcome {
	places := intent.Verb == arm.PUT || intent.Touches(vmMembers)
	if !places || w.Object.Spec.Type != "VmVm" || w.Object.Spec.AffinityType != "AntiAffinity" {
		return nil // a policy that has become too large may still be disabled
	}
	there, err := w.List(ctx, w.ClusterID+"/hosts")
	if err != nil {
		return ask.Unseen("whether the cluster has a host for each machine", err)
	}
	if machines := len((&arm.Resource{Body: intent.Desired}).Texts(vmMembers)); machines > len(there) {
		return outcome.Wait(v1alpha1.ReasonPlacementNeedsHosts,
			"%d machines that are kept apart need a host each, and %s has %d: make it larger, or take machines out of vmMembers. This goes on by itself when "+
				"there are enough",
			machines, w.ClusterID.Name(), len(there)).In(time.Minute)
	}
	return nil
}

// placementPolicyReport has tags and identities looked up again: vCenter tells nobody that they changed.
func placementPolicyReport(_ context.Context, w kind.World[*v1alpha1.PlacementPolicy], _ time.Time) ([]status.Fact, time.Duration) {
	if !ask.NeedsVCenter(w.Object.Spec.VMMembers) {
		return nil, 0
	}
	return nil, w.VCenters.AnswersFor()
}
