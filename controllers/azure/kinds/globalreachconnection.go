// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package kinds

import (
	"context"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/arm"
	"github.com/avs-operator/avs-operator/controllers/azure/body"
	"github.com/avs-operator/avs-operator/controllers/azure/diff"
	"github.com/avs-operator/avs-operator/controllers/azure/kind"
	"github.com/avs-operator/avs-operator/controllers/azure/kinds/ask"
	"github.com/avs-operator/avs-operator/controllers/azure/lane"
	"github.com/avs-operator/avs-operator/controllers/azure/tree"
	"github.com/avs-operator/avs-operator/controllers/outcome"
)

// +kubebuilder:rbac:groups=avs-operator.io,resources=globalreachconnections,verbs=get;list;watch;patch
// +kubebuilder:rbac:groups=avs-operator.io,resources=globalreachconnections/status,verbs=get;patch

// globalReachConnection is Microsoft.AVS/privateClouds/globalReachConnections.
var globalReachConnection = kind.Kind[*v1alpha1.GlobalReachConnection]{
	Traits: kind.Traits{
		Name: "GlobalReachConnection", Segment: "globalReachConnections", Lane: lane.Light, NoPatch: true,
		Mended:    kind.ByReplacing, // most fail for a wrong authorization key, and a connection that never was carries nothing
		Rules:     diff.Rules{WriteOnly: []string{peerKey}},
		Immutable: []string{peerKey, "/properties/peerExpressRouteCircuit", "/properties/expressRouteId"},
		ReadOnly:  []string{"/properties/addressPrefix", "/properties/circuitConnectionStatus"},
	},
	New: func() *v1alpha1.GlobalReachConnection { return &v1alpha1.GlobalReachConnection{} },
	Parent: func(c *v1alpha1.GlobalReachConnection) kind.Parent {
		return kind.Parent{PrivateCloud: &c.Spec.PrivateCloudRef}
	},
	Desired: globalReachConnectionDesired,
	Observe: globalReachConnectionObserve,
	Resolve: globalReachConnectionResolve,
	Links:   globalReachConnectionLinks,
	Follows: []kind.Object{&v1alpha1.ExpressRouteAuthorization{}}, // the authorization at the other private cloud, and so its key, comes in the same apply.
	Secrets: globalReachConnectionSecrets,
	Expect:  func(arm.Verb, *v1alpha1.GlobalReachConnection) kind.Expectation { return updateExpected },
}

// peerKey is a secret that Azure takes and, unlike others, shows to everybody who may read: it is never compared, shown or kept.
const peerKey = "/properties/authorizationKey"

func globalReachConnectionDesired(c *v1alpha1.GlobalReachConnection) map[string]any {
	properties := map[string]any{}
	body.Set(properties, "peerExpressRouteCircuit", c.Spec.PeerExpressRouteCircuitID)
	body.Set(properties, "expressRouteId", c.Spec.ExpressRouteID)
	return map[string]any{"properties": properties}
}

func globalReachConnectionObserve(c *v1alpha1.GlobalReachConnection, actual *arm.Resource) {
	c.Status.AddressPrefix = actual.String("/properties/addressPrefix")
	c.Status.CircuitConnectionStatus = actual.String("/properties/circuitConnectionStatus")
}

// globalReachConnectionLinks: the other private cloud, whose coming to be and whose consent are waited for.
func globalReachConnectionLinks(c *v1alpha1.GlobalReachConnection) []v1alpha1.ParentReference {
	if c.Spec.Peer == nil {
		return nil
	}
	return []v1alpha1.ParentReference{c.Spec.Peer.PrivateCloudRef}
}

