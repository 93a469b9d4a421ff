// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package windows

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// The states of a maintenance in which something can still be decided; in any other it is over. Planned is what an earlier version of Azure's
// API said for Scheduled.
const (
	NotScheduled = "NotScheduled"
	Scheduled    = "Scheduled"
	Planned      = "Planned"
	InProgress   = "InProgress"
)

// The states of its checks that matter.
const (
	NotReady      = "NotReady"
	NotApplicable = "NotApplicable"
)

// Maintenance is one that Microsoft has announced, as Azure shows it.
type Maintenance struct {
	Component string
	State     string
	// Outcome is what Azure says beside the state.
	Outcome string
	// Start is when it is scheduled for, zero if it is not, and ByMicrosoft who did it.
	Start       time.Time
	ByMicrosoft bool
	// Takes is how long it is estimated to take.
	Takes time.Duration
	// Schedule, Reschedule and Check are what Azure offers.
	Schedule, Reschedule, Check Offer
	// Readiness as the last checks found it, with the names of what failed, and how long ago that was, in Azure's time; 0: never.
	Readiness string
	Failed    []string
	Age       time.Duration
	// Ours are the starts that we have asked for and that may be in force, and Refused those that Azure did not take.
	Ours    []time.Time
	Refused []Block
}

// Offer is one operation of a maintenance. Why is Azure's reason if it may not be asked for.
type Offer struct {
	Open  bool
	Why   string
	Rules Rules
}

// Policy is what the owner of the private cloud wants.
type Policy struct {
	Calendar *Calendar
	// Components that it is for; none: all.
	Components []string
	Notice     time.Duration
}

// Action is what is to be asked of Azure.
type Action string

// The actions. Of several the first in this order comes first: what is scheduled late may lose its window.
const (
	None       Action = ""
	Schedule   Action = "schedule"
	Reschedule Action = "reschedule"
	Check      Action = "initiateChecks"
)

// Who scheduled a maintenance.
type Who string

// The values of Who. Nobody: it is not scheduled.
const (
	Nobody    Who = ""
	ThePolicy Who = "Policy"
	Person    Who = "Person"
	Microsoft Who = "Microsoft"
)

// Trouble is what only a person can mend.
type Trouble string

// The troubles.
const (
	NoTrouble  Trouble = ""
	NoWindow   Trouble = "NoWindow"
	CheckFails Trouble = "CheckFails"
)

// Decision is what is to be done about a maintenance now.
type Decision struct {
	Action  Action
	Start   time.Time // to schedule it for
	By      Who       // scheduled it
	Trouble Trouble
	Message string
	// Again is when another decision comes by itself, in Azure's time from now; 0: not before something changes.
	Again time.Duration
}

// Decide says what is to be done about a maintenance now. One that Microsoft or a person scheduled is never moved: who does that knows
// something that the policy does not.
func Decide(p Policy, m Maintenance, now time.Time) Decision {
	d := Decision{By: who(m)}
	switch {
	case m.State == InProgress:
		d.Message = "under way since " + Moment(m.Start) + "; it is estimated to take " + Length(m.Takes)
		return d
	case m.State != NotScheduled && !isScheduled(m):
		d.Message = strings.TrimRight(strings.TrimSuffix("it is over: "+m.State+", "+m.Outcome, ", "), " ")
		return d
	case len(p.Components) > 0 && !slices.Contains(p.Components, m.Component):
		d.Message = fmt.Sprintf("the policy leaves %s to others: components does not name it", m.Component)
		return d
	}
	switch {
	case m.State == NotScheduled:
		d = schedule(p, m, now, d)
	case d.By == ThePolicy:
		d = keep(p, m, now, d)
	case d.By == Microsoft:
		d.Message = "Microsoft scheduled it for " + Moment(m.Start) + ", so it stays there"
	default:
		d.Message = "somebody scheduled it for " + Moment(m.Start) + " by hand, so it stays there"
	}
	return check(m, now, d)
}

func isScheduled(m Maintenance) bool { return m.State == Scheduled || m.State == Planned }

