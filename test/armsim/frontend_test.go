// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package armsim

import (
	"crypto/rand"
	"crypto/rsa"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestAuthentication(t *testing.T) {
	s := start(t)
	r := newRaw(t, s)
	app, _ := s.entra.application(tenant, client)
	old := must(s.entra.sign(tenant, app, s.URL(), "1", time.Now().Add(-2*time.Hour)))(t)
	graph := must(s.entra.sign(tenant, app, s.URL()+"/graph", "1", time.Now()))(t)
	stolen := must(newEntra(s.URL(), must(rsa.GenerateKey(rand.Reader, 2048))(t), nil).sign(tenant, app, s.URL(), "1", time.Now()))(t)
	for name, c := range map[string]struct{ token, code string }{
		"no token":         {"", "AuthenticationFailed"},
		"nonsense":         {"abc", "InvalidAuthenticationToken"},
		"expired":          {old, "ExpiredAuthenticationToken"},
		"another audience": {graph, "InvalidAuthenticationTokenAudience"},
		"another signer":   {stolen, "InvalidAuthenticationToken"},
	} {
		r.token = c.token
		got := r.want(http.StatusUnauthorized, http.MethodGet, cloudPath, nil)
		if got.code() != c.code || !strings.HasPrefix(got.header.Get("WWW-Authenticate"), "Bearer ") {
			t.Errorf("%s: %s, WWW-Authenticate %q", name, got.code(), got.header.Get("WWW-Authenticate"))
		}
	}
	foreign := newRawAs(t, s, otherTenant, otherClient)
	if got := foreign.want(http.StatusUnauthorized, http.MethodGet, cloudPath, nil); got.code() != "InvalidAuthenticationTokenTenant" {
		t.Errorf("another tenant: %s", got.code())
	}
}

func TestAuthorization(t *testing.T) {
	s := start(t)
	newRaw(t, s).build()
	read, none := newRawAs(t, s, tenant, reader), newRawAs(t, s, tenant, stranger)
	read.want(http.StatusOK, http.MethodGet, cloudPath, nil)
	for method, action := range map[string]string{http.MethodPut: "write", http.MethodPatch: "write", http.MethodDelete: "delete"} {
		got := read.want(http.StatusForbidden, method, cloudPath, privateCloud())
		if want := "does not have authorization to perform action 'Microsoft.AVS/privateClouds/" + action + "' over scope '" +
			cloudPath + "'"; got.code() != "AuthorizationFailed" || !strings.Contains(got.message(), want) {
			t.Errorf("%s: %s %s", method, got.code(), got.message())
		}
	}
	got := read.want(http.StatusForbidden, http.MethodPost, cloudPath+"/listAdminCredentials", nil)
	if !strings.Contains(got.message(), "'Microsoft.AVS/privateClouds/listAdminCredentials/action' over scope '"+cloudPath+"'") {
		t.Error(got.message())
	}
	none.want(http.StatusForbidden, http.MethodGet, cloudPath+"/clusters", nil)
	none.want(http.StatusForbidden, http.MethodGet, groupPath+"?api-version=2023-07-01", nil)
	if list := none.want(http.StatusOK, http.MethodGet, "/subscriptions?api-version=2022-12-01", nil).body["value"].([]any); len(list) != 0 {
		t.Errorf("a stranger sees subscriptions %v", list)
	}
	if err := s.SetAccess(subID, nil, nil); err != nil {
		t.Fatal(err)
	}
	none.want(http.StatusOK, http.MethodGet, cloudPath, nil)
}

func TestVersionsAndPaths(t *testing.T) {
	s := start(t)
	r := newRaw(t, s)
	r.build()
	for _, v := range avsVersions {
		r.want(http.StatusOK, http.MethodGet, cloudPath+"?api-version="+v, nil)
	}
	r.want(http.StatusOK, http.MethodGet, strings.ToUpper(cloudPath), nil)
	r.want(http.StatusOK, http.MethodGet, strings.ToLower(cloudPath), nil)
	for path, want := range map[string]string{
		cloudPath + "?":                                "400 MissingApiVersionParameter",
		cloudPath + "?api-version=1999-01-01":          "400 NoRegisteredProviderFound",
		groupPath + "?":                                "400 MissingApiVersionParameter",
		groupPath + "?api-version=1999-01-01":          "400 InvalidApiVersionParameter",
		cloudPath + "/nothings":                        "404 InvalidResourceType",
		cloudPath + "x":                                "404 ResourceNotFound",
		cloudPath + "x/clusters":                       "404 ParentResourceNotFound",
		cloudPath + "/clusters/cluster-1":              "404 ResourceNotFound",
		"/subscriptions/" + tenant:                     "404 SubscriptionNotFound",
		groupPath + "x" + cloudPath[len(groupPath):]:   "404 ResourceGroupNotFound",
		groupPath + "/providers/Microsoft.Nothing/a/b": "404 InvalidResourceNamespace",
		"/elsewhere/at/all":                            "404 NotFound",
	} {
		if got := r.do(http.MethodGet, path, nil); fmt.Sprint(got.status, " ", got.code()) != want {
			t.Errorf("%s: %d %s, want %s", path, got.status, got.code(), want)
		}
	}
	got := r.want(http.StatusOK, http.MethodGet, cloudPath, nil, "x-ms-correlation-request-id", "my-id", "x-ms-client-request-id", "mine")
	if got.header.Get("x-ms-correlation-request-id") != "my-id" || got.header.Get("x-ms-request-id") == "" || got.header.Get("x-ms-client-request-id") != "mine" {
		t.Errorf("the headers are %v", got.header)
	}
}

func TestBadBodies(t *testing.T) {
	s := start(t)
	r := newRaw(t, s)
	for name, c := range map[string]struct {
		body, media, want string
	}{
		"no body":     {"", "application/json", "400 InvalidRequestContent"},
		"half":        {`{"location":`, "application/json", "400 InvalidRequestContent"},
		"a list":      {`[]`, "application/json", "400 InvalidRequestContent"},
		"a number":    {`7`, "application/json", "400 InvalidRequestContent"},
		"null":        {`null`, "application/json", "400 InvalidRequestContent"},
		"a null":      {`{"location":"westeurope","properties":{"internet":null}}`, "application/json", "400 InvalidRequestContent"},
		"a list null": {`{"properties":{"extendedNetworkBlocks":[null]}}`, "application/json", "400 InvalidRequestContent"},
		"text":        {`{}`, "text/plain", "415 UnsupportedMediaType"},
		"a form":      {`a=b`, "application/x-www-form-urlencoded", "415 UnsupportedMediaType"},
		"too large":   {`{"tags":{"a":"` + strings.Repeat("x", maxBody) + `"}}`, "application/json", "413 RequestEntityTooLarge"},
	} {
		got := r.do(http.MethodPut, cloudPath, c.body, "Content-Type", c.media)
		if fmt.Sprint(got.status, " ", got.code()) != c.want || got.message() == "" {
			t.Errorf("%s: %d %v, want %s", name, got.status, got.body, c.want)
		}
	}
	if made := s.Resources(""); len(made) != 0 {
		t.Errorf("a bad body made %v", made)
	}
}

// Whatever a body says, the answer is ARM's: a panic would break the connection and fail the request.
func FuzzBodies(f *testing.F) {
	for _, seed := range []string{
		`{"location":5,"sku":"x","properties":7}`, `{"properties":{"managementCluster":[],"networkBlock":{}}}`, `{"tags":[],"sku":{"name":[]}}`,
		`{"properties":{"availability":"x","encryption":3,"identitySources":[[]],"extendedNetworkBlocks":[{}]}}`, `{"identity":{"type":{}},"zones":{}}`,
		`{"properties":{"managementCluster":{"clusterSize":1e300,"hosts":{"a":1}}}}`, `{"properties":{"clusterSize":"3","hosts":3}}`, `{"name":{},"id":[],"type":1}`,
	} {
		f.Add(seed)
	}
	s := start(f, instant, func(c *Config) { c.Throttling.Writes = Bucket{1e6, 1e6} })
	shared := newRaw(f, s)
	f.Fuzz(func(t *testing.T, body string) {
		r := &raw{t: t, s: s, http: shared.http, token: shared.token}
		defer func() {
			for _, id := range s.Resources("") {
				_ = s.RemoveInAzure(id) // one below another is gone already
			}
		}()
		r.want(http.StatusCreated, http.MethodPut, cloudPath+"-a", privateCloud("properties.extendedNetworkBlocks", `["10.9.0.0/23"]`))
		for _, path := range []string{cloudPath, cloudPath + "-a", cloudPath + "-a/clusters/two", groupPath} {
			for _, method := range []string{http.MethodPut, http.MethodPatch, http.MethodPost} {
				if path == groupPath {
					path += "?api-version=2023-07-01"
				}
				if got := r.do(method, path, body); got.status >= 500 || (got.status >= 400 && got.code() == "") {
					t.Errorf("%s %s with %q: %d %v", method, path, body, got.status, got.body)
				}
			}
		}
	})
}

func TestThrottling(t *testing.T) {
	s := start(t, func(c *Config) {
		c.Speed = 100
		c.Throttling = Throttling{Reads: Bucket{Size: 5, PerSecond: 0.02}}
	})
	r := newRaw(t, s)
	began, served := time.Now(), 1
	first := r.want(http.StatusNotFound, http.MethodGet, cloudPath, nil)
	if left := first.header.Get("x-ms-ratelimit-remaining-subscription-reads"); left != "4" {
		t.Errorf("after the first read %q are left", left)
	}
	if left := first.header.Get("x-ms-ratelimit-remaining-subscription-global-reads"); left != "74" {
		t.Errorf("the shared bucket says %q", left)
	}
	got := first
	for range 200 { // more than the bucket holds, because it refills meanwhile
		if got = r.do(http.MethodGet, cloudPath, nil); got.status == http.StatusTooManyRequests {
			break
		}
		served++
	}
	if most := 5 + int(time.Since(began).Seconds()*0.02*100) + 1; served > most {
		t.Errorf("%d reads were served, the bucket allows %d", served, most)
	}
	if got.code() != "TooManyRequests" || got.header.Get("Retry-After") == "" || got.header.Get("x-ms-ratelimit-remaining-subscription-reads") != "0" {
		t.Errorf("throttled: %v %v", got.body, got.header)
	}
	// Writes and other principals have buckets of their own.
	r.want(http.StatusCreated, http.MethodPut, cloudPath, privateCloud())
	newRawAs(t, s, tenant, reader).want(http.StatusOK, http.MethodGet, cloudPath, nil)
	seconds := must(time.ParseDuration(got.header.Get("Retry-After") + "s"))(t)
	time.Sleep(seconds / 100) // simulated seconds
	r.want(http.StatusOK, http.MethodGet, cloudPath, nil)
}

func TestRequestLog(t *testing.T) {
	s := start(t)
	r := newRaw(t, s)
	r.want(http.StatusCreated, http.MethodPut, cloudPath, privateCloud("properties.vcenterPassword", `"Passw0rd!"`,
		"properties.identitySources", `[{"name":"ldap","password":"hunter2"}]`), "x-ms-correlation-request-id", "the-id")
	all := s.Requests()
	last := all[len(all)-1]
	if last.Method != http.MethodPut || last.Path != strings.ToLower(cloudPath) || last.RawPath != cloudPath || last.Status != 201 ||
		last.CorrelationID != "the-id" || last.Principal != client || last.RetryAfter != 30 || last.Query != version[1:] {
		t.Errorf("logged %+v", last)
	}
	if text := string(last.Body); strings.Contains(text, "Passw0rd!") || strings.Contains(text, "hunter2") || !strings.Contains(text, "10.175.0.0/22") {
		t.Errorf("the body is %s", text)
	}
}
