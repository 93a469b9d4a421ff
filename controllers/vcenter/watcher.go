// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package vcenter

import (
	"cmp"
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"
)

// Watcher keeps the inventory of one vCenter by one property-collector stream, and tells subscribers what changed. What it
// holds wakes and compares; it never proves: before a machine is touched, it is read directly.
type Watcher struct {
	c *Client
	o WatcherOptions

	running atomic.Bool
	inv     atomic.Pointer[Inventory]

	mu      sync.Mutex
	synced  bool
	err     error
	contact time.Time
	tasks   map[string]*Task // what the stream told of tasks that are, or were, followed
	follows map[string]bool  // tasks that the stream shall tell of
	followC chan struct{}    // the set above changed
	busyC   chan struct{}    // it grew: the stream shall not pause
	subs    map[int]func(Change)
	nextSub int
}

// NewWatcher returns a watcher that Run will fill.
func NewWatcher(c *Client, o WatcherOptions) *Watcher {
	o.MaxWait = max(cmp.Or(o.MaxWait, time.Minute).Round(time.Second), time.Second)
	o.MaxObjects = cmp.Or(o.MaxObjects, 500)
	o.Most = cmp.Or(o.Most, mostObjects)
	o.MinBackoff = cmp.Or(o.MinBackoff, time.Second)
	o.MaxBackoff = max(cmp.Or(o.MaxBackoff, time.Minute), o.MinBackoff)
	return &Watcher{c: c, o: o, tasks: map[string]*Task{}, follows: map[string]bool{}, followC: make(chan struct{}, 1), busyC: make(chan struct{}, 1),
		subs: map[int]func(Change){}}
}

// Run keeps the stream until ctx ends, and then returns nil. A stream that breaks is begun again: at once if it had lived
// for a while, else after a pause that doubles up to MaxBackoff, so that a vCenter which is down is asked once a minute.
func (w *Watcher) Run(ctx context.Context) error {
	if !w.running.CompareAndSwap(false, true) {
		return errors.New("the watcher runs already")
	}
	defer w.running.Store(false)
	least, most := scaled(w.o.MinBackoff, w.c.e.Speed), scaled(w.o.MaxBackoff, w.c.e.Speed)
	pause := least
	for {
		began := time.Now()
		err := w.stream(ctx)
		if ctx.Err() != nil {
			return nil
		}
		w.lost(err)
		if lived := time.Since(began); lived > most {
			pause = 0
		}
		if ClassOf(err) == TooLarge {
			pause = most // to read it all again tells the same
		}
		if !sleep(ctx, pause/2+rand.N(pause/2+1)) {
			return nil
		}
		pause = min(max(2*pause, least), most)
	}
}

func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// Synced says that the stream lives and the inventory is complete and current.
func (w *Watcher) Synced() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.synced
}

// Err is why the stream is down; nil while it lives.
func (w *Watcher) Err() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.err
}

// LastContact is when vCenter last answered the stream. The inventory is as old as that.
func (w *Watcher) LastContact() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.contact
}

// Inventory is the present picture: immutable, and nil before the first is complete. A broken stream leaves the last one.
func (w *Watcher) Inventory() *Inventory { return w.inv.Load() }

// Subscribe has f called with every change from now on, in order, after the inventory holds it. f runs on the stream's own
// goroutine and must return quickly; cancel may be called from anywhere, f itself included.
func (w *Watcher) Subscribe(f func(Change)) (cancel func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	id := w.nextSub
	w.nextSub++
	w.subs[id] = f
	return func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		delete(w.subs, id)
	}
}

func (w *Watcher) tell(changes []Change) {
	if len(changes) == 0 {
		return
	}
	w.mu.Lock()
	subs := make([]func(Change), 0, len(w.subs))
	for _, f := range w.subs {
		subs = append(subs, f)
	}
	w.mu.Unlock()
	for _, c := range changes {
		for _, f := range subs {
			f(c)
		}
	}
}

// lost notes that the stream broke, and tells it unless the same is known already.
func (w *Watcher) lost(err error) {
	w.mu.Lock()
	news := w.synced || ClassOf(w.err) != ClassOf(err)
	w.synced, w.err = false, err
	w.mu.Unlock()
	if news {
		w.tell([]Change{{Kind: ChangeConnection}})
	}
}

// heard notes an answer of vCenter.
func (w *Watcher) heard() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.contact = time.Now()
}
