// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package arm

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// begun starts a write against a scripted answer, over HTTP/1.1 and HTTP/2, and checks that exactly one request left.
func begun(t *testing.T, w Write, answer func(http.ResponseWriter, *http.Request), check func(*testing.T, *Accepted, error)) {
	t.Helper()
	for _, http2 := range []bool{false, true} {
		t.Run(fmt.Sprintf("http2=%t", http2), func(t *testing.T) {
			a := newAzure(t, http2, answer)
			accepted, err := a.client().Begin(soon(t), w)
			check(t, accepted, err)
			got := a.requests()
			if len(got) != 1 {
				t.Fatalf("%d requests left, want exactly 1", len(got))
			}
			if got[0].correlation != w.OperationID || got[0].body != string(w.Body) {
				t.Fatalf("sent %+v", got[0])
			}
		})
	}
}

func TestBeginAccepted(t *testing.T) {
	building := `{"id":"x","properties":{"provisioningState":"Building"}}`
	async := string(group) + "/providers/Microsoft.AVS/operationstatuses/1?api-version=2025-09-01"
	for name, tc := range map[string]struct {
		write   func(*Write)
		status  int
		body    string
		headers []string
		want    func(*Accepted) bool
	}{
		"201 with Azure-AsyncOperation": {nil, 201, building, []string{"Azure-AsyncOperation", async, "Retry-After", "30"},
			func(a *Accepted) bool {
				return strings.HasSuffix(a.Poll.AsyncOperation, async) && a.RetryAfter == 30*time.Second && a.Resource.ProvisioningState() == "Building"
			}},
		"200 and still building, no header": {nil, 200, building, nil,
			func(a *Accepted) bool { return a.Poll.Location == string(private)+"?api-version=2025-09-01" }},
		"200 and done": {nil, 200, `{"properties":{"provisioningState":"Succeeded"}}`, nil,
			func(a *Accepted) bool { return a.Poll == Poll{} && a.Resource != nil }},
		"202 with Location": {func(w *Write) { w.Verb, w.Body = DELETE, nil }, 202, "", []string{"Location", async},
			func(a *Accepted) bool {
				return strings.HasSuffix(a.Poll.Location, async) && a.Poll.AsyncOperation == ""
			}},
		"202 with nothing": {func(w *Write) { w.Verb, w.Body = DELETE, nil }, 202, "", nil,
			func(a *Accepted) bool { return a.Poll.Location == string(private)+"?api-version=2025-09-01" }},
		"204": {func(w *Write) { w.Verb, w.Body = DELETE, nil }, 204, "", nil,
			func(a *Accepted) bool { return a.Poll == Poll{} && a.StatusCode == 204 }},
		"an action": {func(w *Write) { w.Verb, w.Action, w.Body = POST, "rotateVcenterPassword", nil }, 202, "", []string{"azure-asyncoperation", async},
			func(a *Accepted) bool { return a.Poll.AsyncOperation != "" }},
		"a header that leads elsewhere": {nil, 201, building, []string{"Azure-AsyncOperation", "https://elsewhere.invalid/op"},
			func(a *Accepted) bool {
				return strings.Contains(a.PollTrouble, "https://elsewhere.invalid") && a.Poll == Poll{AsyncOperation: "/op"}
			}},
		"as long as can be stored": {nil, 201, building, []string{"Azure-AsyncOperation", "/" + strings.Repeat("x", LongestPollURL-1)},
			func(a *Accepted) bool { return a.PollTrouble == "" && len(a.Poll.AsyncOperation) == LongestPollURL }},
		"too long to be stored": {nil, 201, building, []string{"Azure-AsyncOperation", "/" + strings.Repeat("x", LongestPollURL)},
			func(a *Accepted) bool {
				return strings.Contains(a.PollTrouble, "has 16385 bytes, more than the 16384") && a.Poll == Poll{Location: string(private) + "?api-version=2025-09-01"}
			}},
		"unreadable": {nil, 201, building, []string{"Azure-AsyncOperation", "%zz"},
			func(a *Accepted) bool {
				return a.PollTrouble != "" && a.Poll == Poll{Location: string(private) + "?api-version=2025-09-01"}
			}},
	} {
		t.Run(name, func(t *testing.T) {
			w := put(private)
			if tc.write != nil {
				tc.write(&w)
			}
			answer := func(rw http.ResponseWriter, r *http.Request) { reply(rw, tc.status, tc.body, tc.headers...) }
			begun(t, w, answer, func(t *testing.T, a *Accepted, err error) {
				if err != nil || !tc.want(a) {
					t.Fatalf("accepted %+v, %v", a, err)
				}
			})
		})
	}
}

