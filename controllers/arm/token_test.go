// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package arm

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
)

func refuseLogin(status int, body string) func(http.ResponseWriter, *http.Request) {
	return func(w http.ResponseWriter, r *http.Request) { reply(w, status, body) }
}

const badSecret = `{"error":"invalid_client","error_description":"AADSTS7000215: Invalid client secret provided. Trace ID: 1234 ` +
	`Correlation ID: 5678","error_codes":[7000215]}`

func TestARefusedLoginIsNotRepeated(t *testing.T) {
	t.Parallel()
	a := newAzure(t, true, func(w http.ResponseWriter, r *http.Request) { reply(w, 200, `{}`) })
	a.login = refuseLogin(401, badSecret)
	c := a.client(func(o *Options) { o.Speed = 300 }) // LoginPause is two seconds
	var work sync.WaitGroup
	for range 50 {
		work.Go(func() {
			_, err := c.Get(soon(t), private)
			if ClassOf(err) != CredentialsInvalid || !strings.Contains(err.Error(), "AADSTS7000215: Invalid client secret provided.") ||
				strings.Contains(err.Error(), "Trace ID") {
				t.Errorf("says %v", err)
			}
			if after := asError(err).RetryAfter; after <= 0 || after > LoginPause {
				t.Errorf("retry after %s", after)
			}
		})
	}
	work.Wait()
	if n := a.countLogins(); n != 1 {
		t.Fatalf("%d logins for 50 calls, want 1", n)
	}
	_, err := c.Begin(soon(t), put(private))
	wantClass(t, err, CredentialsInvalid)
	if len(a.requests()) != 0 {
		t.Fatal("something was sent without a token")
	}
	a.mu.Lock()
	a.login = nil // mended in Entra ID
	a.mu.Unlock()
	time.Sleep(2100 * time.Millisecond)
	if _, err := c.Get(soon(t), private); err != nil {
		t.Fatalf("after the pause: %v", err)
	}
}

func TestEntraOutOfReachIsTransient(t *testing.T) {
	for name, login := range map[string]func(http.ResponseWriter, *http.Request){
		"503":       refuseLogin(503, ""),
		"429":       refuseLogin(429, `{"error":"throttled"}`),
		"reset":     func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
		"no answer": func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "<html>") },
	} {
		t.Run(name, func(t *testing.T) {
			a := newAzure(t, false, func(w http.ResponseWriter, r *http.Request) { reply(w, 201, `{}`) })
			a.login = login
			c := a.client()
			_, err := c.Begin(soon(t), put(private))
			wantClass(t, err, Transient)
			a.mu.Lock()
			a.login = nil
			a.mu.Unlock()
			if _, err := c.Begin(soon(t), put(private)); err != nil {
				t.Fatalf("once Entra ID is back: %v", err)
			}
			if n := len(a.requests()); n != 1 {
				t.Fatalf("%d requests", n)
			}
		})
	}
}

func TestOneTokenForManyCalls(t *testing.T) {
	a := newAzure(t, true, func(w http.ResponseWriter, r *http.Request) { reply(w, 200, `{}`) })
	c := a.client()
	for range 5 {
		if _, err := c.Get(soon(t), private); err != nil {
			t.Fatal(err)
		}
	}
	if n := a.countLogins(); n != 1 {
		t.Fatalf("%d logins", n)
	}
}
