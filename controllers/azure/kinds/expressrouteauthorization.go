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
)

// +kubebuilder:rbac:groups=avs-operator.io,resources=expressrouteauthorizations,verbs=get;list;watch;patch
// +kubebuilder:rbac:groups=avs-operator.io,resources=expressrouteauthorizations/status,verbs=get;patch
// +kubebuilder:rbac:groups=avs-operator.io,resources=expressrouteauthorizations/finalizers,verbs=update

// expressRouteAuthorization is Microsoft.AVS/privateClouds/authorizations.
type expressRouteAuthorization struct{}

const (
	authorizationID  = "/properties/expressRouteAuthorizationId"
	authorizationKey = "/properties/expressRouteAuthorizationKey"
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
		"expressRouteAuthorizationKey": []byte(key), "expressRouteAuthorizationID": []byte(id), "expressRouteID": []byte(arm.ID(id).Parent()),
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
