// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package arm

import (
	"cmp"
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
	// listAgain is after how many rounds of single reads a list that failed is tried again.
	listAgain = 10
	// failsBefore is how many lists in a row must end in trouble that may heal by itself before the resources are read one by one: before the
	// snapshot is stale.
	failsBefore = 2
	// mostReads bounds a round of single reads: what ARM lets one identity read at once in a subscription, with some left for others. Those that
	// were read longest ago come first.
	mostReads = 200
	// probes are how many resources are read when Azure says that a collection is not there, before it is believed.
	probes = 3
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
			w.o.Log.V(1).Info("Could not look at a collection", "collection", string(e.collection), "principal", e.key.principal,
				"class", string(ClassOf(err)), "error", err.Error())
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

// look takes one snapshot: by a list, or by single reads where that fails. Whatever is wrong with a list, a resource that can be read is there.
func (w *Watcher) look(ctx context.Context, e *watched, round int) error {
	w.mu.Lock()
	client, single := e.client, e.snapshot.single && round%listAgain != listAgain-1
	w.mu.Unlock()
	if single {
		return w.readEach(ctx, e, client)
	}
	askedAt := time.Now()
	resources, err := client.list(ctx, e.collection)
	if ClassOf(err) == NotFound && !w.anyThere(ctx, e, client) { // what holds the collection is gone, and the collection with it
		resources, err = nil, nil
	}
	if ctx.Err() != nil {
		return err
	}
	if w.oneByOne(e, err) {
		return w.readEach(ctx, e, client)
	}
	w.mu.Lock()
	changes := w.settle(e, func() []ID {
		if err != nil {
			e.snapshot.err = err
			return nil
		}
		if !e.hold(sizeOf(resources)) {
			err = errHeld(e.collection)
			e.snapshot.err = err
			return nil
		}
		return e.snapshot.replace(resources, askedAt)
	})
	w.mu.Unlock()
	w.tell(changes)
	return err
}

func sizeOf(list []item) (size int64) {
	for _, i := range list {
		size += int64(len(i.body))
	}
	return size
}

func errHeld(collection ID) *Error {
	return &Error{Class: Transient, Doing: "LIST " + string(collection),
		Message: "what the identities of this namespace see in Azure is larger, together, than what is kept of it may be"}
}

// oneByOne says, after a list, that the resources are to be read by themselves until it is tried again.
func (w *Watcher) oneByOne(e *watched, err error) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err == nil {
		e.failed = 0
		return false
	}
	e.failed++
	class := ClassOf(err)
	switch class {
	case Throttled, CredentialsInvalid:
		return false // single reads would be refused just the same
	case Transient:
		if !e.snapshot.single && e.failed < failsBefore {
			return false
		}
	}
	if len(e.ids) == 0 && class != Forbidden {
		return false // nothing to read: the whole was asked for
	}
	if !e.snapshot.single {
		w.o.Log.Info("Cannot list a collection: its resources are read one by one", "collection", string(e.collection), "class", string(class), "error", err.Error())
	}
	e.snapshot.single = true
	return true
}

// anyThere reads a few of the resources in use: a list that says that its collection is not there may be wrong.
func (w *Watcher) anyThere(ctx context.Context, e *watched, client *Client) bool {
	ids := w.longestUnread(e)
	for _, id := range ids[:min(len(ids), probes)] {
		if _, err := client.get(ctx, id); err == nil {
			return true
		}
	}
	return false
}

// longestUnread are the resources in use, those first that were read longest ago.
func (w *Watcher) longestUnread(e *watched) []ID {
	w.mu.Lock()
	defer w.mu.Unlock()
	ids := make([]ID, 0, len(e.ids))
	for _, u := range e.ids {
		ids = append(ids, u.id)
	}
	slices.SortFunc(ids, func(a, b ID) int {
		return cmp.Or(e.snapshot.items[a.Key()].askedAt.Compare(e.snapshot.items[b.Key()].askedAt), cmp.Compare(a, b))
	})
	return ids
}

// readEach reads the resources that are used by themselves.
func (w *Watcher) readEach(ctx context.Context, e *watched, client *Client) error {
	ids := w.longestUnread(e)
	var last error
	for _, id := range ids[:min(len(ids), mostReads)] {
		askedAt := time.Now()
		body, err := client.get(ctx, id)
		if ClassOf(err) == NotFound {
			body, err = nil, nil
		}
		if ctx.Err() != nil {
			return err
		}
		if err != nil {
			if last = err; ClassOf(err) == Throttled || ClassOf(err) == CredentialsInvalid {
				break // the others would be refused just the same
			}
			continue
		}
		w.mu.Lock()
		changes := w.settle(e, func() []ID {
			was := len(e.snapshot.items[id.Key()].body)
			if !e.hold(e.held + int64(len(body)-was)) {
				last = errHeld(e.collection)
				return nil
			}
			return e.snapshot.put(item{id: id, body: body, askedAt: askedAt})
		})
		w.mu.Unlock()
		w.tell(changes)
	}
	w.mu.Lock()
	changes := w.settle(e, func() []ID {
		e.snapshot.err = last
		e.snapshot.keepOnly(e.ids)
		e.hold(e.snapshot.size())
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
