// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package arm

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

func TestGet(t *testing.T) {
	a := newAzure(t, true, func(w http.ResponseWriter, r *http.Request) {
		reply(w, 200, `{"id":"`+strings.ToUpper(string(private))+
			`","name":"weu","type":"Microsoft.AVS/privateClouds","properties":{"provisioningState":"Building","managementCluster":{"clusterSize":3}}}`)
	})
	var seen []Request
	c := a.client(func(o *Options) { o.Observe = func(r Request) { seen = append(seen, r) } })
	before := time.Now()
	r, err := c.Get(soon(t), private)
	if err != nil {
		t.Fatal(err)
	}
	if r.ID != private || r.ProvisioningState() != "Building" || r.Int("/properties/managementCluster/clusterSize") != 3 || r.AskedAt.Before(before) {
		t.Fatalf("read %+v", r)
	}
	got := a.requests()[0]
	if got.path != string(private) || got.query != "api-version=2025-09-01" || got.token != "Bearer a-token" || got.correlation == "" {
		t.Fatalf("asked %+v", got)
	}
	if len(seen) != 1 || seen[0].Verb != "GET" || seen[0].Type != "Microsoft.AVS/privateClouds" || seen[0].StatusCode != 200 || seen[0].Duration <= 0 {
		t.Fatalf("observed %+v", seen)
	}
}

func TestGetFailures(t *testing.T) {
	for name, tc := range map[string]struct {
		status int
		body   string
		want   Class
	}{
		"not there":            {404, armError("ResourceNotFound", "The Resource was not found."), NotFound},
		"a proxy's 404":        {404, "<html>not here</html>", Transient},
		"no rights":            {403, armError("AuthorizationFailed", "The client does not have authorization"), Forbidden},
		"not JSON":             {200, "<html>log in first</html>", Transient},
		"null":                 {200, "null", Transient},
		"throttled":            {429, armError("TooManyRequests", "slow down"), Throttled},
		"unavailable":          {503, "", Transient},
		"redirection":          {307, "", InvalidRequest},
		"refused the token":    {401, armError("InvalidAuthenticationToken", "expired"), CredentialsInvalid},
		"subscription unknown": {404, armError("SubscriptionNotFound", "The subscription could not be found."), SubscriptionNotFound},
	} {
		t.Run(name, func(t *testing.T) {
			a := newAzure(t, false, func(w http.ResponseWriter, r *http.Request) {
				reply(w, tc.status, tc.body, "Retry-After", "7", "Location", "https://elsewhere.invalid/", "x-ms-correlation-request-id", "corr")
			})
			_, err := a.client().Get(soon(t), private)
			wantClass(t, err, tc.want)
			if n := len(a.requests()); n != 1 {
				t.Fatalf("%d requests, want 1", n)
			}
			if e := asError(err); e.CorrelationID != "corr" || !strings.Contains(e.Error(), "GET "+string(private)) {
				t.Fatalf("says %v", e)
			}
			if e := asError(err); tc.status == 429 && e.RetryAfter != 7*time.Second {
				t.Fatalf("retry after %s", e.RetryAfter)
			}
		})
	}
}

func TestListAsksNoOtherHostForAPage(t *testing.T) {
	elsewhere := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		t.Errorf("the other host was asked, with %q", r.Header.Get("Authorization"))
	}))
	defer elsewhere.Close()
	next := ""
	a := newAzure(t, true, nil)
	a.answer = func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("page") == "2" || r.URL.Path == "/page2" {
			reply(w, 200, fmt.Sprintf(`{"value":[{"id":%q,"name":"c3"}]}`, private+"/clusters/c3"))
			return
		}
		reply(w, 200, fmt.Sprintf(`{"value":[{"id":%q,"name":"c2"}],"nextLink":%q}`, second, next))
	}
	c := a.client()
	next = a.URL + string(second.Collection()) + "?api-version=2025-09-01&page=2"
	before := time.Now()
	all, err := c.List(soon(t), second.Collection())
	if err != nil || len(all) != 2 || all[1].Name != "c3" || all[0].ID != second || all[1].Type != "Microsoft.AVS/privateClouds/clusters" {
		t.Fatalf("list %+v, %v", all, err)
	}
	if !all[0].AskedAt.Equal(all[1].AskedAt) || all[0].AskedAt.Before(before) {
		t.Fatal("each resource must carry the moment that the first page was asked for")
	}
	next = elsewhere.URL + "/page2"
	if all, err = c.List(soon(t), second.Collection()); err != nil || len(all) != 2 {
		t.Fatalf("the path of a foreign link must be asked of the configured host: %+v, %v", all, err)
	}
	next = "mailto:someone"
	_, err = c.List(soon(t), second.Collection())
	wantClass(t, err, InvalidRequest)
}

func TestListIsWholeOrNothing(t *testing.T) {
	a := newAzure(t, false, nil)
	a.answer = func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("page") == "2" {
			reply(w, 503, "")
			return
		}
		reply(w, 200, fmt.Sprintf(`{"value":[{"id":%q}],"nextLink":"/x?page=2"}`, second))
	}
	all, err := a.client().List(soon(t), second.Collection())
	wantClass(t, err, Transient)
	if all != nil {
		t.Fatalf("half a list: %v", all)
	}
	a.answer = func(w http.ResponseWriter, r *http.Request) { reply(w, 200, `{"message":"hello"}`) }
	_, err = a.client().List(soon(t), second.Collection())
	wantClass(t, err, Transient)
}

func TestPostAndGetPath(t *testing.T) {
	a := newAzure(t, true, func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/listAdminCredentials") && r.Method == http.MethodPost {
			reply(w, 200, `{"vcenterUsername":"cloudadmin@vsphere.local"}`)
			return
		}
		reply(w, 200, `{"value":[1,2]}`)
	})
	c := a.client(func(o *Options) { o.MayWrite = func() error { return fmt.Errorf("a standby reads too") } })
	var admin struct{ VcenterUsername string }
	if err := c.Post(soon(t), private, "listAdminCredentials", nil, &admin); err != nil || admin.VcenterUsername != "cloudadmin@vsphere.local" {
		t.Fatalf("%+v %v", admin, err)
	}
	var list struct{ Value []int }
	path := "/subscriptions/11111111-1111-1111-1111-111111111111/providers/Microsoft.AVS/skus"
	if err := c.GetPath(soon(t), path+"?$top=2", APIVersion, &list); err != nil || len(list.Value) != 2 {
		t.Fatalf("%+v %v", list, err)
	}
	if got := a.requests()[1]; got.path != path || got.query != "api-version=2025-09-01&$top=2" {
		t.Fatalf("asked %+v", got)
	}
	wantClass(t, c.GetPath(soon(t), "https://elsewhere.invalid/x", APIVersion, &list), InvalidRequest)
}

func TestNewClientRefusesWhatCannotWork(t *testing.T) {
	a := newAzure(t, false, nil)
	for name, endpoint := range map[string]string{"plain http": "http://127.0.0.1:1", "no URL": "::", "with a user": "https://u:p@127.0.0.1"} {
		o := Options{Credential: nil}
		if _, err := NewClient(o); err == nil {
			t.Fatal("no credential was accepted")
		}
		config := a.cloud()
		service := config.Services["resourceManager"]
		service.Endpoint = endpoint
		config.Services["resourceManager"] = service
		if _, err := NewClient(Options{Credential: &tokens{}, Cloud: config}); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}
