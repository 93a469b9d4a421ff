// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package kinds

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"k8s.io/component-base/featuregate"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/arm"
	"github.com/avs-operator/avs-operator/controllers/azure/body"
	"github.com/avs-operator/avs-operator/controllers/azure/diff"
	"github.com/avs-operator/avs-operator/controllers/azure/kind"
	"github.com/avs-operator/avs-operator/controllers/azure/kinds/ask"
	"github.com/avs-operator/avs-operator/controllers/azure/kinds/hosts"
	"github.com/avs-operator/avs-operator/controllers/azure/lane"
	"github.com/avs-operator/avs-operator/controllers/azure/tree"
	"github.com/avs-operator/avs-operator/controllers/outcome"
)

// +kubebuilder:rbac:groups=avs-operator.io,resources=privateclouds,verbs=get;list;watch;patch
// +kubebuilder:rbac:groups=avs-operator.io,resources=privateclouds/status,verbs=get;patch
// +kubebuilder:rbac:groups=avs-operator.io,resources=privateclouds/finalizers,verbs=update

// privateCloud is Microsoft.AVS/privateClouds.
var privateCloud = kind.Kind[*v1alpha1.PrivateCloud]{
	Traits: kind.Traits{
		Name: "PrivateCloud", Segment: "privateClouds", Lane: lane.Hosts, Kept: true, Expensive: true, Tagged: true,
		Mended: kind.BySupport, Beside: []string{lockType},
		Rules: diff.Rules{
			IgnoreCase: []string{tree.SKU},
			Sets:       []string{"/zones", ask.ExtendedBlocks, "/properties/identitySources", hosts.VCFLicense + "/labels"},
			Optional:   []string{"/properties/identitySources/*/secondaryServer"},
			WriteOnly:  []string{"/properties/identitySources/*/username", "/properties/identitySources/*/password", hosts.VCFLicense + "/licenseKey"},
		},
		Immutable: []string{"/location", "/sku", "/properties/networkBlock", "/properties/availability", "/zones", "/properties/virtualNetworkId"},
		Defaults: map[string]any{
			"/properties/internet": "Disabled", "/properties/dnsZoneType": "Public", "/identity/type": "None",
			ask.ExtendedBlocks: []any{}, "/properties/identitySources": []any{},
			encryption + "/status": "Disabled", encryption + "/keyVaultProperties/keyVersion": "",
		},
		Later:   []string{encryption},
		PutOnly: []string{hosts.VCFLicense},
		ReadOnly: []string{
			tree.HostsOfCluster1, "/properties/managementCluster/clusterId", "/properties/managementCluster/provisioningState",
			"/properties/circuit", "/properties/secondaryCircuit", "/properties/endpoints", "/properties/managementNetwork", "/properties/provisioningNetwork",
			"/properties/vmotionNetwork", "/properties/vcenterCertificateThumbprint", "/properties/nsxtCertificateThumbprint", "/properties/externalCloudLinks",
			"/properties/nsxPublicIpQuotaRaised", "/identity/principalId", "/identity/tenantId", encryption + "/keyVaultProperties/keyState",
			encryption + "/keyVaultProperties/versionType", encryption + "/keyVaultProperties/autoDetectedKeyVersion", hosts.VCFLicense + "/provisioningState",
		},
	},
	New:        func() *v1alpha1.PrivateCloud { return &v1alpha1.PrivateCloud{} },
	Root:       &kind.Root[*v1alpha1.PrivateCloud]{IdentityRef: privateCloudIdentityRef, Group: privateCloudGroup},
	Desired:    privateCloudDesired,
	Observe:    privateCloudObserve,
	Resolve:    privateCloudResolve,
	Secrets:    privateCloudSecrets,
	Concerns:   privateCloudConcerns,
	Hosts:      &kind.Hosts[*v1alpha1.PrivateCloud]{Path: tree.SizeOfCluster1, Size: privateCloudSize, SetApplied: privateCloudSetApplied},
	MayWrite:   privateCloudMayWrite,
	MayReplace: privateCloudMayReplace,
	MayDelete:  privateCloudMayDelete,
	Report:     privateCloudReport,
	Gated:      privateCloudGated,
	OneShots:   privateCloudOneShots,
	Export:     &kind.Export[*v1alpha1.PrivateCloud]{Secret: privateCloudSecret, Content: privateCloudSecretContent, Outdated: privateCloudSecretOutdated},
	Companion:  privateCloudCompanion,
	Expect:     privateCloudExpect,
}

const (
	encryption = "/properties/encryption"
)

func privateCloudIdentityRef(c *v1alpha1.PrivateCloud) *v1alpha1.ObjectReference {
	return c.Spec.IdentityRef
}

