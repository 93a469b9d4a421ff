// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package lane

import (
	"fmt"
	"testing"
)

// FuzzLanes runs any order of calls and holds the invariants: a grant only when the lane was free or one's own, at most one
// wake a change, a free lane with waiters has always called one of them, and no place is lost.
func FuzzLanes(f *testing.F) {
	f.Add([]byte{0, 1, 2, 3, 4, 5, 6, 7, 8, 9})
	f.Add([]byte{0x10, 0x21, 0x32, 0x03, 0x14, 0x25, 0x40, 0x51})
	f.Fuzz(func(t *testing.T, calls []byte) {
		l, w := lanes()
		waiting := map[string]bool{}
		for _, call := range calls[:min(len(calls), 400)] {
			who := fmt.Sprint(call & 7)
			was := snapshot(l)
			switch op := call >> 3 & 7; op {
			case 0, 1, 2:
				ticket := l.Acquire(weu, Hosts, who, Priority(op))
				if mine, free := was.seated[who], len(was.seated) == 0 && !was.busy; ticket.Granted && !mine && !free {
					t.Fatalf("%s was granted a lane that was held", who)
				}
				if !ticket.Granted && (ticket.Position < 1 || ticket.Position > len(waiting)+1) {
					t.Fatalf("%+v of %d", ticket, len(waiting))
				}
				waiting[who] = !ticket.Granted
			case 3:
				l.Release(weu, Hosts, who)
				waiting[who] = false
			case 4:
				l.Leave(weu, Hosts, who)
				waiting[who] = false
			case 5:
				l.Seat(weu, Hosts, who)
				waiting[who] = false
			case 6:
				l.Unseat(weu, Hosts, who)
			case 7:
				l.Busy(weu, Hosts, weu, map[bool]string{true: "Azure"}[call&0x40 == 0])
			}
			if got := w.take(); len(got) > 1 || len(got) == 1 && !waiting[got[0]] {
				t.Fatalf("woken %q", got)
			}
			is := snapshot(l)
			for holder, waits := range waiting {
				if waits != is.waiting[holder] {
					t.Fatalf("%s waits: %t, and the lane says %t", holder, waits, is.waiting[holder])
				}
			}
			if len(is.seated) == 0 && !is.busy && len(is.waiting) > 0 && is.called == "" {
				t.Fatal("free, with waiters, and nobody was called")
			}
			if (len(is.seated) > 0 || is.busy) && is.called != "" {
				t.Fatal("held, and promised to another")
			}
		}
		for i := range 8 {
			l.Release(weu, Hosts, fmt.Sprint(i))
		}
	})
}

type state struct {
	seated, waiting map[string]bool
	busy            bool
	called          string
}

func snapshot(l *Lanes) state {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := state{seated: map[string]bool{}, waiting: map[string]bool{}}
	for _, n := range l.lanes {
		s.busy = len(n.busy) > 0
		for _, h := range n.seated {
			s.seated[h] = true
		}
		for _, w := range n.waiting {
			s.waiting[w.holder] = true
		}
		if n.called != nil {
			s.called = n.called.holder
		}
	}
	return s
}
