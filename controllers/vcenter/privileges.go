// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package vcenter

import (
	"context"
	"errors"

	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/types"
)

// Privileges tells which of the privileges ids an account lacks on each of refs; references without a gap are not in the answer. The account is
// named, user@domain or DOMAIN\user, so group memberships count; an empty name is the account of this client. System.View is enough to ask.
func (c *Client) Privileges(ctx context.Context, account string, refs, ids []string) (missing map[string][]string, err error) {
	const doing = "check the privileges of the account"
	if len(refs) == 0 || len(ids) == 0 {
		return nil, nil
	}
	manager := c.vim.ServiceContent.AuthorizationManager
	if manager == nil {
		return nil, &Error{Class: NotSupported, Doing: doing, Server: c.host, Err: errors.New("the vCenter has no authorization manager")}
	}
	if account == "" {
		account = c.User()
	}
	req := types.HasUserPrivilegeOnEntities{This: *manager, UserName: account, PrivId: ids}
	for _, r := range refs {
		req.Entities = append(req.Entities, refOf(r))
	}
	var answer []types.EntityPrivilege
	err = c.read(ctx, doing, func(ctx context.Context) error {
		res, err := methods.HasUserPrivilegeOnEntities(ctx, c.vim, &req)
		if err == nil {
			answer = res.Returnval
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	missing = map[string][]string{}
	for _, e := range answer {
		for _, p := range e.PrivAvailability {
			if !p.IsGranted {
				missing[e.Entity.Value] = append(missing[e.Entity.Value], p.PrivId)
			}
		}
	}
	return missing, nil
}
