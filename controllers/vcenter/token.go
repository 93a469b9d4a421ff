// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package vcenter

import (
	"context"
	"encoding/json"
	"errors"
	"net/url"
	"strings"
	"time"

	"github.com/vmware/govmomi/sts"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

// Token is a bearer token, a SAML assertion. It is a secret.
type Token struct {
	SAML string
	// Life is how long vCenter granted it, in real time: by default five minutes, whatever is asked for (its token policy calls that the
	// maximum bearer token lifetime).
	Life time.Duration
}

// String shows no token, and neither do GoString and MarshalJSON.
func (t Token) String() string { return "Token{for " + t.Life.String() + "}" }

// GoString is String, so that %#v leaks nothing either.
func (t Token) GoString() string { return t.String() }

// MarshalJSON leaves the token out.
func (t Token) MarshalJSON() ([]byte, error) { return json.Marshal(t.String()) }

// IssueToken gets a bearer token for this account from the vCenter's own token service, for a Locator: so the other vCenter never sees a
// password. It lives in real time, counted from this machine's clock, and seldom as long as asked for. The class ClockSkewed means that the
// two clocks are further apart than vCenter tolerates. A refusal counts toward the account's lock like any other, and is remembered like
// any other.
func (c *Client) IssueToken(ctx context.Context, lifetime time.Duration) (Token, error) {
	const doing = "get a token"
	if lifetime <= 0 {
		return Token{}, &Error{Class: InvalidRequest, Doing: doing, Server: c.host, Err: errors.New("the lifetime is not positive")}
	}
	var token Token
	key := c.guard.key(c.host, c.e.Username, c.e.Password)
	err := c.guard.do(ctx, key, c.e.Speed, func() error {
		tctx, cancel := context.WithTimeout(ctx, CallTimeout)
		defer cancel()
		signer, err := c.tokenService(tctx).Issue(tctx, sts.TokenRequest{
			Userinfo: url.UserPassword(c.e.Username, c.e.Password), Lifetime: lifetime,
		})
		if err != nil {
			return classifyToken(ctx, doing, c.host, err)
		}
		token = Token{SAML: signer.Token, Life: signer.Lifetime.Expires.Sub(signer.Lifetime.Created)}
		return nil
	})
	if err != nil {
		return Token{}, classify(ctx, doing, c.host, err, false)
	}
	if token.SAML == "" {
		return Token{}, &Error{Class: Other, Doing: doing, Server: c.host, Err: errors.New("the token service answered without a token")}
	}
	return token, nil
}

// classifyToken is classifyLogin for the token service, which also refuses a client whose clock is too far off.
func classifyToken(ctx context.Context, doing, host string, err error) error {
	out := classifyLogin(ctx, doing, host, err)
	var e *Error
	if errors.As(out, &e) && e.Class == Other && soap.IsSoapFault(err) && strings.Contains(soap.ToSoapFault(err).Code, "InvalidTimeRange") {
		e.Class = ClockSkewed
	}
	return out
}

// tokenService is the token service of this vCenter. Its path names the single sign-on domain, which vCenter's settings tell
// to those who may read them; without it the service takes the domain that vCenter was installed with. Only the path is
// taken: since vCenter 7 the service stands on the vCenter itself, and a password goes to no other host.
func (c *Client) tokenService(ctx context.Context) *sts.Client {
	path := sts.Path
	if settings := c.vim.ServiceContent.Setting; settings != nil {
		res, err := methods.QueryOptions(ctx, c.vim, &types.QueryOptions{This: *settings, Name: "config.vpxd.sso.sts.uri"})
		if err == nil && len(res.Returnval) == 1 {
			u, err := url.Parse(str(res.Returnval[0].GetOptionValue().Value))
			if err == nil && strings.HasPrefix(u.Path, path) {
				path = u.Path
			}
		}
	}
	sc := c.session.soap.NewServiceClient(path, sts.Namespace)
	sc.CheckRedirect = c.session.soap.CheckRedirect
	return &sts.Client{Client: sc, RoundTripper: sc}
}