// who scheduled a maintenance. Azure keeps minutes, so two times in one minute are the same.
func who(m Maintenance) Who {
	switch {
	case m.Start.IsZero():
		return Nobody
	case m.ByMicrosoft:
		return Microsoft
	case slices.ContainsFunc(m.Ours, func(t time.Time) bool { return SameMinute(t, m.Start) }):
		return ThePolicy
	}
	return Person
}

// SameMinute says whether two times are in one minute.
func SameMinute(a, b time.Time) bool { return a.Truncate(time.Minute).Equal(b.Truncate(time.Minute)) }

// schedule finds a start for one that has none.
func schedule(p Policy, m Maintenance, now time.Time, d Decision) Decision {
	if !m.Schedule.Open {
		d.Message = "Azure does not let it be scheduled: " + because(m.Schedule.Why)
		return d
	}
	answer := p.Calendar.First(with(m.Schedule.Rules, m.Refused), now, p.Notice, m.Takes)
	switch {
	case !answer.Start.IsZero():
		d.Action, d.Start, d.Message = Schedule, answer.Start, "to be scheduled for "+Moment(answer.Start)
	case !answer.Again.IsZero():
		d.Message, d.Again = answer.Why, answer.Again.Sub(now)
	default:
		d.Trouble, d.Message = NoWindow, answer.Why
	}
	return d
}

// keep leaves what we scheduled where it is, unless the windows were edited since and no longer hold it.
func keep(p Policy, m Maintenance, now time.Time, d Decision) Decision {
	d.Message = "scheduled for " + Moment(m.Start)
	if !m.Start.After(now) || p.Calendar.Covers(m.Start, m.Takes) {
		return d
	}
	d.Message += ", which no window of the policy holds any more; "
	if !m.Reschedule.Open {
		d.Trouble = NoWindow
		d.Message += "it stays there, because Azure does not let it be moved: " + because(m.Reschedule.Why)
		return d
	}
	answer := p.Calendar.First(with(m.Reschedule.Rules, m.Refused), now, p.Notice, m.Takes)
	if answer.Start.IsZero() {
		d.Trouble = NoWindow
		d.Message += "it stays there: " + answer.Why
		return d
	}
	d.Action, d.Start = Reschedule, answer.Start
	d.Message += "to be moved to " + Moment(answer.Start)
	return d
}

func because(why string) string {
	if why == "" {
		return "it gives no reason"
	}
	return why
}

// with adds what Azure refused to what it blocks.
func with(rules Rules, refused []Block) Rules {
	rules.Blocked = append(slices.Clone(rules.Blocked), refused...)
	return rules
}

// How old the answer of checks may be: checks take Azure a moment and change with what people do in vCenter, so they are run daily, more
// often when the start is near, and hourly while they fail, so that what was mended is seen.
const (
	checkDaily    = 24 * time.Hour
	checkNear     = 4 * time.Hour
	checkFailing  = time.Hour
	near          = 24 * time.Hour
	leastInterval = time.Minute
)

// check has the readiness looked at in time, and tells what fails.
func check(m Maintenance, now time.Time, d Decision) Decision {
	every := checkDaily
	if !m.Start.IsZero() && m.Start.Sub(now) < near {
		every = checkNear
	}
	if m.Readiness == NotReady {
		every = checkFailing
		if d.Trouble == NoTrouble {
			d.Trouble = CheckFails
		}
		d.Message += "; its checks fail: " + named(m.Failed)
	}
	if !m.Check.Open || m.Readiness == NotApplicable {
		return d
	}
	left := every - m.Age
	if m.Age > 0 && left > 0 {
		d.Again = sooner(d.Again, max(left, leastInterval))
		return d
	}
	if d.Action == None {
		d.Action = Check
	}
	return d
}

func named(failed []string) string {
	if len(failed) == 0 {
		return "Azure does not say which"
	}
	return strings.Join(failed, ", ")
}

// sooner is the shorter of two waits, of which 0 is none.
func sooner(a, b time.Duration) time.Duration {
	if a == 0 || b != 0 && b < a {
		return b
	}
	return a
}
