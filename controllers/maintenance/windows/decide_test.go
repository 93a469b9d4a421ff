// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package windows

import (
	"strings"
	"testing"
	"time"
)

func TestDecide(t *testing.T) {
	now := at("2026-11-25T12:00:00Z")
	ours, other := at("2026-11-30T22:00:00Z"), at("2026-12-03T09:00:00Z")
	p := Policy{Calendar: calendar(t, Window{"0 22 * * 1", 8 * time.Hour, ""}), Notice: 24 * time.Hour}
	fresh := Maintenance{Component: "ESXI", State: NotScheduled, Takes: time.Hour, Schedule: Offer{Open: true}, Reschedule: Offer{Why: "not yet"},
		Check: Offer{Open: true}, Readiness: "Ready", Age: time.Hour}
	planned := fresh
	planned.State, planned.Start, planned.Ours = Scheduled, ours, []time.Time{ours}
	planned.Schedule, planned.Reschedule = Offer{}, Offer{Open: true}
	for name, c := range map[string]struct {
		from    Maintenance
		change  func(*Maintenance)
		policy  func(*Policy)
		action  Action
		start   time.Time
		by      Who
		trouble Trouble
		says    string
	}{
		"new":                          {from: fresh, action: Schedule, start: ours, says: "to be scheduled for 2026-11-30 22:00 UTC"},
		"new and not to be scheduled":  {from: fresh, change: func(m *Maintenance) { m.Schedule = Offer{Why: "Critical upgrade"} }, says: "Critical upgrade"},
		"new and without an offer":     {from: fresh, change: func(m *Maintenance) { m.Schedule = Offer{} }, says: "gives no reason"},
		"new and of another component": {from: fresh, policy: func(p *Policy) { p.Components = []string{"VCSA"} }, says: "leaves ESXI to others"},
		"new and of a named component": {from: fresh, policy: func(p *Policy) { p.Components = []string{"VCSA", "ESXI"} }, action: Schedule, start: ours},
		"new and too long":             {from: fresh, change: func(m *Maintenance) { m.Takes = 9 * time.Hour }, trouble: NoWindow, says: "longer than 8 h"},
		"new and refused once": {from: fresh,
			change: func(m *Maintenance) { m.Refused = []Block{{Span: Span{ours, ours.Add(24 * time.Hour)}}} },
			action: Schedule, start: ours.Add(7 * 24 * time.Hour)},
		"new and never checked": {from: fresh, change: func(m *Maintenance) { m.Age, m.Schedule = 0, Offer{} }, action: Check},
		"new, not ready": {from: fresh,
			change: func(m *Maintenance) { m.Readiness, m.Failed, m.Age = NotReady, []string{"EPC_FTT_ZERO"}, time.Minute },
			action: Schedule, start: ours, trouble: CheckFails, says: "EPC_FTT_ZERO"},
		"ours":                          {from: planned, by: ThePolicy, says: "scheduled for 2026-11-30 22:00 UTC"},
		"ours and as Azure rounds it":   {from: planned, change: func(m *Maintenance) { m.Start = ours.Add(20 * time.Second) }, by: ThePolicy},
		"ours, an earlier version says": {from: planned, change: func(m *Maintenance) { m.State = Planned }, by: ThePolicy},
		"ours of two":                   {from: planned, change: func(m *Maintenance) { m.Ours = []time.Time{other, ours} }, by: ThePolicy},
		"ours and outside now": {from: planned, policy: weekly("0 22 * * 2"), action: Reschedule, start: at("2026-12-01T22:00:00Z"), by: ThePolicy,
			says: "to be moved to 2026-12-01 22:00 UTC"},
		"ours, outside and begun": {from: planned,
			change: func(m *Maintenance) { m.Start = now.Add(-time.Minute); m.Ours = []time.Time{m.Start} },
			by:     ThePolicy},
		"ours, outside and not movable": {from: planned, policy: weekly("0 22 * * 2"),
			change: func(m *Maintenance) { m.Reschedule = Offer{Why: "too late"} }, by: ThePolicy, trouble: NoWindow, says: "too late"},
		"ours, outside and none other": {from: planned, policy: weekly("0 22 30 2 *"), by: ThePolicy, trouble: NoWindow, says: "it stays there: no window opens"},
		"a person's":                   {from: planned, change: func(m *Maintenance) { m.Start = other }, by: Person, says: "by hand"},
		"a person's and never ours":    {from: planned, change: func(m *Maintenance) { m.Ours = nil }, policy: weekly("0 22 * * 2"), by: Person},
		"Microsoft's": {from: planned, change: func(m *Maintenance) { m.ByMicrosoft = true }, policy: weekly("0 22 * * 2"), by: Microsoft,
			says: "Microsoft scheduled it"},
		"a person's, checks old": {from: planned, change: func(m *Maintenance) { m.Start, m.Age = other, 25*time.Hour }, action: Check, by: Person},
		"near, checks of five hours ago": {from: planned, change: func(m *Maintenance) { m.Start, m.Age = now.Add(20*time.Hour), 5*time.Hour },
			action: Check, by: Person},
		"far, checks of five hours ago": {from: planned, change: func(m *Maintenance) { m.Age = 5 * time.Hour }, by: ThePolicy},
		"failing for an hour": {from: planned, change: func(m *Maintenance) { m.Readiness, m.Age = NotReady, 61*time.Minute }, action: Check,
			by: ThePolicy, trouble: CheckFails, says: "does not say which"},
		"failing, not to be checked": {from: planned, change: func(m *Maintenance) { m.Readiness, m.Age, m.Check = NotReady, 61*time.Minute, Offer{} },
			by: ThePolicy, trouble: CheckFails},
		"checks do not apply": {from: planned, change: func(m *Maintenance) { m.Readiness, m.Age = NotApplicable, 0 }, by: ThePolicy},
		"under way":           {from: planned, change: func(m *Maintenance) { m.State, m.Readiness = InProgress, NotReady }, by: ThePolicy, says: "under way"},
		"over": {from: planned, change: func(m *Maintenance) { m.State, m.Outcome = "Failed", "host 3" }, by: ThePolicy,
			says: "it is over: Failed, host 3"},
		"over, and that is all": {from: planned, change: func(m *Maintenance) { m.State = "Success" }, by: ThePolicy, says: "it is over: Success"},
	} {
		m, policy := c.from, p
		if c.change != nil {
			c.change(&m)
		}
		if c.policy != nil {
			c.policy(&policy)
		}
		got := Decide(policy, m, now)
		if got.Action != c.action || !got.Start.Equal(c.start) || got.By != c.by || got.Trouble != c.trouble || !strings.Contains(got.Message, c.says) {
			t.Errorf("%s: %+v", name, got)
		}
		if m.Check.Open && m.Readiness != NotApplicable && (m.State == NotScheduled || isScheduled(m)) && len(policy.Components) != 1 &&
			m.Age > 0 && got.Action != Check && got.Again <= 0 {
			t.Errorf("%s: it is never looked at again", name)
		}
	}
}

