// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package vcenters

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
)

func newKey() (key [32]byte) {
	_, _ = rand.Read(key[:]) // never fails, by its documentation
	return key
}

// fingerprint tells whether two endpoints are the same without keeping a password to compare.
func (v *Pool) fingerprint(parts ...string) string {
	mac := hmac.New(sha256.New, v.key[:])
	for _, part := range parts {
		fmt.Fprintf(mac, "%d:%s", len(part), part)
	}
	return hex.EncodeToString(mac.Sum(nil))
}
