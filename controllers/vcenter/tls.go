// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package vcenter

import (
	"context"
	"crypto/sha1" //nolint:gosec // vCenter before 9 names certificates by SHA-1
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
)

// trust decides whether a vCenter's certificate is the right one and remembers the last that was.
type trust struct {
	pinned []byte // SHA-1 or SHA-256 of the leaf; nil: verify chain and name
	roots  *x509.CertPool

	mu   sync.Mutex
	leaf *x509.Certificate
}

// certError is a pinned leaf that is not the one presented.
type certError struct{ pinned, presented, sha256 string }

func (e *certError) Error() string {
	return fmt.Sprintf("the certificate changed: trusted thumbprint %s, presented %s", e.pinned, e.presented)
}

func newTrust(e Endpoint) (*trust, error) {
	t := &trust{roots: e.RootCAs}
	if e.Thumbprint == "" {
		return t, nil
	}
	pin, err := parseThumbprint(e.Thumbprint)
	t.pinned = pin
	return t, err
}

// parseThumbprint reads 20 or 32 bytes of hex, with or without colons.
func parseThumbprint(s string) ([]byte, error) {
	b, err := hex.DecodeString(strings.ReplaceAll(strings.TrimSpace(s), ":", ""))
	if err != nil || len(b) != sha1.Size && len(b) != sha256.Size {
		return nil, fmt.Errorf("thumbprint %q is not SHA-1 (20 bytes) or SHA-256 (32 bytes) in hex", s)
	}
	return b, nil
}

// config is the TLS configuration that enforces the trust. A pin replaces chain and name verification: it names the one
// certificate, as vSphere's own thumbprints do, and vCenters often have certificates that no one else signed.
func (t *trust) config() *tls.Config {
	return &tls.Config{
		MinVersion:         tls.VersionTLS12,
		RootCAs:            t.roots,
		InsecureSkipVerify: t.pinned != nil, //nolint:gosec // verify compares with the pin, on resumed sessions too
		VerifyConnection:   t.verify,
	}
}

func (t *trust) verify(cs tls.ConnectionState) error {
	if len(cs.PeerCertificates) == 0 {
		return errors.New("the server presented no certificate")
	}
	leaf := cs.PeerCertificates[0]
	if t.pinned != nil {
		if got := sumLike(t.pinned, leaf.Raw); string(got) != string(t.pinned) {
			return &certError{pinned: colons(t.pinned), presented: colons(got), sha256: describe(leaf).ThumbprintSHA256}
		}
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.leaf = leaf
	return nil
}

// sumLike hashes raw with the hash that pin has the length of.
func sumLike(pin, raw []byte) []byte {
	if len(pin) == sha1.Size {
		s := sha1.Sum(raw) //nolint:gosec // see above
		return s[:]
	}
	s := sha256.Sum256(raw)
	return s[:]
}

func colons(b []byte) string {
	parts := make([]string, len(b))
	for i, c := range b {
		parts[i] = fmt.Sprintf("%02X", c)
	}
	return strings.Join(parts, ":")
}

func (t *trust) certificate() Certificate {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.leaf == nil {
		return Certificate{}
	}
	return describe(t.leaf)
}

func describe(leaf *x509.Certificate) Certificate {
	return Certificate{
		ThumbprintSHA1:   colons(sumLike(make([]byte, sha1.Size), leaf.Raw)),
		ThumbprintSHA256: colons(sumLike(make([]byte, sha256.Size), leaf.Raw)),
		PEM:              string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: leaf.Raw})),
		NotAfter:         leaf.NotAfter,
	}
}

// configure puts dialling and trust of the endpoint into govmomi's transport. govmomi's own DialTLS is taken out: it dials
// before it asks for a thumbprint, ignores the context, and knows nothing of an address that differs from the name.
func configure(tr *http.Transport, u *url.URL, e Endpoint, t *trust) {
	tr.DialTLSContext = nil
	tr.TLSClientConfig = t.config()
	tr.TLSHandshakeTimeout = 10 * time.Second
	tr.MaxIdleConnsPerHost = 8 // the stream holds one connection for its whole life; two, the default, would churn
	dial := e.dialer(tr)
	tr.DialContext = dial
	if e.Address == "" {
		return
	}
	name, instead := hostPort(u.Host, "443"), hostPort(e.Address, portOf(u))
	tr.Proxy = nil // a proxy would resolve the name itself
	tr.DialContext = func(ctx context.Context, network, addr string) (net.Conn, error) {
		if strings.EqualFold(addr, name) {
			addr = instead
		}
		return dial(ctx, network, addr)
	}
}

// dialer is how the endpoint may be dialled.
func (e Endpoint) dialer(tr *http.Transport) DialFunc {
	d := net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second}
	if e.Confine != nil {
		return e.Confine(tr, d)
	}
	return d.DialContext
}

func portOf(u *url.URL) string {
	if p := u.Port(); p != "" {
		return p
	}
	return "443"
}

// hostPort adds a port where there is none; bare IPv6 addresses get their brackets.
func hostPort(s, port string) string {
	if _, _, err := net.SplitHostPort(s); err == nil {
		return s
	}
	return net.JoinHostPort(strings.Trim(s, "[]"), port)
}

// sdkURL checks and completes the URL of an endpoint.
func sdkURL(s string) (*url.URL, error) {
	u, err := url.Parse(s)
	switch {
	case err != nil:
		return nil, errors.New("the URL cannot be parsed") // url.Error would print what may hold a password
	case u.User != nil:
		return nil, errors.New("the URL must not hold credentials")
	case u.Scheme != "https" || u.Host == "":
		return nil, errors.New("the URL must be https://host[:port]")
	}
	if u.Path = strings.TrimSuffix(u.Path, "/"); u.Path == "" {
		u.Path = "/sdk"
	}
	u.RawQuery, u.Fragment = "", ""
	return u, nil
}

// Probe returns the certificate that stands at the endpoint now, trusted or not; nothing is sent. It is how the other
// address of a vCenter, the one that its peers use, gets its thumbprint, and how a user learns what to pin.
func Probe(ctx context.Context, e Endpoint) (Certificate, error) {
	const doing = "read the certificate"
	u, err := sdkURL(e.URL)
	if err != nil {
		return Certificate{}, &Error{Class: InvalidRequest, Doing: doing, Server: "vCenter", Err: err}
	}
	addr := hostPort(u.Host, "443")
	if e.Address != "" {
		addr = hostPort(e.Address, portOf(u))
	}
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	raw, err := e.dialer(&http.Transport{})(ctx, "tcp", addr)
	if err != nil {
		return Certificate{}, classify(ctx, doing, u.Host, err, false)
	}
	defer func() { _ = raw.Close() }()
	conn := tls.Client(raw, &tls.Config{
		ServerName: u.Hostname(), MinVersion: tls.VersionTLS12,
		InsecureSkipVerify: true, //nolint:gosec // the certificate is the answer, and nothing is sent
	})
	if err := conn.HandshakeContext(ctx); err != nil {
		return Certificate{}, classify(ctx, doing, u.Host, err, false)
	}
	return describe(conn.ConnectionState().PeerCertificates[0]), nil
}
