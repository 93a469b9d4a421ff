// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package vcenters

import (
	"context"
	"sync"

	"github.com/avs-operator/avs-operator/controllers/arm"
	"github.com/avs-operator/avs-operator/controllers/watch"
)

// AdminCredentials are the accounts that a private cloud comes with. They are fetched when needed and kept nowhere.
type AdminCredentials struct {
	VCenterUsername string `json:"vcenterUsername"`
	VCenterPassword string `json:"vcenterPassword"`
	NSXTUsername    string `json:"nsxtUsername"`
	NSXTPassword    string `json:"nsxtPassword"`
}

// accounts are the fingerprints of the accounts that Azure gave last, by private cloud: a password may be changed in the portal, which no resource
// in Azure shows, so whoever asks for it learns that for all.
type accounts struct {
	mu      sync.Mutex
	given   map[string]string
	changed watch.Listeners[arm.ID]
}

// AdminCredentials asks Azure for the accounts of the private cloud with the id. Those who listen are told if they are not those that Azure gave
// last.
func (v *Pool) AdminCredentials(ctx context.Context, client *arm.Client, id arm.ID) (*AdminCredentials, error) {
	out := &AdminCredentials{}
	if err := client.Post(ctx, id, "listAdminCredentials", nil, out); err != nil {
		return nil, err
	}
	now := v.fingerprintOf(*out)
	v.accounts.mu.Lock()
	if v.accounts.given == nil {
		v.accounts.given = map[string]string{}
	}
	changed := v.accounts.given[id.Key()] != now
	v.accounts.given[id.Key()] = now
	v.accounts.mu.Unlock()
	if changed {
		v.accounts.changed.Tell(id)
	}
	return out, nil
}

// Outdated says that Azure has given this process other accounts of a private cloud since. It asks nobody.
func (v *Pool) Outdated(id arm.ID, known AdminCredentials) bool {
	v.accounts.mu.Lock()
	defer v.accounts.mu.Unlock()
	last := v.accounts.given[id.Key()]
	return last != "" && last != v.fingerprintOf(known)
}

// AccountsChanged tells f the id of each private cloud whose accounts are not those that Azure gave before, until cancel. f must not block.
func (v *Pool) AccountsChanged(f func(arm.ID)) (cancel func()) {
	return v.accounts.changed.Subscribe(f)
}

func (v *Pool) fingerprintOf(c AdminCredentials) string {
	return v.fingerprint(c.VCenterUsername, c.VCenterPassword, c.NSXTUsername, c.NSXTPassword)
}
