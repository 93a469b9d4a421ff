// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package vcentersim

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha1" //nolint:gosec // vSphere's thumbprints are SHA-1 by contract, beside SHA-256.
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"strings"
	"time"
)

// identity is the certificate that a vCenter shows. It is self-signed and its own root, as a vCenter's first
// certificate is in practice: a client pins its thumbprint or trusts its PEM.
type identity struct {
	certificate tls.Certificate
	leaf        *x509.Certificate
	key         *ecdsa.PrivateKey
	pem         []byte
}

func newIdentity(host string) (*identity, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make a key: %w", err)
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return nil, fmt.Errorf("draw a serial number: %w", err)
	}
	template := &x509.Certificate{
		SerialNumber:          serial,
		Subject:               pkix.Name{CommonName: host, Organization: []string{"vcentersim"}},
		NotBefore:             time.Now().Add(-time.Hour),
		NotAfter:              time.Now().Add(365 * 24 * time.Hour),
		KeyUsage:              x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		BasicConstraintsValid: true,
		IsCA:                  true,
		DNSNames:              []string{"localhost"},
		IPAddresses:           []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback},
	}
	if ip := net.ParseIP(host); ip != nil {
		template.IPAddresses = append(template.IPAddresses, ip)
	} else if host != "" && host != "localhost" {
		template.DNSNames = append(template.DNSNames, host)
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, fmt.Errorf("sign the certificate: %w", err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("parse the certificate: %w", err)
	}
	return &identity{
		certificate: tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf},
		leaf:        leaf,
		key:         key,
		pem:         pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
	}, nil
}

// thumbprint writes a digest as vSphere does: upper-case bytes with colons.
func thumbprint(digest []byte) string {
	text := make([]string, len(digest))
	for i, b := range digest {
		text[i] = fmt.Sprintf("%02X", b)
	}
	return strings.Join(text, ":")
}

func thumbprintSHA1(c *x509.Certificate) string {
	sum := sha1.Sum(c.Raw) //nolint:gosec // see the import.
	return thumbprint(sum[:])
}

func thumbprintSHA256(c *x509.Certificate) string {
	sum := sha256.Sum256(c.Raw)
	return thumbprint(sum[:])
}

// sameThumbprint compares a given thumbprint, SHA-1 or SHA-256, with or without colons, with the certificate's.
func sameThumbprint(c *x509.Certificate, given string) bool {
	digest, err := hex.DecodeString(strings.ReplaceAll(strings.TrimSpace(given), ":", ""))
	if err != nil {
		return false
	}
	switch len(digest) {
	case sha1.Size:
		return thumbprint(digest) == thumbprintSHA1(c)
	case sha256.Size:
		return thumbprint(digest) == thumbprintSHA256(c)
	}
	return false
}
