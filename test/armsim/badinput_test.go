// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package armsim

import (
	"net/http"
	"strings"
	"testing"
)

// What no client should send gets ARM's error shape over the wire as well, and the server stands.
func TestBadInput(t *testing.T) {
	s := start(t)
	r := newRaw(t, s)
	for name, one := range map[string]struct {
		method, path, body, contentType string
		status                          int
		code                            string
	}{
		"half an object":      {"PUT", cloudPath, `{"location":`, "application/json", 400, "InvalidRequestContent"},
		"no object":           {"PUT", cloudPath, `["x"]`, "application/json", 400, "InvalidRequestContent"},
		"no body":             {"PUT", cloudPath, ``, "application/json", 400, "InvalidRequestContent"},
		"a null":              {"PUT", cloudPath, `{"tags":{"a":null}}`, "application/json", 400, "InvalidRequestContent"},
		"a number too large":  {"PUT", cloudPath, `{"tags":1e999}`, "application/json", 400, "InvalidRequestContent"},
		"nested too deep":     {"PUT", cloudPath, strings.Repeat(`{"a":`, 20_000), "application/json", 400, "InvalidRequestContent"},
		"another media type":  {"PUT", cloudPath, `<a/>`, "text/xml", 415, "UnsupportedMediaType"},
		"a broken media type": {"PUT", cloudPath, `{}`, ";;", 415, "UnsupportedMediaType"},
		"a body too large":    {"PUT", cloudPath, `{"a":"` + strings.Repeat("x", maxBody) + `"}`, "application/json", 413, "RequestEntityTooLarge"},
		"dots":                {"GET", groupPath + "/%2e%2e/rg-avs", "", "", 400, "InvalidRequestUri"},
		"a slash in a name":   {"GET", "/subscriptions/" + subID + "/resourceGroups/rg-avs%2Fproviders", "", "", 400, "InvalidRequestUri"},
		"a backslash":         {"GET", groupPath + "/..%5cx", "", "", 400, "InvalidRequestUri"},
		"a zero byte":         {"GET", groupPath + "%00", "", "", 400, "InvalidRequestUri"},
		"not UTF-8":           {"GET", groupPath + "%ff", "", "", 400, "InvalidRequestUri"},
		"another script":      {"GET", "/subscriptions/" + subID + "/resourceGroups/%E2%84%AA%C4%B0?api-version=2022-09-01", "", "", 404, "ResourceGroupNotFound"},
		"a long path":         {"GET", groupPath + strings.Repeat("/x", 5000), "", "", 414, "RequestUriTooLong"},
		"a long name": {"PUT", groupPath + "/providers/Microsoft.AVS/privateClouds/" + strings.Repeat("x", 200), `{}`, "application/json",
			400, "InvalidResourceName"},
		"doubled slashes":    {"GET", "//subscriptions//" + subID + "//nothing", "", "", 404, "InvalidRequestUri"},
		"near subscriptions": {"GET", "/subscriptionsX", "", "", 404, "NotFound"},
		"a wrong verb":       {"TRACE", groupPath + "?api-version=2022-09-01", "", "", 405, "MethodNotAllowed"},
	} {
		got, err := r.try(one.method, s.URL()+one.path, one.body, "Content-Type", one.contentType)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		} else if got.status != one.status || got.code() != one.code || got.message() == "" {
			t.Errorf("%s: answered %d %s %q, want %d %s", name, got.status, got.code(), got.message(), one.status, one.code)
		}
	}
	for _, token := range []string{"x", "a.b.c", strings.Repeat("x", 20_000), "eyJhbGciOiJub25lIn0.e30."} {
		r.token = token
		if got := r.want(http.StatusUnauthorized, http.MethodGet, cloudPath, nil); got.code() == "" || got.header.Get("WWW-Authenticate") == "" {
			t.Errorf("an unknown token got %v %v", got.body, got.header)
		}
	}
	if got := newRaw(t, s).want(http.StatusOK, http.MethodGet, groupPath+"?api-version=2022-09-01", nil); got.body["name"] != "rg-avs" {
		t.Errorf("afterwards the group is %v", got.body)
	}
}
