// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package ledger

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/outcome"
)

var noon = time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)

const me = "who asks"

// service refuses everything and counts.
type service struct {
	t     *testing.T
	pace  outcome.Pace
	list  []v1alpha1.Refusal
	now   time.Time
	asked []time.Time
}

func (s *service) refusals() Refusals { return Refusals{List: &s.list, Pace: s.pace} }

// ask asks if it may, and is refused.
func (s *service) ask(q Request, said *outcome.Outcome, kind Conflict, woken bool) *outcome.Outcome {
	if held := s.refusals().Held(q, me, woken, s.now); held != nil {
		return held
	}
	s.asked = append(s.asked, s.now)
	return s.refusals().Refuse(q, me, said, kind, s.now)
}

// restart loses all but what the status keeps.
func (s *service) restart() {
	content, err := json.Marshal(s.list)
	if err != nil {
		s.t.Fatal(err)
	}
	s.list = nil
	if err := json.Unmarshal(content, &s.list); err != nil {
		s.t.Fatal(err)
	}
}

func (s *service) most() (most int) {
	for i, at := range s.asked {
		n := 0
		for _, later := range s.asked[i:] {
			if later.Sub(at) < s.pace.Real(time.Hour) {
				n++
			}
		}
		most = max(most, n)
	}
	return most
}

func retry() *outcome.Outcome { return outcome.Retry(v1alpha1.ReasonTransient, fmt.Errorf("500")) }

func TestPausesAfterRefusals(t *testing.T) {
	s := &service{t: t, pace: 1, now: noon}
	want := []time.Duration{30 * time.Second, time.Minute, 2 * time.Minute, 4 * time.Minute, 8 * time.Minute, 15 * time.Minute, 15 * time.Minute}
	for i, pause := range want {
		if o := s.ask(Request{Verb: "PUT"}, retry(), NoConflict, false); o.After != pause {
			t.Errorf("after refusal %d the pause is %s, and %s is right", i+1, o.After, pause)
		}
		s.now = s.now.Add(pause)
	}
	if o := s.ask(Request{Verb: "PUT"}, retry().In(time.Hour), NoConflict, false); o.After != time.Hour {
		t.Errorf("Retry-After of an hour became %s", o.After)
	}
}

// Whoever wakes the object, however often the operator is started again and whatever changes in Azure: no request is refused more than twelve
// times in an hour.
func TestNoRequestIsRefusedMoreThanTwelveTimesAnHour(t *testing.T) {
	for _, pace := range []outcome.Pace{1, 240} {
		for _, kind := range []Conflict{NoConflict, ConflictBusy, ConflictUnknown} {
			for _, woken := range []bool{false, true} {
				s := &service{t: t, pace: pace, now: noon}
				for i := range 4 * 3600 / 20 {
					s.ask(Request{Verb: "PATCH", Hash: "a"}, retry(), kind, woken)
					s.ask(Request{Verb: "PATCH", Hash: fmt.Sprint(i % 6)}, retry(), kind, woken)
					s.now = s.now.Add(pace.Real(20 * time.Second))
					if i%20 == 0 {
						s.restart()
					}
				}
				s.asked = nil
				for range 3 * 3600 / 5 {
					s.ask(Request{Verb: "PATCH", Hash: "a"}, retry(), kind, woken)
					s.now = s.now.Add(pace.Real(5 * time.Second))
				}
				if n := s.most(); n > MostRefusals || n < 3 {
					t.Errorf("at pace %v, %q, woken %t: %d times in an hour", pace, kind, woken, n)
				}
			}
		}
	}
}

func TestARefusalThatRepeatsSaysTheSame(t *testing.T) {
	s := &service{t: t, pace: 1, now: noon}
	said := func(i int) *outcome.Outcome {
		return outcome.Stall(v1alpha1.ReasonForbidden, "403 (correlation id %d)", i).About(v1alpha1.ConditionCredentialsReady)
	}
	first := s.ask(Request{Verb: "PUT"}, said(0), NoConflict, false)
	for i := range 20 {
		s.now = s.now.Add(7 * time.Minute)
		s.restart()
		o := s.ask(Request{Verb: "PUT"}, said(i), NoConflict, false)
		if o.Kind != first.Kind || o.Reason != first.Reason || o.Message != first.Message || o.Condition != first.Condition {
			t.Fatalf("%+v became %+v", first, o)
		}
	}
	if o := s.refusals().Before(Request{Verb: "PUT"}, s.now); o == nil || o.Message != first.Message {
		t.Errorf("while it is asked again the object would say %+v", o)
	}
	if o := s.refusals().Before(Request{Verb: "DELETE"}, s.now); o != nil {
		t.Errorf("another request was never refused, and yet: %+v", o)
	}
}

