// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package arm

import (
	"context"
	"sync"
	"time"
)

// recents are lists that were asked for not long ago.
type recents struct {
	mu   sync.Mutex
	list map[string]recent // by the collection's key
}

type recent struct {
	all []Resource
	at  time.Time
}

// Recent is List for what changes by the month, such as the SKUs that a subscription is offered: an answer that is no older than within, in
// Azure's time, is given again. What it returns is shared and must not be changed.
func (c *Client) Recent(ctx context.Context, collection ID, within time.Duration) ([]Resource, error) {
	askedAt := time.Now()
	c.recents.mu.Lock()
	known, ok := c.recents.list[collection.Key()]
	c.recents.mu.Unlock()
	if ok && float64(askedAt.Sub(known.at))*c.speed < float64(within) {
		return known.all, nil
	}
	all, err := c.List(ctx, collection)
	if err != nil {
		return nil, err
	}
	c.recents.mu.Lock()
	defer c.recents.mu.Unlock()
	if c.recents.list == nil {
		c.recents.list = map[string]recent{}
	}
	c.recents.list[collection.Key()] = recent{all, askedAt}
	return all, nil
}