func privateCloudGroup(c *v1alpha1.PrivateCloud, identity *v1alpha1.AzureIdentity) (arm.ID, *outcome.Outcome) {
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

func privateCloudDesired(c *v1alpha1.PrivateCloud) map[string]any {
	properties := map[string]any{}
	body.Set(properties, "networkBlock", c.Spec.NetworkBlock)
	body.Set(properties, "internet", c.Spec.Internet)
	if c.Spec.ManagementCluster != nil {
		properties["managementCluster"] = map[string]any{"clusterSize": c.Spec.ManagementCluster.ClusterSize}
	}
	if c.Spec.Availability != nil {
		availability := map[string]any{}
		body.Set(availability, "strategy", c.Spec.Availability.Strategy)
		body.Set(availability, "zone", c.Spec.Availability.Zone)
		body.Set(availability, "secondaryZone", c.Spec.Availability.SecondaryZone)
		properties["availability"] = availability
	}
	desiredOptions(c, properties)
	out := map[string]any{"properties": properties}
	if len(c.Spec.Zones) > 0 {
		out["zones"] = body.List(c.Spec.Zones)
	}
	body.Set(out, "location", c.Spec.Location)
	if c.Spec.SKU != "" {
		out["sku"] = map[string]any{"name": strings.ToLower(c.Spec.SKU)}
	}
	if len(c.Spec.Tags) > 0 {
		tags := map[string]any{}
		for key, value := range c.Spec.Tags {
			tags[key] = string(value)
		}
		out["tags"] = tags
	}
	if c.Spec.SystemAssignedIdentity != "" {
		out["identity"] = map[string]any{"type": map[string]string{enabled: "SystemAssigned", disabled: "None"}[c.Spec.SystemAssignedIdentity]}
	}
	return out
}

// privateCloudResolve says zones as availability where Azure shows them so alone: a private cloud may have been made in either way.
func privateCloudResolve(_ context.Context, w kind.World[*v1alpha1.PrivateCloud], desired map[string]any) *outcome.Outcome {
	zones, _ := desired["zones"].([]any)
	if _, shown := w.Actual.Value("/zones"); len(zones) == 0 || shown || w.Actual.String("/properties/availability/strategy") == "" {
		return nil
	}
	availability := map[string]any{"strategy": "SingleZone"}
	for i, place := range []string{"zone", "secondaryZone"}[:len(zones)] {
		number, _ := strconv.Atoi(fmt.Sprint(zones[i]))
		availability[place] = number
	}
	if len(zones) == 2 {
		availability["strategy"] = "DualZone"
		if w.Actual.Int("/properties/availability/zone") == int64(availability["secondaryZone"].(int)) { // their order means nothing
			availability["zone"], availability["secondaryZone"] = availability["secondaryZone"], availability["zone"]
		}
	}
	delete(desired, "zones")
	body.Properties(desired)["availability"] = availability
	return nil
}

func privateCloudSize(c *v1alpha1.PrivateCloud) (asked *int32, applied int32) {
	if c.Spec.ManagementCluster == nil {
		return nil, c.Status.AppliedClusterSize
	}
	return &c.Spec.ManagementCluster.ClusterSize, c.Status.AppliedClusterSize
}

// privateCloudGated: which hosts leave.
func privateCloudGated(c *v1alpha1.PrivateCloud) (field string, gate featuregate.Feature, why string) {
	if c.Spec.ManagementCluster == nil {
		return "", "", ""
	}
	return hosts.Gated("spec.managementCluster.scaleIn.hosts", c.Spec.ManagementCluster.ScaleIn)
}

func privateCloudSetApplied(c *v1alpha1.PrivateCloud, size int32) {
	c.Status.AppliedClusterSize = size
}

// privateCloudExpect: a private cloud of three hosts takes 2.5 to 6 hours to make (field reports: 3 to 6), a host half an hour to an hour.
func privateCloudExpect(verb arm.Verb, _ *v1alpha1.PrivateCloud) kind.Expectation {
	switch verb {
	case arm.PUT:
		return kind.Expectation{Soonest: 147 * time.Minute, Latest: 366 * time.Minute, Fine: 79 * time.Second}
	case arm.DELETE:
		return kind.Expectation{Soonest: 30 * time.Minute, Latest: 4 * time.Hour, Fine: 2 * time.Minute}
	case arm.PATCH:
		return hosts.Expected
	default:
		return kind.Expectation{}
	}
}

// privateCloudMayDelete: not while a move uses it, not while machines that are not Azure's own are left there, and not while that cannot be found out.
func privateCloudMayDelete(ctx context.Context, w kind.World[*v1alpha1.PrivateCloud]) *outcome.Outcome {
	if o := ask.NoMoves(ctx, w.Reader, w.Object); o != nil {
		return o
	}
	return ask.NoMachines(ctx, w, "")
}
