// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package kinds

import (
	"context"
	"strings"
	"time"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/arm"
	"github.com/avs-operator/avs-operator/controllers/azure"
	"github.com/avs-operator/avs-operator/controllers/azure/diff"
	"github.com/avs-operator/avs-operator/controllers/azure/lane"
	"github.com/avs-operator/avs-operator/controllers/connect"
	"github.com/avs-operator/avs-operator/controllers/outcome"
)

// +kubebuilder:rbac:groups=avs-operator.io,resources=privateclouds,verbs=get;list;watch;patch
// +kubebuilder:rbac:groups=avs-operator.io,resources=privateclouds/status,verbs=get;patch
// +kubebuilder:rbac:groups=avs-operator.io,resources=privateclouds/finalizers,verbs=update

// privateCloud is Microsoft.AVS/privateClouds.
type privateCloud struct{}

const sizeOfCluster1 = "/properties/managementCluster/clusterSize"

func (privateCloud) Traits() azure.Traits {
	return azure.Traits{
		Name: "PrivateCloud", Segment: "privateClouds", Lane: lane.Hosts, Expensive: true, Tagged: true,
		Rules:     diff.Rules{IgnoreCase: []string{"/sku/name"}},
		Immutable: []string{"/location", "/sku", "/properties/networkBlock", "/properties/availability"},
		Defaults:  map[string]any{"/properties/internet": "Disabled"},
	}
}

func (privateCloud) New() *v1alpha1.PrivateCloud { return &v1alpha1.PrivateCloud{} }

func (privateCloud) IdentityRef(c *v1alpha1.PrivateCloud) *v1alpha1.ObjectReference {
	return c.Spec.IdentityRef
}

func (privateCloud) Group(c *v1alpha1.PrivateCloud, identity *v1alpha1.AzureIdentity) (arm.ID, *outcome.Outcome) {
	subscription, group := c.Spec.SubscriptionID, c.Spec.ResourceGroup
	if subscription == "" {
		subscription = identity.Spec.SubscriptionID
	}
	if group == "" {
		group = identity.Spec.ResourceGroup
	}
	if group == "" {
		return "", outcome.Stall(v1alpha1.ReasonInvalidSpec, "no resource group: set spec.resourceGroup here, or on AzureIdentity %s", identity.Name)
	}
	return arm.ID("/subscriptions/" + subscription + "/resourceGroups/" + group), nil
}

func (privateCloud) Desired(c *v1alpha1.PrivateCloud) map[string]any {
	properties := map[string]any{}
	set(properties, "networkBlock", c.Spec.NetworkBlock)
	set(properties, "internet", c.Spec.Internet)
	if c.Spec.ManagementCluster != nil {
		properties["managementCluster"] = map[string]any{"clusterSize": c.Spec.ManagementCluster.ClusterSize}
	}
	if c.Spec.Availability != nil {
		availability := map[string]any{}
		set(availability, "strategy", c.Spec.Availability.Strategy)
		set(availability, "zone", c.Spec.Availability.Zone)
		properties["availability"] = availability
	}
	body := map[string]any{"properties": properties}
	set(body, "location", c.Spec.Location)
	if c.Spec.SKU != "" {
		body["sku"] = map[string]any{"name": strings.ToLower(c.Spec.SKU)}
	}
	if len(c.Spec.Tags) > 0 {
		tags := map[string]any{}
		for key, value := range c.Spec.Tags {
			tags[key] = string(value)
		}
		body["tags"] = tags
	}
	return body
}

func (privateCloud) Observe(c *v1alpha1.PrivateCloud, actual *arm.Resource) {
	s := &c.Status
	s.ClusterSize = int32(actual.Int(sizeOfCluster1)) //nolint:gosec // at most 16
	s.Selector = emptySelector
	hosts, _ := actual.Value("/properties/managementCluster/hosts")
	s.Hosts = texts(hosts)
	s.ManagementNetwork = actual.String("/properties/managementNetwork")
	s.ProvisioningNetwork = actual.String("/properties/provisioningNetwork")
	s.VMotionNetwork = actual.String("/properties/vmotionNetwork")
	if _, ok := actual.Value("/properties/endpoints"); ok {
		s.Endpoints = &v1alpha1.PrivateCloudEndpoints{
			VCenter:                      actual.String("/properties/endpoints/vcsa"),
			VCenterIP:                    actual.String("/properties/endpoints/vcenterIp"),
			VCenterCertificateThumbprint: actual.String("/properties/vcenterCertificateThumbprint"),
			NSXTManager:                  actual.String("/properties/endpoints/nsxtManager"),
			NSXTManagerIP:                actual.String("/properties/endpoints/nsxtManagerIp"),
			HCXCloudManager:              actual.String("/properties/endpoints/hcxCloudManager"),
			HCXCloudManagerIP:            actual.String("/properties/endpoints/hcxCloudManagerIp"),
		}
	}
	if _, ok := actual.Value("/properties/circuit"); ok {
		s.Circuit = &v1alpha1.Circuit{
			ExpressRouteID:               actual.String("/properties/circuit/expressRouteID"),
			ExpressRoutePrivatePeeringID: actual.String("/properties/circuit/expressRoutePrivatePeeringID"),
			PrimarySubnet:                actual.String("/properties/circuit/primarySubnet"),
			SecondarySubnet:              actual.String("/properties/circuit/secondarySubnet"),
		}
	}
}