// globalReachConnectionResolve finds the circuits of both sides. The other private cloud's owner must consent.
func globalReachConnectionResolve(ctx context.Context, w kind.World[*v1alpha1.GlobalReachConnection], desired map[string]any) *outcome.Outcome {
	spec := &w.Object.Spec
	if o := ask.OwnCircuit(w.Cloud, w.Actual, spec.Circuit, desired); o != nil || spec.Peer == nil {
		return o
	}
	other, o := ask.OtherCloud(ctx, w, "GlobalReachConnection", "peer.privateCloudRef", spec.Peer.PrivateCloudRef)
	if o != nil {
		return o
	}
	if other.UID == w.Cloud.UID {
		return outcome.Stall(v1alpha1.ReasonInvalidSpec, "a private cloud cannot be joined with itself: name another one than %s in peer.privateCloudRef",
			w.Cloud.Name)
	}
	if o := ask.IsThere(w.Actual, other); o != nil {
		return o
	}
	id, o := ask.Circuit(other, spec.Peer.Circuit)
	if o == nil {
		body.Properties(desired)["peerExpressRouteCircuit"] = id
	}
	return o
}

func globalReachConnectionSecrets(c *v1alpha1.GlobalReachConnection) []kind.SecretValue {
	if ref := c.Spec.AuthorizationKeySecretRef; ref != nil {
		return []kind.SecretValue{{Path: peerKey, Ref: *ref}}
	}
	if c.Spec.Peer == nil || c.Spec.Peer.AuthorizationRef == nil {
		return nil
	}
	return []kind.SecretValue{{Path: peerKey, Ref: v1alpha1.SecretKeyReference{Key: keyOfAuthorization}, Writer: &kind.Writer{
		Kind: "ExpressRouteAuthorization", Name: c.Spec.Peer.AuthorizationRef.Name,
		Secret: func(ctx context.Context, reader client.Reader) (client.Object, string, *outcome.Outcome) {
			return authorizationAtPeer(ctx, reader, c.Namespace, c.Spec.Peer)
		},
	}}}
}

// authorizationAtPeer is the authorization, in the namespace of the connection, at the circuit that is joined with, and the name of its Secret.
func authorizationAtPeer(
	ctx context.Context, reader client.Reader, namespace string, peer *v1alpha1.GlobalReachPeer,
) (client.Object, string, *outcome.Outcome) {
	key := types.NamespacedName{Namespace: namespace, Name: peer.AuthorizationRef.Name}
	a := &v1alpha1.ExpressRouteAuthorization{}
	err := reader.Get(ctx, key, a)
	switch {
	case apierrors.IsNotFound(err):
		return nil, "", outcome.Wait(v1alpha1.ReasonReferenceNotFound, "ExpressRouteAuthorization %s is not there: create it, or correct peer.authorizationRef", key).
			About(v1alpha1.ConditionReferencesReady)
	case err != nil:
		return nil, "", outcome.Retry(v1alpha1.ReasonTransient, fmt.Errorf("reading ExpressRouteAuthorization %s: %w", key, err))
	}
	if at, want := tree.KeyOf(namespace, a.Spec.PrivateCloudRef), tree.KeyOf(namespace, peer.PrivateCloudRef); at != want {
		return nil, "", outcome.Stall(v1alpha1.ReasonInvalidSpec,
			"ExpressRouteAuthorization %s is one of PrivateCloud %s, and the peer is %s: name one of the peer's in peer.authorizationRef", key, at, want)
	}
	if !ask.SameCircuit(a.Spec.Circuit, peer.Circuit) {
		return nil, "", outcome.Stall(v1alpha1.ReasonInvalidSpec,
			"ExpressRouteAuthorization %s is for another circuit of the peer: give peer.circuit and its spec.circuit the same value", key)
	}
	if a.Spec.SecretName == "" {
		return nil, "", outcome.Stall(v1alpha1.ReasonInvalidSpec, "ExpressRouteAuthorization %s writes its key nowhere: set its spec.secretName", key)
	}
	if a.Status.ProvisioningState != "Succeeded" {
		return nil, "", tree.NotReadyYet("ExpressRouteAuthorization", key.String(), a)
	}
	return a, a.Spec.SecretName, nil
}
