// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package secrets reads what custom resources refer to, Secrets and ConfigMaps, from the API server itself, says which of them may be used, and holds
// them while they are needed.
package secrets

import (
	"bytes"
	"context"
	"crypto/x509"
	"fmt"
	"slices"

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

// The types that a Secret may have, by what it is used for. Whoever may write an AzureIdentity, a VCenter or a ScriptExecution says where a
// value goes, and need not be allowed to read Secrets: so a Secret that was made for something else is not used unless its own owner says so.
var (
	forIdentities   = []corev1.SecretType{v1alpha1.SecretTypeAzure}
	forCertificates = []corev1.SecretType{v1alpha1.SecretTypeAzure, corev1.SecretTypeTLS}
	forAccounts     = []corev1.SecretType{corev1.SecretTypeBasicAuth}
	forTrust        = []corev1.SecretType{corev1.SecretTypeTLS}
)

// SecretValue is one value of a Secret for a resource in Azure. It waits for an object or key that is not there, and stalls on one that was
// not made for this.
func (l Live) SecretValue(ctx context.Context, namespace string, ref v1alpha1.SecretKeyReference) (string, *outcome.Outcome) {
	value, _, o := l.value(ctx, namespace, ref, forAccounts)
	return string(value), o
}

// IdentitySecret is the client secret of an identity, likewise.
func (l Live) IdentitySecret(ctx context.Context, namespace string, ref v1alpha1.SecretKeyReference) ([]byte, *outcome.Outcome) {
	value, _, o := l.value(ctx, namespace, ref, forIdentities)
	return value, o
}

// IdentityCertificate is the certificate of an identity with its private key, PEM, in one: as it is under the key, or joined with the value
// under tls.key, where the API server and cert-manager keep it.
func (l Live) IdentityCertificate(ctx context.Context, namespace string, ref v1alpha1.SecretKeyReference) ([]byte, *outcome.Outcome) {
	value, secret, o := l.value(ctx, namespace, ref, forCertificates)
	if o != nil || bytes.Contains(value, []byte("PRIVATE KEY-----")) {
		return value, o
	}
	key := secret.Data[corev1.TLSPrivateKeyKey]
	if len(key) == 0 {
		return nil, Missing("Secret %s/%s has a certificate under the key %q, and its private key neither there nor under tls.key: add it",
			namespace, ref.Name, ref.Key)
	}
	return slices.Concat(bytes.TrimSpace(value), []byte("\n"), key), nil
}

func (l Live) value(ctx context.Context, namespace string, ref v1alpha1.SecretKeyReference,
	types []corev1.SecretType) ([]byte, *corev1.Secret, *outcome.Outcome) {
	secret, o := l.secret(ctx, namespace, ref.Name, types)
	if o != nil {
		return nil, nil, o
	}
	value := secret.Data[ref.Key]
	if len(value) == 0 {
		return nil, nil, Missing("Secret %s/%s has no value under the key %q: add it", namespace, ref.Name, ref.Key)
	}
	return value, secret, nil
}

// secret reads a Secret that may be used: one of the types, or one that its owner has labelled. What is in another is not even looked at.
func (l Live) secret(ctx context.Context, namespace, name string, types []corev1.SecretType) (*corev1.Secret, *outcome.Outcome) {
	secret := &corev1.Secret{}
	if o := l.get(ctx, "Secret", namespace, name, secret); o != nil {
		return nil, o
	}
	if slices.Contains(types, secret.Type) || secret.Labels[v1alpha1.LabelUse] == v1alpha1.UseAllowed {
		return secret, nil
	}
	wanted := string(types[0])
	for _, other := range types[1:] {
		wanted += " or " + string(other)
	}
	permit := fmt.Sprintf("kubectl label secret %s -n %s %s=%s", name, namespace, v1alpha1.LabelUse, v1alpha1.UseAllowed)
	return nil, outcome.Stall(v1alpha1.ReasonSecretNotPermitted,
		"Secret %s/%s is not used, because nothing says that it was made for this: make it of type %s, or permit it: %s", namespace, name, wanted, permit).
		About(v1alpha1.ConditionReferencesReady)
}

// BasicAuth is the user name and password of a Secret of type kubernetes.io/basic-auth, or of one that is permitted. It waits for what is not
// there.
func (l Live) BasicAuth(ctx context.Context, namespace string, ref v1alpha1.CredentialsReference) (username, password string, o *outcome.Outcome) {
	secret, o := l.secret(ctx, namespace, ref.Name, forAccounts)
	if o != nil {
		return "", "", o
	}
	username, password = string(secret.Data[corev1.BasicAuthUsernameKey]), string(secret.Data[corev1.BasicAuthPasswordKey])
	if username == "" || password == "" {
		return "", "", Missing("Secret %s/%s needs the keys username and password, as type kubernetes.io/basic-auth has them", namespace, ref.Name)
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
		if pem, _, o = l.value(ctx, namespace, v1alpha1.SecretKeyReference{Name: ref.Name, Key: key}, forTrust); o != nil {
			return nil, nil, o
		}
	} else {
		configMap := &corev1.ConfigMap{}
		if o := l.get(ctx, "ConfigMap", namespace, ref.Name, configMap); o != nil {
			return nil, nil, o
		}
		value, ok := configMap.Data[key]
		if !ok {
			return nil, nil, Missing("ConfigMap %s/%s has no value under the key %q: add it", namespace, ref.Name, key)
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
		return Missing("%s %s/%s is not there: create it, or correct the name", kind, namespace, name)
	}
	if err != nil {
		return outcome.Retry(v1alpha1.ReasonTransient, err)
	}
	return nil
}

// Missing waits for a referenced object: in an apply everything comes in any order, so it is no failure.
func Missing(format string, args ...any) *outcome.Outcome {
	return outcome.Wait(v1alpha1.ReasonReferenceNotFound, format, args...).About(v1alpha1.ConditionReferencesReady)
}
