// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package armsim

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"math/big"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// Resource Manager signs the polling URLs that it hands out: behind the api-version come t (the moment in .NET's ticks), c (the certificate
// that signed, DER in base64url: some 1,826 bytes make 2,435 characters), s (the signature) and h (a hash), so that a URL has about 3,100
// characters. Such URLs stand in the documentation of Azure Operator Nexus (run-read commands of the network fabric) and of standby pools
// (New-AzStandbyVMPool -NoWait). What it answers to one that was altered is published nowhere: here it is a 403.

// signer makes and checks what is signed. Its key is that of the tokens, which a saved state has, so that stored URLs outlive a restart.
type signer struct {
	key         [sha256.Size]byte
	certificate string // base64url
}

// Lengths of the parts of a signed URL, in bytes before base64url.
const (
	certificateBytes = 1826
	signatureBytes   = 256
)

func newSigner(key *rsa.PrivateKey) (*signer, error) {
	made := &signer{key: sha256.Sum256(append([]byte("polling URLs "), x509.MarshalPKCS1PrivateKey(key)...))}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		Subject:      pkix.Name{CommonName: "asyncoperationsigningcertificate.armsim"},
		NotBefore:    time.Now().Add(-24 * time.Hour), NotAfter: time.Now().AddDate(0, 6, 0),
	}
	// A real one names policies, revocation lists and more; what they take is filled up.
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err == nil {
		template.ExtraExtensions = []pkix.Extension{{Id: []int{1, 3, 6, 1, 4, 1, 311, 21, 7}, Value: make([]byte, certificateBytes-len(der)-24)}}
		der, err = x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	}
	if err != nil {
		return nil, fmt.Errorf("making the certificate that signs polling URLs: %w", err)
	}
	made.certificate = base64.RawURLEncoding.EncodeToString(der)
	return made, nil
}

// ticks are .NET's: 100 ns since the year 1.
func ticks(t time.Time) string {
	return strconv.FormatInt(t.UnixNano()/100+621_355_968_000_000_000, 10)
}

// sign is the query of a polling URL. atLeast pads the certificate until path and query together are that long.
func (s *signer) sign(path, version string, now time.Time, atLeast int) string {
	t, c := ticks(now), s.certificate
	query := func() string {
		signature, hash := s.signature(path, version, t, c)
		return "api-version=" + version + "&t=" + t + "&c=" + c + "&s=" + signature + "&h=" + hash
	}
	if missing := atLeast - len(path) - 1 - len(query()); missing > 0 {
		c += strings.Repeat(c, missing/len(c)+1)[:missing]
	}
	return query()
}

// signature is as long as an RSA signature, without its cost at every answer.
func (s *signer) signature(path, version, t, c string) (signature, hash string) {
	said := strings.Join([]string{strings.ToLower(path), version, t, c}, "\n")
	long := make([]byte, 0, signatureBytes)
	for i := uint32(0); len(long) < signatureBytes; i++ {
		mac := hmac.New(sha256.New, s.key[:])
		_ = binary.Write(mac, binary.BigEndian, i) // a hash takes everything
		_, _ = mac.Write([]byte(said))
		long = mac.Sum(long)
	}
	sum := sha256.Sum256(append([]byte(said), long...))
	return base64.RawURLEncoding.EncodeToString(long), base64.RawURLEncoding.EncodeToString(sum[:])
}

// check refuses a polling URL of which anything is missing or was altered.
func (s *signer) check(path string, query url.Values) *answer {
	signature, hash := s.signature(path, query.Get("api-version"), query.Get("t"), query.Get("c"))
	if query.Get("s") == signature && query.Get("h") == hash {
		return nil
	}
	return refuse(http.StatusForbidden, "InvalidAsyncOperationSignature",
		"The signature of the request does not match. Use the URL of the header Azure-AsyncOperation or Location as it was given.")
}
