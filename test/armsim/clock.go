// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package armsim

import (
	"container/heap"
	"context"
	"sync"
	"time"
)

// clock is simulated time, as the duration since the server started. It runs speed times as fast as the wall clock, or stands
// still when it is stepped; advance moves it by hand in both cases. Everything that stands for Azure's time asks this clock:
// the ends of operations, the refill of throttling buckets, the lag of lists.
type clock struct {
	speed float64 // 0: only advance moves it
	began time.Time

	mu      sync.Mutex
	idle    sync.Cond     // signalled when a running alarm has ended
	added   time.Duration // by advance
	alarms  alarms
	running map[*alarm]bool
	count   int           // of alarms, so that those of one instant ring in the order in which they were set
	changed chan struct{} // tells the runner that the next alarm may be another one

	stepping sync.Mutex // one advance at a time
}

// alarm runs something at an instant of simulated time.
type alarm struct {
	at    time.Duration
	order int
	ring  func()
}

type alarms []*alarm

func (a alarms) Len() int { return len(a) }
func (a alarms) Less(i, j int) bool {
	return a[i].at < a[j].at || (a[i].at == a[j].at && a[i].order < a[j].order)
}
func (a alarms) Swap(i, j int) { a[i], a[j] = a[j], a[i] }
func (a *alarms) Push(x any)   { *a = append(*a, x.(*alarm)) }
func (a *alarms) Pop() any {
	last := (*a)[len(*a)-1]
	*a = (*a)[:len(*a)-1]
	return last
}

func newClock(speed float64, stepped bool) *clock {
	c := &clock{speed: speed, began: time.Now(), running: map[*alarm]bool{}, changed: make(chan struct{}, 1)}
	if stepped {
		c.speed = 0
	}
	c.idle.L = &c.mu
	return c
}

// now is the simulated time since the server started.
func (c *clock) now() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.nowLocked()
}

func (c *clock) nowLocked() time.Duration {
	return time.Duration(float64(time.Since(c.began))*c.speed) + c.added
}

// after sets an alarm in a simulated duration from now and answers when it rings.
func (c *clock) after(d time.Duration, ring func()) time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.count++
	a := &alarm{at: c.nowLocked() + max(0, d), order: c.count, ring: ring}
	heap.Push(&c.alarms, a)
	select {
	case c.changed <- struct{}{}:
	default: // the runner has not taken the last notice yet and will see this one with it
	}
	return a.at
}

// run rings alarms as time passes, each in a goroutine of its own, until ctx ends.
func (c *clock) run(ctx context.Context, start func(func())) {
	for {
		a, wait := c.due()
		if a != nil {
			start(func() { c.ring(a) })
			continue
		}
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
		case <-c.changed:
			timer.Stop()
		case <-ctx.Done():
			timer.Stop()
			return
		}
	}
}

// far is how long the runner sleeps when nothing will happen by itself.
const far = time.Hour

// due takes the first alarm whose time has come, or answers the real time until there may be one.
func (c *clock) due() (*alarm, time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.alarms) == 0 {
		return nil, far
	}
	switch left := c.alarms[0].at - c.nowLocked(); {
	case left <= 0:
		return c.take(), 0
	case c.speed == 0:
		return nil, far
	default:
		return nil, min(far, time.Duration(float64(left)/c.speed)+time.Nanosecond)
	}
}

func (c *clock) take() *alarm {
	a := heap.Pop(&c.alarms).(*alarm)
	c.running[a] = true
	return a
}

func (c *clock) ring(a *alarm) {
	a.ring()
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.running, a)
	c.idle.Broadcast()
}

// advance moves time on by d and returns when all that fell due has been done, one alarm after the other in their order:
// what an alarm sets into motion counts from the instant at which it rang, not from the end of the step.
func (c *clock) advance(ctx context.Context, d time.Duration) {
	c.stepping.Lock()
	defer c.stepping.Unlock()
	target := c.now() + d
	for ctx.Err() == nil {
		a := c.stepTo(target)
		if a == nil {
			break
		}
		c.ring(a)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for c.busyBefore(target) && ctx.Err() == nil {
		c.idle.Wait()
	}
}

// stepTo takes the next alarm up to target and sets the time to its instant, or sets the time to target.
func (c *clock) stepTo(target time.Duration) *alarm {
	c.mu.Lock()
	defer c.mu.Unlock()
	to, found := target, len(c.alarms) > 0 && c.alarms[0].at <= target
	if found {
		to = c.alarms[0].at
	}
	c.added += max(0, to-c.nowLocked())
	if !found {
		return nil
	}
	return c.take()
}

// busyBefore reports whether an alarm that the runner took is still being worked off.
func (c *clock) busyBefore(target time.Duration) bool {
	for a := range c.running {
		if a.at <= target {
			return true
		}
	}
	return false
}

// Advance moves simulated time on, at once, by d: operations end, buckets refill, lists catch up. When it returns, everything
// that fell due has been done. The time inside of live vCenters is not moved. It works with the running clock and, alone, with
// Config.Stepped.
func (s *Server) Advance(d time.Duration) { s.clock.advance(s.ctx, d) }

// SimulatedTime is the simulated time since the server started, with what a loaded state had lived before.
func (s *Server) SimulatedTime() time.Duration { return s.clock.now() }

// after runs f when a simulated duration has passed, unless the server closes first. s.mu is held.
func (s *Server) after(d time.Duration, f func()) time.Duration {
	if s.closed {
		return s.clock.now()
	}
	return s.clock.after(d, f)
}
