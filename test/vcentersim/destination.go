// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package vcentersim

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/vmware/govmomi/session"
	"github.com/vmware/govmomi/sts"
	"github.com/vmware/govmomi/vim25"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

// destination is the vCenter that a move goes to, as the source sees it: a logged-in client, its own in process when
// the move stays at home. All checks go through it, so both kinds of move are checked alike.
type destination struct {
	v            *VCenter // the source
	client       *vim25.Client
	session      *session.Manager
	user         string
	remote       bool
	instanceUUID string
}

// patience with another vCenter's answers, real time.
const patience = 30 * time.Second

// destination finds where the specification leads, and logs in there.
func (v *VCenter) destination(ctx context.Context, spec types.VirtualMachineRelocateSpec, user string) (*destination, types.BaseMethodFault) {
	if spec.Service == nil || spec.Service.InstanceUuid == v.InstanceUUID() {
		return &destination{v: v, client: v.client, user: user, instanceUUID: v.InstanceUUID()}, nil
	}
	if _, token := spec.Service.Credential.(*types.ServiceLocatorSAMLCredential); token && v.config.AccountsOnly {
		return nil, &types.InvalidLogin{}
	}
	d := &destination{v: v, remote: true, instanceUUID: spec.Service.InstanceUuid}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if fault := d.dial(ctx, *spec.Service); fault != nil {
		return nil, fault
	}
	if fault := d.login(ctx, spec.Service.Credential); fault != nil {
		return nil, fault
	}
	return d, nil
}

// dial connects with the certificate that the locator pins, and checks that it is the vCenter that was meant.
func (d *destination) dial(ctx context.Context, s types.ServiceLocator) types.BaseMethodFault {
	u, err := soap.ParseURL(s.Url)
	if err != nil || u.Scheme != "https" {
		return &types.InvalidArgument{InvalidProperty: "spec.service.url"}
	}
	u.User = nil
	var refused *x509.Certificate
	client := soap.NewClient(u, true)
	client.DefaultTransport().TLSClientConfig = &tls.Config{
		MinVersion:         tls.VersionTLS12,
		InsecureSkipVerify: true, //nolint:gosec // VerifyConnection below verifies against the pin.
		VerifyConnection: func(state tls.ConnectionState) error {
			if leaf := state.PeerCertificates[0]; !pinned(leaf, s) {
				refused = leaf
				return errors.New("the certificate is not the one that the locator names")
			}
			return nil
		},
	}
	client.UserAgent = "vpxd/8.0.2"
	d.client, err = vim25.NewClient(ctx, client)
	switch {
	case refused != nil:
		return &types.SSLVerifyFault{SelfSigned: refused.Issuer.String() == refused.Subject.String(), Thumbprint: thumbprintSHA1(refused)}
	case err != nil:
		return unreachable(ctx, u)
	}
	if got := d.client.ServiceContent.About.InstanceUuid; !strings.EqualFold(got, s.InstanceUuid) {
		return &types.InvalidArgument{InvalidProperty: "spec.service.instanceUuid"}
	}
	return nil
}

func unreachable(ctx context.Context, u *url.URL) types.BaseMethodFault {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return &types.Timedout{}
	}
	return &types.NoHost{Name: u.Host}
}

// pinned compares the certificate with the locator's, by PEM or by thumbprint; both must fit when both are given.
func pinned(leaf *x509.Certificate, s types.ServiceLocator) bool {
	if s.SslCertificate == "" && s.SslThumbprint == "" {
		return false
	}
	if s.SslThumbprint != "" && !sameThumbprint(leaf, s.SslThumbprint) {
		return false
	}
	if s.SslCertificate == "" {
		return true
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM([]byte(s.SslCertificate)) {
		return false
	}
	_, err := leaf.Verify(x509.VerifyOptions{Roots: roots})
	return err == nil
}

func (d *destination) login(ctx context.Context, credential types.BaseServiceLocatorCredential) types.BaseMethodFault {
	d.session = session.NewManager(d.client)
	var err error
	switch c := credential.(type) {
	case *types.ServiceLocatorNamePassword:
		err = d.session.Login(ctx, url.UserPassword(c.Username, c.Password))
		d.user = c.Username
	case *types.ServiceLocatorSAMLCredential:
		header := soap.Header{Security: &sts.Signer{Token: c.Token}}
		err = d.session.LoginByToken(d.client.WithHeader(ctx, header))
		if s, failed := d.session.UserSession(ctx); err == nil && failed == nil && s != nil {
			d.user = s.UserName
		}
	default:
		return &types.InvalidArgument{InvalidProperty: "spec.service.credential"}
	}
	switch {
	case err == nil:
		return nil
	case soap.IsSoapFault(err):
		if fault, ok := soap.ToSoapFault(err).VimFault().(types.BaseMethodFault); ok {
			return fault
		}
		if fault := faultOf(soap.ToSoapFault(err).VimFault()); fault != nil {
			return fault
		}
		return &types.InvalidLogin{}
	}
	return unreachable(ctx, d.client.URL())
}

// close ends the session at the destination.
func (d *destination) close() {
	if d.session == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	_ = d.session.Logout(ctx)
	d.client.DefaultTransport().CloseIdleConnections()
}

// httpClient carries the session's cookie and the pin.
func (d *destination) httpClient() *http.Client { return &d.client.Client.Client }

// hardwareLimit is the newest virtual hardware there, by the vCenter's version: 8.0 U2 runs 21, 8.0 20, 7.0 19.
func (d *destination) hardwareLimit() int {
	switch version := d.client.ServiceContent.About.Version; {
	case strings.HasPrefix(version, "8.0.0"), strings.HasPrefix(version, "8.0.1"):
		return 20
	case strings.HasPrefix(version, "7."):
		return 19
	case strings.HasPrefix(version, "6."):
		return 14
	}
	return 21
}
