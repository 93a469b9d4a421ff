// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package connect turns references in custom resources into connections: Azure identities into ARM clients, VCenter objects into vCenter
// sessions. Both halves of the operator use it, so one identity and one vCenter have one connection, one limiter and one memory of
// refused logins, however many objects use them.
package connect

import (
	"context"
	"crypto/x509"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/outcome"
)

// +kubebuilder:rbac:groups="",resources=secrets;configmaps,verbs=get;list;watch

// Live reads Secrets and ConfigMaps from the API server itself: caches hold only their metadata, so that no secret stays in memory, and a
// value is as new as the moment it is used.
type Live struct {
	Reader client.Reader
}

// SecretValue is one value of a Secret. It waits for an object or key that is not there.
func (l Live) SecretValue(ctx context.Context, namespace string, ref v1alpha1.SecretKeyReference) (string, *outcome.Outcome) {
	secret := &corev1.Secret{}
	if o := l.get(ctx, "Secret", namespace, ref.Name, secret); o != nil {
		return "", o
	}
	value, ok := secret.Data[ref.Key]
	if !ok || len(value) == 0 {
		return "", missing("Secret %s/%s has no value under the key %q: add it", namespace, ref.Name, ref.Key)
	}
	return string(value), nil
}

// BasicAuth is the user name and password of a Secret of type kubernetes.io/basic-auth. It waits for what is not there.
func (l Live) BasicAuth(ctx context.Context, namespace string, ref v1alpha1.CredentialsReference) (username, password string, o *outcome.Outcome) {
	secret := &corev1.Secret{}
	if o := l.get(ctx, "Secret", namespace, ref.Name, secret); o != nil {
		return "", "", o
	}
	username, password = string(secret.Data[corev1.BasicAuthUsernameKey]), string(secret.Data[corev1.BasicAuthPasswordKey])
	if username == "" || password == "" {
		return "", "", missing("Secret %s/%s needs the keys username and password, as type kubernetes.io/basic-auth has them", namespace, ref.Name)
	}
	return username, password, nil
}

// CA is a bundle of certificates, as PEM and as a pool. It waits for an object or key that is not there, and stalls on one without
// certificates.
func (l Live) CA(ctx context.Context, namespace string, ref v1alpha1.CAReference) (pem []byte, pool *x509.CertPool, o *outcome.Outcome) {
	key := ref.Key
	if key == "" {
		key = "ca.crt"
	}
	if ref.Kind == "Secret" {
		value, o := l.SecretValue(ctx, namespace, v1alpha1.SecretKeyReference{Name: ref.Name, Key: key})
		if o != nil {
			return nil, nil, o
		}
		pem = []byte(value)
	} else {
		configMap := &corev1.ConfigMap{}
		if o := l.get(ctx, "ConfigMap", namespace, ref.Name, configMap); o != nil {
			return nil, nil, o
		}
		value, ok := configMap.Data[key]
		if !ok {
			return nil, nil, missing("ConfigMap %s/%s has no value under the key %q: add it", namespace, ref.Name, key)
		}
		pem = []byte(value)
	}
	pool = x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		return nil, nil, outcome.Stall(v1alpha1.ReasonInvalidSpec, "%s %s/%s holds no PEM certificate under the key %q: put the CA's certificates there",
			ref.Kind, namespace, ref.Name, key).About(v1alpha1.ConditionReferencesReady)
	}
	return pem, pool, nil
}

func (l Live) get(ctx context.Context, kind, namespace, name string, object client.Object) *outcome.Outcome {
	err := l.Reader.Get(ctx, types.NamespacedName{Namespace: namespace, Name: name}, object)
	if apierrors.IsNotFound(err) {
		return missing("%s %s/%s is not there: create it, or correct the name", kind, namespace, name)
	}
	if err != nil {
		return outcome.Retry(v1alpha1.ReasonTransient, err)
	}
	return nil
}

// missing waits for a referenced object: in an apply everything comes in any order, so it is no failure.
func missing(format string, args ...any) *outcome.Outcome {
	return outcome.Wait(v1alpha1.ReasonReferenceNotFound, format, args...).About(v1alpha1.ConditionReferencesReady)
}