func weekly(schedule string) func(*Policy) {
	return func(p *Policy) {
		p.Calendar = &Calendar{}
		o, err := open(Window{schedule, 8 * time.Hour, ""})
		if err != nil {
			panic(err)
		}
		p.Calendar.windows = []opening{o}
	}
}

// What is not ours is never moved, and what is decided follows from what was given alone.
func FuzzDecide(f *testing.F) {
	f.Add(NotScheduled, int64(0), false, uint16(60), true, true, "Ready", int64(100), uint8(3))
	f.Add(Scheduled, int64(1780000000), true, uint16(960), true, true, "NotReady", int64(100000), uint8(0))
	f.Add(Scheduled, int64(1780000000), false, uint16(60), false, true, "", int64(0), uint8(1))
	f.Fuzz(func(t *testing.T, state string, start int64, byMicrosoft bool, takes uint16, schedulable, movable bool, readiness string, age int64, ours uint8) {
		now := time.Unix(1779000000, 0)
		m := Maintenance{State: state, ByMicrosoft: byMicrosoft, Takes: time.Duration(takes) * time.Minute,
			Schedule: Offer{Open: schedulable}, Reschedule: Offer{Open: movable}, Check: Offer{Open: true},
			Readiness: readiness, Age: time.Duration(age % 1e6 * int64(time.Second))}
		if start != 0 {
			m.Start = time.Unix(start%4102444800, 0)
		}
		if ours%2 == 1 {
			m.Ours = []time.Time{m.Start}
		}
		p := Policy{Calendar: calendar(t, Window{"0 22 * * 1", 8 * time.Hour, "Europe/Oslo"})}
		d := Decide(p, m, now)
		if d.Action == Reschedule && (d.By != ThePolicy || byMicrosoft || ours%2 == 0 || !movable) {
			t.Errorf("moves what is not ours: %+v of %+v", d, m)
		}
		if d.Action == Schedule && (state != NotScheduled || !schedulable) {
			t.Errorf("schedules what may not be: %+v of %+v", d, m)
		}
		if (d.Action == Schedule || d.Action == Reschedule) == d.Start.IsZero() || d.Message == "" || d.Again < 0 {
			t.Errorf("%+v", d)
		}
	})
}

func TestAdvice(t *testing.T) {
	for code := range advice {
		a, ok := AdviceFor(code)
		if !ok || a.Meaning == "" || a.Action == "" || !strings.HasPrefix(code, "EPC_") {
			t.Errorf("%s: %+v", code, a)
		}
	}
	if _, ok := AdviceFor("EPC_NEW"); ok {
		t.Error("a code that nobody knows has advice")
	}
}
