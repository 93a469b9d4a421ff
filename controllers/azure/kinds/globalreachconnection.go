// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package kinds

import (
	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/arm"
	"github.com/avs-operator/avs-operator/controllers/azure"
	"github.com/avs-operator/avs-operator/controllers/azure/diff"
	"github.com/avs-operator/avs-operator/controllers/azure/lane"
)

// +kubebuilder:rbac:groups=avs-operator.io,resources=globalreachconnections,verbs=get;list;watch;patch
// +kubebuilder:rbac:groups=avs-operator.io,resources=globalreachconnections/status,verbs=get;patch

// globalReachConnection is Microsoft.AVS/privateClouds/globalReachConnections.
type globalReachConnection struct{}

// peerKey is a secret that Azure takes and, unlike others, shows to everybody who may read: it is never compared, shown or kept.
const peerKey = "/properties/authorizationKey"

func (globalReachConnection) Traits() azure.Traits {
	return azure.Traits{
		Name: "GlobalReachConnection", Segment: "globalReachConnections", Lane: lane.Light, NoPatch: true,
		Mended:    azure.ByReplacing, // most fail for a wrong authorization key, and a connection that never was carries nothing
		Rules:     diff.Rules{WriteOnly: []string{peerKey}},
		Immutable: []string{peerKey, "/properties/peerExpressRouteCircuit", "/properties/expressRouteId"},
		ReadOnly:  []string{"/properties/addressPrefix", "/properties/circuitConnectionStatus"},
	}
}

func (globalReachConnection) New() *v1alpha1.GlobalReachConnection {
	return &v1alpha1.GlobalReachConnection{}
}

func (globalReachConnection) Parent(c *v1alpha1.GlobalReachConnection) azure.Parent {
	return azure.Parent{PrivateCloud: &c.Spec.PrivateCloudRef}
}

func (globalReachConnection) Desired(c *v1alpha1.GlobalReachConnection) map[string]any {
	properties := map[string]any{}
	set(properties, "peerExpressRouteCircuit", c.Spec.PeerExpressRouteCircuitID)
	set(properties, "expressRouteId", c.Spec.ExpressRouteID)
	return map[string]any{"properties": properties}
}

func (globalReachConnection) Observe(c *v1alpha1.GlobalReachConnection, actual *arm.Resource) {
	c.Status.AddressPrefix = actual.String("/properties/addressPrefix")
	c.Status.CircuitConnectionStatus = actual.String("/properties/circuitConnectionStatus")
}

func (globalReachConnection) Secrets(c *v1alpha1.GlobalReachConnection) []azure.SecretValue {
	if c.Spec.AuthorizationKeySecretRef == nil {
		return nil
	}
	return []azure.SecretValue{{Path: peerKey, Ref: *c.Spec.AuthorizationKeySecretRef}}
}

func (globalReachConnection) Expect(arm.Verb, *v1alpha1.GlobalReachConnection) azure.Expectation {
	return updateExpected
}
