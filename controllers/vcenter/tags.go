// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package vcenter

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/vmware/govmomi/vapi/rest"
	"github.com/vmware/govmomi/vapi/tags"
)

// Tag names a tag by its category, within which its name is unique.
type Tag struct{ Category, Name string }

// MachinesWithTags are the morefs of the machines that have each of the tags, sorted. A tag that does not exist is on no machine. Tags stand
// outside of the SOAP API, behind a session of their own, which lives for this one call: vCenter counts sessions.
func (c *Client) MachinesWithTags(ctx context.Context, wanted []Tag) (map[Tag][]string, error) {
	const doing = "read the tags"
	ctx, cancel := context.WithTimeout(ctx, CallTimeout)
	defer cancel()
	r := rest.NewClient(c.vim)
	r.CheckRedirect = c.session.soap.CheckRedirect
	key := c.guard.key(c.host, c.e.Username, c.e.Password)
	err := c.guard.do(ctx, key, c.e.Speed, func() error {
		err := r.Login(ctx, url.UserPassword(c.e.Username, c.e.Password))
		if rest.IsStatusError(err, http.StatusUnauthorized) {
			return &Error{Class: CredentialsInvalid, Doing: doing, Server: c.host, Err: err}
		}
		return classify(ctx, doing, c.host, err, false)
	})
	if err != nil {
		return nil, classify(ctx, doing, c.host, err, false)
	}
	defer func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
		defer cancel()
		_ = r.Logout(ctx)
	}()
	out, err := machinesWithTags(ctx, tags.NewManager(r), wanted)
	return out, classify(ctx, doing, c.host, err, false)
}

func machinesWithTags(ctx context.Context, m *tags.Manager, wanted []Tag) (map[Tag][]string, error) {
	categories, err := m.GetCategories(ctx)
	if err != nil {
		return nil, fmt.Errorf("list the categories: %w", err)
	}
	out := map[Tag][]string{}
	for _, category := range categories {
		if !slices.ContainsFunc(wanted, func(t Tag) bool { return t.Category == category.Name }) {
			continue
		}
		members, err := m.GetTagsForCategory(ctx, category.ID)
		if err != nil {
			return nil, fmt.Errorf("list the tags of category %s: %w", category.Name, err)
		}
		for _, tag := range members {
			here := Tag{category.Name, tag.Name}
			if !slices.Contains(wanted, here) {
				continue
			}
			objects, err := m.ListAttachedObjects(ctx, tag.ID)
			if err != nil {
				return nil, fmt.Errorf("list what has tag %s: %w", tag.Name, err)
			}
			for _, object := range objects {
				if ref := object.Reference(); ref.Type == "VirtualMachine" {
					out[here] = append(out[here], ref.Value)
				}
			}
			slices.Sort(out[here])
		}
	}
	return out, nil
}
