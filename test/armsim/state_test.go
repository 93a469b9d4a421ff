// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package armsim

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestResourceGroups(t *testing.T) {
	s := start(t, lasting(func(d *Durations) []*Span { return []*Span{&d.DeletePrivateCloud} }))
	r := newRaw(t, s)
	const v = "?api-version=2023-07-01"
	path := "/subscriptions/" + subID + "/resourceGroups/rg-new"
	r.want(http.StatusNotFound, http.MethodGet, path+v, nil)
	r.want(http.StatusBadRequest, http.MethodPut, path+v, map[string]any{})
	r.want(http.StatusCreated, http.MethodPut, path+v, map[string]any{"location": "West Europe"})
	r.want(http.StatusOK, http.MethodPut, path+v, map[string]any{"location": "westeurope", "tags": map[string]any{"a": "b"}})
	r.want(http.StatusConflict, http.MethodPut, path+v, map[string]any{"location": "eastus"})
	if got := r.want(http.StatusOK, http.MethodGet, path+v, nil); lookupString(got.body, "tags.a") != "b" || lookupString(got.body, "location") != "westeurope" {
		t.Errorf("the group is %v", got.body)
	}
	if got := r.want(http.StatusOK, http.MethodGet, "/subscriptions/"+subID+"/resourceGroups"+v, nil); len(got.body["value"].([]any)) != 2 {
		t.Errorf("the groups are %v", got.body)
	}
	inside := path + "/providers/Microsoft.AVS/privateClouds/weu"
	r.follow(r.want(http.StatusCreated, http.MethodPut, inside, privateCloud()))
	r.follow(r.want(http.StatusCreated, http.MethodPut, inside+"/clusters/two", clusterBody(3, "av36p")))
	if clouds := r.want(http.StatusOK, http.MethodGet, path+"/providers/Microsoft.AVS/privateClouds", nil).body["value"].([]any); len(clouds) != 1 {
		t.Errorf("a list of private clouds holds %v", clouds)
	}
	listed := r.want(http.StatusOK, http.MethodGet, path+"/resources"+v+"&$expand=provisioningState&$top=10", nil).body["value"].([]any)
	if len(listed) != 1 || lookupString(listed[0].(map[string]any), "provisioningState") != succeeded {
		t.Errorf("tracked resources are %v", listed)
	}
	gone := r.want(http.StatusAccepted, http.MethodDelete, path+v, nil)
	r.want(http.StatusConflict, http.MethodPut, inside+"-b", privateCloud())
	if got := r.follow(gone); got.status != http.StatusOK {
		t.Errorf("the delete ended in %d %v", got.status, got.body)
	}
	r.want(http.StatusNotFound, http.MethodGet, path+v, nil)
	if left := s.Resources(""); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestListsPage(t *testing.T) {
	s := start(t, instant, func(c *Config) {
		c.Subscriptions[0].HostQuota = map[string]int{"av36p": 10_000}
		c.Throttling.Writes = Bucket{1000, 1000}
	})
	r := newRaw(t, s)
	const n = 2*pageSize + 5
	for i := range n {
		r.want(http.StatusCreated, http.MethodPut, fmt.Sprintf("%s-%03d", cloudPath, i), privateCloud())
	}
	for _, collection := range []string{groupPath, "/subscriptions/" + subID} {
		next, pages := s.URL()+collection+"/providers/Microsoft.AVS/privateClouds"+version, 0
		seen := map[string]bool{}
		for next != "" {
			got := r.want(http.StatusOK, http.MethodGet, next, nil)
			pages++
			for _, item := range got.body["value"].([]any) {
				seen[lookupString(item.(map[string]any), "name")] = true
			}
			next = lookupString(got.body, "nextLink")
		}
		if pages != 3 || len(seen) != n {
			t.Errorf("%s: %d pages with %d private clouds, want 3 with %d", collection, pages, len(seen), n)
		}
	}
	r.want(http.StatusBadRequest, http.MethodGet, groupPath+"/providers/Microsoft.AVS/privateClouds"+version+"&$skiptoken=x", nil)
	// A collection holds its own parent's children only.
	if got := r.want(http.StatusOK, http.MethodGet, cloudPath+"-001/clusters", nil); len(got.body["value"].([]any)) != 0 {
		t.Errorf("the clusters are %v", got.body)
	}
}

func TestSubscriptionsAndSKUs(t *testing.T) {
	s := start(t)
	r := newRaw(t, s)
	got := r.want(http.StatusOK, http.MethodGet, "/subscriptions/"+strings.ToUpper(subID)+"?api-version=2022-12-01", nil)
	if lookupString(got.body, "subscriptionId") != subID || lookupString(got.body, "tenantId") != tenant ||
		lookupString(got.body, "displayName") != "Test" || lookupString(got.body, "state") != "Enabled" {
		t.Errorf("the subscription is %v", got.body)
	}
	if all := r.want(http.StatusOK, http.MethodGet, "/subscriptions?api-version=2022-12-01", nil); len(all.body["value"].([]any)) != 1 {
		t.Errorf("the subscriptions are %v", all.body)
	}
	skus := r.want(http.StatusOK, http.MethodGet, "/subscriptions/"+subID+"/providers/Microsoft.AVS/skus", nil).body["value"].([]any)
	found := slices.ContainsFunc(skus, func(v any) bool {
		k := v.(map[string]any)
		return k["name"] == "av36p" && k["resourceType"] == "privateClouds" && strings.Contains(fmt.Sprint(k["capabilities"]), "CpuCoreCount value:36")
	})
	if !found {
		t.Errorf("av36p is not among %d SKUs", len(skus))
	}
	for method, path := range map[string]string{http.MethodPost: "", http.MethodPut: "/locations", http.MethodPatch: "/providers/Microsoft.AVS"} {
		r.want(http.StatusMethodNotAllowed, method, "/subscriptions/"+subID+path+"?api-version=2022-12-01", nil)
	}
	r.want(http.StatusOK, http.MethodGet, "/providers/Microsoft.AVS/operations", nil)
}

func TestChangesByOthers(t *testing.T) {
	s := start(t, lasting(func(d *Durations) []*Span { return []*Span{&d.AddHosts, &d.CreateCluster} }))
	r := newRaw(t, s)
	r.build()
	change := map[string]any{"tags": map[string]any{"team": nil, "by": "portal"},
		"properties": map[string]any{"internet": "Enabled", "managementCluster": map[string]any{"clusterSize": 5}}}
	if err := s.SetInAzure(strings.ToUpper(cloudPath), change); err != nil {
		t.Fatal(err)
	}
	got := r.want(http.StatusOK, http.MethodGet, cloudPath, nil)
	if fmt.Sprint(got.body["tags"]) != "map[by:portal]" || lookupString(got.body, "properties.internet") != "Enabled" || len(hostList(got.body, cloudHosts)) != 5 {
		t.Errorf("after the change: %v", got.body)
	}
	// A change in the middle of an operation outlives it.
	made := r.want(http.StatusCreated, http.MethodPatch, cloudPath, grow(6))
	if err := s.SetInAzure(cloudPath, map[string]any{"tags": map[string]any{"mid": "way"}}); err != nil {
		t.Fatal(err)
	}
	r.follow(made)
	if now, _ := s.Resource(cloudPath); lookupString(now, "tags.mid") != "way" || lookupHosts(now, cloudSize) != 6 {
		t.Errorf("after the operation: %v", now)
	}
	if err := s.RemoveInAzure(cloudPath); err != nil {
		t.Fatal(err)
	}
	r.want(http.StatusNotFound, http.MethodGet, cloudPath, nil)
	if s.SetInAzure(cloudPath, nil) == nil || s.RemoveInAzure(cloudPath) == nil || s.SetSecrets(tenant, "nobody") == nil || s.SetAccess("none", nil, nil) == nil {
		t.Error("a change of what does not exist gave no error")
	}
	// An operation whose object was taken away ends, and leaves a later object of the same name alone.
	r.build()
	lost := r.want(http.StatusCreated, http.MethodPut, cloudPath+"/clusters/two", clusterBody(3, "av36p"))
	if err := s.RemoveInAzure(cloudPath); err != nil {
		t.Fatal(err)
	}
	r.want(http.StatusCreated, http.MethodPut, cloudPath, privateCloud())
	if got := r.follow(lost); lookupString(got.body, "status") != "Canceled" {
		t.Errorf("the operation without an object ended as %v", got.body)
	}
	if got := s.Resources(""); len(got) != 1 {
		t.Errorf("there are %v", got)
	}
	// The copy is the caller's.
	copied, _ := s.Resource(cloudPath)
	put(copied, "properties.internet", "Changed")
	if now, _ := s.Resource(cloudPath); lookupString(now, "properties.internet") == "Changed" {
		t.Error("Resource gave the simulator's own object away")
	}
}

// Many clients at once: of the writes that compete for one private cloud exactly one wins, and nothing races.
func TestConcurrentClients(t *testing.T) {
	s := start(t, func(c *Config) { c.Durations.AddHosts = Span{Min: time.Hour * 1000, Max: time.Hour * 1000} })
	r := newRaw(t, s)
	r.build()
	var wg sync.WaitGroup
	statuses := make([]int, 24)
	for i := range statuses {
		wg.Go(func() {
			switch i % 3 {
			case 0:
				got, err := r.try(http.MethodPatch, cloudPath, grow(4+i%7))
				if err == nil {
					statuses[i] = got.status
				}
			case 1:
				_, _ = r.try(http.MethodGet, groupPath+"/providers/Microsoft.AVS/privateClouds", nil)
				s.Requests()
			default:
				_, _ = r.try(http.MethodPut, fmt.Sprint(cloudPath, "-", i), privateCloud())
				s.Resources("")
				_, _ = s.Resource(cloudPath)
			}
		})
	}
	wg.Wait()
	won, lost := 0, 0
	for i := 0; i < len(statuses); i += 3 {
		switch statuses[i] {
		case http.StatusCreated:
			won++
		case http.StatusConflict:
			lost++
		}
	}
	if won != 1 || lost != 7 {
		t.Errorf("%d of 8 writes won and %d lost, want 1 and 7", won, lost)
	}
}

func TestCloseEndsEverything(t *testing.T) {
	s := start(t)
	r := newRaw(t, s)
	r.want(http.StatusCreated, http.MethodPut, cloudPath, privateCloud())
	done := make(chan struct{})
	go func() { s.Close(); s.Close(); close(done) }()
	select {
	case <-done:
	case <-time.After(time.Minute):
		t.Fatal("Close did not return")
	}
	if _, err := r.try(http.MethodGet, cloudPath, nil); err == nil {
		t.Error("it still answers")
	}
}

func TestConfigRefused(t *testing.T) {
	for name, edit := range map[string]func(*Config){
		"tenant without id":      func(c *Config) { c.Tenants[0].ID = "" },
		"unknown tenant":         func(c *Config) { c.Subscriptions[0].TenantID = "x" },
		"unknown subscription":   func(c *Config) { c.ResourceGroups[0].SubscriptionID = "x" },
		"application without id": func(c *Config) { c.Tenants[0].Applications[0].ClientID = "" },
		"federation in part":     func(c *Config) { c.Tenants[0].Applications[0].Federated = []FederatedCredential{{Issuer: "x"}} },
		"listen":                 func(c *Config) { c.Listen = "256.0.0.1:0" },
	} {
		c := testConfig()
		edit(&c)
		if s, err := Start(t.Context(), c); err == nil {
			s.Close()
			t.Errorf("%s: started", name)
		}
	}
}
