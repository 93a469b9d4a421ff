// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package ledger

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/avs-operator/avs-operator/controllers/arm"
	"github.com/avs-operator/avs-operator/controllers/outcome"
	"github.com/avs-operator/avs-operator/controllers/vcenter"
)

func TestFates(t *testing.T) {
	for name, c := range map[string]struct {
		err  error
		want Fate
	}{
		"taken":                            {nil, Accepted},
		"no answer":                        {&arm.Error{Class: arm.AnswerLost}, Lost},
		"an answer that cannot be Azure's": {&arm.Error{Class: arm.AnswerLost, StatusCode: 200}, Lost},
		"too late to leave":                {&arm.Error{Class: arm.DeadlinePassed}, Unsent},
		"no longer the leader":             {fmt.Errorf("doing: %w", &arm.Error{Class: arm.NotLeader}), Unsent},
		"limit used up, not sent":          {&arm.Error{Class: arm.Throttled}, Unsent},
		"throttled by Azure":               {&arm.Error{Class: arm.Throttled, StatusCode: 429}, Refused},
		"an error of Azure":                {&arm.Error{Class: arm.Transient, StatusCode: 500}, Refused},
		"not reached":                      {&arm.Error{Class: arm.Transient}, Unsent},
		"said not long ago, not asked":     {&arm.Error{Class: arm.Forbidden, StatusCode: 403, Repeated: true}, Unsent},
		"not allowed":                      {&arm.Error{Class: arm.Forbidden, StatusCode: 403}, Refused},
	} {
		if got := FateOf(c.err); got != c.want {
			t.Errorf("%s: %s, and %s is right", name, got, c.want)
		}
	}
	said := &vcenter.Fault{Type: "NoPermission"}
	for name, c := range map[string]struct {
		err  error
		want Fate
	}{
		"taken":                                {nil, Accepted},
		"no answer":                            {&vcenter.Error{Class: vcenter.AnswerLost}, Lost},
		"nobody knows what":                    {errors.New("it broke"), Lost},
		"a fault that nobody knows":            {&vcenter.Error{Class: vcenter.Other, Fault: said}, Refused},
		"not reached":                          {&vcenter.Error{Class: vcenter.Unreachable}, Unsent},
		"the login failed":                     {&vcenter.Error{Class: vcenter.CredentialsInvalid}, Unsent},
		"the locator's account was refused":    {&vcenter.Error{Class: vcenter.CredentialsInvalid, Fault: said}, Refused},
		"no longer the leader":                 {&vcenter.Error{Class: vcenter.WriteRefused}, Unsent},
		"the machine is off already":           {&vcenter.Error{Class: vcenter.InvalidState, Fault: said}, Refused},
		"no privilege, told without its fault": {&vcenter.Error{Class: vcenter.NoPermission}, Refused},
	} {
		if got := FateOfCall(c.err); got != c.want {
			t.Errorf("%s: %s, and %s is right", name, got, c.want)
		}
	}
}

// A service that takes writes and swallows every answer is not asked more often than one that refuses.
func TestAWriteThatIsLostAgainAndAgainIsNotSentMoreThanTwelveTimesAnHour(t *testing.T) {
	began := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	now, sent := began, 0
	book := Book{Pace: 1, Clock: &Clock{Wall: func() time.Time { return now }}}
	for attempt := int32(1); now.Sub(began) < 24*time.Hour; attempt++ {
		sent++
		e := Entry{Deadline: book.Deadline(Sending), Attempt: attempt}
		for _, wait := range []func(Entry) *outcome.Outcome{book.OnItsWay, book.SentTooOften} {
			if o := wait(e); o != nil {
				now = now.Add(o.After)
			}
		}
	}
	if most := 24 * MostRefusals; sent > most || sent < 24*3 {
		t.Errorf("sent %d times in a day", sent)
	}
}
