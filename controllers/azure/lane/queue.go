// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package lane

import (
	"maps"
	"slices"
	"time"
)

func (n *lane) free() bool { return len(n.seated) == 0 && len(n.busy) == 0 }

func (n *lane) holder() string {
	if len(n.seated) > 0 {
		return n.seated[0]
	}
	for _, resource := range slices.Sorted(maps.Keys(n.busy)) {
		return n.busy[resource]
	}
	return ""
}

// lateness is what is known of those that have the lane and take too long.
func (n *lane) lateness() string {
	for _, who := range slices.Sorted(maps.Keys(n.late)) {
		return n.late[who]
	}
	return ""
}

// join is the place of a holder in the queue: its old one, or the last.
func (n *lane) join(holder string, p Priority) *waiter {
	for _, w := range n.waiting {
		if w.holder == holder {
			w.priority = p
			return w
		}
	}
	w := &waiter{holder: holder, priority: p, since: time.Now()}
	n.waiting = append(n.waiting, w)
	return w
}

// next is who goes: one that was overtaken too often, oldest first; else by priority, then by age.
func (n *lane) next() *waiter {
	var best *waiter
	for _, w := range n.waiting {
		if w.overtaken >= mostTurns {
			return w
		}
		if best == nil || w.priority < best.priority {
			best = w
		}
	}
	return best
}

// position is how many go before, counted as the queue stands now.
func (n *lane) position(w *waiter) int {
	place, own := 1, slices.Index(n.waiting, w)
	for i, other := range n.waiting {
		if other == w {
			continue
		}
		older := i < own
		switch {
		case other == n.called:
			place++
		case w == n.called:
		case (other.overtaken >= mostTurns) != (w.overtaken >= mostTurns):
			if other.overtaken >= mostTurns {
				place++
			}
		case w.overtaken >= mostTurns:
			if older {
				place++
			}
		case other.priority < w.priority || other.priority == w.priority && older:
			place++
		}
	}
	return place
}

// grant seats a waiter. Those that came before it and still wait have been overtaken once more.
func (n *lane) grant(w *waiter) {
	at := slices.Index(n.waiting, w)
	for _, older := range n.waiting[:at] {
		older.overtaken++
	}
	n.forget(w.holder)
	n.seated = append(n.seated, w.holder)
}

// forget takes a holder out of the queue, and ends the call to it.
func (n *lane) forget(holder string) {
	if n.called != nil && n.called.holder == holder {
		n.uncall()
	}
	n.waiting = slices.DeleteFunc(n.waiting, func(w *waiter) bool { return w.holder == holder })
}

// uncall takes back the promise of the lane and leaves the waiter in its place: it is called again when the lane is free. Without
// this, one that was woken just before Azure began something of its own would lose its turn for coming to a closed door.
func (n *lane) uncall() {
	if n.called != nil {
		n.called.timer.Stop()
		n.called = nil
	}
}