func TestBeginAnsweredOrLost(t *testing.T) {
	for name, tc := range map[string]struct {
		answer func(http.ResponseWriter, *http.Request)
		want   Class
	}{
		"409": {func(w http.ResponseWriter, r *http.Request) {
			reply(w, 409, armError("AnotherOperationInProgress", "busy"))
		}, OperationInProgress},
		"500":   {func(w http.ResponseWriter, r *http.Request) { reply(w, 500, armError("InternalServerError", "oops")) }, Transient},
		"429":   {func(w http.ResponseWriter, r *http.Request) { reply(w, 429, armError("TooManyRequests", "")) }, Throttled},
		"reset": {func(w http.ResponseWriter, r *http.Request) { panic(http.ErrAbortHandler) }, AnswerLost},
		"truncated": {func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Length", "1000")
			reply(w, 201, `{"id":`)
			w.(http.Flusher).Flush()
			panic(http.ErrAbortHandler)
		}, AnswerLost},
		"a page that is not Azure's": {func(w http.ResponseWriter, r *http.Request) { reply(w, 200, "<html>") }, AnswerLost},
	} {
		t.Run(name, func(t *testing.T) {
			begun(t, put(private), tc.answer, func(t *testing.T, a *Accepted, err error) {
				wantClass(t, err, tc.want)
				if got := ClassOf(err).Answered(); got != (tc.want != AnswerLost) {
					t.Fatalf("answered: %t", got)
				}
			})
		})
	}
}

func TestBeginLosesASlowAnswerAtTheDeadline(t *testing.T) {
	t.Parallel()
	w := put(private)
	release := make(chan struct{})
	a := newAzure(t, true, func(http.ResponseWriter, *http.Request) { <-release })
	defer close(release)
	c := a.client()
	w.Deadline = time.Now().Add(400 * time.Millisecond)
	_, err := c.Begin(soon(t), w)
	wantClass(t, err, AnswerLost)
	if late := time.Since(w.Deadline); late > 10*time.Second {
		t.Fatalf("the exchange went on for %s after the deadline", late)
	}
}

func TestNothingLeavesAfterTheDeadline(t *testing.T) {
	t.Parallel()
	a := newAzure(t, true, func(w http.ResponseWriter, r *http.Request) { reply(w, 201, `{}`) })
	w := put(private)
	w.Deadline = time.Now().Add(-time.Millisecond)
	_, err := a.client().Begin(soon(t), w)
	wantClass(t, err, DeadlinePassed)

	// The deadline passes while Entra ID thinks: what was checked before the login is no longer true after it.
	slow := newAzure(t, true, a.answer)
	slow.login = func(rw http.ResponseWriter, r *http.Request) {
		time.Sleep(500 * time.Millisecond)
		fmt.Fprint(rw, `{"token_type":"Bearer","expires_in":3599,"access_token":"a-token"}`)
	}
	w.Deadline = time.Now().Add(250 * time.Millisecond)
	_, err = slow.client().Begin(soon(t), w)
	wantClass(t, err, DeadlinePassed)

	// And while leadership is being asked for.
	w.Deadline = time.Now().Add(200 * time.Millisecond)
	c := a.client(func(o *Options) {
		o.MayWrite = func() error { time.Sleep(300 * time.Millisecond); return nil }
	})
	_, err = c.Begin(soon(t), w)
	wantClass(t, err, DeadlinePassed)
	// And while a place in Azure's bucket is waited for.
	limiters := NewLimiters()
	b := limiters.bucket(bucketKey{region: "global", subscription: private.SubscriptionID(), principal: "client", class: writes})
	b.blockedUntil = time.Now().Add(1500 * time.Millisecond)
	w.Deadline = time.Now().Add(100 * time.Millisecond)
	_, err = a.client(func(o *Options) { o.Limiters = limiters }).Begin(soon(t), w)
	wantClass(t, err, DeadlinePassed)
	if n := len(a.requests()) + len(slow.requests()); n != 0 {
		t.Fatalf("%d requests left", n)
	}
}

