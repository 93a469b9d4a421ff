// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package armsim

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

const controlToken = "c0ntr0l"

func controlled(c *Config) { c.Control, c.ControlToken, c.Stepped = "127.0.0.1:0", controlToken, true }

// newControl speaks to the control endpoint as raw speaks to Azure.
func newControl(t *testing.T, s *Server) *raw {
	return &raw{t: t, s: s, http: httpClient(t, s), token: controlToken}
}

func (r *raw) control(status int, method, path string, body any) response {
	r.t.Helper()
	return r.want(status, method, r.s.ControlURL()+path+map[bool]string{false: "?"}[strings.Contains(path, "?")], body)
}

func TestControlFaults(t *testing.T) {
	s := start(t, controlled)
	r, c := newRaw(t, s), newControl(t, s)
	id := lookupString(c.control(http.StatusCreated, http.MethodPost, "/faults",
		`{"verb":"PUT","path":"/privateclouds/","skip":1,"count":2,"status":503,"retryAfter":"7s"}`).body, "id")
	r.want(http.StatusBadRequest, http.MethodPut, cloudPath, map[string]any{})
	if got := r.want(http.StatusServiceUnavailable, http.MethodPut, cloudPath, privateCloud()); got.header.Get("Retry-After") != "7" {
		t.Errorf("Retry-After is %q", got.header.Get("Retry-After"))
	}
	listed, _ := c.control(http.StatusOK, http.MethodGet, "/faults", nil).body["value"].([]any)
	if len(listed) != 1 || lookupString(listed[0].(map[string]any), "id") != id || lookupHosts(listed[0].(map[string]any), "count") != 1 ||
		lookupHosts(listed[0].(map[string]any), "hits") != 1 {
		t.Errorf("listed are %v", listed)
	}
	c.control(http.StatusNoContent, http.MethodDelete, "/faults/"+id, nil)
	c.control(http.StatusNotFound, http.MethodDelete, "/faults/"+id, nil)
	r.want(http.StatusCreated, http.MethodPut, cloudPath, privateCloud())

	c.control(http.StatusCreated, http.MethodPost, "/faults", `{"status":500,"count":-1}`)
	r.want(http.StatusInternalServerError, http.MethodGet, cloudPath, nil)
	c.control(http.StatusNoContent, http.MethodDelete, "/faults", nil)
	r.want(http.StatusOK, http.MethodGet, cloudPath, nil)
	for _, wrong := range []string{
		`{}`, `{"statuss":500}`, `{"status":99}`, `{"status":500,"path":"("}`, `{"status":500,"when":"later"}`, `{"delay":"soon"}`,
		`{"status":500,"verb":"FETCH"}`, `[]`, ``,
	} {
		c.control(http.StatusBadRequest, http.MethodPost, "/faults", wrong)
	}
}

func TestControlClockAndResources(t *testing.T) {
	s := start(t, controlled)
	r, c := newRaw(t, s), newControl(t, s)
	r.want(http.StatusCreated, http.MethodPut, cloudPath, privateCloud())
	state := func() string {
		return lookupString(c.control(http.StatusOK, http.MethodGet, "/resource?id="+cloudPath, nil).body, "properties.provisioningState")
	}
	if got := state(); got != "Building" {
		t.Errorf("the private cloud is %s", got)
	}
	if got := c.control(http.StatusOK, http.MethodPost, "/clock/advance", `{"by":"6h30m"}`).body; got["simulatedTime"] != "6h30m0s" || got["stepped"] != true {
		t.Errorf("the clock is %v", got)
	}
	if got := state(); got != succeeded {
		t.Errorf("the private cloud is %s after its time", got)
	}
	for _, wrong := range []string{`{"by":"-1h"}`, `{"by":"x"}`, `{"to":"1h"}`} {
		c.control(http.StatusBadRequest, http.MethodPost, "/clock/advance", wrong)
	}
	c.control(http.StatusOK, http.MethodPatch, "/resource?id="+cloudPath, `{"tags":{"by":"portal"}}`)
	if got := r.want(http.StatusOK, http.MethodGet, cloudPath, nil); lookupString(got.body, "tags.by") != "portal" {
		t.Errorf("after the portal the tags are %v", got.body["tags"])
	}
	if all := c.control(http.StatusOK, http.MethodGet, "/resources?prefix="+groupPath, nil).body; all[strings.ToLower(cloudPath)] == nil {
		t.Errorf("listed are %v", all)
	}
	c.control(http.StatusNoContent, http.MethodDelete, "/resource?id="+cloudPath, nil)
	r.want(http.StatusNotFound, http.MethodGet, cloudPath, nil)
	c.control(http.StatusNotFound, http.MethodDelete, "/resource?id="+cloudPath, nil)
	c.control(http.StatusNotFound, http.MethodPatch, "/resource?id="+cloudPath, `{}`)
}

