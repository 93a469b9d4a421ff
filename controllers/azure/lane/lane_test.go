// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package lane

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"
)

const weu = "/subscriptions/S/resourceGroups/rg/providers/Microsoft.AVS/privateClouds/weu"

// woken collects who was woken.
type woken struct {
	mu  sync.Mutex
	who []string
}

func (w *woken) add(holder string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.who = append(w.who, holder)
}

func (w *woken) take() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	out := w.who
	w.who = nil
	return out
}

func (w *woken) want(t *testing.T, who ...string) {
	t.Helper()
	if got := w.take(); !slices.Equal(got, who) {
		t.Fatalf("woken %q, want %q", got, who)
	}
}

func lanes() (*Lanes, *woken) {
	l, w := New(), &woken{}
	l.OnFree(w.add)
	return l, w
}

func granted(t *testing.T, ticket Ticket, want bool) {
	t.Helper()
	if ticket.Granted != want {
		t.Fatalf("%+v, want granted %t", ticket, want)
	}
}

func TestOneAtATimeInTurn(t *testing.T) {
	l, w := lanes()
	granted(t, l.Acquire(weu, Hosts, "a", Other), true)
	granted(t, l.Acquire(weu, Hosts, "a", Other), true) // idempotent
	b, c := l.Acquire(weu, Hosts, "b", Other), l.Acquire(weu, Hosts, "c", Other)
	if b != (Ticket{Holder: "a", Position: 1}) || c != (Ticket{Holder: "a", Position: 2}) {
		t.Fatalf("%+v %+v", b, c)
	}
	if again := l.Acquire(weu, Hosts, "b", Other); again != b {
		t.Fatalf("asking again costs the place: %+v", again)
	}
	w.want(t)
	l.Release(weu, Hosts, "a")
	w.want(t, "b") // exactly one
	granted(t, l.Acquire(weu, Hosts, "c", Other), false)
	granted(t, l.Acquire(weu, Hosts, "d", Delete), false) // not even a delete takes what was promised
	granted(t, l.Acquire(weu, Hosts, "b", Other), true)
	l.Release(weu, Hosts, "b")
	w.want(t, "d")
}

func TestLanesAreApart(t *testing.T) {
	l, _ := lanes()
	granted(t, l.Acquire(weu, Hosts, "a", Other), true)
	granted(t, l.Acquire(weu, Network, "b", Other), true)
	granted(t, l.Acquire(weu, Light, "c", Other), true)
	granted(t, l.Acquire(weu+"2", Hosts, "d", Other), true)
	granted(t, l.Acquire("/SUBSCRIPTIONS/S/resourcegroups/RG/providers/microsoft.avs/privateclouds/WEU", Hosts, "e", Other), false)
}

func TestPriorities(t *testing.T) {
	l, w := lanes()
	l.Seat(weu, Hosts, "running")
	for i, p := range []Priority{Other, Grow, Delete, Grow, Other} {
		l.Acquire(weu, Hosts, fmt.Sprint(i), p)
	}
	if got := l.Acquire(weu, Hosts, "1", Grow).Position; got != 2 {
		t.Fatalf("position %d", got)
	}
	holder := "running"
	for _, next := range []string{"2", "1", "3", "0", "4"} {
		l.Release(weu, Hosts, holder)
		w.want(t, next)
		granted(t, l.Acquire(weu, Hosts, next, Other), true)
		holder = next
	}
	l.Release(weu, Hosts, holder)
	w.want(t)
	if len(l.lanes) != 0 {
		t.Fatalf("%d lanes left behind", len(l.lanes))
	}
}

// Who waits for one that takes too long learns it at once, and once.
func TestThoseThatWaitLearnThatItTakesTooLong(t *testing.T) {
	l, w := lanes()
	l.Acquire(weu, Hosts, "a", Other)
	l.Acquire(weu, Hosts, "b", Other)
	l.Acquire(weu, Hosts, "c", Other)
	for range 3 {
		l.Late(weu, Hosts, "a", "since noon")
	}
	l.Late(weu, Hosts, "b", "b has not got the lane")
	w.want(t, "b", "c")
	if ticket := l.Acquire(weu, Hosts, "c", Other); ticket.Granted || ticket.Late != "since noon" || ticket.Holder != "a" {
		t.Errorf("%+v", ticket)
	}
	l.Release(weu, Hosts, "a")
	w.want(t, "b")
	l.Acquire(weu, Hosts, "b", Other)
	if ticket := l.Acquire(weu, Hosts, "c", Other); ticket.Late != "" {
		t.Errorf("b is blamed for a: %+v", ticket)
	}
	l.Busy(weu, Hosts, weu, "Azure itself")
	l.Late(weu, Hosts, weu, "since one")
	w.want(t, "c")
	if ticket := l.Acquire(weu, Hosts, "c", Other); ticket.Late != "since one" {
		t.Errorf("%+v", ticket)
	}
	l.Busy(weu, Hosts, weu, "")
	if ticket := l.Acquire(weu, Hosts, "c", Other); ticket.Late != "" {
		t.Errorf("what is over is still late: %+v", ticket)
	}
}

