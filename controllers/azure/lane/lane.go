// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package lane says who may write to a private cloud now. Azure VMware Solution refuses, or worse, fails, a change while another is
// under way, so writers take turns; those that wait are woken and do not ask. It is memory only: after a restart the stored
// operations are seated again, before anybody else may ask.
package lane

import (
	"slices"
	"strings"
	"sync"
	"time"
)

// Class is one of the lanes beside each other in a private cloud.
type Class string

// The lanes. Hosts is for everything that touches them: clusters, datastores, add-ons, scale, the private cloud itself.
const (
	Hosts   Class = "Hosts"
	Network Class = "Network" // NSX calls below workloadNetworks
	Light   Class = "Light"   // authorizations, HCX keys, global reach, cloud links
)

// Priority orders those that wait. Earlier constants go first.
type Priority int

// The priorities. A delete frees what growth may need.
const (
	Delete Priority = iota
	Grow
	Other
)

// mostTurns is how often those that came later may go before one that waits.
const mostTurns = 20

// AnswerWithin is how long one that was woken has the lane kept for it, in real time. An object that was deleted, or a worker that
// died, must not hold up the rest.
const AnswerWithin = 10 * time.Second

// Ticket is the answer to Acquire. Holder is who has the lane, if not granted: the longest seated, or what Busy was told, empty
// if it is kept for one that was woken. Position counts from 1.
type Ticket struct {
	Granted  bool
	Holder   string
	Position int
	// Late is what Late was told of who has the lane.
	Late string
}

// Lanes are the lanes of all private clouds. It is safe for concurrent use.
type Lanes struct {
	mu        sync.Mutex
	lanes     map[key]*lane
	listeners map[int]func(string)
	nextID    int
	within    time.Duration
	waited    func(Class, time.Duration)
}

type key struct {
	cloud string
	class Class
}

type lane struct {
	seated  []string          // holders; more than one only if stored operations were found side by side
	busy    map[string]string // what Azure works on, by resource, for the reader
	waiting []*waiter         // in the order in which they came
	called  *waiter           // woken, and the lane is kept for it
	late    map[string]string // which of those that have the lane take too long, by holder or resource, for the reader
	tell    bool              // all that wait must learn something
}

type waiter struct {
	holder    string
	priority  Priority
	overtaken int
	since     time.Time
	timer     *time.Timer
}

// New returns lanes that are all free.
func New() *Lanes {
	return &Lanes{lanes: map[key]*lane{}, listeners: map[int]func(string){}, within: AnswerWithin, waited: func(Class, time.Duration) {}}
}

// Observe has f told how long each holder waited for its turn, in real time. It is called before the first Acquire, and f returns at once.
func (l *Lanes) Observe(f func(c Class, waited time.Duration)) { l.waited = f }

// Count tells of each class of lanes, over all private clouds, how many have a lane, resources that Azure works on among them, and how many wait.
func (l *Lanes) Count(tell func(c Class, holders, waiters int)) {
	l.mu.Lock()
	holders, waiters := map[Class]int{}, map[Class]int{}
	for k, n := range l.lanes {
		holders[k.class] += len(n.seated) + len(n.busy)
		waiters[k.class] += len(n.waiting)
	}
	l.mu.Unlock()
	for _, c := range []Class{Hosts, Network, Light} {
		tell(c, holders[c], waiters[c])
	}
}

// Seat gives the lane to the holder of a stored operation, free or not: the operation runs, whatever we think of it.
func (l *Lanes) Seat(cloud string, c Class, holder string) {
	l.change(cloud, c, func(n *lane) {
		if !slices.Contains(n.seated, holder) {
			n.seated = append(n.seated, holder)
		}
		n.forget(holder)
	})
}

// Acquire asks for the lane. A holder that has it is granted it again; one that waits keeps its place, with the new priority.
func (l *Lanes) Acquire(cloud string, c Class, holder string, p Priority) Ticket {
	var ticket Ticket
	l.change(cloud, c, func(n *lane) {
		if slices.Contains(n.seated, holder) {
			ticket = Ticket{Granted: true}
			return
		}
		w := n.join(holder, p)
		if n.free() && (n.called == w || n.called == nil && n.next() == w) {
			n.grant(w)
			l.waited(c, time.Since(w.since))
			ticket = Ticket{Granted: true}
			return
		}
		ticket = Ticket{Holder: n.holder(), Position: n.position(w), Late: n.lateness()}
	})
	return ticket
}

