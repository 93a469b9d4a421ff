// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package armsim

import (
	"bytes"
	"context"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// Resource Manager signs its polling URLs, and answers them only as they were given.
func TestPollingURLsAreSigned(t *testing.T) {
	s := start(t)
	r := newRaw(t, s)
	made := r.want(http.StatusCreated, http.MethodPut, cloudPath, privateCloud())
	r.follow(made)
	patch := r.want(http.StatusCreated, http.MethodPatch, cloudPath,
		map[string]any{"properties": map[string]any{"managementCluster": map[string]any{"clusterSize": 4}}})
	for header, link := range map[string]string{"Azure-AsyncOperation": made.header.Get("Azure-AsyncOperation"), "Location": patch.header.Get("Location")} {
		u, err := url.Parse(link)
		if err != nil || len(link) < 3000 || len(link) > 3300 || len(u.Query().Get("c")) < 2400 || len(u.Query().Get("c")) > 2600 {
			t.Fatalf("%s has %d characters, the certificate %d: %v", header, len(link), len(u.Query().Get("c")), err)
		}
		if got := r.do(http.MethodGet, link, nil); got.status >= 300 {
			t.Errorf("%s as it was given: %d", header, got.status)
		}
		for _, name := range []string{"t", "c", "s", "h"} {
			query := u.Query()
			query.Del(name)
			missing := *u
			missing.RawQuery = query.Encode()
			query.Set(name, u.Query().Get(name)[1:]+"0")
			altered := *u
			altered.RawQuery = query.Encode()
			for how, changed := range map[string]string{"missing": missing.String(), "altered": altered.String()} {
				if got := r.do(http.MethodGet, changed, nil); got.status != http.StatusForbidden {
					t.Errorf("%s with %s %s: %d", header, name, how, got.status)
				}
			}
		}
	}
}

// A regional host serves as the usual one does, and links lead to it.
func TestRegion(t *testing.T) {
	s := start(t, func(c *Config) { c.Name, c.Region, c.PageSize = "localhost", "westeurope", 1 })
	r := newRaw(t, s)
	r.http.Transport.(*http.Transport).DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		_, port, _ := net.SplitHostPort(address)
		return (&net.Dialer{}).DialContext(ctx, network, "127.0.0.1:"+port)
	}
	regional := "https://westeurope." + strings.TrimPrefix(s.URL(), "https://") + "/"
	made := r.want(http.StatusCreated, http.MethodPut, cloudPath, privateCloud())
	if link := made.header.Get("Azure-AsyncOperation"); !strings.HasPrefix(link, regional) || !strings.HasPrefix(s.URL(), "https://localhost:") {
		t.Fatalf("%s leads to %.80s", s.URL(), link)
	}
	r.follow(made)
	skus := r.want(http.StatusOK, http.MethodGet, "/subscriptions/"+subID+"/providers/Microsoft.AVS/skus", nil)
	next := lookupString(skus.body, "nextLink")
	if rows, _ := skus.body["value"].([]any); len(rows) != 1 || !strings.HasPrefix(next, regional) {
		t.Fatalf("a page of %d, the next at %s", len(rows), next)
	}
	r.want(http.StatusOK, http.MethodGet, next, nil)
	if all := s.Requests(); all[len(all)-1].Host != strings.Trim(strings.TrimPrefix(regional, "https:"), "/") {
		t.Errorf("the log says %s", all[len(all)-1].Host)
	}
	if _, err := Start(t.Context(), Config{Region: "westeurope"}); err == nil {
		t.Error("a region below an address was accepted")
	}
}

// What a saved state holds can still be polled: stored URLs outlive a restart.
func TestPollingURLsOutliveARestart(t *testing.T) {
	s := start(t)
	r := newRaw(t, s)
	made := r.want(http.StatusCreated, http.MethodPut, cloudPath, privateCloud())
	r.follow(made)
	var state bytes.Buffer
	if err := s.Save(&state); err != nil {
		t.Fatal(err)
	}
	again := start(t, func(c *Config) { c.State = &state })
	newRaw(t, again).want(http.StatusOK, http.MethodGet, strings.TrimPrefix(made.header.Get("Azure-AsyncOperation"), s.URL()), nil)
}