func TestOnlyTheLeaderWrites(t *testing.T) {
	a := newAzure(t, true, func(w http.ResponseWriter, r *http.Request) { reply(w, 200, `{"properties":{}}`) })
	deposed := errors.New("the lease is lost")
	c := a.client(func(o *Options) { o.MayWrite = func() error { return deposed } })
	_, err := c.Begin(soon(t), put(private))
	wantClass(t, err, NotLeader)
	if !errors.Is(err, deposed) || len(a.requests()) != 0 {
		t.Fatalf("%v, %d requests", err, len(a.requests()))
	}
	if _, err := c.Get(soon(t), private); err != nil {
		t.Fatalf("a standby may read: %v", err)
	}
}

func TestNoConnectionIsNotALostAnswer(t *testing.T) {
	a := newAzure(t, false, nil)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	dead := "https://" + listener.Addr().String()
	listener.Close()
	c := a.client(func(o *Options) {
		service := o.Cloud.Services["resourceManager"]
		service.Endpoint = dead
		o.Cloud.Services["resourceManager"] = service
	})
	_, err = c.Begin(soon(t), put(private))
	wantClass(t, err, Transient)
	if !strings.Contains(err.Error(), "not sent") {
		t.Fatalf("says %v", err)
	}
}

func TestAClaimsChallengeIsNotASecondExchange(t *testing.T) {
	strong := ""
	a := newAzure(t, true, nil)
	a.login = func(w http.ResponseWriter, r *http.Request) {
		token := "a-token"
		if strings.Contains(r.FormValue("claims"), "nbf") {
			token = "a-token-with-claims"
		}
		fmt.Fprintf(w, `{"token_type":"Bearer","expires_in":3599,"access_token":%q}`, token)
	}
	a.answer = func(w http.ResponseWriter, r *http.Request) {
		if strong = r.Header.Get("Authorization"); strong == "Bearer a-token-with-claims" {
			reply(w, 201, `{"properties":{}}`)
			return
		}
		claims := base64.StdEncoding.EncodeToString([]byte(`{"access_token":{"nbf":{"essential":true,"value":"1"}}}`))
		reply(w, 401, armError("InvalidAuthenticationToken", "more"), "WWW-Authenticate", `Bearer realm="", error="insufficient_claims", claims="`+claims+`"`)
	}
	c := a.client()
	_, err := c.Begin(soon(t), put(private))
	wantClass(t, err, Transient)
	if n := len(a.requests()); n != 1 || !ClassOf(err).Answered() {
		t.Fatalf("%d requests, answered %t", n, ClassOf(err).Answered())
	}
	if _, err := c.Begin(soon(t), put(private)); err != nil {
		t.Fatalf("the next attempt: %v", err)
	}
}

func TestPollAsksNoOtherHost(t *testing.T) {
	elsewhere := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		t.Errorf("the other host was asked, with %q", r.Header.Get("Authorization"))
	}))
	defer elsewhere.Close()
	a := newAzure(t, true, func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/leave") {
			http.Redirect(w, r, elsewhere.URL, http.StatusTemporaryRedirect)
			return
		}
		reply(w, 200, `{"status":"InProgress"}`)
	})
	c := a.client(func(o *Options) { o.Transport = insecure() })
	host := strings.TrimPrefix(a.URL, "https://")
	for _, link := range []string{elsewhere.URL + "/op", "http://" + host + "/op",
		"//" + strings.TrimPrefix(elsewhere.URL, "https://") + "/op", "https://" + host + "@elsewhere.invalid/op", "https://user@" + host + "/op",
		"https://" + a.Listener.Addr().(*net.TCPAddr).IP.String() + ".elsewhere.invalid/op", "/op"} {
		before := len(a.requests())
		p, err := c.Poll(soon(t), Poll{AsyncOperation: link})
		if got := a.requests()[before:]; err != nil || p.State != InProgress || len(got) != 1 || got[0].path != "/op" {
			t.Fatalf("%s: the configured host was asked %+v: %+v, %v", link, got, p, err)
		}
	}
	_, err := c.Poll(soon(t), Poll{AsyncOperation: "%zz"})
	wantClass(t, err, InvalidRequest)
	_, err = c.Poll(soon(t), Poll{Location: "/leave"})
	wantClass(t, err, InvalidRequest)
}

