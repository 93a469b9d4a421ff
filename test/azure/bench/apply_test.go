// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package bench

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/avs-operator/avs-operator/controllers/azure/lane"
	"github.com/avs-operator/avs-operator/test/armsim"
)

// mostAboveBound is how much longer than the lower bound it may take until all is Ready.
const mostAboveBound = 1.2

// ARM's bucket of writes: so many at once, and so many more a second of Azure's time.
const (
	writesAtOnce    = 200
	writesPerSecond = 10
)

func TestAppliedAtOnce(t *testing.T) {
	if full {
		t.Run("Undisturbed", func(t *testing.T) {
			f := newFleet(t, speedOfMany, 10, 100, everyKind)
			f.StartOperator(t)
			began := f.apply(t)
			own := ours{applying: time.Since(began)}
			trips := f.takeRoundTrips(t)
			ready := f.waitReady(t, f.real(longest))
			own.trip = trips()
			f.judge(t, began, ready, own)
		})
	}
	t.Run("RestartedInTheMiddle", func(t *testing.T) {
		f := newFleet(t, sized[float64](speedOfMany, speedOfSample), sized(10, 2), sized(100, 20), everyKind, func(c *armsim.Config) {
			if !full { // what comes after it is wanted; quicker than any, it would not be looked for
				c.Durations.CreatePrivateCloud = armsim.Span{Min: 150 * time.Minute, Max: 160 * time.Minute}
			}
		})
		operator := f.StartOperator(t)
		began := f.apply(t)
		own := ours{applying: time.Since(began)}
		trips := f.takeRoundTrips(t)
		f.waitForWrites(t, len(f.objects())/2)
		stopped := time.Now()
		operator.Stop(t)
		f.StartOperator(t)
		ready := f.waitReady(t, f.real(longest))
		own.trip, own.away = trips(), f.nextLogin(t, stopped).Sub(stopped)
		f.judge(t, began, ready, own)
		f.judgeQuiet(t)
		f.judgeDrift(t)
	})
}

// ours is what the operator, the API server and the machine take themselves, in real time. No speed shortens it, and on a machine that has other work it is
// many times as long; so it is measured in the same run, and the bound has it too.
type ours struct {
	// applying is how long it takes to create all the objects.
	applying time.Duration
	// trip is the API server's own round trip, the median of many.
	trip time.Duration
	// away is from the stop of an operator to the login of the next one.
	away time.Duration
}

// tripsEach are the round trips that an operation costs the operator beside Azure's work: its record, its mark, its answer, its end, conditions, and waking
// whatever waits for its lane. A run on a machine without other work is Ready within the bound that has so many.
const tripsEach = 12

// of is what so many operations one after another, and one restart, cost.
func (o ours) of(operations int) time.Duration {
	return o.applying + o.away + time.Duration(operations*tripsEach)*o.trip
}

// takeRoundTrips measures the API server's round trip all the time, until the answer is asked for.
func (f *fleet) takeRoundTrips(t *testing.T) (median func() time.Duration) {
	t.Helper()
	trip := newRoundTrip(t, f.Namespace)
	var all times
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		for ctx.Err() == nil {
			if took, err := trip.try(ctx); err == nil {
				all = append(all, took)
			}
			select {
			case <-ctx.Done():
			case <-time.After(250 * time.Millisecond):
			}
		}
	}()
	return func() time.Duration {
		cancel()
		<-done
		if len(all) < 10 {
			t.Fatalf("the API server's round trip was measured %d times only", len(all))
		}
		return all.at(0.5)
	}
}

// nextLogin is when the operator that was started after a moment has logged in at Azure, which it does before anything else.
func (f *fleet) nextLogin(t *testing.T, moment time.Time) time.Time {
	t.Helper()
	for _, r := range f.Azure.Requests() {
		if r.At.After(moment) && r.Principal == "" {
			return r.At
		}
	}
	t.Fatal("the operator that was started again has not logged in at Azure")
	return time.Time{}
}