// Busy tells what Azure says of a resource of the lane: while one is Building, Updating or Deleting the lane is held, whoever began it. Who
// is for the reader. It must be told again when it is over.
func (l *Lanes) Busy(cloud string, c Class, resource, who string) {
	l.change(cloud, c, func(n *lane) {
		switch {
		case who == "":
			delete(n.busy, resource)
			delete(n.late, resource)
		case n.busy == nil:
			n.busy = map[string]string{resource: who}
		default:
			n.busy[resource] = who
		}
	})
}

// Late tells that a holder, or a resource that Azure works on, takes too long: words say since when and how long it usually takes. All that wait
// are woken once, so that they can say so too. It is forgotten with the turn.
func (l *Lanes) Late(cloud string, c Class, who, words string) {
	l.change(cloud, c, func(n *lane) {
		if n.busy[who] == "" && !slices.Contains(n.seated, who) || n.late[who] == words {
			return
		}
		if n.late == nil {
			n.late = map[string]string{}
		}
		n.late[who], n.tell = words, true
	})
}

// Release ends a holder's turn, or its waiting. The lane is let go when nobody is seated and Azure does not say Busy.
func (l *Lanes) Release(cloud string, c Class, holder string) {
	l.change(cloud, c, func(n *lane) {
		n.seated = slices.DeleteFunc(n.seated, func(s string) bool { return s == holder })
		delete(n.late, holder)
		n.forget(holder)
	})
}

// Unseat ends a holder's turn and leaves it its place among those that wait, and the lane that is kept for it.
func (l *Lanes) Unseat(cloud string, c Class, holder string) {
	l.change(cloud, c, func(n *lane) {
		n.seated = slices.DeleteFunc(n.seated, func(s string) bool { return s == holder })
		delete(n.late, holder)
	})
}

// Leave gives up waiting. One that is seated stays.
func (l *Lanes) Leave(cloud string, c Class, holder string) {
	l.change(cloud, c, func(n *lane) { n.forget(holder) })
}

// OnFree registers who wakes: f gets the one holder whose turn it is, or those who wait for one that takes too long, and must return at once.
// The holder then calls Acquire; one whose turn it is does so within ten seconds, or loses it.
func (l *Lanes) OnFree(f func(holder string)) (cancel func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	id := l.nextID
	l.nextID++
	l.listeners[id] = f
	return func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		delete(l.listeners, id)
	}
}

// change makes one change to a lane, then calls the next waiter if it has become free, and wakes it outside the lock.
func (l *Lanes) change(cloud string, c Class, f func(*lane)) {
	k := key{strings.ToLower(cloud), c}
	l.mu.Lock()
	n := l.lanes[k]
	if n == nil {
		n = &lane{}
		l.lanes[k] = n
	}
	f(n)
	if !n.free() {
		n.uncall()
	}
	var holders []string
	if woken := l.call(k, n); woken != nil {
		holders = append(holders, woken.holder)
	}
	if n.tell {
		n.tell = false
		for _, w := range n.waiting {
			holders = append(holders, w.holder)
		}
	}
	if len(n.seated) == 0 && len(n.busy) == 0 && len(n.waiting) == 0 {
		delete(l.lanes, k)
	}
	var wake []func(string)
	if len(holders) > 0 {
		for _, listener := range l.listeners {
			wake = append(wake, listener)
		}
	}
	l.mu.Unlock()
	for _, listener := range wake {
		for _, holder := range holders {
			listener(holder)
		}
	}
}

// call keeps a free lane for the next waiter and gives it a time to come.
func (l *Lanes) call(k key, n *lane) *waiter {
	if !n.free() || n.called != nil || len(n.waiting) == 0 {
		return nil
	}
	w := n.next()
	n.called = w
	w.timer = time.AfterFunc(l.within, func() {
		l.change(k.cloud, k.class, func(n *lane) {
			if n.called == w {
				n.forget(w.holder)
			}
		})
	})
	return w
}
