// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package vcenters

import (
	"context"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/arm"
	"github.com/avs-operator/avs-operator/controllers/outcome"
	"github.com/avs-operator/avs-operator/controllers/vcenter"
)

// MachineQuery asks for machines in a private cloud's vCenter: by instanceUUID, or by a tag and its category.
type MachineQuery struct{ InstanceUUID, Category, Tag string }

const (
	// freshAnswer is how long an answer of FindMachines counts, in vCenter's time. Nobody is told when a tag changes.
	freshAnswer = time.Minute
	// wantedAnswer is how long an answer is kept fresh that nobody asks for any more, likewise.
	wantedAnswer = 5 * time.Minute
	// FindWithin bounds one look, in real time: a reconcile waits for it.
	FindWithin = 20 * time.Second
)

// AnswersFor is how long an answer of FindMachines counts, in real time.
func (v *Pool) AnswersFor() time.Duration { return v.o.Pace.Real(freshAnswer) }

// lookups are the answers about one private cloud. All that is still asked for is asked again together: one login a minute, however many
// policies name machines by tag.
type lookups struct {
	mu      sync.Mutex // held during a look: who comes meanwhile takes its result
	at      time.Time
	problem *outcome.Outcome
	wanted  map[MachineQuery]time.Time
	found   map[MachineQuery][]string
}

// FindMachines are the managed object ids of what the queries mean, at most a minute old. What is not there has none.
func (v *Pool) FindMachines(ctx context.Context, client *arm.Client, cloud *v1alpha1.PrivateCloud,
	queries []MachineQuery) (map[MachineQuery][]string, *outcome.Outcome) {
	l := v.lookupsOf(cloud.UID)
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	known := true
	for _, query := range queries {
		if _, ok := l.found[query]; !ok {
			known = false
		}
		l.wanted[query] = now
	}
	fresh := now.Sub(l.at) < v.o.Pace.Real(freshAnswer)
	if fresh && l.problem != nil {
		again := *l.problem
		return nil, &again
	}
	if !fresh || !known {
		v.look(ctx, client, cloud, l)
	}
	if l.problem != nil {
		again := *l.problem
		return nil, &again
	}
	return l.found, nil
}

// look asks for all that is still wanted.
func (v *Pool) look(ctx context.Context, client *arm.Client, cloud *v1alpha1.PrivateCloud, l *lookups) {
	now := time.Now()
	for query, at := range l.wanted {
		if now.Sub(at) > v.o.Pace.Real(wantedAnswer) {
			delete(l.wanted, query)
		}
	}
	found := map[MachineQuery][]string{}
	l.problem = v.inCloud(ctx, client, cloud, FindWithin, func(ctx context.Context, c *vcenter.Client) error {
		var tags []vcenter.Tag
		for query := range l.wanted {
			found[query] = nil
			if query.InstanceUUID == "" {
				tags = append(tags, vcenter.Tag{Category: query.Category, Name: query.Tag})
				continue
			}
			machines, err := c.FindMachine(ctx, query.InstanceUUID)
			if err != nil {
				return err
			}
			for i := range machines {
				found[query] = append(found[query], machines[i].Ref)
			}
		}
		if len(tags) == 0 {
			return nil
		}
		tagged, err := c.MachinesWithTags(ctx, tags)
		for tag, refs := range tagged {
			found[MachineQuery{Category: tag.Category, Tag: tag.Name}] = refs
		}
		return err
	})
	l.found, l.at = found, now
}

func (v *Pool) lookupsOf(cloud types.UID) *lookups {
	v.mu.Lock()
	defer v.mu.Unlock()
	l := v.lookups[cloud]
	if l == nil {
		l = &lookups{wanted: map[MachineQuery]time.Time{}}
		v.lookups[cloud] = l
	}
	return l
}

// DatastoreUsers names the machines and templates with files on a datastore of a private cloud, without those of vCenter's own cluster
// services, which vCenter itself moves away. It asks the vCenter itself, now.
func (v *Pool) DatastoreUsers(ctx context.Context, client *arm.Client, cloud *v1alpha1.PrivateCloud, datastore string) ([]string, *outcome.Outcome) {
	var names []string
	o := v.inCloud(ctx, client, cloud, countWithin, func(ctx context.Context, c *vcenter.Client) error {
		inventory, err := readInventory(ctx, c)
		if err == nil {
			names = usersOf(inventory, datastore)
		}
		return err
	})
	return names, o
}
