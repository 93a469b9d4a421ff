// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package windows decides when an announced maintenance starts and what is to be done about it now. It is pure: the windows of a policy, what
// Azure allows, and the time go in, a start or a sentence why there is none comes out.
package windows

import (
	"errors"
	"fmt"
	"iter"
	"strings"
	"time"

	"github.com/robfig/cron/v3"
)

// Window is a time that comes again and again. Schedule is a cron expression of five fields, on the wall clock of TimeZone; empty is UTC.
type Window struct {
	Schedule string
	Duration time.Duration
	TimeZone string
}

// Span is the time from From, which is in it, to To.
type Span struct{ From, To time.Time }

func (s Span) length() time.Duration { return s.To.Sub(s.From) }

// Calendar is the windows of a policy, ready to be asked.
type Calendar struct{ windows []opening }

// opening is one window. Its schedule is asked for times of a clock without a zone, which is written as UTC.
type opening struct {
	schedule cron.Schedule
	zone     *time.Location
	open     time.Duration
}

var fields = cron.NewParser(cron.Minute | cron.Hour | cron.Dom | cron.Month | cron.Dow)

// NewCalendar reads windows. Its error is a sentence for who wrote them.
func NewCalendar(windows []Window) (*Calendar, error) {
	c := &Calendar{}
	for i, w := range windows {
		o, err := open(w)
		if err != nil {
			return nil, fmt.Errorf("windows[%d]: %w", i, err)
		}
		c.windows = append(c.windows, o)
	}
	return c, nil
}

func open(w Window) (opening, error) {
	if strings.Contains(w.Schedule, "=") { // the library would take a zone from it
		return opening{}, fmt.Errorf("schedule %q names a time zone, which belongs into timeZone", w.Schedule)
	}
	schedule, err := fields.Parse(w.Schedule)
	if err != nil {
		return opening{}, fmt.Errorf("schedule %q is not a cron expression of minute, hour, day of month, month and day of week: %w", w.Schedule, err)
	}
	if w.TimeZone == "Local" {
		return opening{}, errors.New("timeZone Local is the operator's and says nothing: write one such as Europe/Oslo")
	}
	zone, err := time.LoadLocation(w.TimeZone)
	if err != nil {
		return opening{}, fmt.Errorf("timeZone %q is not known: write one such as Europe/Oslo", w.TimeZone)
	}
	if w.Duration <= 0 {
		return opening{}, fmt.Errorf("a window of %s never holds anything", w.Duration)
	}
	return opening{schedule: schedule, zone: zone, open: w.Duration}, nil
}

// mostOpenings bounds a search: a window that opens every minute for a quarter of a year is looked at to its end, and no more.
const mostOpenings = 150_000

// between yields when a window is open, in order and joined where they touch, beginning with what is open at or after from and ending
// with what opens before to.
func (c *Calendar) between(from, to time.Time) iter.Seq[Span] {
	return func(yield func(Span) bool) {
		runs := make([]*run, 0, len(c.windows))
		for i := range c.windows {
			runs = append(runs, c.windows[i].run(from))
		}
		var joined Span
		for range mostOpenings {
			next := earliest(runs)
			if next == nil || !next.span.From.Before(to) {
				break
			}
			span := next.span
			next.advance()
			switch {
			case !span.To.After(from):
			case joined.To.IsZero():
				joined = span
			case span.From.After(joined.To):
				if !yield(joined) {
					return
				}
				joined = span
			case span.To.After(joined.To):
				joined.To = span.To
			}
		}
		if !joined.To.IsZero() {
			yield(joined)
		}
	}
}

// run walks through the openings of one window. Its span has no end when there is none any more.
type run struct {
	window *opening
	wall   time.Time
	span   Span
}

// run begins before the first opening that reaches from. No zone ever moved its clock by more than a day.
func (o *opening) run(from time.Time) *run {
	r := &run{window: o, wall: onTheWall(from.Add(-o.open-26*time.Hour), o.zone)}
	r.advance()
	return r
}

func (r *run) advance() {
	next := r.window.schedule.Next(r.wall)
	if next.IsZero() {
		r.span = Span{}
		return
	}
	r.wall = next
	at := instant(next, r.window.zone)
	r.span = Span{From: at, To: at.Add(r.window.open)}
}

func earliest(runs []*run) *run {
	var first *run
	for _, r := range runs {
		if !r.span.To.IsZero() && (first == nil || r.span.From.Before(first.span.From)) {
			first = r
		}
	}
	return first
}

// onTheWall is what a clock in the zone shows, written as UTC.
func onTheWall(at time.Time, zone *time.Location) time.Time {
	at = at.In(zone)
	return time.Date(at.Year(), at.Month(), at.Day(), at.Hour(), at.Minute(), at.Second(), 0, time.UTC)
}

// instant is when a clock in the zone first shows what wall says. Where clocks are put forward and never show it, it is the moment in which
// they are: a window that begins in a skipped hour is not left out, and one whose hour comes twice begins once.
func instant(wall time.Time, zone *time.Location) time.Time {
	at := time.Date(wall.Year(), wall.Month(), wall.Day(), wall.Hour(), wall.Minute(), wall.Second(), 0, zone)
	began, ends := at.ZoneBounds()
	shown := onTheWall(at, zone)
	switch {
	case shown.After(wall):
		return began.UTC()
	case shown.Before(wall):
		return ends.UTC()
	case began.IsZero():
		return at.UTC()
	}
	_, before := began.Add(-time.Second).Zone()
	if first := wall.Add(-time.Duration(before) * time.Second); first.Before(began) && onTheWall(first, zone).Equal(wall) {
		return first
	}
	return at.UTC()
}
