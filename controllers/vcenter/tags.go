// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package vcenter

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/vmware/govmomi/vapi/rest"
	"github.com/vmware/govmomi/vapi/tags"
)

// Tag names a tag by its category, within which its name is unique.
type Tag struct{ Category, Name string }

const (
	// tagsAtOnce is how many tags are asked about in one call: vCenter names every object that has one of them in one answer.
	tagsAtOnce = 20
	// tagAnswer bounds one answer, in bytes: 100,000 attachments are some 10 MB.
	tagAnswer = 32 << 20
)

// MachinesWithTags are the morefs of the machines that have each of the tags, sorted. A tag that does not exist is on no machine. Tags stand
// outside of the SOAP API, behind a session of their own, which lives for this one call: vCenter counts sessions. Each exchange has bounds of
// its own, in time and in bytes, so that many tags are no reason to fail.
func (c *Client) MachinesWithTags(ctx context.Context, wanted []Tag) (map[Tag][]string, error) {
	const doing = "read the tags"
	r := rest.NewClient(c.vim)
	r.CheckRedirect = c.session.soap.CheckRedirect
	r.Transport = bounded{next: c.session.soap.Transport, most: tagAnswer, within: CallTimeout}
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
	ids, err := tagIDs(ctx, m, wanted)
	if err != nil {
		return nil, err
	}
	out := map[Tag][]string{}
	for some := range slices.Chunk(slices.Sorted(maps.Keys(ids)), tagsAtOnce) {
		attached, err := m.ListAttachedObjectsOnTags(ctx, some)
		if err != nil {
			return nil, fmt.Errorf("list what has %d tags: %w", len(some), err)
		}
		for _, a := range attached {
			tag := ids[a.TagID]
			for _, object := range a.ObjectIDs {
				if ref := object.Reference(); ref.Type == "VirtualMachine" {
					out[tag] = append(out[tag], ref.Value)
				}
			}
			slices.Sort(out[tag])
		}
	}
	return out, nil
}

// tagIDs finds the tags that exist, by id.
func tagIDs(ctx context.Context, m *tags.Manager, wanted []Tag) (map[string]Tag, error) {
	categories, err := m.GetCategories(ctx)
	if err != nil {
		return nil, fmt.Errorf("list the categories: %w", err)
	}
	out := map[string]Tag{}
	for _, category := range categories {
		if !slices.ContainsFunc(wanted, func(t Tag) bool { return t.Category == category.Name }) {
			continue
		}
		members, err := m.GetTagsForCategory(ctx, category.ID)
		if err != nil {
			return nil, fmt.Errorf("list the tags of category %s: %w", category.Name, err)
		}
		for _, tag := range members {
			if here := (Tag{category.Name, tag.Name}); slices.Contains(wanted, here) {
				out[tag.ID] = here
			}
		}
	}
	return out, nil
}
