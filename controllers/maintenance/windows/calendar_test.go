// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package windows

import (
	"slices"
	"strings"
	"testing"
	"time"
)

func at(text string) time.Time {
	out, err := time.Parse(time.RFC3339, text)
	if err != nil {
		panic(err)
	}
	return out
}

func calendar(t testing.TB, windows ...Window) *Calendar {
	t.Helper()
	c, err := NewCalendar(windows)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestNewCalendarSaysWhatIsWrong(t *testing.T) {
	for words, w := range map[string]Window{
		"cron expression":       {Schedule: "0 99 * * *", Duration: time.Hour},
		"minute, hour":          {Schedule: "0 0 0 1 1 1", Duration: time.Hour},
		"@daily":                {Schedule: "@daily", Duration: time.Hour},
		"belongs into timeZone": {Schedule: "TZ=UTC 0 0 * * *", Duration: time.Hour},
		"CRON_TZ=":              {Schedule: "CRON_TZ=", Duration: time.Hour},
		"Europe/Nowhere":        {Schedule: "0 0 * * *", Duration: time.Hour, TimeZone: "Europe/Nowhere"},
		"the operator's":        {Schedule: "0 0 * * *", Duration: time.Hour, TimeZone: "Local"},
		"never holds":           {Schedule: "0 0 * * *"},
		"windows[0]: window":    {},
	} {
		_, err := NewCalendar([]Window{w})
		if want, _, _ := strings.Cut(words, ": window"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v does not say %q", w, err, want)
		}
	}
}

// Each window opens once a day, also on the days on which clocks are changed.
func TestOpeningsAcrossClockChanges(t *testing.T) {
	for name, c := range map[string]struct {
		window   Window
		from, to string
		want     []string
	}{
		"the hour is skipped in Oslo": {Window{"30 2 * * *", time.Hour, "Europe/Oslo"}, "2026-03-28T00:00:00Z", "2026-03-31T00:00:00Z",
			[]string{"2026-03-28T01:30:00Z", "2026-03-29T01:00:00Z", "2026-03-30T00:30:00Z"}},
		"the hour comes twice in Oslo": {Window{"30 2 * * *", time.Hour, "Europe/Oslo"}, "2026-10-24T00:00:00Z", "2026-10-27T00:00:00Z",
			[]string{"2026-10-24T00:30:00Z", "2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"}},
		"it is open over the change": {Window{"0 0 * * *", 4 * time.Hour, "Europe/Oslo"}, "2026-10-24T12:00:00Z", "2026-10-25T12:00:00Z",
			[]string{"2026-10-24T22:00:00Z"}},
		"the hour is skipped in New York": {Window{"0 2 * * *", time.Hour, "America/New_York"}, "2026-03-07T12:00:00Z", "2026-03-09T12:00:00Z",
			[]string{"2026-03-08T07:00:00Z", "2026-03-09T06:00:00Z"}},
		"the hour comes twice there": {Window{"15 1 * * *", time.Hour, "America/New_York"}, "2026-11-01T00:00:00Z", "2026-11-02T12:00:00Z",
			[]string{"2026-11-01T05:15:00Z", "2026-11-02T06:15:00Z"}},
		"half an hour on Lord Howe": {Window{"15 2 * * *", time.Minute, "Australia/Lord_Howe"}, "2026-10-02T20:00:00Z", "2026-10-04T20:00:00Z",
			[]string{"2026-10-03T15:30:00Z", "2026-10-04T15:15:00Z"}},
		"midnight is skipped in Beirut": {Window{"0 0 * * *", time.Hour, "Asia/Beirut"}, "2026-03-28T12:00:00Z", "2026-03-30T12:00:00Z",
			[]string{"2026-03-28T22:00:00Z", "2026-03-29T21:00:00Z"}},
		"a day that Samoa left out": {Window{"0 12 30 12 *", time.Hour, "Pacific/Apia"}, "2011-12-29T00:00:00Z", "2012-01-02T00:00:00Z",
			[]string{"2011-12-30T10:00:00Z"}},
		"no zone is UTC": {Window{"0 2 * * 0", time.Hour, ""}, "2026-03-28T00:00:00Z", "2026-04-06T00:00:00Z",
			[]string{"2026-03-29T02:00:00Z", "2026-04-05T02:00:00Z"}},
		"the 31st": {Window{"0 2 31 * *", time.Hour, ""}, "2026-01-01T00:00:00Z", "2026-04-30T00:00:00Z",
			[]string{"2026-01-31T02:00:00Z", "2026-03-31T02:00:00Z"}},
		"a day that never comes": {Window{"0 2 30 2 *", time.Hour, ""}, "2026-01-01T00:00:00Z", "2030-04-30T00:00:00Z", nil},
	} {
		var got []string
		for span := range calendar(t, c.window).between(at(c.from), at(c.to)) {
			got = append(got, span.From.Format(time.RFC3339))
			if span.length() != c.window.Duration {
				t.Errorf("%s: open for %s", name, span.length())
			}
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: opens at %v, want %v", name, got, c.want)
		}
	}
}

// Windows that touch or overlap are one.
func TestWindowsAreJoined(t *testing.T) {
	c := calendar(t, Window{"0 22 * * 5", 8 * time.Hour, ""}, Window{"0 6 * * 6", 4 * time.Hour, ""}, Window{"0 23 * * 5", time.Hour, ""},
		Window{"0 12 * * 6", time.Hour, ""})
	var got []Span
	for span := range c.between(at("2026-11-27T00:00:00Z"), at("2026-11-29T00:00:00Z")) {
		got = append(got, span)
	}
	want := []Span{{at("2026-11-27T22:00:00Z"), at("2026-11-28T10:00:00Z")}, {at("2026-11-28T12:00:00Z"), at("2026-11-28T13:00:00Z")}}
	if !slices.Equal(got, want) {
		t.Errorf("open in %v, want %v", got, want)
	}
	if !c.Covers(at("2026-11-27T22:00:00Z"), 12*time.Hour) || c.Covers(at("2026-11-27T22:01:00Z"), 12*time.Hour) || c.Covers(at("2026-11-28T11:00:00Z"), 0) {
		t.Error("what is covered is wrong")
	}
}

func span(from, to string) Span { return Span{at(from), at(to)} }

func TestFirst(t *testing.T) {
	nights := Window{"0 22 * * *", 8 * time.Hour, ""}
	now := at("2026-11-25T12:00:30Z") // a Wednesday
	available := []Span{span("2026-11-26T00:00:00Z", "2026-12-10T00:00:00Z")}
	for name, c := range map[string]struct {
		windows []Window
		rules   Rules
		notice  time.Duration
		takes   time.Duration
		start   string
		why     string
		again   string
	}{
		"tonight":                    {windows: []Window{nights}, takes: time.Hour, start: "2026-11-25T22:00:00Z"},
		"notice goes beyond tonight": {windows: []Window{nights}, takes: 5 * time.Hour, notice: 14 * time.Hour, start: "2026-11-26T22:00:00Z"},
		"notice ends within tonight": {windows: []Window{nights}, takes: time.Hour, notice: 14 * time.Hour, start: "2026-11-26T02:01:00Z"},
		"it just fits":               {windows: []Window{nights}, takes: 8 * time.Hour, start: "2026-11-25T22:00:00Z"},
		"it does not fit":            {windows: []Window{nights}, takes: 9 * time.Hour, why: "it takes 9 h, and no window is open for longer than 8 h"},
		"Azure's times begin within": {windows: []Window{nights}, rules: Rules{Available: available}, takes: time.Hour, start: "2026-11-26T00:00:00Z"},
		"Azure's times are over": {windows: []Window{nights},
			rules:  Rules{Available: []Span{span("2026-11-01T00:00:00Z", "2026-11-25T13:00:00Z")}},
			notice: 24 * time.Hour, why: "until 2026-11-25 13:00 UTC only, and 24 h of notice"},
		"Azure's times have a gap": {windows: []Window{nights},
			rules: Rules{Available: []Span{span("2026-11-20T00:00:00Z", "2026-11-25T21:00:00Z"), span("2026-11-28T03:00:20Z", "2026-11-29T00:00:00Z")}},
			takes: time.Hour, start: "2026-11-28T03:01:00Z"},
		"nothing opens": {windows: []Window{{"0 2 1 6 *", time.Hour, ""}}, rules: Rules{Available: available}, takes: time.Hour,
			why: "no window opens from 2026-11-26 00:00 UTC to 2026-12-10 00:00 UTC"},
		"a day is blocked": {windows: []Window{nights},
			rules: Rules{Blocked: []Block{{span("2026-11-25T00:00:00Z", "2026-11-26T23:59:59Z"), "Holiday", "Thanksgiving"}}},
			takes: time.Hour, start: "2026-11-27T00:00:00Z"},
		"blocks follow each other": {windows: []Window{nights},
			rules: Rules{Blocked: []Block{{span("2026-11-26T23:59:00Z", "2026-11-27T03:00:00Z"), "Holiday", ""},
				{span("2026-11-25T00:00:00Z", "2026-11-26T23:59:59Z"), "Holiday", ""}}},
			takes: time.Hour, start: "2026-11-27T03:01:00Z"},
		"all is blocked": {windows: []Window{nights},
			rules: Rules{Available: available, Blocked: []Block{{span("2026-11-01T00:00:00Z", "2027-01-01T00:00:00Z"), "QuotaExhausted", "full"}}},
			takes: time.Hour, why: "QuotaExhausted (full) from 2026-11-01 00:00 UTC"},
		"a start may not be chosen yet": {windows: []Window{nights},
			rules: Rules{Scheduling: []Span{span("2026-12-01T00:00:00Z", "2026-12-05T00:00:00Z")}},
			takes: time.Hour, why: "be chosen from 2026-12-01 00:00 UTC on", again: "2026-12-01T00:00:00Z"},
		"a start may not be chosen more": {windows: []Window{nights},
			rules: Rules{Scheduling: []Span{span("2026-11-01T00:00:00Z", "2026-11-05T00:00:00Z")}}, takes: time.Hour, why: "until 2026-11-05 00:00 UTC"},
		"a start may be chosen now": {windows: []Window{nights},
			rules: Rules{Scheduling: []Span{span("2026-11-25T12:00:30Z", "2026-12-05T00:00:00Z")}}, takes: time.Hour, start: "2026-11-25T22:00:00Z"},
		"room reaches past the last start": {windows: []Window{nights, {"0 6 * * *", 4 * time.Hour, ""}},
			rules: Rules{Available: []Span{span("2026-11-25T00:00:00Z", "2026-11-25T23:00:00Z")}}, takes: 12 * time.Hour, start: "2026-11-25T22:00:00Z"},
		"nothing has room for the rest": {windows: []Window{nights},
			rules: Rules{Available: []Span{span("2026-11-26T05:30:00Z", "2026-11-26T20:00:00Z")}}, takes: time.Hour, why: "no window has room for 1 h"},
		"a window of every minute": {windows: []Window{{"* * * * *", time.Minute, ""}}, takes: 48 * time.Hour, start: "2026-11-25T12:01:00Z"},
	} {
		got := calendar(t, c.windows...).First(c.rules, now, c.notice, c.takes)
		if c.start != "" && !got.Start.Equal(at(c.start)) || c.start == "" && !got.Start.IsZero() {
			t.Errorf("%s: starts at %s, want %s: %s", name, got.Start, c.start, got.Why)
		}
		if (c.why == "") != (got.Why == "") || !strings.Contains(got.Why, c.why) {
			t.Errorf("%s: says %q, want %q", name, got.Why, c.why)
		}
		if c.again != "" && !got.Again.Equal(at(c.again)) {
			t.Errorf("%s: again at %s", name, got.Again)
		}
	}
}

// Whatever the windows, the zone and the rules: a start that comes out keeps to all of them, and what comes out comes out again.
func FuzzFirst(f *testing.F) {
	f.Add("30 2 * * *", uint16(120), uint8(0), int64(1774742400), uint16(60), uint16(60), uint16(300), uint16(24))
	f.Add("0 22 * * 5", uint16(480), uint8(1), int64(1792886400), uint16(0), uint16(700), uint16(10), uint16(2000))
	f.Add("*/7 1-3 29 2 *", uint16(3), uint8(2), int64(1761955200), uint16(1), uint16(1), uint16(1), uint16(1))
	f.Add("0 0 30 2 *", uint16(3), uint8(3), int64(1325203200), uint16(9), uint16(9), uint16(9), uint16(9))
	zones := []string{"Europe/Oslo", "America/New_York", "Australia/Lord_Howe", "Pacific/Apia", "Asia/Beirut", "America/Sao_Paulo", ""}
	f.Fuzz(func(t *testing.T, schedule string, minutes uint16, zone uint8, unix int64, notice, takes, blockedAfter, blockedFor uint16) {
		open := time.Duration(minutes%1440) * time.Minute
		c, err := NewCalendar([]Window{{schedule, open, zones[int(zone)%len(zones)]}})
		if err != nil {
			return
		}
		now := time.Unix(unix%4102444800, 0)
		need, ahead := time.Duration(takes)*time.Minute, time.Duration(notice)*time.Minute
		from := now.Add(time.Duration(blockedAfter) * time.Minute)
		blocked := Block{Span: Span{from, from.Add(time.Duration(blockedFor) * time.Minute)}}
		rules := Rules{Available: []Span{{now.Add(-time.Hour), now.Add(40 * 24 * time.Hour)}}, Blocked: []Block{blocked}}
		got := c.First(rules, now, ahead, need)
		if got.Start.IsZero() == (got.Why == "") {
			t.Fatalf("start %s and why %q", got.Start, got.Why)
		}
		if got.Start.IsZero() {
			return
		}
		if got.Start.Before(now.Add(ahead)) || got.Start.After(rules.Available[0].To) ||
			!got.Start.Before(blocked.From) && !got.Start.After(blocked.To) || !c.Covers(got.Start, need) {
			t.Errorf("%s of %s from %s: %s keeps not to %+v", schedule, open, now, got.Start, rules)
		}
		if again := c.First(rules, now, ahead, need); !again.Start.Equal(got.Start) {
			t.Errorf("first %s, then %s", got.Start, again.Start)
		}
	})
}

// A search without an answer ends soon, however often a window opens.
func TestSearchEnds(t *testing.T) {
	began := time.Now()
	got := calendar(t, Window{"*/2 * * * *", time.Minute, "Europe/Oslo"}).First(Rules{}, at("2026-11-25T12:00:00Z"), 0, time.Hour)
	if got.Why == "" || time.Since(began) > 5*time.Second {
		t.Errorf("%+v after %s", got, time.Since(began))
	}
}
