// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package windows

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Rules are what Azure allows, as an operation of a maintenance shows it.
type Rules struct {
	// Scheduling is when a start may be chosen; none: always.
	Scheduling []Span
	// Available is when the maintenance may start; none: always.
	Available []Span
	// Blocked is when it may not.
	Blocked []Block
}

// Block is a time in which no maintenance starts, both ends included.
type Block struct {
	Span
	// Category and Reason are Azure's words, such as Holiday.
	Category, Reason string
}

// farthest is how far ahead is looked where Azure sets no end: every window that opens at all opens within a leap year, but for one on
// 29 February.
const farthest = 400 * 24 * time.Hour

// Answer is a start, or a sentence why there is none. Again is when the answer changes by itself, if that is known.
type Answer struct {
	Start time.Time
	Why   string
	Again time.Time
}

// First is the first start that a window, with room for the whole maintenance, and Azure allow. Starts are whole minutes, because Azure's
// people think in these.
func (c *Calendar) First(rules Rules, now time.Time, notice, takes time.Duration) Answer {
	if answer, closed := mayChoose(rules.Scheduling, now); closed {
		return answer
	}
	from := wholeMinute(now.Add(notice))
	to := now.Add(max(farthest, notice+farthest))
	if len(rules.Available) > 0 {
		to = latest(rules.Available)
		if first := slices.MinFunc(rules.Available, func(a, b Span) int { return a.From.Compare(b.From) }); first.From.After(from) {
			from = wholeMinute(first.From)
		}
	}
	if to.Before(from) {
		return Answer{Why: fmt.Sprintf("Azure allows a start until %s only, and %s of notice end later: lower noticeSeconds, or schedule it by hand",
			Moment(to), Length(notice))}
	}
	s := search{rules: rules, takes: takes}
	for span := range c.between(from, to.Add(takes+time.Second)) { // windows that touch are one, also across the last allowed start
		if start, ok := s.in(span, from, to); ok {
			return Answer{Start: start}
		}
	}
	return Answer{Why: s.why(from, to)}
}

// Covers says whether a maintenance that starts then is in the windows from its first minute to its last.
func (c *Calendar) Covers(start time.Time, takes time.Duration) bool {
	for span := range c.between(start, start.Add(takes+time.Second)) {
		if !span.From.After(start) && !span.To.Before(start.Add(takes)) {
			return true
		}
	}
	return false
}

// mayChoose holds now against the times in which a start may be chosen.
func mayChoose(scheduling []Span, now time.Time) (Answer, bool) {
	var next Span
	for _, span := range scheduling {
		if !now.Before(span.From) && !now.After(span.To) {
			return Answer{}, false
		}
		if now.Before(span.From) && (next.From.IsZero() || span.From.Before(next.From)) {
			next = span
		}
	}
	switch {
	case len(scheduling) == 0:
		return Answer{}, false
	case !next.From.IsZero():
		return Answer{Why: fmt.Sprintf("Azure lets a start be chosen from %s on", Moment(next.From)), Again: next.From}, true
	}
	return Answer{Why: fmt.Sprintf("Azure let a start be chosen until %s", Moment(latest(scheduling)))}, true
}

func latest(spans []Span) time.Time {
	return slices.MaxFunc(spans, func(a, b Span) int { return a.To.Compare(b.To) }).To
}

// search is one look for a start, and what stood in the way.
type search struct {
	rules   Rules
	takes   time.Duration
	longest time.Duration
	hit     []Block
}

// in finds the first start in one opening.
func (s *search) in(open Span, from, to time.Time) (time.Time, bool) {
	if open.From.After(to) {
		return time.Time{}, false
	}
	s.longest = max(s.longest, open.length())
	start := open.From
	if start.Before(from) {
		start = from
	}
	for {
		start = wholeMinute(start)
		if start.After(to) || start.Add(s.takes).After(open.To) {
			return time.Time{}, false
		}
		later, ok := s.available(start)
		if !ok {
			return time.Time{}, false
		}
		if later = s.unblocked(later); later.Equal(start) {
			return start, true
		}
		start = later
	}
}

// available is the first moment from at on that is in an available span.
func (s *search) available(at time.Time) (time.Time, bool) {
	if len(s.rules.Available) == 0 {
		return at, true
	}
	var next time.Time
	for _, span := range s.rules.Available {
		if !at.Before(span.From) && !at.After(span.To) {
			return at, true
		}
		if at.Before(span.From) && (next.IsZero() || span.From.Before(next)) {
			next = span.From
		}
	}
	return next, !next.IsZero()
}

// unblocked is at, or the minute after the block that it is in.
func (s *search) unblocked(at time.Time) time.Time {
	for _, block := range s.rules.Blocked {
		if !at.Before(block.From) && !at.After(block.To) {
			if !slices.Contains(s.hit, block) {
				s.hit = append(s.hit, block)
			}
			return block.To.Truncate(time.Minute).Add(time.Minute)
		}
	}
	return at
}

func (s *search) why(from, to time.Time) string {
	when := fmt.Sprintf("from %s to %s, which is when Azure and the notice allow a start", Moment(from), Moment(to))
	switch {
	case s.longest == 0:
		return fmt.Sprintf("no window opens %s: add one, or schedule it by hand", when)
	case s.longest < s.takes:
		return fmt.Sprintf("it takes %s, and no window is open for longer than %s %s: make one longer, or schedule it by hand",
			Length(s.takes), Length(s.longest), when)
	case len(s.hit) > 0:
		var blocks []string
		for _, b := range s.hit {
			blocks = append(blocks, fmt.Sprintf("%s from %s to %s", strings.TrimSpace(b.Category+" "+inBrackets(b.Reason)), Moment(b.From), Moment(b.To)))
		}
		return fmt.Sprintf("no window with room for %s is left %s: add another window, or schedule it by hand. Azure blocks: %s",
			Length(s.takes), when, strings.Join(blocks, "; "))
	}
	return fmt.Sprintf("no window has room for %s %s: add one, or schedule it by hand", Length(s.takes), when)
}

func inBrackets(text string) string {
	if text == "" {
		return ""
	}
	return "(" + text + ")"
}

// wholeMinute is the minute that begins at or after at.
func wholeMinute(at time.Time) time.Time {
	if down := at.Truncate(time.Minute); down.Before(at) {
		return down.Add(time.Minute).UTC()
	}
	return at.UTC()
}

// Moment is how people read a time, the same in every zone.
func Moment(at time.Time) string { return at.UTC().Format("2006-01-02 15:04 UTC") }

// Length is how people read a duration.
func Length(d time.Duration) string {
	d = d.Round(time.Minute)
	switch {
	case d >= time.Hour && d%time.Hour == 0:
		return fmt.Sprintf("%d h", d/time.Hour)
	case d >= time.Hour:
		return fmt.Sprintf("%d h %d min", d/time.Hour, d%time.Hour/time.Minute)
	}
	return fmt.Sprintf("%d min", d/time.Minute)
}
