// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package secrets

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"sync"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// fingerprintSecret is the operator's own Secret, and fingerprintKey its one value.
const (
	fingerprintSecret = "avs-operator-fingerprints"
	fingerprintKey    = "key"
)

// Fingerprints tell whether a value has changed without keeping it: a hash with a key that only the operator has, so that a short password
// cannot be guessed from what stands in a status. The key outlives the process, or every restart would send every password again.
type Fingerprints struct {
	// Client writes the Secret, Live reads it.
	Client client.Client
	Live   client.Reader
	// Namespace of the operator.
	Namespace string

	mu  sync.Mutex
	key []byte
}

// Of is the fingerprint of a value in its place. The same value in two places has two, so that they do not tell of each other.
func (f *Fingerprints) Of(ctx context.Context, place string, value []byte) (string, error) {
	key, err := f.load(ctx)
	if err != nil {
		return "", err
	}
	mac := hmac.New(sha256.New, key)
	fmt.Fprintf(mac, "%d:%s", len(place), place)
	mac.Write(value)
	return hex.EncodeToString(mac.Sum(nil)), nil
}

// load reads the key, and makes it the first time. Of two processes that make it at once one loses, and reads the other's.
func (f *Fingerprints) load(ctx context.Context) ([]byte, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.key != nil {
		return f.key, nil
	}
	secret := &corev1.Secret{}
	at := types.NamespacedName{Namespace: f.Namespace, Name: fingerprintSecret}
	err := f.Live.Get(ctx, at, secret)
	if apierrors.IsNotFound(err) {
		fresh := make([]byte, sha256.Size)
		if _, err := rand.Read(fresh); err != nil {
			return nil, fmt.Errorf("making the key of fingerprints: %w", err)
		}
		secret = &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: at.Namespace, Name: at.Name}, Data: map[string][]byte{fingerprintKey: fresh}}
		if err = f.Client.Create(ctx, secret); apierrors.IsAlreadyExists(err) {
			err = f.Live.Get(ctx, at, secret)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("reading the key of fingerprints from Secret %s: %w", at, err)
	}
	if len(secret.Data[fingerprintKey]) == 0 {
		return nil, fmt.Errorf("the key of fingerprints: Secret %s has no value under %q; delete the Secret to have a new one made", at, fingerprintKey)
	}
	f.key = secret.Data[fingerprintKey]
	return f.key, nil
}
