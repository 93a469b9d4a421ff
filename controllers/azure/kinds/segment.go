// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package kinds

import (
	"context"
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

// +kubebuilder:rbac:groups=avs-operator.io,resources=segments,verbs=get;list;watch;patch
// +kubebuilder:rbac:groups=avs-operator.io,resources=segments/status,verbs=get;patch

// segment is Microsoft.AVS/privateClouds/workloadNetworks/segments.
var segment = networkKind(kind.Kind[*v1alpha1.Segment]{
	Traits: kind.Traits{
		Name: "Segment", Segment: "segments",
		Rules:     diff.Rules{Sets: []string{"/properties/subnet/dhcpRanges"}, IgnoreCase: []string{connectedGateway}},
		Immutable: []string{connectedGateway},
		ReadOnly:  []string{"/properties/portVif"},
		Defaults:  map[string]any{"/properties/subnet/dhcpRanges": []any{}},
	},
	New:       func() *v1alpha1.Segment { return &v1alpha1.Segment{} },
	Parent:    func(s *v1alpha1.Segment) kind.Parent { return kind.Parent{PrivateCloud: &s.Spec.PrivateCloudRef} },
	Desired:   segmentDesired,
	Observe:   segmentObserve,
	Resolve:   segmentResolve,
	MayDelete: segmentMayDelete,
})

const connectedGateway = "/properties/connectedGateway"

func segmentDesired(s *v1alpha1.Segment) map[string]any {
	properties := map[string]any{}
	body.Set(properties, "displayName", s.Spec.DisplayName)
	body.Set(properties, "connectedGateway", s.Spec.ConnectedGateway)
	if s.Spec.Subnet != nil {
		subnet := map[string]any{"gatewayAddress": s.Spec.Subnet.GatewayAddress}
		if s.Spec.Subnet.DHCPRanges != nil {
			subnet["dhcpRanges"] = body.List(s.Spec.Subnet.DHCPRanges)
		}
		properties["subnet"] = subnet
	}
	return map[string]any{"properties": properties}
}

func segmentObserve(s *v1alpha1.Segment, actual *arm.Resource) {
	s.Status.ConnectedGateway = actual.String(connectedGateway)
	s.Status.Ports = int32(ports(actual)) //nolint:gosec // NSX has at most some thousands
	s.Status.Status = actual.String("/properties/status")
}

func ports(actual *arm.Resource) int {
	value, _ := actual.Value("/properties/portVif")
	used, _ := value.([]any)
	return len(used)
}

// segmentResolve finds the gateway: Azure needs one, takes a name or a path in NSX, and shows either.
func segmentResolve(ctx context.Context, w kind.World[*v1alpha1.Segment], desired map[string]any) *outcome.Outcome {
	nameAsInAzure(w, desired)
	properties, asked, have := body.Properties(desired), w.Object.Spec.ConnectedGateway, w.Actual.String(connectedGateway)
	switch {
	case have != "" && (asked == "" || ask.SameObject(asked, have)):
		properties["connectedGateway"] = have
		return nil
	case strings.Contains(asked, "/"):
		return nil // a path, as NSX knows it
	}
	gateways, err := w.List(ctx, ask.Network(w.CloudID, "gateways"))
	if err != nil {
		return rulings.OfAzure(err)
	}
	gateway, o := chooseGateway(gateways, asked)
	if o == nil {
		properties["connectedGateway"] = gateway
	}
	return o
}

// chooseGateway is the gateway with the name, or the one of tier 1 that a private cloud comes with: those have TNT in their names.
func chooseGateway(gateways []*arm.Resource, asked string) (string, *outcome.Outcome) {
	var names, found []string
	for _, g := range gateways {
		name, path := g.String(ask.DisplayName), g.String("/properties/path")
		if name == "" {
			name = g.Name
		}
		tier1 := strings.Contains(path, "/tier-1s/") || path == "" && strings.Contains(strings.ToUpper(name), "-T1")
		if !tier1 {
			continue
		}
		names = append(names, name)
		if asked == "" && strings.Contains(strings.ToUpper(name), "TNT") || asked != "" && (strings.EqualFold(name, asked) || strings.EqualFold(g.Name, asked)) {
			if path == "" {
				path = g.Name
			}
			found = append(found, path)
		}
	}
	switch {
	case len(found) == 1:
		return found[0], nil
	case len(found) > 1:
		return "", outcome.Stall(v1alpha1.ReasonInvalidSpec, "there are several gateways that it could be connected to: set connectedGateway to one of %s",
			strings.Join(found, ", "))
	case asked == "":
		asked = "with TNT in its name"
	}
	return "", outcome.Wait(v1alpha1.ReasonReferenceNotFound,
		"there is no gateway of tier 1 %s in the private cloud: set connectedGateway to one that is there (%s)",
		asked, strings.Join(names, ", ")).About(v1alpha1.ConditionReferencesReady).In(time.Minute)
}

// segmentMayDelete: not while machines are connected to it.
func segmentMayDelete(_ context.Context, w kind.World[*v1alpha1.Segment]) *outcome.Outcome {
	if n := ports(w.Actual); n > 0 {
		return outcome.Wait(v1alpha1.ReasonPortsInUse,
			"%d of its ports are in use: it is deleted when the last machine is disconnected from it or moved away", n).In(time.Minute)
	}
	return nil
}
