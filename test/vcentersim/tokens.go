// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package vcentersim

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"html"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/vmware/govmomi/vim25/xml"
)

// samlTime is how SAML writes a moment.
const samlTime = "2006-01-02T15:04:05.000Z"

// tokenSigner issues and verifies the SAML assertions of one vCenter. Assertions are written in canonical form
// (exclusive C14N) from the start, so signing and verifying need no XML canonicaliser: bearers hand tokens on as they
// got them.
type tokenSigner struct {
	id     *identity
	issuer string
}

func newTokenSigner(id *identity) *tokenSigner {
	return &tokenSigner{id: id, issuer: "https://" + thumbprintSHA256(id.leaf)[:23] + "/websso/SAML2/Metadata/vsphere.local"}
}

// issue a bearer assertion for the user.
func (s *tokenSigner) issue(user string, from, until time.Time) (string, error) {
	id := "_" + uuid.NewString()
	at := func(t time.Time) string { return t.UTC().Format(samlTime) }
	name := html.EscapeString(user)
	head := fmt.Sprintf(`<saml2:Assertion xmlns:saml2="urn:oasis:names:tc:SAML:2.0:assertion" ID="%s" IssueInstant="%s" Version="2.0">`+
		`<saml2:Issuer Format="urn:oasis:names:tc:SAML:2.0:nameid-format:entity">%s</saml2:Issuer>`, id, at(time.Now()), s.issuer)
	tail := fmt.Sprintf(`<saml2:Subject><saml2:NameID Format="http://schemas.xmlsoap.org/claims/UPN">%s</saml2:NameID>`+
		`<saml2:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer"><saml2:SubjectConfirmationData NotOnOrAfter="%s"></saml2:SubjectConfirmationData>`+
		`</saml2:SubjectConfirmation></saml2:Subject>`+
		`<saml2:Conditions NotBefore="%s" NotOnOrAfter="%s"><saml2:ProxyRestriction Count="10"></saml2:ProxyRestriction></saml2:Conditions>`+
		`<saml2:AuthnStatement AuthnInstant="%s"><saml2:AuthnContext><saml2:AuthnContextClassRef>`+
		`urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport</saml2:AuthnContextClassRef></saml2:AuthnContext>`+
		`</saml2:AuthnStatement></saml2:Assertion>`,
		name, at(until), at(from), at(until), at(time.Now()))
	signature, err := s.sign(id, head+tail)
	if err != nil {
		return "", err
	}
	return head + signature + tail, nil
}

func (s *tokenSigner) sign(id, text string) (string, error) {
	digest := sha256.Sum256([]byte(text))
	info := signedInfo(id, digest[:])
	sum := sha256.Sum256([]byte(info))
	value, err := ecdsa.SignASN1(rand.Reader, s.id.key, sum[:])
	if err != nil {
		return "", fmt.Errorf("sign the token: %w", err)
	}
	// The namespace is declared on SignedInfo by the canonical form, and on Signature in the document.
	inner := strings.Replace(info, ` xmlns:ds="http://www.w3.org/2000/09/xmldsig#"`, "", 1)
	return `<ds:Signature xmlns:ds="http://www.w3.org/2000/09/xmldsig#">` + inner + `<ds:SignatureValue>` + base64.StdEncoding.EncodeToString(value) +
		`</ds:SignatureValue><ds:KeyInfo><ds:X509Data><ds:X509Certificate>` + base64.StdEncoding.EncodeToString(s.id.leaf.Raw) +
		`</ds:X509Certificate></ds:X509Data></ds:KeyInfo></ds:Signature>`, nil
}

func signedInfo(id string, digest []byte) string {
	return `<ds:SignedInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#">` +
		`<ds:CanonicalizationMethod Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"></ds:CanonicalizationMethod>` +
		`<ds:SignatureMethod Algorithm="http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256"></ds:SignatureMethod><ds:Reference URI="#` + id + `"><ds:Transforms>` +
		`<ds:Transform Algorithm="http://www.w3.org/2000/09/xmldsig#enveloped-signature"></ds:Transform>` +
		`<ds:Transform Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"></ds:Transform>` +
		`</ds:Transforms><ds:DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"></ds:DigestMethod><ds:DigestValue>` +
		base64.StdEncoding.EncodeToString(digest) + `</ds:DigestValue></ds:Reference></ds:SignedInfo>`
}

// verify finds the assertion in a message, and returns its subject when this vCenter issued it and now is in its time.
func (s *tokenSigner) verify(message []byte, now time.Time) (string, error) {
	text, ok := between(message, "<saml2:Assertion ", "</saml2:Assertion>")
	if !ok {
		return "", errors.New("the message holds no assertion")
	}
	signature, ok := between(text, "<ds:Signature ", "</ds:Signature>")
	if !ok {
		return "", errors.New("the assertion is not signed")
	}
	var token struct {
		ID      string `xml:",attr"`
		Subject struct {
			NameID string
		}
		Conditions struct {
			NotBefore    string `xml:",attr"`
			NotOnOrAfter string `xml:",attr"`
		}
		Signature struct {
			SignatureValue string
		}
	}
	if err := xml.Unmarshal(text, &token); err != nil {
		return "", fmt.Errorf("read the assertion: %w", err)
	}
	user := token.Subject.NameID
	digest := sha256.Sum256(bytes.Replace(text, signature, nil, 1))
	sum := sha256.Sum256([]byte(signedInfo(token.ID, digest[:])))
	value, err := base64.StdEncoding.DecodeString(token.Signature.SignatureValue)
	if err != nil || !ecdsa.VerifyASN1(&s.id.key.PublicKey, sum[:], value) {
		return user, errors.New("this vCenter did not sign the assertion")
	}
	from, err1 := time.Parse(samlTime, token.Conditions.NotBefore)
	until, err2 := time.Parse(samlTime, token.Conditions.NotOnOrAfter)
	if err := errors.Join(err1, err2); err != nil {
		return user, fmt.Errorf("read the assertion's lifetime: %w", err)
	}
	if now.Before(from.Add(-clockTolerance)) || !now.Before(until.Add(clockTolerance)) {
		return user, errors.New("the assertion has expired")
	}
	return user, nil
}

func between(text []byte, start, end string) ([]byte, bool) {
	i := bytes.Index(text, []byte(start))
	if i < 0 {
		return nil, false
	}
	j := bytes.Index(text[i:], []byte(end))
	if j < 0 {
		return nil, false
	}
	return text[i : i+j+len(end)], true
}