// How much faster than real time Azure runs here; see ours for what that does not shorten.
const (
	speedOfMany   = 60
	speedOfSample = 400
)

// longest is when waiting ends, in Azure's time.
const longest = 36 * time.Hour

// waitForWrites waits until Azure has been sent so many writes.
func (f *fleet) waitForWrites(t *testing.T, count int) {
	t.Helper()
	for deadline := time.Now().Add(f.real(longest)); f.writes() < count; time.Sleep(200 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("Azure was sent %d writes only, not %d", f.writes(), count)
		}
	}
}

func isWrite(method string) bool {
	return method == http.MethodPut || method == http.MethodPatch || method == http.MethodDelete || method == http.MethodPost
}

// writes counts those to ARM.
func (f *fleet) writes() (count int) {
	for _, r := range f.Azure.Requests() {
		if isWrite(r.Method) && r.Principal != "" {
			count++
		}
	}
	return count
}

// judge compares with the lower bound, and looks for requests that Azure refused.
func (f *fleet) judge(t *testing.T, began, ready time.Time, own ours) {
	t.Helper()
	took, bound := f.scaled(ready.Sub(began)), f.bound(t, own)
	t.Logf("to create the objects took %s, a round trip of the API server takes %s, and there was no operator for %s",
		own.applying.Round(time.Millisecond), own.trip.Round(10*time.Microsecond), own.away.Round(time.Millisecond))
	t.Logf("%d private clouds with %d children each, Azure %g times as fast: all Ready after %s of Azure's time (%s here), lower bound %s: %.3f times that",
		len(f.clouds), len(f.clouds[0].children), f.Speed, took.Round(time.Minute), ready.Sub(began).Round(time.Second), bound.Round(time.Minute),
		float64(took)/float64(bound))
	if float64(took) > mostAboveBound*float64(bound) {
		t.Errorf("that is more than %g times the lower bound", mostAboveBound)
	}
	writes, reads := 0, 0
	for _, r := range f.Azure.Requests() {
		if r.Status == http.StatusTooManyRequests || r.Status == http.StatusConflict {
			t.Errorf("%s %s was answered with %d", r.Method, r.Path, r.Status)
		}
		if isWrite(r.Method) {
			writes++
		} else {
			reads++
		}
	}
	t.Logf("%d writes and %d reads, no 429, no 409", writes, reads)
}

// bound is what no client can beat: the bucket of writes, and in each private cloud its own creation and then the longest lane, with what is ours.
func (f *fleet) bound(t *testing.T, own ours) time.Duration {
	t.Helper()
	bucket := time.Duration(max(0, len(f.objects())-writesAtOnce)) * time.Second / writesPerSecond
	longest := bucket
	for _, c := range f.clouds {
		create, lanes := f.lengths.of(c.id)
		if create == nil {
			t.Fatalf("Azure has not been asked for %s", c.object.Name)
		}
		lowest := create.length
		for _, class := range []lane.Class{lane.Hosts, lane.Network, lane.Light} {
			operations := lanes[class]
			first, last := span(operations)
			lowest = max(lowest, create.length+sum(operations)+f.scaled(own.of(1+len(operations))))
			t.Logf("%s: created in %s; lane %s: %d operations, %s of work done in %s (%.3f), begun %s after the private cloud was there",
				c.object.Name, create.length.Round(time.Minute),
				class, len(operations), sum(operations).Round(time.Second), f.scaled(last.Sub(first)).Round(time.Second),
				float64(f.scaled(last.Sub(first)))/float64(sum(operations)), f.scaled(first.Sub(create.ended)).Round(time.Second))
		}
		longest = max(longest, lowest)
	}
	return longest
}

// span is from the first beginning to the last end.
func span(operations []*operation) (first, last time.Time) {
	for _, one := range operations {
		if first.IsZero() || one.began.Before(first) {
			first = one.began
		}
		if one.ended.After(last) {
			last = one.ended
		}
	}
	return first, last
}