// Concerns: Azure refuses a PATCH that changes both size and internet.
func (privateCloud) Concerns(_ *v1alpha1.PrivateCloud, changes []diff.Change) [][]diff.Change {
	return byConcern(changes, func(path string) string {
		switch {
		case strings.HasPrefix(path, "/tags"):
			return "1 tags"
		case strings.HasPrefix(path, "/properties/managementCluster"):
			return "3 size"
		}
		return "2 settings"
	})
}

func (privateCloud) SizePath() string { return sizeOfCluster1 }

func (privateCloud) Size(c *v1alpha1.PrivateCloud) (asked *int32, applied int32) {
	if c.Spec.ManagementCluster == nil {
		return nil, c.Status.AppliedClusterSize
	}
	return &c.Spec.ManagementCluster.ClusterSize, c.Status.AppliedClusterSize
}

func (privateCloud) SetApplied(c *v1alpha1.PrivateCloud, size int32) {
	c.Status.AppliedClusterSize = size
}

func (privateCloud) Actions(c *v1alpha1.PrivateCloud) []azure.Action {
	var words v1alpha1.PrivateCloudCredentials
	if c.Spec.Credentials != nil {
		words = *c.Spec.Credentials
	}
	rotations := func() *v1alpha1.Rotations {
		if c.Status.Rotations == nil {
			c.Status.Rotations = &v1alpha1.Rotations{}
		}
		return c.Status.Rotations
	}
	mirror := func(keep func(*v1alpha1.Rotations, string)) func(string) {
		return func(word string) {
			if word != "" || c.Status.Rotations != nil {
				keep(rotations(), word)
			}
		}
	}
	return []azure.Action{
		{Name: "rotateVcenterPassword", Annotation: v1alpha1.AnnotationVCenterRotation, Word: words.VCenterRotation, Reason: v1alpha1.ReasonRotating,
			Mirror: mirror(func(r *v1alpha1.Rotations, word string) { r.VCenter = word })},
		{Name: "rotateNsxtPassword", Annotation: v1alpha1.AnnotationNSXTRotation, Word: words.NSXTRotation, Reason: v1alpha1.ReasonRotating,
			Mirror: mirror(func(r *v1alpha1.Rotations, word string) { r.NSXT = word })},
	}
}

// Secret is what spec.credentials asks for; its content may change with a rotation and with the endpoints.
func (privateCloud) Secret(c *v1alpha1.PrivateCloud, _ *arm.Resource) (name, version string) {
	if c.Spec.Credentials == nil || c.Status.Endpoints == nil {
		return "", ""
	}
	rotations := v1alpha1.Rotations{}
	if c.Status.Rotations != nil {
		rotations = *c.Status.Rotations
	}
	e := c.Status.Endpoints
	return c.Spec.Credentials.SecretName, strings.Join([]string{rotations.VCenter, rotations.NSXT, e.VCenter, e.NSXTManager, e.HCXCloudManager}, "|")
}

func (privateCloud) Content(ctx context.Context, w azure.World[*v1alpha1.PrivateCloud]) (map[string][]byte, error) {
	credentials, err := connect.FetchAdminCredentials(ctx, w.ARM, w.ID)
	if err != nil {
		return nil, err
	}
	e := w.Object.Status.Endpoints
	return map[string][]byte{
		"vcenterUsername": []byte(credentials.VCenterUsername), "vcenterPassword": []byte(credentials.VCenterPassword), "vcenterURL": []byte(e.VCenter),
		"nsxtUsername": []byte(credentials.NSXTUsername), "nsxtPassword": []byte(credentials.NSXTPassword), "nsxtURL": []byte(e.NSXTManager),
		"hcxURL": []byte(e.HCXCloudManager),
	}, nil
}

// Expect: a private cloud of three hosts takes 2.5 to 6 hours to make (field reports: 3 to 6), a host half an hour to an hour.
func (privateCloud) Expect(verb arm.Verb, _ *v1alpha1.PrivateCloud) azure.Expectation {
	switch verb {
	case arm.PUT:
		return azure.Expectation{Soonest: 147 * time.Minute, Latest: 366 * time.Minute, Fine: 79 * time.Second}
	case arm.DELETE:
		return azure.Expectation{Soonest: 30 * time.Minute, Latest: 4 * time.Hour, Fine: 2 * time.Minute}
	case arm.PATCH:
		return hostsExpected
	}
	return azure.Expectation{}
}

// hostsExpected is how long adding hosts takes: 30 to 45 minutes each, all of one request in parallel.
var hostsExpected = azure.Expectation{Soonest: 20 * time.Minute, Latest: 90 * time.Minute, Fine: 30 * time.Second}

// MayGo: not while a move uses it, not while machines that are not Azure's own are left there, and not while that cannot be found out.
func (privateCloud) MayGo(ctx context.Context, w azure.World[*v1alpha1.PrivateCloud]) *outcome.Outcome {
	if o := noMoves(ctx, w.Reader, w.Object); o != nil {
		return o
	}
	return noMachines(ctx, w, "")
}
