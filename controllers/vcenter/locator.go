// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package vcenter

import "encoding/json"

// Locator tells the source vCenter how to reach and enter the destination. It carries a secret and therefore prints,
// logs and marshals without it.
type Locator struct {
	URL            string // as the source vCenter reaches it: https://host[:port][/sdk]
	InstanceUUID   string // About.InstanceUUID of the destination
	Thumbprint     string // SHA-1; see Certificate.ThumbprintSHA1
	CertificatePEM string // sent instead of the thumbprint from vCenter 9 on
	Username       string
	Password       string
	Token          Token // used instead of Username and Password where its SAML is set; see Client.IssueToken
}

// String names the destination without its credentials.
func (l Locator) String() string {
	return "Locator{" + l.URL + " " + l.InstanceUUID + " credentials redacted}"
}

// GoString is String, so that %#v leaks nothing either.
func (l Locator) GoString() string { return l.String() }

// MarshalJSON leaves the credentials out.
func (l Locator) MarshalJSON() ([]byte, error) {
	return json.Marshal(map[string]string{
		"url": l.URL, "instanceUUID": l.InstanceUUID, "thumbprint": l.Thumbprint, "credentials": "redacted",
	})
}
