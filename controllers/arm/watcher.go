// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package arm

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/go-logr/logr"
)

// WatcherOptions set the pace. Period (one minute if 0) and Hurried (five seconds) are in Azure's time, which Speed divides.
type WatcherOptions struct {
	Speed           float64
	Period, Hurried time.Duration
	Log             logr.Logger
}

// hurryFor is how long Hurry lasts, in Azure's time.
const hurryFor = time.Minute

// Watcher lists each collection in use and tells what changed. What it shows wakes and compares; it never proves: before
// a write, and before "it does not exist", the resource itself is read.
type Watcher struct {
	o WatcherOptions

	mu      sync.Mutex
	ctx     context.Context // of Run; nil while it does not run
	work    sync.WaitGroup
	watched map[watchKey]*watched
	told    map[int]func(Change)
	nextID  int
}

type watchKey struct{ principal, collection string }

// watched is one collection in use by one principal. Its fields are the Watcher's to lock.
type watched struct {
	key        watchKey
	collection ID
	client     *Client
	users      int
	ids        map[string]*used
	kick       chan struct{}
	hurryUntil time.Time
	failed     int // lists in a row
	stop       context.CancelFunc
	snapshot   snapshot
	quota      *Quota // that holds the snapshot
	held       int64  // of it, in bytes
}

// hold takes what the snapshot is about to be of the client's quota, and gives back what it was; false if that is too much.
func (e *watched) hold(size int64) bool {
	if e.quota != nil && e.quota != e.client.quota {
		e.quota.keep(e.held, 0)
		e.held = 0
	}
	e.quota = e.client.quota
	if !e.quota.keep(e.held, size) {
		return false
	}
	e.held = size
	return true
}

// used is a resource that somebody watches by itself, for collections that cannot be listed.
type used struct {
	id    ID
	users int
}

// Look is what the last snapshot says of a resource.
type Look struct {
	// Known: the question has been answered at least once. Only then does a nil Resource mean "was not there".
	Known    bool
	Resource *Resource
	// AskedAt is the moment before the question left; what we wrote after it is not in the answer.
	AskedAt time.Time
	// Stale: older than three periods, so neither "in sync" nor "drifted" can be said.
	Stale bool
	// Err is why the last attempt failed, nil after one that succeeded.
	Err error
}

// Change is a reason to look again. An empty ID means the whole collection: its first snapshot came, it went stale or recovered.
type Change struct {
	Principal  string
	Collection ID
	ID         ID
}

// NewWatcher makes a watcher, which lists nothing before Run.
func NewWatcher(o WatcherOptions) *Watcher {
	if o.Speed <= 0 {
		o.Speed = 1
	}
	if o.Period <= 0 {
		o.Period = time.Minute
	}
	if o.Hurried <= 0 {
		o.Hurried = 5 * time.Second
	}
	if o.Log.GetSink() == nil {
		o.Log = logr.Discard()
	}
	return &Watcher{o: o, watched: map[watchKey]*watched{}, told: map[int]func(Change){}}
}

// Use has a collection listed with this client until release is called. A later client of the same principal replaces an earlier
// one, because its secret is newer. A resource whose operation is being polled needs no list: release it for that long, so that
// a create of hours does not cost a list a minute.
func (w *Watcher) Use(c *Client, collection ID) (release func()) { return w.use(c, collection, "") }

// UseResource is Use of the resource's collection. If that cannot be listed, whatever the reason, the resource is read by itself instead.
func (w *Watcher) UseResource(c *Client, id ID) (release func()) {
	return w.use(c, id.Collection(), id)
}

func (w *Watcher) use(c *Client, collection, id ID) (release func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	key := watchKey{c.principal, collection.Key()}
	e := w.watched[key]
	if e == nil {
		e = &watched{key: key, collection: collection, ids: map[string]*used{}, kick: make(chan struct{}, 1)}
		w.watched[key] = e
		w.start(e)
	}
	e.client = c
	e.users++
	if id != "" {
		if e.ids[id.Key()] == nil {
			e.ids[id.Key()] = &used{id: id}
		}
		e.ids[id.Key()].users++
	}
	var once sync.Once
	return func() { once.Do(func() { w.release(e, id) }) }
}

func (w *Watcher) release(e *watched, id ID) {
	w.mu.Lock()
	defer w.mu.Unlock()
	e.users--
	if u := e.ids[id.Key()]; u != nil {
		if u.users--; u.users == 0 {
			delete(e.ids, id.Key())
		}
	}
	if e.users > 0 {
		return
	}
	delete(w.watched, e.key)
	e.hold(0)
	if e.stop != nil {
		e.stop()
	}
}

// Look says what is known of a resource in a collection in use. It costs nothing.
func (w *Watcher) Look(principal string, id ID) Look {
	w.mu.Lock()
	defer w.mu.Unlock()
	e := w.watched[watchKey{principal, id.Collection().Key()}]
	if e == nil {
		return Look{}
	}
	look := e.snapshot.look(id.Key())
	look.Stale = look.Known && time.Since(look.AskedAt) > w.staleAfter()
	return look
}

// Listed is all that the last list of a collection in use had, if there was one that is not stale and the collection can be listed.
func (w *Watcher) Listed(principal string, collection ID) (all []*Resource, ok bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	e := w.watched[watchKey{principal, collection.Key()}]
	if e == nil || !e.snapshot.known || e.snapshot.single || time.Since(e.snapshot.askedAt) > w.staleAfter() {
		return nil, false
	}
	return slices.Clone(e.snapshot.all()), true
}

// Subscribe calls f for each Change until cancel. f runs on the watcher's goroutines and must return at once.
func (w *Watcher) Subscribe(f func(Change)) (cancel func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	id := w.nextID
	w.nextID++
	w.told[id] = f
	return func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		delete(w.told, id)
	}
}

// Hurry has a collection listed now, and every Hurried for one minute: after a write, when something is about to change.
func (w *Watcher) Hurry(principal string, collection ID) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if e := w.watched[watchKey{principal, collection.Key()}]; e != nil {
		e.hurryUntil = time.Now().Add(wall(hurryFor, w.o.Speed))
		select {
		case e.kick <- struct{}{}:
		default: // one is on its way
		}
	}
}

// Run watches until ctx ends. What was in use before begins with it; it may be run again later.
func (w *Watcher) Run(ctx context.Context) error {
	w.mu.Lock()
	w.ctx = ctx
	for _, e := range w.watched {
		w.start(e)
	}
	w.mu.Unlock()
	<-ctx.Done()
	w.mu.Lock()
	w.ctx = nil
	w.mu.Unlock()
	w.work.Wait()
	return nil
}

// start gives a collection its goroutine, if the watcher runs.
func (w *Watcher) start(e *watched) {
	if w.ctx == nil || w.ctx.Err() != nil {
		return
	}
	var ctx context.Context
	ctx, e.stop = context.WithCancel(w.ctx)
	first := w.firstDelay(len(w.watched))
	w.work.Go(func() { w.follow(ctx, e, first) })
}

func (w *Watcher) tell(changes []Change) {
	if len(changes) == 0 {
		return
	}
	w.mu.Lock()
	listeners := make([]func(Change), 0, len(w.told))
	for _, f := range w.told {
		listeners = append(listeners, f)
	}
	w.mu.Unlock()
	for _, change := range changes {
		for _, f := range listeners {
			f(change)
		}
	}
}

func (e *watched) change(id ID) Change {
	return Change{Principal: e.key.principal, Collection: ID(strings.TrimSuffix(string(e.collection), "/")), ID: id}
}