func TestAzureHoldsTheLane(t *testing.T) {
	l, w := lanes()
	granted(t, l.Acquire(weu, Hosts, "a", Other), true)
	l.Busy(weu, Hosts, weu, "Updating")
	granted(t, l.Acquire(weu, Hosts, "a", Other), true) // its own operation makes Azure busy
	l.Acquire(weu, Hosts, "b", Other)
	l.Release(weu, Hosts, "a")
	w.want(t)
	if got := l.Acquire(weu, Hosts, "b", Other); got.Granted || got.Holder != "Updating" {
		t.Fatalf("%+v", got)
	}
	l.Busy(weu, Hosts, weu, "")
	w.want(t, "b")
	// Somebody in the portal was quicker than the one that was woken: it keeps its turn, however long that takes.
	l.Busy(weu, Hosts, weu, "Updating")
	granted(t, l.Acquire(weu, Hosts, "b", Other), false)
	l.Busy(weu, Hosts, weu, "")
	w.want(t, "b")
	granted(t, l.Acquire(weu, Hosts, "b", Other), true)
	l.Busy(weu, Hosts, weu, "")
	w.want(t)
}

func TestStoredOperationsSitFirst(t *testing.T) {
	l, w := lanes()
	l.Seat(weu, Hosts, "a")
	l.Seat(weu, Hosts, "b") // two side by side, as a crash may leave them
	l.Seat(weu, Hosts, "a")
	granted(t, l.Acquire(weu, Hosts, "c", Delete), false)
	l.Release(weu, Hosts, "a")
	w.want(t)
	granted(t, l.Acquire(weu, Hosts, "b", Other), true)
	l.Release(weu, Hosts, "b")
	w.want(t, "c")
	l.Seat(weu, Hosts, "late") // seen only now
	granted(t, l.Acquire(weu, Hosts, "c", Delete), false)
	l.Release(weu, Hosts, "late")
	w.want(t, "c")
	granted(t, l.Acquire(weu, Hosts, "c", Delete), true)
}

func TestLeaving(t *testing.T) {
	l, w := lanes()
	l.Seat(weu, Hosts, "a")
	l.Acquire(weu, Hosts, "b", Other)
	l.Acquire(weu, Hosts, "c", Other)
	l.Leave(weu, Hosts, "b")
	l.Leave(weu, Hosts, "nobody")
	l.Leave(weu, Hosts, "a") // seated: stays
	w.want(t)
	l.Release(weu, Hosts, "a")
	w.want(t, "c")
	l.Acquire(weu, Hosts, "d", Other)
	l.Leave(weu, Hosts, "c") // woken, and gone: the next at once
	w.want(t, "d")
}

func TestATurnThatNobodyTakesIsLost(t *testing.T) {
	l, w := lanes()
	l.within = 50 * time.Millisecond
	l.Seat(weu, Hosts, "a")
	l.Acquire(weu, Hosts, "gone", Delete)
	l.Acquire(weu, Hosts, "b", Other)
	l.Release(weu, Hosts, "a")
	w.want(t, "gone")
	time.Sleep(200 * time.Millisecond)
	if got := w.take(); len(got) == 0 || got[0] != "b" {
		t.Fatalf("woken %q", got)
	}
	// b was too slow as well; whoever comes now finds the lane free.
	granted(t, l.Acquire(weu, Hosts, "b", Other), true)
}

func TestNobodyIsOvertakenForEver(t *testing.T) {
	l, w := lanes()
	l.Seat(weu, Hosts, "first")
	l.Acquire(weu, Hosts, "patient", Other)
	holder := "first"
	for turn := 1; ; turn++ {
		if turn > mostTurns+1 {
			t.Fatalf("still waiting after %d turns", turn-1)
		}
		l.Acquire(weu, Hosts, fmt.Sprint("delete-", turn), Delete)
		l.Release(weu, Hosts, holder)
		got := w.take()
		if len(got) != 1 {
			t.Fatalf("woken %q", got)
		}
		holder = got[0]
		granted(t, l.Acquire(weu, Hosts, holder, Delete), true)
		if holder == "patient" {
			if turn != mostTurns+1 {
				t.Fatalf("went at turn %d: priorities no longer count", turn)
			}
			return
		}
	}
}

func TestCancelOnFree(t *testing.T) {
	l, w := lanes()
	other := &woken{}
	cancel := l.OnFree(other.add)
	cancel()
	l.Seat(weu, Hosts, "a")
	l.Acquire(weu, Hosts, "b", Other)
	l.Release(weu, Hosts, "a")
	w.want(t, "b")
	other.want(t)
}

// TestManyWorkers: whatever the order of calls, no two hold a lane, and everybody gets through by being woken.
func TestManyWorkers(t *testing.T) {
	l := New()
	l.within = 2 * time.Second
	const workers, turns = 30, 10
	wake := map[string]chan struct{}{}
	for i := range workers {
		wake[fmt.Sprint(i)] = make(chan struct{}, 100)
	}
	l.OnFree(func(holder string) { wake[holder] <- struct{}{} })
	var mu sync.Mutex
	inside, most := 0, 0
	var work sync.WaitGroup
	for i := range workers {
		me := fmt.Sprint(i)
		work.Go(func() {
			for range turns {
				for !l.Acquire(weu, Hosts, me, Priority(rand.IntN(3))).Granted {
					select {
					case <-wake[me]:
					case <-time.After(time.Minute):
						t.Errorf("%s was never woken", me)
						return
					}
				}
				mu.Lock()
				inside++
				most = max(most, inside)
				mu.Unlock()
				time.Sleep(time.Duration(rand.IntN(300)) * time.Microsecond)
				if rand.IntN(4) == 0 { // Azure goes on for a while by itself
					l.Busy(weu, Hosts, weu, "Updating")
					work.Go(func() { time.Sleep(time.Millisecond); l.Busy(weu, Hosts, weu, "") })
				}
				mu.Lock()
				inside--
				mu.Unlock()
				l.Release(weu, Hosts, me)
			}
		})
	}
	work.Wait()
	if most != 1 {
		t.Fatalf("%d held the lane at once", most)
	}
	if len(l.lanes) != 0 {
		t.Fatalf("%d lanes left behind", len(l.lanes))
	}
}