func TestAConflictThatNobodyKnowsIsStalledAfterFive(t *testing.T) {
	s := &service{t: t, pace: 1, now: noon}
	for i := 1; i <= 7; i++ {
		o := s.ask(Request{Verb: "PUT"}, outcome.Wait(v1alpha1.ReasonAzureBusy, "409 StrangeConflict: the moon is full"), ConflictUnknown, false)
		if want := i >= 5; (o.Kind == outcome.KindStall) != want ||
			want && (o.Reason != v1alpha1.ReasonConflict || !strings.Contains(o.Message, "the moon is full")) {
			t.Errorf("refusal %d: %+v", i, o)
		}
		s.now = s.now.Add(o.After)
		s.restart()
	}
}

func TestOneThatIsBusyForLongerThanAnHourSaysSo(t *testing.T) {
	s := &service{t: t, pace: 1, now: noon}
	var o *outcome.Outcome
	for s.now.Sub(noon) <= 2*time.Hour {
		o = s.ask(Request{Verb: "PUT"}, outcome.Wait(v1alpha1.ReasonAzureBusy, "409 AnotherOperationInProgress"), ConflictBusy, false)
		if late := s.now.Sub(noon) > time.Hour; (o.Reason == v1alpha1.ReasonTakesTooLong) != late || o.Kind != outcome.KindWait {
			t.Fatalf("after %s: %+v", s.now.Sub(noon), o)
		}
		s.now = s.now.Add(o.After)
	}
	if !strings.Contains(o.Message, "2026-01-01T12:00:00Z") || !strings.Contains(o.Message, "AnotherOperationInProgress") {
		t.Errorf("it does not say since when, or why: %s", o.Message)
	}
}

func TestAChangeInAzureWakesAConflictAtOnce(t *testing.T) {
	s := &service{t: t, pace: 1, now: noon}
	q := Request{Verb: "PUT"}
	s.ask(q, outcome.Wait(v1alpha1.ReasonAzureBusy, "409"), ConflictBusy, false)
	s.now = s.now.Add(time.Second)
	if s.refusals().Held(q, me, false, s.now) == nil {
		t.Error("without a change it may be asked after a second")
	}
	if o := s.refusals().Held(q, me, true, s.now); o != nil {
		t.Errorf("a change was seen, and it is still held: %+v", o)
	}
	s.refusals().Refuse(Request{Verb: "DELETE"}, me, retry(), NoConflict, s.now)
	if s.refusals().Held(Request{Verb: "DELETE"}, me, true, s.now) == nil {
		t.Error("an error of Azure's is no conflict, and a change elsewhere ends it not")
	}
}

func TestAnotherAskerNeedNotWait(t *testing.T) {
	s := &service{t: t, pace: 1, now: noon}
	q := Request{Verb: "PUT"}
	s.ask(q, retry(), NoConflict, false)
	if o := s.refusals().Held(q, "another", false, s.now.Add(time.Second)); o != nil {
		t.Errorf("another asker is held: %+v", o)
	}
	for range 11 {
		s.refusals().Refuse(q, fmt.Sprint("asker ", len(s.list[0].At)), retry(), NoConflict, s.now)
	}
	if s.refusals().Held(q, "another", false, s.now.Add(time.Second)) == nil {
		t.Error("a thirteenth in an hour is not held")
	}
}

func TestWhatIsTakenIsForgottenAndTheListIsBounded(t *testing.T) {
	s := &service{t: t, pace: 1, now: noon}
	for i := range 30 {
		s.ask(Request{Verb: "PUT", Hash: fmt.Sprint(i)}, retry(), NoConflict, false)
		s.now = s.now.Add(time.Second)
	}
	if len(s.list) != kept {
		t.Errorf("%d are kept", len(s.list))
	}
	s.refusals().Taken(Request{Verb: "PUT", Hash: "29"})
	if len(s.list) != kept-1 || s.refusals().Before(Request{Verb: "PUT", Hash: "29"}, s.now) != nil {
		t.Error("what was taken is still held against Azure")
	}
	s.refusals().Over(func(string) bool { return false })
	if s.list != nil {
		t.Errorf("left are %v", s.list)
	}
}