func TestControlOfTheRest(t *testing.T) {
	s := start(t, controlled)
	r, c := newRaw(t, s), newControl(t, s)
	seen := c.control(http.StatusOK, http.MethodGet, "/requests", nil).body
	c.control(http.StatusNoContent, http.MethodPut, "/quota", map[string]any{"subscription": subID, "hosts": map[string]int{"av36p": 2}})
	if got := r.want(http.StatusConflict, http.MethodPut, cloudPath, privateCloud()); got.code() != "QuotaExceeded" {
		t.Errorf("refused with %v", got.body)
	}
	news := c.control(http.StatusOK, http.MethodGet, fmt.Sprintf("/requests?since=%v", seen["next"]), nil).body
	if list, _ := news["value"].([]any); len(list) != 1 || lookupString(list[0].(map[string]any), "method") != http.MethodPut ||
		lookupHosts(list[0].(map[string]any), "status") != http.StatusConflict {
		t.Errorf("new requests are %v", news)
	}
	c.control(http.StatusNoContent, http.MethodPut, "/quota", map[string]any{"subscription": subID, "hosts": map[string]int{"av36p": 20}})
	c.control(http.StatusNoContent, http.MethodPut, "/capacity", map[string]any{"location": "West Europe", "hosts": 1})
	if got := r.want(http.StatusConflict, http.MethodPut, cloudPath, privateCloud()); !strings.Contains(got.message(), "No capacity") {
		t.Errorf("refused with %v", got.body)
	}
	c.control(http.StatusNoContent, http.MethodPut, "/access",
		map[string]any{"subscription": subID, "readers": []string{client}, "contributors": []string{reader}})
	r.want(http.StatusForbidden, http.MethodPut, cloudPath, privateCloud())
	for path, body := range map[string]string{
		"/quota": `{"subscription":"x","hosts":{}}`, "/capacity": `{"location":"mars","hosts":1}`, "/access": `{"nobody":1}`,
	} {
		c.control(http.StatusBadRequest, http.MethodPut, path, body)
	}
	c.control(http.StatusBadRequest, http.MethodGet, "/requests?since=x", nil)

	text := must(json.Marshal(c.control(http.StatusOK, http.MethodGet, "/state", nil).body))(t)
	loaded := start(t, func(c *Config) { c.State = bytes.NewReader(text) })
	if got := must(tokenOf(t, loaded))(t); got == "" {
		t.Error("nobody can sign in to the loaded state")
	}
}

func tokenOf(t *testing.T, s *Server) (string, error) {
	got, err := secretCredential(t, s, tenant, client, clientSecret).GetToken(t.Context(), tokenOptions(s))
	return got.Token, err
}

func TestControlIsGuarded(t *testing.T) {
	s := start(t, controlled)
	c := newControl(t, s)
	for _, token := range []string{"", "wrong", controlToken + "x"} {
		c.token = token
		c.control(http.StatusUnauthorized, http.MethodGet, "/state", nil)
		c.control(http.StatusUnauthorized, http.MethodPost, "/clock/advance", `{"by":"1h"}`)
	}
	if got := s.SimulatedTime(); got > time.Minute {
		t.Errorf("a stranger moved the time to %v", got)
	}
	// The control token is none of Azure's, and Azure's address has no control.
	r := newRaw(t, s)
	if got := r.do(http.MethodGet, "/faults", nil); got.status != http.StatusNotFound {
		t.Errorf("Azure's address serves control: %v", got)
	}
	r.token = controlToken
	r.want(http.StatusUnauthorized, http.MethodGet, cloudPath, nil)
	bare := testConfig()
	bare.Control = "127.0.0.1:0"
	if s, err := Start(t.Context(), bare); err == nil {
		s.Close()
		t.Error("a control endpoint without a token started")
	}
}
