// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package vcenter

import (
	"context"
	"errors"
	"net/url"
	"strings"
	"time"

	"github.com/vmware/govmomi/sts"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/types"
)

// IssueToken gets a bearer token (a SAML assertion) for this account from the vCenter's own token service, for a Locator: so
// the other vCenter never sees a password. The token lives in real time and must outlast the queue of the relocation.
// A refusal counts toward the account's lock like any other, and is remembered like any other.
func (c *Client) IssueToken(ctx context.Context, lifetime time.Duration) (string, error) {
	const doing = "get a token"
	if lifetime <= 0 {
		return "", &Error{Class: InvalidRequest, Doing: doing, Server: c.host, Err: errors.New("the lifetime is not positive")}
	}
	token := ""
	key := c.guard.key(c.host, c.e.Username, c.e.Password)
	err := c.guard.do(ctx, key, c.e.Speed, func() error {
		tctx, cancel := context.WithTimeout(ctx, CallTimeout)
		defer cancel()
		signer, err := c.tokenService(tctx).Issue(tctx, sts.TokenRequest{
			Userinfo: url.UserPassword(c.e.Username, c.e.Password), Lifetime: lifetime,
		})
		if err != nil {
			return classifyLogin(ctx, doing, c.host, err)
		}
		token = signer.Token
		return nil
	})
	if err != nil {
		return "", classify(ctx, doing, c.host, err, false)
	}
	if token == "" {
		return "", &Error{Class: Other, Doing: doing, Server: c.host, Err: errors.New("the token service answered without a token")}
	}
	return token, nil
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
