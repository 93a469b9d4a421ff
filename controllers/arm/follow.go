// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package arm

import (
	"context"
	"math/rand/v2"
	"slices"
	"time"
)

const (
	// shortest is the least time, on the wall clock, between two lists of a collection, so that a fast clock does not turn into a
	// busy loop: exchanges take real time at any speed.
	shortest = 100 * time.Millisecond
	// soonestStale is the least age, on the wall clock, at which a snapshot counts as stale, for the same reason.
	soonestStale = 2 * time.Second
	// listAgain is after how many rounds of single reads a forbidden list is tried again.
	listAgain = 10
)

// firstDelay staggers the first lists of many collections: a new leader must not ask for all of a fleet at once.
func (w *Watcher) firstDelay(collections int) time.Duration {
	most := min(w.o.Period, time.Duration(collections-1)*200*time.Millisecond)
	if most <= 0 {
		return 0
	}
	return wall(rand.N(most), w.o.Speed)
}

func (w *Watcher) staleAfter() time.Duration {
	return max(wall(3*w.o.Period, w.o.Speed), soonestStale)
}

// follow looks at one collection again and again until ctx ends.
func (w *Watcher) follow(ctx context.Context, e *watched, delay time.Duration) {
	timer := time.NewTimer(delay)
	defer timer.Stop()
	last, notBefore := time.Time{}, time.Time{}
	for round := 0; ; round++ {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		case <-e.kick:
			// A hundred objects that hurry at once are one hurry, and none asks sooner than Azure allows.
			soon := max(time.Until(last.Add(max(wall(w.o.Hurried, w.o.Speed), shortest))), time.Until(notBefore))
			if soon > 0 {
				timer.Reset(soon)
				continue
			}
		}
		last = time.Now()
		err := w.look(ctx, e, round)
		if ctx.Err() != nil {
			return
		}
		if failed := asError(err); failed != nil {
			notBefore = time.Now().Add(wall(failed.RetryAfter, w.o.Speed))
		}
		if err != nil {
			w.o.Log.V(1).Info("Could not look at a collection", "collection", string(e.collection), "principal", e.key.principal, "class", string(ClassOf(err)), "error", err.Error())
		}
		timer.Reset(w.pause(e, err))
	}
}

// pause is the time until the next look, up to a tenth more, so that collections do not fall into step.
func (w *Watcher) pause(e *watched, err error) time.Duration {
	w.mu.Lock()
	hurried := time.Now().Before(e.hurryUntil)
	w.mu.Unlock()
	d := time.Duration(float64(w.o.Period) * (1 + rand.Float64()/10))
	if hurried {
		d = w.o.Hurried
	}
	if failed := asError(err); failed != nil {
		d = max(d, failed.RetryAfter)
	}
	return max(wall(d, w.o.Speed), shortest)
}

// look takes one snapshot: by a list, or by single reads where listing is forbidden.
func (w *Watcher) look(ctx context.Context, e *watched, round int) error {
	w.mu.Lock()
	client, single := e.client, e.snapshot.single && round%listAgain != listAgain-1
	w.mu.Unlock()
	if single {
		return w.readEach(ctx, e, client)
	}
	askedAt := time.Now()
	resources, err := client.list(ctx, e.collection)
	switch ClassOf(err) {
	case Forbidden:
		w.mu.Lock()
		e.snapshot.single = true
		w.mu.Unlock()
		return w.readEach(ctx, e, client)
	case NotFound: // what holds the collection is gone, and the collection with it
		resources, err = nil, nil
	}
	if ctx.Err() != nil {
		return err
	}
	w.mu.Lock()
	changes := w.settle(e, func() []ID {
		if err != nil {
			e.snapshot.err = err
			return nil
		}
		return e.snapshot.replace(resources, askedAt)
	})
	w.mu.Unlock()
	w.tell(changes)
	return err
}

// readEach reads the resources that are used by themselves.
func (w *Watcher) readEach(ctx context.Context, e *watched, client *Client) error {
	w.mu.Lock()
	ids := make([]ID, 0, len(e.ids))
	for _, u := range e.ids {
		ids = append(ids, u.id)
	}
	w.mu.Unlock()
	slices.Sort(ids)
	var last error
	for _, id := range ids {
		askedAt := time.Now()
		body, err := client.get(ctx, id)
		if ClassOf(err) == NotFound {
			body, err = nil, nil
		}
		if ctx.Err() != nil {
			return err
		}
		if err != nil {
			last = err
			continue
		}
		w.mu.Lock()
		changes := w.settle(e, func() []ID { return e.snapshot.put(item{id: id, body: body, askedAt: askedAt}) })
		w.mu.Unlock()
		w.tell(changes)
	}
	w.mu.Lock()
	changes := w.settle(e, func() []ID {
		e.snapshot.err = last
		e.snapshot.keepOnly(e.ids)
		return nil
	})
	w.mu.Unlock()
	w.tell(changes)
	return last
}

// settle applies a step to the snapshot and finds what is worth telling, stale and recovered included. The caller holds the lock.
func (w *Watcher) settle(e *watched, step func() []ID) []Change {
	ids := step()
	s := &e.snapshot
	if stale := s.known && time.Since(s.askedAt) > w.staleAfter(); stale != s.stale {
		s.stale = stale
		ids = append(ids, "")
	}
	changes := make([]Change, 0, len(ids))
	for _, id := range ids {
		changes = append(changes, e.change(id))
	}
	return changes
}
