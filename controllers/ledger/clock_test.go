// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package ledger

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"
)

// A clock follows the API server's, by the header Date, which has seconds: what is smaller than that is not followed.
func TestClockFollowsTheServer(t *testing.T) {
	t.Parallel()
	var ahead time.Duration // of the server's clock
	date := true
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header()["Date"] = nil
		if date {
			w.Header().Set("Date", time.Now().Add(ahead).UTC().Format(http.TimeFormat))
		}
	}))
	t.Cleanup(server.Close)
	c := &Clock{}
	client := &http.Client{Transport: c.Learn(http.DefaultTransport)}
	for _, step := range []struct {
		name         string
		server, want time.Duration
		silent       bool
	}{
		{"as ours", 0, 0, false},
		{"a second is less than the header can tell", time.Second, 0, false},
		{"five minutes ahead", 5 * time.Minute, 5 * time.Minute, false},
		{"another server behind the same name, a second off", 5*time.Minute + time.Second, 5 * time.Minute, false},
		{"an answer without a date", -time.Hour, 5 * time.Minute, true},
		{"an hour behind", -time.Hour, -time.Hour, false},
		{"as ours again", 0, 0, false},
	} {
		ahead, date = step.server, !step.silent
		answer, err := client.Get(server.URL)
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		if off := c.Now().Sub(time.Now().Add(step.want)).Abs(); off > time.Second {
			t.Errorf("%s: the clock is %s off", step.name, off)
		}
		if off := time.Until(c.Here(c.Now().Add(time.Minute))) - time.Minute; off.Abs() > time.Second {
			t.Errorf("%s: a minute from now is %s off on this machine", step.name, off)
		}
	}
	var none *Clock
	if off := time.Since(none.Now()).Abs(); off > time.Second {
		t.Errorf("no clock is %s off", off)
	}
}