// TestErrorsDoNotShowSignedURLs: the query of a polling URL lets its reader follow the operation.
func TestErrorsDoNotShowSignedURLs(t *testing.T) {
	a := newAzure(t, false, func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	_, err := a.client().Poll(soon(t), Poll{Location: "/op?s=the-signature"})
	wantClass(t, err, Transient)
	if strings.Contains(err.Error(), "the-signature") {
		t.Fatalf("says %v", err)
	}
}

func TestPoll(t *testing.T) {
	async, location := Poll{AsyncOperation: "/op?api-version=1"}, Poll{Location: "/op?api-version=1"}
	for name, tc := range map[string]struct {
		poll   Poll
		status int
		body   string
		want   State
		class  Class // of Progress.Err, or of the error if want is empty
	}{
		"in progress":          {async, 200, `{"status":"InProgress"}`, InProgress, ""},
		"a word of tomorrow":   {async, 200, `{"status":"Rebalancing"}`, InProgress, ""},
		"succeeded":            {async, 200, `{"status":"Succeeded"}`, Succeeded, ""},
		"cancelled with two l": {async, 200, `{"status":"Cancelled"}`, Canceled, Transient},
		"canceled with one":    {async, 200, `{"status":"Canceled"}`, Canceled, Transient},
		"failed for want of hosts": {async, 200, `{"status":"Failed","error":{"code":"Conflict","message":"No capacity for new tenants in eastus"}}`,
			Failed, InsufficientCapacity},
		"failed for no reason": {async, 200, `{"status":"Failed"}`, Failed, SupportRequired},
		"failed in its details": {async, 200, `{"status":"Failed","error":{"code":"ResourceDeploymentFailure","message":"see details",` +
			`"details":[{"code":"QuotaExceeded","message":"too many hosts"}]}}`, Failed, QuotaExceeded},
		"forgotten":            {async, 404, armError("NotFound", "gone"), "", NotFound},
		"trouble":              {async, 502, "", "", Transient},
		"no document":          {async, 200, "", "", Transient},
		"location 202":         {location, 202, "", InProgress, ""},
		"location 200 empty":   {location, 200, "", Succeeded, ""},
		"location 204":         {location, 204, "", Succeeded, ""},
		"location resource":    {location, 200, `{"properties":{"provisioningState":"Succeeded"}}`, Succeeded, ""},
		"location passing":     {location, 200, `{"properties":{"provisioningState":"Updating"}}`, InProgress, ""},
		"location stateless":   {location, 200, `{"properties":{"displayName":"x"}}`, Succeeded, ""},
		"location failed":      {location, 200, `{"properties":{"provisioningState":"Failed"}}`, Failed, SupportRequired},
		"location refuses":     {location, 409, armError("Conflict", "the cluster is in a failed state"), Failed, SupportRequired},
		"location gives it up": {location, 409, armError("ProvisioningFailed", "the host did not come up"), Failed, SupportRequired},
		"location throttled":   {location, 429, "", "", Throttled},
	} {
		t.Run(name, func(t *testing.T) {
			a := newAzure(t, false, func(w http.ResponseWriter, r *http.Request) { reply(w, tc.status, tc.body, "Retry-After", "11") })
			p, err := a.client().Poll(soon(t), tc.poll)
			if n := len(a.requests()); n != 1 || a.requests()[0].query != "api-version=1" {
				t.Fatalf("%d requests: %+v", n, a.requests())
			}
			if tc.want == "" {
				wantClass(t, err, tc.class)
				return
			}
			if err != nil || p.State != tc.want || p.RetryAfter != 11*time.Second || p.Poll != tc.poll {
				t.Fatalf("%+v, %v", p, err)
			}
			if (p.Err != nil) != (tc.class != "") || p.Err != nil && p.Err.Class != tc.class {
				t.Fatalf("reason %v", p.Err)
			}
		})
	}
}

func TestARecordIsRequired(t *testing.T) {
	a := newAzure(t, false, nil)
	for name, change := range map[string]func(*Write){
		"no id":       func(w *Write) { w.OperationID = "" },
		"no deadline": func(w *Write) { w.Deadline = time.Time{} },
		"a read":      func(w *Write) { w.Verb = "GET" },
		"no action":   func(w *Write) { w.Verb = POST },
		"a query":     func(w *Write) { w.ID += "?x=y" },
	} {
		w := put(private)
		change(&w)
		_, err := a.client().Begin(soon(t), w)
		if ClassOf(err) != InvalidRequest {
			t.Errorf("%s: %v", name, err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := a.client().Begin(ctx, put(private))
	if !errors.Is(err, context.Canceled) || ClassOf(err) != Transient {
		t.Errorf("cancelled before it was sent: %v", err)
	}
	if len(a.requests()) != 0 {
		t.Error("something left")
	}
}
