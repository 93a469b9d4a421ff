// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package kinds

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"strings"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/arm"
	"github.com/avs-operator/avs-operator/controllers/azure"
	"github.com/avs-operator/avs-operator/controllers/azure/lane"
	"github.com/avs-operator/avs-operator/controllers/outcome"
)

// +kubebuilder:rbac:groups=avs-operator.io,resources=expressrouteauthorizations,verbs=get;list;watch;patch
// +kubebuilder:rbac:groups=avs-operator.io,resources=expressrouteauthorizations/status,verbs=get;patch
// +kubebuilder:rbac:groups=avs-operator.io,resources=expressrouteauthorizations/finalizers,verbs=update

// expressRouteAuthorization is Microsoft.AVS/privateClouds/authorizations.
type expressRouteAuthorization struct{}

const (
	authorizationID  = "/properties/expressRouteAuthorizationId"
	authorizationKey = "/properties/expressRouteAuthorizationKey"
	// keyOfAuthorization is where the Secret has it.
	keyOfAuthorization = "expressRouteAuthorizationKey"
)

func (expressRouteAuthorization) Traits() azure.Traits {
	return azure.Traits{
		Name: "ExpressRouteAuthorization", Segment: "authorizations", Lane: lane.Light, NoPatch: true,
		Mended:    azure.ByPUT,
		Immutable: []string{"/properties/expressRouteId"}, ReadOnly: []string{authorizationID, authorizationKey},
	}
}

func (expressRouteAuthorization) New() *v1alpha1.ExpressRouteAuthorization {
	return &v1alpha1.ExpressRouteAuthorization{}
}

func (expressRouteAuthorization) Parent(a *v1alpha1.ExpressRouteAuthorization) azure.Parent {
	return azure.Parent{PrivateCloud: &a.Spec.PrivateCloudRef}
}

func (expressRouteAuthorization) Desired(a *v1alpha1.ExpressRouteAuthorization) map[string]any {
	properties := map[string]any{}
	set(properties, "expressRouteId", a.Spec.ExpressRouteID)
	return map[string]any{"properties": properties}
}

// Resolve finds the circuit that the spec names by its place in the private cloud.
func (expressRouteAuthorization) Resolve(_ context.Context, w azure.World[*v1alpha1.ExpressRouteAuthorization], desired map[string]any) *outcome.Outcome {
	return ownCircuit(w.Cloud, w.Actual, w.Object.Spec.Circuit, desired)
}

// ownCircuit puts the circuit of a private cloud that the spec names into the body. If it names none, Azure takes the first, and need not show it.
func ownCircuit(cloud *v1alpha1.PrivateCloud, actual *arm.Resource, which string, desired map[string]any) *outcome.Outcome {
	if which == "" || which == primary && actual != nil && actual.String("/properties/expressRouteId") == "" {
		return nil
	}
	id, o := circuit(cloud, which)
	if o == nil {
		propertiesOf(desired)["expressRouteId"] = id
	}
	return o
}

// Observe leaves the key alone: it goes into the Secret and nowhere else.
func (expressRouteAuthorization) Observe(a *v1alpha1.ExpressRouteAuthorization, actual *arm.Resource) {
	a.Status.ExpressRouteAuthorizationID = actual.String(authorizationID)
}

// Secret is what spec.secretName asks for. An authorization that was made again has another key.
func (expressRouteAuthorization) Secret(a *v1alpha1.ExpressRouteAuthorization, actual *arm.Resource) (name, version string) {
	return a.Spec.SecretName, fingerprint(actual.String(authorizationID), actual.String(authorizationKey))
}

func (expressRouteAuthorization) Content(_ context.Context, w azure.World[*v1alpha1.ExpressRouteAuthorization]) (map[string][]byte, error) {
	id, key := w.Actual.String(authorizationID), w.Actual.String(authorizationKey)
	if key == "" {
		return nil, errors.New("Azure has not issued the authorization's key yet")
	}
	return map[string][]byte{
		keyOfAuthorization: []byte(key), "expressRouteAuthorizationID": []byte(id), "expressRouteID": []byte(arm.ID(id).Parent()),
	}, nil
}

func (expressRouteAuthorization) Expect(arm.Verb, *v1alpha1.ExpressRouteAuthorization) azure.Expectation {
	return updateExpected
}

// fingerprint changes when one of the values does, and tells none: those that are secret here are random, and long.
func fingerprint(values ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(values, "\n")))
	return hex.EncodeToString(sum[:8])
}
