// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package kinds

import (
	"context"
	"errors"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/arm"
	"github.com/avs-operator/avs-operator/controllers/azure/body"
	"github.com/avs-operator/avs-operator/controllers/azure/kind"
	"github.com/avs-operator/avs-operator/controllers/azure/kinds/ask"
	"github.com/avs-operator/avs-operator/controllers/azure/lane"
	"github.com/avs-operator/avs-operator/controllers/outcome"
)

// +kubebuilder:rbac:groups=avs-operator.io,resources=expressrouteauthorizations,verbs=get;list;watch;patch
// +kubebuilder:rbac:groups=avs-operator.io,resources=expressrouteauthorizations/status,verbs=get;patch
// +kubebuilder:rbac:groups=avs-operator.io,resources=expressrouteauthorizations/finalizers,verbs=update

// expressRouteAuthorization is Microsoft.AVS/privateClouds/authorizations.
var expressRouteAuthorization = kind.Kind[*v1alpha1.ExpressRouteAuthorization]{
	Traits: kind.Traits{
		Name: "ExpressRouteAuthorization", Segment: "authorizations", Lane: lane.Light, NoPatch: true,
		Mended:    kind.ByPUT,
		Immutable: []string{"/properties/expressRouteId"}, ReadOnly: []string{authorizationID, authorizationKey},
	},
	New: func() *v1alpha1.ExpressRouteAuthorization { return &v1alpha1.ExpressRouteAuthorization{} },
	Parent: func(a *v1alpha1.ExpressRouteAuthorization) kind.Parent {
		return kind.Parent{PrivateCloud: &a.Spec.PrivateCloudRef}
	},
	Desired: expressRouteAuthorizationDesired,
	Observe: expressRouteAuthorizationObserve,
	Resolve: expressRouteAuthorizationResolve,
	Export:  &kind.Export[*v1alpha1.ExpressRouteAuthorization]{Secret: expressRouteAuthorizationSecret, Content: expressRouteAuthorizationSecretContent},
	Expect:  func(arm.Verb, *v1alpha1.ExpressRouteAuthorization) kind.Expectation { return updateExpected },
}

const (
	authorizationID  = "/properties/expressRouteAuthorizationId"
	authorizationKey = "/properties/expressRouteAuthorizationKey"
	// keyOfAuthorization is where the Secret has it.
	keyOfAuthorization = "expressRouteAuthorizationKey"
)

func expressRouteAuthorizationDesired(a *v1alpha1.ExpressRouteAuthorization) map[string]any {
	properties := map[string]any{}
	body.Set(properties, "expressRouteId", a.Spec.ExpressRouteID)
	return map[string]any{"properties": properties}
}

// expressRouteAuthorizationResolve finds the circuit that the spec names by its place in the private cloud.
func expressRouteAuthorizationResolve(_ context.Context, w kind.World[*v1alpha1.ExpressRouteAuthorization], desired map[string]any) *outcome.Outcome {
	return ask.OwnCircuit(w.Cloud, w.Actual, w.Object.Spec.Circuit, desired)
}

// expressRouteAuthorizationObserve leaves the key alone: it goes into the Secret and nowhere else.
func expressRouteAuthorizationObserve(a *v1alpha1.ExpressRouteAuthorization, actual *arm.Resource) {
	a.Status.ExpressRouteAuthorizationID = actual.String(authorizationID)
}

// expressRouteAuthorizationSecret is what spec.secretName asks for. An authorization that was made again has another key.
func expressRouteAuthorizationSecret(a *v1alpha1.ExpressRouteAuthorization, actual *arm.Resource) (name, version string) {
	return a.Spec.SecretName, body.Fingerprint(actual.String(authorizationID), actual.String(authorizationKey))
}

func expressRouteAuthorizationSecretContent(_ context.Context, w kind.World[*v1alpha1.ExpressRouteAuthorization]) (map[string][]byte, error) {
	id, key := w.Actual.String(authorizationID), w.Actual.String(authorizationKey)
	if key == "" {
		return nil, errors.New("Azure has not issued the authorization's key yet")
	}
	return map[string][]byte{
		keyOfAuthorization: []byte(key), "expressRouteAuthorizationID": []byte(id), "expressRouteID": []byte(arm.ID(id).Parent()),
	}, nil
}
